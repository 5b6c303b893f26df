-- Connectors of Cohere with their credentials, a user's tokens, and one authorization that was begun.
INSERT INTO connectors
    (seq, id, workspace_id, name, description, url, excludes, auth_type, auth, credentials, is_active,
     continue_on_failure, created_at, updated_at)
VALUES (1, 'plain-000001', '11111111-1111-1111-aaaa-111111111111', 'of format 6', NULL, 'http://127.0.0.1:9/a', '["x"]', NULL, NULL, NULL, 1, 1, 1771545600000000, 1771545600000000),
       (2, 'service-000002', '11111111-1111-1111-aaaa-111111111111', 'of format 6, service', 'd', 'http://127.0.0.1:9/b', '[]', 'service_auth',
        '{"type":"bearer"}', x'018d3681409376d02efbd7fceae9054e2b231b92e9272fa9bf5e9530022df5828225bcc8064f39e1f8f57585e9fa4837784402142a8c', 1, 0, 1771545600000000, 1771545600000000),
       (3, 'oauth-000003', '11111111-1111-1111-aaaa-111111111111', 'of format 6, oauth', NULL, 'http://127.0.0.1:9/c', '[]', 'oauth',
        '{"authorize_url":"https://example.com/a","scope":"read","token_url":"https://example.com/t"}',
        x'0147200b20ac3ae84b8c86dfbc790ee866dc1bfb82dbb5ad4e887e585843b7ea49b11d433616139e82bcfb11a7f8565de8dbca53bf11b841327fa14cc2d6150ef93bba4d323b6dd225340968a1de', 1, 1, 1771545600000000, 1771545600000000);
INSERT INTO connector_authorizations
    (seq, id, connector_id, user_id, tokens, refreshable, expires_at, created_at, updated_at)
VALUES (1, '99999999-0000-4000-8000-000000000003', 'oauth-000003', 'eeeeeeee-0000-4000-8000-000000000005',
        x'01c0ae409c84ccd254072f053b43290ea7000551723a16411eec2aabc2588c2e29cc720c96795904cba973ceed308099724c7f87ab347752b713b2b4cf41b3ce9e0cfd000f', 1, 1893456000000000, 1771545600000000, 1771545600000000);
INSERT INTO connector_oauth_states (hash, id, connector_id, user_id, verifier, redirect_uri, expires_at)
VALUES (x'4ba69735ca53765ed6a709edb56c6ea236b7193a3b29a6b390c346f0f4340e4e', '99999999-0000-4000-8000-000000000004', 'oauth-000003', 'eeeeeeee-0000-4000-8000-000000000005',
        x'019824b6bb8fc17452dc52f75b3011f61da8cb27281e24dd0f35e2c323d6470cb30bd7296ad025e0961a2f3f1ca89349776300a6299678b91ddda5c89ecd020d437c8ab49cc1ce3a4ef48131f34db5c5d704c152', 'http://127.0.0.1/x', 1893456000000000);
INSERT INTO connector_logs
    (seq, id, workspace_id, connector_id, request_id, user_id, client_name, status_code, duration_millis,
     error_message, created_at)
VALUES (1, '99999999-0000-4000-8000-000000000005', '11111111-1111-1111-aaaa-111111111111', 'plain-000001', 'r', 'u', NULL, 0, 5, 'refused', 1771545600000000);
INSERT INTO audit_records (workspace_id, at, actor, client_name, action, resource_id, resource_name)
VALUES ('11111111-1111-1111-aaaa-111111111111', 1771545600000000, 'system', 'project', 'connector.create', 'plain-000001', 'of format 6');
