-- A delivery is one entry of the tree of its endpoint's deliveries, and one of the index of what is
-- due: no number of its own, no index for its message or its endpoint. So it goes with its endpoint by
-- a reference, with its message by a trigger, which finds it by the endpoints of the agent. The id of
-- a message begins with its time, so that one index finds messages by id and by time.
ALTER TABLE webhook_attempts RENAME TO old_webhook_attempts;
ALTER TABLE webhook_deliveries RENAME TO old_webhook_deliveries;
ALTER TABLE webhook_messages RENAME TO old_webhook_messages;

CREATE TABLE webhook_messages (
    seq          INTEGER PRIMARY KEY,
    id           TEXT NOT NULL,
    agent_id     TEXT NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    event_type   TEXT NOT NULL,
    previous_seq INTEGER,
    created_at   INTEGER NOT NULL,
    payload      TEXT NOT NULL CHECK (json_valid(payload))
) STRICT;
INSERT INTO webhook_messages (seq, id, agent_id, event_type, previous_seq, created_at, payload)
SELECT seq, id, agent_id, event_type, previous_seq, created_at, payload
FROM old_webhook_messages ORDER BY seq;

CREATE TABLE webhook_deliveries (
    endpoint_seq INTEGER NOT NULL REFERENCES webhook_endpoints (seq) ON DELETE CASCADE,
    message_seq  INTEGER NOT NULL,
    -- Not IN: a list of three is made a table of with every row that is checked.
    state        TEXT NOT NULL
        CHECK (state = 'pending' OR state = 'delivered' OR state = 'failed'),
    attempts     INTEGER NOT NULL DEFAULT 0,
    manual       INTEGER NOT NULL DEFAULT 0 CHECK (manual IN (0, 1)),
    due_at       INTEGER,
    lease_until  INTEGER,
    PRIMARY KEY (endpoint_seq, message_seq),
    CHECK ((state = 'pending') = (due_at IS NOT NULL)),
    CHECK (state = 'pending' OR lease_until IS NULL)
) STRICT, WITHOUT ROWID;
INSERT INTO webhook_deliveries
    (endpoint_seq, message_seq, state, attempts, manual, due_at, lease_until)
SELECT endpoint_seq, message_seq, state, attempts, manual, due_at, lease_until
FROM old_webhook_deliveries ORDER BY endpoint_seq, message_seq;

CREATE TABLE webhook_attempts (
    seq          INTEGER PRIMARY KEY,
    id           TEXT NOT NULL UNIQUE,
    endpoint_seq INTEGER NOT NULL,
    message_seq  INTEGER NOT NULL,
    url          TEXT NOT NULL,
    manual       INTEGER NOT NULL CHECK (manual IN (0, 1)),
    succeeded    INTEGER NOT NULL CHECK (succeeded IN (0, 1)),
    status       INTEGER,
    response     BLOB NOT NULL,
    error        TEXT,
    started_at   INTEGER NOT NULL,
    duration_ms  INTEGER NOT NULL,
    FOREIGN KEY (endpoint_seq, message_seq)
        REFERENCES webhook_deliveries (endpoint_seq, message_seq) ON DELETE CASCADE
) STRICT;
INSERT INTO webhook_attempts
    (seq, id, endpoint_seq, message_seq, url, manual, succeeded, status, response, error,
     started_at, duration_ms)
SELECT attempts.seq, id, deliveries.endpoint_seq, message_seq, url, attempts.manual, succeeded,
    status, response, error, started_at, duration_ms
FROM old_webhook_attempts AS attempts
JOIN old_webhook_deliveries AS deliveries ON deliveries.seq = delivery_seq
ORDER BY attempts.seq;

-- With the indexes, whose names are free then.
DROP TABLE old_webhook_attempts;
DROP TABLE old_webhook_deliveries;
DROP TABLE old_webhook_messages;

CREATE UNIQUE INDEX webhook_messages_by_agent ON webhook_messages (agent_id, id);
CREATE INDEX webhook_deliveries_due
    ON webhook_deliveries (endpoint_seq, due_at) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_failed
    ON webhook_deliveries (endpoint_seq, message_seq) WHERE state = 'failed';
CREATE INDEX webhook_attempts_by_delivery ON webhook_attempts (endpoint_seq, message_seq);
CREATE INDEX webhook_attempts_by_endpoint ON webhook_attempts (endpoint_seq, seq);

CREATE TRIGGER webhook_messages_deleted AFTER DELETE ON webhook_messages
BEGIN
    DELETE FROM webhook_deliveries
    WHERE message_seq = OLD.seq
      AND endpoint_seq IN (SELECT seq FROM webhook_endpoints WHERE agent_id = OLD.agent_id);
END;
