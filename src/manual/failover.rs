//! PostgreSQL that fails over: how to keep every promise, and what to do when one was not kept.
//!
//! [What to configure](#what-to-configure) · [What was measured](#what-was-measured) ·
//! [What to monitor](#what-to-monitor) · [What a loss means](#what-a-loss-means) · [After a loss](#after-a-loss)
//!
//! A primary dies, and a standby takes its place. Whatever the dead one acknowledged and the new one has not heard of is
//! gone: codes that were spent are good again, guesses are not counted, a reset has not happened. Nothing in this library
//! can see that, since the database that is left agrees with itself. So nothing may be acknowledged before a standby has
//! it, and only such a standby may take over.
//!
//! # What to configure
//!
//! Three servers, of which one is the primary. With Patroni, which is what this is tested with:
//!
//! | setting | value | why |
//! | --- | --- | --- |
//! | `synchronous_mode` | `true` | a commit waits for a standby, and no other than that one is promoted |
//! | `synchronous_mode_strict` | `true` | without it Patroni goes on with no standby at all when there is none, and you have what is shown [below](#what-was-measured) under "asynchronous" |
//! | standbys | two | with one, its death stops all writes; with two, the other one takes over as the synchronous one |
//! | `ttl` | as short as your network bears; 20 is Patroni's least | it is most of the outage after a primary died together with its agent, and of the wait for a standby that hangs |
//! | `primary_start_timeout` (`master_start_timeout` before Patroni 3.0) | `0` | or a server that died is restarted for up to five minutes before another takes over |
//! | `synchronous_commit` | `on`, for every role and database that the portals use | `local` or `off` does not wait for the standby. The store refuses that when it is opened |
//! | `use_pg_rewind`, and `data-checksums` for it | on | the dead primary comes back as a standby by itself |
//!
//! *Which Patroni.* At least 3.1.2. Before 3.0.3, where it is told to speak etcd's newer protocol (`etcd3:`), a primary
//! that hung and wakes up writes itself over the name of its successor in etcd, which gives way and is rewound: all that was
//! acknowledged since is lost, synchronous or not (it is shown [below](#what-was-measured)). Debian 12 has 3.0.2: there use
//! `etcd:`, and start etcd with `--enable-v2`. 3.1.0 and 3.1.2 closed two more ways to an unfit primary. A watchdog, which
//! ends a server whose agent hangs, is worth having with any of them.
//!
//! Other managers have the same under other names: PostgreSQL's own setting is `synchronous_standby_names`, and what
//! matters is that nobody empties it to keep writes going, and that only a standby named in it is promoted.
//!
//! *The way there.* Portals connect to whoever is the primary, through a proxy that asks the agent (HAProxy:
//! `option httpchk GET /primary`) and cuts connections when it is no longer one (`on-marked-down shutdown-sessions`). A
//! portal that lands at a standby gets an error, not the past.
//!
//! *Reads.* All from the primary. One that hung while another took over and wakes up again may for a moment show the past, such
//! as a session that has just been ended; but it cannot write any more, since no standby acknowledges that, and no code is
//! accepted without a write.
//!
//! # What was measured
//!
//! `tests/failover` of the repository starts three servers under Patroni, an etcd and HAProxy on one machine, with the
//! settings above. Three portals, processes of their own, log in (the same codes in all three at once), guess, reset and
//! switch a requirement, some 70 writes a second, while the servers are harmed. Each writes down what was acknowledged to
//! it. In the end all of that is looked for, write by write, and each last code that let somebody in is typed again.
//! `cargo run -p failover -- sync` does it on your machine in three minutes, `async` in one.
//!
//! On 24 November 2026, with PostgreSQL 15.18, Patroni 3.0.2, etcd 3.4.23 and HAProxy 2.6.12 of Debian 12 and `ttl: 20`, on
//! two busy cores; where it ran more than once, the shortest and the longest:
//!
//! | synchronous, strict, two standbys | no write acknowledged for | acknowledged writes missing | codes accepted again |
//! | --- | ---: | ---: | ---: |
//! | `kill -9` of the primary and its agent | 24.4 to 29.8 s | 0 | 0 |
//! | a switchover | 3.4 to 8.1 s | 0 | 0 |
//! | `kill -9` of the synchronous standby | 0.1 to 0.8 s | 0 | 0 |
//! | the synchronous standby hangs | 19.3 to 20.6 s | 0 | 0 |
//! | the primary hangs, and wakes up after another took over | 27.5 s | 0 of 4,414 | 0 |
//! | the same, with Patroni 3.0.2 and `etcd3:` | 26.1 and 26.8 s | 228 of 3,183 and 245 of 3,461 | 0 |
//!
//! During an outage calls fail with `Unavailable`; with `OutcomeUnknown` only those that were under way when it began:
//! between none and 51 for each fault.
//!
//! Asynchronous, with standbys that hear nothing of the last two seconds, and a `kill -9` of the primary: in four
//! runs 193 to 228 of about 460 acknowledged writes were missing. Among them were resets, counted guesses, enrollments and
//! switches of the requirement; and each of the six codes that had let somebody in last let him in again. So it is not a
//! rare accident: whatever the lag holds is lost every time.
//!
//! # What to monitor
//!
//! *That there is a synchronous standby*, on the primary. None is an alarm: all writes wait, so nobody logs in with a
//! code. Only asynchronous ones means that strictness was lost on the way:
//!
//! ```sql
//! SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum');
//! SHOW synchronous_standby_names;  -- never empty
//! ```
//!
//! *How far each standby lags*, in bytes. What the next synchronous one lags behind, it must make up before writes go on:
//!
//! ```sql
//! SELECT application_name, sync_state, pg_wal_lsn_diff(pg_current_wal_lsn(), flush_lsn) FROM pg_stat_replication;
//! ```
//!
//! *Writes that hang*, for longer than a second:
//!
//! ```sql
//! SELECT pid, now() - state_change AS waits FROM pg_stat_activity
//! WHERE wait_event = 'SyncRep' AND now() - state_change > '1 s';
//! ```
//!
//! Do not clear them up: `pg_cancel_backend` makes them succeed without a standby. Where the server's log says
//! `canceling wait for synchronous replication`, a write was acknowledged that a failover may lose.
//!
//! *The portal's errors*, by [`ErrorKind`](crate::ErrorKind). `OutcomeUnknown` is rare: each is a commit that was under
//! way when its server died, or that waited for a standby for longer than the store's patience (ten seconds). Some at
//! once tell of a failover, a steady trickle tells of a standby that is too slow. `Unavailable` is the outage itself. No
//! user loses anything by either: he types the next code.
//!
//! *Each change of the primary* (Patroni's `/history`, `pg_control_checkpoint().timeline_id`). Whether it was one without a
//! loss should be written down by whoever is on call.
//!
//! # What a loss means
//!
//! A failover to an asynchronous standby loses the last writes, as many as it lagged behind. A restore from a backup loses
//! all since then. (A restore to a point in time from an archive of the log is a backup of that point.) In both the
//! database is what it was at one moment, for all users and orgs alike, and forgets:
//!
//! | what was lost | what is accepted again | how long |
//! | --- | --- | --- |
//! | a code was accepted | the same code | until its window is over: a minute and a half after it was first shown, by default |
//! | a guess was counted | as many further guesses as were forgotten, ten at most by default before the stop | once |
//! | an account was blocked | guesses by somebody who knows the password | until it is blocked again |
//! | a reset, a replacement, an end of trust | the authenticator, the sessions (stamps) and the tickets from before | authenticators for ever, stamps for up to 12 hours |
//! | an enrollment | nothing: the user has to enroll again, and his new authenticator is void. Until then whoever knows the password may enroll in his place | |
//! | the requirement was switched on, or mandated | everybody without a code | until it is switched on again |
//! | the requirement was switched off | nothing: codes are asked for | |
//! | events | the trail does not show any of it | |
//!
//! # After a loss
//!
//! After a failover whose new primary may have missed something, and after every restore, keep the portals stopped until
//! this is done. A backup of a day ago and a lag of a second differ in how much is gone, not in kind.
//!
//! 1. *Wait* until the windows of all codes from before are over: two minutes with the default window. From then on no
//!    spent code is good.
//! 2. *See whether anything else was lost.* A copy of the trail elsewhere (a log that events are shipped to) tells:
//!    resets, ends of trust, requirements that were changed, accounts that were blocked. A handful is done again one by
//!    one, with [`Support::reset`](crate::Support::reset), [`TwoFactor::end_trust`](crate::TwoFactor::end_trust) and
//!    [`Support::require`](crate::Support::require).
//! 3. *If you do not know, begin a new epoch* for each org whose requirement is on: off and on, which voids every
//!    authenticator and ticket of the org in two small writes, however many users it has.
//! 4. *End the sessions* in your own table of them. A stamp of an earlier epoch is refused only where the org's settings
//!    say that running sessions [`End`](crate::RunningSessions::End), and one whose end was lost looks like any other.
//!
//! ```no_run
//! # async fn example(support: countersign::Support, org: countersign::OrgId) -> Result<(), Box<dyn std::error::Error>> {
//! use countersign::{Requirement, audit::Reason};
//!
//! let reason = Reason::new("restored from the backup of last night")?;
//! support.in_org(&org, &reason).require(Requirement::Off).await?;
//! support.in_org(&org, &reason).require(Requirement::On).await?; // or Mandated, if it was
//! # Ok(()) }
//! ```
//!
//! Run it while no portal does: in between nobody is asked for a code. An epoch is drawn at random, so that what was
//! handed out under a lost one stays void. The price is that everybody enrolls anew, and that until then a password is
//! enough for that, as after every reset: it is worth it after a restore, and not for a second of lag that the copy of the
//! trail accounts for.
//!
//! The copy of the trail is therefore worth having: read it with `PostgresStore::events`, page by page, and ship it to
//! where a restore of this database does not reach.
