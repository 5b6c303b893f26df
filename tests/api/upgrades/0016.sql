-- A message that an endpoint is still to be told.
INSERT INTO webhook_messages (seq, id, agent_seq, event_type, previous_seq, created_at, payload)
VALUES (16, 'msg_6997a4100000000000000000016', 1, 'v1.end_user.updated', 14, 1771545616000000, '{"tags":["ffffffff0000000000000001"]}');
INSERT INTO webhook_queue (endpoint_seq, message_seq) VALUES (1, 16);
