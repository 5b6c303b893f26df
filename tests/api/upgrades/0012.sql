-- A bot that declares something anew.
UPDATE bots SET revision = revision + 1 WHERE agent_seq = 1;
UPDATE integrations SET revision = revision + 1 WHERE seq = 1;
