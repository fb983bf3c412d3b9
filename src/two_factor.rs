//! The second step of a login: the methods that a host calls, in the order in which it meets them.

mod request;
mod pages;
mod builder;
mod accept;
mod signed_in;

use std::{fmt, sync::Arc};

pub use self::{
    builder::Builder,
    pages::{Enrolled, Prompt, Recovered, Setup},
    request::{Attempt, FirstFactor, Visit},
};
use crate::{
    account::{Account, Decision, Let, Prompted, Standing, Terms},
    audit::{Actor, Purpose},
    driver::{Core, Decided, Trace, Trust},
    error::{Error, ErrorKind},
    otp::{LabelRules, Secret},
    seal::{Generation, Keyring},
    store::{Directory, SettingsStore, UserStore},
    tokens::{Means, Pass, Session, Stamp, Ticket, TicketClaims, Witness},
    verdict::{Gate, Refusal, Verdict},
    who::{OrgId, Role, UserId},
};

/// The second login step of a portal.
///
/// Make one at the start and share it: it is cheap to clone and works from any number of tasks, processes and
/// servers on one store. [`check_in`](Self::check_in) says where a user goes after the password,
/// [`setup`](Self::setup) and [`confirm`](Self::confirm) enroll him, [`verify`](Self::verify) takes his codes and
/// [`resume`](Self::resume) checks his session at each later request.
#[derive(Clone)]
pub struct TwoFactor(pub(crate) Arc<Core>);

impl TwoFactor {
    /// Begins to put one together: who is who, where records are kept, and the keys that seal them.
    #[allow(clippy::new_ret_no_self, reason = "what a host builds is a TwoFactor, and this is how it begins")]
    pub fn new(
        directory: impl Directory,
        store: impl UserStore + SettingsStore,
        keyring: Keyring,
    ) -> Builder {
        Builder::new(directory, store, keyring)
    }

    /// Says where a user goes whose first factor was just accepted. Nothing is written (but once for each user, where
    /// the org gives time to enroll, and that a remembered device was used), and for a customer nothing is even read but
    /// the directory.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownUser`] if the directory has no such user in the org, [`ErrorKind::Unavailable`] and
    /// [`ErrorKind::Unreadable`] if what decides cannot be read. Nobody gets in on an error.
    pub async fn check_in(&self, first_factor: FirstFactor) -> Result<Gate, Error> {
        let FirstFactor { org, user, seen_from, device } = first_factor;
        let core = &*self.0;
        let person = core.known(&org, &user).await?;
        if person.role == Role::Customer {
            let nowhere = Trust { generation: Generation::FIRST, policy: core.at_first };
            let witness = Witness::nothing_to_write();
            return core
                .pass(&person, nowhere, Means::Customer, core.clock.now(), None, witness)
                .map(Gate::Open);
        }
        let trace = Trace::of_check_in(&person, seen_from.clone());
        let check_in = |account: Account, terms: Terms<'_>| Ok(account.check_in(terms));
        let Decided { reply: (generation, standing), policy, now, witness } =
            core.decide(&person, &trace, check_in).await?;
        if let (Standing::Enrolled, Some(device)) = (standing, device)
            && let Some(pass) = core.enter_on(&person, &device, &trace).await?
        {
            return Ok(Gate::Open(pass));
        }
        let trust = Trust { generation, policy };
        let ticket = |purpose| core.ticket(&person, trust, purpose, now, None, seen_from);
        match standing {
            Standing::NotRequired => {
                core.pass(&person, trust, Means::NotRequired, now, None, witness).map(Gate::Open)
            }
            Standing::Enrolled => ticket(Purpose::LogIn).map(Gate::AskCode),
            Standing::Imported => ticket(Purpose::TakeOver).map(Gate::AskCode),
            Standing::NotEnrolled => ticket(Purpose::Enroll).map(Gate::Enroll),
            Standing::Uninvited => ticket(Purpose::Enroll).map(Gate::AskInvitation),
            Standing::Grace { by, .. } => {
                let ends_at = Some(by.min(now.after(policy.settings.stamp())));
                let pass = core.pass(&person, trust, Means::Grace, now, ends_at, witness)?;
                Ok(Gate::EnrollBy { pass, ticket: ticket(Purpose::Enroll)?, by })
            }
            Standing::Blocked => Ok(Gate::Blocked),
        }
    }

