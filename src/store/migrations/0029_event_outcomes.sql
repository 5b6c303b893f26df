-- The end of an event that its delivery does not show: `ignored` (there was nothing to call), `failed` (given up, with
-- the reason) or `canceled`. Without one, the event is scheduled or pending while it has a row in `bot_schedules` or
-- `bot_deliveries`, and processed after that.
ALTER TABLE events ADD COLUMN outcome TEXT;
ALTER TABLE events ADD COLUMN failure_reason TEXT;

-- The same for the event of an incoming message; `none` for a message that has no event, because it was imported.
-- `origin` is the member of that name, and `updated_at` the time of the last update, if there was one.
ALTER TABLE messages ADD COLUMN event_outcome TEXT;
ALTER TABLE messages ADD COLUMN failure_reason TEXT;
ALTER TABLE messages ADD COLUMN origin TEXT;
ALTER TABLE messages ADD COLUMN updated_at INTEGER;

-- Sums of the numbers that programs track, by bot, UTC day (in days since 1970) and name.
CREATE TABLE bot_counters (
    agent_seq INTEGER NOT NULL REFERENCES agents (seq) ON DELETE CASCADE,
    day       INTEGER NOT NULL,
    name      TEXT NOT NULL,
    count     INTEGER NOT NULL,
    PRIMARY KEY (agent_seq, day, name)
) STRICT, WITHOUT ROWID;
