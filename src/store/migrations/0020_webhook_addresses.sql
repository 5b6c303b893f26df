-- The whole address of an endpoint, sealed, where a part of it may be a secret: its query, its fragment,
-- and a name and a password before the host. `url` is the address without these then.
ALTER TABLE webhook_endpoints ADD COLUMN sealed_url BLOB;

-- Attempts have the address that is shown. (Addresses of endpoints are sealed when the server starts.)
UPDATE webhook_attempts SET url = substr(url, 1, instr(url, '#') - 1) WHERE instr(url, '#') > 0;
UPDATE webhook_attempts SET url = substr(url, 1, instr(url, '?')) || '[hidden]'
WHERE instr(url, '?') > 0;
UPDATE webhook_attempts
SET url = substr(url, 1, instr(url, '://') + 2) || substr(url, instr(url, '@') + 1)
WHERE instr(url, '@') > 0
  AND instr(substr(url, instr(url, '://') + 3), '@')
      < instr(substr(url, instr(url, '://') + 3) || '/', '/');
