-- Events of an agent: the messages that webhook endpoints receive.
CREATE TABLE webhook_messages (
    seq        INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    agent_id   TEXT NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    event_type TEXT NOT NULL,
    payload    TEXT NOT NULL CHECK (json_valid(payload)),
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX webhook_messages_by_agent ON webhook_messages (agent_id, seq);
