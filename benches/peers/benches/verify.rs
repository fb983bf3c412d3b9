//! All crates in all cases by criterion, which tells how sure a number is and what changed since the last run.
//!
//!     cargo bench --bench verify --manifest-path benches/peers/Cargo.toml
//!
//! Here all are built into one program, and in that totp-rs is slower than by itself (Cargo.toml says why). The table
//! in `benches/RESULTS.md` comes from `benches/peers/table`, which builds each by itself.

use criterion::{Criterion, criterion_group, criterion_main};
use peers::{Case, PEERS, Work, floor};

fn verify(criterion: &mut Criterion) {
    for case in Case::ALL {
        let mut group = criterion.benchmark_group(case.title());
        let mut measure = |name: &str, work: Option<Work>| {
            let Some(mut work) = work else { return };
            group.bench_function(name, |bencher| bencher.iter_custom(|times| work.time(times)));
        };
        for peer in PEERS {
            measure(peer.name, peer.work(case));
        }
        measure("(bare compressions)", floor(case));
        group.finish();
    }
}

criterion_group!(benches, verify);
criterion_main!(benches);
