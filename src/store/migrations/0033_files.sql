-- Stored bytes of any owner, in pieces. `size` and `etag` are unknown while the bytes arrive. `refs` counts the rows that
-- refer to a blob: triggers of their tables keep it. A doomed blob is deleted in steps, because it may be large.
CREATE TABLE blobs (
    seq    INTEGER PRIMARY KEY AUTOINCREMENT,
    size   INTEGER,
    etag   TEXT,
    refs   INTEGER NOT NULL DEFAULT 0,
    doomed INTEGER NOT NULL DEFAULT 0 CHECK (doomed IN (0, 1))
) STRICT;
CREATE INDEX blobs_doomed ON blobs (seq) WHERE doomed = 1;
CREATE INDEX blobs_incomplete ON blobs (seq) WHERE size IS NULL;

CREATE TABLE blob_chunks (
    blob_seq INTEGER NOT NULL REFERENCES blobs (seq) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    bytes    BLOB NOT NULL,
    UNIQUE (blob_seq, position)
) STRICT;

-- Passages of one file, as one indexing made them. A set that replaces another is invisible until it is complete.
CREATE TABLE file_passage_sets (
    seq       INTEGER PRIMARY KEY AUTOINCREMENT,
    agent_seq INTEGER NOT NULL,
    passages  INTEGER NOT NULL,
    complete  INTEGER NOT NULL DEFAULT 0 CHECK (complete IN (0, 1)),
    doomed    INTEGER NOT NULL DEFAULT 0 CHECK (doomed IN (0, 1))
) STRICT;
CREATE INDEX file_passage_sets_by_agent ON file_passage_sets (agent_seq, passages) WHERE doomed = 0;
CREATE INDEX file_passage_sets_doomed ON file_passage_sets (seq) WHERE doomed = 1;
CREATE INDEX file_passage_sets_incomplete ON file_passage_sets (seq) WHERE complete = 0;

CREATE TABLE file_passages (
    seq           INTEGER PRIMARY KEY AUTOINCREMENT,
    set_seq       INTEGER NOT NULL REFERENCES file_passage_sets (seq) ON DELETE CASCADE,
    position      INTEGER NOT NULL,
    id            TEXT NOT NULL,
    subtype       TEXT NOT NULL,
    page          INTEGER,
    heading       TEXT NOT NULL,
    text          TEXT NOT NULL,
    -- Each term begins with a letter and the number of the bot, so that a search reads the entries of its bot alone.
    heading_terms TEXT NOT NULL,
    text_terms    TEXT NOT NULL,
    UNIQUE (set_seq, position)
) STRICT;

-- Deleted terms leave the index at once, and not when it is merged.
CREATE VIRTUAL TABLE file_terms USING fts5(
    heading_terms, text_terms, content = 'file_passages', content_rowid = 'seq',
    tokenize = "unicode61 remove_diacritics 0");
INSERT INTO file_terms (file_terms, rank) VALUES ('secure-delete', 1);

CREATE TRIGGER file_passages_added AFTER INSERT ON file_passages BEGIN
    INSERT INTO file_terms (rowid, heading_terms, text_terms)
    VALUES (new.seq, new.heading_terms, new.text_terms);
END;
CREATE TRIGGER file_passages_deleted AFTER DELETE ON file_passages BEGIN
    INSERT INTO file_terms (file_terms, rowid, heading_terms, text_terms)
    VALUES ('delete', old.seq, old.heading_terms, old.text_terms);
END;

-- The languages that passages of a bot are or were in, as a set of bits (see 0026).
CREATE TABLE file_languages (
    agent_seq INTEGER PRIMARY KEY REFERENCES agents (seq) ON DELETE CASCADE,
    languages INTEGER NOT NULL
) STRICT;

