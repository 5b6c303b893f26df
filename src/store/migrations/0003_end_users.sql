-- The end users of an agent, shared by all dialects. `external_id` is folded to lower case.
-- `purge_at` is when one goes that was made by an API call and is not tied to a conversation yet.
CREATE TABLE end_users (
    seq               INTEGER PRIMARY KEY,
    id                TEXT NOT NULL UNIQUE,
    agent_id          TEXT NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    external_id       TEXT,
    first_name        TEXT,
    last_name         TEXT,
    display_name      TEXT,
    avatar            TEXT,
    email             TEXT COLLATE NOCASE,
    language          TEXT,
    metadata          TEXT NOT NULL CHECK (json_valid(metadata)),
    system_properties TEXT NOT NULL CHECK (json_valid(system_properties)),
    purge_at          INTEGER,
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL
) STRICT;
CREATE INDEX end_users_by_agent ON end_users (agent_id, seq);
CREATE UNIQUE INDEX end_users_by_external_id
    ON end_users (agent_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX end_users_by_email ON end_users (agent_id, email) WHERE email IS NOT NULL;
CREATE INDEX end_users_to_purge ON end_users (purge_at) WHERE purge_at IS NOT NULL;

-- Sensitive metadata, each value sealed, until it is erased.
CREATE TABLE end_user_sensitive (
    end_user_id TEXT NOT NULL REFERENCES end_users (id) ON DELETE CASCADE,
    name        TEXT NOT NULL,
    sealed      BLOB NOT NULL,
    erase_at    INTEGER NOT NULL,
    PRIMARY KEY (end_user_id, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX end_user_sensitive_to_erase ON end_user_sensitive (erase_at);

-- Where erased end users stood in the list: a page that begins at one of them still begins there.
-- Nothing else of them is kept, and this only for a while.
CREATE TABLE end_user_positions (
    id        TEXT NOT NULL PRIMARY KEY,
    agent_id  TEXT NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    seq       INTEGER NOT NULL,
    erased_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX end_user_positions_by_time ON end_user_positions (erased_at);
CREATE INDEX end_user_positions_by_agent ON end_user_positions (agent_id);

-- Bulk deletions. One without `completed_at` is run once `due_at` has come.
CREATE TABLE end_user_deletions (
    seq              INTEGER PRIMARY KEY,
    id               TEXT NOT NULL UNIQUE,
    agent_id         TEXT NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    client_reference TEXT,
    request_hash     BLOB NOT NULL CHECK (length(request_hash) = 32),
    status           TEXT NOT NULL,
    submitted_count  INTEGER NOT NULL,
    failure_reason   TEXT,
    due_at           INTEGER NOT NULL,
    created_at       INTEGER NOT NULL,
    completed_at     INTEGER
) STRICT;
CREATE INDEX end_user_deletions_by_agent
    ON end_user_deletions (agent_id, client_reference, created_at);
CREATE INDEX end_user_deletions_to_do ON end_user_deletions (due_at) WHERE completed_at IS NULL;
CREATE INDEX end_user_deletions_by_time ON end_user_deletions (created_at);

-- `value` is as submitted, `sought` as it is compared. One without `disposition` is still to be
-- looked for.
CREATE TABLE end_user_deletion_identifiers (
    deletion_id TEXT NOT NULL REFERENCES end_user_deletions (id) ON DELETE CASCADE,
    position    INTEGER NOT NULL,
    kind        TEXT NOT NULL,
    value       TEXT NOT NULL,
    sought      TEXT NOT NULL,
    variable    TEXT,
    disposition TEXT,
    matched     INTEGER NOT NULL,
    reason      TEXT,
    PRIMARY KEY (deletion_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX end_user_deletion_identifiers_by_value
    ON end_user_deletion_identifiers (sought, kind);

-- The end users that a deletion has found and not erased yet.
CREATE TABLE end_user_deletion_targets (
    deletion_id TEXT NOT NULL REFERENCES end_user_deletions (id) ON DELETE CASCADE,
    end_user_id TEXT NOT NULL,
    PRIMARY KEY (deletion_id, end_user_id)
) STRICT, WITHOUT ROWID;

-- Finds what was told of an end user (its id is the first tag), so that it can be erased too.
CREATE INDEX webhook_messages_by_tag ON webhook_messages (agent_id, payload ->> '$.tags[0]');
