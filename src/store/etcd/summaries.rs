//! What is true of users, as lines of text, for lists and reports.

use super::{
    EtcdError,
    keys::Keys,
    lines::{self, Lines},
    nodes::Nodes,
};
use crate::{
    store::UserSummary,
    time::Timestamp,
    who::{OrgId, UserId},
};

/// The number of operations that etcd accepts in one transaction by default (`--max-txn-ops`).
const IN_ONE_ANSWER: usize = 128;

pub(super) fn written(summary: &UserSummary) -> Lines {
    let UserSummary {
        enrolled_epoch,
        enrolled_since,
        last_used,
        pending_until,
        waiting_until,
        blocked_since,
        probation_until,
    } = summary;
    Lines::default()
        .with("enrolled-epoch", enrolled_epoch.as_ref())
        .with("enrolled-since", *enrolled_since)
        .with("last-used", *last_used)
        .with("pending-until", *pending_until)
        .with("waiting-until", *waiting_until)
        .with("blocked-since", *blocked_since)
        .with("probation-until", *probation_until)
}

pub(super) async fn of(
    nodes: &Nodes,
    keys: &Keys,
    org: &OrgId,
    users: &[&UserId],
) -> Result<Vec<Option<UserSummary>>, EtcdError> {
    let mut summaries = Vec::with_capacity(users.len());
    for some in users.chunks(IN_ONE_ANSWER) {
        let wanted: Vec<String> = some.iter().map(|user| keys.user_summary(org, user)).collect();
        for (key, value) in wanted.iter().zip(nodes.get_each(&wanted).await?) {
            summaries.push(value.map(|value| read(key, &value)).transpose()?);
        }
    }
    Ok(summaries)
}

fn read(key: &str, value: &[u8]) -> Result<UserSummary, EtcdError> {
    let damaged = || EtcdError::Damaged { key: key.to_owned() };
    let lines = std::str::from_utf8(value).map_err(|_| damaged())?;
    let at = |name| lines::value(lines, name).map(str::parse).transpose().map_err(|_| damaged());
    let at = |name| Ok::<_, EtcdError>(at(name)?.map(Timestamp::from_unix));
    let epoch = lines::value(lines, "enrolled-epoch").map(str::parse).transpose();
    Ok(UserSummary {
        enrolled_epoch: epoch.map_err(|_| damaged())?,
        enrolled_since: at("enrolled-since")?,
        last_used: at("last-used")?,
        pending_until: at("pending-until")?,
        waiting_until: at("waiting-until")?,
        blocked_since: at("blocked-since")?,
        probation_until: at("probation-until")?,
    })
}
