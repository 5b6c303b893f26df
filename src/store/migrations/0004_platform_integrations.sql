-- Definitions of integrations that agents can install (Ada's platform integrations). `agent_id` is
-- the agent that created it. Of the client secret only the SHA-256 is stored.
CREATE TABLE platform_integrations (
    seq                   INTEGER PRIMARY KEY,
    id                    TEXT NOT NULL UNIQUE,
    agent_id              TEXT NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    status                TEXT NOT NULL,
    name                  TEXT NOT NULL,
    description           TEXT NOT NULL,
    author                TEXT NOT NULL,
    contact               TEXT NOT NULL,
    uninstallation_url    TEXT NOT NULL,
    oauth_callback_url    TEXT NOT NULL,
    tags                  TEXT NOT NULL CHECK (json_valid(tags)),
    scopes                TEXT NOT NULL CHECK (json_valid(scopes)),
    identifier_field_path TEXT NOT NULL,
    configuration_fields  TEXT NOT NULL CHECK (json_valid(configuration_fields)),
    icon_url              TEXT,
    call_to_action        TEXT,
    error_codes           TEXT CHECK (error_codes IS NULL OR json_valid(error_codes)),
    client_secret_hash    BLOB NOT NULL CHECK (length(client_secret_hash) = 32),
    created_at            INTEGER NOT NULL,
    updated_at            INTEGER NOT NULL
) STRICT;
CREATE INDEX platform_integrations_by_agent ON platform_integrations (agent_id, seq);

-- Installations of them. `agent_id` is the agent that installed it, `name` the human-friendly field
-- of the answers. The answers and the secret that signs are sealed; `scopes` is what was granted.
CREATE TABLE platform_installations (
    seq            INTEGER PRIMARY KEY,
    id             TEXT NOT NULL UNIQUE,
    integration_id TEXT NOT NULL REFERENCES platform_integrations (id) ON DELETE CASCADE,
    agent_id       TEXT NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    status         TEXT NOT NULL,
    name           TEXT NOT NULL,
    scopes         TEXT NOT NULL CHECK (json_valid(scopes)),
    configuration  BLOB NOT NULL,
    client_secret  BLOB NOT NULL,
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL
) STRICT;
CREATE INDEX platform_installations_by_agent ON platform_installations (agent_id, seq);
CREATE INDEX platform_installations_by_integration ON platform_installations (integration_id, seq);

-- What an installation's integration proves itself with: codes, access and refresh tokens. Only the
-- SHA-256 of each is stored.
CREATE TABLE platform_tokens (
    seq             INTEGER PRIMARY KEY,
    id              TEXT NOT NULL UNIQUE,
    installation_id TEXT NOT NULL REFERENCES platform_installations (id) ON DELETE CASCADE,
    kind            TEXT NOT NULL,
    hash            BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    created_at      INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    used_at         INTEGER,
    revoked_at      INTEGER
) STRICT;
CREATE INDEX platform_tokens_by_installation ON platform_tokens (installation_id, expires_at);
-- As with API keys: a server that has tokens in memory notices that one may be void.
CREATE TRIGGER platform_tokens_changed AFTER UPDATE OF revoked_at ON platform_tokens
BEGIN
    UPDATE api_key_generation SET value = value + 1;
END;
CREATE TRIGGER platform_tokens_deleted AFTER DELETE ON platform_tokens WHEN OLD.kind = 'access'
BEGIN
    UPDATE api_key_generation SET value = value + 1;
END;

-- Integrations that are still to be told that an installation of theirs is gone.
CREATE TABLE platform_uninstalls (
    seq             INTEGER PRIMARY KEY,
    installation_id TEXT NOT NULL UNIQUE,
    agent_id        TEXT NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    name            TEXT NOT NULL,
    url             TEXT NOT NULL,
    client_secret   BLOB NOT NULL,
    attempts        INTEGER NOT NULL,
    next_attempt_at INTEGER NOT NULL,
    last_error      TEXT,
    created_at      INTEGER NOT NULL
) STRICT;
CREATE INDEX platform_uninstalls_due ON platform_uninstalls (next_attempt_at);
CREATE INDEX platform_uninstalls_by_agent ON platform_uninstalls (agent_id, seq);
