-- An endpoint that is deleted keeps its row, without its address and secrets, until its deliveries
-- and attempts are removed, which is done in steps. Nothing but that removal still sees it.
ALTER TABLE webhook_endpoints ADD COLUMN deleted_at INTEGER;
CREATE INDEX webhook_endpoints_deleted ON webhook_endpoints (seq) WHERE deleted_at IS NOT NULL;

-- Whom a request to an inbox tells of, so that it goes when that end user is erased.
ALTER TABLE inbox_requests ADD COLUMN end_user_id TEXT;
UPDATE inbox_requests
SET end_user_id = coalesce(CAST(body AS TEXT) ->> '$.tags[0]',
                           CAST(body AS TEXT) ->> '$.data.end_user_id')
WHERE json_valid(CAST(body AS TEXT));
CREATE INDEX inbox_requests_by_end_user
    ON inbox_requests (end_user_id) WHERE end_user_id IS NOT NULL;

-- The messages that tell of an end user are a chain, last one first, by which they are found when it
-- is erased: an index by end user would be written in another place with every message. A link may
-- lead to a message that is gone, and what stands there now may tell of another.
ALTER TABLE webhook_messages ADD COLUMN previous_seq INTEGER;
ALTER TABLE end_users ADD COLUMN last_message_seq INTEGER;
UPDATE webhook_messages AS m
SET previous_seq = (SELECT max(p.seq) FROM webhook_messages AS p
                    WHERE p.agent_id = m.agent_id AND p.seq < m.seq
                      AND p.payload ->> '$.tags[0]' = m.payload ->> '$.tags[0]');
UPDATE end_users AS u
SET last_message_seq = (SELECT max(seq) FROM webhook_messages
                        WHERE agent_id = u.agent_id AND payload ->> '$.tags[0]' = u.id);
DROP INDEX webhook_messages_by_tag;
