//! The suite over such a table: a sound store passes, and every mistake is found and told how to mend.

use std::sync::atomic::{AtomicI64, Ordering};

use countersign::conformance::{Broken, Suite};

use super::{BoxError, Flaw, OrgId, Table, UserId};

/// Inserts rows as a host does, and runs both suites over them.
async fn run(flaw: Option<Flaw>) -> Result<(), Broken> {
    let (table, last) = (Table { flaw, ..Table::default() }, AtomicI64::new(0));
    let insert_org = async || {
        let org = OrgId::from(last.fetch_add(1, Ordering::SeqCst));
        table.insert(org.clone(), None);
        Ok(org)
    };
    let insert_user = async || {
        let (org, user) = (insert_org().await?, UserId::from(last.fetch_add(1, Ordering::SeqCst)));
        table.insert(org.clone(), Some(user.clone()));
        Ok((org, user))
    };
    let counting = async |org: &OrgId| -> Result<u64, BoxError> {
        Ok(table.rows().events.iter().filter(|event| event.org == *org).count() as u64)
    };
    let (nowhere, nobody) = (OrgId::from(-1_i64), UserId::from(-1_i64));
    let users = Suite::of_users(&table, insert_user).counting_events(counting);
    users.refusing(nowhere.clone(), nobody).run().await?;
    let orgs = Suite::of_settings(&table, insert_org).counting_events(counting);
    orgs.refusing(nowhere).run().await
}

#[tokio::test]
async fn a_store_over_rows_that_exist_already_keeps_the_contract() {
    run(None).await.unwrap();
}

#[tokio::test]
async fn every_mistake_over_rows_that_exist_already_is_found_and_says_what_to_do() {
    for (flaw, clause, advice) in [
        (
            Flaw::AnswersRevisionZero,
            "4",
            "revision 0 is read for user \"1\" of org \"0\": was this row ever written?",
        ),
        (Flaw::AnswersAnEmptyRecord, "4", "revision 1 with an empty record is read"),
        (Flaw::NeverWritesTheFirst, "4", "`revision = 0` is not true of NULL"),
        (
            Flaw::InsertsTheFirst,
            "8",
            "a swap that expects revision 0 failed: UNIQUE constraint failed: users.id",
        ),
        (Flaw::AddsToNull, "4", "revision 1 was done, and nothing is there"),
        (Flaw::WritesWhateverIsExpected, "4", "a swap that expects revision 1 wrote where nothing was"),
        (Flaw::LooksForTheUserAlone, "1", "and another's record is read"),
        (Flaw::UpdatesTheUserAlone, "1", "and another's record was swapped"),
        (Flaw::MakesUpRows, "4", "user \"-1\" of org \"-1\" has no row, and a swap was done"),
        (Flaw::SaysDoneWithoutARow, "4", "user \"-1\" of org \"-1\" has no row, and a swap was done"),
        (Flaw::TellsOfWhoHasNoRow, "6", "was refused and left events"),
    ] {
        let broken = run(Some(flaw)).await.expect_err(&format!("{flaw:?} was not found"));
        assert!(broken.clause().unwrap().starts_with(clause), "{flaw:?}: {broken}");
        assert!(broken.to_string().contains(advice), "{flaw:?}: {broken}");
    }
    let never_written = run(Some(Flaw::AnswersRevisionZero)).await.unwrap_err().to_string();
    assert!(never_written.contains("answer `None` until the first swap is done"), "{never_written}");
}
