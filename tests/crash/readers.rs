//! Reading the database fails now and then: what is to be delivered is delivered all the same, and in order.

#![expect(
    clippy::disallowed_methods,
    reason = "a real process meets faults for a real time"
)]

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use reqwest::Method;

use crate::{
    command::PATIENCE,
    conversation::{Api, PAT, Told, bot, list, message, setting},
    database,
    process::Home,
    say,
    strace::Injection,
};

/// Which reads of the disk fail, by their number in a thread.
const FLAKY: [&str; 3] = [
    "pread64:error=EIO:when=9+31",
    "pread64:error=EIO:when=5+17",
    "pread64:error=EIO:when=3+61",
];

/// Writes numbers into a conversation until it is told to stop, and returns the next one and those that were
/// acknowledged. Calls may fail.
async fn write(api: Api, (user, conversation): (String, String), first: i64) -> (i64, Vec<i64>) {
    let (begun, mut number) = (Instant::now(), first);
    let mut acknowledged = Vec::new();
    while begun.elapsed() < Duration::from_millis(900) {
        let body = message((&user, &conversation), number);
        let answer = api.try_call(Method::POST, "/v1/chat/messages", &body).await;
        let (status, body) = answer.expect("an answer");
        if status.is_success() {
            acknowledged.push(number);
        } else {
            assert!(status.is_server_error(), "{status} {body}");
        }
        number += 1;
    }
    (number, acknowledged)
}

fn has_all(told: &Told, acknowledged: &HashMap<String, Vec<i64>>) -> bool {
    let told = told.lock().expect("what was told");
    acknowledged.iter().all(|(conversation, numbers)| {
        let known = told.get(conversation);
        numbers
            .iter()
            .all(|number| known.is_some_and(|known| known.contains(number)))
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_is_not_read_now_and_then_drops_no_delivery() {
    let told = Told::default();
    let bot_url = bot(told.clone()).await;
    let home = Home::new()
        .with("PARLANCE_BOOTSTRAP__BOTPRESS_PAT", PAT)
        .with(
            "PARLANCE_DELIVERIES__RETRY_SECONDS",
            "[1, 1, 1, 1, 1, 1, 1, 1]",
        );
    let server = home.serve();
    let (api, user, conversations) = setting(&Api::new(&server.url), &bot_url).await;
    let mut acknowledged: HashMap<String, Vec<i64>> = HashMap::new();
    let (mut next, mut failed) = (vec![0; conversations.len()], 0);
    for fault in FLAKY {
        let writers = conversations.iter().zip(&next);
        let writers = writers.map(|(conversation, first)| {
            write(api.clone(), (user.clone(), conversation.clone()), *first)
        });
        let writing = tokio::spawn(futures_util::future::join_all(writers.collect::<Vec<_>>()));
        tokio::time::sleep(Duration::from_millis(200)).await;
        let injection = Injection::begin(&home, &server, fault);
        let written = writing.await.expect("the writers");
        failed += injection.end();
        for (index, (number, numbers)) in written.into_iter().enumerate() {
            next[index] = number;
            let all = acknowledged.entry(conversations[index].clone());
            all.or_default().extend(numbers);
        }
    }
    let begun = Instant::now();
    while !has_all(&told, &acknowledged) {
        assert!(begun.elapsed() < PATIENCE, "some were not delivered");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for (conversation, numbers) in &acknowledged {
        let listed = list(&api, conversation).await;
        let lost = numbers.iter().find(|number| !listed.contains(number));
        assert_eq!(lost, None, "not listed in {conversation}");
        let told = told.lock().expect("what was told");
        let told = told
            .get(conversation)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let disordered = told.windows(2).find(|pair| pair[1] < pair[0]);
        assert_eq!(disordered, None, "in {conversation}");
    }
    server.stop();
    database::assert_sound(&database::open(&home.database()));
    let all: usize = acknowledged.values().map(Vec::len).sum();
    say(&format!(
        "readers: {failed} reads failed, {all} messages acknowledged, all were delivered"
    ));
    assert!(failed > 0 && all > 0, "{failed} failed, {all} acknowledged");
}
