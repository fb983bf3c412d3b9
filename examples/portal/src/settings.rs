//! What Master Admins do: the requirement, resets, the audit trail.
//!
//! The library decides who may do what. The pages are closed to others only for tidiness: every act goes to the library,
//! no matter who sends it, which refuses and records what it must.

use axum::{
    Form,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use countersign::{
    ActRefusal, BoxError, Requirement, UserId, Verdict,
    policy::{OrgPolicy, RunningSessions},
    store::EventId,
};
use serde::Deserialize;

use crate::{
    acts::Act,
    app::App,
    failure::Failure,
    pages::{self, Frame},
    report,
    session::SignedIn,
    words,
};

#[derive(Deserialize)]
pub(crate) struct Wanted {
    want: Option<String>,
}

/// A checkbox that is not ticked is not sent.
#[derive(Deserialize)]
pub(crate) struct InternalSettings {
    two_factor: Option<String>,
    at_once: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct PageOfTrail {
    before: Option<String>,
}

pub(crate) async fn form(
    State(app): State<App>,
    signed_in: SignedIn,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Failure> {
    signed_in.master_admin()?;
    let OrgPolicy { requirement, settings, .. } = app.two_factor.org(&signed_in.user.org).policy().await?;
    Ok(pages::ok(&pages::Settings {
        frame: Frame::from(&signed_in),
        requirement,
        checked: wanted.want.map_or(requirement.asks(), |want| want == "on"),
        colleagues: report::colleagues(&app, &signed_in).await?,
        me: signed_in.user.login,
        chosen: settings,
    }))
}

pub(crate) async fn save(
    State(app): State<App>,
    signed_in: SignedIn,
    Form(form): Form<InternalSettings>,
) -> Result<Response, Failure> {
    let (to, asked_for) = match form.two_factor {
        Some(_) => (Requirement::On, "/settings?want=on"),
        None => (Requirement::Off, "/settings?want=off"),
    };
    let OrgPolicy { requirement, settings, revision, .. } =
        app.two_factor.org(&signed_in.user.org).policy().await?;
    let sessions = if form.at_once.is_some() { RunningSessions::End } else { RunningSessions::GoOn };
    // The box for running sessions is shown while the requirement is off, and has no effect before it is on. So this
    // comes first.
    if requirement == Requirement::Off && to.asks() {
        let settings = settings.with_running_sessions(sessions);
        let verdict = app.two_factor.admin(&signed_in.pass).change_settings(revision, settings).await?;
        if let Verdict::Refused(_) = verdict {
            return done(&app, &signed_in, verdict, asked_for).await;
        }
    }
    let verdict = app.two_factor.admin(&signed_in.pass).require(to).await?;
    let begins = requirement == Requirement::Off && to.asks();
    if matches!(verdict, Verdict::Granted(())) && begins && sessions == RunningSessions::End {
        // The admin's own session was opened without a code of the new epoch, like all others.
        let notice = "Your settings are saved. Please sign in again to set up your authenticator app.";
        return signed_in.session.end(&app, Some(notice)).await;
    }
    done(&app, &signed_in, verdict, asked_for).await
}

/// *Do you really want to?*, on a separate page: it works without scripts, and an admin who was asked for a code comes
/// back to it.
pub(crate) async fn confirm(
    State(app): State<App>,
    signed_in: SignedIn,
    Path((id, act)): Path<(i64, Act)>,
) -> Result<Response, Failure> {
    signed_in.master_admin()?;
    let name = colleague(&app, &signed_in, id).await?.ok_or_else(Failure::missing)?;
    Ok(pages::ok(&pages::Confirm { frame: Frame::from(&signed_in), act, name, id }))
}

pub(crate) async fn act(
    State(app): State<App>,
    signed_in: SignedIn,
    Path((id, act)): Path<(i64, Act)>,
) -> Result<Response, Failure> {
    match act.on(&UserId::from(id), &app.two_factor.admin(&signed_in.pass)).await? {
        Verdict::Granted(None) => {
            signed_in.session.say(&app, Some(act.done())).await?;
            Ok(Redirect::to("/settings").into_response())
        }
        Verdict::Granted(Some(invitation)) => {
            let name = colleague(&app, &signed_in, id).await?.unwrap_or_default();
            Ok(pages::ok(&pages::Invited { frame: Frame::from(&signed_in), name, invitation }))
        }
        Verdict::Refused(ActRefusal::PasswordKnown) => {
            let name = colleague(&app, &signed_in, id).await?.unwrap_or_default();
            Ok(pages::again(&pages::PasswordKnown { frame: Frame::from(&signed_in), name, id }))
        }
        Verdict::Refused(refusal) => {
            let asked_for = format!("/settings/people/{id}/{}", act.word());
            after_refusal(&app, &signed_in, refusal, &asked_for).await
        }
    }
}

/// Returns the name of a user in the admin's own org.
pub(crate) async fn colleague(app: &App, signed_in: &SignedIn, id: i64) -> Result<Option<String>, Failure> {
    let user = app.people.by_id(&UserId::from(id)).await?;
    Ok(user.filter(|user| user.org == signed_in.user.org).map(|user| user.name))
}

/// The page after a change of the org's settings.
async fn done(
    app: &App,
    signed_in: &SignedIn,
    verdict: Verdict<(), ActRefusal>,
    asked_for: &str,
) -> Result<Response, Failure> {
    match verdict {
        Verdict::Granted(()) => {
            signed_in.session.say(app, Some("Your settings are saved.")).await?;
            Ok(Redirect::to("/settings").into_response())
        }
        Verdict::Refused(refusal) => after_refusal(app, signed_in, refusal, asked_for).await,
    }
}

/// The page after an act was refused. If it needs a fresh code, the user is sent for one and comes back to the page
/// `asked_for`, where they confirm the act again: nothing is done behind a code page.
pub(crate) async fn after_refusal(
    app: &App,
    signed_in: &SignedIn,
    mut refusal: ActRefusal,
    asked_for: &str,
) -> Result<Response, Failure> {
    if refusal == ActRefusal::FreshCodeNeeded {
        match app.two_factor.signed_in(&signed_in.pass).step_up().await? {
            Verdict::Granted(ticket) => {
                let cookie = signed_in.session.park_step_up(app, &ticket, asked_for).await?;
                return Ok((cookie, Redirect::to("/code")).into_response());
            }
            Verdict::Refused(why) => refusal = why,
        }
    }
    let explanation = words::act_refused(refusal);
    if refusal == ActRefusal::SessionOver {
        return signed_in.session.end(app, Some(&explanation)).await;
    }
    let (frame, page, title) = (Frame::from(signed_in), "refused", "That was not done");
    Ok(pages::page(StatusCode::FORBIDDEN, &pages::Message { frame, page, title, explanation }))
}

/// What happened, newest first.
pub(crate) async fn trail(
    State(app): State<App>,
    signed_in: SignedIn,
    Query(page): Query<PageOfTrail>,
) -> Result<Response, Failure> {
    const LENGTH: u32 = 25;
    signed_in.master_admin()?;
    let before =
        page.before.as_deref().map(str::parse::<EventId>).transpose().map_err(|_| Failure::missing())?;
    let page = app.store.events(&signed_in.user.org, before.as_ref(), LENGTH);
    let events = page.await.map_err(BoxError::from)?;
    let full = events.len() == LENGTH as usize;
    let older = events.last().map(|oldest| oldest.id.clone()).filter(|_| full);
    let mut concerned = Vec::new();
    for event in &events {
        concerned.extend([event.user.as_deref(), event.by_name.as_deref()].into_iter().flatten());
    }
    let names = app.people.names(concerned).await?;
    let events = events.into_iter().map(|event| pages::Happened::new(event, &names)).collect();
    let (frame, newest) = (Frame::from(&signed_in), before.is_none());
    Ok(pages::ok(&pages::Trail { frame, events, older, newest }))
}
