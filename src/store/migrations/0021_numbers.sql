-- A number of a row is never given out twice: what is found by one in memory, or in another table, is then
-- that row or nothing, whatever was deleted meanwhile. Not for tables whose rows nobody keeps the number of
-- (logs, attempts) or that are numbered by something else.
--
-- `AUTOINCREMENT` changes nothing in how rows are kept, so that only the text of the tables is changed. A table
-- that is made and dropped tells other connections that the schema is another one.
CREATE TABLE numbered (seq INTEGER PRIMARY KEY AUTOINCREMENT);
DROP TABLE numbered;
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, 'INTEGER PRIMARY KEY', 'INTEGER PRIMARY KEY AUTOINCREMENT')
WHERE type = 'table' AND name IN (
    'accounts', 'agents', 'api_keys', 'bot_files', 'bot_integrations', 'bot_issues', 'bot_schedules',
    'connector_authorizations', 'connectors', 'conversations', 'end_user_deletions', 'end_users', 'events',
    'folders', 'inboxes', 'integrations', 'invoices', 'members', 'platform_installations',
    'platform_integrations', 'platform_tokens', 'states', 'webhook_endpoints', 'webhook_messages', 'workspaces'
);
PRAGMA writable_schema = RESET;
INSERT INTO sqlite_sequence (name, seq)
SELECT 'accounts', coalesce(max(seq), 0) FROM accounts
UNION ALL SELECT 'agents', coalesce(max(seq), 0) FROM agents
UNION ALL SELECT 'api_keys', coalesce(max(seq), 0) FROM api_keys
UNION ALL SELECT 'bot_files', coalesce(max(seq), 0) FROM bot_files
UNION ALL SELECT 'bot_integrations', coalesce(max(seq), 0) FROM bot_integrations
UNION ALL SELECT 'bot_issues', coalesce(max(seq), 0) FROM bot_issues
UNION ALL SELECT 'bot_schedules', coalesce(max(seq), 0) FROM bot_schedules
UNION ALL SELECT 'connector_authorizations', coalesce(max(seq), 0) FROM connector_authorizations
UNION ALL SELECT 'connectors', coalesce(max(seq), 0) FROM connectors
UNION ALL SELECT 'conversations', coalesce(max(seq), 0) FROM conversations
UNION ALL SELECT 'end_user_deletions', coalesce(max(seq), 0) FROM end_user_deletions
UNION ALL SELECT 'end_users', coalesce(max(seq), 0) FROM end_users
UNION ALL SELECT 'events', coalesce(max(seq), 0) FROM events
UNION ALL SELECT 'folders', coalesce(max(seq), 0) FROM folders
UNION ALL SELECT 'inboxes', coalesce(max(seq), 0) FROM inboxes
UNION ALL SELECT 'integrations', coalesce(max(seq), 0) FROM integrations
UNION ALL SELECT 'invoices', coalesce(max(seq), 0) FROM invoices
UNION ALL SELECT 'members', coalesce(max(seq), 0) FROM members
UNION ALL SELECT 'platform_installations', coalesce(max(seq), 0) FROM platform_installations
UNION ALL SELECT 'platform_integrations', coalesce(max(seq), 0) FROM platform_integrations
UNION ALL SELECT 'platform_tokens', coalesce(max(seq), 0) FROM platform_tokens
UNION ALL SELECT 'states', coalesce(max(seq), 0) FROM states
UNION ALL SELECT 'webhook_endpoints', coalesce(max(seq), 0) FROM webhook_endpoints
UNION ALL SELECT 'webhook_messages', coalesce(max(seq), 0) FROM webhook_messages
UNION ALL SELECT 'workspaces', coalesce(max(seq), 0) FROM workspaces;
