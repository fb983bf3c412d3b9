//! Clusters that a test has to itself, to break them: `tests/servers/etcd` starts them.

use std::{
    io,
    path::Path,
    process::{Command, Output, Stdio},
};

use countersign::store::etcd::EtcdStore;
use etcd_client::{Client, ConnectOptions};
use tempfile::TempDir;

use crate::tools;

pub(super) struct Cluster {
    folder: TempDir,
    /// In the order of the nodes, the first of which has the number 1.
    pub(super) endpoints: Vec<String>,
}

impl Cluster {
    /// `None` where no cluster can be had.
    pub(super) fn or_skip(nodes: usize, options: &[&str]) -> Option<Self> {
        tools::Tool::or_skip("etcd", "etcd-server")?;
        tools::Tool::or_skip("etcdctl", "etcd-client")?;
        let nodes = nodes.to_string();
        Some(Self::start("start", &[&[&*nodes], options].concat()))
    }

    /// The same, each node in a network namespace of its own, so that it can be cut off from the others.
    pub(super) fn apart_or_skip(nodes: usize) -> Option<Self> {
        tools::Tool::or_skip("etcd", "etcd-server")?;
        tools::Tool::or_skip("etcdctl", "etcd-client")?;
        tools::Tool::or_skip("ip", "iproute2")?;
        let may =
            Command::new("ip").args(["netns", "add", "countersign-probe"]).stderr(Stdio::null()).status();
        let _ =
            Command::new("ip").args(["netns", "delete", "countersign-probe"]).stderr(Stdio::null()).status();
        if !may.is_ok_and(|status| status.success()) {
            tools::skip("no network namespace can be made (root may)");
            return None;
        }
        Some(Self::start("apart", &[&nodes.to_string()]))
    }

    fn start(how: &str, arguments: &[&str]) -> Self {
        let mut cluster = Self { folder: TempDir::new().unwrap(), endpoints: Vec::new() };
        cluster.endpoints = cluster.tell(how, arguments).lines().map(str::to_owned).collect();
        cluster
    }

    /// A store of this cluster, which begins at this node.
    pub(super) fn store_from(&self, node: usize) -> EtcdStore {
        let mut endpoints = self.endpoints.clone();
        endpoints.rotate_left(node - 1);
        EtcdStore::new(endpoints, &EtcdStore::options(), "portal").unwrap()
    }

    /// A store that knows this node alone.
    pub(super) fn store_at(&self, node: usize) -> EtcdStore {
        EtcdStore::new([&self.endpoints[node - 1]], &EtcdStore::options(), "portal").unwrap()
    }

    pub(super) async fn client(&self, options: Option<ConnectOptions>) -> Client {
        Client::connect([&self.endpoints[0]], options).await.unwrap()
    }

    pub(super) fn leader(&self) -> usize {
        self.tell("leader", &[]).trim().parse().unwrap()
    }

    pub(super) fn kill(&self, node: usize) {
        self.tell("kill", &[&node.to_string()]);
    }

    pub(super) fn revive(&self, node: usize) {
        self.tell("revive", &[&node.to_string()]);
    }

    pub(super) fn cut_off(&self, node: usize) {
        self.tell("cut", &[&node.to_string()]);
    }

    pub(super) fn heal(&self, node: usize) {
        self.tell("heal", &[&node.to_string()]);
    }

    fn tell(&self, what: &str, arguments: &[&str]) -> String {
        let Output { status, stdout, stderr } = self.script(what, arguments).unwrap();
        assert!(status.success(), "{what}: {}", String::from_utf8_lossy(&stderr));
        String::from_utf8(stdout).unwrap()
    }

    fn script(&self, what: &str, arguments: &[&str]) -> io::Result<Output> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers/etcd");
        Command::new(script).arg(what).arg(self.folder.path()).args(arguments).output()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.script("stop", &[]);
    }
}
