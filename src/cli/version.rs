//! `parlance --version`, and with `--verbose` how the program was built.

use std::{collections::BTreeMap, process::ExitCode};

use anyhow::Result;
use serde::Serialize;

use super::output;
use crate::store::{SqliteBuild, sqlite_build};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The settings of `.cargo/config.toml`, and whether this build has them.
const CARGO_SETTINGS: [(&str, bool); 4] = [
    ("chacha20_backend", cfg!(chacha20_backend = "soft")),
    ("poly1305_backend", cfg!(poly1305_backend = "soft")),
    (
        "LIBSQLITE3_FLAGS",
        option_env!("LIBSQLITE3_FLAGS").is_some(),
    ),
    (
        "JEMALLOC_SYS_WITH_MALLOC_CONF",
        option_env!("JEMALLOC_SYS_WITH_MALLOC_CONF").is_some(),
    ),
];

/// How the program was built.
#[derive(Serialize)]
struct Build {
    version: &'static str,
    /// Commit of the sources; none if they were no checkout.
    commit: Option<&'static str>,
    /// Date of the commit: `2026-11-30`.
    commit_date: Option<&'static str>,
    /// True if the sources had changes beside the commit.
    modified: bool,
    /// Profile of cargo.
    profile: &'static str,
    target: &'static str,
    compiler: &'static str,
    sqlite: SqliteBuild,
    javascript: &'static str,
    tls: &'static str,
    /// Type of the global allocator.
    allocator: &'static str,
    /// The settings of `.cargo/config.toml`: true if the build has it.
    cargo_settings: BTreeMap<&'static str, bool>,
}

impl Build {
    fn new(allocator: &'static str) -> Result<Self> {
        Ok(Self {
            version: VERSION,
            commit: Some(env!("BUILD_COMMIT")).filter(|commit| !commit.is_empty()),
            commit_date: Some(env!("BUILD_COMMIT_DATE")).filter(|date| !date.is_empty()),
            modified: !env!("BUILD_MODIFIED").is_empty(),
            profile: env!("BUILD_PROFILE"),
            target: env!("BUILD_TARGET"),
            compiler: env!("BUILD_COMPILER"),
            sqlite: sqlite_build()?,
            javascript: concat!("QuickJS-NG (rquickjs ", env!("BUILD_RQUICKJS"), ")"),
            tls: concat!(
                "rustls ",
                env!("BUILD_RUSTLS"),
                " with ring ",
                env!("BUILD_RING")
            ),
            allocator,
            cargo_settings: BTreeMap::from(CARGO_SETTINGS),
        })
    }

    /// Formats the build for people, one fact in a line.
    fn to_text(&self) -> String {
        let commit = match (self.commit, self.modified) {
            (None, _) => "unknown".to_owned(),
            (Some(commit), false) => commit.to_owned(),
            (Some(commit), true) => format!("{commit}, with changes"),
        };
        let on = |on: bool| if on { "on" } else { "off" };
        let sqlite = format!(
            "{}, memory statistics {}, fdatasync {}",
            self.sqlite.version,
            on(self.sqlite.memory_statistics),
            on(self.sqlite.fdatasync),
        );
        let settings = self.cargo_settings.iter();
        let missing: Vec<&str> = settings
            .filter(|(_, set)| !**set)
            .map(|(name, _)| *name)
            .collect();
        let settings = match &missing[..] {
            [] => "all of .cargo/config.toml".to_owned(),
            missing => format!("{} missing (see docs/OPERATIONS.md)", missing.join(", ")),
        };
        let facts = [
            ("commit", &commit[..]),
            ("commit date", self.commit_date.unwrap_or("unknown")),
            ("profile", self.profile),
            ("target", self.target),
            ("compiler", self.compiler),
            ("SQLite", &sqlite),
            ("JavaScript", self.javascript),
            ("TLS", self.tls),
            ("allocator", self.allocator),
            ("build settings", &settings),
        ];
        let lines = facts.map(|(name, value)| format!("{name}: {value}\n"));
        format!("parlance {VERSION}\n{}", lines.concat())
    }
}

/// Prints the version, and how the program was built if `verbose` is true.
pub fn print(allocator: &'static str, verbose: bool, json: bool) -> Result<ExitCode> {
    match (verbose, json) {
        (false, _) => output::line(format_args!("parlance {VERSION}"))?,
        (true, false) => output::text(Build::new(allocator)?.to_text())?,
        (true, true) => output::json(&Build::new(allocator)?)?,
    }
    Ok(ExitCode::SUCCESS)
}
