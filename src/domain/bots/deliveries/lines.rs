//! Lines of programs before they are written down: places in a bundle become those of its sources, and what
//! nobody caught is told in the server's log too.

use std::time::Duration;

use crate::{
    domain::tenancy::app::App,
    engine::{Level, LogLine},
    kernel::clock::Stopwatch,
};

/// How long the lines that are written down together wait for their sources.
const PATIENCE: Duration = Duration::from_secs(1);

/// Completes lines. Those that were completed before stay as they are.
pub(super) async fn complete(app: &App, lines: &mut [LogLine]) {
    let watch = Stopwatch::start();
    for line in lines.iter_mut().filter(|line| line.level == Level::Error) {
        if watch.elapsed() < PATIENCE {
            let engine = app.runtime();
            line.message = engine.with_sources(&line.program, &line.message).await;
        }
        if std::mem::take(&mut line.uncaught) {
            app.failures().note_uncaught(app, line);
        }
    }
}
