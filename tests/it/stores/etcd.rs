//! What [`EtcdStore`] makes of its keys, and of nodes that are down, silent or forgetful. Whole clusters that break
//! are in `outages`.

mod cluster;
mod outages;
mod proxy;

use std::{net::TcpListener, sync::Arc, time::Duration};

use countersign::{
    BoxError, FirstFactor, Gate, MemoryStore, OrgId, OsRandom, Requirement, Role, SecureRandom as _,
    SettingsStore, Timestamp, TwoFactor, UserId, UserStore,
    audit::Event,
    store::{
        Change, Erasure, EventId, HeadCount, LoggedEvent, Notice, NoticeId, OrgSummary, Outbox, Records,
        RecordsRequest, Stored, Swap, UserSummary,
        etcd::{EtcdError, EtcdStore, InvalidPrefix},
    },
};
use etcd_client::{Client, CompactionOptions, DeleteOptions, GetOptions};
use tokio::task::JoinSet;

use self::proxy::{Answers, Proxy};
use crate::{
    tools,
    world::{ACME, People, granted, keyring, off_the_runtime, org, user},
};

/// A prefix that nobody else uses, on the server that runs for the tests, and a store under it.
pub struct Private {
    pub store: EtcdStore,
    endpoint: String,
    prefix: String,
}

impl Private {
    /// `None` where no server runs.
    pub fn or_skip() -> Option<Self> {
        tools::server_or_skip("COUNTERSIGN_ETCD").map(Self::at)
    }

    fn at(endpoint: String) -> Self {
        let mut dice = [0; 8];
        OsRandom.fill(&mut dice).unwrap();
        let prefix = format!("test-{:016x}", u64::from_be_bytes(dice));
        let store = EtcdStore::new([&endpoint], &EtcdStore::options(), &prefix).unwrap();
        Self { store, endpoint, prefix }
    }

    /// The same keys over connections of its own, as another process of the portal has them.
    pub fn another_client(&self) -> EtcdStore {
        self.through([&self.endpoint])
    }

    /// The same keys over these nodes.
    fn through<E: Into<String>>(&self, nodes: impl IntoIterator<Item = E>) -> EtcdStore {
        EtcdStore::new(nodes, &EtcdStore::options(), &self.prefix).unwrap()
    }

    /// How an operator gets at the keys.
    async fn client(&self) -> Client {
        Client::connect([&self.endpoint], None).await.unwrap()
    }

    fn key(&self, below: &str) -> String {
        format!("{}{below}", self.prefix)
    }

    pub async fn keys_and_values(&self) -> Vec<(String, Vec<u8>)> {
        let beneath = Some(GetOptions::new().with_prefix());
        let all = self.client().await.get(self.key("/"), beneath).await.unwrap();
        assert!(all.count() > 0);
        all.kvs().iter().map(|kv| (kv.key_str().unwrap().to_owned(), kv.value().to_vec())).collect()
    }
}

impl UserStore for Private {
    type Error = EtcdError;

    async fn load_user(&self, org: &OrgId, user: &UserId) -> Result<Option<Stored>, EtcdError> {
        self.store.load_user(org, user).await
    }

    async fn swap_user(&self, user: &UserId, change: Change<'_, UserSummary>) -> Result<Swap, EtcdError> {
        self.store.swap_user(user, change).await
    }
}

impl SettingsStore for Private {
    type Error = EtcdError;

    async fn load_settings(&self, org: &OrgId) -> Result<Option<Stored>, EtcdError> {
        self.store.load_settings(org).await
    }

    async fn swap_settings(&self, change: Change<'_, OrgSummary>) -> Result<Swap, EtcdError> {
        self.store.swap_settings(change).await
    }
}

impl Records for Private {
    type Error = EtcdError;

    async fn count(&self, org: &OrgId) -> Result<Vec<HeadCount>, EtcdError> {
        self.store.count(org).await
    }

    async fn page(&self, wanted: RecordsRequest<'_>) -> Result<Vec<UserId>, EtcdError> {
        self.store.page(wanted).await
    }
}

