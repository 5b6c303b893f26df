-- Folders of files that this server serves as connectors, as far as they are indexed. The terms of
-- each folder are in an FTS5 table of its own, folder_terms_<seq>, made with the folder: its ranking
-- then knows only that folder's texts. Its rowid is the seq of the passage.

CREATE TABLE folders (
    seq INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    -- The connector that it was registered as. It stays when that is deleted, so that it is not
    -- registered again.
    connector_id TEXT
) STRICT;

CREATE TABLE folder_files (
    seq INTEGER PRIMARY KEY,
    folder_seq INTEGER NOT NULL REFERENCES folders (seq) ON DELETE CASCADE,
    -- Below the folder, with slashes.
    path TEXT NOT NULL,
    -- What it was indexed at: when it is different, the file is read again.
    modified_at INTEGER NOT NULL,
    size INTEGER NOT NULL,
    UNIQUE (folder_seq, path)
) STRICT;

CREATE TABLE folder_passages (
    seq INTEGER PRIMARY KEY,
    file_seq INTEGER NOT NULL REFERENCES folder_files (seq) ON DELETE CASCADE,
    -- The place in the file, from 0.
    place INTEGER NOT NULL,
    title TEXT NOT NULL,
    text TEXT NOT NULL
) STRICT;

CREATE INDEX folder_passages_by_file ON folder_passages (file_seq, place);
