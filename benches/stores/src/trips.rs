//! How often a login asks the store. The same for every store, so it is counted over the one in memory.

use countersign::{Attempt, BoxError, Gate, MemoryStore, Requirement};

use crate::{
    counted::{Calls, Counted},
    portal::{Portal, admin, granted},
};

pub(crate) async fn markdown() -> Result<String, BoxError> {
    let store = Counted::new(MemoryStore::new());
    let portal = Portal::over(store.clone())?;
    let pass = portal.walk_in(&admin()).await?;
    portal.switch(&pass, Requirement::On).await?;
    let (phone, _) = portal.enroll(&admin()).await?;
    portal.next_step();

    store.take_calls();
    let Gate::AskCode(ticket) = portal.check_in(&admin()).await? else {
        return Err("not asked for a code".into());
    };
    let check_in = store.take_calls();
    let code = portal.code(&phone);
    let pass = granted(portal.two_factor.verify(Attempt::new(&ticket, &code)).await?)?;
    let verify = store.take_calls();
    let _ = portal.two_factor.resume(pass.stamp()).await?.ok_or("the session is over")?;
    let resume = store.take_calls();

    let row = |what: &str, Calls { loads, swaps }: Calls| format!("| {what} | {loads} | {swaps} |\n");
    Ok(format!(
        "| call | reads | conditional writes |\n| --- | ---: | ---: |\n{}{}{}",
        row("`check_in`, of an enrolled user", check_in),
        row("`verify`, of a right code", verify),
        row("`resume`, at every later request", resume),
    ))
}
