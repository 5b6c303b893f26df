-- An event that is to come a while after it was made.
INSERT INTO events (seq, id, agent_seq, type, payload, after_message, created_at)
VALUES (18, '0195a000-0000-7000-8000-0000000018b1', 1, 'reminder', '{}', (SELECT max(seq) FROM messages), 1771545600000018);
INSERT INTO bot_schedules (agent_seq, due_at, event_seq, delay) VALUES (1, 1893456000000000, 18, 121910400000000);
INSERT INTO chat_turns (workspace_id, conversation_id, role, message, created_at)
VALUES ('11111111-1111-1111-aaaa-111111111111', 'of-format-18', 'USER', 'Hello', 1771545600000000);
