-- A plugin that needs the interface of format 27, and the bot of format 9 that has it.
INSERT INTO packages (seq, id, workspace_id, kind, name, version, version_order, visibility, title, description, definition, created_at, updated_at)
VALUES (28, 'eeeeeeee-0000-4000-8000-000000000028', '11111111-1111-1111-aaaa-111111111111', 'plugin', 'reader', '1.0.0', '0000000001.0000000000.0000000000~', 'private', 'reader', '', '{"events":{"done":{"schema":{"type":"object"}}},"dependencies":{"interfaces":{"items":{"id":"eeeeeeee-0000-4000-8000-000000000027","name":"readable","version":"1.0.0"}},"integrations":{}}}', 1771545600000000, 1771545600000000);
INSERT INTO plugin_code (package_seq, node, browser) VALUES (28, 'module.exports = {}', 'export default {}');
INSERT INTO plugin_interfaces (package_seq, alias, interface_id) VALUES (28, 'items', 'eeeeeeee-0000-4000-8000-000000000027');
INSERT INTO bot_plugins (agent_seq, alias, package_seq, enabled, bindings, created_at, updated_at)
VALUES (1, 'reader', 28, 1, '{}', 1771545600000000, 1771545600000000);
