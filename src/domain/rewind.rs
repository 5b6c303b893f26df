//! What follows when the clock goes back: rows that were written at a time which the clock has left
//! again would wait for it to come back, for months after an `advance` and a `resume`.
//!
//! Each feature says which of its rows cannot be, by the longest that it ever asks for ([`Mend`]): an
//! attempt that is due in a year where the longest wait is a day. They are looked for at each start too,
//! because a restart takes the clock back to the system's time.
//!
//! Where the system's clock is set back while the server runs, it is known how far: what waits for so long
//! ([`Mend::due`]) is moved by as much, so that it waits no longer than it was to.

use std::time::Duration;

use rusqlite::{Connection, Statement, ToSql};
use tracing::warn;

use super::{
    audit::Actor,
    billing, connectors,
    context::{Domain, Settings},
    deliveries, end_users, platform_integrations, schedules, states, webhooks,
};
use crate::kernel::{
    Result, Timestamp,
    clock::{Back, Turn, pause},
};

/// How many rows are mended in one transaction.
const CHUNK: i64 = 500;

/// When to look again after the clock went back, in real time: what had read the clock before may be
/// written down after.
const AGAIN: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(10),
    Duration::from_secs(60),
];

/// Rows of a table that can only have been written at a time which the clock has not reached.
pub(super) struct Mend {
    /// The table.
    pub(super) table: &'static str,
    /// The columns of its key.
    pub(super) key: &'static str,
    /// Selects the keys of the rows. `:horizon` is `longest` after `:now`.
    pub(super) find: &'static str,
    /// What is set in them. Afterwards they are not found any more.
    pub(super) set: &'static str,
    /// The longest that such a row may have to wait.
    pub(super) longest: fn(&Settings) -> Duration,
    /// The column with the end of a wait, of those that `find` finds beyond `:horizon`.
    pub(super) due: Option<&'static str>,
}

fn all() -> impl Iterator<Item = &'static Mend> {
    [
        billing::MENDS,
        connectors::MENDS,
        deliveries::MENDS,
        end_users::MENDS,
        platform_integrations::MENDS,
        states::MENDS,
        webhooks::MENDS,
    ]
    .into_iter()
    .flatten()
}

/// Mends at the start, and whenever the clock goes back, for as long as it is polled.
pub async fn run(domain: Domain) {
    let mut watch = domain.clock().watch();
    let mut again: &[Duration] = &[];
    loop {
        let mended = async {
            mend_until_done(&domain).await;
            for wait in again {
                pause(*wait).await;
                mend_until_done(&domain).await;
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            turn = watch.next() => {
                again = &AGAIN;
                if let Turn::System(back) = turn {
                    warn!(seconds = back.by.as_secs(), "the system's clock was set back");
                    until_done(|| move_waits(&domain, back)).await;
                }
            }
            () = mended => {}
        }
    }
}

async fn mend_until_done(domain: &Domain) {
    until_done(|| mend(domain)).await;
}

async fn until_done<F: Future<Output = Result<()>>>(mut work: impl FnMut() -> F) {
    while let Err(error) = work().await {
        warn!(%error, "what waits for a time that the clock has left is not mended yet");
        pause(AGAIN[0]).await;
    }
}

/// Moves the ends of waits that had not passed when the clock went back, all in one transaction: one that was
/// moved may look like one that was not.
async fn move_waits(domain: &Domain, back: Back) -> Result<()> {
    let moving = domain.change_as(Actor::System, move |change| {
        all().try_for_each(|mend| mend.move_waits(change.conn, change.now, back))
    });
    moving.await
}

/// Mends whatever waits for a time that the clock has left.
///
/// # Errors
/// Those of the store.
pub async fn mend(domain: &Domain) -> Result<()> {
    domain.keyring().forget();
    let (looking, now) = (domain.clone(), domain.clock().now());
    let found = domain.store().scan(move |conn| {
        let mut found = Vec::new();
        for mend in all() {
            if mend.is_needed(conn, now, looking.settings())? {
                found.push(mend);
            }
        }
        Ok((found, schedules::needs_mending(conn, now)?))
    });
    let (found, has_schedules) = found.await?;
    for mend in &found {
        while step(domain, mend).await? == CHUNK.unsigned_abs() {}
    }
    if has_schedules {
        while mend_schedules(domain).await? == CHUNK.unsigned_abs() {}
    }
    // They know times of before, even where no row was to be mended.
    domain.webhooks().wake();
    domain.deliveries().wake();
    domain.end_user_work().notify_one();
    domain.bot_work().notify_one();
    domain.closed_workspaces().notify_one();
    domain.farewells().notify_one();
    Ok(())
}

async fn step(domain: &Domain, mend: &'static Mend) -> Result<u64> {
    let writing = domain.clone();
    domain
        .change_as(Actor::System, move |change| {
            mend.step(change.conn, change.now, writing.settings())
        })
        .await
}

async fn mend_schedules(domain: &Domain) -> Result<u64> {
    let writing = domain.clone();
    let mended = domain.change_as(Actor::System, move |change| {
        schedules::mend(change, &writing, CHUNK)
    });
    Ok(mended.await? as u64)
}

impl Mend {
    fn is_needed(&self, conn: &Connection, now: Timestamp, settings: &Settings) -> Result<bool> {
        let sql = format!("SELECT EXISTS ({})", self.find);
        let mut statement = conn.prepare(&sql)?;
        self.bind(&mut statement, now, settings)?;
        let mut rows = statement.raw_query();
        let row = rows.next()?;
        Ok(row.is_some_and(|row| row.get(0).unwrap_or(false)))
    }

    fn step(&self, conn: &Connection, now: Timestamp, settings: &Settings) -> Result<u64> {
        let Self {
            table,
            key,
            find,
            set,
            ..
        } = self;
        let sql = format!("UPDATE {table} SET {set} WHERE {key} IN ({find} LIMIT {CHUNK})");
        let mut statement = conn.prepare(&sql)?;
        self.bind(&mut statement, now, settings)?;
        Ok(statement.raw_execute()? as u64)
    }

    fn bind(
        &self,
        statement: &mut Statement<'_>,
        now: Timestamp,
        settings: &Settings,
    ) -> Result<()> {
        let horizon = now.plus((self.longest)(settings));
        bind(statement, &[(":now", &now), (":horizon", &horizon)])
    }

    fn move_waits(&self, conn: &Connection, now: Timestamp, back: Back) -> Result<()> {
        let Some(due) = self.due else {
            return Ok(());
        };
        let Self {
            table, key, find, ..
        } = self;
        let sql =
            format!("UPDATE {table} SET {due} = max(:now, {due} - :back) WHERE {key} IN ({find})");
        let by = i64::try_from(back.by.as_micros()).unwrap_or(i64::MAX);
        let mut statement = conn.prepare(&sql)?;
        let parameters: [(&str, &dyn ToSql); 3] =
            [(":now", &now), (":horizon", &back.was), (":back", &by)];
        bind(&mut statement, &parameters)?;
        statement.raw_execute()?;
        Ok(())
    }
}

fn bind(statement: &mut Statement<'_>, parameters: &[(&str, &dyn ToSql)]) -> Result<()> {
    for (name, value) in parameters {
        // Not every statement needs all of them.
        if let Some(index) = statement.parameter_index(name)? {
            statement.raw_bind_parameter(index, value)?;
        }
    }
    Ok(())
}
