//! Moving in: users keep the authenticator app that they have from another system.

use std::{fs, path::Path};

use countersign::{
    BoxError, Verdict,
    admin::{Entry, Import, Line, key_list},
};
use zeroize::Zeroizing;

use crate::{app::App, desk::Desk, words};

/// What became of a list.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) imported: u32,
    pub(crate) there_already: u32,
    /// Why lines were refused, by their numbers.
    pub(crate) refused: Vec<(u64, String)>,
}

/// Imports a list of login names and keys. A refused line does not stop the others, and the whole list can be imported
/// again: what is there already stays as it is.
pub(crate) async fn import(app: &App, file: &Path, desk: &Desk) -> Result<Outcome, BoxError> {
    let list = Zeroizing::new(fs::read(file)?);
    let mut outcome = Outcome::default();
    for Line { number, entry, .. } in key_list(&**list)? {
        let imported = match entry {
            Ok(entry) => one(app, desk, &entry).await,
            Err(why) => Err(why.into()),
        };
        match imported {
            Ok(Import::Done) => outcome.imported += 1,
            Ok(Import::AlreadyThere) => outcome.there_already += 1,
            Err(why) => outcome.refused.push((number, why.to_string())),
        }
    }
    Ok(outcome)
}

/// The list has login names. The portal knows the ids.
async fn one(app: &App, desk: &Desk, entry: &Entry) -> Result<Import, BoxError> {
    let login = entry.user.as_str();
    let user = app.people.by_login(login).await?;
    let user = user.ok_or_else(|| format!("{login}: nobody has this login name"))?;
    match desk.support(app).import(&user.org, &user.id(), &entry.key, &desk.reason).await? {
        Verdict::Granted(import) => Ok(import),
        Verdict::Refused(refusal) => Err(format!("{login}: {}", words::act_refused(refusal)).into()),
    }
}
