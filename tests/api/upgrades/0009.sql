-- A bot of Botpress with an integration of its own, and one that was removed from it, and what they have said.
INSERT INTO bots (agent_seq, revision, definition, configuration, signing_secret, user_tags, deployed_at, url)
VALUES (1, 1, '{"user":{"tags":{"plan":{}}},"states":{"counters":{"type":"bot","schema":{"type":"object"}}},"events":{"reminder":{"schema":{"type":"object"}}}}', x'01a79bdfb2dcba5de345d1c1aadef47ef3d18e2d8a4c4e3c37993c53b5b3adc4a59557492b2a625fe5a7ee', x'01993ee947bf324445cb4667098969fc60aad660eb8c72a0ddbbf785217b6fed00f7a8bf6df8d932fc507a3885d2659722f65e50dc862f392ea3390756b7a0bf7708511b1f693c68f69a3f3264ea1dcd2bbae64189d0b5c1b7a1a9e27ead2d50f0a8c076992ec471b0', '{"plan":"own"}', 1771545600000000, NULL);
INSERT INTO bot_code (agent_seq, code) VALUES (1, 'exports.handler = async () => ({ status: 200 })');
INSERT INTO integrations
    (seq, id, workspace_id, name, version, version_order, public, title, description, definition, readme, created_at, updated_at)
VALUES (1, 'bbbbbbbb-0000-4000-8000-000000000001', '11111111-1111-1111-aaaa-111111111111', 'whint', '0.1.0', '0000000000.0000000001.0000000000~', 0, 'of format 9', '', '{"configuration":{"schema":{"type":"object"}},"channels":{"direct":{"messages":{"text":{"type":"object"}},"conversation":{"tags":{"id":{}}},"message":{"tags":{"id":{}}}}},"states":{"cursor":{"type":"integration","schema":{"type":"object"}}},"events":{"ping":{"schema":{"type":"object"}}},"user":{"tags":{"id":{}}}}', x'23', 1771545600000000, 1771545600000000),
       (2, 'bbbbbbbb-0000-4000-8000-000000000002', '11111111-1111-1111-aaaa-111111111111', 'shared', '1.0.0', '0000000001.0000000000.0000000000~', 1, 'of format 9, public', '', '{"configuration":{"schema":{"type":"object"}},"channels":{"direct":{"messages":{"text":{"type":"object"}},"conversation":{"tags":{"id":{}}},"message":{"tags":{"id":{}}}}},"states":{"cursor":{"type":"integration","schema":{"type":"object"}}},"events":{"ping":{"schema":{"type":"object"}}},"user":{"tags":{"id":{}}}}', NULL, 1771545600000000, 1771545600000000);
INSERT INTO integration_icons (workspace_id, name, icon) VALUES ('11111111-1111-1111-aaaa-111111111111', 'whint', CAST('<svg/>' AS BLOB));
INSERT INTO integration_secrets (integration_seq, name, sealed)
VALUES (1, 'TOKEN', x'015449bb15a52d8ddf006f2539d0d841ba4c8617207479ea376fd06b05bbaae33a807bf61da4930384a5');
INSERT INTO bot_integrations
    (seq, agent_seq, integration_seq, webhook_id, enabled, status, configuration, identifier, alias, removed_at, created_at, updated_at)
VALUES (1, 1, 1, 'wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww1', 1, 'registered', x'0110a1a82ee7390eb164dcef6c42274a5c9d7ed1b96b8738f0340019b92a546264c0aec0da387c0667fca8', 'team-1', NULL, NULL, 1771545600000000, 1771545600000000),
       (2, 1, 2, 'wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww2', 0, 'unregistered', x'01efd92e9a3891bef31e7dc3865c72669b9398ac795115aeee7184adc7990db4ae8cbb57628104d0e92134', NULL, NULL, 1771545600000000, 1771545600000000, 1771545600000000);
INSERT INTO api_keys
    (seq, id, kind, account_id, workspace_id, agent_id, integration_id, name, hash, created_at)
VALUES (20, 'eeeeeeee-0000-4000-8000-000000000020', 'botpress_bot', NULL, '11111111-1111-1111-aaaa-111111111111', 'aaaaaaaa-0000-4000-8000-000000000001', NULL, 'test', x'3fddc42ca6d6ea4ed16ed3273e276272addaaf4f9ba8b076741990df00104e97', 1771545600000000),
       (21, 'eeeeeeee-0000-4000-8000-000000000021', 'botpress_integration', NULL, '11111111-1111-1111-aaaa-111111111111', NULL, 'bbbbbbbb-0000-4000-8000-000000000001', 'test', x'9b72b47a49a031fd1a6fb6b9c597212d93bd0790472ba2950bc25526e6130323', 1771545600000000);
