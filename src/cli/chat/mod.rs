//! `parlance chat`: chats with a bot in the terminal, over the webchat API that every client uses.

mod api;
mod failures;
mod prompt;
mod render;
mod session;
mod state_file;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::{Result, bail};
use clap::Args;
use serde_json::json;

use self::{api::ChatClient, failures::FailurePoller, session::ChatSession, state_file::StateFile};
use super::output;
use crate::{
    config::{Config, Loaded},
    dialects,
    domain::{
        self, App,
        tenancy::{
            agents::{self, Agent},
            audit::Actor,
        },
        webchat,
    },
    kernel::Clock,
    net::outbound::Outbound,
    store::{Sealer, Store},
};

/// Chat with a bot: the lines that you type are sent to the bot, and its messages are printed. A number selects one
/// of the choices that the bot offers. The conversation continues from the last time.
#[derive(Args)]
pub struct Chat {
    /// The bot: its id, handle or name, or the address of its chat, `http://…/webhook/…`.
    bot: String,
    /// The address of the server [default: the address that the running server recorded].
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Print the address of the chat API and exit.
    #[arg(long)]
    print_url: bool,
    /// Start a new conversation as a new user.
    #[arg(long)]
    new: bool,
    /// Maximum time to wait for the bot's answer when the input is not a terminal, in seconds.
    #[arg(long, default_value_t = 10, value_name = "SECONDS")]
    wait: u64,
}

impl Chat {
    pub fn run(self, loaded: &Loaded, json: bool) -> Result<ExitCode> {
        let runtime = super::build_runtime()?;
        let outcome = runtime.block_on(self.run_session(&loaded.config, json));
        // A thread may still be blocked on reading a line.
        runtime.shutdown_background();
        Ok(match outcome? {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        })
    }

    /// Runs the chat. False if the bot failed to answer a message.
    async fn run_session(&self, config: &Config, json: bool) -> Result<bool> {
        let (address, file) = self.locate_chat(config).await?;
        if self.print_url {
            match json {
                true => output::json(&json!({"url": address}))?,
                false => output::line(&address)?,
            }
            return Ok(true);
        }
        // The user of this machine chose the address, so private addresses are allowed.
        let outbound = Outbound::new(&config.outbound, true);
        let mut state = StateFile::read(&file, &address, self.new)?;
        let mut api = ChatClient::new(outbound.clone(), address.clone());
        let conversation = api.sign_in(&mut state).await?;
        state.write()?;
        let failures = FailurePoller::start(outbound, &address).await;
        let wait = Duration::from_secs(self.wait);
        let session = ChatSession::new(api, conversation, failures, (json, wait));
        session.run().await
    }

    /// Returns the address of the bot's chat API, and the state file.
    async fn locate_chat(&self, config: &Config) -> Result<(String, PathBuf)> {
        if self.bot.contains("://") {
            let address = self.bot.trim_end_matches('/').to_owned();
            return Ok((address, state_file::user_state_file()?));
        }
        let store = Store::open_for_command(&config.store)?;
        let published_url = store.published_address();
        let sealer = Sealer::load(&store, &config.seal).await?;
        let settings = domain::Settings {
            webchat: config.webchat.clone(),
            ..domain::Settings::default()
        };
        let app = domain::open(
            store,
            sealer,
            Clock::system(),
            settings,
            dialects::RENDERERS,
        )?;
        let agent = self.find_agent(&app)?;
        let webhook = webchat::ensure_installed_as(&app, Actor::Operator, &agent).await?;
        let Some(url) = self.url.clone().or(published_url) else {
            bail!(
                "no server runs on this database: start one with `parlance`, or name one with --url"
            );
        };
        let address = format!("{}/webhook/{webhook}", url.trim_end_matches('/'));
        Ok((address, state_file::database_state_file(&config.store.path)))
    }

    fn find_agent(&self, app: &App) -> Result<Agent> {
        let name = self.bot.as_str();
        let all = app.store().read(agents::list_all)?;
        if let Some(found) = all.iter().find(|agent| agent.id.as_str() == name) {
            return Ok(found.clone());
        }
        let named: Vec<&Agent> = all
            .iter()
            .filter(|agent| agent.handle == name || agent.name == name)
            .collect();
        match named.as_slice() {
            [one] => Ok((*one).clone()),
            [] => bail!("there is no bot {name}"),
            several => {
                let ids: Vec<&str> = several.iter().map(|agent| agent.id.as_str()).collect();
                bail!("several bots have the name {name}: {}", ids.join(", "));
            }
        }
    }
}
