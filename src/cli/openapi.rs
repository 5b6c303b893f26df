//! `parlance openapi`: prints the OpenAPI document of a dialect.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, ValueEnum};

use super::output;
use crate::{
    config::Loaded,
    console,
    dialects::{ada, aloochat, botpress, chat_api, cohere, connector},
};

#[derive(Args)]
pub struct Openapi {
    /// The dialect.
    dialect: Dialect,
    /// Print YAML instead of JSON.
    #[arg(long)]
    yaml: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Dialect {
    Ada,
    AdaEndUsersV1,
    Aloochat,
    Cohere,
    Connector,
    Botpress,
    Chat,
    Console,
}

impl Openapi {
    pub fn run(self, loaded: &Loaded) -> Result<ExitCode> {
        let document = match self.dialect {
            Dialect::Ada => ada::document(&loaded.config.ada),
            Dialect::AdaEndUsersV1 => ada::document_v1(&loaded.config.ada),
            Dialect::Aloochat => aloochat::document(&loaded.config.aloochat),
            Dialect::Cohere => cohere::document(&loaded.config.cohere),
            Dialect::Connector => connector::document(),
            Dialect::Botpress => botpress::document(&loaded.config.botpress),
            Dialect::Chat => chat_api::document(),
            Dialect::Console => console::document(),
        };
        let server = &loaded.config.server;
        let origin = match &server.public_url {
            Some(url) => url.to_string(),
            None => format!("http://{}", server.listen),
        };
        if self.yaml {
            output::text(document.yaml(&origin))?;
        } else {
            output::line(document.json(&origin))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
