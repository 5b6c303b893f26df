//! The webhook of an installation: the address in its configuration to which each signal of its conversations is
//! posted, in order. Nothing is stored or repeated; a failure goes to the log of the bot.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use futures_util::{StreamExt, stream::FuturesUnordered};
use serde_json::Value;
use tokio::sync::{Mutex, mpsc};

use super::Signal;
use crate::{
    domain::{
        bots::manage::logs::{self, LogLevel},
        tenancy::{app::App, audit::Actor},
    },
    kernel::{Secret, ids::AgentId},
    net::outbound::OutboundRequest,
};

/// Header with the secret of the configuration.
const SECRET_HEADER: &str = "x-secret-key";

/// Maximum time of a request.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Maximum number of signals that wait for the worker.
const MAX_QUEUED: usize = 1024;

/// Maximum number of signals of one installation that wait for the request before them.
const MAX_WAITING: usize = 64;

/// Maximum number of bytes that are read of a response. They are not used.
const MAX_RESPONSE_BYTES: usize = 4096;

/// Renders a signal as JSON.
pub type SignalRenderer = fn(&Signal) -> String;

/// Address and secret in the configuration of an installation.
#[derive(Debug, Clone)]
pub(super) struct WebhookAddress {
    url: String,
    secret: Option<Secret>,
}

impl WebhookAddress {
    /// Returns the address in a configuration, if there is one.
    pub(super) fn parse(configuration: &Value) -> Option<Self> {
        let text = |name: &str| {
            let text = configuration.get(name).and_then(Value::as_str);
            text.filter(|text| !text.is_empty())
        };
        let url = text("webhookUrl")?;
        Some(Self {
            // wire: the vendor's client adds the slash (integrations/chat, signal-emitter/webhook.ts)
            url: match url.ends_with('/') || url.contains(['?', '#']) {
                true => url.to_owned(),
                false => format!("{url}/"),
            },
            secret: text("webhookSecret").map(Secret::new),
        })
    }
}

/// The webhook of an installation.
#[derive(Debug, Clone)]
pub(super) struct SignalWebhook {
    pub(super) installation: i64,
    pub(super) bot: AgentId,
    pub(super) address: WebhookAddress,
}

/// The signals that wait for the worker.
pub(super) struct SignalQueue {
    sender: mpsc::Sender<Post>,
    receiver: Mutex<mpsc::Receiver<Post>>,
    renderer: SignalRenderer,
}

/// A signal for a webhook.
struct Post {
    webhook: SignalWebhook,
    signal: Arc<Signal>,
}

impl SignalQueue {
    pub(super) fn new(renderer: SignalRenderer) -> Self {
        let (sender, receiver) = mpsc::channel(MAX_QUEUED);
        Self {
            sender,
            receiver: Mutex::new(receiver),
            renderer,
        }
    }

    /// Queues a signal for a webhook.
    pub(super) fn push(&self, webhook: &SignalWebhook, signal: &Arc<Signal>) {
        let post = Post {
            webhook: webhook.clone(),
            signal: signal.clone(),
        };
        if self.sender.try_send(post).is_err() {
            log_drop(webhook);
        }
    }
}

fn log_drop(webhook: &SignalWebhook) {
    tracing::warn!(bot = %webhook.bot, "a signal of the chat is dropped: its webhook is too slow");
}

/// Posts signals until the server stops. The signals of one installation keep their order, and a slow receiver
/// delays no other installation.
pub async fn run(app: App) {
    let queue = app.signal_queue();
    let mut posts = queue.receiver.lock().await;
    // An installation with a running request has an entry.
    let mut waiting: HashMap<i64, VecDeque<Post>> = HashMap::new();
    let mut running = FuturesUnordered::new();
    loop {
        tokio::select! {
            Some(next) = posts.recv() => {
                let installation = next.webhook.installation;
                match waiting.get_mut(&installation) {
                    None => {
                        waiting.insert(installation, VecDeque::new());
                        running.push(send(&app, next));
                    }
                    Some(others) if others.len() < MAX_WAITING => others.push_back(next),
                    Some(_) => log_drop(&next.webhook),
                }
            }
            Some(installation) = running.next() => {
                match waiting.get_mut(&installation).and_then(VecDeque::pop_front) {
                    Some(next) => running.push(send(&app, next)),
                    None => drop(waiting.remove(&installation)),
                }
            }
        }
    }
}

/// Posts a signal, and returns the row of its installation.
async fn send(app: &App, post: Post) -> i64 {
    let Post { webhook, signal } = post;
    let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    if let Some(secret) = &webhook.address.secret {
        headers.push((SECRET_HEADER.to_owned(), secret.expose().to_owned()));
    }
    let request = OutboundRequest {
        method: "POST",
        url: webhook.address.url,
        headers,
        body: (app.signal_queue().renderer)(&signal).into_bytes(),
        timeout: TIMEOUT,
        max_response: MAX_RESPONSE_BYTES,
    };
    let failure = match app.outbound().send(request).await {
        Ok(answer) if (200..300).contains(&answer.status) => return webhook.installation,
        Ok(answer) => format!("it answers with the status {}", answer.status),
        Err(error) => error.to_string(),
    };
    let text = format!("A signal did not reach the webhook of the chat (webhookUrl): {failure}");
    let (bot, parts) = (webhook.bot, app.clone());
    let logged = app.run_write_tx_as(Actor::System, move |tx| {
        logs::record(tx, parts.bot_settings(), &bot, LogLevel::Error, &text)
    });
    if let Err(error) = logged.await {
        tracing::warn!(%error, "a failed webhook of the chat could not be logged");
    }
    webhook.installation
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_address_gets_the_slash_of_the_vendors_client() {
        let url = |url: &str| {
            let found = WebhookAddress::parse(&json!({"webhookUrl": url}));
            found.map(|address| address.url)
        };
        assert_eq!(
            url("https://a.example"),
            Some("https://a.example/".to_owned())
        );
        assert_eq!(
            url("https://a.example/b/"),
            Some("https://a.example/b/".to_owned())
        );
        let with_query = "https://a.example/b?c=1";
        assert_eq!(url(with_query), Some(with_query.to_owned()));
        assert_eq!(url(""), None);
    }
}
