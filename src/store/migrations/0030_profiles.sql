-- Public profile of a workspace. `social_accounts` is a JSON list of texts; `ai_spend_limit` is in dollars a month.
ALTER TABLE workspaces ADD COLUMN public INTEGER NOT NULL DEFAULT 0 CHECK (public IN (0, 1));
ALTER TABLE workspaces ADD COLUMN about TEXT NOT NULL DEFAULT '';
ALTER TABLE workspaces ADD COLUMN profile_picture TEXT NOT NULL DEFAULT '';
ALTER TABLE workspaces ADD COLUMN contact_email TEXT NOT NULL DEFAULT '';
ALTER TABLE workspaces ADD COLUMN website TEXT NOT NULL DEFAULT '';
ALTER TABLE workspaces ADD COLUMN social_accounts TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(social_accounts));
ALTER TABLE workspaces ADD COLUMN ai_spend_limit REAL NOT NULL DEFAULT 0;
CREATE INDEX workspaces_public ON workspaces (seq) WHERE public = 1;

ALTER TABLE accounts ADD COLUMN display_name TEXT;
ALTER TABLE accounts ADD COLUMN profile_picture TEXT;

ALTER TABLE integrations ADD COLUMN verification TEXT NOT NULL DEFAULT 'unapproved';

-- Values that clients store for themselves, by key. `value` is any JSON.
CREATE TABLE account_preferences (
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    key        TEXT NOT NULL,
    value      TEXT NOT NULL CHECK (json_valid(value)),
    PRIMARY KEY (account_id, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE workspace_preferences (
    workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    key          TEXT NOT NULL,
    value        TEXT NOT NULL CHECK (json_valid(value)),
    PRIMARY KEY (workspace_id, key)
) STRICT, WITHOUT ROWID;

-- The people who may act in a bot: all members of its workspace, or only those in the table.
ALTER TABLE bots ADD COLUMN allowlist TEXT NOT NULL DEFAULT 'ALL_WORKSPACE_USERS';
CREATE TABLE bot_allowed_accounts (
    agent_seq  INTEGER NOT NULL REFERENCES agents (seq) ON DELETE CASCADE,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    PRIMARY KEY (agent_seq, account_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX bot_allowed_accounts_by_account ON bot_allowed_accounts (account_id);

-- The right to act in a bot is cached for one generation of the keys (0001).
CREATE TRIGGER bots_allowlist_changed AFTER UPDATE OF allowlist ON bots
WHEN old.allowlist <> new.allowlist
BEGIN
    UPDATE api_key_generation SET value = value + 1;
END;
CREATE TRIGGER bot_allowed_accounts_added AFTER INSERT ON bot_allowed_accounts
BEGIN
    UPDATE api_key_generation SET value = value + 1;
END;
CREATE TRIGGER bot_allowed_accounts_deleted AFTER DELETE ON bot_allowed_accounts
BEGIN
    UPDATE api_key_generation SET value = value + 1;
END;
