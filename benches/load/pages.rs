//! Pages of a long list, one after the other on one connection: their time, not their number.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use serde_json::Value;

use super::{aloochat::get, client::Connection, phase::Latencies, settings::Settings};

/// Pages of each kind.
const PAGES: usize = 500;
/// A page by `skip` costs a step for each row that it leaves out, so there are fewer.
const SKIP_EVERY: usize = 10;
/// Pages before the time is taken.
const WARM_UP: usize = 50;

pub struct Pages {
    pub first: Latencies,
    pub after: Latencies,
    pub skip: Latencies,
}

/// Takes turns with the first page and those at `settings.depth`.
pub async fn measure(address: SocketAddr, settings: &Settings) -> Result<Pages> {
    let depth = settings.depth;
    let mut connection = Connection::open(address).await?;
    let last = format!("?skip={}&limit=1", depth.saturating_sub(1));
    let last: Value = serde_json::from_slice(connection.call(&get(&last)).await?)?;
    let id = last[0]["id"]
        .as_str()
        .context("too few rows for the depth")?;
    let first_page = get("?limit=20");
    let after_page = get(&format!("?limit=20&after={id}"));
    let skip_page = get(&format!("?limit=20&skip={depth}"));
    let (mut first, mut after, mut skip) = (Vec::new(), Vec::new(), Vec::new());
    let until = Instant::now() + 6 * settings.phase;
    for turn in 0..WARM_UP + PAGES {
        if turn == WARM_UP {
            first.clear();
            after.clear();
            skip.clear();
        }
        first.push(time(&mut connection, &first_page).await?);
        after.push(time(&mut connection, &after_page).await?);
        if turn % SKIP_EVERY == 0 {
            skip.push(time(&mut connection, &skip_page).await?);
        }
        if Instant::now() > until {
            break;
        }
    }
    Ok(Pages {
        first: Latencies::new(first),
        after: Latencies::new(after),
        skip: Latencies::new(skip),
    })
}

async fn time(connection: &mut Connection, request: &[u8]) -> Result<Duration> {
    let began = Instant::now();
    connection.call(request).await?;
    Ok(began.elapsed())
}