impl Erasure for Private {
    type Error = EtcdError;

    async fn erase(&self, org: &OrgId, user: &UserId, pseudonym: &UserId) -> Result<(), EtcdError> {
        self.store.erase(org, user, pseudonym).await
    }

    async fn erase_org(&self, org: &OrgId) -> Result<(), EtcdError> {
        self.store.erase_org(org).await
    }

    async fn remove(&self, org: &OrgId, user: &UserId, revision: u64) -> Result<Swap, EtcdError> {
        self.store.remove(org, user, revision).await
    }
}

impl Outbox for Private {
    type Error = EtcdError;

    async fn waiting(&self, after: Option<&NoticeId>, limit: u32) -> Result<Vec<Notice>, EtcdError> {
        self.store.waiting(after, limit).await
    }

    async fn acknowledge(&self, told: &[NoticeId]) -> Result<(), EtcdError> {
        self.store.acknowledge(told).await
    }
}

/// R4: an error, and no panic in a host's login. No node is asked, and none is needed.
#[test]
fn off_a_tokio_runtime_it_says_so() {
    let store = EtcdStore::new(["http://127.0.0.1:1"], &EtcdStore::options(), "nowhere").unwrap();
    let (org, ann) = (org(ACME), user("ann"));
    let (next, summary) = (Stored { revision: 1, record: vec![9] }, UserSummary::default());
    let swap = store.swap_user(&ann, Change::new(&org, 0, &next, &summary, &[]));
    let answers = [
        off_the_runtime(store.load_user(&org, &ann)).err(),
        off_the_runtime(store.load_settings(&org)).err(),
        off_the_runtime(store.events(&org, None, 9)).err(),
        off_the_runtime(swap).err(),
    ];
    for answer in answers {
        assert!(matches!(answer, Some(EtcdError::OffRuntime)), "{answer:?}");
    }
}

/// What the library writes into a trail when somebody switches the requirement on.
async fn an_event() -> Event {
    let (people, memory) = (People::default(), Arc::new(MemoryStore::new()));
    people.set(ACME, "ann", Role::MasterAdmin);
    let two_factor = TwoFactor::builder(people, Arc::clone(&memory), keyring())
        .deployment("test")
        .issuer("Acme Portal")
        .build()
        .unwrap();
    let ann = FirstFactor::accepted(&org(ACME), &user("ann"));
    let Gate::Open(pass) = two_factor.check_in(ann).await.unwrap() else { panic!("nothing is required yet") };
    granted(two_factor.admin(&pass).require(Requirement::On).await.unwrap());
    memory.events().remove(0)
}

/// Swaps in a record of so many bytes, and so many events with it.
async fn swap_in(
    store: &EtcdStore,
    id: &str,
    expected: u64,
    record: Vec<u8>,
    events: usize,
) -> Result<Swap, EtcdError> {
    let next = Stored { revision: expected + 1, record };
    let (org, summary) = (org(ACME), UserSummary::default());
    let events = vec![an_event().await; events];
    store.swap_user(&user(id), Change::new(&org, expected, &next, &summary, &events)).await
}

async fn swap(store: &EtcdStore, id: &str, expected: u64) -> Result<Swap, EtcdError> {
    swap_in(store, id, expected, vec![7; 40], 1).await
}

async fn revision(store: &EtcdStore, id: &str) -> Result<u64, EtcdError> {
    let loaded = store.load_user(&org(ACME), &user(id)).await?;
    Ok(loaded.map_or(0, |stored| stored.revision))
}

/// Which writes of a user's record are in the trail: their revisions, in ascending order, as often as they are there.
async fn writes_in_the_trail(store: &EtcdStore, id: &str) -> Vec<u64> {
    let of_user = |event: &EventId| {
        let text = event.to_string();
        let mut parts = text.split('.').skip(1);
        let revision = parts.next()?.parse().ok()?;
        (parts.nth(1)? == base64(id)).then_some(revision)
    };
    let trail = store.events(&org(ACME), None, 1_000_000).await.unwrap();
    let mut revisions: Vec<u64> = trail.iter().filter_map(|event| of_user(&event.id)).collect();
    revisions.sort_unstable();
    revisions
}

