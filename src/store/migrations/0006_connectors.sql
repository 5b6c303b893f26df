-- Which project a change was made for, as the caller named it (Cohere's X-Client-Name).
ALTER TABLE audit_records ADD COLUMN client_name TEXT;

-- Searchable sources of documents (Cohere's connectors). `credentials` is sealed: the token of
-- service_auth, or client id and secret of oauth. `auth` is what of either is shown.
CREATE TABLE connectors (
    seq                 INTEGER PRIMARY KEY,
    id                  TEXT NOT NULL UNIQUE,
    workspace_id        TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    name                TEXT NOT NULL,
    description         TEXT,
    url                 TEXT NOT NULL,
    excludes            TEXT NOT NULL CHECK (json_valid(excludes)),
    auth_type           TEXT,
    auth                TEXT CHECK (auth IS NULL OR json_valid(auth)),
    credentials         BLOB,
    is_active           INTEGER NOT NULL CHECK (is_active IN (0, 1)),
    continue_on_failure INTEGER NOT NULL CHECK (continue_on_failure IN (0, 1)),
    created_at          INTEGER NOT NULL,
    updated_at          INTEGER NOT NULL,
    CHECK ((auth_type IS NULL) = (auth IS NULL) AND (auth_type IS NULL) = (credentials IS NULL))
) STRICT;
CREATE INDEX connectors_by_workspace ON connectors (workspace_id, seq);

-- What a user, who is an API key, has allowed a connector to read. `tokens` is sealed, and gone
-- once the provider refuses it.
CREATE TABLE connector_authorizations (
    seq          INTEGER PRIMARY KEY,
    id           TEXT NOT NULL UNIQUE,
    connector_id TEXT NOT NULL REFERENCES connectors (id) ON DELETE CASCADE,
    user_id      TEXT NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    tokens       BLOB,
    refreshable  INTEGER NOT NULL CHECK (refreshable IN (0, 1)),
    expires_at   INTEGER,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    UNIQUE (connector_id, user_id)
) STRICT;
CREATE INDEX connector_authorizations_by_user ON connector_authorizations (user_id);

-- Authorizations that a user has begun. Of the state only the SHA-256 is stored; the verifier of
-- PKCE is sealed.
CREATE TABLE connector_oauth_states (
    hash                 BLOB PRIMARY KEY CHECK (length(hash) = 32),
    id                   TEXT NOT NULL UNIQUE,
    connector_id         TEXT NOT NULL REFERENCES connectors (id) ON DELETE CASCADE,
    user_id              TEXT NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    verifier             BLOB NOT NULL,
    redirect_uri         TEXT NOT NULL,
    after_token_redirect TEXT,
    expires_at           INTEGER NOT NULL
) STRICT;
CREATE INDEX connector_oauth_states_by_user ON connector_oauth_states (user_id, expires_at);
CREATE INDEX connector_oauth_states_by_connector ON connector_oauth_states (connector_id);

-- Calls to connectors, the newest of each. `status_code` is 0 where there was no answer.
CREATE TABLE connector_logs (
    seq             INTEGER PRIMARY KEY,
    id              TEXT NOT NULL UNIQUE,
    workspace_id    TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    connector_id    TEXT NOT NULL REFERENCES connectors (id) ON DELETE CASCADE,
    request_id      TEXT NOT NULL,
    user_id         TEXT NOT NULL,
    client_name     TEXT,
    status_code     INTEGER NOT NULL,
    duration_millis INTEGER NOT NULL,
    error_message   TEXT,
    created_at      INTEGER NOT NULL
) STRICT;
CREATE INDEX connector_logs_by_workspace ON connector_logs (workspace_id, seq);
CREATE INDEX connector_logs_by_connector ON connector_logs (connector_id, seq);
