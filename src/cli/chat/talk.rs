//! The talk: lines in, messages out.

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
    api::Api,
    draw::{Drawn, draw, harmless},
    prompt::Prompt,
    troubles::{Trouble, Troubles},
};
use crate::{
    cli::output,
    kernel::{
        Clock,
        clock::{Stopwatch, within},
    },
    net::outbound::OutboundStream,
};

/// How long nothing must come until a bot has said all that it has to say, where nobody sees whether it is
/// still at it.
const QUIET: Duration = Duration::from_millis(500);

/// The waits before a lost connection is tried again, in seconds.
const AGAIN: [u64; 5] = [0, 1, 2, 5, 10];

/// For how long after what was typed in a terminal failures are looked for.
const LOOK: Duration = Duration::from_secs(60);

/// A talk with a bot.
pub struct Talk {
    api: Api,
    conversation: String,
    json: bool,
    wait: Duration,
    troubles: Troubles,
    /// Something that was said has no answer because the bot's code failed, or because there is none.
    failed: bool,
    /// What was said when a number was last offered.
    choices: Vec<String>,
    /// The messages that are printed, or were there before.
    seen: HashSet<String>,
    is_terminal: bool,
    prompt: Prompt,
}

/// Lines that arrive while an answer is awaited.
enum Came {
    Message(Option<Value>),
    Failure(Trouble),
}

impl Talk {
    pub fn new(
        api: Api,
        conversation: String,
        troubles: Troubles,
        (json, wait): (bool, Duration),
    ) -> Self {
        let is_terminal = io::stdin().is_terminal();
        Self {
            api,
            conversation,
            json,
            wait,
            troubles,
            failed: false,
            choices: Vec::new(),
            seen: HashSet::new(),
            is_terminal,
            prompt: Prompt::new(is_terminal),
        }
    }

    /// Talks until nothing more is typed. False if something had no answer because the bot's code failed.
    pub async fn run(mut self) -> Result<bool> {
        let mut heard = Heard::open(&self.api, &self.conversation).await?;
        for message in self.api.messages(&self.conversation).await? {
            self.note(&message);
        }
        if let Some(notice) = &self.troubles.notice {
            output::note(notice);
        }
        let mut lines = lines();
        let mut said: Option<Stopwatch> = None;
        loop {
            self.prompt.show();
            let looks = said.is_some_and(|said| said.elapsed() < LOOK);
            tokio::select! {
                line = lines.recv() => match line {
                    Some(line) => {
                        self.prompt.answered();
                        self.typed(&line, &mut heard).await?;
                        said = Some(Stopwatch::start());
                    }
                    None => return Ok(!self.failed),
                },
                message = heard.next() => self.came(message, &mut heard).await?,
                trouble = self.troubles.next(), if looks => {
                    self.tell(&trouble);
                    self.failed |= !trouble.retried;
                }
            }
        }
    }

    /// Says what was typed. What does not come from a terminal is said line by line, each when the one
    /// before has been answered.
    async fn typed(&mut self, line: &str, heard: &mut Heard) -> Result<()> {
        let line = line.trim();
        if line.is_empty() {
            return Ok(());
        }
        let picked = line
            .parse::<usize>()
            .ok()
            .and_then(|number| number.checked_sub(1));
        let picked = picked.and_then(|index| self.choices.get(index)).cloned();
        let words = picked.unwrap_or_else(|| line.to_owned());
        let said = self.api.say(&self.conversation, &words).await?;
        self.note(&said["message"]);
        self.failed |= self.troubles.notice.is_some();
        if self.is_terminal || self.troubles.notice.is_some() {
            return Ok(());
        }
        let mut patience = self.wait;
        // One that is tried again counts where nothing comes of that.
        let mut unanswered = false;
        while let Ok(came) = within(patience, self.next(heard)).await {
            match came {
                Came::Message(message) => {
                    let before = self.seen.len();
                    self.came(message, heard).await?;
                    if self.seen.len() == before {
                        continue;
                    }
                    unanswered = false;
                }
                Came::Failure(trouble) => {
                    self.tell(&trouble);
                    unanswered |= trouble.retried;
                    if trouble.retried {
                        continue;
                    }
                    self.failed = true;
                }
            }
            patience = QUIET.min(self.wait);
        }
        self.failed |= unanswered;
        if patience == self.wait {
            output::note(format_args!("(no answer within {} s)", self.wait.as_secs()));
        }
        Ok(())
    }

    async fn next(&mut self, heard: &mut Heard) -> Came {
        tokio::select! {
            message = heard.next() => Came::Message(message),
            failure = self.troubles.next() => Came::Failure(failure),
        }
    }

    /// Prints why there is no answer.
    fn tell(&mut self, trouble: &Trouble) {
        self.prompt.clear();
        let lines: Vec<String> = trouble.text.lines().map(harmless).collect();
        let again = if trouble.retried {
            " (it is tried again)"
        } else {
            ""
        };
        output::note(format_args!("error{again}: {}", lines.join("\n")));
    }

    /// Prints what came, or connects anew where nothing comes any more.
    async fn came(&mut self, message: Option<Value>, heard: &mut Heard) -> Result<()> {
        if let Some(message) = message {
            return self.print(&message);
        }
        self.prompt.clear();
        output::note("(the connection is lost)");
        for seconds in AGAIN {
            Clock::system().sleep(Duration::from_secs(seconds)).await;
            let Ok(opened) = Heard::open(&self.api, &self.conversation).await else {
                continue;
            };
            *heard = opened;
            // After the stream is open, so that nothing falls between the two.
            for message in self.api.messages(&self.conversation).await?.iter().rev() {
                self.print(message)?;
            }
            output::note("(connected again)");
            return Ok(());
        }
        bail!("the server is not reached any more");
    }

    /// Notes a message as printed. Whether it is new.
    fn note(&mut self, message: &Value) -> bool {
        let id = message["id"].as_str().unwrap_or_default();
        self.seen.insert(id.to_owned())
    }

    fn print(&mut self, message: &Value) -> Result<()> {
        if message["userId"] == self.api.user.as_str() || !self.note(message) {
            return Ok(());
        }
        self.prompt.clear();
        let Drawn { lines, choices } = draw(&message["payload"]);
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

/// Messages as they come.
struct Heard {
    stream: OutboundStream,
    bytes: Vec<u8>,
}

impl Heard {
    async fn open(api: &Api, conversation: &str) -> Result<Self> {
        Ok(Self {
            stream: api.listen(conversation).await?,
            bytes: Vec::new(),
        })
    }

    /// The next message; none where the stream ends. To drop the future loses nothing.
    async fn next(&mut self) -> Option<Value> {
        loop {
            while let Some(end) = self.bytes.windows(2).position(|pair| pair == b"\n\n") {
                let event: Vec<u8> = self.bytes.drain(..end + 2).collect();
                if let Some(message) = message_of(&event) {
                    return Some(message);
                }
            }
            match self.stream.next().await {
                Ok(Some(more)) => self.bytes.extend(more),
                Ok(None) | Err(_) => return None,
            }
        }
    }
}

/// The message that an event tells of, if it does.
fn message_of(event: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(event).ok()?;
    let data = text.lines().find_map(|line| line.strip_prefix("data: "))?;
    let mut signal: Value = serde_json::from_str(data).ok()?;
    (signal["type"] == "message_created").then(|| signal["data"].take())
}

/// The lines of standard input, read by a thread of their own.
fn lines() -> mpsc::Receiver<String> {
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
