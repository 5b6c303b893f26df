-- A conversation of Cohere's chat.
INSERT INTO chat_turns (seq, workspace_id, conversation_id, role, message, created_at)
VALUES (1, '11111111-1111-1111-aaaa-111111111111', 'of-format-8', 'USER', 'Hello', 1771545600000000), (2, '11111111-1111-1111-aaaa-111111111111', 'of-format-8', 'CHATBOT', 'Hi', 1771545600000000);