INSERT INTO end_users (seq, id, agent_id, display_name, metadata, system_properties, created_at, updated_at, tags)
VALUES (9, '0195a000-0000-7000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-000000000001', 'of format 9', '{}', '{}', 1771545600000000, 1771545600000000, '{"whint:id":"1"}'),
       (10, '0195a000-0000-7000-8000-000000000002', 'aaaaaaaa-0000-4000-8000-000000000001', 'of format 9, without tags', '{}', '{}', 1771545600000000, 1771545600000000, '{}');
INSERT INTO user_tags (agent_seq, name, value, of_seq) VALUES (1, 'whint:id', '1', 9);
INSERT INTO conversations (seq, id, agent_seq, integration, channel, tags, bot_participates, created_at, updated_at)
VALUES (1, '0195a000-0000-7000-8000-0000000000c1', 1, 'whint', 'direct', '{"whint:id":"1"}', 1, 1771545600000000, 1771545600000000);
INSERT INTO conversation_tags (agent_seq, name, value, of_seq) VALUES (1, 'whint:id', '1', 1);
INSERT INTO conversation_participants (conversation_seq, user_seq) VALUES (1, 9), (1, 10);
INSERT INTO messages
    (seq, id, agent_seq, conversation_seq, user_seq, incoming, type, payload, tags, created_at)
VALUES (1, '0195a000-0000-7000-8000-0000000000a1', 1, 1, 9, 1, 'text', '{"text":"of format 9"}', '{"whint:id":"1"}', 1771545600000000),
       (2, '0195a000-0000-7000-8000-0000000000a2', 1, 1, NULL, 0, 'text', '{"text":"of format 9, bot"}', '{}', 1771545600000001);
INSERT INTO message_tags (agent_seq, name, value, of_seq) VALUES (1, 'whint:id', '1', 1);
INSERT INTO events
    (seq, id, agent_seq, type, payload, conversation_seq, user_seq, message_seq, after_message, created_at)
VALUES (1, '0195a000-0000-7000-8000-0000000000b1', 1, 'whint:ping', '{}', 1, 9, 1, 2, 1771545600000002),
       (2, '0195a000-0000-7000-8000-0000000000b2', 1, 'reminder', '{}', NULL, NULL, NULL, 2, 1771545600000003);
INSERT INTO states
    (seq, id, agent_seq, integration, type, owner_id, name, payload, created_at, updated_at)
VALUES (1, '0195a000-0000-7000-8000-0000000000d1', 1, '', 'bot', '', 'counters', '{"of":9}', 1771545600000000, 1771545600000000),
       (2, '0195a000-0000-7000-8000-0000000000d2', 1, 'whint', 'integration', '', 'cursor', '{"of":9}', 1771545600000000, 1771545600000000);
INSERT INTO bot_schedules (seq, agent_seq, due_at, event_seq) VALUES (1, 1, 1893456000000000, 2);
INSERT INTO bot_deliveries (seq, agent_seq, installation_seq, operation, event_seq, lane, attempts, due_at, created_at)
VALUES (1, 1, NULL, 'event_received', 1, 1, 1, 1893456000000000, 1771545600000000);
INSERT INTO bot_logs (seq, agent_seq, at, level, message) VALUES (1, 1, 1771545600000000, 'info', 'of format 9');
INSERT INTO integration_logs (seq, integration_seq, at, level, message) VALUES (1, 1, 1771545600000000, 'info', 'of format 9');
INSERT INTO bot_issues
    (seq, id, agent_seq, group_key, code, category, title, description, grouped_data, events_count, created_at, last_seen_at)
VALUES (1, '0195a000-0000-7000-8000-0000000000e1', 1, x'01', 'bot_call_failed', 'user_code', 'of format 9', '', '{}', 1, 1771545600000000, 1771545600000000);
INSERT INTO bot_issue_events (seq, id, issue_seq, data, created_at)
VALUES (1, '0195a000-0000-7000-8000-0000000000e2', 1, '{}', 1771545600000000);
INSERT INTO bot_files (seq, id, agent_seq, name, access_type, contents, created_at)
VALUES (1, '0195a000-0000-7000-8000-0000000000f1', 1, 'of format 9', 'private', x'61', 1771545600000000);
