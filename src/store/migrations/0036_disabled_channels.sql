-- Channels of the integration that an installation does not use, as a JSON array of names.
ALTER TABLE bot_integrations ADD COLUMN disabled_channels TEXT NOT NULL DEFAULT '[]'
    CHECK (json_valid(disabled_channels));
