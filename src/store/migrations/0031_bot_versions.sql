-- Stored versions of a bot. `sealed` holds the definition, the configuration, the media files and the installations,
-- sealed for the id of the version. Secrets are not part of it.
CREATE TABLE bot_versions (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    id          TEXT NOT NULL UNIQUE,
    agent_seq   INTEGER NOT NULL REFERENCES agents (seq) ON DELETE CASCADE,
    name        TEXT NOT NULL,
    description TEXT,
    code        TEXT,
    sealed      BLOB NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX bot_versions_by_agent ON bot_versions (agent_seq, seq);

-- The document in Studio's format that a bot was last published from.
CREATE TABLE bot_documents (
    agent_seq INTEGER PRIMARY KEY REFERENCES agents (seq) ON DELETE CASCADE,
    document  TEXT NOT NULL CHECK (json_valid(document))
) STRICT;

-- The last calls of actions. `sealed` holds input, output and error, sealed for the id of the bot.
CREATE TABLE action_runs (
    seq         INTEGER PRIMARY KEY,
    agent_seq   INTEGER NOT NULL REFERENCES agents (seq) ON DELETE CASCADE,
    integration TEXT NOT NULL,
    action      TEXT NOT NULL,
    sealed      BLOB NOT NULL,
    duration_ms INTEGER NOT NULL,
    at          INTEGER NOT NULL
) STRICT;
CREATE INDEX action_runs_by_agent ON action_runs (agent_seq, integration, at);
CREATE INDEX action_runs_by_time ON action_runs (at);

-- Readable ids by which installations are shared for a day.
CREATE TABLE shareable_ids (
    installation_seq INTEGER PRIMARY KEY REFERENCES bot_integrations (seq) ON DELETE CASCADE,
    id               TEXT NOT NULL UNIQUE,
    created_at       INTEGER NOT NULL
) STRICT;