/// As the id of an event spells a user's.
fn base64(id: &str) -> String {
    use base64ct::{Base64UrlUnpadded, Encoding as _};
    Base64UrlUnpadded::encode_string(id.as_bytes())
}

/// A port that nobody listens on.
fn nobody() -> String {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    format!("http://127.0.0.1:{port}")
}

#[tokio::test]
async fn a_read_is_tried_on_the_next_node_and_a_transaction_is_not() {
    let Some(private) = Private::or_skip() else { return };
    assert_eq!(swap(&private.store, "ann", 0).await.unwrap(), Swap::Done);

    let reading = private.through([nobody(), nobody(), private.endpoint.clone()]);
    assert_eq!(revision(&reading, "ann").await.unwrap(), 1);

    let writing = private.through([nobody(), private.endpoint.clone()]);
    let failed = swap(&writing, "ann", 1).await;
    assert!(matches!(failed, Err(EtcdError::Unavailable(_))), "{failed:?}");
    assert_eq!(revision(&private.store, "ann").await.unwrap(), 1);
    // The next one goes to the next node.
    assert_eq!(swap(&writing, "ann", 1).await.unwrap(), Swap::Done);
}

#[tokio::test]
async fn where_no_node_answers_there_is_an_error_and_not_nothing() {
    let store = EtcdStore::new([nobody(), nobody()], &EtcdStore::options(), "portal").unwrap();
    let failed = revision(&store, "ann").await;
    assert!(matches!(failed, Err(EtcdError::Unavailable(_))), "{failed:?}");
    let failed = store.load_settings(&org(ACME)).await;
    assert!(matches!(failed, Err(EtcdError::Unavailable(_))), "{failed:?}");
}

#[tokio::test]
async fn a_silent_node_is_waited_for_no_longer_than_said() {
    let Some(private) = Private::or_skip() else { return };
    // The system takes the connection, and nobody reads from it.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("http://{}", silent.local_addr().unwrap());
    let patience = Duration::from_millis(200);
    let store = private.through([silent, private.endpoint.clone()]).with_patience(patience);
    let failed = swap(&store, "ann", 0).await;
    assert!(matches!(failed, Err(EtcdError::TimedOut(_))), "{failed:?}");
    assert_eq!(swap(&store, "ann", 0).await.unwrap(), Swap::Done);
}

/// R4: by whatever part of the client.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_whose_reply_was_lost_is_never_sent_again() {
    let Some(private) = Private::or_skip() else { return };
    for (id, lost) in [("ann", Answers::Swallowed), ("bob", Answers::Cut)] {
        let proxy = Proxy::to(&private.endpoint);
        let store = private.through([proxy.endpoint.clone()]).with_patience(Duration::from_secs(1));
        assert_eq!(swap(&store, id, 0).await.unwrap(), Swap::Done);
        proxy.answers_are(lost);
        let marked = b"a record that one can find among all that was sent".to_vec();
        let failed = swap_in(&store, id, 1, marked.clone(), 1).await;
        assert!(matches!(failed, Err(EtcdError::TimedOut(_) | EtcdError::Unavailable(_))), "{failed:?}");
        proxy.answers_are(Answers::Passed);
        // The store goes on over a new connection. What was cut may not have got as far as to happen.
        let mut found = revision(&store, id).await;
        while found.is_err() {
            found = revision(&store, id).await;
        }
        let found = found.unwrap();
        assert!(found == 2 || (found == 1 && lost == Answers::Cut), "{id} has revision {found}");
        assert_eq!(writes_in_the_trail(&private.store, id).await, (1..=found).collect::<Vec<_>>());
        assert_eq!(proxy.times_sent(&marked), 1);
    }
}

