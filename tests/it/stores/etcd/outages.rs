//! Clusters of a test's own that lose their leader, are torn apart, are full, or ask who is there.

use std::{future::Future, time::Duration};

use countersign::store::{
    Swap,
    etcd::{EtcdError, EtcdStore},
};
use etcd_client::{AlarmAction, AlarmOptions, AlarmType, CompactionOptions, Permission};
use tokio::{sync::mpsc, task::JoinSet, time::timeout};

use super::{cluster::Cluster, revision, swap, swap_in, writes_in_the_trail};

/// Nothing here takes a tenth of this.
async fn in_time<T>(what: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(60), what).await.expect("the cluster is there again within a minute")
}

/// Asks again and again, as users do who are told to.
async fn at_last<T, F: Future<Output = Result<T, EtcdError>>>(call: impl Fn() -> F) -> T {
    in_time(async {
        loop {
            match call().await {
                Ok(answer) => return answer,
                Err(error) => assert!(is_outage(&error), "{error:?}"),
            }
        }
    })
    .await
}

fn is_outage(error: &EtcdError) -> bool {
    matches!(error, EtcdError::Unavailable(_) | EtcdError::TimedOut(_))
}

/// R1, R4: what was acknowledged is there after the leader's death, once; what was not is there as a whole or not at
/// all; and nobody starts anything anew.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_is_killed_under_load_takes_nothing_with_it_that_was_acknowledged() {
    let Some(cluster) = Cluster::or_skip(3, &[]) else { return };
    let (won, mut wins) = mpsc::channel(1_000);
    let mut racers = JoinSet::new();
    for n in 0..6 {
        let (store, won) = (cluster.store_from(n % 3 + 1), won.clone());
        racers.spawn(async move {
            let mut outages = 0;
            loop {
                let swapped = async {
                    let seen = revision(&store, "ann").await?;
                    Ok((seen + 1, swap(&store, "ann", seen).await?))
                };
                match swapped.await {
                    Ok((revision, Swap::Done)) => {
                        if won.send(revision).await.is_err() {
                            return outages;
                        }
                    }
                    Ok((_, Swap::Stale)) => {}
                    Err(error) => {
                        assert!(is_outage(&error), "{error:?}");
                        outages += 1;
                    }
                }
            }
        });
    }
    drop(won);
    let mut acknowledged = Vec::new();
    let leader = cluster.leader();
    for then in [Some(Cluster::kill as fn(&Cluster, usize)), Some(Cluster::revive), None] {
        for _ in 0..100 {
            acknowledged.push(in_time(wins.recv()).await.unwrap());
        }
        if let Some(then) = then {
            then(&cluster, leader);
        }
    }
    wins.close();
    while let Some(revision) = wins.recv().await {
        acknowledged.push(revision);
    }
    let outages: usize = racers.join_all().await.into_iter().sum();
    assert!(outages > 0, "somebody was talking to the leader");

    let all_winners = acknowledged.len();
    acknowledged.sort_unstable();
    acknowledged.dedup();
    assert_eq!(acknowledged.len(), all_winners, "at most one winner for each revision");
    for node in 1..=3 {
        let store = cluster.store_at(node);
        let last = revision(&store, "ann").await.unwrap();
        // Each write with its event, once, those among them that were not acknowledged.
        let every_one: Vec<u64> = (1..=last).collect();
        assert_eq!(writes_in_the_trail(&store, "ann").await, every_one);
        assert!(acknowledged.iter().all(|revision| *revision <= last));
    }
}

/// R1, R4: a node that is cut off from the others, be it the leader of before, tells nothing old and acknowledges
/// nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_minority_neither_serves_the_past_nor_acknowledges_anything() {
    let Some(cluster) = Cluster::apart_or_skip(3) else { return };
    let cut_off = cluster.leader();
    let (there, elsewhere) = (cluster.store_at(cut_off), cluster.store_from(cut_off % 3 + 1));
    assert_eq!(swap(&there, "ann", 0).await.unwrap(), Swap::Done);

    cluster.cut_off(cut_off);
    let on_the_way = swap(&there, "ann", 1).await;
    assert!(on_the_way.as_ref().is_err_and(is_outage), "{on_the_way:?}");
    let swapped = at_last(|| swap(&elsewhere, "ann", 1)).await;
    // Stale, if one that was said to have failed had happened. No further one is upon it.
    assert_eq!(revision(&elsewhere, "ann").await.unwrap(), 2, "{swapped:?}");
    for _ in 0..3 {
        let read = revision(&there, "ann").await;
        assert!(read.as_ref().is_err_and(is_outage), "{read:?}");
        for upon in [0, 1, 2] {
            let written = swap(&there, "ann", upon).await;
            assert!(written.as_ref().is_err_and(is_outage), "{written:?}");
        }
    }
    // Whoever knows the others reads there.
    assert_eq!(revision(&cluster.store_from(cut_off), "ann").await.unwrap(), 2);

    cluster.heal(cut_off);
    assert_eq!(at_last(|| revision(&there, "ann")).await, 2);
    assert_eq!(writes_in_the_trail(&there, "ann").await, [1, 2]);
    assert_eq!(at_last(|| swap(&there, "ann", 2)).await, Swap::Done);
}

