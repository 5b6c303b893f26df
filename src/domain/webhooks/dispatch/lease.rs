//! Leases due deliveries from the database, and releases leases.

use std::{collections::HashMap, sync::Arc, time::Duration};

use rusqlite::{Connection, OptionalExtension, named_params};

use super::{
    super::{endpoints::load_endpoint_by_seq, queue},
    attempt::Target,
};
use crate::{
    domain::{shared::sql::write_in_savepoint, tenancy::app::App},
    kernel::{Result, Timestamp, ids::WebhookMessageId},
};

/// Duration of a lease. A lease runs out only if the outcome of its attempt could not be recorded: a delivery in
/// memory is never attempted twice at once.
pub(in super::super) const LEASE_DURATION: Duration = Duration::from_secs(300);

/// The free capacity in memory.
pub(super) struct FreeCapacity {
    /// Number of free slots of each endpoint that has deliveries in memory. The others have
    /// `capacity_per_endpoint` free slots.
    pub(super) free_slots: HashMap<i64, usize>,
    /// Maximum number of deliveries of one endpoint in memory.
    pub(super) capacity_per_endpoint: usize,
    /// Number of free slots in total.
    pub(super) total_free_slots: usize,
    /// The endpoint of the last lease. The endpoints after it come first.
    pub(super) last_endpoint: i64,
}

/// The result of a poll.
pub(super) struct PollResult {
    pub(super) batches: Vec<LeasedBatch>,
    /// Endpoints with more due deliveries than there was room for.
    pub(super) backlogged: Vec<i64>,
    /// Earliest due time of the endpoints without due deliveries.
    pub(super) next_due: Option<Timestamp>,
    pub(super) last_endpoint: i64,
    /// Version of the endpoints before the poll; the targets are at least as new.
    pub(super) endpoints_version: u64,
}

/// Leased deliveries of one endpoint.
pub(super) struct LeasedBatch {
    pub(super) target: Arc<Target>,
    pub(super) deliveries: Vec<LeasedDelivery>,
}

/// The key of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct DeliveryKey {
    /// `seq` of the endpoint.
    pub(super) endpoint: i64,
    /// `seq` of the message.
    pub(super) message: i64,
}

/// A leased delivery.
pub(super) struct LeasedDelivery {
    pub(super) key: DeliveryKey,
    pub(super) message_id: WebhookMessageId,
    pub(super) payload: String,
    pub(super) manual: bool,
}

/// Leases the due deliveries that there is room for. Reads first, so that nothing is written when nothing is
/// due.
pub(super) async fn poll_due(app: &App, wanted: FreeCapacity) -> Result<PollResult> {
    let version = app.webhook_doorbell().endpoints_version();
    let now = app.clock().now();
    let after = wanted.last_endpoint;
    let (due, next_due) = app
        .store()
        .scan(move |conn| find_due_endpoints(conn, now))
        .await?;
    let (fitting, mut full): (Vec<i64>, Vec<i64>) = due
        .into_iter()
        .partition(|seq| wanted.free_slots.get(seq).is_none_or(|room| *room > 0));
    let mut polled = PollResult {
        batches: Vec::new(),
        backlogged: Vec::new(),
        next_due,
        last_endpoint: after,
        endpoints_version: version,
    };
    if !fitting.is_empty() {
        let leasing = app.clone();
        let leased = app
            .store()
            .write(move |conn| lease_due(conn, &leasing, &wanted, fitting));
        let (taken, cut, last) = leased.await?;
        polled.batches = taken;
        polled.last_endpoint = last;
        full.extend(cut);
    }
    polled.backlogged = full;
    Ok(polled)
}

const NEXT_ENDPOINT: &str = "
    SELECT endpoint_seq, due_at FROM webhook_deliveries
    WHERE state = 'pending' AND endpoint_seq > :after
    ORDER BY endpoint_seq, due_at LIMIT 1";

/// Returns the endpoints with due deliveries, in ascending order, and the earliest due time of the others. Skips
/// from endpoint to endpoint in the index, so that the cost does not depend on the backlog.
fn find_due_endpoints(conn: &Connection, now: Timestamp) -> Result<(Vec<i64>, Option<Timestamp>)> {
    let mut statement = conn.prepare_cached(NEXT_ENDPOINT)?;
    let mut next = |after: i64| {
        statement
            .query_row(named_params! {":after": after}, |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, Timestamp>(1)?))
            })
            .optional()
    };
    let mut due = queue::list_endpoints(conn)?;
    let mut next_due: Option<Timestamp> = None;
    let mut after = 0;
    while let Some((endpoint, at)) = next(after)? {
        if at <= now {
            due.push(endpoint);
        } else {
            next_due = Some(next_due.map_or(at, |known| known.min(at)));
        }
        after = endpoint;
    }
    due.sort_unstable();
    due.dedup();
    Ok((due, next_due))
}

/// The leased deliveries, the endpoints with more than there was room for, and the endpoint of the last lease.
type LeasedBatches = (Vec<LeasedBatch>, Vec<i64>, i64);

