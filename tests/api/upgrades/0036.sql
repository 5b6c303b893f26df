-- The installation of format 9 does not use a channel.
UPDATE bot_integrations SET disabled_channels = '["lobby"]' WHERE seq = 1;
