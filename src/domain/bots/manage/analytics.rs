//! Analytics of a bot by UTC day, computed from its rows on each request.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row, ToSql};

use super::{logs::Period, rows};
use crate::{
    domain::{
        bots::messages::{MemtableSet, to_json_array},
        tenancy::request_auth::{PrincipalAgent, RequestContext},
    },
    kernel::{Error, Result, Rule, Timestamp, Violation, ids::AgentId},
};

/// A day in microseconds.
const MICROS_PER_DAY: i64 = 24 * 3600 * 1_000_000;
/// Maximum number of days in one request: a year, plus the partial days at both ends.
const MAX_DAYS: i64 = 367;

/// Numbers of one day of a bot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayRecord {
    /// Start of the day.
    pub start: Timestamp,
    /// End of the day, exclusive.
    pub end: Timestamp,
    /// Number of users who were created on that day.
    pub new_users: i64,
    /// Number of users who wrote on that day and were created on an earlier day.
    pub returning_users: i64,
    /// Number of sessions that began on that day. A session is a run of users' messages in one conversation
    /// without a long pause.
    pub sessions: i64,
    /// Number of messages that users wrote.
    pub user_messages: i64,
    /// Number of messages that the bot sent.
    pub bot_messages: i64,
    /// Number of events by type. Each message of a user counts as one `message_created`.
    pub event_types: BTreeMap<String, i64>,
}

impl DayRecord {
    /// Returns the total number of events.
    #[must_use]
    pub fn events(&self) -> i64 {
        self.event_types.values().sum()
    }
}

/// Type of the event that a user's message counts as.
const MESSAGE_CREATED: &str = "message_created";

/// Returns the numbers of a bot in the workspace of the call for each day of a period, oldest first. Partial
/// days at the ends count as whole days.
///
/// # Errors
/// `Invalid` if the period is empty or longer than a year, `NotFound`, or errors of the store.
pub async fn compute(
    call: &RequestContext,
    bot: &AgentId,
    period: Period,
) -> Result<Vec<DayRecord>> {
    let days = day_range(period)?;
    let app = call.app();
    let agent: PrincipalAgent = app
        .store()
        .read(|conn| rows::find_agent(conn, call.workspace(), bot))?
        .into();
    let pause = i64::from(app.bot_settings().session_minutes) * 60 * 1_000_000;
    let recent = app.message_index().snapshot_memtables();
    app.store()
        .scan(move |conn| count_days(conn, &agent, days, pause, &recent))
        .await
}

/// Returns the first day and the day after the last, in days since the epoch.
fn day_range(period: Period) -> Result<(i64, i64)> {
    let first = period.start.as_micros().div_euclid(MICROS_PER_DAY);
    let last = (period.end.as_micros() - 1).div_euclid(MICROS_PER_DAY);
    let broken = |text: &str| {
        let rule = Rule::Other(text.to_owned());
        Err(Error::from(Violation::query("endDate", rule)))
    };
    if period.end <= period.start {
        return broken("must be later than startDate");
    }
    if last - first >= MAX_DAYS {
        return broken("must be at most a year later than startDate");
    }
    Ok((first, last + 1))
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

const NEW_USERS: &str = "
    SELECT created_at / :day AS day, count(*) FROM end_users
    WHERE agent_id = :agent_id AND created_at >= :start AND created_at < :end
    GROUP BY day";

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

const EVENTS: &str = "
    SELECT created_at / :day AS day, count(*), type FROM events
    WHERE agent_seq = :agent_seq AND created_at >= :start AND created_at < :end
    GROUP BY day, type";

fn count_days(
    conn: &Connection,
    agent: &PrincipalAgent,
    (first, end): (i64, i64),
    pause: i64,
    recent: &MemtableSet,
) -> Result<Vec<DayRecord>> {
    let mut records: Vec<DayRecord> = (first..end).map(empty_record).collect();
    let (from, to) = (first * MICROS_PER_DAY, end * MICROS_PER_DAY);
    let range: [(&str, &dyn ToSql); 3] =
        [(":day", &MICROS_PER_DAY), (":start", &from), (":end", &to)];
    let mut each = |sql: &str,
                    more: &[(&str, &dyn ToSql)],
                    note: &dyn Fn(&mut DayRecord, i64, &Row<'_>) -> rusqlite::Result<()>|
     -> Result<()> {
        let mut statement = conn.prepare_cached(sql)?;
        let parameters = [&range[..], more].concat();
        let mut rows = statement.query(parameters.as_slice())?;
        while let Some(row) = rows.next()? {
            let day = usize::try_from(row.get::<_, i64>(0)? - first).ok();
            if let Some(record) = day.and_then(|day| records.get_mut(day)) {
                note(record, row.get(1)?, row)?;
            }
        }
        Ok(())
    };
    let of: (&str, &dyn ToSql) = (":agent_seq", &agent.seq);
    let found = |incoming| {
        let end = (to, i64::MIN);
        let found = recent.find_by_agent(agent.seq, incoming, from - pause, end);
        to_json_array(found.into_iter().flatten())
    };
    let (outgoing, incoming) = (found(false), found(true));
    let outgoing = [of, (":incoming", &0), (":recent", &outgoing as &dyn ToSql)];
    let incoming = [of, (":incoming", &1), (":recent", &incoming as &dyn ToSql)];
    let [_, _, recent] = incoming;
    each(MESSAGES, &incoming, &|record, count, _| {
        record.user_messages = count;
        record.event_types.insert(MESSAGE_CREATED.to_owned(), count);
        Ok(())
    })?;
    each(MESSAGES, &outgoing, &|record, count, _| {
        record.bot_messages = count;
        Ok(())
    })?;
    each(
        NEW_USERS,
        &[(":agent_id", &agent.id)],
        &|record, count, _| {
            record.new_users = count;
            Ok(())
        },
    )?;
    each(RETURNING_USERS, &[of, recent], &|record, count, _| {
        record.returning_users = count;
        Ok(())
    })?;
    each(
        SESSIONS,
        &[of, recent, (":pause", &pause)],
        &|record, count, _| {
            record.sessions = count;
            Ok(())
        },
    )?;
    each(EVENTS, &[of], &|record, count, row| {
        *record.event_types.entry(row.get(2)?).or_default() += count;
        Ok(())
    })?;
    Ok(records)
}

fn empty_record(day: i64) -> DayRecord {
    DayRecord {
        start: Timestamp::from_micros(day * MICROS_PER_DAY),
        end: Timestamp::from_micros((day + 1) * MICROS_PER_DAY),
        new_users: 0,
        returning_users: 0,
        sessions: 0,
        user_messages: 0,
        bot_messages: 0,
        event_types: BTreeMap::new(),
    }
}
