//! The org's rules, for Master Admins: how many wrong codes, how long things last, who may enroll when.
//!
//! The form holds plain text. What comes back is parsed into the library's `Settings`, which knows the bounds. If a value
//! is out of bounds, the form is shown again with the library's words and with everything that was typed.

use std::{fmt, time::Duration};

use axum::{
    Form,
    extract::{Query, State, rejection::QueryRejection},
    response::{IntoResponse, Redirect, Response},
};
use countersign::{
    ActRefusal, Timestamp, Verdict,
    policy::{Days, InvalidSetting, OrgPolicy, RunningSessions, Settings, Waits},
};
use jiff::{civil::Date, tz::TimeZone};
use serde::Deserialize;

use crate::{
    app::App,
    failure::Failure,
    pages::{self, Frame},
    session::SignedIn,
    settings, words,
};

/// What the page starts from: what is in force, or one of the presets.
#[derive(Deserialize)]
pub(crate) struct Start {
    preset: Option<String>,
}

/// The fields, as they are shown and as they come back. A checkbox that is not ticked is not sent.
#[derive(Clone, Deserialize)]
pub(crate) struct Rules {
    /// The revision of the settings that the admin was looking at.
    pub(crate) seen: u64,
    pub(crate) hard_stop: String,
    pub(crate) waits_from: String,
    pub(crate) first_wait: String,
    pub(crate) longest_wait: String,
    pub(crate) ticket: String,
    pub(crate) pending: String,
    pub(crate) stamp: String,
    pub(crate) fresh_code: String,
    pub(crate) remember: String,
    pub(crate) enroll_within: String,
    /// A day, as a browser sends it: `2026-12-01`, or nothing.
    pub(crate) enroll_by: String,
    pub(crate) end_sessions: Option<String>,
    pub(crate) by_invitation: Option<String>,
    pub(crate) by_choice: Option<String>,
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

impl Rules {
    fn of(settings: &Settings, seen: u64) -> Self {
        let in_units = |duration: Duration, unit: u64| (duration.as_secs() / unit).to_string();
        let ticked = |yes: bool| yes.then(|| "on".to_owned());
        let Waits { from, first, longest } = settings.waits();
        Self {
            seen,
            hard_stop: settings.hard_stop().to_string(),
            waits_from: from.to_string(),
            first_wait: in_units(first, 1),
            longest_wait: in_units(longest, MINUTE),
            ticket: in_units(settings.ticket_lifetime(), MINUTE),
            pending: in_units(settings.pending_lifetime(), MINUTE),
            stamp: in_units(settings.stamp_lifetime(), HOUR),
            fresh_code: in_units(settings.fresh_code(), MINUTE),
            remember: settings.remember_devices().map_or(0, Days::count).to_string(),
            enroll_within: settings.enroll_within().map_or(0, Days::count).to_string(),
            enroll_by: settings.enroll_by().map(day_before).unwrap_or_default(),
            end_sessions: ticked(settings.running_sessions() == RunningSessions::End),
            by_invitation: ticked(settings.invitation_required()),
            by_choice: ticked(settings.enrollment_by_choice()),
        }
    }

    /// Returns what was typed, over what is in force: settings that this page does not show stay as they are.
    fn over(&self, before: Settings) -> Result<Settings, Wrong> {
        // Text that is not a number is out of every bound.
        let number = |text: &str| text.trim().parse::<u32>().unwrap_or(u32::MAX);
        let lasting = |text: &str, unit: u64| Duration::from_secs(u64::from(number(text)) * unit);
        let waits = Waits {
            from: number(&self.waits_from),
            first: lasting(&self.first_wait, 1),
            longest: lasting(&self.longest_wait, MINUTE),
        };
        if waits.from == u32::MAX {
            return Err(InvalidSetting::Waits.into());
        }
        let days = |text: &str| match number(text) {
            0 => Ok(None),
            days => Days::new(u8::try_from(days).map_err(|_| InvalidSetting::Days)?).map(Some),
        };
        let (remember, enroll_within) = (days(&self.remember)?, days(&self.enroll_within)?);
        let sessions = if self.end_sessions.is_some() { RunningSessions::End } else { RunningSessions::GoOn };
        let settings = before.with_hard_stop(number(&self.hard_stop))?.with_waits(waits)?;
        let settings = settings.with_ticket_lifetime(lasting(&self.ticket, MINUTE))?;
        let settings = settings.with_pending_lifetime(lasting(&self.pending, MINUTE))?;
        let settings = settings.with_stamp_lifetime(lasting(&self.stamp, HOUR))?;
        let settings = settings.with_fresh_code(lasting(&self.fresh_code, MINUTE))?;
        let settings = settings.with_running_sessions(sessions).with_remember_devices(remember);
        let settings = settings.with_enroll_within(enroll_within).with_enroll_by(end_of(&self.enroll_by)?);
        let settings = settings.with_invitation_required(self.by_invitation.is_some());
        Ok(settings.with_enrollment_by_choice(self.by_choice.is_some()))
    }

