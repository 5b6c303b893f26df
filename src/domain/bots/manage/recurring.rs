//! Schedules of the recurring events of bots.

use rusqlite::named_params;

use crate::{
    domain::{
        bots::{definitions::BotDefinition, schedules},
        tenancy::write_tx::WriteTx,
    },
    kernel::Result,
};

const SET: &str = "
    INSERT INTO bot_schedules (agent_seq, due_at, delay, recurring)
    VALUES (:agent_seq, :due_at, :delay, :name)
    ON CONFLICT (agent_seq, recurring) DO UPDATE SET
        due_at = excluded.due_at, delay = excluded.delay";

const REMOVE: &str = "DELETE FROM bot_schedules WHERE agent_seq = :agent_seq AND recurring = :name";

/// Updates the schedules of a bot from its old definition to its new one. An event with an unchanged cron
/// expression keeps its due time.
pub(super) fn sync_schedules(
    tx: &WriteTx<'_>,
    agent_seq: i64,
    old: &BotDefinition,
    new: &BotDefinition,
) -> Result<()> {
    let gone = old
        .recurring_events
        .keys()
        .filter(|name| !new.recurring_events.contains_key(*name));
    for name in gone {
        remove_schedule(tx, agent_seq, name)?;
    }
    for (name, event) in &new.recurring_events {
        let known = old.recurring_events.get(name);
        if known.is_some_and(|known| known.cron == event.cron) {
            continue;
        }
        match event.next_occurrence_after(tx.now) {
            Some(due_at) => {
                schedules::BOUND.require(tx, agent_seq)?;
                tx.conn.prepare_cached(SET)?.execute(named_params! {
                    ":agent_seq": agent_seq, ":due_at": due_at, ":name": name,
                    ":delay": schedules::micros_until(due_at, tx.now),
                })?;
                tx.wake_delivery_dispatcher();
            }
            None => remove_schedule(tx, agent_seq, name)?,
        }
    }
    Ok(())
}

fn remove_schedule(tx: &WriteTx<'_>, agent_seq: i64, name: &str) -> Result<()> {
    tx.conn
        .prepare_cached(REMOVE)?
        .execute(named_params! {":agent_seq": agent_seq, ":name": name})?;
    Ok(())
}
