//! Load: clients that change integrations, each its own, and keep a ledger of it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IteratorRandom};
use reqwest::Method;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::{
    api::{Answer, Api, INTEGRATIONS, apart, integration, one},
    command::PATIENCE,
    ledger::{Change, Ledger},
};

/// What a worker does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Diet {
    /// Creates, updates and deletes.
    Writes,
    /// Only creates.
    Creates,
    /// Writes, and as many reads.
    Mixed,
}

/// A request for a change, with its times in the microseconds of [`now`].
#[derive(Debug, Clone)]
pub struct Request {
    pub change: Change,
    pub sent_at: u64,
    /// The time of the answer and the id in it; none after a refusal or without an answer.
    pub acknowledged: Option<(u64, String)>,
}

/// The microseconds since 1970, as `strace -ttt` has them.
#[expect(
    clippy::disallowed_methods,
    reason = "compared with the times of system calls"
)]
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("a time after 1970").as_micros() as u64
}

/// One client. It has one call under way at a time.
pub struct Worker {
    number: usize,
    rng: StdRng,
    diet: Diet,
    named: u64,
    pub ledger: Ledger,
    /// Its changes in order, to tell what it knew at any moment.
    pub requests: Vec<Request>,
    /// How many calls it has made, answered or not.
    pub sent: u64,
    /// How many calls were answered.
    pub answered: u64,
    /// How many changes were refused because the database did not work.
    pub refused: u64,
}

impl Worker {
    /// As many workers, whose choices follow from the seed.
    pub fn crew(count: usize, seed: u64, diet: Diet) -> Vec<Self> {
        (0..count)
            .map(|number| Self {
                number,
                rng: StdRng::seed_from_u64(seed.wrapping_add(number as u64)),
                diet,
                named: 0,
                ledger: Ledger::default(),
                requests: Vec::new(),
                sent: 0,
                answered: 0,
                refused: 0,
            })
            .collect()
    }

    /// Calls until a call is not answered, or it is told to stop.
    async fn run(mut self, api: Api, progress: Arc<Progress>) -> Self {
        while !progress.stop.load(Ordering::Relaxed) {
            self.sent += 1;
            let reads = self.diet == Diet::Mixed && self.rng.random_bool(0.5);
            let answered = if reads {
                self.read(&api).await
            } else {
                self.change(&api).await
            };
            if !answered {
                break;
            }
            self.answered += 1;
            progress.answered.fetch_add(1, Ordering::Relaxed);
        }
        self
    }

    async fn read(&mut self, api: &Api) -> bool {
        let row = self.ledger.rows().iter().choose(&mut self.rng);
        let (path, wanted) = match row {
            Some((id, row)) => (one(id), Some(row)),
            None => (format!("{INTEGRATIONS}/types"), None),
        };
        let Ok(answer) = api.call(Method::GET, &path, None).await else {
            return false;
        };
        let body = answer.ok();
        if let Some(wanted) = wanted {
            assert_eq!(&apart(body).1, wanted, "a client reads what it has written");
        }
        true
    }

    async fn change(&mut self, api: &Api) -> bool {
        let change = self.choose();
        self.requests.push(Request {
            change: change.clone(),
            sent_at: now(),
            acknowledged: None,
        });
        let answer = match &change {
            Change::Create { wanted } => api.call(Method::POST, INTEGRATIONS, Some(wanted)).await,
            Change::Update { id, new, .. } => api.call(Method::PUT, &one(id), Some(new)).await,
            Change::Delete { id, .. } => api.call(Method::DELETE, &one(id), None).await,
        };
        match answer {
            Ok(answer) if answer.status == 503 => {
                answer.unavailable();
                self.refused += 1;
                self.ledger.unanswered(change);
            }
            Ok(answer) => self.acknowledge(change, answer),
            Err(_) => {
                self.ledger.unanswered(change);
                return false;
            }
        }
        true
    }

    fn acknowledge(&mut self, change: Change, answer: Answer) {
        let body = answer.ok();
        let id = match &change {
            Change::Create { wanted: shown } | Change::Update { new: shown, .. } => {
                let (id, stored) = apart(body);
                assert_eq!(&stored, shown, "the answer shows what was asked for");
                id
            }
            Change::Delete { id, .. } => id.clone(),
        };
        let request = self.requests.last_mut().expect("it was sent");
        request.acknowledged = Some((now(), id.clone()));
        self.ledger.acknowledged(change, id);
    }

    fn choose(&mut self) -> Change {
        let what = self.rng.random_range(0..100);
        let row = self.ledger.rows().iter().choose(&mut self.rng);
        match row.map(|(id, row)| (id.clone(), row.clone())) {
            Some((id, old)) if self.diet != Diet::Creates && what < 30 => {
                let new = self.new_integration();
                Change::Update { id, old, new }
            }
            Some((id, old)) if self.diet != Diet::Creates && what < 55 => {
                Change::Delete { id, old }
            }
            _ => Change::Create {
                wanted: self.new_integration(),
            },
        }
    }

    fn new_integration(&mut self) -> Value {
        self.named += 1;
        let name = format!("client-{}-item-{}", self.number, self.named);
        integration(&name, &mut self.rng)
    }
}

/// Workers at work on a server.
pub struct Load {
    workers: JoinSet<Worker>,
    progress: Arc<Progress>,
}

/// Shared by the workers and their [`Load`].
#[derive(Default)]
struct Progress {
    stop: AtomicBool,
    answered: AtomicUsize,
}

impl Load {
    /// Starts the workers, each with a connection of its own.
    pub fn start(crew: Vec<Worker>, api: &Api) -> Self {
        let progress = Arc::<Progress>::default();
        let mut workers = JoinSet::new();
        for worker in crew {
            workers.spawn(worker.run(api.anew(), Arc::clone(&progress)));
        }
        Self { workers, progress }
    }

    /// Waits until as many calls were answered.
    #[expect(clippy::disallowed_methods, reason = "a real process takes its time")]
    pub async fn answered(&self, count: usize) {
        for _ in 0..PATIENCE.as_millis() / 10 {
            if self.progress.answered.load(Ordering::Relaxed) >= count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("no {count} calls were answered");
    }

    /// Lets the calls under way end and no new ones begin.
    pub async fn stop(self) -> Vec<Worker> {
        self.progress.stop.store(true, Ordering::Relaxed);
        self.end().await
    }

    /// Waits until the server has answered none of the workers any more.
    pub async fn end(self) -> Vec<Worker> {
        let mut workers = self.workers.join_all().await;
        workers.sort_by_key(|worker| worker.number);
        workers
    }
}
