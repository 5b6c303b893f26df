-- What may be said in a bot is kept in memory with who calls there, and so with the generation of the
-- keys (0001): whatever is declared anew raises that. Taking an integration out raises it already (0009).
CREATE TRIGGER bots_created AFTER INSERT ON bots
BEGIN
    UPDATE api_key_generation SET value = value + 1;
END;
CREATE TRIGGER bots_declared AFTER UPDATE OF revision ON bots
BEGIN
    UPDATE api_key_generation SET value = value + 1;
END;
CREATE TRIGGER integrations_declared AFTER UPDATE OF revision ON integrations
BEGIN
    UPDATE api_key_generation SET value = value + 1;
END;
CREATE TRIGGER bot_integrations_created AFTER INSERT ON bot_integrations
BEGIN
    UPDATE api_key_generation SET value = value + 1;
END;
