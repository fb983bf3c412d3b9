//! Who has set up two-factor authentication and who has not: a page with filters, and the whole of it as CSV.
//!
//! The library decides who may read it. It keeps at most a page of people in memory, and so does this.

use axum::{
    body::Body,
    extract::{Query, State},
    http::header,
    response::{IntoResponse, Response},
};
use countersign::{
    ActRefusal, Error, Role, UserId, Verdict,
    admin::{Counts, CsvLine, Report, ReportRow, Status},
};
use futures_lite::stream;
use serde::Deserialize;

use crate::{
    app::App,
    failure::Failure,
    pages::{self, Frame},
    session::SignedIn,
    settings,
};

const ROWS: usize = 25;

/// A row with the name that colleagues know.
pub(crate) struct Colleague {
    pub(crate) name: String,
    pub(crate) row: ReportRow,
}

impl Colleague {
    pub(crate) fn can_be_unlocked(&self) -> bool {
        matches!(self.row.status, Status::Blocked | Status::Waiting)
    }

    /// Whether an invitation, or more time, is of any use.
    pub(crate) fn can_be_invited(&self) -> bool {
        use Status::{NotEnrolled, NotRequired, Outdated, Pending};
        matches!(self.row.status, NotRequired | NotEnrolled | Outdated | Pending)
    }
}

#[derive(Deserialize)]
pub(crate) struct Wanted {
    status: Option<String>,
    after: Option<String>,
}

pub(crate) async fn page(
    State(app): State<App>,
    signed_in: SignedIn,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Failure> {
    let (counts, mut report) = match begin(&app, &signed_in).await? {
        Verdict::Granted(begun) => begun,
        Verdict::Refused(refusal) => {
            return settings::after_refusal(&app, &signed_in, refusal, "/settings/report").await;
        }
    };
    let status =
        wanted.status.as_deref().map(str::parse::<Status>).transpose().map_err(|_| Failure::missing())?;
    if let Some(status) = status {
        report = report.of_status(status);
    }
    let is_first = wanted.after.is_none();
    if let Some(after) = wanted.after {
        report = report.after(UserId::new(after).map_err(|_| Failure::missing())?);
    }
    // One more than is shown tells whether there is another page.
    let mut rows = report.next_page(ROWS + 1).await?;
    let next = (rows.len() > ROWS).then(|| {
        rows.truncate(ROWS);
        rows[ROWS - 1].person.id().clone()
    });
    let (frame, me) = (Frame::from(&signed_in), signed_in.user.login.clone());
    let colleagues = with_names(&app, rows).await?;
    Ok(pages::ok(&pages::Report { frame, me, counts, status, colleagues, is_first, next }))
}

/// The whole report, sent page by page as it is read.
pub(crate) async fn csv(State(app): State<App>, signed_in: SignedIn) -> Result<Response, Failure> {
    let report = match app.two_factor.admin(&signed_in.pass).report().await? {
        Verdict::Granted(report) => report,
        Verdict::Refused(refusal) => {
            return settings::after_refusal(&app, &signed_in, refusal, "/settings/report").await;
        }
    };
    // An error in the middle breaks the download off, which browsers show: half a report must not look complete.
    let lines = stream::try_unfold((report, CsvLine::HEAD.to_string()), |(mut report, head)| async move {
        let rows = report.next_page(1_000).await?;
        let lines = rows.iter().fold(head, |lines, row| lines + &row.csv().to_string());
        Ok::<_, Error>((!lines.is_empty()).then_some((lines, (report, String::new()))))
    });
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"two-factor.csv\""),
    ];
    Ok((headers, Body::from_stream(lines)).into_response())
}

async fn begin(app: &App, signed_in: &SignedIn) -> Result<Verdict<(Counts, Report), ActRefusal>, Error> {
    let admin = app.two_factor.admin(&signed_in.pass);
    Ok(match admin.counts().await? {
        Verdict::Granted(counts) => admin.report().await?.map(|report| (counts, report)),
        Verdict::Refused(refusal) => Verdict::Refused(refusal),
    })
}

/// The org's internal users, Master Admins first: as many of each as fit on a page that is not about them alone.
pub(crate) async fn colleagues(app: &App, signed_in: &SignedIn) -> Result<Vec<Colleague>, Failure> {
    let mut rows = Vec::new();
    for role in [Role::MasterAdmin, Role::Internal] {
        if let Verdict::Granted(report) = app.two_factor.admin(&signed_in.pass).report().await? {
            rows.extend(report.of_role(role).next_page(ROWS).await?);
        }
    }
    with_names(app, rows).await
}

async fn with_names(app: &App, rows: Vec<ReportRow>) -> Result<Vec<Colleague>, Failure> {
    let mut found = app.people.names(rows.iter().map(|row| row.person.id().as_str())).await?;
    let colleagues = rows.into_iter().map(|row| {
        let name = found.remove(row.person.id().as_str());
        Colleague { name: name.unwrap_or_else(|| row.person.account().to_owned()), row }
    });
    Ok(colleagues.collect())
}
