-- How long after a row was written it is due, in microseconds, so that one that was written at a time
-- which the clock has left again does not wait for that time to come back. None for a date that a
-- caller gave: that means what it says, whatever the clock does.
ALTER TABLE bot_schedules ADD COLUMN delay INTEGER;

-- Turns of conversations that nobody went on with are removed by their age.
CREATE INDEX chat_turns_by_age ON chat_turns (created_at);
