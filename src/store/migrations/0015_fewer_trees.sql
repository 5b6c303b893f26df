-- What is written with almost every change is in as few trees as it can be found by.

-- Audit records and service integrations of a workspace are numbered so that they lie side by side: the
-- number of the workspace in the upper 32 bits, their own in the lower ones. That takes the place of
-- an index by workspace. What belongs to no workspace that is there has 0 for its number.
ALTER TABLE audit_records RENAME TO old_audit_records;
CREATE TABLE audit_records (
    seq           INTEGER PRIMARY KEY,
    id            TEXT NOT NULL,
    workspace_id  TEXT,
    at            INTEGER NOT NULL,
    actor         TEXT NOT NULL,
    client_name   TEXT,
    action        TEXT NOT NULL,
    resource_id   TEXT NOT NULL,
    resource_name TEXT
) STRICT;
INSERT INTO audit_records
    (seq, id, workspace_id, at, actor, client_name, action, resource_id, resource_name)
SELECT (coalesce(workspaces.seq, 0) << 32)
           + row_number() OVER (PARTITION BY workspaces.seq ORDER BY records.seq),
       records.id, workspace_id, at, actor, client_name, action, resource_id, resource_name
FROM old_audit_records AS records LEFT JOIN workspaces ON workspaces.id = workspace_id
ORDER BY 1;
DROP TABLE old_audit_records;

ALTER TABLE service_integrations RENAME TO old_service_integrations;
CREATE TABLE service_integrations (
    seq          INTEGER PRIMARY KEY,
    id           TEXT NOT NULL UNIQUE,
    workspace_id TEXT NOT NULL,
    service      TEXT NOT NULL,
    name         TEXT NOT NULL,
    config       TEXT NOT NULL CHECK (json_valid(config)),
    secrets      BLOB,
    is_active    INTEGER NOT NULL CHECK (is_active IN (0, 1)),
    visibility   TEXT NOT NULL,
    agent_id     TEXT,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
) STRICT;
INSERT INTO service_integrations
    (seq, id, workspace_id, service, name, config, secrets, is_active, visibility, agent_id,
     created_at, updated_at)
SELECT (workspaces.seq << 32)
           + row_number() OVER (PARTITION BY workspaces.seq ORDER BY old.seq),
       old.id, workspace_id, service, old.name, config, secrets, is_active, visibility, agent_id,
       old.created_at, old.updated_at
FROM old_service_integrations AS old JOIN workspaces ON workspaces.id = workspace_id
ORDER BY 1;
DROP TABLE old_service_integrations;
CREATE TRIGGER workspaces_deleted AFTER DELETE ON workspaces
BEGIN
    DELETE FROM service_integrations
    WHERE seq > OLD.seq << 32 AND seq < (OLD.seq + 1) << 32 AND workspace_id = OLD.id;
END;

-- The tags of a message are found by its row, which has them as well: no index leads from there, and a
-- trigger takes the place of a reference.
ALTER TABLE message_tags RENAME TO old_message_tags;
CREATE TABLE message_tags (
    agent_seq INTEGER NOT NULL,
    name      TEXT NOT NULL,
    value     TEXT NOT NULL,
    of_seq    INTEGER NOT NULL,
    PRIMARY KEY (agent_seq, name, value, of_seq)
) STRICT, WITHOUT ROWID;
INSERT INTO message_tags (agent_seq, name, value, of_seq)
SELECT agent_seq, name, value, of_seq FROM old_message_tags
ORDER BY agent_seq, name, value, of_seq;
DROP TABLE old_message_tags;
CREATE TRIGGER messages_deleted AFTER DELETE ON messages WHEN OLD.tags <> '{}'
BEGIN
    DELETE FROM message_tags
    WHERE agent_seq = OLD.agent_seq AND of_seq = OLD.seq
      AND (name, value) IN (SELECT key, value FROM json_each(OLD.tags));
END;
