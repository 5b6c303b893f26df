-- Events of an agent: the messages that webhook endpoints receive.
CREATE TABLE webhook_messages (
    seq        INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    agent_id   TEXT NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    event_type TEXT NOT NULL,
    payload    TEXT NOT NULL CHECK (json_valid(payload)),
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX webhook_messages_by_agent ON webhook_messages (agent_id, created_at);

-- Where an agent's messages go. `secret` and `old_secret` are sealed; the old one signs along until
-- `old_secret_until`. `first_failure_at` is the first failure since the last success.
CREATE TABLE webhook_endpoints (
    seq              INTEGER PRIMARY KEY,
    id               TEXT NOT NULL UNIQUE,
    agent_id         TEXT NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    url              TEXT NOT NULL,
    description      TEXT NOT NULL,
    event_filters    TEXT NOT NULL CHECK (json_valid(event_filters)),
    enabled          INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    secret           BLOB NOT NULL,
    old_secret       BLOB,
    old_secret_until INTEGER,
    first_failure_at INTEGER,
    disabled_at      INTEGER,
    disabled_reason  TEXT,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    CHECK ((old_secret IS NULL) = (old_secret_until IS NULL)),
    CHECK (enabled = 0 OR disabled_at IS NULL)
) STRICT;
CREATE INDEX webhook_endpoints_by_agent ON webhook_endpoints (agent_id, seq);

-- The outbox: one row for each message and endpoint. While it is pending, `due_at` says when to look
-- at it next: for its next attempt, or, while the dispatcher has it (`lease_until`), when that lease
-- ends. `attempts` counts those of the schedule; a resend (`manual`) is one attempt without retries.
CREATE TABLE webhook_deliveries (
    seq          INTEGER PRIMARY KEY,
    message_seq  INTEGER NOT NULL REFERENCES webhook_messages (seq) ON DELETE CASCADE,
    endpoint_seq INTEGER NOT NULL REFERENCES webhook_endpoints (seq) ON DELETE CASCADE,
    state        TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'failed')),
    attempts     INTEGER NOT NULL DEFAULT 0,
    manual       INTEGER NOT NULL DEFAULT 0 CHECK (manual IN (0, 1)),
    due_at       INTEGER,
    lease_until  INTEGER,
    UNIQUE (message_seq, endpoint_seq),
    CHECK ((state = 'pending') = (due_at IS NOT NULL)),
    CHECK (state = 'pending' OR lease_until IS NULL)
) STRICT;
CREATE INDEX webhook_deliveries_due
    ON webhook_deliveries (endpoint_seq, due_at) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_failed
    ON webhook_deliveries (endpoint_seq, message_seq) WHERE state = 'failed';
-- For the removal of an endpoint.
CREATE INDEX webhook_deliveries_by_endpoint ON webhook_deliveries (endpoint_seq);

-- What each attempt came to. `status` is the answer's, none without an answer; `response` is the
-- beginning of its body.
CREATE TABLE webhook_attempts (
    seq          INTEGER PRIMARY KEY,
    id           TEXT NOT NULL UNIQUE,
    delivery_seq INTEGER NOT NULL REFERENCES webhook_deliveries (seq) ON DELETE CASCADE,
    endpoint_seq INTEGER NOT NULL REFERENCES webhook_endpoints (seq) ON DELETE CASCADE,
    url          TEXT NOT NULL,
    manual       INTEGER NOT NULL CHECK (manual IN (0, 1)),
    succeeded    INTEGER NOT NULL CHECK (succeeded IN (0, 1)),
    status       INTEGER,
    response     BLOB NOT NULL,
    error        TEXT,
    started_at   INTEGER NOT NULL,
    duration_ms  INTEGER NOT NULL
) STRICT;
CREATE INDEX webhook_attempts_by_delivery ON webhook_attempts (delivery_seq);
CREATE INDEX webhook_attempts_by_endpoint ON webhook_attempts (endpoint_seq, seq);

-- The test inbox: names that have been used, and what they received. `verdict` is that of the
-- signature check at the time of receipt.
CREATE TABLE inboxes (
    seq        INTEGER PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    status     INTEGER NOT NULL CHECK (status BETWEEN 200 AND 599),
    used_at    INTEGER NOT NULL
) STRICT;
CREATE TABLE inbox_requests (
    seq         INTEGER PRIMARY KEY,
    inbox_seq   INTEGER NOT NULL REFERENCES inboxes (seq) ON DELETE CASCADE,
    method      TEXT NOT NULL,
    path        TEXT NOT NULL,
    headers     TEXT NOT NULL CHECK (json_valid(headers)),
    body        BLOB NOT NULL,
    truncated   INTEGER NOT NULL CHECK (truncated IN (0, 1)),
    verdict     TEXT NOT NULL CHECK (json_valid(verdict)),
    status      INTEGER NOT NULL,
    received_at INTEGER NOT NULL
) STRICT;
CREATE INDEX inbox_requests_by_inbox ON inbox_requests (inbox_seq, seq);