/// R4: nothing that this store did not write is taken for "never written".
#[tokio::test]
async fn a_value_that_nobody_can_have_written_is_damage() {
    let Some(private) = Private::or_skip() else { return };
    let mut client = private.client().await;
    for damaged in [&b""[..], b"short", &[0; 8], &[0, 0, 0, 0, 0, 0, 0, 1], &[0; 50]] {
        client.put(private.key("/users/acme/ann"), damaged, None).await.unwrap();
        client.put(private.key("/settings/acme"), damaged, None).await.unwrap();
        let loaded = revision(&private.store, "ann").await;
        assert!(matches!(&loaded, Err(EtcdError::Damaged { key }) if key.ends_with("/ann")), "{loaded:?}");
        let loaded = private.store.load_settings(&org(ACME)).await;
        assert!(matches!(loaded, Err(EtcdError::Damaged { .. })), "{loaded:?}");
    }
    assert_eq!(swap(&private.store, "bob", 0).await.unwrap(), Swap::Done);
    let [(event, _)] = &keys_below(&private, "/events/").await[..] else { panic!("one event") };
    client.put(event.as_str(), "at=noon", None).await.unwrap();
    let trail = private.store.events(&org(ACME), None, 9).await;
    assert!(matches!(trail, Err(EtcdError::Damaged { .. })), "{trail:?}");
}

/// R1: etcd's own count of a key's puts begins anew then, and nothing here depends on it.
#[tokio::test]
async fn a_record_that_an_operator_deleted_and_put_back_goes_on_at_its_revision() {
    let Some(private) = Private::or_skip() else { return };
    for expected in 0..5 {
        assert_eq!(swap(&private.store, "ann", expected).await.unwrap(), Swap::Done);
    }
    let (mut client, key) = (private.client().await, private.key("/users/acme/ann"));
    let record = client.get(key.as_str(), None).await.unwrap().kvs()[0].value().to_vec();
    client.delete(key.as_str(), None).await.unwrap();
    assert_eq!(revision(&private.store, "ann").await.unwrap(), 0);
    assert_eq!(swap(&private.store, "ann", 5).await.unwrap(), Swap::Stale, "nothing is there to follow");
    client.put(key.as_str(), record, None).await.unwrap();
    for wrong in [0, 1, 4, 6] {
        assert_eq!(swap(&private.store, "ann", wrong).await.unwrap(), Swap::Stale, "upon {wrong}");
    }
    assert_eq!(swap(&private.store, "ann", 5).await.unwrap(), Swap::Done);
    assert_eq!(revision(&private.store, "ann").await.unwrap(), 6);
}

/// The bytes of a record that follow the revision must not take part in the comparison.
#[tokio::test]
async fn a_revision_is_compared_whatever_the_record_begins_with() {
    let Some(private) = Private::or_skip() else { return };
    for (id, first) in [("low", 0), ("high", 0xff)] {
        for expected in [0, 1] {
            let swapped = swap_in(&private.store, id, expected, vec![first; 9], 0).await;
            assert_eq!(swapped.unwrap(), Swap::Done);
        }
        for wrong in [1, 3, 255, 256, 1 << 32, i64::MAX as u64 - 1] {
            assert_eq!(swap(&private.store, id, wrong).await.unwrap(), Swap::Stale, "upon {wrong}");
        }
    }
    let refused = swap(&private.store, "low", i64::MAX as u64).await;
    assert!(matches!(refused, Err(EtcdError::RevisionOutOfRange(_))), "{refused:?}");
}

