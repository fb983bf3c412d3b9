//! The nodes of a cluster: which one to ask, for how long, and which one next.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use etcd_client::{
    Client, ConnectOptions, Error, GetOptions, GetResponse, KvClient, Txn, TxnOp, TxnOpResponse, TxnResponse,
};
use tokio::{sync::OnceCell, time::timeout};

use super::{super::runtime, EtcdError};

/// The longest time to wait for a node. etcd itself gives up a request after about seven seconds, and elects a new
/// leader within two. A login that waits longer than this is better told so.
const PATIENCE: Duration = Duration::from_secs(3);

/// The nodes of a cluster, of which one is asked as long as it answers.
#[derive(Clone, Debug)]
pub(super) struct Nodes {
    all: Arc<[Node]>,
    /// The index of the node to ask.
    current: Arc<AtomicUsize>,
    patience: Duration,
}

impl Nodes {
    pub(super) fn new<E: Into<String>>(
        endpoints: impl IntoIterator<Item = E>,
        options: &ConnectOptions,
    ) -> Result<Self, EtcdError> {
        let node = |endpoint: E| Node {
            endpoint: endpoint.into(),
            options: options.clone(),
            client: OnceCell::new(),
        };
        let all: Arc<[Node]> = endpoints.into_iter().map(node).collect();
        if all.is_empty() {
            return Err(EtcdError::NoNode);
        }
        Ok(Self { all, current: Arc::default(), patience: PATIENCE })
    }

    pub(super) fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Reads from the current node or, if that fails, once from each of the others. It never sleeps: if none of them
    /// answers, there is nothing to wait for.
    ///
    /// Unless `options` say otherwise, etcd reads linearizably: what any node acknowledged is seen.
    pub(super) async fn get(&self, key: &str, options: Option<GetOptions>) -> Result<GetResponse, EtcdError> {
        self.read(|mut kv| {
            let (key, options) = (key.to_owned(), options.clone());
            async move { kv.get(key, options).await }
        })
        .await
    }

    /// Reads the values of several keys as of one moment, in the order of the keys. A transaction that only reads may
    /// be repeated like any other read.
    pub(super) async fn get_each(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, EtcdError> {
        let gets: Vec<TxnOp> = keys.iter().map(|key| TxnOp::get(key.as_str(), None)).collect();
        let gets = Txn::new().and_then(gets);
        let read = self.read(|mut kv| {
            let gets = gets.clone();
            async move { kv.txn(gets).await }
        });
        let value = |answer| match answer {
            TxnOpResponse::Get(got) => got.kvs().first().map(|kv| kv.value().to_vec()),
            _ => None,
        };
        Ok(read.await?.op_responses().into_iter().map(value).collect())
    }

    async fn read<T, F>(&self, call: impl Fn(KvClient) -> F) -> Result<T, EtcdError>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let first = self.current.load(Ordering::Relaxed);
        let mut others = (1..self.all.len()).map(|step| (first + step) % self.all.len());
        let mut asked = first;
        loop {
            let node = &self.all[asked];
            let read = self.ask(asked, Box::pin(async { call(node.kv().await?).await })).await;
            match (read, others.next()) {
                (Err(_), Some(another)) => asked = another,
                (read, _) => return read,
            }
        }
    }

    /// Sends a transaction to the current node, once. Even after an error it may have happened, and a second one would
    /// be another transaction.
    pub(super) async fn transact(&self, transaction: Txn) -> Result<TxnResponse, EtcdError> {
        let current = self.current.load(Ordering::Relaxed);
        let node = &self.all[current];
        self.ask(current, async { node.kv().await?.txn(transaction).await }).await
    }

    /// Waits for a node's answer. If it fails, turns to the next node for later calls.
    async fn ask<T>(
        &self,
        asked: usize,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, EtcdError> {
        runtime::require(EtcdError::OffRuntime)?;
        let answer = match timeout(self.patience, call).await {
            Ok(answer) => answer.map_err(EtcdError::from),
            Err(_) => Err(EtcdError::TimedOut(self.patience)),
        };
        if answer.is_err() {
            // Unless another call has turned already.
            let next = (asked + 1) % self.all.len();
            let _ = self.current.compare_exchange(asked, next, Ordering::Relaxed, Ordering::Relaxed);
        }
        answer
    }
}

/// One node, and the connection to it once there is one.
struct Node {
    endpoint: String,
    options: ConnectOptions,
    client: OnceCell<Client>,
}

impl Node {
    /// Connects when first needed, and not before. With a user among the options, connecting begins by asking for a
    /// token, which fails while the node is down. That must not keep a host from starting on the other nodes.
    async fn kv(&self) -> Result<KvClient, Error> {
        // Boxed, since it is large and needed once.
        let connect = || Box::pin(Client::connect([&self.endpoint], Some(self.options.clone())));
        Ok(self.client.get_or_try_init(connect).await?.kv_client())
    }
}

/// Leaves out the options, which may hold a password.
impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}
