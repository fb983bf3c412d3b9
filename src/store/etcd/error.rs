//! Errors of etcd, told apart by what the operator of the portal can do about them.

use std::time::Duration;

use etcd_client::Error;

use super::{super::runtime::OFF_RUNTIME, InvalidPrefix};

/// A failure of the cluster, of the connection to it, or of the data in it.
///
/// A transaction that failed may have happened unless its variant says otherwise: as a whole or not at all, whatever
/// the error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EtcdError {
    /// The node cannot be reached, has no leader, or could not agree with the others in time.
    #[error("the etcd node cannot be reached or has no leader")]
    Unavailable(#[source] Error),
    /// The node did not answer in time.
    #[error("the etcd node did not answer within {0:?}")]
    TimedOut(Duration),
    /// etcd does not know the user, or the user's role may not read and write under the prefix. Nothing was written.
    #[error("etcd refuses this user; check the name, the password and the role")]
    Refused(#[source] Error),
    /// The database has reached its quota. It takes nothing more until an operator makes room or raises the quota, and
    /// disarms the alarm. The transaction that reached the quota is reported as failed although it happened.
    #[error("the etcd database has reached its quota (alarm NOSPACE); make room, then disarm the alarm")]
    Full(#[source] Error),
    /// The request is larger than the server accepts (by default 1.5 MiB and 128 operations). Nothing was written.
    #[error("the request is larger than etcd accepts")]
    TooLarge(#[source] Error),
    /// A key has a value that this store never writes. Restore a backup of it, or reset the user.
    #[error("the value of the key {key} is damaged; restore it from a backup")]
    Damaged {
        /// The key.
        key: String,
    },
    /// The revision is not 1 to 2⁶³ − 1. Nothing was written.
    #[error("the revision {0} cannot be stored")]
    RevisionOutOfRange(u64),
    /// The id comes from a store that counts its events.
    #[error("the event's id is from another kind of store")]
    ForeignEventId,
    /// The call came from outside a tokio runtime, without which nothing can be sent. Nothing was done. Make the call
    /// in an `async fn` under `#[tokio::main]`, or with `Runtime::block_on` or `Handle::block_on`.
    #[error("{OFF_RUNTIME}")]
    OffRuntime,
    /// No node was named.
    #[error("no etcd node was named")]
    NoNode,
    /// The prefix of all keys is invalid.
    #[error("the prefix {0}")]
    InvalidPrefix(#[from] InvalidPrefix),
    /// Any other error of the driver.
    #[error(transparent)]
    Other(Error),
}

impl From<Error> for EtcdError {
    fn from(error: Error) -> Self {
        let status = match &error {
            Error::TransportError(_) | Error::IoError(_) => return Self::Unavailable(error),
            Error::GRpcStatus(status) => status,
            _ => return Self::Other(error),
        };
        let says = |words| status.message().contains(words);
        // <https://grpc.io/docs/guides/status-codes/>, and etcd's use of them:
        // <https://github.com/etcd-io/etcd/blob/main/api/v3rpc/rpctypes/error.go>
        match i32::from(status.code()) {
            // Unknown: the connection broke, and the client could not say how.
            2 if !says("etcdserver") => Self::Unavailable(error),
            // Permission denied, unauthenticated.
            7 | 16 => Self::Refused(error),
            // Invalid argument.
            3 if says("too large") || says("too many operations") => Self::TooLarge(error),
            3 if says("authentication failed") || says("user name is empty") || says("auth store is old") => {
                Self::Refused(error)
            }
            // Resource exhausted.
            8 if says("space exceeded") => Self::Full(error),
            8 if says("larger than max") => Self::TooLarge(error),
            // Cancelled, deadline exceeded, too many requests, aborted, unavailable.
            1 | 4 | 8 | 10 | 14 => Self::Unavailable(error),
            _ => Self::Other(error),
        }
    }
}
