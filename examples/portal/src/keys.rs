//! `portal keys` and `portal reseal`: what is sealed under which key, and sealing it anew.

use countersign::{
    BoxError, OrgId,
    admin::{KeyCount, SealedUnder},
};

use crate::app::App;

/// Tells what is sealed under which key: a key that is on no line may go from the keyring.
#[allow(clippy::print_stdout, reason = "the program speaks to the person who started it")]
pub(crate) async fn tell(app: &App, org: &str) -> Result<(), BoxError> {
    let keys = app.two_factor.org(&OrgId::new(org)?).keys().await?;
    println!("settings: {}", words(keys.settings));
    for KeyCount { under, records } in keys.users {
        println!("{records} records: {}", words(under));
    }
    Ok(())
}

fn words(under: SealedUnder) -> String {
    match under {
        SealedUnder::Nothing => "never written".to_owned(),
        SealedUnder::Key(key) => format!("key {}", key.0),
        SealedUnder::Unknown => "nobody can tell: not written by this version".to_owned(),
    }
}

/// Seals everything under the active key, with a line for each step.
#[allow(clippy::print_stdout, reason = "the program speaks to the person who started it")]
pub(crate) async fn reseal(app: &App, org: &str) -> Result<(), BoxError> {
    let mut run = app.two_factor.org(&OrgId::new(org)?).reseal();
    let (mut records, mut unreadable) = (0, 0);
    while let Some(done) = run.next().await? {
        records += done.records;
        unreadable += done.unreadable.len();
        for user in &done.unreadable {
            println!("user {user}: the record does not open");
        }
        println!("{records} sealed anew");
    }
    if unreadable > 0 {
        return Err(
            format!("{unreadable} records do not open: reset these users, or bring their key back").into()
        );
    }
    println!("Everything is under the active key.");
    Ok(())
}
