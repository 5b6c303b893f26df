//! A run of the real program whose disk is logged, and what its clients knew of it at each moment.

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use rand::{RngExt, rngs::StdRng};
use tokio::task::JoinSet;

use super::{
    disk::Disk,
    log::{self, OPTIONS},
};
use crate::{
    command::PATIENCE,
    conversation::{self, Told, bot, say_number, setting},
    ledger::{Change, Ledger},
    process::{Home, Server},
    strace,
    worker::{Diet, Load, Request, Worker, now},
};

const CLIENTS: usize = 4;

/// How many changes the clients make in each of the three parts of the run, at least.
const CHANGES: usize = 100;

/// The file that a backup is written to, in the directory of the database.
pub const BACKUP: &str = "backup.db";

/// A message that says a number, with its times.
#[derive(Debug, Clone)]
pub struct Message {
    pub conversation: String,
    pub number: i64,
    pub sent_at: u64,
    pub acknowledged_at: Option<u64>,
}

/// The conversations of a run.
pub struct Conversations {
    pub api: conversation::Api,
    pub user: String,
    pub ids: Vec<String>,
    /// When all of that was acknowledged.
    pub since: u64,
    pub messages: Vec<Message>,
}

/// A recorded run.
pub struct Run {
    pub disk: Disk,
    /// The requests of each client, in order.
    requests: Vec<Vec<Request>>,
    pub conversations: Conversations,
    /// When the first start was ready.
    pub ready: u64,
    /// When the backup began and when it was reported as done.
    pub backup: (u64, u64),
}

/// The settings that the program has in the run and on each image.
pub fn home() -> Home {
    Home::new()
        .with("PARLANCE_BOOTSTRAP__BOTPRESS_PAT", conversation::PAT)
        // The message index is flushed to the file all the time.
        .with("PARLANCE_BOTS__UNINDEXED_MESSAGES", "20")
        // The log is copied, and begins anew, while the server runs.
        .with("PARLANCE_STORE__LOG_BYTES", "500000")
}

/// The program under `strace`, with a trace for each process.
struct Recorder {
    home: Home,
    traces: Vec<PathBuf>,
}

impl Recorder {
    fn wrapper(&mut self) -> Vec<std::ffi::OsString> {
        let trace = self.home.note(&format!("trace-{}.txt", self.traces.len()));
        self.traces.push(trace.clone());
        strace::wrapper(&trace, &OPTIONS)
    }

    fn serve(&mut self) -> Server {
        let wrapper = self.wrapper();
        self.home.serve_under(&wrapper)
    }

    /// The calls of all processes, in the order in which they began.
    fn log(&self) -> Vec<log::Timed> {
        let mut calls = Vec::new();
        for trace in &self.traces {
            let text = ended_trace(trace);
            calls.extend(log::read(&text, self.home.directory()));
        }
        calls.sort_by_key(|timed| timed.begun);
        calls
    }
}

/// A trace that is whole: the last line of each says how the process has ended. `strace` may write it
/// after the process is gone.
fn ended_trace(path: &PathBuf) -> String {
    for _ in 0..PATIENCE.as_millis() / 10 {
        let text = fs::read_to_string(path).expect("the trace");
        let last = text.lines().next_back().unwrap_or_default();
        if text.ends_with('\n') && last.contains("+++ ") {
            return text;
        }
        pause(10);
    }
    panic!("the trace {} does not end", path.display());
}

#[expect(
    clippy::disallowed_methods,
    reason = "a real process ends in real time"
)]
fn pause(milliseconds: u64) {
    std::thread::sleep(std::time::Duration::from_millis(milliseconds));
}

