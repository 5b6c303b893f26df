//! The test binary: it mirrors the routes, with one server for each test.
//!
//! Snapshots are written anew with `INSTA_UPDATE=always cargo test --test api`, and the generated
//! documents with `UPDATE_DOCS=1`; read the difference before it is committed.

mod support;

mod abandoned;
mod absent_operations;
mod ada;
mod aloochat;
mod architecture;
mod bodies;
mod botpress;
mod bounds;
mod chat;
mod check;
mod cli;
mod clock;
mod cohere;
mod compatibility;
mod config_example;
mod connector;
mod console;
mod contracts;
mod critical;
mod disk;
mod documents;
mod edge;
mod identity;
mod pages;
mod policies;
mod properties;
mod queries;
mod readme;
mod requests;
mod retention;
mod rights;
mod runtime;
mod start;
mod strays;
mod upgrades;
