-- What was said in the conversations that a caller keeps here (Cohere's conversation_id): a
-- conversation is its turns.
CREATE TABLE chat_turns (
    seq             INTEGER PRIMARY KEY,
    workspace_id    TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    conversation_id TEXT NOT NULL,
    role            TEXT NOT NULL,
    message         TEXT NOT NULL,
    created_at      INTEGER NOT NULL
) STRICT;
CREATE INDEX chat_turns_by_conversation ON chat_turns (workspace_id, conversation_id, seq);
