//! The statements, with the names of the tables in them.
//!
//! Each is one statement and a transaction by itself, so a swap is one round trip: the record, its summary and the
//! events in a single `WITH`. PostgreSQL runs all parts of it, whether or not the last one reads them.

use std::sync::Arc;

use sqlx::{AssertSqlSafe, SqlSafeStr as _, SqlStr};

use super::{names::Names, server::Standbys};

#[derive(Clone, Debug)]
pub(super) struct Statements(Arc<Texts>);

#[derive(Debug)]
struct Texts {
    load_user: SqlStr,
    load_settings: SqlStr,
    summaries: SqlStr,
    users: Writes,
    settings: Writes,
    newest: SqlStr,
    older: SqlStr,
    first_notices: SqlStr,
    further_notices: SqlStr,
    acknowledge: SqlStr,
    count_records: SqlStr,
    list_records: SqlStr,
    erase: SqlStr,
    erase_org: SqlStr,
    remove_record: SqlStr,
}

/// The four forms of a conditional write.
#[derive(Debug)]
pub(super) struct Writes {
    first: Form,
    later: Form,
}

#[derive(Debug)]
struct Form {
    silent: SqlStr,
    with_events: SqlStr,
}

impl Writes {
    /// Returns the statement that affects one row if `expected` is what is stored, and none otherwise.
    pub(super) fn upon(&self, expected: u64, has_events: bool) -> SqlStr {
        let form = if expected == 0 { &self.first } else { &self.later };
        if has_events { form.with_events.clone() } else { form.silent.clone() }
    }
}

impl Statements {
    pub(super) fn new(names: &Names, standbys: Standbys) -> Self {
        let is_standby = match standbys {
            Standbys::Tell => "pg_is_in_recovery()",
            Standbys::AreUnknown => "false",
        };
        // One row whether or not there is a record, so that the server always says what it is.
        let load = |table: &str, ids: &str| {
            format!(
                "SELECT {is_standby} AS is_standby, org_id IS NOT NULL AS is_written, revision, record
                FROM (SELECT 1) AS always LEFT JOIN {table} ON {ids}"
            )
        };
        let fill = |template: &str| AssertSqlSafe(Arc::<str>::from(names.fill(template))).into_sql_str();
        let form = |write: &str, user: &str, next: usize| {
            Form {
            silent: fill(write),
            with_events: fill(&format!(
                "WITH swapped AS ({write} RETURNING org_id),
                told AS (SELECT org_id, {user} AS user_id, {revision} AS revision, place,
                        at, kind, text, by_kind, by_name, seen_from, checked_in_from, audience
                    FROM swapped, unnest(${a}::bigint[], ${b}::text[], ${c}::text[], ${d}::text[], ${e}::text[],
                        ${f}::text[], ${g}::text[], ${h}::text[]) WITH ORDINALITY
                        AS event (at, kind, text, by_kind, by_name, seen_from, checked_in_from, audience, place)),
                logged AS (INSERT INTO {{events}} (org_id, user_id, revision, place,
                        at, kind, text, by_kind, by_name, seen_from, checked_in_from)
                    SELECT org_id, user_id, revision, place,
                        at, kind, text, by_kind, by_name, seen_from, checked_in_from FROM told),
                waiting AS (INSERT INTO {{outbox}} (org_id, user_id, revision, place,
                        at, kind, text, by_kind, by_name, seen_from, checked_in_from, audience)
                    SELECT org_id, user_id, revision, place,
                        at, kind, text, by_kind, by_name, seen_from, checked_in_from, audience FROM told
                    WHERE audience <> 'nobody')
                SELECT 1 FROM swapped",
                revision = if user == "''" { "$2" } else { "$3" },
                a = next, b = next + 1, c = next + 2, d = next + 3, e = next + 4, f = next + 5, g = next + 6,
                h = next + 7,
            )),
        }
        };
        Self(Arc::new(Texts {
            load_user: fill(&load("{users}", "org_id = $1 AND user_id = $2")),
            load_settings: fill(&load("{settings}", "org_id = $1")),
            summaries: fill(
                "SELECT user_id, enrolled_epoch, enrolled_since, last_used, pending_until, waiting_until, blocked_since,
                        probation_until, chosen_under, imported_epoch, wrong_in_a_row, due_epoch, due_told, due_by,
                        invited_epoch, invited_until
                FROM {users} WHERE org_id = $1 AND user_id = ANY($2)",
            ),
            users: Writes {
                first: form(
                    "INSERT INTO {users} (org_id, user_id, revision, record,
                        enrolled_epoch, enrolled_since, last_used, pending_until, waiting_until, blocked_since,
                        probation_until, chosen_under, imported_epoch, wrong_in_a_row, due_epoch, due_told, due_by,
                        invited_epoch, invited_until)
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
                    ON CONFLICT (org_id, user_id) DO NOTHING",
                    "$2",
                    20,
                ),
                later: form(
                    "UPDATE {users} SET revision = $3, record = $4, enrolled_epoch = $5, enrolled_since = $6,
                        last_used = $7, pending_until = $8, waiting_until = $9, blocked_since = $10,
                        probation_until = $11, chosen_under = $12, imported_epoch = $13, wrong_in_a_row = $14,
                        due_epoch = $15, due_told = $16, due_by = $17, invited_epoch = $18, invited_until = $19
                    WHERE org_id = $1 AND user_id = $2 AND revision = $20",
                    "$2",
                    21,
                ),
            },
            settings: Writes {
                first: form(
                    "INSERT INTO {settings} (org_id, revision, record, requirement, epoch, chosen_in)
                    VALUES ($1, $2, $3, $4, $5, $6)
                    ON CONFLICT (org_id) DO NOTHING",
                    "''",
                    7,
                ),
                later: form(
                    "UPDATE {settings} SET revision = $2, record = $3, requirement = $4, epoch = $5, chosen_in = $6
                    WHERE org_id = $1 AND revision = $7",
                    "''",
                    8,
                ),
            },
            newest: fill(&page("", "$2")),
            older: fill(&page("AND (at, user_id, revision, place) < ($3, $4, $5, $6)", "$2")),
            first_notices: fill(&notices("")),
            further_notices: fill(&notices(
                "WHERE (org_id, at, user_id, revision, place) > ($2, $3, $4, $5, $6)",
            )),
            acknowledge: fill(
                "DELETE FROM {outbox} WHERE (org_id, at, user_id, revision, place) IN (
                    SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[]))",
            ),
            count_records: fill(COUNT_RECORDS),
            list_records: fill(LIST_RECORDS),
            erase: fill(ERASE),
            erase_org: fill(ERASE_ORG),
            remove_record: fill(REMOVE_RECORD),
        }))
    }

    pub(super) fn count_records(&self) -> SqlStr {
        self.0.count_records.clone()
    }

    pub(super) fn list_records(&self) -> SqlStr {
        self.0.list_records.clone()
    }

    pub(super) fn erase(&self) -> SqlStr {
        self.0.erase.clone()
    }

    pub(super) fn erase_org(&self) -> SqlStr {
        self.0.erase_org.clone()
    }

    pub(super) fn remove_record(&self) -> SqlStr {
        self.0.remove_record.clone()
    }

    pub(super) fn load_user(&self) -> SqlStr {
        self.0.load_user.clone()
    }

    pub(super) fn load_settings(&self) -> SqlStr {
        self.0.load_settings.clone()
    }

    pub(super) fn summaries(&self) -> SqlStr {
        self.0.summaries.clone()
    }

    pub(super) fn users(&self) -> &Writes {
        &self.0.users
    }

    pub(super) fn settings(&self) -> &Writes {
        &self.0.settings
    }

    pub(super) fn newest_events(&self) -> SqlStr {
        self.0.newest.clone()
    }

    pub(super) fn older_events(&self) -> SqlStr {
        self.0.older.clone()
    }

    pub(super) fn first_notices(&self) -> SqlStr {
        self.0.first_notices.clone()
    }

    pub(super) fn further_notices(&self) -> SqlStr {
        self.0.further_notices.clone()
    }

    pub(super) fn acknowledge(&self) -> SqlStr {
        self.0.acknowledge.clone()
    }
}

