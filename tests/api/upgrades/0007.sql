-- A folder with a file that is indexed.
INSERT INTO connectors
    (id, workspace_id, name, url, excludes, is_active, continue_on_failure, created_at, updated_at)
VALUES ('folder-000004', '11111111-1111-1111-aaaa-111111111111', 'of format 7', 'http://127.0.0.1:4600/connectors/notes/search', '[]', 1, 1, 1771545600000000, 1771545600000000);
INSERT INTO folders (seq, name, connector_id) VALUES (1, 'notes', 'folder-000004');
INSERT INTO folder_files (seq, folder_seq, path, modified_at, size) VALUES (1, 1, 'a.txt', 1771545600000000, 5);
INSERT INTO folder_passages (seq, file_seq, place, title, text) VALUES (1, 1, 0, 'a', 'Hello');
CREATE VIRTUAL TABLE folder_terms_1 USING fts5(title, text, content = '', contentless_delete = 1,
    tokenize = "unicode61 remove_diacritics 0");
INSERT INTO folder_terms_1 (rowid, title, text) VALUES (1, 'a', 'hello');
