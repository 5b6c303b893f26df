-- A stored version of the bot, its document, a call of an action, and a shareable id.
INSERT INTO bot_versions (seq, id, agent_seq, name, description, code, sealed, created_at)
VALUES (1, 'dddddddd-0000-4000-8000-000000000031', 1, 'of format 31', NULL, 'exports.handler = async () => ({ status: 200 })', x'01e428b8e5158f32c45a9bede5f8b1f0d69dab69d176442e826bf1acae85afb086080a426e16e34390e1e16e3e3bbe94216fea6a40719c0d0137e61cfecc841c8c321ea56c3100d1a4ec31150145df24c2d11e2ae9183b7f0fe40cada43df9dab14bb0ea555c5d3f9714a03f3c2b5152a1d508eff89a6d2cda28c5403a2d4204a9af618214aa1dcb657b2f094f17198f713ef0baccbf1f329e503814359b76d5ac1f582cdf1fc2fc81021cb0327d1423fd9fa9c934a9f97514e62b560f91b155f97b6c95fb66b350370d4441fdfbed0442beded0d5aa166d506878de188f7020ce38fe4bf910cc1507c4b5e2becaa4d9cf65ea182057f2b05111583b3e53249b8107fc67a15123', 1771545600000000);
INSERT INTO bot_documents (agent_seq, document) VALUES (1, '{"of":31}');
INSERT INTO action_runs (seq, agent_seq, integration, action, input, input_truncated, output, output_truncated, error, duration_ms, at)
VALUES (1, 1, 'whint', 'whisper', '{"text":"Hello"}', 0, '{}', 0, NULL, 12, 1893456000000000);
INSERT INTO shareable_ids (installation_seq, id, created_at) VALUES (1, 'amber-of-format-31', 1771545600000000);
