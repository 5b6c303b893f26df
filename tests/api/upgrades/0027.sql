-- An interface, and the integration of format 9 that implements it.
INSERT INTO packages (seq, id, workspace_id, kind, name, version, version_order, visibility, title, description, definition, created_at, updated_at)
VALUES (1, 'eeeeeeee-0000-4000-8000-000000000027', '11111111-1111-1111-aaaa-111111111111', 'interface', 'readable', '1.0.0', '0000000001.0000000000.0000000000~', 'public', 'readable', '', '{"entities":{"item":{"schema":{"type":"object"}}}}', 1771545600000000, 1771545600000000);
UPDATE integrations SET definition = json_set(definition, '$.interfaces', json('{"readable":{"id":"eeeeeeee-0000-4000-8000-000000000027","name":"readable","version":"1.0.0"}}')) WHERE seq = 1;
INSERT INTO integration_interfaces (integration_seq, key, interface_id, interface_name)
VALUES (1, 'readable', 'eeeeeeee-0000-4000-8000-000000000027', 'readable');
