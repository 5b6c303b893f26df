-- A workflow that listens, its part that is complete, with tags, a state and an event, and a task with an activity.
INSERT INTO workflows
    (seq, id, agent_seq, name, status, input, output, tags, failure_reason, parent_seq, conversation_seq, user_seq, timeout_at,
     timeout_delay, update_type, round_at, delivery_seq, repeats, created_at, updated_at, completed_at)
VALUES (1, '0195a000-0000-7000-8000-0000000032a1', 1, 'of format 32', 'listening', '{"of":32}', '{}', '{"kind":"x"}', NULL, NULL, 1, 9,
        1893456000000000, NULL, NULL, NULL, NULL, 0, 1771545600000000, 1771545600000000, NULL),
       (2, '0195a000-0000-7000-8000-0000000032a2', 1, 'of format 32', 'completed', '{}', '{"of":32}', '{}', NULL, 1, NULL, NULL,
        1771545900000000, 300000000, NULL, NULL, NULL, 1, 1771545600000000, 1771545600000001, 1771545600000001);
INSERT INTO workflow_tags (agent_seq, name, value, of_seq) VALUES (1, 'kind', 'x', 1);
INSERT INTO tasks
    (seq, id, agent_seq, title, description, type, status, data, tags, parent_seq, conversation_seq, user_seq, timeout_at,
     timeout_delay, created_at, updated_at)
VALUES (1, '0195a000-0000-7000-8000-0000000032b1', 1, 'of format 32', '', 'job', 'completed', '{"of":32}', '{"kind":"x"}', NULL, 1, 9,
        1893456000000000, NULL, 1771545600000000, 1771545600000001);
INSERT INTO task_tags (agent_seq, name, value, of_seq) VALUES (1, 'kind', 'x', 1);
INSERT INTO task_activities (seq, id, task_seq, description, data, created_at)
VALUES (1, '0195a000-0000-7000-8000-0000000032c1', 1, 'The status has changed from pending to completed', '{"from":"pending","to":"completed"}', 1771545600000001);
INSERT INTO events (id, agent_seq, type, payload, workflow_seq, workflow_update, after_message, created_at)
VALUES ('0195a000-0000-7000-8000-0000000032d1', 1, 'workflow_update', '{}', 1, 'workflow_started', 0, 1771545600000000);
INSERT INTO states (id, agent_seq, integration, type, owner_id, name, workflow_seq, task_seq, payload, created_at, updated_at)
VALUES ('0195a000-0000-7000-8000-0000000032e1', 1, '', 'workflow', '0195a000-0000-7000-8000-0000000032a1', 'of format 32', 1, NULL, '{}', 1771545600000000, 1771545600000000),
       ('0195a000-0000-7000-8000-0000000032e2', 1, '', 'task', '0195a000-0000-7000-8000-0000000032b1', 'of format 32', NULL, 1, '{}', 1771545600000000, 1771545600000000);