/// A first start; changes, messages and a backup; an orderly stop; more of both, and a kill; a start that
/// recovers, and an orderly stop.
pub async fn record(rng: &mut StdRng) -> Run {
    let mut recorder = Recorder {
        home: home(),
        traces: Vec::new(),
    };
    let told = Told::default();
    let bot_url = bot(told).await;
    let server = recorder.serve();
    let ready = now();
    let mut conversations = conversations(&server, &bot_url).await;
    let mut crew = Worker::crew(CLIENTS, rng.random(), Diet::Writes);
    let mut backup = (0, 0);
    let mut server = Some(server);
    for part in 0..3 {
        let running = server.take().unwrap_or_else(|| recorder.serve());
        conversations
            .api
            .url
            .write()
            .expect("an address")
            .clone_from(&running.url);
        let load = Load::start(crew, &running.api());
        let stop = Arc::new(AtomicBool::new(false));
        let sending = send_messages(&conversations, part, &stop);
        load.answered(CHANGES / 2).await;
        if part == 0 {
            backup.0 = now();
            let wrapper = recorder.wrapper();
            let target = recorder.home.path(BACKUP);
            let finished = recorder
                .home
                .run_under(&wrapper, &["backup".as_ref(), target.as_os_str()]);
            assert_eq!(finished.code, Some(0), "{finished:?}");
            backup.1 = now();
        }
        load.answered(CHANGES).await;
        if part == 1 {
            running.kill();
            crew = load.end().await;
        } else {
            stop.store(true, Ordering::Relaxed);
            crew = load.stop().await;
            running.stop();
        }
        let sent = sending.join_all().await.into_iter().flatten();
        conversations.messages.extend(sent);
    }
    Run {
        disk: Disk::of(recorder.log()),
        requests: crew.into_iter().map(|worker| worker.requests).collect(),
        conversations,
        ready,
        backup,
    }
}

async fn conversations(server: &Server, bot_url: &str) -> Conversations {
    let api = conversation::Api::new(&server.url);
    let (api, user, ids) = setting(&api, bot_url).await;
    Conversations {
        api,
        user,
        ids,
        since: now(),
        messages: Vec::new(),
    }
}

/// Sends messages to two conversations until it is to stop or nobody answers.
fn send_messages(to: &Conversations, part: i64, stop: &Arc<AtomicBool>) -> JoinSet<Vec<Message>> {
    let mut sending = JoinSet::new();
    for conversation in to.ids.iter().take(2) {
        let conversation = conversation.clone();
        let (api, user, stop) = (to.api.clone(), to.user.clone(), Arc::clone(stop));
        sending.spawn(async move {
            let mut messages = Vec::new();
            for number in part * 100_000.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let sent_at = now();
                let answer = say_number(&api, (&user, &conversation), number).await;
                messages.push(Message {
                    conversation: conversation.clone(),
                    number,
                    sent_at,
                    acknowledged_at: answer.is_ok().then(now),
                });
                if answer.is_err() {
                    break;
                }
            }
            messages
        });
    }
    sending
}

impl Run {
    /// The knowledge of each client at this moment.
    pub fn known_at(&self, moment: u64) -> Vec<Ledger> {
        self.requests
            .iter()
            .map(|requests| known_at(requests, moment))
            .collect()
    }

    /// True if no client has ever asked to delete it.
    pub fn is_never_deleted(&self, id: &str) -> bool {
        let requests = self.requests.iter().flatten();
        let mut changes = requests.map(|request| &request.change);
        !changes.any(|change| matches!(change, Change::Delete { id: deleted, .. } if deleted == id))
    }

    /// The moments at which something was acknowledged.
    pub fn acknowledgements(&self) -> Vec<u64> {
        let changes = self.requests.iter().flatten();
        let changes =
            changes.filter_map(|request| request.acknowledged.as_ref().map(|(at, _)| *at));
        let messages = self.conversations.messages.iter();
        let messages = messages.filter_map(|message| message.acknowledged_at);
        changes
            .chain(messages)
            .chain([self.ready, self.backup.1])
            .collect()
    }
}

fn known_at(requests: &[Request], moment: u64) -> Ledger {
    let mut ledger = Ledger::default();
    for Request {
        change,
        sent_at,
        acknowledged,
    } in requests
    {
        match acknowledged {
            Some((done, id)) if *done <= moment => {
                ledger.acknowledged(change.clone(), id.clone());
            }
            _ if *sent_at <= moment => ledger.unanswered(change.clone()),
            _ => {}
        }
    }
    ledger
}
