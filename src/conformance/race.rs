//! Many futures at once without a runtime, each held up at random wherever it waits.

use std::{
    future::poll_fn,
    hash::{BuildHasher, RandomState},
    pin::Pin,
    task::Poll,
};

/// Random enough for scheduling, and without a dependency: a hasher that the standard library seeds at random.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new() -> Self {
        Self(RandomState::new().hash_one(0) | 1)
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        // The high half, which is the better one; the remaining bias does not matter here.
        usize::try_from((self.0 >> 32) % bound as u64).unwrap_or(0)
    }
}

/// Drives all futures to their ends, and returns their results in their order.
///
/// At each turn, every future that is left is polled or held up by the toss of a coin, in an order that is drawn again
/// each time. So stores that read first and write later do so in every possible order.
pub(super) async fn race<F: Future>(dice: &mut Dice, futures: Vec<F>) -> Vec<F::Output> {
    let mut left: Vec<(usize, Pin<Box<F>>)> = futures.into_iter().map(Box::pin).enumerate().collect();
    let mut done: Vec<(usize, F::Output)> = Vec::new();
    poll_fn(|context| {
        let mut held_up = false;
        let mut at = 0;
        while at < left.len() {
            let other = at + dice.below(left.len() - at);
            left.swap(at, other);
            if dice.below(2) == 0 {
                held_up = true;
                at += 1;
                continue;
            }
            match left[at].1.as_mut().poll(context) {
                Poll::Ready(output) => done.push((left.swap_remove(at).0, output)),
                Poll::Pending => at += 1,
            }
        }
        if left.is_empty() {
            return Poll::Ready(());
        }
        if held_up {
            // Nobody else wakes those that were not polled.
            context.waker().wake_by_ref();
        }
        Poll::Pending
    })
    .await;
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, output)| output).collect()
}
