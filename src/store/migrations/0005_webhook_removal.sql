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
