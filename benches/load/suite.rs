//! What is measured of one part of the server, on a server and a database of its own.

use anyhow::Result;

use super::{process::Server, report::Report, requests::Requests, settings::Settings};

/// Everything that is measured of one part: of a dialect, say. Its set-up is made through the API.
pub trait Suite: Default {
    /// What `LOAD_ONLY` calls it.
    const NAME: &'static str;

    /// The settings of its server: fixed keys, and limits that are on but never met.
    const ENVIRONMENT: &'static [(&'static str, &'static str)];

    /// Makes what the rows need, and the rows. `control` answers as [`super::control`] says.
    async fn rows(&mut self, server: &Server, control: &Server) -> Result<Vec<Row>>;

    /// Measures what is no row, after the rows. `answered` is how many requests of each row were
    /// answered.
    async fn more(
        &mut self,
        _server: &Server,
        _settings: &Settings,
        _answered: &[u64],
        _report: &mut Report,
    ) -> Result<()> {
        Ok(())
    }
}

/// A kind of request that is compared with one of the control's.
pub struct Row {
    /// What the requests do. Begins with their method.
    pub name: &'static str,
    /// The control's requests that they are compared with.
    pub control: Against,
    pub requests: Requests,
    /// The least share of the control's requests a second that is aimed for.
    pub ratio: Option<f64>,
    /// The longest 99th percentile that is aimed for, in milliseconds.
    pub p99: Option<f64>,
}

/// The operations of the control.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Against {
    Get,
    Post,
}
