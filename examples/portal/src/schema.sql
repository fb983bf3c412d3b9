-- The portal's own tables. The library's are beside them in the same file, and are made by its adapter.

CREATE TABLE IF NOT EXISTS portal_users (
    -- AUTOINCREMENT: the id of a deleted user is never given to another, who would inherit the second factor.
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    org_id        TEXT NOT NULL,
    login         TEXT NOT NULL UNIQUE COLLATE NOCASE,
    name          TEXT NOT NULL,
    role          TEXT NOT NULL CHECK (role IN ('customer', 'internal', 'master-admin')),
    password_hash TEXT NOT NULL,
    -- How the password was set, until the library has heard of it.
    password_news TEXT
) STRICT;

CREATE TABLE IF NOT EXISTS portal_sessions (
    -- A person who reads this table, in a backup for example, cannot make a cookie from it.
    id_hash    BLOB PRIMARY KEY,
    user_id    TEXT,
    -- Signed in. Only what a pass carries is ever written here.
    stamp      TEXT,
    -- A ticket on its way to a code, and where its bearer goes from there.
    ticket     TEXT,
    return_to  TEXT,
    -- A sentence for the next page.
    notice     TEXT,
    expires_at INTEGER NOT NULL,
    -- When it was last used, to the minute.
    used_at    INTEGER NOT NULL
) STRICT;

-- Expired ones are found without a look at the others.
CREATE INDEX IF NOT EXISTS portal_sessions_by_expiry ON portal_sessions (expires_at);

-- For lists: an index ends in the row's id, so these page through an org, and through one role of it, in order.
CREATE INDEX IF NOT EXISTS portal_users_of_org ON portal_users (org_id);
CREATE INDEX IF NOT EXISTS portal_users_of_role ON portal_users (org_id, role);

-- What a portal with a mail server would have sent.
CREATE TABLE IF NOT EXISTS portal_mails (
    id        INTEGER PRIMARY KEY,
    -- The library may hand a notice over twice; nobody gets the same mail twice.
    notice    TEXT NOT NULL,
    addressee TEXT NOT NULL,
    org_id    TEXT NOT NULL,
    at        INTEGER NOT NULL,
    subject   TEXT NOT NULL,
    text      TEXT NOT NULL,
    UNIQUE (notice, addressee)
) STRICT;
