-- A table with a key column, its rows, and an export that has not begun.
INSERT INTO bot_tables (seq, id, agent_seq, name, factor, frozen, computes, key_column, columns, next_column, tags, version, last_row, row_count, created_at, updated_at)
VALUES (1, 'dddddddd-0000-4000-8000-000000000034', 1, 'format34Table', 1, 0, 1, 1, '[{"number":1,"name":"city","schema":{"type":"string","nullable":true,"x-zui":{"index":0}}}]', 2, '{"of":"34"}', 1, 2, 2, 1771545600000000, 1771545600000000);
INSERT INTO bot_table_rows (seq, data, created_at, updated_at)
VALUES (2147483649, '{"1":"Bern"}', 1771545600000000, 1771545600000000), (2147483650, '{"1":"Basel"}', 1771545600000000, 1771545600000000);
INSERT INTO bot_table_keys (table_seq, column_number, value, row_id) VALUES (1, 1, 'Bern', 1), (1, 1, 'Basel', 2);
INSERT INTO bot_table_jobs (seq, id, table_seq, type, status, format, created_at, updated_at)
VALUES (1, 'eeeeeeee-0000-4000-8000-000000000034', 1, 'export', 'completed', 'csv', 1771545600000000, 1771545600000000);