-- Files with a key, of the Files API. `integration` is the key of the integration that made the file (0019), or empty;
-- `owner_id`, `owner_name` and `owner_alias` are what it is shown by. A file that is uploaded anew gets a new row.
CREATE TABLE files (
    seq              INTEGER PRIMARY KEY AUTOINCREMENT,
    id               TEXT NOT NULL UNIQUE,
    agent_seq        INTEGER NOT NULL REFERENCES agents (seq) ON DELETE CASCADE,
    integration      TEXT NOT NULL,
    key              TEXT NOT NULL,
    user_seq         INTEGER REFERENCES end_users (seq) ON DELETE CASCADE,
    owner_id         TEXT,
    owner_name       TEXT,
    owner_alias      TEXT,
    content_type     TEXT NOT NULL,
    promised_size    INTEGER NOT NULL,
    size             INTEGER,
    blob_seq         INTEGER REFERENCES blobs (seq),
    passages_seq     INTEGER REFERENCES file_passage_sets (seq),
    tags             TEXT NOT NULL CHECK (json_valid(tags)),
    metadata         TEXT NOT NULL CHECK (json_valid(metadata)),
    public           INTEGER NOT NULL CHECK (public IN (0, 1)),
    shared           INTEGER NOT NULL CHECK (shared IN (0, 1)),
    indexed          INTEGER NOT NULL CHECK (indexed IN (0, 1)),
    chunk_length     INTEGER NOT NULL,
    needs_public_tag INTEGER NOT NULL CHECK (needs_public_tag IN (0, 1)),
    status           TEXT NOT NULL,
    failure          TEXT,
    index_attempts   INTEGER NOT NULL DEFAULT 0,
    expires_at       INTEGER,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    UNIQUE (agent_seq, key, integration)
) STRICT;
CREATE INDEX files_by_agent ON files (agent_seq, created_at, seq);
CREATE INDEX files_by_size ON files (agent_seq, created_at, size) WHERE size IS NOT NULL;
CREATE INDEX files_by_user ON files (user_seq) WHERE user_seq IS NOT NULL;
CREATE INDEX files_by_blob ON files (blob_seq) WHERE blob_seq IS NOT NULL;
CREATE INDEX files_by_passages ON files (passages_seq) WHERE passages_seq IS NOT NULL;
CREATE INDEX files_by_expiry ON files (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX files_to_index ON files (seq) WHERE status = 'indexing_pending';

CREATE TRIGGER files_added AFTER INSERT ON files WHEN new.blob_seq IS NOT NULL BEGIN
    UPDATE blobs SET refs = refs + 1 WHERE seq = new.blob_seq;
END;
CREATE TRIGGER files_content_changed AFTER UPDATE OF blob_seq ON files WHEN old.blob_seq IS NOT new.blob_seq BEGIN
    UPDATE blobs SET refs = refs + 1 WHERE seq = new.blob_seq;
    UPDATE blobs SET refs = refs - 1, doomed = refs <= 1 WHERE seq = old.blob_seq;
END;
CREATE TRIGGER files_passages_changed AFTER UPDATE OF passages_seq ON files
WHEN old.passages_seq IS NOT new.passages_seq BEGIN
    UPDATE file_passage_sets SET doomed = 1 WHERE seq = old.passages_seq;
END;
CREATE TRIGGER files_deleted AFTER DELETE ON files BEGIN
    UPDATE blobs SET refs = refs - 1, doomed = refs <= 1 WHERE seq = old.blob_seq;
    UPDATE file_passage_sets SET doomed = 1 WHERE seq = old.passages_seq;
END;

CREATE TABLE file_tags (
    agent_seq INTEGER NOT NULL,
    name      TEXT NOT NULL,
    value     TEXT NOT NULL,
    file_seq  INTEGER NOT NULL REFERENCES files (seq) ON DELETE CASCADE,
    PRIMARY KEY (agent_seq, name, value, file_seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX file_tags_by_file ON file_tags (file_seq, name, value);

-- Files belong to a knowledge base by their tag `kbId`.
CREATE TABLE knowledge_bases (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    id          TEXT NOT NULL UNIQUE,
    agent_seq   INTEGER NOT NULL REFERENCES agents (seq) ON DELETE CASCADE,
    integration TEXT NOT NULL,
    name        TEXT NOT NULL,
    tags        TEXT NOT NULL CHECK (json_valid(tags)),
    created_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX knowledge_bases_by_agent ON knowledge_bases (agent_seq, seq);
