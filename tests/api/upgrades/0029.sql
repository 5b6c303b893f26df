-- An event that was given up, and one that is canceled.
INSERT INTO events (id, agent_seq, type, payload, after_message, outcome, failure_reason, created_at)
VALUES ('0195a000-0000-7000-8000-0000000029e1', 1, 'of format 29', '{}', 0, 'failed', 'the bot failed', 1771545600000000),
       ('0195a000-0000-7000-8000-0000000029e2', 1, 'of format 29', '{}', 0, 'canceled', NULL, 1771545600000001);
-- A number that a program tracked.
INSERT INTO bot_counters (agent_seq, day, name, count) VALUES (1, 20503, 'of format 29', 3);
