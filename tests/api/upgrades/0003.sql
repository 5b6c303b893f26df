-- End users, one with sensitive metadata, one erased, and a bulk deletion that is done.
INSERT INTO end_users
    (seq, id, agent_id, external_id, first_name, email, metadata, system_properties, created_at, updated_at)
VALUES (1, 'ffffffff0000000000000001', 'aaaaaaaa-0000-4000-8000-000000000001', 'of-format-3', 'Ann', 'ann@example.com', '{"plan":"gold"}', '{}', 1771545600000000, 1771545600000000);
INSERT INTO end_user_sensitive (end_user_id, name, sealed, erase_at)
VALUES ('ffffffff0000000000000001', 'token', x'018825412f9255517a323ddf8023753da781e46cd09be4759e28df35c5f33e64f78663860224cb5e26563c04', 1893456000000000);
INSERT INTO end_user_positions (id, agent_id, seq, erased_at) VALUES ('ffffffff0000000000000099', 'aaaaaaaa-0000-4000-8000-000000000001', 99, 1771545600000000);
INSERT INTO end_user_deletions
    (seq, id, agent_id, client_reference, request_hash, status, submitted_count, due_at, created_at, completed_at)
VALUES (1, '99999999-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-000000000001', 'of-format-3', x'2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881', 'completed', 1, 1771545600000000, 1771545600000000, 1771545600000000);
INSERT INTO end_user_deletion_identifiers
    (deletion_id, position, kind, value, sought, variable, disposition, matched, reason)
VALUES ('99999999-0000-4000-8000-000000000001', 0, 'end_user_id', 'ffffffff0000000000000098', 'ffffffff0000000000000098', NULL, 'not_found', 0, NULL);
