//! What it costs to switch the requirement off and on, beside a rewrite of every user's record.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use countersign::{BoxError, store::etcd::EtcdStore};
use etcd_client::{Client, GetOptions, KvClient, Txn, TxnOp};

use super::node::Node;
use crate::{
    Options,
    counted::Counted,
    population::Population,
    portal::org,
    switch::off_and_on,
    waits::{milliseconds, thousands},
};

/// A million keep a node busy for a quarter of an hour before anything can be measured.
const USERS: [u32; 2] = [10, 100_000];
/// As many puts as etcd takes in one transaction unless told otherwise.
const AT_ONCE: usize = 128;

pub(super) async fn markdown(options: &Options) -> Result<String, BoxError> {
    let mut table =
        "| enrolled users | off and on | writes to the store | a rewrite of every record instead |\n\
         | ---: | ---: | ---: | ---: |\n"
            .to_owned();
    for users in USERS {
        eprintln!("enrolling {users} users");
        let node = Node::start(&options.folder)?;
        let store = Counted::new(EtcdStore::new([node.endpoint()], &EtcdStore::options(), "portal")?);
        Population::of_one().await?.enroll(&store, users.into()).await?;
        let (took, swaps) = off_and_on(&store).await?;
        let rewrite = rewrite_of_every_record(node.endpoint(), users).await?;
        let users = thousands(users.into());
        writeln!(table, "| {users} | {} | {swaps} | {} |", milliseconds(took), milliseconds(rewrite))?;
    }
    Ok(table)
}

/// What a portal does whose records say themselves whether they count: it has to write each, and etcd has no
/// statement that does so for all. It reads them by ranges of ids, since etcd counts what a range has beyond a limit.
async fn rewrite_of_every_record(endpoint: &str, users: u32) -> Result<Duration, BoxError> {
    let client: KvClient = Client::connect([endpoint], None).await?.kv_client();
    let key = |number: u32| format!("portal/users/{}/user-{number:08}", org());
    let begin = Instant::now();
    let mut rewritten = 0;
    for from in (0..users).step_by(AT_ONCE) {
        let upto = from.saturating_add(u32::try_from(AT_ONCE)?);
        let page = GetOptions::new().with_range(key(upto));
        let page = client.clone().get(key(from), Some(page)).await?;
        let puts: Vec<TxnOp> = page.kvs().iter().map(|kv| TxnOp::put(kv.key(), kv.value(), None)).collect();
        rewritten += puts.len();
        client.clone().txn(Txn::new().and_then(puts)).await?;
    }
    assert_eq!(rewritten, usize::try_from(users)?, "every one is written");
    Ok(begin.elapsed())
}