#[tokio::test]
async fn a_host_lists_and_counts_by_summaries() {
    let Some(private) = Private::or_skip() else { return };
    let (acme, summary) = (org(ACME), UserSummary::default());
    for id in ["ann", "a/b", "größe"] {
        let next = Stored { revision: 1, record: vec![1] };
        let swapped = private.swap_user(&user(id), Change::new(&acme, 0, &next, &summary, &[])).await;
        assert_eq!(swapped.unwrap(), Swap::Done);
    }
    let counting = Some(GetOptions::new().with_prefix().with_count_only());
    let mut client = private.client().await;
    assert_eq!(client.get(private.key("/user-summaries/acme/"), counting).await.unwrap().count(), 3);

    let world = crate::world::World::in_etcd().unwrap();
    world.switch_on().await;
    let _ = world.enroll("ian").await;
    let dump = world.dump().await;
    let lines = |ends: &str| {
        let (_, value) = dump.iter().find(|(key, _)| key.ends_with(ends)).unwrap();
        String::from_utf8(value.clone()).unwrap()
    };
    let (of_org, of_user) = (lines("/settings-summaries/acme"), lines("/user-summaries/acme/ian"));
    let epoch = of_org.strip_prefix("requirement=on\nepoch=").unwrap().lines().next().unwrap();
    assert!(
        of_user.starts_with(&format!("enrolled-epoch={epoch}\nenrolled-since=1800000000\n")),
        "{of_user}"
    );
}

#[tokio::test]
async fn events_come_in_pages_newest_first_and_of_one_org() {
    let Some(private) = Private::or_skip() else { return };
    let store = &private.store;
    for expected in 0..12 {
        assert_eq!(swap_in(store, "ann", expected, vec![1], 50).await.unwrap(), Swap::Done);
    }
    let all = store.events(&org(ACME), None, 10_000).await.unwrap();
    assert_eq!(all.len(), 600, "more than one answer of etcd's holds");
    let place =
        |id: &EventId| id.to_string().split('.').skip(1).take(2).map(str::to_owned).collect::<Vec<_>>();
    let expected = (1..=12).rev().flat_map(|revision| (0..50).rev().map(move |place| (revision, place)));
    for (event, (revision, of_write)) in all.iter().zip(expected) {
        assert_eq!(place(&event.id), [revision.to_string(), of_write.to_string()]);
    }
    let mut paged: Vec<LoggedEvent> = Vec::new();
    loop {
        let page = store.events(&org(ACME), paged.last().map(|event| &event.id), 7).await.unwrap();
        if page.is_empty() {
            break;
        }
        paged.extend(page);
    }
    assert!(paged == all, "600 events are not worth printing");
    // The same events wait to be told, and are acknowledged in one call.
    let waiting = store.waiting(None, 10_000).await.unwrap();
    let mut ids: Vec<NoticeId> = waiting.iter().map(|notice| notice.id.clone()).collect();
    assert!(waiting.iter().rev().map(|notice| &notice.event).eq(&all), "the oldest first");
    let last = ids.pop().unwrap();
    store.acknowledge(&ids).await.unwrap();
    assert_eq!(store.waiting(None, 10).await.unwrap(), [waiting.last().unwrap().clone()]);
    store.acknowledge(&[last.clone(), last]).await.unwrap();
    assert_eq!(store.waiting(None, 10).await.unwrap(), []);
    assert_eq!(store.events(&org(ACME), None, 0).await.unwrap(), []);
    assert_eq!(store.events(&org("acm"), None, 10).await.unwrap(), []);
    assert_eq!(store.events(&org("acme/ann"), None, 10).await.unwrap(), []);
    let foreign = store.events(&org(ACME), Some(&"41".parse().unwrap()), 10).await;
    assert!(matches!(foreign, Err(EtcdError::ForeignEventId)), "{foreign:?}");

    let told = &all[0];
    assert_eq!(
        (&*told.kind, &*told.by_kind, told.by_name.as_deref()),
        ("requirement-changed", "user", Some("ann"))
    );
    assert_eq!(told.user, None);
    assert!(told.text.contains("from off to on"), "{}", told.text);
}

