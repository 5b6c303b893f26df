-- The built-in chat: a public integration that is a part of the program, and what it keeps of its own.

-- A workspace of the program itself: nobody is a member of it, and it is not listed.
ALTER TABLE workspaces ADD COLUMN system INTEGER NOT NULL DEFAULT 0 CHECK (system IN (0, 1));

-- An integration whose program is a part of this one. Its row in `integration_code` only says that there
-- is something that can be told.
ALTER TABLE integrations ADD COLUMN built_in INTEGER NOT NULL DEFAULT 0 CHECK (built_in IN (0, 1));

-- An installation that nobody made by hand: it is not among those that the bot shows.
ALTER TABLE bot_integrations ADD COLUMN implicit INTEGER NOT NULL DEFAULT 0 CHECK (implicit IN (0, 1));

-- What the user keys of an installation are signed with.
CREATE TABLE webchat_keys (
    installation_seq INTEGER PRIMARY KEY REFERENCES bot_integrations (seq) ON DELETE CASCADE,
    sealed           BLOB NOT NULL
) STRICT;

-- The users of the chat by the id that they are known by there: one that the client chose, or the user's
-- own.
CREATE TABLE webchat_users (
    agent_seq INTEGER NOT NULL REFERENCES agents (seq) ON DELETE CASCADE,
    fid       TEXT NOT NULL,
    user_seq  INTEGER NOT NULL UNIQUE REFERENCES end_users (seq) ON DELETE CASCADE,
    PRIMARY KEY (agent_seq, fid)
) STRICT, WITHOUT ROWID;

-- The conversations that clients have chosen an id for.
CREATE TABLE webchat_conversations (
    agent_seq        INTEGER NOT NULL REFERENCES agents (seq) ON DELETE CASCADE,
    fid              TEXT NOT NULL,
    conversation_seq INTEGER NOT NULL UNIQUE REFERENCES conversations (seq) ON DELETE CASCADE,
    PRIMARY KEY (agent_seq, fid)
) STRICT, WITHOUT ROWID;
