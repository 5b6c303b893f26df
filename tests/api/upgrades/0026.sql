-- A file of a folder that is left out.
UPDATE folders SET languages = 1 WHERE seq = 1;
INSERT INTO folder_files (seq, folder_seq, path, modified_at, size, problem)
VALUES (2, 1, 'b.docx', 1771545600000000, 5, 'it is no DOCX document');
