-- A new message is one row at the end of its table. What it is found by is written later, for many
-- messages at a time and in the order of each tree: until then the server has it in memory.

-- Up to which message the tables below have what they are found by. At its start the server reads what
-- comes after from the messages themselves.
CREATE TABLE messages_indexed (until INTEGER NOT NULL) STRICT;
INSERT INTO messages_indexed (until) SELECT coalesce(max(seq), 0) FROM messages;

CREATE TABLE messages_of_conversation (
    conversation_seq INTEGER NOT NULL,
    seq              INTEGER NOT NULL,
    PRIMARY KEY (conversation_seq, seq)
) STRICT, WITHOUT ROWID;
INSERT INTO messages_of_conversation (conversation_seq, seq)
SELECT conversation_seq, seq FROM messages ORDER BY 1, 2;

CREATE TABLE messages_of_user (
    user_seq INTEGER NOT NULL,
    seq      INTEGER NOT NULL,
    PRIMARY KEY (user_seq, seq)
) STRICT, WITHOUT ROWID;
INSERT INTO messages_of_user (user_seq, seq)
SELECT user_seq, seq FROM messages WHERE user_seq IS NOT NULL ORDER BY 1, 2;

CREATE TABLE messages_of_agent (
    agent_seq  INTEGER NOT NULL,
    incoming   INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    PRIMARY KEY (agent_seq, incoming, created_at, seq)
) STRICT, WITHOUT ROWID;
INSERT INTO messages_of_agent (agent_seq, incoming, created_at, seq)
SELECT agent_seq, incoming, created_at, seq FROM messages ORDER BY 1, 2, 3, 4;

-- The same messages, which no reference leads from: without an index, whatever is deleted would be
-- looked for in all of them. Triggers take the place of those references.
CREATE TABLE new_messages (
    seq              INTEGER PRIMARY KEY AUTOINCREMENT,
    id               TEXT NOT NULL UNIQUE,
    agent_seq        INTEGER NOT NULL,
    conversation_seq INTEGER NOT NULL,
    user_seq         INTEGER,
    incoming         INTEGER NOT NULL CHECK (incoming IN (0, 1)),
    type             TEXT NOT NULL,
    payload          TEXT NOT NULL CHECK (json_valid(payload)),
    tags             TEXT NOT NULL CHECK (json_valid(tags)),
    created_at       INTEGER NOT NULL
) STRICT;
INSERT INTO new_messages
    (seq, id, agent_seq, conversation_seq, user_seq, incoming, type, payload, tags, created_at)
SELECT seq, id, agent_seq, conversation_seq, user_seq, incoming, type, payload, tags, created_at
FROM messages ORDER BY seq;
-- Numbers are not used again, not even those of deleted messages.
DELETE FROM sqlite_sequence WHERE name = 'new_messages';
UPDATE sqlite_sequence SET name = 'new_messages' WHERE name = 'messages';
DROP TABLE messages;
ALTER TABLE new_messages RENAME TO messages;

-- Messages that users have sent are what Botpress bills.
CREATE TRIGGER messages_counted AFTER INSERT ON messages WHEN new.incoming = 1
BEGIN
    INSERT INTO usage_monthly (workspace_id, agent_id, type, month, value)
    SELECT workspace_id, '', 'user_messages',
           strftime('%Y-%m', new.created_at / 1000000, 'unixepoch'), 1
    FROM agents WHERE seq = new.agent_seq
    ON CONFLICT (workspace_id, type, month, agent_id) DO UPDATE SET value = value + 1;
END;
CREATE TRIGGER messages_deleted AFTER DELETE ON messages
BEGIN
    DELETE FROM messages_of_conversation
    WHERE conversation_seq = OLD.conversation_seq AND seq = OLD.seq;
    DELETE FROM messages_of_user WHERE user_seq = OLD.user_seq AND seq = OLD.seq;
    DELETE FROM messages_of_agent
    WHERE agent_seq = OLD.agent_seq AND incoming = OLD.incoming
      AND created_at = OLD.created_at AND seq = OLD.seq;
    DELETE FROM message_tags
    WHERE agent_seq = OLD.agent_seq AND of_seq = OLD.seq
      AND (name, value) IN (SELECT key, value FROM json_each(OLD.tags));
END;
-- What these find of messages is what the tables above have. Whoever deletes such a row deletes the
-- messages first that they do not have yet.
CREATE TRIGGER conversations_deleted AFTER DELETE ON conversations
BEGIN
    DELETE FROM messages WHERE seq IN
        (SELECT seq FROM messages_of_conversation WHERE conversation_seq = OLD.seq);
END;
CREATE TRIGGER end_users_deleted AFTER DELETE ON end_users
BEGIN
    DELETE FROM messages WHERE seq IN
        (SELECT seq FROM messages_of_user WHERE user_seq = OLD.seq);
END;

-- What is counted of a day lies side by side, in as few pages as it needs: numbers take the place of
-- ids. `agent_seq` is 0 where the workspace is counted as a whole.
CREATE TABLE new_usage_daily (
    day           INTEGER NOT NULL,
    workspace_seq INTEGER NOT NULL REFERENCES workspaces (seq) ON DELETE CASCADE,
    agent_seq     INTEGER NOT NULL,
    class         TEXT NOT NULL,
    calls         INTEGER NOT NULL,
    PRIMARY KEY (day, workspace_seq, agent_seq, class)
) STRICT, WITHOUT ROWID;
INSERT INTO new_usage_daily (day, workspace_seq, agent_seq, class, calls)
SELECT day, workspaces.seq, coalesce(agents.seq, 0), class, calls
FROM usage_daily
JOIN workspaces ON workspaces.id = usage_daily.workspace_id
LEFT JOIN agents ON agents.id = usage_daily.agent_id
WHERE agent_id = '' OR agents.seq IS NOT NULL
ORDER BY 1, 2, 3, 4;
DROP TABLE usage_daily;
ALTER TABLE new_usage_daily RENAME TO usage_daily;
-- Another agent may have the number next.
CREATE TRIGGER agents_forgotten AFTER DELETE ON agents
BEGIN
    DELETE FROM messages WHERE seq IN
        (SELECT seq FROM messages_of_agent WHERE agent_seq = OLD.seq);
    DELETE FROM usage_daily WHERE agent_seq = OLD.seq;
END;
