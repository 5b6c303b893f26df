//! The chat session: reads lines, sends them and prints the bot's messages.

use std::{
    collections::HashSet,
    io::{self, BufRead, IsTerminal},
    thread,
    time::Duration,
};

use anyhow::{Result, bail};
use serde_json::Value;
use tokio::sync::mpsc;

use super::{
    api::ChatClient,
    failures::{BotFailure, FailurePoller},
    prompt::Prompt,
    render::{RenderedMessage, render_payload, replace_controls},
};
use crate::{
    cli::output,
    kernel::{
        Clock,
        clock::{Stopwatch, with_timeout},
    },
    net::outbound::EventStream,
};

/// Time without messages after which the bot's answer is complete, if the input is not a terminal.
const QUIET_TIME: Duration = Duration::from_millis(500);

/// Delays before each attempt to reconnect, in seconds.
const RECONNECT_DELAYS: [u64; 5] = [0, 1, 2, 5, 10];

/// Time after a line was typed in a terminal during which failures are polled.
const FAILURE_POLL_TIME: Duration = Duration::from_secs(60);

/// A chat session with a bot.
pub struct ChatSession {
    api: ChatClient,
    conversation: String,
    json: bool,
    wait: Duration,
    failures: FailurePoller,
    /// True if a message got no answer because the bot's code failed or is missing.
    failed: bool,
    /// The replies of the latest numbered choices.
    choices: Vec<String>,
    /// The ids of messages that were printed, or existed before.
    seen_ids: HashSet<String>,
    is_terminal: bool,
    prompt: Prompt,
}

/// An event during the wait for an answer.
enum Incoming {
    Message(Option<Value>),
    Failure(BotFailure),
}

impl ChatSession {
    pub fn new(
        api: ChatClient,
        conversation: String,
        failures: FailurePoller,
        (json, wait): (bool, Duration),
    ) -> Self {
        let is_terminal = io::stdin().is_terminal();
        Self {
            api,
            conversation,
            json,
            wait,
            failures,
            failed: false,
            choices: Vec::new(),
            seen_ids: HashSet::new(),
            is_terminal,
            prompt: Prompt::new(is_terminal),
        }
    }

    /// Runs until the input ends. False if a message got no answer because the bot's code failed.
    pub async fn run(mut self) -> Result<bool> {
        let mut stream = MessageStream::open(&self.api, &self.conversation).await?;
        for message in self.api.messages(&self.conversation).await? {
            self.mark_seen(&message);
        }
        if let Some(notice) = &self.failures.notice {
            output::note(notice);
        }
        let mut lines = read_lines();
        let mut since_sent: Option<Stopwatch> = None;
        loop {
            self.prompt.show();
            let polls_failures =
                since_sent.is_some_and(|since_sent| since_sent.elapsed() < FAILURE_POLL_TIME);
            tokio::select! {
                line = lines.recv() => match line {
                    Some(line) => {
                        self.prompt.line_entered();
                        self.send_line(&line, &mut stream).await?;
                        since_sent = Some(Stopwatch::start());
                    }
                    None => return Ok(!self.failed),
                },
                message = stream.next() => self.handle_message(message, &mut stream).await?,
                failure = self.failures.next(), if polls_failures => {
                    self.print_failure(&failure);
                    self.failed |= !failure.retried;
                }
            }
        }
    }

