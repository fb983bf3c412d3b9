//! Enrolling where nobody has to, and doing without again.

use crate::{
    account::{Account, Standing, Terms},
    audit::Purpose,
    driver::{Holder, Trace},
    error::Error,
    seal::Generation,
    tokens::{Pass, Ticket},
    two_factor::{TwoFactor, request::FirstFactor},
    verdict::{Refusal, Verdict},
    who::Role,
};

impl TwoFactor {
    /// Begins the enrollment of a user who is not required to have an authenticator, where his org offers it
    /// ([`Settings::enrollment_by_choice`](crate::Settings::enrollment_by_choice)): the ticket is for
    /// [`setup`](Self::setup) and [`confirm`](Self::confirm), and from then on he is asked for codes.
    ///
    /// Ask for the password anew, also of somebody who is signed in: a session that was left open would otherwise
    /// bind somebody else's phone to the account (NIST SP 800-63B-4 §4.1.2.1 asks for an authentication before
    /// another authenticator is bound).
    ///
    /// A refusal is [`Refusal::NotOffered`], [`Refusal::AlreadyEnrolled`] or [`Refusal::Blocked`].
    ///
    /// # Errors
    /// Those of [`check_in`](Self::check_in).
    pub async fn enroll(&self, first_factor: FirstFactor) -> Result<Verdict<Ticket>, Error> {
        let FirstFactor { org, user, seen_from, device: _ } = first_factor;
        let core = &*self.0;
        let person = core.known(&org, &user).await?;
        if person.role == Role::Customer {
            return Ok(Verdict::Refused(Refusal::NotOffered));
        }
        let before = core.before(&person).await?;
        let refusal = match before.account().standing(before.terms(core)) {
            Standing::Blocked => Refusal::Blocked,
            Standing::Enrolled | Standing::Imported => Refusal::AlreadyEnrolled,
            Standing::NotRequired if !before.policy.takes_codes() => Refusal::NotOffered,
            Standing::NotRequired | Standing::NotEnrolled | Standing::Grace { .. } | Standing::Uninvited => {
                let trust = before.trust();
                let ticket = core.ticket(&person, trust, Purpose::Enroll, before.now, None, seen_from);
                return ticket.map(Verdict::Granted);
            }
        };
        Ok(Verdict::Refused(refusal))
    }

    /// Takes the authenticator off the account of a user who has just shown a code of it, and whose org does not
    /// require one. All his sessions end, this one too; his next login opens with the password.
    ///
    /// A refusal is [`Refusal::CodesRequired`] where the org does require one, and [`Refusal::FreshCodeNeeded`].
    ///
    /// # Errors
    /// Those of [`resume`](Self::resume), [`ErrorKind::Contended`](crate::ErrorKind::Contended) and
    /// [`ErrorKind::OutcomeUnknown`](crate::ErrorKind::OutcomeUnknown): whether it happened, the next login shows.
    pub async fn withdraw(&self, pass: &Pass) -> Result<Verdict<()>, Error> {
        let (core, session) = (&*self.0, &pass.session);
        let person = match core.holder(session).await? {
            None => return Ok(Verdict::Refused(Refusal::SessionOver)),
            Some(Holder { before: None, .. }) => return Ok(Verdict::Refused(Refusal::NotOffered)),
            Some(Holder { person, before: Some(_) }) => person,
        };
        let withdraw = |account: Account, terms: Terms<'_>| {
            let fresh = session.shows_fresh_code(terms.policy, terms.now);
            Ok(account.withdraw(session.generation, fresh, Generation(core.draw()?), terms))
        };
        Ok(match core.decide(&person, &Trace::of_pass(pass), withdraw).await?.reply {
            Ok(()) => Verdict::Granted(()),
            Err(refusal) => Verdict::Refused(refusal),
        })
    }
}
