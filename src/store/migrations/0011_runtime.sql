-- The tokens that the code of bots and integrations calls with, sealed. `owner_id` is the id of the
-- bot or the integration.
CREATE TABLE runtime_tokens (
    owner_id TEXT PRIMARY KEY,
    key_id   TEXT NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    sealed   BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX runtime_tokens_by_key ON runtime_tokens (key_id);
