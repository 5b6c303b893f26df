-- Workflows of a bot. `tags` is the canonical JSON of the tags. `timeout_delay` is the time from the write to
-- `timeout_at` in microseconds, null if the caller named the time.
--
-- The bot is notified of a pending workflow: `update_type` is the type of the update, `round_at` the time of the round, null
-- once it has started. `delivery_seq` is the delivery of that update, or the one that ends the round of a workflow in
-- progress. `repeats` counts the rounds that failed since the last one that succeeded.
CREATE TABLE workflows (
    seq              INTEGER PRIMARY KEY AUTOINCREMENT,
    id               TEXT NOT NULL UNIQUE,
    agent_seq        INTEGER NOT NULL REFERENCES agents (seq) ON DELETE CASCADE,
    name             TEXT NOT NULL,
    status           TEXT NOT NULL,
    input            TEXT NOT NULL CHECK (json_valid(input)),
    output           TEXT NOT NULL CHECK (json_valid(output)),
    tags             TEXT NOT NULL CHECK (json_valid(tags)),
    failure_reason   TEXT,
    parent_seq       INTEGER REFERENCES workflows (seq) ON DELETE SET NULL,
    conversation_seq INTEGER REFERENCES conversations (seq) ON DELETE CASCADE,
    user_seq         INTEGER REFERENCES end_users (seq) ON DELETE CASCADE,
    timeout_at       INTEGER NOT NULL,
    timeout_delay    INTEGER,
    update_type      TEXT,
    round_at         INTEGER,
    delivery_seq     INTEGER REFERENCES bot_deliveries (seq) ON DELETE SET NULL,
    repeats          INTEGER NOT NULL DEFAULT 0,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    completed_at     INTEGER
) STRICT;
CREATE INDEX workflows_by_agent ON workflows (agent_seq, seq);
CREATE INDEX workflows_by_name ON workflows (agent_seq, name, seq);
CREATE INDEX workflows_by_tags ON workflows (agent_seq, name, status, tags);
CREATE INDEX workflows_live ON workflows (agent_seq, seq)
    WHERE status IN ('pending', 'in_progress', 'listening', 'paused');
CREATE INDEX workflows_current ON workflows (conversation_seq, seq)
    WHERE status IN ('in_progress', 'listening');
CREATE INDEX workflows_by_conversation ON workflows (conversation_seq) WHERE conversation_seq IS NOT NULL;
CREATE INDEX workflows_by_user ON workflows (user_seq) WHERE user_seq IS NOT NULL;
CREATE INDEX workflows_by_parent ON workflows (parent_seq) WHERE parent_seq IS NOT NULL;
CREATE INDEX workflows_by_delivery ON workflows (delivery_seq) WHERE delivery_seq IS NOT NULL;
CREATE INDEX workflows_by_round ON workflows (round_at) WHERE round_at IS NOT NULL;
CREATE INDEX workflows_by_timeout ON workflows (timeout_at)
    WHERE status IN ('pending', 'in_progress', 'listening', 'paused');
CREATE INDEX workflows_ended ON workflows (updated_at)
    WHERE status IN ('failed', 'completed', 'timedout', 'cancelled');

CREATE TABLE workflow_tags (
    agent_seq INTEGER NOT NULL,
    name      TEXT NOT NULL,
    value     TEXT NOT NULL,
    of_seq    INTEGER NOT NULL REFERENCES workflows (seq) ON DELETE CASCADE,
    PRIMARY KEY (agent_seq, name, value, of_seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX workflow_tags_of ON workflow_tags (of_seq);

-- Tasks of a bot. The columns are as in `workflows`.
CREATE TABLE tasks (
    seq              INTEGER PRIMARY KEY AUTOINCREMENT,
    id               TEXT NOT NULL UNIQUE,
    agent_seq        INTEGER NOT NULL REFERENCES agents (seq) ON DELETE CASCADE,
    title            TEXT NOT NULL,
    description      TEXT NOT NULL,
    type             TEXT NOT NULL,
    status           TEXT NOT NULL,
    data             TEXT NOT NULL CHECK (json_valid(data)),
    tags             TEXT NOT NULL CHECK (json_valid(tags)),
    parent_seq       INTEGER REFERENCES tasks (seq) ON DELETE SET NULL,
    conversation_seq INTEGER NOT NULL REFERENCES conversations (seq) ON DELETE CASCADE,
    user_seq         INTEGER REFERENCES end_users (seq) ON DELETE CASCADE,
    timeout_at       INTEGER NOT NULL,
    timeout_delay    INTEGER,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL
) STRICT;
CREATE INDEX tasks_by_agent ON tasks (agent_seq, seq);
CREATE INDEX tasks_current ON tasks (conversation_seq, seq) WHERE status = 'in_progress';
CREATE INDEX tasks_by_conversation ON tasks (conversation_seq);
CREATE INDEX tasks_by_user ON tasks (user_seq) WHERE user_seq IS NOT NULL;
CREATE INDEX tasks_by_parent ON tasks (parent_seq) WHERE parent_seq IS NOT NULL;
CREATE INDEX tasks_by_timeout ON tasks (timeout_at)
    WHERE status IN ('pending', 'in_progress', 'blocked', 'paused');
CREATE INDEX tasks_ended ON tasks (updated_at)
    WHERE status IN ('failed', 'completed', 'timeout', 'cancelled');

CREATE TABLE task_tags (
    agent_seq INTEGER NOT NULL,
    name      TEXT NOT NULL,
    value     TEXT NOT NULL,
    of_seq    INTEGER NOT NULL REFERENCES tasks (seq) ON DELETE CASCADE,
    PRIMARY KEY (agent_seq, name, value, of_seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX task_tags_of ON task_tags (of_seq);

-- Changes of the status of tasks. The oldest of a task go first.
CREATE TABLE task_activities (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    id          TEXT NOT NULL UNIQUE,
    task_seq    INTEGER NOT NULL REFERENCES tasks (seq) ON DELETE CASCADE,
    description TEXT NOT NULL,
    data        TEXT NOT NULL CHECK (json_valid(data)),
    created_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX task_activities_by_task ON task_activities (task_seq, seq);

-- The workflow that an event concerns. `workflow_update` is the type of the update if the event notifies the bot of the
-- workflow.
ALTER TABLE events ADD COLUMN workflow_seq INTEGER REFERENCES workflows (seq) ON DELETE CASCADE;
ALTER TABLE events ADD COLUMN workflow_update TEXT;
CREATE INDEX events_by_workflow ON events (workflow_seq) WHERE workflow_seq IS NOT NULL;

-- States of tasks and workflows belong to a row now. Those of earlier formats have none.
DELETE FROM states WHERE type IN ('task', 'workflow');
ALTER TABLE states ADD COLUMN workflow_seq INTEGER REFERENCES workflows (seq) ON DELETE CASCADE;
ALTER TABLE states ADD COLUMN task_seq INTEGER REFERENCES tasks (seq) ON DELETE CASCADE;
CREATE INDEX states_by_workflow ON states (workflow_seq) WHERE workflow_seq IS NOT NULL;
CREATE INDEX states_by_task ON states (task_seq) WHERE task_seq IS NOT NULL;
