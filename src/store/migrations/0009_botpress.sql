-- Botpress. Its bot is an agent and its user an end user; what only Botpress keeps of them is here.
-- Other agents' dialects see neither.

-- Values by name, as canonical JSON: members sorted, no blanks. Those that an integration declares
-- are named `integration:key`. In this form equal sets are equal texts.
ALTER TABLE end_users ADD COLUMN tags TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(tags));
CREATE INDEX end_users_by_tags ON end_users (agent_id, tags);
CREATE INDEX end_users_by_creation ON end_users (agent_id, created_at);

-- A deleted agent is gone for everyone at once; what it had is removed in steps.
ALTER TABLE agents ADD COLUMN deleted_at INTEGER;
CREATE INDEX agents_to_remove ON agents (deleted_at) WHERE deleted_at IS NOT NULL;

ALTER TABLE workspaces ADD COLUMN plan TEXT NOT NULL DEFAULT 'community';
ALTER TABLE workspaces ADD COLUMN blocked INTEGER NOT NULL DEFAULT 0 CHECK (blocked IN (0, 1));
ALTER TABLE workspaces ADD COLUMN spending_limit REAL NOT NULL DEFAULT 0;

-- What Botpress keeps of an agent; made when it is first asked for. `definition` holds what the bot
-- declares (tags, states, events, recurring events, the schema of its configuration); `revision`
-- counts its changes. `configuration` and `signing_secret` are sealed. `user_*` are of the user that
-- every bot is itself, whose id is that of the bot.
CREATE TABLE bots (
    agent_seq      INTEGER PRIMARY KEY REFERENCES agents (seq) ON DELETE CASCADE,
    revision       INTEGER NOT NULL DEFAULT 0,
    definition     TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(definition)),
    configuration  BLOB,
    signing_secret BLOB NOT NULL,
    medias         TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(medias)),
    url            TEXT,
    dev            INTEGER NOT NULL DEFAULT 0 CHECK (dev IN (0, 1)),
    blocked        INTEGER NOT NULL DEFAULT 0 CHECK (blocked IN (0, 1)),
    authentication TEXT,
    created_by     TEXT,
    deployed_at    INTEGER,
    user_tags      TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(user_tags)),
    user_name      TEXT,
    user_picture   TEXT
) STRICT;
CREATE TABLE bot_code (
    agent_seq INTEGER PRIMARY KEY REFERENCES agents (seq) ON DELETE CASCADE,
    code      TEXT NOT NULL
) STRICT;

