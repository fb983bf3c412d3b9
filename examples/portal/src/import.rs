//! Moving in: users go on with the authenticator app that they have from another system.

use std::{fs, path::Path};

use countersign::{
    BoxError, Verdict,
    admin::{Entry, Import, Line, Support, key_list},
    audit::{Operator, Reason},
};
use zeroize::Zeroizing;

use crate::app::App;

/// What became of a list.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) imported: u32,
    pub(crate) there_already: u32,
    /// Why lines were refused, by their numbers.
    pub(crate) refused: Vec<(u64, String)>,
}

/// Takes in a list of login names and keys. A line that is refused keeps no other from being imported, and the whole
/// list can be imported again: what is there already stays as it is.
pub(crate) async fn import(
    app: &App,
    file: &Path,
    operator: &str,
    reason: &str,
) -> Result<Outcome, BoxError> {
    let operator = Operator::new(operator).map_err(|error| format!("the operator's name {error}"))?;
    let reason = Reason::new(reason).map_err(|error| format!("the reason {error}"))?;
    let support = Support::new(&app.two_factor, operator);
    let list = Zeroizing::new(fs::read_to_string(file)?);
    let mut outcome = Outcome::default();
    for Line { number, entry, .. } in key_list(&list)? {
        let imported = match entry {
            Ok(entry) => one(app, &support, &entry, &reason).await,
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

/// The list names people as they sign in; which number that is, this portal knows.
async fn one(app: &App, support: &Support, entry: &Entry, reason: &Reason) -> Result<Import, BoxError> {
    let login = entry.user.as_str();
    let user = app.people.by_login(login).await?;
    let user = user.ok_or_else(|| format!("{login}: nobody has this login name"))?;
    match support.import(&user.org, &user.id(), &entry.key, reason).await? {
        Verdict::Granted(import) => Ok(import),
        Verdict::Refused(refusal) => Err(format!("{login}: {refusal}").into()),
    }
}
