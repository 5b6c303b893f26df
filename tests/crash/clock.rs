//! The system's clock jumps while the server runs. What lasts for so long takes as long as it was to, what has a
//! date happens at its date, and nobody has to do something for it.

#![expect(
    clippy::disallowed_methods,
    reason = "a real process takes its time, and its clock is compared with the real one"
)]

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use chrono::{DateTime, Utc};
use poem::{EndpointExt, Request, Response, Server, endpoint::make, listener::TcpAcceptor};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{
    api::{Api as Aloochat, INTEGRATIONS},
    conversation::{Api, PAT},
    database::Snapshot,
    process::{self, Home},
    say,
    system_clock::SystemClock,
};

const ADA: &str = "ada-key-of-the-crash-tests";
const OPERATOR: &str = "operator-key-of-the-crash-tests";
const HOURS: i64 = 2 * 3600;
/// By when something happens that is due: due times are looked at every half a minute.
const SOON: Duration = Duration::from_secs(40);

/// Somebody who is told of events and may refuse them.
#[derive(Clone, Default)]
struct Receiver {
    told: Arc<Mutex<HashMap<String, usize>>>,
    fails: Arc<AtomicBool>,
}

impl Receiver {
    async fn start(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let receiver = self.clone();
        let endpoint = make(move |mut request: Request| {
            let receiver = receiver.clone();
            async move {
                let body = request.take_body().into_vec().await.expect("a body");
                let body: Value = serde_json::from_slice(&body).unwrap_or_default();
                // A bot's events have a text, and those of a webhook a type.
                let name = body["event"]["payload"]["text"].as_str();
                let name = name.or_else(|| body["type"].as_str()).unwrap_or("other");
                let mut told = receiver.told.lock().expect("what was told");
                *told.entry(name.to_owned()).or_default() += 1;
                let status = match receiver.fails.load(Ordering::Relaxed) {
                    true => poem::http::StatusCode::SERVICE_UNAVAILABLE,
                    false => poem::http::StatusCode::OK,
                };
                Ok::<_, poem::Error>(Response::builder().status(status).body("{}"))
            }
        });
        let acceptor = TcpAcceptor::from_tokio(listener).expect("an acceptor");
        tokio::spawn(Server::new_with_acceptor(acceptor).run(endpoint.boxed()));
        url
    }

    fn count(&self, name: &str) -> usize {
        let told = self.told.lock().expect("what was told");
        told.get(name).copied().unwrap_or(0)
    }

