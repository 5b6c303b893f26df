//! Polls the failures of the bot's code. A server in profile `dev` serves them beside the chat API, which does not
//! report them.

use std::{collections::VecDeque, time::Duration};

use serde_json::Value;

use crate::{
    kernel::clock::sleep_real_time,
    net::outbound::{Outbound, OutboundRequest},
};

/// Polling interval.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// Maximum time of a call.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// Maximum size of a response, in bytes.
const RESPONSE_MAX: usize = 1024 * 1024;

/// A failure of the bot's code.
pub struct BotFailure {
    /// The failed operation and the reason, with the stack.
    pub text: String,
    /// True if the server retries the operation.
    pub retried: bool,
}

/// The failures of one bot.
pub struct FailurePoller {
    outbound: Outbound,
    /// `None` if the server does not report failures.
    address: Option<String>,
    after: u64,
    found: VecDeque<BotFailure>,
    /// The reason why the bot cannot answer at all.
    pub notice: Option<String>,
}

impl FailurePoller {
    /// Starts to poll the failures of the bot whose chat API is at this address.
    pub async fn start(outbound: Outbound, api: &str) -> Self {
        let address = api.rsplit_once("/webhook/");
        let address = address.map(|(server, id)| format!("{server}/chat/failures/{id}"));
        let mut poller = Self {
            outbound,
            address,
            after: 0,
            found: VecDeque::new(),
            notice: None,
        };
        let now = poller.fetch("").await;
        match now.as_ref().and_then(|now| now["last"].as_u64()) {
            Some(last) => poller.after = last,
            None => poller.address = None,
        }
        let notice = now.and_then(|now| Some(now["notice"].as_str()?.to_owned()));
        poller.notice = notice;
        poller
    }

    /// Returns the next failure. Never completes if the server does not report failures. Cancel-safe.
    pub async fn next(&mut self) -> BotFailure {
        loop {
            if let Some(found) = self.found.pop_front() {
                return found;
            }
            if self.address.is_none() {
                std::future::pending::<()>().await;
            }
            sleep_real_time(POLL_INTERVAL).await;
            self.poll().await;
        }
    }

    async fn poll(&mut self) {
        let Some(found) = self.fetch(&format!("?after={}", self.after)).await else {
            return;
        };
        let Some(last) = found["last"].as_u64() else {
            return;
        };
        self.after = last;
        for failure in found["failures"].as_array().into_iter().flatten() {
            let text = failure["text"].as_str().unwrap_or_default();
            let stack = failure["stack"].as_str();
            let stack = stack.map_or_else(String::new, |stack| format!("\n{stack}"));
            self.found.push_back(BotFailure {
                text: format!("{text}{stack}"),
                retried: failure["retried"] == true,
            });
        }
    }

    async fn fetch(&self, query: &str) -> Option<Value> {
        let request = OutboundRequest {
            method: "GET",
            url: format!("{}{query}", self.address.as_ref()?),
            headers: Vec::new(),
            body: Vec::new(),
            timeout: CALL_TIMEOUT,
            max_response: RESPONSE_MAX,
        };
        let answer = self.outbound.send(request).await.ok()?;
        let good = answer.status == 200;
        good.then(|| serde_json::from_slice(&answer.body).ok())?
    }
}
