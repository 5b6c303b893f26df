-- Rows of a workspace that lie side by side, and tags of a message that no reference leads from.
INSERT INTO audit_records (seq, id, workspace_id, at, actor, action, resource_id)
VALUES ((1 << 32) + 100, '99999999-0000-4000-8000-000000000015', '11111111-1111-1111-aaaa-111111111111', 1771545600000000, 'system', 'of_format_15', 'x');
INSERT INTO service_integrations
    (seq, id, workspace_id, service, name, config, secrets, is_active, visibility, created_at, updated_at)
VALUES ((1 << 32) + 100, 'dddddddd-0000-4000-8000-000000000015', '11111111-1111-1111-aaaa-111111111111', 'shopify', 'of format 15', '{}', NULL, 1, 'private', 1771545600000000, 1771545600000000);
INSERT INTO messages (id, agent_seq, conversation_seq, user_seq, incoming, type, payload, tags, created_at)
VALUES ('0195a000-0000-7000-8000-0000000015a1', 1, 1, 9, 1, 'text', '{"text":"of format 15"}', '{"whint:id":"15"}', 1771545600000015);
INSERT INTO message_tags (agent_seq, name, value, of_seq)
SELECT 1, 'whint:id', '15', seq FROM messages WHERE id = '0195a000-0000-7000-8000-0000000015a1';
