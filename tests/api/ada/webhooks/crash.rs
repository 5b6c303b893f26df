//! `kill -9` in the middle of 10,000 deliveries: every message arrives at least once.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use reqwest::Method;
use serde_json::{Value, json};

use super::receiver::Receiver;
use crate::support::{Program, client};

const MESSAGES: usize = 10_000;
const CALLERS: usize = 48;
const ADA: &str = "ada_crash_key_1";
const OPERATOR: &str = "plop_crash_key_1";
const SETTINGS: [(&str, &str); 3] = [
    ("PARLANCE_BOOTSTRAP__ADA_KEY", ADA),
    ("PARLANCE_BOOTSTRAP__OPERATOR_KEY", OPERATOR),
    ("PARLANCE_WEBHOOKS__RETRY_SECONDS", "[1, 1, 1]"),
];

/// Sends examples until so many are acknowledged altogether, or the server is gone.
async fn send(
    client: &reqwest::Client,
    url: &str,
    acknowledged: &Arc<Mutex<HashSet<String>>>,
    enough: usize,
) {
    let begun = Arc::new(AtomicUsize::new(acknowledged.lock().expect("a set").len()));
    let callers = (0..CALLERS).map(|_| {
        let request = client
            .post(url)
            .bearer_auth(OPERATOR)
            .json(&json!({"event_type": "v1.end_user.updated"}));
        let (acknowledged, begun) = (acknowledged.clone(), begun.clone());
        tokio::spawn(async move {
            while begun.fetch_add(1, Ordering::Relaxed) < enough {
                let request = request.try_clone().expect("a body in memory");
                let Ok(answer) = request.send().await else {
                    return;
                };
                assert_eq!(answer.status(), 202);
                let Ok(answer) = answer.json::<Value>().await else {
                    return;
                };
                let id = answer["message_id"].as_str().expect("an id").to_owned();
                acknowledged.lock().expect("a set").insert(id);
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.expect("it ends");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_message_arrives_although_the_server_is_killed() {
    let receiver = Receiver::start().await;
    let mut program = Program::new();
    program.serve(&SETTINGS);
    let client = client();
    let created = client
        .request(Method::POST, format!("{}/api/v2/webhooks/", program.url()))
        .bearer_auth(ADA)
        .json(&json!({"url": receiver.url()}));
    let created: Value = created
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("JSON");
    let id = created["id"].as_str().expect("an id").to_owned();
    let acknowledged = Arc::new(Mutex::new(HashSet::new()));
    // Twice, while messages come in and go out.
    for kill_at in [MESSAGES / 4, MESSAGES * 2 / 3] {
        let url = format!("{}/console/api/webhooks/{id}/example", program.url());
        let sending = tokio::spawn({
            let (client, acknowledged) = (client.clone(), acknowledged.clone());
            async move { send(&client, &url, &acknowledged, MESSAGES).await }
        });
        receiver.wait(kill_at).await;
        program.kill();
        sending.await.expect("it ends");
        program.serve(&SETTINGS);
    }
    let url = format!("{}/console/api/webhooks/{id}/example", program.url());
    while acknowledged.lock().expect("a set").len() < MESSAGES {
        send(&client, &url, &acknowledged, MESSAGES).await;
    }
    let expected = acknowledged.lock().expect("a set").clone();
    let mut arrived: HashMap<String, usize> = HashMap::new();
    let mut seen = 0;
    while !expected.iter().all(|id| arrived.contains_key(id)) {
        receiver.wait(seen + 1).await;
        let received = receiver.received();
        for delivery in &received[seen..] {
            *arrived.entry(delivery.id()).or_default() += 1;
        }
        seen = received.len();
    }
    let twice = arrived.values().filter(|count| **count > 1).count();
    println!(
        "{} messages, {seen} deliveries, {twice} more than once",
        expected.len()
    );
    assert!(
        twice < MESSAGES / 4,
        "a crash repeats only what was on its way"
    );
    assert!(program.terminate().success());
}
