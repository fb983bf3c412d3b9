//! The vendor's support desk, at the command line: who acts and why, and the reset of one user.
//!
//! The portal makes a [`Support`] for no browser: people who can start programs on this server are the vendor. From there
//! on the desk does what a Master Admin's pages do, by the same functions.

use clap::Args;
use countersign::{
    ActRefusal, BoxError, OrgId, Verdict,
    admin::{Admin, Support},
    audit::{InvalidNote, Operator, Reason},
};

use crate::{acts::Act, app::App, people::User, words};

/// Both are recorded with each act.
#[derive(Args)]
pub(crate) struct Desk {
    /// Who at the support desk does it
    #[arg(long, value_name = "NAME", value_parser = operator)]
    operator: Operator,
    /// Why, for the audit trail
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub(crate) reason: Reason,
}

fn operator(text: &str) -> Result<Operator, InvalidNote> {
    Operator::new(text)
}

fn reason(text: &str) -> Result<Reason, InvalidNote> {
    Reason::new(text)
}

impl Desk {
    pub(crate) fn support(&self, app: &App) -> Support {
        Support::new(&app.two_factor, self.operator.clone())
    }

    /// Returns what the desk may do in an org, for its reason.
    pub(crate) fn admin(&self, app: &App, org: &OrgId) -> Admin<'static> {
        self.support(app).in_org(org, &self.reason)
    }
}

/// `portal support-reset`
#[derive(Args)]
pub(crate) struct ResetOne {
    login: String,
    /// Reset an account that was blocked: the user sets up an app only with the invitation that is printed
    #[arg(long, conflicts_with = "new_password")]
    invite: bool,
    /// Reset an account that was blocked: states that its password was changed, which is recorded
    #[arg(long)]
    new_password: bool,
    #[command(flatten)]
    desk: Desk,
}

impl ResetOne {
    #[allow(clippy::print_stdout, reason = "the program speaks to the person who started it")]
    pub(crate) async fn run(self, app: &App) -> Result<(), BoxError> {
        let user = user(app, &self.login).await?;
        let act = match (self.invite, self.new_password) {
            (true, _) => Act::ResetInvite,
            (_, true) => Act::ResetNewPassword,
            _ => Act::Reset,
        };
        match act.on(&user.id(), &self.desk.admin(app, &user.org)).await? {
            Verdict::Granted(invitation) => {
                println!("{}: {}", user.name, act.done());
                if let Some(invitation) = invitation {
                    let (text, until) = (invitation.text(), words::day(invitation.expires_at()));
                    println!("Invitation, valid until {until}: {}", text.as_str());
                }
                Ok(())
            }
            Verdict::Refused(ActRefusal::PasswordKnown) => {
                let why = words::act_refused(ActRefusal::PasswordKnown);
                Err(format!("{why} Then use --new-password, or --invite.").into())
            }
            Verdict::Refused(refusal) => Err(words::act_refused(refusal).into()),
        }
    }
}

/// Finds the user with this login name.
pub(crate) async fn user(app: &App, login: &str) -> Result<User, BoxError> {
    Ok(app.people.by_login(login).await?.ok_or("nobody has this login name")?)
}
