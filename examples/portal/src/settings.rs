//! What Master Admins do: the requirement, resets, the audit trail.
//!
//! Who may do what is not decided here. The pages are closed to others for tidiness; the acts go to the library
//! whoever sends them, which refuses and records what it must.

use axum::{
    Form,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use countersign::{
    ActRefusal, BoxError, Refusal, Requirement, UserId, Verdict,
    policy::{Days, OrgPolicy, RunningSessions},
    store::EventId,
    tokens::Invitation,
};
use serde::Deserialize;

use crate::{
    app::App,
    failure::Failure,
    pages::{self, Frame},
    report,
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
    // The box that says what becomes of running sessions is there while the requirement is off, and means nothing
    // until it is on: so this is first.
    if requirement == Requirement::Off && to.asks() {
        let settings = settings.with_running_sessions(sessions);
        let verdict = app.two_factor.admin(&signed_in.pass).change_settings(revision, settings).await?;
        if let Verdict::Refused(_) = verdict {
            return done(&app, signed_in, verdict, asked_for, "").await;
        }
    }
    let verdict = app.two_factor.admin(&signed_in.pass).require(to).await?;
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
#[serde(rename_all = "kebab-case")]
pub(crate) enum Act {
    Reset,
    /// After a block, and the password was changed.
    ResetNewPassword,
    /// After a block, with an invitation.
    ResetInvite,
    Unlock,
    Invite,
    /// A week more to set it up.
    Extend,
}

impl Act {
    /// The word for it in paths.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Reset => "reset",
            Self::ResetNewPassword => "reset-new-password",
            Self::ResetInvite => "reset-invite",
            Self::Unlock => "unlock",
            Self::Invite => "invite",
            Self::Extend => "extend",
        }
    }

    /// The word for it on the page.
    pub(crate) fn verb(self) -> &'static str {
        match self {
            Self::Reset | Self::ResetNewPassword => "Reset",
            Self::ResetInvite => "Reset and invite",
            Self::Unlock => "Unlock",
            Self::Invite => "Invite",
            Self::Extend => "Give more time to",
        }
    }

    pub(crate) fn is_reset(self) -> bool {
        matches!(self, Self::Reset | Self::ResetNewPassword | Self::ResetInvite)
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
    let name = colleague(&app, &signed_in, id).await?.ok_or_else(Failure::missing)?;
    Ok(pages::ok(&pages::Confirm { frame: Frame::from(&signed_in), act, name }))
}

pub(crate) async fn act(
    State(app): State<App>,
    signed_in: SignedIn,
    Path((id, act)): Path<(i64, Act)>,
) -> Result<Response, Failure> {
    let (pass, user) = (&signed_in.pass, UserId::from(id));
    let done_by = |verdict: Verdict<()>| verdict.refusal().map_or(Ok(None), Err);
    let outcome = match act {
        Act::Reset => done_by(app.two_factor.admin(pass).user(&user).reset().await?),
        Act::ResetNewPassword => {
            done_by(app.two_factor.admin(pass).user(&user).with_new_password().reset().await?)
        }
        Act::Unlock => done_by(app.two_factor.admin(pass).user(&user).unlock().await?),
        Act::ResetInvite => invitation(app.two_factor.admin(pass).user(&user).reset_and_invite().await?),
        Act::Invite => invitation(app.two_factor.admin(pass).user(&user).invite().await?),
        Act::Extend => match app.two_factor.admin(pass).user(&user).extend(A_WEEK).await? {
            Verdict::Granted(_) => Ok(None),
            Verdict::Refused(refusal) => Err(refusal),
        },
    };
    let notice = match act {
        Act::Unlock => "Done. The account is unlocked, and its authenticator app works as before.",
        Act::Extend => "Done. There is a week from now to set up two-factor authentication.",
        _ => "Done. Two-factor authentication has to be set up again at the next sign-in.",
    };
    match outcome {
        Ok(None) => {
            signed_in.session.say(&app, Some(notice)).await?;
            Ok(Redirect::to("/settings").into_response())
        }
        Ok(Some(invitation)) => {
            let name = colleague(&app, &signed_in, id).await?.unwrap_or_default();
            Ok(pages::ok(&pages::Invited { frame: Frame::from(&signed_in), name, invitation }))
        }
        Err(ActRefusal::PasswordKnown) => {
            let name = colleague(&app, &signed_in, id).await?.unwrap_or_default();
            Ok(pages::again(&pages::PasswordKnown { frame: Frame::from(&signed_in), name, id }))
        }
        Err(refusal) => {
            let asked_for = format!("/settings/people/{id}/{}", act.word());
            after_refusal(&app, signed_in, refusal, &asked_for).await
        }
    }
}

const A_WEEK: Days = match Days::new(7) {
    Ok(days) => days,
    Err(_) => panic!("a week has seven days"),
};

fn invitation(verdict: Verdict<Invitation>) -> Result<Option<Invitation>, Refusal> {
    match verdict {
        Verdict::Granted(invitation) => Ok(Some(invitation)),
        Verdict::Refused(refusal) => Err(refusal),
    }
}

/// The name of somebody in the admin's own org.
async fn colleague(app: &App, signed_in: &SignedIn, id: i64) -> Result<Option<String>, Failure> {
    let user = app.people.by_id(&UserId::from(id)).await?;
    Ok(user.filter(|user| user.org == signed_in.user.org).map(|user| user.name))
}

/// After an administrative act.
pub(crate) async fn done(
    app: &App,
    signed_in: SignedIn,
    verdict: Verdict<()>,
    asked_for: &str,
    notice: &str,
) -> Result<Response, Failure> {
    match verdict {
        Verdict::Granted(()) => {
            signed_in.session.say(app, Some(notice)).await?;
            Ok(Redirect::to("/settings").into_response())
        }
        Verdict::Refused(refusal) => after_refusal(app, signed_in, refusal, asked_for).await,
    }
}

/// Where the library wants a code first, the user is sent for one and comes back to the page `asked_for`, where the
/// act awaits his confirmation again: nothing is done behind a code page.
pub(crate) async fn after_refusal(
    app: &App,
    signed_in: SignedIn,
    refusal: Refusal,
    asked_for: &str,
) -> Result<Response, Failure> {
    if refusal != ActRefusal::FreshCodeNeeded {
        return Ok(refused(&signed_in, refusal));
    }
    match app.two_factor.signed_in(&signed_in.pass).step_up().await? {
        Verdict::Granted(ticket) => {
            let cookie = signed_in.session.park_step_up(app, &ticket, asked_for).await?;
            Ok((cookie, Redirect::to("/code")).into_response())
        }
        Verdict::Refused(refusal) => Ok(refused(&signed_in, refusal)),
    }
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
    let mut concerned = Vec::new();
    for event in &events {
        concerned.extend([event.user.as_deref(), event.by_name.as_deref()].into_iter().flatten());
    }
    let names = app.people.names(concerned).await?;
    let events = events.into_iter().map(|event| pages::Happened::new(event, &names)).collect();
    let (frame, newest) = (Frame::from(&signed_in), before.is_none());
    Ok(pages::ok(&pages::Trail { frame, events, older, newest }))
}
