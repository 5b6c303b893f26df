-- Tables of bots. `columns` is a JSON list with the number, the name and the schema of each column. Rows name their
-- columns by number, so that a renamed or deleted column changes no row. `version` grows with each change that the rows
-- depend on. A deleted table has a name that begins with a hyphen, and waits for the deletion of its rows.
CREATE TABLE bot_tables (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    id          TEXT NOT NULL UNIQUE,
    agent_seq   INTEGER NOT NULL REFERENCES agents (seq) ON DELETE CASCADE,
    name        TEXT NOT NULL,
    factor      INTEGER NOT NULL CHECK (factor BETWEEN 1 AND 30),
    frozen      INTEGER NOT NULL CHECK (frozen IN (0, 1)),
    computes    INTEGER NOT NULL CHECK (computes IN (0, 1)),
    key_column  INTEGER,
    columns     TEXT NOT NULL CHECK (json_valid(columns)),
    next_column INTEGER NOT NULL,
    tags        TEXT NOT NULL CHECK (json_valid(tags)),
    version     INTEGER NOT NULL DEFAULT 1,
    last_row    INTEGER NOT NULL DEFAULT 0,
    row_count   INTEGER NOT NULL DEFAULT 0,
    deleted_at  INTEGER,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    UNIQUE (agent_seq, name)
) STRICT;
CREATE INDEX bot_tables_deleted ON bot_tables (seq) WHERE deleted_at IS NOT NULL;

-- Rows of tables. The upper bits of `seq` are the `seq` of the table, the lower 31 bits the id of the row in it. That
-- takes the place of an index by table. `data` is a JSON object with the values, by the numbers of their columns,
-- without nulls.
CREATE TABLE bot_table_rows (
    seq        INTEGER PRIMARY KEY,
    data       TEXT NOT NULL CHECK (json_valid(data)),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

-- Rows by the value of the key column of their table. `row_id` is the id of the row in its table.
CREATE TABLE bot_table_keys (
    table_seq     INTEGER NOT NULL,
    column_number INTEGER NOT NULL,
    value         ANY NOT NULL,
    row_id        INTEGER NOT NULL,
    PRIMARY KEY (table_seq, column_number, value)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER bot_tables_rows_deleted AFTER DELETE ON bot_tables
BEGIN
    DELETE FROM bot_table_rows WHERE seq > OLD.seq << 31 AND seq < (OLD.seq + 1) << 31;
    DELETE FROM bot_table_keys WHERE table_seq = OLD.seq;
END;

-- Background jobs of tables. `position` is the progress that a restart continues from: the id of a row for cleared
-- columns, a number of records for imports. An export begins again.
CREATE TABLE bot_table_jobs (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    id          TEXT NOT NULL UNIQUE,
    table_seq   INTEGER NOT NULL REFERENCES bot_tables (seq) ON DELETE CASCADE,
    type        TEXT NOT NULL,
    status      TEXT NOT NULL,
    progress    INTEGER NOT NULL DEFAULT 0,
    format      TEXT,
    compress    INTEGER NOT NULL DEFAULT 0 CHECK (compress IN (0, 1)),
    input_file  TEXT,
    output_file TEXT,
    position    INTEGER NOT NULL DEFAULT 0,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX bot_table_jobs_by_table ON bot_table_jobs (table_seq, seq);
CREATE INDEX bot_table_jobs_open ON bot_table_jobs (seq) WHERE status NOT IN ('completed', 'failed');
