//! The store in etcd beside bare puts through the same client, and how much room it takes there.

mod bare;
mod node;
mod switch;

use std::{fmt::Write as _, sync::Arc};

use countersign::{BoxError, store::etcd::EtcdStore};

use self::{bare::Bare, node::Node};
use crate::{
    Options, load, page,
    population::Population,
    waits::{Waits, thousands},
};

const USERS: u32 = 100_000;
/// The number of turns. Whatever else the machine does then hits both alike.
const TURNS: usize = 5;
/// What etcd suggests as the most for a quota.
const SUGGESTED_MOST: f64 = 8.0 * 1024.0 * 1024.0 * 1024.0;

pub(crate) async fn markdown(options: &Options) -> Result<String, BoxError> {
    let population = Arc::new(Population::of_one().await?);
    let node = Node::start(&options.folder)?;
    let store = EtcdStore::new([node.endpoint()], &EtcdStore::options(), "portal")?;
    eprintln!("enrolling {USERS} users");
    let empty = node.bytes().await?;
    population.enroll(&store, USERS.into()).await?;
    Population::tell(&store).await?;
    let enrolled = node.bytes().await?;
    let rates = rates(&node, &store, &population, options).await?;
    node.forget_bare_puts().await?;
    let with_trail = node.bytes().await?;
    let memory = node.memory()?;
    let events = node.forget_events().await?;
    let without_trail = node.bytes().await?;

    let mut page = format!("{rates}\n| | bytes | in 8 GiB |\n| --- | ---: | ---: |\n");
    for (what, bytes, how_many) in [
        ("a user: record and summary", without_trail - empty, f64::from(USERS)),
        ("the same with the events of the enrollment", enrolled - empty, f64::from(USERS)),
        ("an event", with_trail - without_trail, events),
    ] {
        let each = bytes / how_many;
        writeln!(page, "| {what} | {each:.0} | {} |", thousands(SUGGESTED_MOST / each))?;
    }
    writeln!(
        page,
        "\nA sealed record has {} bytes. With {} keys in it the server takes {:.0} MB of memory \
         after a start.",
        population.record_bytes(),
        thousands(events + 2.0 * f64::from(USERS)),
        memory / 1e6
    )?;
    drop(node);
    Ok(format!("{page}\n{}", switch::markdown(options).await?))
}

async fn rates(
    node: &Node,
    store: &EtcdStore,
    population: &Arc<Population>,
    options: &Options,
) -> Result<String, BoxError> {
    let bare = Bare::at(node.endpoint()).await?;
    let mut table = format!(
        "On {}; {}, one node; of {} users:\n\n| tasks | | {} |\n| ---: | --- | ---: | ---: | ---: | ---: | ---: |\n",
        page::machine(&options.folder),
        node.version().await?,
        thousands(USERS.into()),
        Waits::TITLES,
    );
    for tasks in [1, 8, 64] {
        let (mut by_ours, mut by_bare) = (Waits::default(), Waits::default());
        for turn in 1..=TURNS {
            eprintln!("{tasks} tasks, turn {turn} of {TURNS}");
            by_ours.extend(load::run(store, population, USERS.into(), tasks, options.span).await?);
            by_bare.extend(load::run(&bare, population, USERS.into(), tasks, options.span).await?);
        }
        for (name, waits) in [("`EtcdStore`: a load and a swap", &by_ours), ("a bare put", &by_bare)] {
            writeln!(table, "| {tasks} | {name} | {} |", waits.cells())?;
        }
        eprintln!("{tasks} tasks: {} and {} failures", by_ours.failures(), by_bare.failures());
    }
    Ok(table)
}
