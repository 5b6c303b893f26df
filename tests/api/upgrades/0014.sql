-- Deliveries by endpoint and message.
INSERT INTO webhook_messages (seq, id, agent_id, event_type, previous_seq, created_at, payload)
VALUES (14, 'msg_6997a40e0000000000000000014', 'aaaaaaaa-0000-4000-8000-000000000001', 'v1.end_user.updated', NULL, 1771545614000000, '{"tags":["ffffffff0000000000000001"]}');
INSERT INTO webhook_deliveries (endpoint_seq, message_seq, state, attempts) VALUES (1, 14, 'failed', 8);
INSERT INTO webhook_attempts
    (seq, id, endpoint_seq, message_seq, url, manual, succeeded, response, error, started_at, duration_ms)
VALUES (14, 'atmpt_000000000000000000000000014', 1, 14, 'http://127.0.0.1:9/of-format-2', 0, 0, x'', 'refused', 1771545614000000, 5);
