-- A chain of messages, an inbox that knows whom a request tells of, and an endpoint whose rows are being removed.
INSERT INTO webhook_messages (seq, id, agent_id, event_type, payload, created_at, previous_seq)
VALUES (3, 'msg_6997a4030000000000000000003', 'aaaaaaaa-0000-4000-8000-000000000001', 'v1.end_user.updated', '{"type":"v1.end_user.updated","tags":["ffffffff0000000000000001"]}', 1771545603000000, 2);
UPDATE end_users SET last_message_seq = 3 WHERE seq = 1;
INSERT INTO inbox_requests
    (seq, inbox_seq, method, path, headers, body, truncated, verdict, status, received_at, end_user_id)
VALUES (2, 1, 'POST', '/inbox/of-format-2', '[]', x'7b7d', 0, '{"state":"unsigned"}', 200, 1771545600000000, 'ffffffff0000000000000001');
INSERT INTO webhook_endpoints
    (seq, id, agent_id, url, description, event_filters, enabled, secret, created_at, updated_at, deleted_at)
VALUES (2, 'ep_000000000000000000000000002', 'aaaaaaaa-0000-4000-8000-000000000001', '', '', '[]', 0, x'', 1771545600000000, 1771545600000000, 1771545600000000);
INSERT INTO webhook_deliveries (seq, message_seq, endpoint_seq, state, attempts) VALUES (3, 3, 2, 'failed', 8);
INSERT INTO webhook_attempts
    (seq, id, delivery_seq, endpoint_seq, url, manual, succeeded, response, error, started_at, duration_ms)
VALUES (3, 'atmpt_000000000000000000000000003', 3, 2, '', 0, 0, x'', 'refused', 1771545603000000, 5);
