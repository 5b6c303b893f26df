//! What follows when the clock goes back: rows that were written at a time which the clock has left
//! again would wait for it to come back, for months after an `advance` and a `resume`.
//!
//! Each feature says which of its rows cannot be, by the longest that it ever asks for ([`Mend`]): an
//! attempt that is due in a year where the longest wait is a day. They are looked for at each start too,
//! because a restart takes the clock back to the system's time.

use std::time::Duration;

use rusqlite::{Connection, Statement, ToSql};
use tracing::warn;

use super::{
    audit::Actor,
    billing, connectors,
    context::{Domain, Settings},
    deliveries, end_users, platform_integrations, schedules, states, webhooks,
};
use crate::kernel::{Result, Timestamp, clock::pause};

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
    let mut again: &[Duration] = &[];
    loop {
        let mut rewinds = domain.clock().rewinds();
        let mended = async {
            mend_until_done(&domain).await;
            for wait in again {
                pause(*wait).await;
                mend_until_done(&domain).await;
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = rewinds.next() => again = &AGAIN,
            () = mended => {}
        }
    }
}

async fn mend_until_done(domain: &Domain) {
    while let Err(error) = mend(domain).await {
        warn!(%error, "what waits for a time that the clock has left is not mended yet");
        pause(AGAIN[0]).await;
    }
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
        let parameters: [(&str, &dyn ToSql); 2] = [(":now", &now), (":horizon", &horizon)];
        for (name, value) in parameters {
            // Not every statement needs both.
            if let Some(index) = statement.parameter_index(name)? {
                statement.raw_bind_parameter(index, value)?;
            }
        }
        Ok(())
    }
}
