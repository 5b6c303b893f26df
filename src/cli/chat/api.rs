//! Client of the webchat API.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::state_file::StateFile;
use crate::net::outbound::{EventStream, Outbound, OutboundRequest};

/// Maximum time of a call, and of silence on a stream: the server sends a heartbeat twice as often.
const CALL_TIMEOUT: Duration = Duration::from_secs(60);

/// Maximum size of a response, in bytes.
const RESPONSE_MAX: usize = 10 * 1024 * 1024;

/// Maximum size of an event, in bytes. A message of the maximum size is longer as an event: it is escaped to ASCII.
const MAX_EVENT_BYTES: usize = 64 * 1024 * 1024;

/// The chat API of one bot, used as one user.
pub struct ChatClient {
    outbound: Outbound,
    address: String,
    key: String,
    pub user: String,
}

impl ChatClient {
    pub const fn new(outbound: Outbound, address: String) -> Self {
        Self {
            outbound,
            address,
            key: String::new(),
            user: String::new(),
        }
    }

    /// Signs in as the saved user, or creates one. Returns the conversation to continue.
    pub async fn sign_in(&mut self, state_file: &mut StateFile) -> Result<String> {
        let hello = self.send("GET", "/hello", None).await?;
        self.require_success(hello)
            .context("there is no chat at this address")?;
        let entry = state_file.entry();
        let known = match entry.key.clone() {
            Some(key) => {
                self.key = key;
                let (status, found) = self.send("GET", "/users/me", None).await?;
                (status == 200).then_some(found)
            }
            None => None,
        };
        let found = match known {
            Some(found) => found,
            None => {
                let created = self.call("POST", "/users", Some(json!({}))).await?;
                self.key = require_text(&created["key"])?;
                entry.key = Some(self.key.clone());
                entry.conversation = None;
                created
            }
        };
        self.user = require_text(&found["user"]["id"])?;
        if let Some(known) = entry.conversation.clone() {
            let path = format!("/conversations/{known}");
            if self.send("GET", &path, None).await?.0 == 200 {
                return Ok(known);
            }
        }
        let created = self.call("POST", "/conversations", Some(json!({}))).await?;
        let conversation = require_text(&created["conversation"]["id"])?;
        entry.conversation = Some(conversation.clone());
        Ok(conversation)
    }

    /// Sends a text message.
    pub async fn send_message(&self, conversation: &str, text: &str) -> Result<Value> {
        let body = json!({
            "conversationId": conversation, "payload": {"type": "text", "text": text},
        });
        self.call("POST", "/messages", Some(body)).await
    }

    /// Returns the latest messages of a conversation, newest first.
    pub async fn messages(&self, conversation: &str) -> Result<Vec<Value>> {
        let path = format!("/conversations/{conversation}/messages");
        let mut page = self.call("GET", &path, None).await?;
        match page["messages"].take() {
            Value::Array(messages) => Ok(messages),
            _ => bail!("the server's response has no messages"),
        }
    }

    /// Opens the event stream of a conversation.
    pub async fn open_stream(&self, conversation: &str) -> Result<EventStream> {
        let path = format!("/conversations/{conversation}/listen");
        let request = OutboundRequest {
            max_response: usize::MAX,
            ..self.request("GET", &path, None)
        };
        let stream = self.outbound.open_stream(request).await?;
        if stream.status != 200 {
            bail!("the server rejected the event stream: {}", stream.status);
        }
        Ok(EventStream::new(stream, MAX_EVENT_BYTES))
    }

    async fn call(&self, method: &'static str, path: &str, body: Option<Value>) -> Result<Value> {
        let answer = self.send(method, path, body).await?;
        self.require_success(answer)
    }

    fn require_success(&self, (status, body): (u16, Value)) -> Result<Value> {
        if (200..300).contains(&status) {
            return Ok(body);
        }
        match body["message"].as_str() {
            Some(message) => bail!("{message}"),
            None => bail!("the server's response has the status {status}"),
        }
    }

    async fn send(
        &self,
        method: &'static str,
        path: &str,
        body: Option<Value>,
    ) -> Result<(u16, Value)> {
        let answer = self.outbound.send(self.request(method, path, body)).await;
        let answer = answer.context("the server cannot be reached")?;
        let body = serde_json::from_slice(&answer.body).unwrap_or_default();
        Ok((answer.status, body))
    }

    fn request(&self, method: &'static str, path: &str, body: Option<Value>) -> OutboundRequest {
        let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        if !self.key.is_empty() {
            headers.push(("x-user-key".to_owned(), self.key.clone()));
        }
        OutboundRequest {
            method,
            url: format!("{}{path}", self.address),
            headers,
            body: body.map_or_else(Vec::new, |body| body.to_string().into_bytes()),
            timeout: CALL_TIMEOUT,
            max_response: RESPONSE_MAX,
        }
    }
}

fn require_text(value: &Value) -> Result<String> {
    let text = value.as_str().map(str::to_owned);
    text.context("the server's response is not from the chat API")
}