    /// Waits until it was told of something so often.
    async fn told(&self, name: &str, times: usize) {
        let begun = Instant::now();
        while self.count(name) < times {
            let told = self.told.lock().expect("what was told").clone();
            assert!(begun.elapsed() < SOON, "{name} {times} times, not {told:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// A server with a clock that can be set, and a bot in it.
struct Setting {
    home: Home,
    clock: SystemClock,
    server: process::Server,
    receiver: Receiver,
    bot: Api,
    http: Client,
    url: String,
}

impl Setting {
    async fn new() -> Self {
        let home = Home::new()
            .with("PARLANCE_BOOTSTRAP__BOTPRESS_PAT", PAT)
            .with("PARLANCE_BOOTSTRAP__ADA_KEY", ADA)
            .with("PARLANCE_BOOTSTRAP__OPERATOR_KEY", OPERATOR)
            .with("PARLANCE_LIMITS__ALOOCHAT__PER_MINUTE", "60")
            // Waits that are longer than the jump, so that one which is put off by it is not seen to be.
            .with("PARLANCE_DELIVERIES__RETRY_SECONDS", "[4, 20000]")
            .with("PARLANCE_WEBHOOKS__RETRY_SECONDS", "[4, 20000]");
        let (home, clock) = SystemClock::of(home);
        let server = home.serve();
        let receiver = Receiver::default();
        let url = receiver.start().await;
        let api = Api::new(&server.url);
        let event = json!({"schema": {"type": "object"}});
        let hourly = json!({
            "schedule": {"cron": "0 * * * *"}, "type": "reminder", "payload": {"text": "hour"},
        });
        let body = json!({
            "dev": true, "url": url, "events": {"reminder": event},
            "recurringEvents": {"hourly": hourly},
        });
        let made = api.call(Method::POST, "/v1/admin/bots", &body).await;
        let made = made.expect("an answer");
        let bot = api.as_bot(made["bot"]["id"].as_str().expect("an id"));
        Self {
            home,
            clock,
            server,
            receiver,
            bot,
            http: Client::builder().no_proxy().build().expect("a client"),
            url,
        }
    }

    async fn event(&self, text: &str, delay: Option<u64>) {
        let mut body = json!({"type": "reminder", "payload": {"text": text}});
        if let Some(delay) = delay {
            body["schedule"] = json!({"delay": delay});
        }
        let made = self.bot.call(Method::POST, "/v1/chat/events", &body).await;
        made.expect("an answer");
    }

    async fn ada(&self, path: &str, body: Value) {
        let url = format!("{}{path}", self.server.url);
        let sent = self.http.post(url).bearer_auth(ADA).json(&body).send();
        let status = sent.await.expect("an answer").status();
        assert!(status.is_success(), "{status} {path}");
    }

    /// Waits until so many calls of a class are.
    async fn are_written_down(&self, calls: i64) {
        let counted = || {
            let sql = "SELECT coalesce(sum(calls), 0) FROM usage_daily WHERE class = 'aloochat'";
            Snapshot::live(&self.home.database()).number(sql)
        };
        let begun = Instant::now();
        while counted() < calls {
            assert!(begun.elapsed() < SOON, "{} of {calls} calls", counted());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(counted(), calls);
    }

    /// Sets the clock, and waits until the server shows it.
    async fn jump(&self, seconds: i64) {
        self.clock.set(seconds);
        let begun = Instant::now();
        loop {
            let url = format!("{}/console/api/clock", self.server.url);
            let asked = self.http.get(url).bearer_auth(OPERATOR).send();
            let shown = asked.await.expect("an answer").json::<Value>().await;
            let shown = shown.expect("JSON");
            let date = shown["now"].as_str().expect("a date");
            let date = DateTime::parse_from_rfc3339(date).expect("a date");
            let right = DateTime::<Utc>::from(SystemTime::now());
            let shift = date.signed_duration_since(right).num_seconds();
            if (shift - seconds).abs() < 10 {
                return;
            }
            assert!(begun.elapsed() < SOON, "{shift} s, not {seconds} s");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

#[tokio::test]
async fn two_hours_back_nothing_waits_for_them_to_pass() {
    let setting = Setting::new().await;
    let receiver = &setting.receiver;
    let mut calls = 0;
    let aloochat = setting.server.api();
    list(&aloochat, &mut calls).await;
    setting
        .ada("/api/v2/webhooks/", json!({"url": setting.url}))
        .await;
    receiver.fails.store(true, Ordering::Relaxed);
    setting.event("retry", None).await;
    setting.ada("/api/v2/end-users/", json!({})).await;
    receiver.told("retry", 1).await;
    receiver.told("v1.end_user.created", 1).await;
    setting.event("delayed", Some(6_000)).await;

    setting.jump(-HOURS).await;
    receiver.fails.store(false, Ordering::Relaxed);
    receiver.told("retry", 2).await;
    receiver.told("v1.end_user.created", 2).await;
    receiver.told("delayed", 1).await;
    setting.event("now", None).await;
    receiver.told("now", 1).await;
    setting.ada("/api/v2/end-users/", json!({})).await;
    receiver.told("v1.end_user.created", 3).await;
    list(&aloochat, &mut calls).await;
    setting.are_written_down(calls).await;
    setting.server.stop();
    say("clock: two hours back, nothing has waited");
}

/// A bucket that has been filled for a while when the clock goes back a little is the one that it hurts.
#[tokio::test]
async fn less_than_a_minute_back_no_call_is_refused() {
    let setting = Setting::new().await;
    let mut calls = 0;
    let aloochat = setting.server.api();
    list(&aloochat, &mut calls).await;
    setting.jump(60).await;
    // Nearly all of the minute's.
    for _ in 0..57 {
        list(&aloochat, &mut calls).await;
    }
    setting.jump(20).await;
    for _ in 0..5 {
        list(&aloochat, &mut calls).await;
        tokio::time::sleep(Duration::from_millis(1_050)).await;
    }
    setting.are_written_down(calls).await;
    setting.server.stop();
}

async fn list(api: &Aloochat, calls: &mut i64) {
    api.get(INTEGRATIONS).await.ok();
    *calls += 1;
}

#[tokio::test]
async fn two_hours_forward_what_is_due_by_then_happens_by_itself() {
    let setting = Setting::new().await;
    let receiver = &setting.receiver;
    setting.event("delayed", Some(5_400_000)).await;
    setting.event("at once", None).await;
    receiver.told("at once", 1).await;
    assert_eq!(receiver.count("delayed"), 0);

    // Until here, and not again for as long as it may take, has anybody asked for something.
    setting.clock.set(HOURS);
    let begun = Instant::now();
    receiver.told("delayed", 1).await;
    receiver.told("hour", 1).await;
    let took = begun.elapsed();
    setting.server.stop();
    say(&format!(
        "clock: two hours forward, what was due came after {took:.1?}"
    ));
}
