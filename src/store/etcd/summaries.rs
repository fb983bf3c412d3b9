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
        chosen_under,
        imported_epoch,
        wrong_in_a_row,
        due_epoch,
        due_told,
        due_by,
        invited_epoch,
        invited_until,
    } = summary;
    Lines::default()
        .with("enrolled-epoch", enrolled_epoch.as_ref())
        .with("enrolled-since", *enrolled_since)
        .with("last-used", *last_used)
        .with("pending-until", *pending_until)
        .with("waiting-until", *waiting_until)
        .with("blocked-since", *blocked_since)
        .with("probation-until", *probation_until)
        .with("chosen-under", *chosen_under)
        .with("imported-epoch", imported_epoch.as_ref())
        .with("wrong-in-a-row", Some(wrong_in_a_row))
        .with("due-epoch", due_epoch.as_ref())
        .with("due-told", *due_told)
        .with("due-by", *due_by)
        .with("invited-epoch", invited_epoch.as_ref())
        .with("invited-until", *invited_until)
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
    let count = |name| lines::value(lines, name).map(str::parse).transpose().map_err(|_| damaged());
    let epoch = |name| lines::value(lines, name).map(str::parse).transpose().map_err(|_| damaged());
    Ok(UserSummary {
        enrolled_epoch: epoch("enrolled-epoch")?,
        enrolled_since: at("enrolled-since")?,
        last_used: at("last-used")?,
        pending_until: at("pending-until")?,
        waiting_until: at("waiting-until")?,
        blocked_since: at("blocked-since")?,
        probation_until: at("probation-until")?,
        chosen_under: count("chosen-under")?,
        imported_epoch: epoch("imported-epoch")?,
        wrong_in_a_row: count("wrong-in-a-row")?.unwrap_or(0),
        due_epoch: epoch("due-epoch")?,
        due_told: at("due-told")?,
        due_by: at("due-by")?,
        invited_epoch: epoch("invited-epoch")?,
        invited_until: at("invited-until")?,
    })
}
