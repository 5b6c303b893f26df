//! `/v1/tables`: tables of bots, their rows and their jobs (botpress-today.md §7).

mod auth;
mod dto;
pub mod jobs;
pub mod operations;
mod responses;
mod row_dto;
pub mod rows;
