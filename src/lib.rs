//! Parlance: one self-hosted binary that speaks the APIs of several conversational-AI clouds over
//! one domain model and one SQLite file.
//!
//! A module may use only those above it in this list, and a test holds it to that
//! (`tests/api/architecture.rs`, `docs/ARCHITECTURE.md`).

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
