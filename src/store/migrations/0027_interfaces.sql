-- Versioned definitions that integrations and bots refer to: interfaces. `definition` holds what a version declares;
-- `version_order` sorts as versions do. A built-in version belongs to the server, and gives way to a published one of
-- the same name.
CREATE TABLE packages (
    seq           INTEGER PRIMARY KEY AUTOINCREMENT,
    id            TEXT NOT NULL UNIQUE,
    workspace_id  TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    kind          TEXT NOT NULL CHECK (kind IN ('interface', 'plugin')),
    name          TEXT NOT NULL,
    version       TEXT NOT NULL,
    version_order TEXT NOT NULL,
    visibility    TEXT NOT NULL CHECK (visibility IN ('private', 'public', 'unlisted')),
    built_in      INTEGER NOT NULL DEFAULT 0 CHECK (built_in IN (0, 1)),
    title         TEXT NOT NULL,
    description   TEXT NOT NULL,
    definition    TEXT NOT NULL CHECK (json_valid(definition)),
    icon          BLOB,
    readme        BLOB,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    UNIQUE (workspace_id, kind, name, version)
) STRICT;
CREATE INDEX packages_by_workspace ON packages (workspace_id, kind, seq);
CREATE INDEX packages_in_hub ON packages (kind, seq) WHERE visibility = 'public';
CREATE INDEX packages_by_name ON packages (kind, name, version_order) WHERE visibility <> 'private';

-- A public integration that is in no list.
ALTER TABLE integrations ADD COLUMN unlisted INTEGER NOT NULL DEFAULT 0 CHECK (unlisted IN (0, 1));

-- Implementations of interfaces, as the definitions of integrations have them: a row for each, so that they are found
-- by the interface. The interface may be gone with its workspace.
CREATE TABLE integration_interfaces (
    integration_seq INTEGER NOT NULL REFERENCES integrations (seq) ON DELETE CASCADE,
    key             TEXT NOT NULL,
    interface_id    TEXT NOT NULL,
    interface_name  TEXT NOT NULL,
    PRIMARY KEY (integration_seq, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX integration_interfaces_by_interface ON integration_interfaces (interface_id);
