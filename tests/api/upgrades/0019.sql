-- What an integration has made, and a name that outlives its workspace.
INSERT INTO integration_names (name, workspace_id, published) VALUES ('gone/pay', '44444444-4444-4444-8444-444444444444', 1);
INSERT INTO end_users (seq, id, agent_id, display_name, metadata, system_properties, created_at, updated_at, integration)
VALUES (19, '0195a000-0000-7000-8000-000000000004', 'aaaaaaaa-0000-4000-8000-000000000001', 'of format 19', '{}', '{}', 1771545600000000, 1771545600000000, '11111111-1111-1111-aaaa-111111111111/whint');
INSERT INTO bot_files (id, agent_seq, name, access_type, contents, created_at, integration)
VALUES ('0195a000-0000-7000-8000-0000000019f1', 1, 'of format 19', 'private', x'61', 1771545600000000, '11111111-1111-1111-aaaa-111111111111/whint');
