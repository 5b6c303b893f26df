-- A public workspace, preferences, and a bot in which only one person may act.
UPDATE workspaces SET public = 1, about = 'of format 30', social_accounts = '["https://example.localhost"]' WHERE seq = 2;
UPDATE accounts SET display_name = 'of format 30' WHERE seq = 1;
INSERT INTO account_preferences (account_id, key, value) VALUES ('cccccccc-0000-4000-8000-000000000001', 'theme', '"of format 30"');
INSERT INTO workspace_preferences (workspace_id, key, value) VALUES ('11111111-1111-1111-aaaa-111111111111', 'theme', '"of format 30"');
UPDATE integrations SET verification = 'pending' WHERE seq = 1;
UPDATE bots SET allowlist = 'SELECTED_USERS' WHERE agent_seq = 1;
INSERT INTO bot_allowed_accounts (agent_seq, account_id) VALUES (1, 'cccccccc-0000-4000-8000-000000000001');
