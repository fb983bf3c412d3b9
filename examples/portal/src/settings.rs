//! What Master Admins do: the requirement, resets, the audit trail.
//!
//! Who may do what is not decided here. The pages are closed to others for tidiness; the acts go to the library
//! whoever sends them, which refuses and records what it must.

use std::collections::HashMap;

use axum::{
    Form,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use countersign::{
    BoxError, Clock, InForce, Refusal, Requirement, RunningSessions, SystemClock, UserId, Verdict,
    store::EventId,
};
use serde::Deserialize;

use crate::{
    app::App,
    failure::Failure,
    pages::{self, Frame},
    people::Colleague,
    session::SignedIn,
    words::Complaint,
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
    let requirement = app.two_factor.settings(&signed_in.user.org).await?.requirement;
    Ok(pages::ok(&pages::Settings {
        frame: Frame::from(&signed_in),
        requirement,
        checked: wanted.want.map_or(requirement.asks(), |want| want == "on"),
        colleagues: app.people.colleagues(&signed_in.user.org).await?,
        now: SystemClock.now(),
        me: signed_in.user.login,
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
    let InForce { requirement, settings, revision, .. } =
        app.two_factor.settings(&signed_in.user.org).await?;
    let sessions = if form.at_once.is_some() { RunningSessions::End } else { RunningSessions::GoOn };
    // The box that says what becomes of running sessions is there while the requirement is off, and means nothing
    // until it is on: so this is first.
    if requirement == Requirement::Off && to.asks() {
        let settings = settings.with_running_sessions(sessions);
        let verdict = app.two_factor.change_settings(&signed_in.pass, revision, settings).await?;
        if let Verdict::Refused(_) = verdict {
            return done(&app, signed_in, verdict, asked_for, "").await;
        }
    }
    let verdict = app.two_factor.require(&signed_in.pass, to).await?;
    let begins = requirement == Requirement::Off && to.asks();
    if matches!(verdict, Verdict::Granted(())) && begins && sessions == RunningSessions::End {
        // The admin's own session was opened without a code of the new epoch, like all others.
        let notice = "Your settings are saved. Please sign in again to set up your authenticator app.";
        return signed_in.session.end(&app, Some(notice)).await;
    }
    let notice = "Your settings are saved.";
    done(&app, signed_in, verdict, asked_for, notice).await
}

/// What a Master Admin does to a colleague.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Act {
    Reset,
    Unlock,
}

impl Act {
    /// The word for it in paths.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Reset => "reset",
            Self::Unlock => "unlock",
        }
    }
}

/// *Do you really want to?*, on a page of its own: it works without scripts, and it is where an admin comes back
/// to when a code was asked for.
pub(crate) async fn confirm(
    State(app): State<App>,
    signed_in: SignedIn,
    Path((id, act)): Path<(i64, Act)>,
) -> Result<Response, Failure> {
    signed_in.master_admin()?;
    let colleague = app.people.by_id(&UserId::from(id)).await?.filter(|user| user.org == signed_in.user.org);
    let name = colleague.ok_or_else(Failure::missing)?.name;
    Ok(pages::ok(&pages::Confirm { frame: Frame::from(&signed_in), act, name }))
}

pub(crate) async fn act(
    State(app): State<App>,
    signed_in: SignedIn,
    Path((id, act)): Path<(i64, Act)>,
) -> Result<Response, Failure> {
    let (pass, user) = (&signed_in.pass, UserId::from(id));
    let (verdict, notice) = match act {
        Act::Reset => (
            app.two_factor.reset(pass, &user).await?,
            "Done. Two-factor authentication has to be set up again at the next sign-in.",
        ),
        Act::Unlock => (
            app.two_factor.unlock(pass, &user).await?,
            "Done. The account is unlocked, and its authenticator app works as before.",
        ),
    };
    done(&app, signed_in, verdict, &format!("/settings/people/{id}/{}", act.word()), notice).await
}

/// After an administrative act. Where the library wants a code first, the admin is sent for one and comes back to
/// the page `asked_for`, where the act awaits his confirmation again: nothing is done behind a code page.
async fn done(
    app: &App,
    signed_in: SignedIn,
    verdict: Verdict<()>,
    asked_for: &str,
    notice: &str,
) -> Result<Response, Failure> {
    let refusal = match verdict {
        Verdict::Granted(()) => {
            signed_in.session.say(app, Some(notice)).await?;
            return Ok(Redirect::to("/settings").into_response());
        }
        Verdict::Refused(Refusal::FreshCodeNeeded) => match app.two_factor.step_up(&signed_in.pass).await? {
            Verdict::Granted(ticket) => {
                let cookie = signed_in.session.park_step_up(app, &ticket, asked_for).await?;
                return Ok((cookie, Redirect::to("/code")).into_response());
            }
            Verdict::Refused(refusal) => refusal,
        },
        Verdict::Refused(refusal) => refusal,
    };
    Ok(refused(&signed_in, refusal))
}

/// The page that says why not.
pub(crate) fn refused(signed_in: &SignedIn, refusal: Refusal) -> Response {
    let explanation = Complaint::about(refusal).sentence;
    let (frame, page, title) = (Frame::from(signed_in), "refused", "That was not done");
    pages::page(StatusCode::FORBIDDEN, &pages::Message { frame, page, title, explanation })
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
    let colleagues = app.people.colleagues(&signed_in.user.org).await?;
    let names: HashMap<_, _> = colleagues
        .into_iter()
        .map(|Colleague { user, .. }| (user.id().as_str().to_owned(), user.name))
        .collect();
    let events = events.into_iter().map(|event| pages::Happened::new(event, &names)).collect();
    let (frame, newest) = (Frame::from(&signed_in), before.is_none());
    Ok(pages::ok(&pages::Trail { frame, events, older, newest }))
}
