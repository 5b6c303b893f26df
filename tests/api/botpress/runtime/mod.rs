//! The runtime protocol (botpress.md §5): what bots and integrations are told and asked, at a url and
//! in code.

mod aliases;
mod ask;
mod bot_actions;
mod configurations;
mod deliver;
mod disabled_channels;
mod encoded;
mod faults;
mod leave;
mod metrics;
mod ping;
mod redeploy;
mod register;
mod repeats;
mod secrets;
pub mod stand;
mod time;
mod unregister;
mod verification;
pub mod webhooks;
mod wizards;
mod workflows;

use serde_json::Value;

use self::stand::Stand;
use crate::{botpress::given::Given, support::TestServer};

/// A bot and an integration, each at a url of its own.
pub struct Pair {
    pub given: Given,
    pub bot: Stand,
    pub integration: Stand,
}

impl Pair {
    pub async fn start() -> Self {
        let server = TestServer::with(|config| config.deliveries.jitter_percent = 0).await;
        Self::on(server).await
    }

    pub async fn on(server: TestServer) -> Self {
        let (bot, integration) = (Stand::start().await, Stand::start().await);
        let given = Given::running(
            server,
            |new| {
                new.url = Some(bot.url().to_owned());
                new.dev = true;
            },
            |new| {
                new.url = Some(integration.url().to_owned());
                new.dev = true;
            },
        )
        .await;
        Self {
            given,
            bot,
            integration,
        }
    }

    /// A user with a conversation.
    pub async fn someone(&self) -> (String, String) {
        (
            self.given.user("u1").await,
            self.given.conversation("c1").await,
        )
    }

    /// Has the user write something.
    pub async fn say(&self, (user, conversation): &(String, String), text: &str) {
        let caller = self.given.as_integration();
        self.given.message(&caller, user, conversation, text).await;
    }

    pub async fn settled(&self) {
        settled(&self.given.server).await;
    }
}

/// Waits until everything that is due has been attempted and written down.
pub async fn settled(server: &TestServer) {
    server.server().app().delivery_doorbell().wait_idle().await;
}

/// The values of one column of one table, in the order of their rows.
pub fn column(server: &TestServer, sql: &str) -> Vec<Value> {
    let read = server.server().app().store().read(|conn| {
        let mut statement = conn.prepare(sql)?;
        let rows = statement.query_map([], |row| row.get(0))?;
        let json = |value| match value {
            rusqlite::types::Value::Integer(number) => number.into(),
            rusqlite::types::Value::Text(text) => {
                serde_json::from_str(&text).unwrap_or(Value::String(text))
            }
            other => format!("{other:?}").into(),
        };
        let rows = rows.map(|row| row.map(json));
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    });
    read.expect("a column")
}

/// The lines in the logs of integrations.
pub fn integration_logs(server: &TestServer) -> Vec<Value> {
    column(
        server,
        "SELECT level || ' ' || message FROM integration_logs ORDER BY seq",
    )
}

/// The lines in the logs of bots.
pub fn bot_logs(server: &TestServer) -> Vec<Value> {
    column(
        server,
        "SELECT level || ' ' || message FROM bot_logs ORDER BY seq",
    )
}
