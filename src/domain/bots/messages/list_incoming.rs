//! Lists the messages of users. They are events of the bot.

use rusqlite::{Connection, ToSql, named_params};

use super::{COLUMNS, JOINS, Message, from_row, index::IndexSnapshot};
use crate::{
    domain::{bots::author::Author, shared::paging::PAGE_QUERY_ROWS},
    kernel::{Result, Timestamp},
};

/// Lists the incoming messages of the author's bot that the author can see, before a time and row, newest first: at
/// least a page and one more, if there are as many. `more` is a condition on columns of `messages`, with its
/// parameters; it is empty or begins with ` AND `.
pub(in crate::domain) fn list_incoming(
    conn: &Connection,
    index: &IndexSnapshot,
    author: &Author,
    (at, row): (Timestamp, i64),
    (more, parameters): (&str, &[(&str, &dyn ToSql)]),
) -> Result<Vec<Message>> {
    let bot = author.bot();
    let integration = author.integration().map(|own| own.name.as_str());
    let of_bot: &[(&str, &dyn ToSql)] = named_params! {
        ":agent_seq": bot.seq,
        ":bot": bot.id,
        ":integration": integration,
    };
    let condition = format!(
        "messages.agent_seq = :agent_seq \
         AND (:integration IS NULL OR conversations.integration = :integration){more}"
    );
    let sql = format!(
        "SELECT {COLUMNS} FROM messages_of_agent AS found \
         CROSS JOIN messages ON messages.seq = found.seq {JOINS} \
         WHERE found.agent_seq = :agent_seq AND found.incoming = 1 \
           AND (found.created_at, found.seq) < (:at, :row) AND {condition} \
         ORDER BY found.created_at DESC, found.seq DESC LIMIT {PAGE_QUERY_ROWS}"
    );
    let parameters = [of_bot, parameters].concat();
    let of_file = [
        parameters.as_slice(),
        named_params! {":at": at, ":row": row},
    ]
    .concat();
    let mut statement = conn.prepare_cached(&sql)?;
    let found = statement.query_map(of_file.as_slice(), from_row)?;
    let found = found.collect::<rusqlite::Result<_>>()?;
    index
        .find_by_agent(bot.seq, true, i64::MIN, (at.as_micros(), row))
        .merge_into_rows(conn, found, &condition, &parameters)
}