fn lease_due(
    conn: &Connection,
    app: &App,
    wanted: &FreeCapacity,
    mut endpoints: Vec<i64>,
) -> Result<LeasedBatches> {
    let now = app.clock().now();
    let first = endpoints.partition_point(|seq| *seq <= wanted.last_endpoint);
    endpoints.rotate_left(first);
    let mut budget = wanted.total_free_slots;
    let mut last = wanted.last_endpoint;
    let (mut taken, mut full) = (Vec::new(), Vec::new());
    for endpoint in endpoints {
        let room = wanted.free_slots.get(&endpoint).copied();
        let room = room.unwrap_or(wanted.capacity_per_endpoint).min(budget);
        if room == 0 {
            full.push(endpoint);
            continue;
        }
        // An endpoint that cannot be read, or whose secret cannot be opened, keeps its messages and does not
        // block the others.
        let leased =
            write_in_savepoint(conn, || lease_for_endpoint(conn, app, endpoint, now, room))?;
        let Some((target, deliveries)) = leased.flatten() else {
            continue;
        };
        if deliveries.len() == room {
            full.push(endpoint);
        }
        budget -= deliveries.len();
        last = endpoint;
        taken.push(LeasedBatch {
            target: Arc::new(target),
            deliveries,
        });
    }
    Ok((taken, full, last))
}

/// Leases due deliveries of an endpoint, if it still exists.
fn lease_for_endpoint(
    conn: &Connection,
    app: &App,
    endpoint: i64,
    now: Timestamp,
    room: usize,
) -> Result<Option<(Target, Vec<LeasedDelivery>)>> {
    let Some(stored) = load_endpoint_by_seq(conn, endpoint)? else {
        return Ok(None);
    };
    let target = Target::from_endpoint(&stored, app.sealer(), now)?;
    queue::schedule_oldest(conn, endpoint, now, room)?;
    Ok(Some((target, lease_deliveries(conn, endpoint, now, room)?)))
}

const LEASE_DUE: &str = "
    UPDATE webhook_deliveries SET due_at = :until, lease_until = :until
    WHERE endpoint_seq = :endpoint AND message_seq IN (
        SELECT message_seq FROM webhook_deliveries
        WHERE state = 'pending' AND endpoint_seq = :endpoint AND due_at <= :now
        ORDER BY due_at LIMIT :room)
    RETURNING message_seq, manual";

const FIND_MESSAGE: &str = "SELECT id, payload FROM webhook_messages WHERE seq = :seq";

fn lease_deliveries(
    conn: &Connection,
    endpoint: i64,
    now: Timestamp,
    room: usize,
) -> Result<Vec<LeasedDelivery>> {
    let mut update = conn.prepare_cached(LEASE_DUE)?;
    let rows = update.query_map(
        named_params! {
            ":endpoint": endpoint,
            ":now": now,
            ":until": now.plus(LEASE_DURATION),
            ":room": i64::try_from(room).unwrap_or(i64::MAX),
        },
        |row| Ok((row.get("message_seq")?, row.get("manual")?)),
    )?;
    let mut rows: Vec<(i64, bool)> = rows.collect::<rusqlite::Result<_>>()?;
    rows.sort_unstable();
    let mut statement = conn.prepare_cached(FIND_MESSAGE)?;
    let mut leased = Vec::with_capacity(rows.len());
    for (message, manual) in rows {
        let read = statement.query_row(named_params! {":seq": message}, |row| {
            Ok(LeasedDelivery {
                key: DeliveryKey { endpoint, message },
                message_id: row.get("id")?,
                payload: row.get("payload")?,
                manual,
            })
        });
        match read {
            Ok(read) => leased.push(read),
            // The delivery is due again when its lease ends. The others do not wait for it.
            Err(error) => tracing::error!(endpoint, message, %error, "a message cannot be read"),
        }
    }
    Ok(leased)
}

const RELEASE: &str = "
    UPDATE webhook_deliveries SET due_at = :now, lease_until = NULL
    WHERE endpoint_seq = :endpoint AND message_seq = :message AND lease_until IS NOT NULL";

/// Releases leases: the deliveries are due again.
pub(super) async fn release_leases(app: &App, deliveries: Vec<DeliveryKey>) -> Result<()> {
    if deliveries.is_empty() {
        return Ok(());
    }
    let now = app.clock().now();
    let released = app.store().write(move |conn| {
        let mut statement = conn.prepare_cached(RELEASE)?;
        for DeliveryKey { endpoint, message } in deliveries {
            statement.execute(named_params! {
                ":endpoint": endpoint,
                ":message": message,
                ":now": now,
            })?;
        }
        Ok(())
    });
    released.await
}

const RELEASE_ALL: &str = "
    UPDATE webhook_deliveries SET due_at = :now, lease_until = NULL
    WHERE state = 'pending' AND lease_until IS NOT NULL";

/// Releases the leases of earlier dispatchers. A database has only one server, so no lease is in use.
pub(super) async fn release_all_leases(app: &App) -> Result<()> {
    let now = app.clock().now();
    let ended = app.store().write(move |conn| {
        conn.execute(RELEASE_ALL, named_params! {":now": now})?;
        Ok(())
    });
    ended.await
}
