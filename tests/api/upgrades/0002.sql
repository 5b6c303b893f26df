-- Webhooks of Ada with what became of their messages, and the test inbox.
INSERT INTO webhook_endpoints
    (seq, id, agent_id, url, description, event_filters, enabled, secret, created_at, updated_at)
VALUES (1, 'ep_000000000000000000000000001', 'aaaaaaaa-0000-4000-8000-000000000001', 'http://127.0.0.1:9/of-format-2', '', '[]', 1, x'01a2b7021697aa16bf8a4e20aab02a20c083aa278510b527872400199a5f5e75277f7ea19f2902fccef7746fce4c52a3471a2a9648787c431d4cd3cc99eeac7193', 1771545600000000, 1771545600000000);
UPDATE webhook_endpoints SET old_secret = x'0108e777d8f80103bb513d68b057708ff2b3b6416c841018a9dcf902ba23d1f5e2da99b31faecde6bc8b75883ffd9bb56aac028417fd7badff39adb744b24fe419', old_secret_until = 1893456000000000;
INSERT INTO webhook_messages (seq, id, agent_id, event_type, payload, created_at)
VALUES (1, 'msg_6997a4010000000000000000001', 'aaaaaaaa-0000-4000-8000-000000000001', 'v1.end_user.created', '{"type":"v1.end_user.created","tags":["ffffffff0000000000000001"]}', 1771545601000000),
       (2, 'msg_6997a4020000000000000000002', 'aaaaaaaa-0000-4000-8000-000000000001', 'v1.end_user.updated', '{"type":"v1.end_user.updated","tags":["ffffffff0000000000000001"]}', 1771545602000000);
INSERT INTO webhook_deliveries (seq, message_seq, endpoint_seq, state, attempts, due_at)
VALUES (1, 1, 1, 'delivered', 1, NULL), (2, 2, 1, 'pending', 1, 1893456000000000);
INSERT INTO webhook_attempts
    (seq, id, delivery_seq, endpoint_seq, url, manual, succeeded, status, response, error, started_at, duration_ms)
VALUES (1, 'atmpt_000000000000000000000000001', 1, 1, 'http://127.0.0.1:9/of-format-2', 0, 1, 200, x'6f6b', NULL, 1771545601000000, 5),
       (2, 'atmpt_000000000000000000000000002', 2, 1, 'http://127.0.0.1:9/of-format-2', 0, 0, NULL, x'', 'refused', 1771545602000000, 5);
INSERT INTO inboxes (seq, name, status, used_at) VALUES (1, 'of-format-2', 200, 1771545600000000);
INSERT INTO inbox_requests
    (seq, inbox_seq, method, path, headers, body, truncated, verdict, status, received_at)
VALUES (1, 1, 'POST', '/inbox/of-format-2', '[]', CAST('{"tags":["ffffffff0000000000000001"]}' AS BLOB), 0, '{"state":"unsigned"}', 200, 1771545600000000);
