-- What belongs to a workspace as a whole: how it is shown, what it has used, what it pays.

-- `handle` is unique. A workspace with `closed_at` is gone for everyone; its rows are deleted in steps.
ALTER TABLE workspaces ADD COLUMN handle TEXT;
ALTER TABLE workspaces ADD COLUMN closed_at INTEGER;
UPDATE workspaces SET handle = 'workspace-' || seq;
CREATE UNIQUE INDEX workspaces_by_handle ON workspaces (handle);
CREATE INDEX workspaces_closed ON workspaces (seq) WHERE closed_at IS NOT NULL;

-- Whether a workspace is blocked is kept in memory with its keys.
CREATE TRIGGER workspaces_blocked AFTER UPDATE OF blocked, closed_at ON workspaces
BEGIN
    UPDATE api_key_generation SET value = value + 1;
END;

ALTER TABLE members ADD COLUMN id TEXT;
UPDATE members SET id = lower(
    hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-a'
    || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)));
CREATE UNIQUE INDEX members_by_id ON members (id);

ALTER TABLE audit_records ADD COLUMN id TEXT;
UPDATE audit_records SET id = lower(
    hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-a'
    || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)));

-- What is counted as it happens, by month (`2026-03`, UTC). With an empty `agent_id` it is the sum of
-- the workspace. It stays when what was counted is deleted.
CREATE TABLE usage_monthly (
    workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    agent_id     TEXT NOT NULL,
    type         TEXT NOT NULL,
    month        TEXT NOT NULL,
    value        INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, type, month, agent_id)
) STRICT, WITHOUT ROWID;

-- Messages that users have sent are what Botpress bills.
CREATE TRIGGER messages_counted AFTER INSERT ON messages WHEN new.incoming = 1
BEGIN
    INSERT INTO usage_monthly (workspace_id, agent_id, type, month, value)
    SELECT workspace_id, '', 'user_messages',
           strftime('%Y-%m', new.created_at / 1000000, 'unixepoch'), 1
    FROM agents WHERE seq = new.agent_seq
    ON CONFLICT (workspace_id, type, month, agent_id) DO UPDATE SET value = value + 1;
END;

-- How a workspace pays, in the simulated payment provider's words: no card is behind it.
-- `billed_from` is the first moment that no invoice covers yet, `plan` what is billed; both are null
-- while nothing is.
CREATE TABLE billing (
    workspace_id      TEXT NOT NULL PRIMARY KEY REFERENCES workspaces (id) ON DELETE CASCADE,
    payment_method_id TEXT,
    method_type       TEXT,
    last_digits       TEXT,
    billed_from       INTEGER,
    plan              TEXT,
    CHECK ((billed_from IS NULL) = (plan IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX billing_running ON billing (billed_from) WHERE billed_from IS NOT NULL;

-- Amounts are cents. `next_attempt_at` is set while the invoice is to be charged by itself.
CREATE TABLE invoices (
    seq             INTEGER PRIMARY KEY,
    id              TEXT NOT NULL UNIQUE,
    workspace_id    TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    month           TEXT NOT NULL,
    at              INTEGER NOT NULL,
    lines           TEXT NOT NULL CHECK (json_valid(lines)),
    cents           INTEGER NOT NULL,
    currency        TEXT NOT NULL,
    attempts        INTEGER NOT NULL DEFAULT 0,
    next_attempt_at INTEGER,
    paid_at         INTEGER
) STRICT;
CREATE INDEX invoices_by_workspace ON invoices (workspace_id, seq);
CREATE INDEX invoices_to_charge ON invoices (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX invoices_unpaid ON invoices (workspace_id, at) WHERE paid_at IS NULL;

-- The ledger of the simulated payment provider: every attempt to charge, with what came of it.
CREATE TABLE charges (
    seq               INTEGER PRIMARY KEY,
    invoice_seq       INTEGER NOT NULL REFERENCES invoices (seq) ON DELETE CASCADE,
    payment_method_id TEXT,
    cents             INTEGER NOT NULL,
    at                INTEGER NOT NULL,
    failure           TEXT
) STRICT;
CREATE INDEX charges_by_invoice ON charges (invoice_seq);
