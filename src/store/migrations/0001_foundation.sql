-- Columns named *_at hold microseconds since the epoch (kernel::Timestamp). `seq` is the order of
-- insertion, which lists page by; it is never shown.

-- What the store itself keeps: the check value of the sealing key.
CREATE TABLE meta (
    key   TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE workspaces (
    seq        INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE accounts (
    seq        INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    email      TEXT NOT NULL COLLATE NOCASE UNIQUE,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE members (
    seq          INTEGER PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    account_id   TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    role         TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    UNIQUE (workspace_id, account_id)
) STRICT;
CREATE INDEX members_by_workspace ON members (workspace_id, seq);
CREATE INDEX members_by_account ON members (account_id, seq);

CREATE TABLE agents (
    seq          INTEGER PRIMARY KEY,
    id           TEXT NOT NULL UNIQUE,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    handle       TEXT NOT NULL UNIQUE,
    name         TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX agents_by_workspace ON agents (workspace_id, seq);

-- A key belongs to an account (Botpress personal access tokens), to an agent, to an integration, or
-- to a workspace. Only the SHA-256 of its value is stored.
CREATE TABLE api_keys (
    seq          INTEGER PRIMARY KEY,
    id           TEXT NOT NULL UNIQUE,
    kind         TEXT NOT NULL,
    account_id   TEXT REFERENCES accounts (id) ON DELETE CASCADE,
    workspace_id TEXT REFERENCES workspaces (id) ON DELETE CASCADE,
    agent_id     TEXT REFERENCES agents (id) ON DELETE CASCADE,
    integration_id TEXT,
    name         TEXT NOT NULL,
    hash         BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER,
    revoked_at   INTEGER,
    CHECK (account_id IS NOT NULL OR workspace_id IS NOT NULL OR kind = 'operator'),
    CHECK (workspace_id IS NOT NULL OR (agent_id IS NULL AND integration_id IS NULL))
) STRICT;
CREATE INDEX api_keys_by_workspace ON api_keys (workspace_id, seq);
CREATE INDEX api_keys_by_account ON api_keys (account_id, seq);
CREATE INDEX api_keys_by_agent ON api_keys (agent_id, seq);
-- Ada's End Users API v1 has exactly one valid key an agent (ada.md §1.1).
CREATE UNIQUE INDEX api_keys_one_end_users_key
    ON api_keys (agent_id) WHERE kind = 'ada_end_users' AND revoked_at IS NULL;

-- Counts every change that can take a key's validity away, made by whichever process. A server
-- that has keys in memory compares it before it trusts one of them.
CREATE TABLE api_key_generation (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    value INTEGER NOT NULL
) STRICT;
INSERT INTO api_key_generation (id, value) VALUES (1, 0);
CREATE TRIGGER api_keys_changed
    AFTER UPDATE OF kind, account_id, workspace_id, agent_id, hash, revoked_at ON api_keys
BEGIN
    UPDATE api_key_generation SET value = value + 1;
END;
CREATE TRIGGER api_keys_deleted AFTER DELETE ON api_keys
BEGIN
    UPDATE api_key_generation SET value = value + 1;
END;

-- Calls by tenant, API class and UTC day (days since the epoch). Where a vendor limits each agent by
-- itself, `agent_id` is the agent, else it is empty.
CREATE TABLE usage_daily (
    workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    agent_id     TEXT NOT NULL,
    class        TEXT NOT NULL,
    day          INTEGER NOT NULL,
    calls        INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, agent_id, class, day)
) STRICT, WITHOUT ROWID;

-- Who did what: written in the transaction of what it tells of, and kept when that is deleted.
CREATE TABLE audit_records (
    seq           INTEGER PRIMARY KEY,
    workspace_id  TEXT,
    at            INTEGER NOT NULL,
    actor         TEXT NOT NULL,
    action        TEXT NOT NULL,
    resource_id   TEXT NOT NULL,
    resource_name TEXT
) STRICT;
CREATE INDEX audit_records_by_workspace ON audit_records (workspace_id, seq);

-- A workspace's configured connection to an outside service (Aloochat's integrations). `config` is
-- without its secret members, which `secrets` holds, sealed.
CREATE TABLE service_integrations (
    seq          INTEGER PRIMARY KEY,
    id           TEXT NOT NULL UNIQUE,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    service      TEXT NOT NULL,
    name         TEXT NOT NULL,
    config       TEXT NOT NULL CHECK (json_valid(config)),
    secrets      BLOB,
    is_active    INTEGER NOT NULL CHECK (is_active IN (0, 1)),
    visibility   TEXT NOT NULL,
    agent_id     TEXT,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX service_integrations_by_workspace ON service_integrations (workspace_id, seq);
