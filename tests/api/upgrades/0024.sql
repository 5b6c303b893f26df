-- A secret of a bot, and the installation of format 9 that has a named configuration of its integration.
INSERT INTO bot_secrets (agent_seq, name, sealed) VALUES (1, 'TOKEN', x'01bf4f79d4aae226d967950cbbf30f5531c67520c4bec941f408cae9309b0553c7d979099b4f4e2c9df2');
UPDATE integrations SET definition = json_set(definition, '$.configurations', json('{"manual":{"schema":{"type":"object"}}}')) WHERE seq = 1;
UPDATE bot_integrations SET configuration_type = 'manual' WHERE seq = 1;
