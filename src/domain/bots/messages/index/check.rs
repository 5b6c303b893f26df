//! Faults of the index tables.

/// Faults, each with the SQL that counts it. The index tables have only messages up to `messages_indexed`;
/// later ones are in the memtables.
pub(in crate::domain) const INDEX_FAULTS: [(&str, &str); 8] = [
    (
        "messages are missing in messages_of_conversation",
        "SELECT count(*) FROM messages AS m
         WHERE seq <= (SELECT until FROM messages_indexed)
           AND NOT EXISTS (SELECT 1 FROM messages_of_conversation AS found
                           WHERE found.conversation_seq = m.conversation_seq
                             AND found.seq = m.seq)",
    ),
    (
        "messages are missing in messages_of_user",
        "SELECT count(*) FROM messages AS m
         WHERE seq <= (SELECT until FROM messages_indexed) AND user_seq IS NOT NULL
           AND NOT EXISTS (SELECT 1 FROM messages_of_user AS found
                           WHERE found.user_seq = m.user_seq AND found.seq = m.seq)",
    ),
    (
        "messages are missing in messages_of_agent",
        "SELECT count(*) FROM messages AS m
         WHERE seq <= (SELECT until FROM messages_indexed)
           AND NOT EXISTS (SELECT 1 FROM messages_of_agent AS found
                           WHERE found.agent_seq = m.agent_seq AND found.incoming = m.incoming
                             AND found.created_at = m.created_at AND found.seq = m.seq)",
    ),
    (
        "tags of messages are missing in message_tags",
        "SELECT count(*) FROM messages AS m, json_each(m.tags) AS tag
         WHERE m.seq <= (SELECT until FROM messages_indexed)
           AND NOT EXISTS (SELECT 1 FROM message_tags AS found
                           WHERE found.agent_seq = m.agent_seq AND found.name = tag.key
                             AND found.value = tag.value AND found.of_seq = m.seq)",
    ),
    (
        "rows of messages_of_conversation match no message",
        "SELECT count(*) FROM messages_of_conversation AS found
         LEFT JOIN messages AS m ON m.seq = found.seq
         WHERE m.conversation_seq IS NOT found.conversation_seq",
    ),
    (
        "rows of messages_of_user match no message",
        "SELECT count(*) FROM messages_of_user AS found
         LEFT JOIN messages AS m ON m.seq = found.seq
         WHERE m.user_seq IS NOT found.user_seq",
    ),
    (
        "rows of messages_of_agent match no message",
        "SELECT count(*) FROM messages_of_agent AS found
         LEFT JOIN messages AS m ON m.seq = found.seq
         WHERE m.agent_seq IS NOT found.agent_seq OR m.incoming IS NOT found.incoming
            OR m.created_at IS NOT found.created_at",
    ),
    (
        "rows of message_tags match no tag",
        "SELECT count(*) FROM message_tags AS found
         LEFT JOIN messages AS m ON m.seq = found.of_seq
         WHERE m.agent_seq IS NOT found.agent_seq
            OR NOT EXISTS (SELECT 1 FROM json_each(m.tags) AS tag
                           WHERE tag.key = found.name AND tag.value = found.value)",
    ),
];
