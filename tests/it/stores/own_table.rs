//! Stores over tables that a host has already, and what goes wrong with them: a row exists before any record does.

mod suite;

use std::{
    collections::BTreeMap,
    error::Error as _,
    fmt::Debug,
    sync::{Arc, Mutex, MutexGuard},
};

use countersign::{
    BoxError, Error, ErrorKind, FirstFactor, Gate, KeyId, Keyring, OrgId, Requirement, SettingsStore,
    TwoFactor, UserId, UserStore,
    admin::Support,
    audit::{Event, Password, Reason},
    store::{Change, OrgSummary, Stored, Swap, UserSummary},
};

use crate::world::{ACME, World, granted, keyring, org, user};

/// What a host gets wrong over a table of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    /// `select revision, record`, of columns that are 0 and NULL in a row that was never written.
    AnswersRevisionZero,
    /// The column for the revision came with `default 1`.
    AnswersAnEmptyRecord,
    /// `update … where revision = 0`, and the column is NULL. Or `insert … on conflict do nothing`.
    NeverWritesTheFirst,
    /// `insert …` for whoever was never written, and the row is there.
    InsertsTheFirst,
    /// `update … set revision = revision + 1`, and the column is NULL.
    AddsToNull,
    /// `update … where revision = $expected or revision is null`.
    WritesWhateverIsExpected,
    /// `… where id = $user`, in whatever org.
    LooksForTheUserAlone,
    /// The same in the update, and not in the select.
    UpdatesTheUserAlone,
    /// `insert … on conflict do update`, for whoever has no row.
    MakesUpRows,
    /// The number of rows is not looked at where it is 0.
    SaysDoneWithoutARow,
    /// The event is inserted before the row is looked for, and stays.
    TellsOfWhoHasNoRow,
}

/// Columns of a host's table that were added for the library.
#[derive(Clone, Default)]
struct Added {
    revision: u64,
    record: Vec<u8>,
}

#[derive(Default)]
struct Rows {
    /// Orgs are rows without a user.
    added: BTreeMap<(OrgId, Option<UserId>), Added>,
    events: Vec<Event>,
}

impl Rows {
    fn find(&mut self, flaw: Option<Flaw>, org: &OrgId, user: Option<&UserId>) -> Option<&mut Added> {
        let key = (org.clone(), user.cloned());
        match flaw {
            Some(Flaw::LooksForTheUserAlone | Flaw::UpdatesTheUserAlone) if user.is_some() => {
                self.added.iter_mut().find(|((_, id), _)| id.as_ref() == user).map(|(_, row)| row)
            }
            Some(Flaw::MakesUpRows) => Some(self.added.entry(key).or_default()),
            _ => self.added.get_mut(&key),
        }
    }
}

/// A host's tables, in which a row is there before it is written.
#[derive(Default)]
struct Table {
    flaw: Option<Flaw>,
    rows: Mutex<Rows>,
}

impl Table {
    fn insert(&self, org: OrgId, user: Option<UserId>) {
        self.rows().added.insert((org, user), Added::default());
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap()
    }

    fn load(&self, org: &OrgId, user: Option<&UserId>) -> Option<Stored> {
        let flaw = self.flaw.filter(|flaw| *flaw != Flaw::UpdatesTheUserAlone);
        let Added { revision, record } = self.rows().find(flaw, org, user)?.clone();
        match self.flaw {
            Some(Flaw::AnswersRevisionZero) => Some(Stored { revision, record }),
            Some(Flaw::AnswersAnEmptyRecord) => Some(Stored { revision: revision.max(1), record }),
            _ => (revision > 0).then_some(Stored { revision, record }),
        }
    }

    fn swap<S>(&self, user: Option<&UserId>, change: &Change<'_, S>) -> Result<Swap, BoxError> {
        let Change { org, expected, next, events, .. } = *change;
        let rows = &mut *self.rows();
        let Some(row) = rows.find(self.flaw, org, user) else {
            if self.flaw == Some(Flaw::TellsOfWhoHasNoRow) {
                rows.events.extend_from_slice(events);
            }
            let done = self.flaw == Some(Flaw::SaysDoneWithoutARow);
            return Ok(if done { Swap::Done } else { Swap::Stale });
        };
        let mut found = row.revision == expected;
        let mut next = next.clone();
        if row.revision == 0 {
            match self.flaw {
                Some(Flaw::NeverWritesTheFirst) => found = false,
                Some(Flaw::InsertsTheFirst) if found => {
                    return Err("UNIQUE constraint failed: users.id".into());
                }
                Some(Flaw::AddsToNull) => next.revision = 0,
                Some(Flaw::WritesWhateverIsExpected) => found = true,
                _ => {}
            }
        }
        if !found {
            return Ok(Swap::Stale);
        }
        *row = Added { revision: next.revision, record: next.record };
        rows.events.extend_from_slice(events);
        Ok(Swap::Done)
    }
}

impl UserStore for Table {
    type Error = BoxError;

    async fn load_user(&self, org: &OrgId, user: &UserId) -> Result<Option<Stored>, BoxError> {
        Ok(self.load(org, Some(user)))
    }

    async fn swap_user(&self, user: &UserId, change: Change<'_, UserSummary>) -> Result<Swap, BoxError> {
        self.swap(Some(user), &change)
    }
}