    /// Tells what a page may say that asks for a code: how many digits it has, how many tries are left, and until when
    /// none is looked at, which may still be from an earlier login. Nothing is written, and nothing counts.
    ///
    /// # Errors
    /// Those of [`check_in`](Self::check_in), except that a user whom the directory no longer has is
    /// [`Refusal::TicketVoid`], like every ticket that is not good any more.
    pub async fn prompt(&self, ticket: &Ticket) -> Result<Verdict<Prompt>, Error> {
        let core = &*self.0;
        let Some((claims, person)) = core.bearer(ticket).await? else {
            return Ok(Verdict::Refused(Refusal::TicketVoid));
        };
        let before = core.before(&person).await?;
        Ok(match before.account().prompt(&claims, before.terms(core)) {
            Err(refusal) => Verdict::Refused(refusal),
            Ok(Prompted { totp, left, wait_until }) => {
                let is_imported = claims.purpose == Purpose::TakeOver;
                Verdict::Granted(Prompt { digits: totp.digits(), left, wait_until, is_imported })
            }
        })
    }

    /// Shows what a user needs to set up his authenticator: draws the secret at the first call, and shows the
    /// same one to every further call with the same ticket.
    ///
    /// # Errors
    /// Those of [`check_in`](Self::check_in), [`ErrorKind::Contended`], [`ErrorKind::OutcomeUnknown`] (show the
    /// page again), and [`ErrorKind::UnusableName`].
    pub async fn setup(&self, visit: impl Into<Visit<'_>>) -> Result<Verdict<Setup>, Error> {
        let core = &*self.0;
        let Visit { ticket, seen_from } = visit.into();
        let Some((claims, person)) = core.bearer(ticket).await? else {
            return Ok(Verdict::Refused(Refusal::TicketVoid));
        };
        let unusable = |source| Error::from_source(ErrorKind::UnusableName, "drawing a QR code", source);
        // Nobody is kept from enrolling by a name that only a few apps get wrong, or that is long.
        let label = LabelRules::FORGIVING.label(&core.issuer, &person.account).map_err(unusable)?;
        let trace = Trace::of_bearer(&claims, seen_from);
        let draw = |account: Account, terms: Terms<'_>| {
            let drawn = Secret::draw(&*core.random)
                .map_err(|source| Error::from_source(ErrorKind::Unavailable, "drawing a secret", source))?;
            Ok(account.setup(&claims, drawn, terms))
        };
        match core.decide(&person, &trace, draw).await?.reply {
            Err(refusal) => Ok(Verdict::Refused(refusal)),
            Ok(shown) => {
                let expires_at = shown.expires_at.min(claims.expires_at);
                let setup = Setup::new(label, &shown, expires_at);
                setup.map(Verdict::Granted).map_err(|source| {
                    Error::from_source(ErrorKind::UnusableName, "drawing a QR code", source)
                })
            }
        }
    }

    /// Takes the first code of an authenticator that was just set up, and lets the user in.
    ///
    /// # Errors
    /// Those of [`check_in`](Self::check_in), [`ErrorKind::Contended`] and [`ErrorKind::OutcomeUnknown`]: the
    /// enrollment may have happened, and the user signs in again. Recovery codes that nobody saw he
    /// [renews](Self::renew_recovery_codes) then.
    pub async fn confirm(&self, attempt: Attempt<'_>) -> Result<Verdict<Enrolled>, Error> {
        let confirmed = self.attempt(attempt, Means::Code, |core, account, claims, code, terms| {
            Ok(account.confirm(claims, code, Generation(core.draw()?), core.recovery_codes()?, terms))
        });
        Ok(confirmed.await?.map(|(pass, recovery_codes)| Enrolled { pass, recovery_codes }))
    }

    /// Forgets the QR code that was drawn under this ticket, for a user who thought better of it: nobody can confirm it
    /// any more. An enrolled authenticator works as it did before. Drop the ticket afterwards.
    ///
    /// # Errors
    /// Those of [`setup`](Self::setup) but the last. If it fails, the QR code is void when it expires.
    pub async fn cancel(&self, visit: impl Into<Visit<'_>>) -> Result<Verdict<()>, Error> {
        let core = &*self.0;
        let Visit { ticket, seen_from } = visit.into();
        let Some((claims, person)) = core.bearer(ticket).await? else {
            return Ok(Verdict::Refused(Refusal::TicketVoid));
        };
        let trace = Trace::of_bearer(&claims, seen_from);
        let cancel = |account: Account, terms: Terms<'_>| Ok(account.cancel(&claims, terms));
        Ok(match core.decide(&person, &trace, cancel).await?.reply {
            Ok(()) => Verdict::Granted(()),
            Err(refusal) => Verdict::Refused(refusal),
        })
    }

    /// Takes a code of an enrolled authenticator, or the first one of an imported one, and lets the user in; with the ticket of
    /// [`step_up`](Self::step_up), proves anew that it is he.
    ///
    /// Put the pass's stamp in the place of the one that the session has, if it has one.
    ///
    /// # Errors
    /// Those of [`check_in`](Self::check_in), [`ErrorKind::Contended`] and [`ErrorKind::OutcomeUnknown`]: show
    /// the form again and ask for the next code.
    pub async fn verify(&self, attempt: Attempt<'_>) -> Result<Verdict<Pass>, Error> {
        let judge = |core: &Core, account: Account, claims: &TicketClaims, code: &str, terms: Terms<'_>| {
            Ok(match claims.purpose {
                Purpose::TakeOver => account.take_over(claims, code, Generation(core.draw()?), terms),
                _ => account.verify(claims, code, terms),
            })
        };
        Ok(self.attempt(attempt, Means::Code, judge).await?.map(|(pass, ())| pass))
    }

    /// Checks the stamp of a session against the account, the directory and the policy of this moment. To be
    /// called at every request; a refusal is [`Refusal::SessionOver`].
    ///
    /// # Errors
    /// Those of [`check_in`](Self::check_in), except that a user whom the directory no longer has is a refusal.
    pub async fn resume(&self, stamp: &Stamp) -> Result<Verdict<Pass>, Error> {
        let core = &*self.0;
        let Some(session) = Session::open(stamp, &core.keyring) else {
            return Ok(Verdict::Refused(Refusal::SessionOver));
        };
        let Some(standing) = core.holder(&session).await? else {
            return Ok(Verdict::Refused(Refusal::SessionOver));
        };
        let (now, witness) = (core.clock.now(), Witness::nothing_to_write());
        Ok(Verdict::Granted(Pass::new(session, &standing.person, stamp.clone(), now, witness)))
    }

    /// Voids everything that was handed out for a user: sessions, tickets, a pending QR code. To be called when
    /// his password was changed or reset, and only then: after a block, this is what says that nobody else knows it any
    /// more, so that the account may be reset plainly. His authenticator stays.
    ///
    /// For a customer nothing is written: end his sessions in the host.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownUser`], [`ErrorKind::Unavailable`], [`ErrorKind::Unreadable`],
    /// [`ErrorKind::Contended`], [`ErrorKind::OutcomeUnknown`]. All but the first mean that it may not have
    /// happened: try again.
    pub async fn end_trust(&self, org: &OrgId, user: &UserId) -> Result<(), Error> {
        let core = &*self.0;
        let person = core.known(org, user).await?;
        if person.role == Role::Customer {
            return Ok(());
        }
        let end = |account: Account, _: Terms<'_>| Ok(account.end_trust(Generation(core.draw()?)));
        core.decide(&person, &Trace::of(Actor::Host), end).await.map(|decided| decided.reply)
    }

    /// A code was typed: `judge` is the command of the state machine that takes it, and a right one the `means` by which
    /// the pass is earned.
    async fn attempt<T>(
        &self,
        attempt: Attempt<'_>,
        means: Means,
        judge: impl Fn(
            &Core,
            Account,
            &TicketClaims,
            &str,
            Terms<'_>,
        ) -> Result<Decision<Result<Let<T>, Refusal>>, Error>,
    ) -> Result<Verdict<(Pass, T)>, Error> {
        let core = &*self.0;
        let Some((claims, person)) = core.bearer(attempt.ticket).await? else {
            return Ok(Verdict::Refused(Refusal::TicketVoid));
        };
        let trace = Trace::of_bearer(&claims, attempt.seen_from);
        let judged =
            core.decide(&person, &trace, |account, terms| judge(core, account, &claims, attempt.code, terms));
        let Decided { reply, policy, now, witness } = judged.await?;
        match reply {
            Err(refusal) => Ok(Verdict::Refused(refusal)),
            Ok(Let { generation, with }) => {
                let trust = Trust { generation, policy };
                let pass = core.pass(&person, trust, means, now, claims.session_ends_at, witness)?;
                Ok(Verdict::Granted((pass, with)))
            }
        }
    }
}

impl fmt::Debug for TwoFactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TwoFactor")
            .field("issuer", &self.0.issuer)
            .field("code_rules", &self.0.codes)
            .field("keyring", &self.0.keyring)
            .finish_non_exhaustive()
    }
}
