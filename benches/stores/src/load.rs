//! Many tasks that read and write one store for a while.

use std::{
    hash::{BuildHasher, RandomState},
    sync::Arc,
    time::{Duration, Instant},
};

use countersign::{BoxError, UserStore, store::Swap};
use tokio::task::JoinSet;

use crate::{population::Population, waits::Waits};

/// Runs tasks, each of which reads a user's record and writes the next one, then another user's, each as soon as the one
/// before was answered. What counts is how long a task waited for both together.
pub(crate) async fn run<S>(
    store: &S,
    population: &Arc<Population>,
    users: u64,
    tasks: usize,
    span: Duration,
) -> Result<Waits, BoxError>
where
    S: UserStore + Clone,
{
    let mut running = JoinSet::new();
    let begin = Instant::now();
    for _ in 0..tasks {
        let (store, population) = (store.clone(), Arc::clone(population));
        running.spawn(async move {
            let (mut waits, mut dice) = (Waits::default(), RandomState::new().hash_one(0) | 1);
            while begin.elapsed() < span {
                dice ^= dice << 13;
                dice ^= dice >> 7;
                dice ^= dice << 17;
                let asked = Instant::now();
                match population.log_in(&store, dice % users).await {
                    Ok(Swap::Done) => waits.add(asked.elapsed()),
                    // Two tasks met at one user.
                    Ok(Swap::Stale) => {}
                    Err(_) => waits.add_failure(asked.elapsed()),
                }
            }
            waits
        });
    }
    let mut all = Waits::default();
    for waits in running.join_all().await {
        all.extend(waits);
    }
    all.took(begin.elapsed());
    if all.is_empty() { Err("nothing was done at all".into()) } else { Ok(all) }
}
