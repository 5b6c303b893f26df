//! Parlance: one self-hosted binary that serves the APIs of several conversational-AI clouds over one domain model
//! and one SQLite file.
//!
//! The modules are listed in layers: a module imports only modules above it. The test `tests/api/architecture`
//! enforces this (`docs/ARCHITECTURE.md`).

#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod kernel;

pub mod store;

pub mod net;

pub mod engine;

pub mod domain;

pub mod http;

pub mod dialects;

pub mod console;

pub mod config;

pub mod server;

pub mod cli;
