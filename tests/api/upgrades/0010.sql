-- Workspaces with handles: one with invoices, one that is being deleted.
INSERT INTO workspaces (seq, id, name, created_at, updated_at, plan, handle)
VALUES (2, '22222222-2222-4222-8222-222222222222', 'of format 10', 1771545600000000, 1771545600000000, 'team', 'second');
INSERT INTO workspaces (seq, id, name, created_at, updated_at, handle, closed_at)
VALUES (3, '33333333-3333-4333-8333-333333333333', 'closed', 1771545600000000, 1771545600000000, 'closed', 1771545600000000);
INSERT INTO integrations
    (id, workspace_id, name, version, version_order, title, description, definition, created_at, updated_at)
VALUES ('bbbbbbbb-0000-4000-8000-000000000003', '33333333-3333-4333-8333-333333333333', 'closed', '1.0.0', '0000000001.0000000000.0000000000~', '', '', '{}', 1771545600000000, 1771545600000000);
INSERT INTO members (workspace_id, account_id, role, created_at, id)
VALUES ('22222222-2222-4222-8222-222222222222', 'cccccccc-0000-4000-8000-000000000001', 'owner', 1771545600000000, '99999999-0000-4000-8000-000000000010');
INSERT INTO audit_records (workspace_id, at, actor, action, resource_id, id)
VALUES ('22222222-2222-4222-8222-222222222222', 1771545600000000, 'system', 'workspace.create', '22222222-2222-4222-8222-222222222222', '99999999-0000-4000-8000-000000000011');
INSERT INTO usage_monthly (workspace_id, agent_id, type, month, value) VALUES ('22222222-2222-4222-8222-222222222222', '', 'user_messages', '2026-02', 7);
INSERT INTO billing (workspace_id, payment_method_id, method_type, last_digits, billed_from, plan)
VALUES ('22222222-2222-4222-8222-222222222222', 'pm_card_visa', 'visa', '4242', 1893456000000000, 'team');
INSERT INTO invoices (seq, id, workspace_id, month, at, lines, cents, currency, attempts, paid_at)
VALUES (1, 'in_1', '22222222-2222-4222-8222-222222222222', '2026-01', 1771545600000000, '[]', 100, 'usd', 1, 1771545600000000);
INSERT INTO charges (invoice_seq, payment_method_id, cents, at) VALUES (1, 'pm_card_visa', 100, 1771545600000000);
