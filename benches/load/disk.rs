//! What the disk takes to make something durable: no commit can take less.

use std::{
    fs::OpenOptions,
    io::Write,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::Result;

use super::phase::Latencies;

const APPENDS: usize = 200;
/// A page of the database.
const BYTES: usize = 4096;

/// The median time of appending a page to a file and `fdatasync`.
pub fn sync_time(directory: &Path) -> Result<Duration> {
    let mut file = OpenOptions::new()
        .create_new(true)
        .append(true)
        .open(directory.join("sync"))?;
    let mut times = Vec::with_capacity(APPENDS);
    for _ in 0..APPENDS {
        let began = Instant::now();
        file.write_all(&[7; BYTES])?;
        file.sync_data()?;
        times.push(began.elapsed());
    }
    Ok(Latencies::new(times).quantile(0.5))
}
