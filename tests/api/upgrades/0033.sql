-- A public file with its bytes, a passage and a tag, and a knowledge base.
INSERT INTO blobs (seq, size, etag, refs) VALUES (1, 12, 'of-format-33', 0);
INSERT INTO blob_chunks (blob_seq, position, bytes) VALUES (1, 0, x'6f6620666f726d6174203333');
INSERT INTO file_passage_sets (seq, agent_seq, passages, complete) VALUES (1, 1, 1, 1);
INSERT INTO file_passages (seq, set_seq, position, id, subtype, page, heading, text, heading_terms, text_terms)
VALUES (1, 1, 0, '0195a000-0000-7000-8000-000000003301', 'paragraph', NULL, 'note', 'of format 33', 'b1xnote', 'b1xformat b1x33');
INSERT INTO file_languages (agent_seq, languages) VALUES (1, 1);
INSERT INTO files (seq, id, agent_seq, integration, key, owner_id, content_type, promised_size, size, blob_seq, passages_seq,
    tags, metadata, public, shared, indexed, chunk_length, needs_public_tag, status, created_at, updated_at)
VALUES (1, '0195a000-0000-7000-8000-000000003300', 1, '', 'note.txt', 'aaaaaaaa-0000-4000-8000-000000000001', 'text/plain', 12, 12, 1, 1,
    '{"of":"33"}', '{}', 1, 0, 1, 1500, 0, 'indexing_completed', 1771545600000000, 1771545600000000);
INSERT INTO file_tags (agent_seq, name, value, file_seq) VALUES (1, 'of', '33', 1);
INSERT INTO knowledge_bases (seq, id, agent_seq, integration, name, tags, created_at)
VALUES (1, 'kb-0195a000-0000-7000-8000-000000003302', 1, '', 'of format 33', '{}', 1771545600000000);
