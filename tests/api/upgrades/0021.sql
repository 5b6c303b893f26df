-- A conversation whose number is the last that was given out: its row is gone.
INSERT INTO conversations (id, agent_seq, integration, channel, tags, created_at, updated_at)
VALUES ('0195a000-0000-7000-8000-0000000021c1', 1, 'whint', 'c', '{}', 1771545600000000, 1771545600000000);
DELETE FROM conversations WHERE id = '0195a000-0000-7000-8000-0000000021c1';
