-- Ids compare byte by byte (SQLite's BINARY collation). STRICT keeps text text: "007" stays "007".
-- Times are Unix seconds. Epochs are opaque texts: equal or not equal.

CREATE TABLE countersign_users (
    org_id         TEXT    NOT NULL,
    user_id        TEXT    NOT NULL,
    revision       INTEGER NOT NULL CHECK (revision > 0),
    record         BLOB    NOT NULL CHECK (length(record) > 0),
    enrolled_epoch TEXT,
    enrolled_since INTEGER,
    last_used      INTEGER,
    pending_until  INTEGER,
    waiting_until  INTEGER,
    blocked_since  INTEGER,
    probation_until INTEGER,
    chosen_under   INTEGER,
    imported_epoch TEXT,
    wrong_in_a_row INTEGER NOT NULL,
    due_epoch      TEXT,
    due_told       INTEGER,
    due_by         INTEGER,
    invited_epoch  TEXT,
    invited_until  INTEGER,
    PRIMARY KEY (org_id, user_id)
) STRICT;

CREATE TABLE countersign_settings (
    org_id      TEXT    NOT NULL PRIMARY KEY,
    revision    INTEGER NOT NULL CHECK (revision > 0),
    record      BLOB    NOT NULL CHECK (length(record) > 0),
    requirement TEXT    NOT NULL,
    epoch       TEXT    NOT NULL,
    chosen_in   TEXT
) STRICT;

-- AUTOINCREMENT: the id of a deleted event is never given to another.
CREATE TABLE countersign_events (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    at              INTEGER NOT NULL,
    org_id          TEXT    NOT NULL,
    user_id         TEXT,
    kind            TEXT    NOT NULL,
    text            TEXT    NOT NULL,
    by_kind         TEXT    NOT NULL,
    by_name         TEXT,
    seen_from       TEXT,
    checked_in_from TEXT
) STRICT;

-- An index ends in the row's id, so this one pages through an org's events in order.
CREATE INDEX countersign_events_of_org ON countersign_events (org_id);

-- What people should be told, until they were: a copy, so that the trail can be shortened at any time.
CREATE TABLE countersign_outbox (
    id              INTEGER PRIMARY KEY,
    audience        TEXT    NOT NULL,
    at              INTEGER NOT NULL,
    org_id          TEXT    NOT NULL,
    user_id         TEXT,
    kind            TEXT    NOT NULL,
    text            TEXT    NOT NULL,
    by_kind         TEXT    NOT NULL,
    by_name         TEXT,
    seen_from       TEXT,
    checked_in_from TEXT
) STRICT;

CREATE TABLE countersign_schema (version INTEGER NOT NULL) STRICT;
INSERT INTO countersign_schema (version) VALUES (1);