/// R10: the alarm is an error of its own, and no record is without its event.
#[tokio::test]
async fn a_full_database_says_so_and_writes_nothing_by_halves() {
    let Some(cluster) = Cluster::or_skip(1, &["--quota-backend-bytes=1000000"]) else { return };
    let store = cluster.store_at(1);
    let record = || vec![7; 40_000];
    let mut expected = 0;
    let full = loop {
        match swap_in(&store, "ann", expected, record(), 1).await {
            Ok(Swap::Done) => expected += 1,
            other => break other,
        }
    };
    assert!(matches!(full, Err(EtcdError::Full(_))), "{full:?}");
    let written = revision(&store, "ann").await.unwrap();
    // etcd says of the very write that fills the database that it failed, although it happened.
    assert!(written == expected || written == expected + 1, "{written} after {expected}");
    let every_one: Vec<u64> = (1..=written).collect();
    assert_eq!(writes_in_the_trail(&store, "ann").await, every_one);
    for _ in 0..3 {
        let full = swap(&store, "ann", written).await;
        assert!(matches!(full, Err(EtcdError::Full(_))), "{full:?}");
        assert_eq!(writes_in_the_trail(&store, "ann").await, every_one);
    }

    // What an operator does then.
    let mut client = cluster.client(None).await;
    let now = client.get("nothing", None).await.unwrap().header().unwrap().revision();
    client.compact(now, Some(CompactionOptions::new().with_physical())).await.unwrap();
    client.defragment().await.unwrap();
    let alarms = client.alarm(AlarmAction::Get, AlarmType::Nospace, None).await.unwrap();
    for alarm in alarms.alarms() {
        let mut raised_by = AlarmOptions::new();
        raised_by.with_member(alarm.member_id());
        client.alarm(AlarmAction::Deactivate, AlarmType::Nospace, Some(raised_by)).await.unwrap();
    }
    assert_eq!(swap(&store, "ann", written).await.unwrap(), Swap::Done);
}

#[tokio::test]
async fn a_user_may_do_beneath_the_prefix_what_their_role_may_and_a_lost_token_is_renewed() {
    let Some(cluster) = Cluster::or_skip(1, &[]) else { return };
    let mut client = cluster.client(None).await;
    for (name, role) in [("root", "root"), ("portal", "portal"), ("other", "other")] {
        client.user_add(name, format!("password of {name}"), None).await.unwrap();
        client.role_add(role).await.unwrap();
        client.user_grant_role(name, role).await.unwrap();
    }
    client.role_grant_permission("portal", Permission::read_write("portal/").with_prefix()).await.unwrap();
    client.role_grant_permission("other", Permission::read_write("other/").with_prefix()).await.unwrap();
    client.auth_enable().await.unwrap();

    let as_user = |name: &str, password: &str| {
        let options = EtcdStore::options().with_user(name, password);
        EtcdStore::new([&cluster.endpoints[0]], &options, "portal").unwrap()
    };
    let portal = as_user("portal", "password of portal");
    assert_eq!(swap(&portal, "ann", 0).await.unwrap(), Swap::Done);
    for refused in [cluster.store_at(1), as_user("portal", "guessed"), as_user("other", "password of other")]
    {
        let read = revision(&refused, "ann").await;
        assert!(matches!(read, Err(EtcdError::Refused(_))), "{read:?}");
        let written = swap(&refused, "ann", 1).await;
        assert!(matches!(written, Err(EtcdError::Refused(_))), "{written:?}");
    }
    assert_eq!(revision(&portal, "ann").await.unwrap(), 1);

    // The node keeps its tokens in memory.
    cluster.kill(1);
    cluster.revive(1);
    assert_eq!(at_last(|| swap(&portal, "ann", 1)).await, Swap::Done);
    assert_eq!(writes_in_the_trail(&portal, "ann").await, [1, 2]);
}
