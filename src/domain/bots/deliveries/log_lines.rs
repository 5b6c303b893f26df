//! Completes log lines of programs before they are stored: maps positions in a bundle to source positions, and
//! reports uncaught errors in the server's log too.

use std::time::Duration;

use crate::{
    domain::tenancy::app::App,
    engine::{Level, LogLine},
    kernel::clock::Stopwatch,
};

/// Maximum time that one batch of lines waits for source maps.
const MAX_WAIT: Duration = Duration::from_secs(1);

/// Completes lines in place. Lines that are already complete stay as they are.
pub(super) async fn complete_lines(app: &App, lines: &mut [LogLine]) {
    let watch = Stopwatch::start();
    for line in lines.iter_mut().filter(|line| line.level == Level::Error) {
        if watch.elapsed() < MAX_WAIT {
            let engine = app.engine();
            line.message = engine.map_positions(&line.program, &line.message).await;
        }
        if std::mem::take(&mut line.uncaught) {
            app.recent_failures().record_uncaught(app, line);
        }
    }
}
