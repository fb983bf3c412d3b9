//! The trials of the suite, one for each clause that can be seen from outside, for users' records and settings alike.
//!
//! This file knows what must be true of a sound store. It refuses to know how answers are read and judged, which is in
//! `asking.rs`.

use super::{
    Broken, Suite, broken,
    clauses::{ATOMIC, CURRENT, FAILURE, NOTHING, ONE, READ, STALE},
    failed,
    race::race,
    records::{Key, Records},
};
use crate::{
    audit::{Actor, Event, EventKind},
    store::Swap,
    time::Timestamp,
};

impl<T: Records> Suite<'_, T> {
    pub(super) async fn nothing_comes_from_nothing(&mut self) -> Result<(), Broken> {
        let key = self.fresh().await?;
        for expected in [1, 2, 1_000, i64::MAX.unsigned_abs() - 1] {
            let swapped = self.swap(&key, expected, &bytes(expected, 40), &[]).await?;
            if swapped == Swap::Done || self.load(&key).await?.is_some() {
                let how = format!("a swap that expects revision {expected} wrote where nothing was");
                return broken(NOTHING, how);
            }
        }
        self.must_swap(&key, 0, &bytes(0, 40), NOTHING).await?;
        self.must_show(&key, 1, &bytes(0, 40), NOTHING).await?;
        if self.swap(&key, 0, &bytes(1, 40), &[]).await? == Swap::Done {
            let how = "a swap that expects that nothing is there was done although something was";
            return broken(NOTHING, how);
        }
        self.must_show(&key, 1, &bytes(0, 40), NOTHING).await
    }

    /// Tries a user who is not in the host's table: no row and no event may appear. An error is as good as `Stale`.
    pub(super) async fn nobody_is_made_up(&mut self) -> Result<(), Broken> {
        let Some(nobody) = self.nobody.take() else { return Ok(()) };
        let before = self.events(&nobody.org).await?;
        for expected in [0, 1] {
            let swapped =
                self.store().try_swap(&nobody, expected, &bytes(expected, 40), &[event(&nobody)]).await;
            let loaded = self.store().load(&nobody).await;
            if matches!(swapped, Ok(Swap::Done)) || matches!(loaded, Ok(Some(_))) {
                let instead = "answer `Stale` or an error, and make no row up";
                return broken(NOTHING, format!("{nobody} has no row, and a swap was done: {instead}"));
            }
            if self.events(&nobody.org).await? != before {
                return broken(STALE, format!("a swap for {nobody} was refused and left events"));
            }
        }
        Ok(())
    }

    pub(super) async fn what_was_written_is_read(&mut self) -> Result<(), Broken> {
        let key = self.fresh().await?;
        let lengths = (1..=300).chain((9..=16).flat_map(|power| {
            let length = 1_usize << power;
            [length - 1, length, length + 1]
        }));
        let mut revision = 0;
        for length in lengths.filter(|length| *length <= 64 * 1024) {
            let record = bytes(revision, length);
            self.must_swap(&key, revision, &record, READ).await?;
            revision += 1;
            self.must_show(&key, revision, &record, READ).await?;
        }
        // All zeros, all ones, and bytes that look like text and are none.
        for record in [vec![0; 100], vec![0xff; 100], b"\xc3\x28 '); drop table \0 \r\n%s".to_vec()] {
            self.must_swap(&key, revision, &record, READ).await?;
            revision += 1;
            self.must_show(&key, revision, &record, READ).await?;
        }
        Ok(())
    }

    pub(super) async fn stale_changed_nothing(&mut self) -> Result<(), Broken> {
        let key = self.fresh().await?;
        self.must_swap(&key, 0, &bytes(0, 40), STALE).await?;
        self.must_swap(&key, 1, &bytes(1, 40), STALE).await?;
        for expected in [0, 1, 3, 4, 1_000] {
            if self.swap(&key, expected, &bytes(9, 40), &[]).await? == Swap::Done {
                let how = format!("a swap that expects revision {expected} was done upon revision 2");
                return broken(ONE, how);
            }
            self.must_show(&key, 2, &bytes(1, 40), STALE).await?;
        }
        Ok(())
    }

    /// Tries the first swap, which is often another statement than the later ones, and a later one.
    pub(super) async fn events_come_with_their_swap(&mut self) -> Result<(), Broken> {
        if self.count_events.is_none() {
            return Ok(());
        }
        let key = self.fresh().await?;
        let two = [event(&key), event(&key)];
        for revision in [0, 1] {
            let before = self.events(&key.org).await?;
            self.must_swap_with(&key, revision, &bytes(revision, 40), &two, NOTHING).await?;
            let there = self.events(&key.org).await?;
            if there != before + 2 {
                let how = format!(
                    "two events were handed in with the swap upon revision {revision}, which was done, \
                     and there are {} more",
                    there.saturating_sub(before)
                );
                return broken(ATOMIC, how);
            }
            for stale in [0, 7] {
                let _ = self.swap(&key, stale, &bytes(9, 40), &two).await?;
                if self.events(&key.org).await? != there {
                    return broken(STALE, "a stale swap left events");
                }
            }
        }
        Ok(())
    }

    pub(super) async fn records_do_not_mix(&mut self) -> Result<(), Broken> {
        let mut keys = vec![self.fresh().await?, self.fresh().await?];
        for (n, key) in (0_u64..).zip(&keys) {
            self.must_swap(key, 0, &bytes(n, 60), READ).await?;
        }
        // Also one user's id in another's org: ids are told apart by both together. If records are columns of the
        // host's own table there is no such user, and then there must be no such record either.
        let [one, two] = [0, 1].map(|n| keys[n].clone());
        let crossed =
            [Key { user: two.user.clone(), ..one.clone() }, Key { user: one.user.clone(), ..two.clone() }];
        for key in crossed.into_iter().filter(|key| *key != one && *key != two) {
            let record = bytes(keys.len() as u64, 60);
            if matches!(self.store().load(&key).await, Ok(Some(_))) {
                return broken(READ, format!("nothing was written for {key}, and another's record is read"));
            }
            // With the revision that the two others have; then as a first write.
            if matches!(self.store().try_swap(&key, 1, &record, &[]).await, Ok(Swap::Done)) {
                return broken(
                    READ,
                    format!("nothing was written for {key}, and another's record was swapped"),
                );
            }
            if matches!(self.store().try_swap(&key, 0, &record, &[]).await, Ok(Swap::Done)) {
                keys.push(key);
            }
        }
        // One of them changes; the others stay as they were.
        self.must_swap(&keys[1], 1, &bytes(99, 60), READ).await?;
        for (n, key) in (0_u64..).zip(&keys) {
            let (revision, record) = if n == 1 { (2, bytes(99, 60)) } else { (1, bytes(n, 60)) };
            self.must_show(key, revision, &record, READ).await?;
        }
        Ok(())
    }

    /// Checks that what was done through one way is read at once through every other.
    pub(super) async fn reads_are_current(&mut self) -> Result<(), Broken> {
        let key = self.fresh().await?;
        for revision in 0..32 {
            let writer = &self.through[self.dice.below(self.through.len())];
            let record = bytes(revision, 50);
            let swapped = writer.try_swap(&key, revision, &record, &[]).await;
            let swapped = swapped.map_err(|error| failed(FAILURE, "a swap failed", error))?;
            if swapped != Swap::Done {
                let how = format!("a swap through another way was not seen: stale at {revision}");
                return broken(CURRENT, how);
            }
            for reader in &self.through {
                let read = reader.load(&key).await;
                let read = read.map_err(|error| failed(FAILURE, "a load failed", error))?;
                if read.is_none_or(|stored| stored.revision != revision + 1 || stored.record != record) {
                    let how = format!("revision {} was done and is not what is read", revision + 1);
                    return broken(CURRENT, how);
                }
            }
        }
        Ok(())
    }

    /// Lets 64 racers swap upon one revision, each held up at random wherever it waits.
    pub(super) async fn one_of_many(&mut self, upon: u64) -> Result<(), Broken> {
        for _ in 0..8 {
            let key = self.fresh().await?;
            for revision in 0..upon {
                self.must_swap(&key, revision, &bytes(revision, 40), ONE).await?;
            }
            let records: Vec<Vec<u8>> = (0..64).map(|n| bytes(1_000 + n, 40)).collect();
            let events = [event(&key)];
            let before = self.events(&key.org).await?;
            let (through, key_of_all, events_of_all) = (&self.through, &key, &events);
            let racers = records.iter().enumerate().map(|(n, record)| async move {
                // Reading first, as the library does, so that every racer has seen the same.
                let store = &through[n % through.len()];
                store.load(key_of_all).await?;
                store.try_swap(key_of_all, upon, record, events_of_all).await
            });
            let swaps = race(&mut self.dice, racers.collect()).await;
            let mut winners = Vec::new();
            for (swapped, record) in swaps.into_iter().zip(&records) {
                let among = format!("one of 64 swaps upon revision {upon} at once failed");
                if swapped.map_err(|error| failed(FAILURE, &among, error))? == Swap::Done {
                    winners.push(record);
                }
            }
            let [winner] = winners[..] else {
                let how = format!("of 64 swaps upon revision {upon} at once, {} were done", winners.len());
                return broken(ONE, how);
            };
            self.must_show(&key, upon + 1, winner, ONE).await?;
            if self.count_events.is_some() && self.events(&key.org).await? != before + 1 {
                return broken(STALE, "of 64 swaps at once one was done, and not one event is there");
            }
        }
        Ok(())
    }
}

/// Makes bytes that differ with `seed` and look like nothing.
pub(super) fn bytes(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[0]
        })
        .collect()
}

fn event(key: &Key) -> Event {
    Event {
        at: Timestamp::from_unix(1_800_000_000),
        org: key.org.clone(),
        user: key.user.clone(),
        by: Actor::Host,
        kind: EventKind::SessionsEnded,
        seen_from: None,
        checked_in_from: None,
    }
}