impl SettingsStore for Table {
    type Error = BoxError;

    async fn load_settings(&self, org: &OrgId) -> Result<Option<Stored>, BoxError> {
        Ok(self.load(org, None))
    }

    async fn swap_settings(&self, change: Change<'_, OrgSummary>) -> Result<Swap, BoxError> {
        self.swap(None, &change)
    }
}

/// A portal whose users are in such a table. Its org requires codes, and has settings that were never written.
fn portal(flaw: Option<Flaw>) -> TwoFactor {
    let table = Table { flaw, ..Table::default() };
    table.insert(org(ACME), None);
    table.insert(org(ACME), Some(user("ian")));
    TwoFactor::builder(World::in_memory().people, table, keyring())
        .deployment("test")
        .issuer("Acme")
        .default_requirement(Requirement::On)
        .build()
        .unwrap()
}

async fn check_in(portal: &TwoFactor) -> Result<Gate, Error> {
    portal.check_in(FirstFactor::accepted(&org(ACME), &user("ian"))).await
}

/// What lies beneath a failure of this kind, in the words that end up in a log.
fn reason(failed: Result<impl Debug, Error>, kind: ErrorKind) -> String {
    let error = failed.unwrap_err();
    assert_eq!(error.kind(), kind);
    error.source().expect("the error says why").to_string()
}

#[tokio::test]
async fn a_row_that_was_never_written_is_a_user_who_never_enrolled() {
    let portal = portal(None);
    let Gate::Enroll(ticket) = check_in(&portal).await.unwrap() else { panic!("nothing is required") };
    let _ = granted(portal.setup(&ticket).await.unwrap());
}

/// R17: as the manual says for a lost key, where the settings are in a row of the host's own.
#[tokio::test]
async fn settings_whose_revision_is_set_back_to_0_are_as_if_never_written() {
    let table = Arc::new(Table::default());
    table.insert(org(ACME), None);
    let with = |key| {
        let builder = TwoFactor::builder(World::in_memory().people, table.clone(), key);
        builder.deployment("test").issuer("Acme").default_requirement(Requirement::On).build().unwrap()
    };
    let require = async |portal: &TwoFactor, to| {
        let support = Support::new(portal, countersign::audit::Operator::new("vera").unwrap());
        support.in_org(&org(ACME), &Reason::new("the key is lost").unwrap()).require(to).await
    };
    granted(require(&with(keyring()), Requirement::Off).await.unwrap());
    let portal = with(Keyring::new(KeyId(2), [2; 32]));
    assert_eq!(require(&portal, Requirement::Off).await.unwrap_err().kind(), ErrorKind::Unreadable);
    table.rows().added.get_mut(&(org(ACME), None)).unwrap().revision = 0;
    assert_eq!(portal.org(&org(ACME)).policy().await.unwrap().requirement, Requirement::On);
    granted(require(&portal, Requirement::Off).await.unwrap());
    assert_eq!(portal.org(&org(ACME)).policy().await.unwrap().revision, 1);
}

/// R4: such a row is none of ours, and nobody gets in on it. Nor can it be reset, for nothing could be written upon it.
#[tokio::test]
async fn a_store_that_answers_revision_0_is_told_that_the_row_was_never_written() {
    let portal = portal(Some(Flaw::AnswersRevisionZero));
    let support = Support::new(&portal, countersign::audit::Operator::new("vera").unwrap());
    let why = Reason::new("a call").unwrap();
    let failed = reason(check_in(&portal).await, ErrorKind::Unreadable);
    assert!(failed.contains("revision 0: was this row ever written?"), "{failed}");
    assert!(failed.contains("answers `None` until the first write"), "{failed}");
    let reset = support.in_org(&org(ACME), &why).user(&user("ian")).reset(Password::AsBefore).await;
    assert_eq!(reason(reset, ErrorKind::Unreadable), failed);
    assert_eq!(reason(portal.org(&org(ACME)).policy().await, ErrorKind::Unreadable), failed);
}

/// R4.
#[tokio::test]
async fn a_store_that_answers_an_empty_record_is_told_so_too() {
    let portal = portal(Some(Flaw::AnswersAnEmptyRecord));
    let failed = reason(check_in(&portal).await, ErrorKind::Unreadable);
    assert!(failed.contains("revision 1 and an empty record: was this row ever written?"), "{failed}");
}

/// R4: otherwise it would look as if others kept changing the record.
#[tokio::test]
async fn a_store_that_never_takes_the_first_write_is_told_how_a_row_is_found() {
    let portal = portal(Some(Flaw::NeverWritesTheFirst));
    let support = Support::new(&portal, countersign::audit::Operator::new("vera").unwrap());
    let why = Reason::new("a call").unwrap();
    let Gate::Enroll(ticket) = check_in(&portal).await.unwrap() else { panic!("nothing is required") };
    let failed = reason(portal.setup(&ticket).await, ErrorKind::Contended);
    assert!(failed.contains("compare equal to 0 until the first write? NULL does not"), "{failed}");
    let switched = support.in_org(&org(ACME), &why).require(Requirement::Off).await;
    assert_eq!(reason(switched, ErrorKind::Contended), failed);
}