-- One version of an integration. `definition` holds what it declares and its scripts; `version_order`
-- sorts as versions do. Icons are one for all versions of a name.
CREATE TABLE integrations (
    seq           INTEGER PRIMARY KEY,
    id            TEXT NOT NULL UNIQUE,
    workspace_id  TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    name          TEXT NOT NULL,
    version       TEXT NOT NULL,
    version_order TEXT NOT NULL,
    public        INTEGER NOT NULL DEFAULT 0 CHECK (public IN (0, 1)),
    dev           INTEGER NOT NULL DEFAULT 0 CHECK (dev IN (0, 1)),
    title         TEXT NOT NULL,
    description   TEXT NOT NULL,
    definition    TEXT NOT NULL CHECK (json_valid(definition)),
    revision      INTEGER NOT NULL DEFAULT 0,
    url           TEXT,
    readme        BLOB,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX integrations_by_workspace ON integrations (workspace_id, seq);
CREATE UNIQUE INDEX integrations_by_name ON integrations (workspace_id, name, version) WHERE dev = 0;
CREATE INDEX integrations_by_version ON integrations (workspace_id, name, version_order);
CREATE UNIQUE INDEX integrations_public ON integrations (name, version) WHERE public = 1;
CREATE INDEX integrations_in_hub ON integrations (seq) WHERE public = 1;
CREATE INDEX api_keys_by_integration ON api_keys (integration_id) WHERE integration_id IS NOT NULL;
CREATE TABLE integration_code (
    integration_seq INTEGER PRIMARY KEY REFERENCES integrations (seq) ON DELETE CASCADE,
    code            TEXT NOT NULL
) STRICT;
CREATE TABLE integration_icons (
    workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    name         TEXT NOT NULL,
    icon         BLOB NOT NULL,
    PRIMARY KEY (workspace_id, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE integration_secrets (
    integration_seq INTEGER NOT NULL REFERENCES integrations (seq) ON DELETE CASCADE,
    name            TEXT NOT NULL,
    sealed          BLOB NOT NULL,
    PRIMARY KEY (integration_seq, name)
) STRICT, WITHOUT ROWID;

-- An integration in a bot. `configuration` is sealed; `identifier` is what the integration has set
-- to be found by (configureIntegration); `alias` is the name that the bot's developer knows it by. An
-- integration that is installed cannot be deleted. A row stays when the integration is removed from
-- the bot (`removed_at`), so that it has the same webhook when it is installed again.
CREATE TABLE bot_integrations (
    seq             INTEGER PRIMARY KEY,
    agent_seq       INTEGER NOT NULL REFERENCES agents (seq) ON DELETE CASCADE,
    integration_seq INTEGER NOT NULL REFERENCES integrations (seq),
    webhook_id      TEXT NOT NULL UNIQUE,
    enabled         INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    status          TEXT NOT NULL,
    status_reason   TEXT,
    configuration   BLOB NOT NULL,
    identifier      TEXT,
    alias           TEXT,
    removed_at      INTEGER,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    UNIQUE (agent_seq, integration_seq),
    UNIQUE (agent_seq, alias),
    CHECK (removed_at IS NULL OR (NOT enabled AND alias IS NULL))
) STRICT;
CREATE INDEX bot_integrations_by_integration ON bot_integrations (integration_seq, identifier);

-- Who may call is kept in memory with the generation of the keys (0001): whatever may take it away
-- raises that.
CREATE TRIGGER agents_moved AFTER UPDATE OF workspace_id, handle ON agents
BEGIN
    UPDATE api_key_generation SET value = value + 1;
END;
CREATE TRIGGER agents_deleted AFTER DELETE ON agents
BEGIN
    UPDATE api_key_generation SET value = value + 1;
END;
CREATE TRIGGER members_changed AFTER UPDATE OF role ON members
BEGIN
    UPDATE api_key_generation SET value = value + 1;
END;
CREATE TRIGGER members_deleted AFTER DELETE ON members
BEGIN
    UPDATE api_key_generation SET value = value + 1;
END;
CREATE TRIGGER bot_integrations_changed AFTER UPDATE OF enabled, integration_seq ON bot_integrations
BEGIN
    UPDATE api_key_generation SET value = value + 1;
END;
CREATE TRIGGER bot_integrations_deleted AFTER DELETE ON bot_integrations
BEGIN
    UPDATE api_key_generation SET value = value + 1;
END;

CREATE TABLE conversations (
    seq              INTEGER PRIMARY KEY,
    id               TEXT NOT NULL UNIQUE,
    agent_seq        INTEGER NOT NULL REFERENCES agents (seq) ON DELETE CASCADE,
    integration      TEXT NOT NULL,
    channel          TEXT NOT NULL,
    tags             TEXT NOT NULL CHECK (json_valid(tags)),
    -- Whether the bot itself takes part. People who do are in the next table.
    bot_participates INTEGER NOT NULL DEFAULT 0 CHECK (bot_participates IN (0, 1)),
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL
) STRICT;
CREATE INDEX conversations_by_agent ON conversations (agent_seq);
CREATE INDEX conversations_by_integration ON conversations (agent_seq, integration);
CREATE INDEX conversations_by_tags ON conversations (agent_seq, integration, channel, tags);
CREATE TABLE conversation_participants (
    conversation_seq INTEGER NOT NULL REFERENCES conversations (seq) ON DELETE CASCADE,
    user_seq         INTEGER NOT NULL REFERENCES end_users (seq) ON DELETE CASCADE,
    PRIMARY KEY (conversation_seq, user_seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX conversation_participants_by_user
    ON conversation_participants (user_seq, conversation_seq);

-- `user_seq` is null if the bot itself wrote it. The event `message_created` of an incoming message
-- is not stored: it is the message. Numbers are not used again, so that events can refer to them.
CREATE TABLE messages (
    seq              INTEGER PRIMARY KEY AUTOINCREMENT,
    id               TEXT NOT NULL UNIQUE,
    agent_seq        INTEGER NOT NULL REFERENCES agents (seq) ON DELETE CASCADE,
    conversation_seq INTEGER NOT NULL REFERENCES conversations (seq) ON DELETE CASCADE,
    user_seq         INTEGER REFERENCES end_users (seq) ON DELETE CASCADE,
    incoming         INTEGER NOT NULL CHECK (incoming IN (0, 1)),
    type             TEXT NOT NULL,
    payload          TEXT NOT NULL CHECK (json_valid(payload)),
    tags             TEXT NOT NULL CHECK (json_valid(tags)),
    created_at       INTEGER NOT NULL
) STRICT;
CREATE INDEX messages_by_conversation ON messages (conversation_seq);
CREATE INDEX messages_by_time ON messages (agent_seq, incoming, created_at);
CREATE INDEX messages_by_user ON messages (user_seq) WHERE user_seq IS NOT NULL;
CREATE INDEX messages_by_tags ON messages (conversation_seq, tags) WHERE tags <> '{}';

-- `after_message` is the last message there was, of any bot: where the event stands among messages.
CREATE TABLE events (
    seq              INTEGER PRIMARY KEY,
    id               TEXT NOT NULL UNIQUE,
    agent_seq        INTEGER NOT NULL REFERENCES agents (seq) ON DELETE CASCADE,
    type             TEXT NOT NULL,
    payload          TEXT NOT NULL CHECK (json_valid(payload)),
    conversation_seq INTEGER REFERENCES conversations (seq) ON DELETE CASCADE,
    user_seq         INTEGER REFERENCES end_users (seq) ON DELETE CASCADE,
    message_seq      INTEGER REFERENCES messages (seq) ON DELETE CASCADE,
    after_message    INTEGER NOT NULL,
    created_at       INTEGER NOT NULL
) STRICT;
CREATE INDEX events_by_time ON events (agent_seq, created_at, after_message);
CREATE INDEX events_by_type ON events (agent_seq, type, created_at, after_message);
CREATE INDEX events_by_conversation ON events (conversation_seq) WHERE conversation_seq IS NOT NULL;
CREATE INDEX events_by_user ON events (user_seq) WHERE user_seq IS NOT NULL;
CREATE INDEX events_by_message ON events (message_seq) WHERE message_seq IS NOT NULL;

-- The tags of the rows above, one a row, for lists that ask for one.
CREATE TABLE user_tags (
    agent_seq INTEGER NOT NULL,
    name      TEXT NOT NULL,
    value     TEXT NOT NULL,
    of_seq    INTEGER NOT NULL REFERENCES end_users (seq) ON DELETE CASCADE,
    PRIMARY KEY (agent_seq, name, value, of_seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX user_tags_of ON user_tags (of_seq);
CREATE TABLE conversation_tags (
    agent_seq INTEGER NOT NULL,
    name      TEXT NOT NULL,
    value     TEXT NOT NULL,
    of_seq    INTEGER NOT NULL REFERENCES conversations (seq) ON DELETE CASCADE,
    PRIMARY KEY (agent_seq, name, value, of_seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX conversation_tags_of ON conversation_tags (of_seq);
CREATE TABLE message_tags (
    agent_seq INTEGER NOT NULL,
    name      TEXT NOT NULL,
    value     TEXT NOT NULL,
    of_seq    INTEGER NOT NULL REFERENCES messages (seq) ON DELETE CASCADE,
    PRIMARY KEY (agent_seq, name, value, of_seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX message_tags_of ON message_tags (of_seq);

-- `integration` is the name of the integration whose state it is, empty for one of the bot's own.
-- `owner_id` is the conversation or user it belongs to, else empty. It ends at `expires_at` unless it
-- is touched before; `expires_after` is that time in milliseconds.
CREATE TABLE states (
    seq              INTEGER PRIMARY KEY,
    id               TEXT NOT NULL UNIQUE,
    agent_seq        INTEGER NOT NULL REFERENCES agents (seq) ON DELETE CASCADE,
    integration      TEXT NOT NULL,
    type             TEXT NOT NULL,
    owner_id         TEXT NOT NULL,
    name             TEXT NOT NULL,
    conversation_seq INTEGER REFERENCES conversations (seq) ON DELETE CASCADE,
    user_seq         INTEGER REFERENCES end_users (seq) ON DELETE CASCADE,
    payload          TEXT NOT NULL CHECK (json_valid(payload)),
    expires_after    INTEGER,
    expires_at       INTEGER,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    UNIQUE (agent_seq, integration, type, owner_id, name),
    CHECK ((expires_after IS NULL) = (expires_at IS NULL))
) STRICT;
CREATE INDEX states_to_expire ON states (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX states_by_conversation ON states (conversation_seq) WHERE conversation_seq IS NOT NULL;
CREATE INDEX states_by_user ON states (user_seq) WHERE user_seq IS NOT NULL;

-- What is to happen at a time: the delivery of an event or a message that was created with a
-- schedule, or the next firing of a recurring event of the bot.
CREATE TABLE bot_schedules (
    seq         INTEGER PRIMARY KEY,
    agent_seq   INTEGER NOT NULL REFERENCES agents (seq) ON DELETE CASCADE,
    due_at      INTEGER NOT NULL,
    event_seq   INTEGER UNIQUE REFERENCES events (seq) ON DELETE CASCADE,
    message_seq INTEGER UNIQUE REFERENCES messages (seq) ON DELETE CASCADE,
    recurring   TEXT,
    CHECK ((event_seq IS NOT NULL) + (message_seq IS NOT NULL) + (recurring IS NOT NULL) = 1),
    UNIQUE (agent_seq, recurring)
) STRICT;
CREATE INDEX bot_schedules_due ON bot_schedules (due_at);

-- The outbox of the runtime: what a bot (`installation_seq` null) or an installation of an
-- integration is to be told, until it is told or given up. Only written when there is code or a url
-- that can take it. Those with one `lane` of one receiver go in order, which is that of `seq`: no
-- number is ever used twice. `due_at` says when to look at it. Which ones are being delivered only the
-- process that does it knows, so that a restart ends every lease.
CREATE TABLE bot_deliveries (
    seq              INTEGER PRIMARY KEY AUTOINCREMENT,
    agent_seq        INTEGER NOT NULL REFERENCES agents (seq) ON DELETE CASCADE,
    installation_seq INTEGER REFERENCES bot_integrations (seq) ON DELETE CASCADE,
    operation        TEXT NOT NULL,
    event_seq        INTEGER REFERENCES events (seq) ON DELETE CASCADE,
    message_seq      INTEGER REFERENCES messages (seq) ON DELETE CASCADE,
    -- What has no row of its own: the body of the request, as JSON.
    payload          TEXT CHECK (payload IS NULL OR json_valid(payload)),
    lane             INTEGER NOT NULL,
    attempts         INTEGER NOT NULL DEFAULT 0,
    due_at           INTEGER NOT NULL,
    created_at       INTEGER NOT NULL
) STRICT;
CREATE INDEX bot_deliveries_due ON bot_deliveries (due_at);
CREATE INDEX bot_deliveries_in_order ON bot_deliveries (agent_seq, lane);
CREATE INDEX bot_deliveries_by_installation
    ON bot_deliveries (installation_seq) WHERE installation_seq IS NOT NULL;
CREATE INDEX bot_deliveries_by_event ON bot_deliveries (event_seq) WHERE event_seq IS NOT NULL;
CREATE INDEX bot_deliveries_by_message ON bot_deliveries (message_seq) WHERE message_seq IS NOT NULL;

CREATE TABLE bot_logs (
    seq       INTEGER PRIMARY KEY,
    agent_seq INTEGER NOT NULL REFERENCES agents (seq) ON DELETE CASCADE,
    at        INTEGER NOT NULL,
    level     TEXT NOT NULL,
    message   TEXT NOT NULL
) STRICT;
CREATE INDEX bot_logs_by_time ON bot_logs (agent_seq, at);
CREATE INDEX bot_logs_by_age ON bot_logs (at);
CREATE TABLE integration_logs (
    seq             INTEGER PRIMARY KEY,
    integration_seq INTEGER NOT NULL REFERENCES integrations (seq) ON DELETE CASCADE,
    at              INTEGER NOT NULL,
    level           TEXT NOT NULL,
    message         TEXT NOT NULL
) STRICT;
CREATE INDEX integration_logs_by_time ON integration_logs (integration_seq, at);
CREATE INDEX integration_logs_by_age ON integration_logs (at);

-- What goes wrong in a bot, grouped: events with one `group_key` are one issue.
CREATE TABLE bot_issues (
    seq             INTEGER PRIMARY KEY,
    id              TEXT NOT NULL UNIQUE,
    agent_seq       INTEGER NOT NULL REFERENCES agents (seq) ON DELETE CASCADE,
    group_key       BLOB NOT NULL,
    code            TEXT NOT NULL,
    category        TEXT NOT NULL,
    title           TEXT NOT NULL,
    description     TEXT NOT NULL,
    grouped_data    TEXT NOT NULL CHECK (json_valid(grouped_data)),
    resolution_link TEXT,
    events_count    INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    last_seen_at    INTEGER NOT NULL,
    UNIQUE (agent_seq, group_key)
) STRICT;
CREATE INDEX bot_issues_by_agent ON bot_issues (agent_seq, seq);
CREATE INDEX bot_issues_by_time ON bot_issues (agent_seq, last_seen_at);
CREATE TABLE bot_issue_events (
    seq        INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    issue_seq  INTEGER NOT NULL REFERENCES bot_issues (seq) ON DELETE CASCADE,
    data       TEXT NOT NULL CHECK (json_valid(data)),
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX bot_issue_events_by_issue ON bot_issue_events (issue_seq);

CREATE TABLE bot_files (
    seq         INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    agent_seq   INTEGER NOT NULL REFERENCES agents (seq) ON DELETE CASCADE,
    name        TEXT NOT NULL,
    access_type TEXT NOT NULL,
    contents    BLOB NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX bot_files_by_agent ON bot_files (agent_seq);
