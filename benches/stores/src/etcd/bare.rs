//! What etcd's client does without a store around it: a put of a record, upon nothing and with nothing beside it.

use countersign::{
    BoxError, OrgId, UserId, UserStore,
    store::{Change, Stored, Swap, UserSummary},
};
use etcd_client::{Client, Error, KvClient};

#[derive(Clone)]
pub(super) struct Bare(KvClient);

impl Bare {
    pub(super) async fn at(endpoint: &str) -> Result<Self, BoxError> {
        Ok(Self(Client::connect([endpoint], None).await?.kv_client()))
    }
}

impl UserStore for Bare {
    type Error = Error;

    /// Asks nobody.
    async fn load_user(&self, _: &OrgId, _: &UserId) -> Result<Option<Stored>, Error> {
        Ok(Some(Stored { revision: 1, record: vec![1] }))
    }

    async fn swap_user(&self, user: &UserId, change: Change<'_, UserSummary>) -> Result<Swap, Error> {
        let key = format!("bare/{user}");
        self.0.clone().put(key, change.next.record.as_slice(), None).await?;
        Ok(Swap::Done)
    }
}
