-- The first start, and an integration of Aloochat.
INSERT INTO meta (key, value) VALUES ('key_check', x'01316c78b72b9f4854d16276288624e7957de31f5af05e8921da8e1692febfe3269e5919a392323f8e5c756e24512582a2');
INSERT INTO workspaces (seq, id, name, created_at, updated_at) VALUES (1, '11111111-1111-1111-aaaa-111111111111', 'My workspace', 1771545600000000, 1771545600000000);
INSERT INTO accounts (seq, id, email, created_at) VALUES (1, 'cccccccc-0000-4000-8000-000000000001', 'owner@example.localhost', 1771545600000000);
INSERT INTO members (seq, workspace_id, account_id, role, created_at) VALUES (1, '11111111-1111-1111-aaaa-111111111111', 'cccccccc-0000-4000-8000-000000000001', 'owner', 1771545600000000);
INSERT INTO agents (seq, id, workspace_id, handle, name, created_at, updated_at)
VALUES (1, 'aaaaaaaa-0000-4000-8000-000000000001', '11111111-1111-1111-aaaa-111111111111', 'example', 'example', 1771545600000000, 1771545600000000);
INSERT INTO api_keys
    (seq, id, kind, account_id, workspace_id, agent_id, integration_id, name, hash, created_at)
VALUES (1, 'eeeeeeee-0000-4000-8000-000000000001', 'aloochat', NULL, '11111111-1111-1111-aaaa-111111111111', NULL, NULL, 'fixed', x'750bf21e0bfec1ab77077f266b1577e8e1f17c5cf020f8fcbdbf33fa0ec98058', 1771545600000000),
       (2, 'eeeeeeee-0000-4000-8000-000000000002', 'ada', NULL, '11111111-1111-1111-aaaa-111111111111', 'aaaaaaaa-0000-4000-8000-000000000001', NULL, 'fixed', x'0442a556697cdfe8341f9827cadc314dd37692dec1b99f9e58625c256d1fc3e4', 1771545600000000),
       (3, 'eeeeeeee-0000-4000-8000-000000000003', 'ada_end_users', NULL, '11111111-1111-1111-aaaa-111111111111', 'aaaaaaaa-0000-4000-8000-000000000001', NULL, 'fixed', x'023e81f03e073eac265cd070c57f6c1c308f8788db680aa32e00672a4de539e0', 1771545600000000),
       (4, 'eeeeeeee-0000-4000-8000-000000000004', 'botpress_pat', 'cccccccc-0000-4000-8000-000000000001', NULL, NULL, NULL, 'fixed', x'22eddd3ae867b9d86c465d8f0d3081614b77d879e52a39ad611028b1e5cc7a46', 1771545600000000),
       (5, 'eeeeeeee-0000-4000-8000-000000000005', 'cohere', NULL, '11111111-1111-1111-aaaa-111111111111', NULL, NULL, 'fixed', x'de4b506596e3667990cd0e2b8a8748f3a37f847612da6fc2bcce4cc3699895a6', 1771545600000000),
       (6, 'eeeeeeee-0000-4000-8000-000000000006', 'operator', NULL, NULL, NULL, NULL, 'fixed', x'caf5ea25c34b1b409dacf9eb30533410fb97302a750974d91a8ca3a3e5260032', 1771545600000000);
INSERT INTO usage_daily (workspace_id, agent_id, class, day, calls) VALUES ('11111111-1111-1111-aaaa-111111111111', '', 'aloochat', 20504, 3);
INSERT INTO audit_records (seq, workspace_id, at, actor, action, resource_id, resource_name)
VALUES (1, '11111111-1111-1111-aaaa-111111111111', 1771545600000000, 'system', 'workspace.create', '11111111-1111-1111-aaaa-111111111111', 'My workspace'),
       (2, NULL, 1771545600000000, 'system', 'account.create', 'cccccccc-0000-4000-8000-000000000001', NULL);
INSERT INTO service_integrations
    (seq, id, workspace_id, service, name, config, secrets, is_active, visibility, agent_id, created_at, updated_at)
VALUES (1, 'dddddddd-0000-4000-8000-000000000001', '11111111-1111-1111-aaaa-111111111111', 'shopify', 'of format 1', '{"shop":"a"}',
        x'01a64364e344f0eb772c4ed36fecd40c4bc7e3317ace27a49e504778d14e80bf2abd6b7cbaea1066bbe8864845bd1657aee44173760ebc53970f5d8e3ef9',
        1, 'private', NULL, 1771545600000000, 1771545600000000);