const COUNT_RECORDS: &str = "SELECT substring(record FROM 1 FOR 5) AS head, count(*) AS records
    FROM {users} WHERE org_id = $1 GROUP BY 1";

/// `$4` says how the heads are meant: all, these, or others.
const LIST_RECORDS: &str = "SELECT user_id FROM {users}
    WHERE org_id = $1 AND user_id > $2
        AND ($4 = 0 OR (substring(record FROM 1 FOR 5) = ANY($3::bytea[])) = ($4 = 1))
    ORDER BY user_id LIMIT $5";

/// An attempt that was aimed at them stands on another user's record, and names them in its sentence.
const ERASE: &str = "WITH notices AS (DELETE FROM {outbox}
        WHERE org_id = $1 AND (user_id = $2 OR by_kind = 'user' AND by_name = $2))
    UPDATE {events} SET
        user_id = CASE user_id WHEN $2 THEN $3 ELSE user_id END,
        by_name = CASE WHEN by_kind = 'user' AND by_name = $2 THEN $3 ELSE by_name END,
        text = CASE
            WHEN user_id = $2 THEN kind
            WHEN kind = 'act-refused' AND strpos(text, '(' || $2 || ')') > 0 THEN kind
            ELSE text END,
        seen_from = CASE
            WHEN user_id = $2 OR by_kind = 'user' AND by_name = $2 THEN NULL ELSE seen_from END,
        checked_in_from = CASE
            WHEN user_id = $2 OR by_kind = 'user' AND by_name = $2 THEN NULL ELSE checked_in_from END
    WHERE org_id = $1 AND (user_id = $2 OR by_kind = 'user' AND by_name = $2
        OR kind = 'act-refused' AND strpos(text, '(' || $2 || ')') > 0)";

const ERASE_ORG: &str =
    "WITH notices AS (DELETE FROM {outbox} WHERE org_id = $1) DELETE FROM {events} WHERE org_id = $1";

const REMOVE_RECORD: &str = "DELETE FROM {users} WHERE org_id = $1 AND user_id = $2 AND revision = $3";

fn notices(after: &str) -> String {
    format!(
        "SELECT org_id, at, user_id, revision, place, audience, kind, text, by_kind, by_name, seen_from,
            checked_in_from
        FROM {{outbox}} {after}
        ORDER BY org_id, at, user_id, revision, place LIMIT $1"
    )
}

fn page(before: &str, limit: &str) -> String {
    format!(
        "SELECT at, user_id, revision, place, kind, text, by_kind, by_name, seen_from, checked_in_from
        FROM {{events}} WHERE org_id = $1 {before}
        ORDER BY at DESC, user_id DESC, revision DESC, place DESC LIMIT {limit}"
    )
}
