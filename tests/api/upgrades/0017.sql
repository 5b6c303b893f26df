-- A message that only its row finds yet, and counts of a day by numbers.
INSERT INTO messages (id, agent_seq, conversation_seq, user_seq, incoming, type, payload, tags, created_at)
VALUES ('0195a000-0000-7000-8000-0000000017a1', 1, 1, 9, 1, 'text', '{"text":"of format 17"}', '{"whint:id":"17"}', 1771545600000017);
INSERT INTO usage_daily (day, workspace_seq, agent_seq, class, calls) VALUES (20505, 1, 0, 'aloochat', 2);