/// As the manual says.
#[tokio::test]
async fn all_that_is_older_than_a_day_is_one_range_of_the_trail() {
    let Some(private) = Private::or_skip() else { return };
    let (acme, summary) = (org(ACME), UserSummary::default());
    for (id, at) in [("ann", 1_000), ("bob", 2_000), ("~", 3_000), ("a/b", 2_999), ("ida", 4_000)] {
        let mut event = an_event().await;
        event.at = Timestamp::from_unix(at);
        let next = Stored { revision: 1, record: vec![1] };
        let swapped = private.swap_user(&user(id), Change::new(&acme, 0, &next, &summary, &[event])).await;
        assert_eq!(swapped.unwrap(), Swap::Done);
    }
    let older = format!("{:016x}", i64::MAX - 3_000);
    let as_far_as_the_end = DeleteOptions::new().with_range(private.key("/events/acme0"));
    let mut client = private.client().await;
    client.delete(private.key(&format!("/events/acme/{older}")), Some(as_far_as_the_end)).await.unwrap();
    let left = private.store.events(&acme, None, 9).await.unwrap();
    assert_eq!(left.iter().map(|event| event.at.as_unix()).collect::<Vec<_>>(), [4_000]);
}

/// R1: the comparison asks for nothing old.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn compaction_and_defragmentation_in_the_middle_of_a_race_change_nothing() {
    let Some(private) = Private::or_skip() else { return };
    let stores = [private.store.clone(), private.another_client()];
    let mut racers = JoinSet::new();
    for n in 0..8 {
        let store = stores[n % 2].clone();
        racers.spawn(async move {
            let mut won = Vec::new();
            loop {
                let seen = revision(&store, "ann").await?;
                if seen >= 200 {
                    return Ok::<_, BoxError>(won);
                }
                if swap(&store, "ann", seen).await? == Swap::Done {
                    won.push(seen + 1);
                }
            }
        });
    }
    let mut client = private.client().await;
    let mut rounds = 0;
    while revision(&private.store, "ann").await.unwrap() < 200 {
        let now = client.get("nothing", None).await.unwrap().header().unwrap().revision();
        // Others compact this server too, perhaps to a later revision.
        let _ = client.compact(now, Some(CompactionOptions::new().with_physical())).await;
        client.defragment().await.unwrap();
        rounds += 1;
    }
    assert!(rounds > 0);
    let mut won: Vec<u64> = racers.join_all().await.into_iter().flat_map(Result::unwrap).collect();
    won.sort_unstable();
    let every_one: Vec<u64> = (1..=won.len() as u64).collect();
    assert_eq!(won, every_one, "one winner for each revision");
    assert_eq!(writes_in_the_trail(&private.store, "ann").await, every_one);
}

#[tokio::test]
async fn what_etcd_finds_too_large_is_said_to_be() {
    let Some(private) = Private::or_skip() else { return };
    let refused = swap_in(&private.store, "ann", 0, vec![1; 3 << 20], 0).await;
    assert!(matches!(refused, Err(EtcdError::TooLarge(_))), "{refused:?}");
    let refused = swap_in(&private.store, "ann", 0, vec![1], 200).await;
    assert!(matches!(refused, Err(EtcdError::TooLarge(_))), "{refused:?}");
    assert_eq!(revision(&private.store, "ann").await.unwrap(), 0);
}

#[test]
fn a_store_needs_a_node_and_a_prefix() {
    let new = |nodes: &[&str], prefix| EtcdStore::new(nodes.iter().copied(), &EtcdStore::options(), prefix);
    assert!(matches!(new(&[], "portal"), Err(EtcdError::NoNode)));
    let refused = new(&["http://127.0.0.1:2379"], "two words").unwrap_err();
    assert!(matches!(refused, EtcdError::InvalidPrefix(InvalidPrefix::NotPlain)));
    assert_eq!(refused.to_string(), "the prefix must have visible ASCII characters only");
}

#[test]
fn a_password_is_not_in_the_debug_output() {
    let options = EtcdStore::options().with_user("portal", "hunter2");
    let store = EtcdStore::new(["http://127.0.0.1:2379"], &options, "portal").unwrap();
    assert!(!format!("{store:?}").contains("hunter2"));
}

async fn keys_below(private: &Private, kind: &str) -> Vec<(String, Vec<u8>)> {
    let below = private.key(kind);
    private.keys_and_values().await.into_iter().filter(|(key, _)| key.starts_with(&below)).collect()
}
