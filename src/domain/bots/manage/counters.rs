//! Numbers that programs track: sums by UTC day and name.

use std::collections::BTreeMap;

use rusqlite::{Connection, named_params};

use crate::{
    domain::{
        bots::{
            author::require_write,
            messages::{DayCounts, MICROS_PER_DAY},
        },
        tenancy::{bounds::Bound, request_auth::RequestContext, write_tx::WriteTx},
    },
    kernel::Result,
};

const BOUND: Bound = Bound {
    owner_label: "A bot",
    items_label: "tracked numbers, one for each name and day",
    setting: "counters",
    limit: |bounds| bounds.counters,
    max_number_sql: None,
    rows_sql: "SELECT 1 FROM bot_counters WHERE agent_seq = ?1",
};

const EXISTS: &str = "
    SELECT 1 FROM bot_counters WHERE agent_seq = :agent_seq AND day = :day AND name = :name";

/// The sum stops at the largest integer: SQLite would otherwise convert it to a real number, which the column rejects.
const ADD: &str = "
    INSERT INTO bot_counters (agent_seq, day, name, count)
    VALUES (:agent_seq, :day, :name, :count)
    ON CONFLICT (agent_seq, day, name)
    DO UPDATE SET count = iif(count > 9223372036854775807 - excluded.count,
                              9223372036854775807, count + excluded.count)";

/// Adds a number to the sum of this day and name in the call's bot. The number is not negative.
///
/// # Errors
/// `Forbidden` for a role below developer; `LimitExceeded` if the bot has too many sums; errors of the store.
pub async fn track(call: &RequestContext, name: String, count: i64) -> Result<()> {
    require_write(call)?;
    let agent_seq = call.agent()?.seq;
    call.app()
        .run_write_tx(call, move |tx, _| add(tx, agent_seq, &name, count))
        .await
}

fn add(tx: &WriteTx<'_>, agent_seq: i64, name: &str, count: i64) -> Result<()> {
    let day = tx.now.as_micros().div_euclid(MICROS_PER_DAY);
    let key = named_params! {":agent_seq": agent_seq, ":day": day, ":name": name};
    if !tx.conn.prepare_cached(EXISTS)?.exists(key)? {
        BOUND.require(tx, agent_seq)?;
    }
    let parameters = [key, named_params! {":count": count}].concat();
    tx.conn
        .prepare_cached(ADD)?
        .execute(parameters.as_slice())?;
    Ok(())
}

const SUMS: &str = "
    SELECT name, day, count FROM bot_counters
    WHERE agent_seq = :agent_seq AND day >= :first AND day < :end";

/// Returns the sums of a bot by name, for the days from `first` to `end` (exclusive).
pub(super) fn list_sums(
    conn: &Connection,
    agent_seq: i64,
    (first, end): (i64, i64),
) -> Result<BTreeMap<String, DayCounts>> {
    let mut statement = conn.prepare_cached(SUMS)?;
    let parameters = named_params! {":agent_seq": agent_seq, ":first": first, ":end": end};
    let mut rows = statement.query(parameters)?;
    let mut sums = BTreeMap::<String, DayCounts>::new();
    while let Some(row) = rows.next()? {
        let of_name = sums.entry(row.get("name")?).or_default();
        of_name.push((row.get("day")?, row.get("count")?));
    }
    Ok(sums)
}