    /// Returns the fields as a query, so that an admin who was asked for a code comes back to what they were about to
    /// save.
    fn query(&self) -> String {
        let fields = [
            ("seen", Some(self.seen.to_string())),
            ("hard_stop", Some(self.hard_stop.clone())),
            ("waits_from", Some(self.waits_from.clone())),
            ("first_wait", Some(self.first_wait.clone())),
            ("longest_wait", Some(self.longest_wait.clone())),
            ("ticket", Some(self.ticket.clone())),
            ("pending", Some(self.pending.clone())),
            ("stamp", Some(self.stamp.clone())),
            ("fresh_code", Some(self.fresh_code.clone())),
            ("remember", Some(self.remember.clone())),
            ("enroll_within", Some(self.enroll_within.clone())),
            ("enroll_by", Some(self.enroll_by.clone())),
            ("end_sessions", self.end_sessions.clone()),
            ("by_invitation", self.by_invitation.clone()),
            ("by_choice", self.by_choice.clone()),
        ];
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in fields {
            if let Some(value) = value {
                query.append_pair(name, &value);
            }
        }
        query.finish()
    }
}

/// What is wrong with what was typed.
enum Wrong {
    Setting(InvalidSetting),
    Day,
}

impl From<InvalidSetting> for Wrong {
    fn from(setting: InvalidSetting) -> Self {
        Self::Setting(setting)
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setting(setting) => setting.fmt(f),
            Self::Day => f.write_str("the date must be a day, as in 2026-12-01"),
        }
    }
}

/// Returns when a day ends, in UTC: who is to enroll by then has all of it.
fn end_of(day: &str) -> Result<Option<Timestamp>, Wrong> {
    if day.trim().is_empty() {
        return Ok(None);
    }
    let end = day.trim().parse::<Date>().and_then(|day| day.tomorrow()?.to_zoned_datetime(TimeZone::UTC));
    let seconds = end.ok().and_then(|end| u64::try_from(end.timestamp().as_second()).ok());
    seconds.map(|seconds| Some(Timestamp::from_unix(seconds))).ok_or(Wrong::Day)
}

/// Returns the day that ends then.
fn day_before(end: Timestamp) -> String {
    let last = end.as_unix().saturating_sub(1).cast_signed();
    let instant = jiff::Timestamp::from_second(last).unwrap_or(jiff::Timestamp::MAX);
    instant.to_zoned_datetime(TimeZone::UTC).date().to_string()
}

pub(crate) async fn form(
    State(app): State<App>,
    signed_in: SignedIn,
    Query(start): Query<Start>,
    again: Result<Query<Rules>, QueryRejection>,
) -> Result<Response, Failure> {
    signed_in.master_admin()?;
    let OrgPolicy { settings, revision, .. } = app.two_factor.org(&signed_in.user.org).policy().await?;
    let preset = match start.preset.as_deref() {
        Some("default") => Some((Settings::default(), "the defaults of the product")),
        Some("nist") => Some((Settings::nist_aal2(), "the limits of NIST SP 800-63B-4 at AAL2")),
        Some("pci") => Some((Settings::pci_dss(), "the limits of PCI DSS v4.0.1")),
        Some("asvs") => Some((Settings::asvs_l2(), "the limits of OWASP ASVS 5.0 at level 2")),
        _ => None,
    };
    let (rules, about) = match (again, preset) {
        (Ok(Query(rules)), _) => (rules, Some("what you were about to save".to_owned())),
        (Err(_), Some((settings, name))) => (Rules::of(&settings, revision), Some(name.to_owned())),
        (Err(_), None) => (Rules::of(&settings, revision), None),
    };
    Ok(pages::ok(&pages::Rules { frame: Frame::from(&signed_in), form: rules, about, complaint: None }))
}

pub(crate) async fn save(
    State(app): State<App>,
    signed_in: SignedIn,
    Form(rules): Form<Rules>,
) -> Result<Response, Failure> {
    let before = app.two_factor.org(&signed_in.user.org).policy().await?.settings;
    let to = match rules.over(before) {
        Ok(to) => to,
        Err(error) => {
            let (frame, complaint) = (Frame::from(&signed_in), Some(words::sentence_of(error)));
            return Ok(pages::again(&pages::Rules { frame, form: rules, about: None, complaint }));
        }
    };
    let notice = match app.two_factor.admin(&signed_in.pass).change_settings(rules.seen, to).await? {
        Verdict::Granted(()) => "The rules are saved.",
        Verdict::Refused(ActRefusal::SettingsMoved) => {
            "Somebody else has changed the settings in the meantime. These are the ones in force now."
        }
        Verdict::Refused(refusal) => {
            let asked_for = format!("/settings/rules?{}", rules.query());
            return settings::after_refusal(&app, &signed_in, refusal, &asked_for).await;
        }
    };
    signed_in.session.say(&app, Some(notice)).await?;
    Ok(Redirect::to("/settings/rules").into_response())
}
