//! Repairs the database after the clock goes back. Rows with times of the later clock would otherwise wait until the
//! clock reaches these times again, for months after an `advance` and a `resume`.
//!
//! Each feature defines the rows that are impossible at the current time, from the longest time that it ever waits
//! ([`Repair`]): for example an attempt that is due in a year when the longest delay is a day. The repairs also run at
//! each start, because a restart resets the clock to the system's time.
//!
//! When the system's clock is set back while the server runs, the difference is known. Columns with the end of a wait
//! ([`Repair::due_column`]) are moved by the same time, so that the wait does not become longer.

use std::time::Duration;

use tracing::warn;

use crate::{
    domain::{
        bots::{deliveries, schedules, states, tasks, workflows},
        end_users, platform_integrations,
        retrieval::connectors,
        tenancy::{
            app::App,
            audit::Actor,
            billing,
            rewind::{ROWS_PER_TRANSACTION, Repair},
        },
        webhooks,
    },
    kernel::{
        Result,
        clock::{Rewind, SystemRewind, sleep_real_time},
    },
};

/// Delays, in real time, after which the repair is repeated: code that read the clock before it went back may write
/// its row later.
const REPEAT_DELAYS: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(10),
    Duration::from_secs(60),
];

fn all_repairs() -> impl Iterator<Item = &'static Repair> {
    [
        billing::REPAIRS,
        connectors::REPAIRS,
        deliveries::REPAIRS,
        end_users::REPAIRS,
        platform_integrations::REPAIRS,
        states::REPAIRS,
        tasks::REPAIRS,
        webhooks::REPAIRS,
        workflows::REPAIRS,
    ]
    .into_iter()
    .flatten()
}

/// Runs the repairs at start and each time that the clock goes back, until it is dropped.
pub async fn run(app: App) {
    let mut watch = app.clock().watch();
    let mut again: &[Duration] = &[];
    loop {
        let repairs = async {
            repair_until_done(&app).await;
            for wait in again {
                sleep_real_time(*wait).await;
                repair_until_done(&app).await;
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            rewind = watch.next() => {
                again = &REPEAT_DELAYS;
                if let Rewind::System(rewind) = rewind {
                    warn!(seconds = rewind.by.as_secs(), "the system's clock was set back");
                    retry_until_done(|| shift_waits(&app, rewind)).await;
                }
            }
            () = repairs => {}
        }
    }
}

async fn repair_until_done(app: &App) {
    retry_until_done(|| repair(app)).await;
}

async fn retry_until_done<F: Future<Output = Result<()>>>(mut work: impl FnMut() -> F) {
    while let Err(error) = work().await {
        warn!(%error, "waiting rows could not be repaired after a clock rewind; the repair is retried");
        sleep_real_time(REPEAT_DELAYS[0]).await;
    }
}

/// Moves the ends of waits that had not passed when the clock went back. All in one transaction, because a moved row
/// cannot be distinguished from another one.
async fn shift_waits(app: &App, rewind: SystemRewind) -> Result<()> {
    let shift = app.run_write_tx_as(Actor::System, move |tx| {
        all_repairs().try_for_each(|repair| repair.shift_waits(tx.conn, tx.now, rewind))
    });
    shift.await
}

/// Repairs all rows with times that the clock has left.
///
/// # Errors
/// Errors of the store.
pub async fn repair(app: &App) -> Result<()> {
    app.keyring().clear();
    let (reading_app, now) = (app.clone(), app.clock().now());
    let found = app.store().scan(move |conn| {
        let mut found = Vec::new();
        for repair in all_repairs() {
            if repair.is_needed(conn, now, &reading_app)? {
                found.push(repair);
            }
        }
        Ok((found, schedules::needs_repair(conn, now)?))
    });
    let (found, has_schedules) = found.await?;
    for repair in &found {
        while repair_chunk(app, repair).await? == ROWS_PER_TRANSACTION.unsigned_abs() {}
    }
    if has_schedules {
        while repair_schedules(app).await? == ROWS_PER_TRANSACTION.unsigned_abs() {}
    }
    // The workers have times of the previous clock in memory, even if no row needed a repair.
    app.webhook_doorbell().wake();
    app.delivery_doorbell().wake();
    app.end_user_worker_wake_up().notify_one();
    app.bot_worker_wake_up().notify_one();
    app.workspace_closed().notify_one();
    app.uninstall_wake_up().notify_one();
    Ok(())
}

async fn repair_chunk(app: &App, repair: &'static Repair) -> Result<u64> {
    let writing_app = app.clone();
    app.run_write_tx_as(Actor::System, move |tx| {
        repair.repair_chunk(tx.conn, tx.now, &writing_app)
    })
    .await
}

async fn repair_schedules(app: &App) -> Result<u64> {
    let writing_app = app.clone();
    let repaired = app.run_write_tx_as(Actor::System, move |tx| {
        schedules::repair(tx, &writing_app, ROWS_PER_TRANSACTION)
    });
    Ok(repaired.await? as u64)
}
