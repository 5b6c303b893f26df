-- The built-in chat, which a bot has without its being shown, with one who uses it.
INSERT INTO workspaces (seq, id, name, created_at, updated_at, handle, system)
VALUES (4, '6368b1a7-0000-4000-8000-000000000000', 'Parlance', 1771545600000000, 1771545600000000, 'parlance', 1);
INSERT INTO integrations
    (seq, id, workspace_id, name, version, version_order, public, title, description, definition, created_at, updated_at, built_in)
VALUES (10, '6368b1a7-0000-4000-8000-000000000706', '6368b1a7-0000-4000-8000-000000000000', 'chat', '0.7.6', '0000000000.0000000007.0000000006~', 1, 'Chat', '', '{}', 1771545600000000, 1771545600000000, 1);
INSERT INTO integration_code (integration_seq, code) VALUES (10, '// A part of the server.');
INSERT INTO bot_integrations
    (seq, agent_seq, integration_seq, webhook_id, enabled, status, configuration, created_at, updated_at, implicit)
VALUES (10, 1, 10, 'wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww3', 1, 'registered', x'011f2a02c2fa21fac5584208f608f8fbfe7822d2df2ddc715cf062052b0fc58cebbd517951b050f49b6975', 1771545600000000, 1771545600000000, 1);
INSERT INTO webchat_keys (installation_seq, sealed) VALUES (10, x'01824bb5ff39c075b12f88b27281aa26e9e5ec1a9b7051f52837b650e6859bb8794c855ed189e5320a308185700e3912ed72e6d067aae937a0fc93e342ceb38079ec7f45ff2a3b9f9363917c303922ffc455c24c6b5830731a3be5b0d99f7d98f5c515220aabc1a147');
INSERT INTO end_users (seq, id, agent_id, display_name, metadata, system_properties, created_at, updated_at, tags)
VALUES (13, '0195a000-0000-7000-8000-000000000003', 'aaaaaaaa-0000-4000-8000-000000000001', 'of format 13', '{}', '{}', 1771545600000000, 1771545600000000, '{}');
INSERT INTO webchat_users (agent_seq, fid, user_seq) VALUES (1, '0195a000-0000-7000-8000-000000000003', 13);
INSERT INTO conversations (seq, id, agent_seq, integration, channel, tags, created_at, updated_at)
VALUES (13, '0195a000-0000-7000-8000-0000000013c1', 1, 'chat', 'channel', '{}', 1771545600000000, 1771545600000000);
INSERT INTO conversation_participants (conversation_seq, user_seq) VALUES (13, 13);
INSERT INTO webchat_conversations (agent_seq, fid, conversation_seq) VALUES (1, 'mine', 13);
