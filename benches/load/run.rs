//! The whole run: what is measured, in which order.

use std::{path::Path, thread, time::Duration};

use anyhow::{Result, ensure};

use super::{
    ada::Ada,
    aloochat::{Aloochat, of_control},
    botpress::Botpress,
    cohere::Cohere,
    disk,
    files::Files,
    neighbours::Neighbours,
    phase::{self, Phase},
    process::Server,
    report::{self, Report, Target, median, milliseconds},
    runtime::Runtime,
    settings::Settings,
    suite::{Against, Row, Suite},
    tables::Tables,
    webhooks::Webhooks,
    workflows::Workflows,
};

/// How often the server is started on an existing file.
const RESTARTS: usize = 7;

macro_rules! suites {
    ($($suite:ty),+ $(,)?) => {
        /// Measures everything that the settings ask for.
        pub async fn all(settings: &Settings) -> Result<Report> {
            let known = [$(<$suite>::NAME),+];
            for name in settings.only.iter().flatten() {
                ensure!(
                    known.contains(&name.as_str()),
                    "LOAD_ONLY: there is no {name:?}, but {known:?}"
                );
            }
            let mut report = Report::default();
            $(suite::<$suite>(settings, &mut report).await?;)+
            Ok(report)
        }
    };
}

suites![
    Aloochat, Ada, Webhooks, Cohere, Botpress, Tables, Files, Runtime, Workflows, Neighbours
];

/// Measures one suite, if the settings ask for it.
async fn suite<S: Suite>(settings: &Settings, report: &mut Report) -> Result<()> {
    let asked_for = settings.only.as_ref();
    if asked_for.is_some_and(|only| !only.iter().any(|name| name == S::NAME)) {
        return Ok(());
    }
    // Beside the build, so that it is a real disk.
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let name = S::NAME;
    let sync = milliseconds(disk::sync_time(directory.path())?);
    report.fact(
        format!("{name}: fdatasync of the disk, median"),
        format!("{sync:.2} ms"),
    );
    let server = Server::parlance(directory.path(), S::ENVIRONMENT)?;
    // What the start began may still run; memory is taken when it is at rest.
    thread::sleep(Duration::from_secs(1));
    let idle = server.memory("VmRSS")?;

    let control = Server::control()?;
    let mut suite = S::default();
    let rows = suite.rows(&server, &control, settings).await?;
    let answered = rounds(settings, &control, &server, name, &rows, report).await?;
    control.stop()?;
    suite.more(&server, settings, &answered, report).await?;
    let peak = server.memory("VmHWM")?;
    server.stop()?;

    let ready = milliseconds(restarts(directory.path(), S::ENVIRONMENT)?);
    for (what, figure) in [
        (
            "memory at rest after the first start",
            format!("{idle:.1} MB"),
        ),
        ("memory at its peak under load", format!("{peak:.1} MB")),
        (
            "ready on the existing file, median",
            format!("{ready:.0} ms"),
        ),
    ] {
        report.fact(format!("{name}: {what}"), figure);
    }
    let target = format!("{name}: memory at rest");
    report.target(Target::at_most(target, idle, 40.0, "MB"));
    report.target(Target::at_most(
        format!("{name}: ready"),
        ready,
        150.0,
        "ms",
    ));
    Ok(())
}

/// Control and server in turns. Gives how many requests of each row the server answered.
async fn rounds(
    settings: &Settings,
    control: &Server,
    server: &Server,
    suite: &str,
    rows: &[Row],
    report: &mut Report,
) -> Result<Vec<u64>> {
    let mut phases: Vec<Vec<(Phase, Phase)>> = rows.iter().map(|_| Vec::new()).collect();
    for _ in 0..settings.rounds {
        for (row, pairs) in rows.iter().zip(&mut phases) {
            pairs.push((
                phase::run(control, &of_control(row.control), settings).await?,
                phase::run(server, &row.requests, settings).await?,
            ));
        }
    }
    for (row, pairs) in rows.iter().zip(&phases) {
        compare(suite, row, pairs, report);
    }
    let answered = |pairs: &Vec<(Phase, Phase)>| pairs.iter().map(|(_, ours)| ours.answered).sum();
    Ok(phases.iter().map(answered).collect())
}

/// Two rows of the report, the ratio of the second to the first (the median of those of the
/// rounds), and what was aimed for.
fn compare(suite: &str, row: &Row, rounds: &[(Phase, Phase)], report: &mut Report) {
    let ratios = rounds.iter();
    let ratio = median(ratios.map(|(control, ours)| ours.per_second / control.per_second));
    let operation = match row.control {
        Against::Get => "control GET",
        Against::Post => "control POST",
    };
    let name = format!("{suite}: {}", row.name);
    let control = report::Row::of(operation, rounds.iter().map(|round| &round.0));
    let mut ours = report::Row::of(&name, rounds.iter().map(|round| &round.1));
    ours.ratio = Some(ratio);
    let p99 = ours.p99.unwrap_or(f64::NAN);
    report.row(control);
    report.row(ours);
    if let Some(least) = row.ratio {
        report.target(Target::at_least(name.clone(), ratio, least));
    }
    if let Some(most) = row.p99 {
        report.target(Target::at_most(format!("{name}, p99"), p99, most, "ms"));
    }
}

fn restarts(directory: &Path, environment: &[(&str, &str)]) -> Result<Duration> {
    let mut times = Vec::new();
    for _ in 0..RESTARTS {
        let server = Server::parlance(directory, environment)?;
        times.push(server.ready_after);
        server.stop()?;
    }
    Ok(phase::Latencies::new(times).quantile(0.5))
}
