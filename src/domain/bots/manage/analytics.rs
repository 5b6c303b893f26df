//! Analytics of a bot by UTC day, computed from its rows on each request.

use std::collections::BTreeMap;

use rusqlite::{Connection, named_params};

use super::{counters, logs::Period, rows};
use crate::{
    domain::{
        bots::{
            events::MESSAGE_CREATED,
            messages::{DailyCounter, DayCounts, IndexSnapshot, MICROS_PER_DAY},
        },
        tenancy::request_auth::{PrincipalAgent, RequestContext},
    },
    kernel::{Error, Result, Rule, Timestamp, Violation, ids::AgentId},
};

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
    /// Sums of the numbers that programs tracked, by name.
    pub custom_events: BTreeMap<String, i64>,
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
    let index = app.message_index().snapshot();
    app.store()
        .scan(move |conn| count_days(conn, &agent, days, pause, &index))
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

fn count_days(
    conn: &Connection,
    agent: &PrincipalAgent,
    (first, end): (i64, i64),
    pause: i64,
    index: &IndexSnapshot,
) -> Result<Vec<DayRecord>> {
    let mut records: Vec<DayRecord> = (first..end).map(empty_record).collect();
    let range = (first * MICROS_PER_DAY, end * MICROS_PER_DAY);
    let mut set_each = |counts: DayCounts, set: &dyn Fn(&mut DayRecord, i64)| {
        for (day, count) in counts {
            let day = usize::try_from(day - first).ok();
            if let Some(record) = day.and_then(|day| records.get_mut(day)) {
                set(record, count);
            }
        }
    };
    let messages = DailyCounter::new(conn, index, agent.seq, range, pause);
    set_each(messages.count_messages(true)?, &|record, count| {
        record.user_messages = count;
        record.event_types.insert(MESSAGE_CREATED.to_owned(), count);
    });
    set_each(messages.count_messages(false)?, &|record, count| {
        record.bot_messages = count;
    });
    set_each(messages.count_returning_users()?, &|record, count| {
        record.returning_users = count;
    });
    set_each(messages.count_sessions()?, &|record, count| {
        record.sessions = count;
    });
    set_each(
        count_new_users(conn, &agent.id, range)?,
        &|record, count| {
            record.new_users = count;
        },
    );
    for (kind, counts) in count_events(conn, agent.seq, range)? {
        set_each(counts, &|record, count| {
            *record.event_types.entry(kind.clone()).or_default() += count;
        });
    }
    for (name, sums) in counters::list_sums(conn, agent.seq, (first, end))? {
        set_each(sums, &|record, sum| {
            record.custom_events.insert(name.clone(), sum);
        });
    }
    Ok(records)
}

const NEW_USERS: &str = "
    SELECT created_at / :day AS day, count(*) FROM end_users
    WHERE agent_id = :agent_id AND created_at >= :start AND created_at < :end
    GROUP BY day";

fn count_new_users(
    conn: &Connection,
    agent: &AgentId,
    (start, end): (i64, i64),
) -> Result<DayCounts> {
    let parameters = named_params! {
        ":agent_id": agent,
        ":day": MICROS_PER_DAY,
        ":start": start,
        ":end": end,
    };
    let mut statement = conn.prepare_cached(NEW_USERS)?;
    let found = statement.query_map(parameters, |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

const EVENTS: &str = "
    SELECT created_at / :day AS day, count(*), type FROM events
    WHERE agent_seq = :agent_seq AND created_at >= :start AND created_at < :end
    GROUP BY day, type";

/// Counts the stored events by type.
fn count_events(
    conn: &Connection,
    agent_seq: i64,
    (start, end): (i64, i64),
) -> Result<BTreeMap<String, DayCounts>> {
    let parameters = named_params! {
        ":agent_seq": agent_seq,
        ":day": MICROS_PER_DAY,
        ":start": start,
        ":end": end,
    };
    let mut statement = conn.prepare_cached(EVENTS)?;
    let mut rows = statement.query(parameters)?;
    let mut counts = BTreeMap::<String, DayCounts>::new();
    while let Some(row) = rows.next()? {
        let of_type = counts.entry(row.get(2)?).or_default();
        of_type.push((row.get(0)?, row.get(1)?));
    }
    Ok(counts)
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
        custom_events: BTreeMap::new(),
        event_types: BTreeMap::new(),
    }
}
