//! Telling people what happened: notices in the library's outbox become mails.
//!
//! This portal has no mail server, so a mail is a row that the page *Mails* shows. A real portal would hand it to its
//! provider in `write`, with the same key, by which the provider recognizes what it was given twice.

mod words;

use axum::{extract::State, response::Response};
use countersign::{
    BoxError, OrgId, Timestamp, UserId,
    audit::Recipient,
    store::{Delivery, Notice, tell_waiting},
};
use sqlx::FromRow;

use crate::{
    app::App,
    failure::{self, Failure},
    pages::{self, Frame},
    people::User,
    session::SignedIn,
};

/// Writes everything that waits to the people it concerns. What fails stays for the next round.
async fn deliver(app: &App) -> Result<(), BoxError> {
    let tell = async |notice: Notice| match write(app, &notice).await {
        Ok(()) => Delivery::Done,
        Err(error) => {
            failure::log("cannot write a mail", &*error);
            Delivery::NotYet
        }
    };
    tell_waiting(&app.store, tell).await?;
    Ok(())
}

async fn write(app: &App, notice: &Notice) -> Result<(), BoxError> {
    // A notice may come twice. Its id and the addressee are the key, so nothing is written the second time.
    const INSERT: &str = "INSERT OR IGNORE INTO portal_mails (notice, addressee, org_id, at, subject, text)
                          VALUES (?, ?, ?, ?, ?, ?)";
    let org = &notice.id.org;
    let about = match &notice.event.user {
        Some(id) => app.people.by_id(&UserId::new(id)?).await?,
        None => None,
    };
    let by = by_whom(app, notice).await?;
    let name = about.as_ref().map_or("a user who has left", |user| &user.name);
    for recipient in notice.audience.recipients() {
        let mail = words::mail(notice, *recipient, name, &by);
        for addressee in addressees(app, org, about.as_ref(), *recipient).await? {
            sqlx::query(INSERT)
                .bind(notice.id.to_string())
                .bind(&addressee.login)
                .bind(org.as_str())
                .bind(notice.event.at.as_unix().cast_signed())
                .bind(&mail.subject)
                .bind(&mail.text)
                .execute(&app.pool)
                .await?;
        }
    }
    Ok(())
}

/// Returns who they are at this moment: the library knows no addresses.
async fn addressees(
    app: &App,
    org: &OrgId,
    about: Option<&User>,
    recipient: Recipient,
) -> Result<Vec<User>, BoxError> {
    Ok(match recipient {
        Recipient::User => about.cloned().into_iter().collect(),
        Recipient::MasterAdmins => app.people.master_admins(org).await?,
    })
}

async fn by_whom(app: &App, notice: &Notice) -> Result<String, BoxError> {
    Ok(match (notice.event.by_kind.as_str(), &notice.event.by_name) {
        ("user", Some(id)) => {
            let user = app.people.by_id(&UserId::new(id)?).await?;
            user.map_or_else(|| format!("user {id}"), |user| user.name)
        }
        ("operator", Some(operator)) => format!("{operator} of the vendor’s support"),
        _ => "the portal".to_owned(),
    })
}

/// A mail as the page shows it.
#[derive(FromRow)]
pub(crate) struct Sent {
    at: i64,
    pub(crate) addressee: String,
    pub(crate) subject: String,
    pub(crate) text: String,
}

impl Sent {
    pub(crate) fn at(&self) -> Timestamp {
        Timestamp::from_unix(self.at.cast_unsigned())
    }
}

/// The last hundred mails of the Master Admin's org, newest first.
pub(crate) async fn page(State(app): State<App>, signed_in: SignedIn) -> Result<Response, Failure> {
    const SELECT: &str = "SELECT at, addressee, subject, text FROM portal_mails WHERE org_id = ?
                          ORDER BY at DESC, id DESC LIMIT 100";
    signed_in.master_admin()?;
    deliver(&app).await?;
    let mails = sqlx::query_as(SELECT).bind(signed_in.user.org.as_str());
    let mails = mails.fetch_all(&app.pool).await.map_err(BoxError::from)?;
    Ok(pages::ok(&pages::Mails { frame: Frame::from(&signed_in), mails }))
}
