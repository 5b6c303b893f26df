//! Counts messages, returning users and sessions of a bot by UTC day.

use rusqlite::{Connection, ToSql};

use super::{index::IndexSnapshot, merge::to_json_array};
use crate::kernel::Result;

/// A day in microseconds.
pub(in crate::domain) const MICROS_PER_DAY: i64 = 24 * 3600 * 1_000_000;

/// Counts by day, which is in days since the epoch. Days without any are left out.
pub(in crate::domain) type DayCounts = Vec<(i64, i64)>;

/// Counts the messages of one bot.
pub(in crate::domain) struct DailyCounter<'a> {
    conn: &'a Connection,
    agent_seq: i64,
    /// Start of the first day in microseconds.
    start: i64,
    /// End of the last day in microseconds, exclusive.
    end: i64,
    /// Time in microseconds without messages that ends a session.
    pause: i64,
    /// Rows of the memtables with outgoing messages, as a JSON array.
    outgoing: String,
    /// Rows of the memtables with incoming messages, from `pause` before the start, as a JSON array.
    incoming: String,
}

/// `:recent` are rows from the memtables. A flush may already have written some of them to the index table.
const MESSAGES: &str = "
    SELECT created_at / :day AS day, count(*) FROM (
        SELECT created_at, seq FROM messages_of_agent
        WHERE agent_seq = :agent_seq AND incoming = :incoming
          AND created_at >= :start AND created_at < :end
        UNION ALL
        SELECT created_at, seq FROM json_each(:recent) AS found
        CROSS JOIN messages ON messages.seq = found.value
        WHERE created_at >= :start AND created_at < :end
          AND NOT EXISTS (
            SELECT 1 FROM messages_of_agent AS other
            WHERE other.agent_seq = :agent_seq AND other.incoming = :incoming
              AND other.created_at = messages.created_at AND other.seq = messages.seq))
    GROUP BY day";

/// Subquery for `IN`: the rows of users' messages since `$from`.
macro_rules! of_users {
    ($from:literal) => {
        concat!(
            "(SELECT seq FROM messages_of_agent
              WHERE agent_seq = :agent_seq AND incoming = 1
                AND created_at >= ",
            $from,
            " AND created_at < :end
              UNION ALL SELECT value FROM json_each(:recent))"
        )
    };
}

const RETURNING_USERS: &str = concat!(
    "SELECT messages.created_at / :day AS day, count(DISTINCT messages.user_seq)
    FROM messages JOIN end_users ON end_users.seq = messages.user_seq
    WHERE messages.seq IN ",
    of_users!(":start"),
    " AND messages.created_at >= :start
      AND end_users.created_at < messages.created_at / :day * :day
    GROUP BY day"
);

/// A message starts a session if the previous one in its conversation is more than `:pause` older.
const SESSIONS: &str = concat!(
    "SELECT created_at / :day AS day, count(*) FROM (
        SELECT created_at, lag(created_at) OVER (
            PARTITION BY conversation_seq ORDER BY created_at, seq) AS before
        FROM messages WHERE seq IN ",
    of_users!(":start - :pause"),
    ")
    WHERE created_at >= :start AND (before IS NULL OR created_at - before > :pause)
    GROUP BY day"
);

impl<'a> DailyCounter<'a> {
    /// Creates a counter for the days from `start` to `end`. All times are in microseconds.
    pub(in crate::domain) fn new(
        conn: &'a Connection,
        index: &IndexSnapshot,
        agent_seq: i64,
        (start, end): (i64, i64),
        pause: i64,
    ) -> Self {
        let in_memory = |incoming| {
            let before = (end, i64::MIN);
            let found = index.find_by_agent(agent_seq, incoming, start - pause, before);
            to_json_array(found.into_rows())
        };
        Self {
            conn,
            agent_seq,
            start,
            end,
            pause,
            outgoing: in_memory(false),
            incoming: in_memory(true),
        }
    }

    /// Counts the messages of users, or those of the bot.
    pub(in crate::domain) fn count_messages(&self, incoming: bool) -> Result<DayCounts> {
        let recent = if incoming {
            &self.incoming
        } else {
            &self.outgoing
        };
        self.count(MESSAGES, &[(":incoming", &incoming), (":recent", recent)])
    }

    /// Counts the users who wrote on a day and were created on an earlier day.
    pub(in crate::domain) fn count_returning_users(&self) -> Result<DayCounts> {
        self.count(RETURNING_USERS, &[(":recent", &self.incoming)])
    }

    /// Counts the sessions that began on a day.
    pub(in crate::domain) fn count_sessions(&self) -> Result<DayCounts> {
        let more: [(&str, &dyn ToSql); 2] = [(":recent", &self.incoming), (":pause", &self.pause)];
        self.count(SESSIONS, &more)
    }

    fn count(&self, sql: &str, more: &[(&str, &dyn ToSql)]) -> Result<DayCounts> {
        let range: [(&str, &dyn ToSql); 4] = [
            (":day", &MICROS_PER_DAY),
            (":start", &self.start),
            (":end", &self.end),
            (":agent_seq", &self.agent_seq),
        ];
        let mut statement = self.conn.prepare_cached(sql)?;
        let parameters = [&range[..], more].concat();
        let found =
            statement.query_map(parameters.as_slice(), |row| Ok((row.get(0)?, row.get(1)?)));
        Ok(found?.collect::<rusqlite::Result<_>>()?)
    }
}
