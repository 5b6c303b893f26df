-- The token that the code of the bot calls with.
INSERT INTO api_keys
    (seq, id, kind, account_id, workspace_id, agent_id, integration_id, name, hash, created_at)
VALUES (30, 'eeeeeeee-0000-4000-8000-000000000030', 'botpress_bot', NULL, '11111111-1111-1111-aaaa-111111111111', 'aaaaaaaa-0000-4000-8000-000000000001', NULL, 'runtime', x'a14d1debf8645c155eb77843014d98f16dd0e8f634bcc66ac49c61e31fbfad04', 1771545600000000);
INSERT INTO runtime_tokens (owner_id, key_id, sealed)
VALUES ('aaaaaaaa-0000-4000-8000-000000000001', 'eeeeeeee-0000-4000-8000-000000000030', x'0184f4af14cf79fdfacf4aa1d5d72830b1ce4a0be24dfe58362f2756126c89e8efbc43d56a2771a4aa90252d3ad3801ea472d5364fbc9a');
