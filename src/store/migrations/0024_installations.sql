-- Which of the integration's named configurations an installation has; the default one if null.
ALTER TABLE bot_integrations ADD COLUMN configuration_type TEXT;

-- Secrets that the code of a bot reads from its environment. `sealed` is sealed for the bot's id, a slash
-- and the name.
CREATE TABLE bot_secrets (
    agent_seq INTEGER NOT NULL REFERENCES agents (seq) ON DELETE CASCADE,
    name      TEXT NOT NULL,
    sealed    BLOB NOT NULL,
    PRIMARY KEY (agent_seq, name)
) STRICT, WITHOUT ROWID;

-- An integration acts in a bot until its `unregister` has ended, which may be long after the installation
-- was switched off (0009). Callers are known by the generation of the keys.
CREATE TRIGGER bot_integrations_unregistered AFTER UPDATE OF status ON bot_integrations
WHEN (old.status = 'unregistration_pending') <> (new.status = 'unregistration_pending')
BEGIN
    UPDATE api_key_generation SET value = value + 1;
END;
