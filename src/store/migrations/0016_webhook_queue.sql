-- A change of an end user writes as little as it can for its event: what messages of an agent are found
-- by is two numbers, the agent's and the time, and a delivery is one entry of one tree until it is
-- attempted. An id leads to its message by the time that it begins with.
ALTER TABLE webhook_messages RENAME TO old_webhook_messages;
CREATE TABLE webhook_messages (
    seq          INTEGER PRIMARY KEY,
    id           TEXT NOT NULL,
    agent_seq    INTEGER NOT NULL REFERENCES agents (seq) ON DELETE CASCADE,
    event_type   TEXT NOT NULL,
    previous_seq INTEGER,
    created_at   INTEGER NOT NULL,
    payload      TEXT NOT NULL
) STRICT;
INSERT INTO webhook_messages (seq, id, agent_seq, event_type, previous_seq, created_at, payload)
SELECT old.seq, old.id, agents.seq, event_type, previous_seq, old.created_at, payload
FROM old_webhook_messages AS old JOIN agents ON agents.id = agent_id
ORDER BY old.seq;
DROP TABLE old_webhook_messages;

CREATE INDEX webhook_messages_by_agent ON webhook_messages (agent_seq, created_at);

-- Deliveries of which nothing was attempted yet: all of them due.
CREATE TABLE webhook_queue (
    endpoint_seq INTEGER NOT NULL REFERENCES webhook_endpoints (seq) ON DELETE CASCADE,
    message_seq  INTEGER NOT NULL,
    PRIMARY KEY (endpoint_seq, message_seq)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER webhook_messages_deleted AFTER DELETE ON webhook_messages
BEGIN
    DELETE FROM webhook_deliveries
    WHERE message_seq = OLD.seq
      AND endpoint_seq IN (
          SELECT webhook_endpoints.seq FROM agents
          JOIN webhook_endpoints ON webhook_endpoints.agent_id = agents.id
          WHERE agents.seq = OLD.agent_seq);
    DELETE FROM webhook_queue
    WHERE message_seq = OLD.seq
      AND endpoint_seq IN (
          SELECT webhook_endpoints.seq FROM agents
          JOIN webhook_endpoints ON webhook_endpoints.agent_id = agents.id
          WHERE agents.seq = OLD.agent_seq);
END;
