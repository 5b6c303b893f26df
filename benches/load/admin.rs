//! A caller of Botpress's API who makes what a suite needs.

use anyhow::{Context, Result};
use serde_json::Value;

use super::{client::Connection, process::Server, requests::request};

/// The personal access token of the first account.
pub const TOKEN: &str = "bp_pat_benchmark_0123456789abcdefghijklmnopqrstuv";
/// The line of the header that carries it.
pub const AUTHORIZATION: &str =
    "authorization: Bearer bp_pat_benchmark_0123456789abcdefghijklmnopqrstuv";
const WORKSPACE: &str = "11111111-1111-1111-aaaa-111111111111";

/// Calls as a person, in the first workspace or with other headers.
pub struct Admin {
    connection: Connection,
    pub headers: String,
}

impl Admin {
    pub async fn open(server: &Server) -> Result<Self> {
        Ok(Self {
            connection: Connection::open(server.address).await?,
            headers: format!("{AUTHORIZATION}\r\nx-workspace-id: {WORKSPACE}"),
        })
    }

    pub async fn call(&mut self, method: &str, path: &str, body: Value) -> Result<Value> {
        let call = request(method, path, &self.headers, Some(&body.to_string()));
        Ok(serde_json::from_slice(self.connection.call(&call).await?)?)
    }

    /// Makes something; gives its id.
    pub async fn make(&mut self, path: &str, body: Value, member: &str) -> Result<String> {
        let made = self.call("POST", path, body).await?;
        let id = made[member]["id"].as_str();
        Ok(id.context("an answer without an id")?.to_owned())
    }
}
