//! Platform integrations: their operations, the pages they are installed on, and OAuth.

mod access;
pub mod given;
mod installations;
mod integrations;
mod oauth;
mod operator;
mod pages;
mod secrets;
mod uninstall;
