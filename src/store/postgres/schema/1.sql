-- Ids compare byte by byte. Times are Unix seconds. Epochs are opaque texts: equal or not equal.

CREATE TABLE IF NOT EXISTS {users} (
    org_id         text   COLLATE "C" NOT NULL,
    user_id        text   COLLATE "C" NOT NULL,
    revision       bigint NOT NULL CHECK (revision > 0),
    record         bytea  NOT NULL CHECK (octet_length(record) > 0),
    enrolled_epoch text,
    enrolled_since bigint,
    last_used      bigint,
    pending_until  bigint,
    waiting_until  bigint,
    blocked_since  bigint,
    probation_until bigint,
    chosen_under   bigint,
    imported_epoch text,
    wrong_in_a_row bigint NOT NULL,
    due_epoch      text,
    due_told       bigint,
    due_by         bigint,
    invited_epoch  text,
    invited_until  bigint,
    PRIMARY KEY (org_id, user_id)
);

CREATE TABLE IF NOT EXISTS {settings} (
    org_id      text   COLLATE "C" NOT NULL,
    revision    bigint NOT NULL CHECK (revision > 0),
    record      bytea  NOT NULL CHECK (octet_length(record) > 0),
    requirement text   NOT NULL,
    epoch       text   NOT NULL,
    chosen_in   text,
    PRIMARY KEY (org_id)
);

-- The key is at once what makes an event one of its kind (the write that brought it, and its place in there) and the
-- order in which an org's trail is read. No sequence: no two writers meet. user_id is '' for the org's settings.
CREATE TABLE IF NOT EXISTS {events} (
    org_id          text   COLLATE "C" NOT NULL,
    at              bigint NOT NULL,
    user_id         text   COLLATE "C" NOT NULL,
    revision        bigint NOT NULL,
    place           bigint NOT NULL,
    kind            text   NOT NULL,
    text            text   NOT NULL,
    by_kind         text   NOT NULL,
    by_name         text,
    seen_from       text,
    checked_in_from text,
    PRIMARY KEY (org_id, at, user_id, revision, place)
);

-- What people should be told, until they were: a copy, so that the trail can be shortened at any time.
CREATE TABLE IF NOT EXISTS {outbox} (
    org_id          text   COLLATE "C" NOT NULL,
    at              bigint NOT NULL,
    user_id         text   COLLATE "C" NOT NULL,
    revision        bigint NOT NULL,
    place           bigint NOT NULL,
    audience        text   NOT NULL,
    kind            text   NOT NULL,
    text            text   NOT NULL,
    by_kind         text   NOT NULL,
    by_name         text,
    seen_from       text,
    checked_in_from text,
    PRIMARY KEY (org_id, at, user_id, revision, place)
);

-- Has one row at most, which is written last.
CREATE TABLE IF NOT EXISTS {schema} (
    id      integer NOT NULL CHECK (id = 1),
    version bigint  NOT NULL,
    PRIMARY KEY (id)
);

INSERT INTO {schema} (id, version) VALUES (1, 1) ON CONFLICT (id) DO NOTHING;