    /// Sends a typed line. If the input is not a terminal, also waits for the answer before the next line.
    async fn send_line(&mut self, line: &str, stream: &mut MessageStream) -> Result<()> {
        let line = line.trim();
        if line.is_empty() {
            return Ok(());
        }
        let picked = line
            .parse::<usize>()
            .ok()
            .and_then(|number| number.checked_sub(1));
        let picked = picked.and_then(|index| self.choices.get(index)).cloned();
        let text = picked.unwrap_or_else(|| line.to_owned());
        let sent = self.api.send_message(&self.conversation, &text).await?;
        self.mark_seen(&sent["message"]);
        self.failed |= self.failures.notice.is_some();
        if self.is_terminal || self.failures.notice.is_some() {
            return Ok(());
        }
        let mut timeout = self.wait;
        // A retried failure counts only if no answer follows.
        let mut unanswered = false;
        while let Ok(incoming) = with_timeout(timeout, self.next(stream)).await {
            match incoming {
                Incoming::Message(message) => {
                    let before = self.seen_ids.len();
                    self.handle_message(message, stream).await?;
                    if self.seen_ids.len() == before {
                        continue;
                    }
                    unanswered = false;
                }
                Incoming::Failure(failure) => {
                    self.print_failure(&failure);
                    unanswered |= failure.retried;
                    if failure.retried {
                        continue;
                    }
                    self.failed = true;
                }
            }
            timeout = QUIET_TIME.min(self.wait);
        }
        self.failed |= unanswered;
        if timeout == self.wait {
            output::note(format_args!("(no answer within {} s)", self.wait.as_secs()));
        }
        Ok(())
    }

    async fn next(&mut self, stream: &mut MessageStream) -> Incoming {
        tokio::select! {
            message = stream.next() => Incoming::Message(message),
            failure = self.failures.next() => Incoming::Failure(failure),
        }
    }

    /// Prints a failure of the bot's code.
    fn print_failure(&mut self, failure: &BotFailure) {
        self.prompt.clear();
        let lines: Vec<String> = failure.text.lines().map(replace_controls).collect();
        let again = if failure.retried {
            " (it is retried)"
        } else {
            ""
        };
        output::note(format_args!("error{again}: {}", lines.join("\n")));
    }

    /// Prints a message, or reconnects if the stream has ended.
    async fn handle_message(
        &mut self,
        message: Option<Value>,
        stream: &mut MessageStream,
    ) -> Result<()> {
        if let Some(message) = message {
            return self.print_message(&message);
        }
        self.prompt.clear();
        output::note("(the connection is lost)");
        for seconds in RECONNECT_DELAYS {
            Clock::system().sleep(Duration::from_secs(seconds)).await;
            let Ok(opened) = MessageStream::open(&self.api, &self.conversation).await else {
                continue;
            };
            *stream = opened;
            // After the stream is open, so that no message is missed in between.
            for message in self.api.messages(&self.conversation).await?.iter().rev() {
                self.print_message(message)?;
            }
            output::note("(connected again)");
            return Ok(());
        }
        bail!("the server can no longer be reached");
    }

    /// Marks a message as seen. True if it is new.
    fn mark_seen(&mut self, message: &Value) -> bool {
        let id = message["id"].as_str().unwrap_or_default();
        self.seen_ids.insert(id.to_owned())
    }

    fn print_message(&mut self, message: &Value) -> Result<()> {
        if message["userId"] == self.api.user.as_str() || !self.mark_seen(message) {
            return Ok(());
        }
        self.prompt.clear();
        let RenderedMessage { lines, choices } = render_payload(&message["payload"]);
        if self.json {
            output::line(message)?;
        } else {
            for line in lines {
                output::line(line)?;
            }
        }
        if !choices.is_empty() {
            self.choices = choices;
        }
        Ok(())
    }
}

/// The messages of an event stream.
struct MessageStream(EventStream);

impl MessageStream {
    async fn open(api: &ChatClient, conversation: &str) -> Result<Self> {
        api.open_stream(conversation).await.map(Self)
    }

    /// Returns the next message, or `None` if the stream ends. Cancel-safe.
    async fn next(&mut self) -> Option<Value> {
        while let Ok(Some(data)) = self.0.next_data().await {
            if let Some(message) = parse_message(&data) {
                return Some(message);
            }
        }
        None
    }
}

/// Returns the message of a `message_created` event.
fn parse_message(data: &str) -> Option<Value> {
    let mut signal: Value = serde_json::from_str(data).ok()?;
    (signal["type"] == "message_created").then(|| signal["data"].take())
}

/// Reads the lines of standard input in a separate thread.
fn read_lines() -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel(1);
    thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    receiver
}
