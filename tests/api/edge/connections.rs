//! Connections: how many there are, and how long one may wait.

use std::time::Duration;

use parlance::kernel::clock::{Stopwatch, with_timeout};

use super::raw::Raw;
use crate::support::{ALOOCHAT_KEY, Program, TestServer};

const HEALTH: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";

async fn is_healthy(raw: &mut Raw) -> bool {
    raw.send(HEALTH).await;
    raw.answer().await.status == 200
}

#[tokio::test]
async fn the_connection_that_waited_longest_makes_way_for_a_new_one() {
    let server = TestServer::with(|config| config.server.max_connections = Some(8)).await;
    let mut idle = Vec::new();
    for _ in 0..8 {
        let mut raw = Raw::open(&server).await;
        assert!(is_healthy(&mut raw).await);
        idle.push(raw);
    }
    // The oldest has just had a request, so that it is no longer the one that waited longest.
    assert!(is_healthy(&mut idle[0]).await);
    let mut new = Raw::open(&server).await;
    assert!(is_healthy(&mut new).await);
    assert!(idle[1].ends_well().await);
    for (number, raw) in idle.iter().enumerate() {
        assert_eq!(raw.is_open(), number != 1, "{number}");
    }
    // Those that never sent anything, or the beginning of a head, make way like others.
    let mut silent = Vec::new();
    for number in 0..40 {
        let mut raw = Raw::open(&server).await;
        if number % 2 == 0 {
            raw.send("GET /heal").await;
        }
        silent.push(raw);
    }
    assert!(is_healthy(&mut Raw::open(&server).await).await);
}

/// The beginning of a request that is let in, without the rest of its body.
fn unfinished() -> String {
    format!(
        "POST /api/public/integrations HTTP/1.1\r\nHost: localhost\r\nx-api-key: {ALOOCHAT_KEY}\r\n\
         Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{"
    )
}

#[tokio::test]
async fn a_request_makes_no_way_but_one_whose_client_sends_nothing_does() {
    let server = TestServer::with(|config| config.server.max_connections = Some(2)).await;
    let mut busy = Raw::open(&server).await;
    busy.send(unfinished()).await;
    let mut idle = Raw::open(&server).await;
    assert!(is_healthy(&mut idle).await);
    let mut second = Raw::open(&server).await;
    assert!(is_healthy(&mut second).await);
    assert!(idle.ends_well().await);
    assert!(busy.is_open());
    // Now both that there may be wait for the rest of a body.
    second.send(unfinished()).await;
    let mut third = Raw::open(&server).await;
    assert!(is_healthy(&mut third).await);
}

#[tokio::test]
async fn a_head_that_does_not_end_ends_its_connection() {
    let server = TestServer::with(|config| config.server.header_timeout_seconds = 1).await;
    let mut raw = Raw::open(&server).await;
    let watch = Stopwatch::start();
    raw.send("GET /healthz HTTP/1.1\r\n").await;
    // A line now and then does not prolong it.
    let drip = async {
        while raw.try_send("X-A: b\r\n").await && raw.is_open() {
            parlance::kernel::clock::sleep_real_time(Duration::from_millis(100)).await;
        }
    };
    with_timeout(Duration::from_secs(10), drip)
        .await
        .expect("an end");
    assert!(
        watch.elapsed() < Duration::from_secs(5),
        "{:?}",
        watch.elapsed()
    );
    assert!(watch.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_connection_may_wait_for_its_next_request_for_so_long_only() {
    let server = TestServer::with(|config| {
        config.server.keep_alive_seconds = 2;
        config.server.header_timeout_seconds = 1;
    })
    .await;
    let mut raw = Raw::open(&server).await;
    assert!(is_healthy(&mut raw).await);
    let watch = Stopwatch::start();
    assert!(raw.ends_well().await);
    // The limit on heads is no limit on the time between two requests.
    assert!(
        watch.elapsed() >= Duration::from_millis(1_900),
        "{:?}",
        watch.elapsed()
    );
}

#[tokio::test]
async fn the_metrics_have_the_open_connections() {
    let server = TestServer::start().await;
    let _other = Raw::open(&server).await;
    let mut raw = Raw::open(&server).await;
    raw.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await;
    let answer = raw.answer().await;
    assert!(
        answer.body.contains("\nparlance_http_connections 2\n"),
        "{}",
        answer.body
    );
}

/// The real program with so few descriptors, and more clients than it can hold.
async fn answers_with(descriptors: u32) {
    let mut program = Program::new();
    program.serve_with_descriptors(descriptors);
    let mut held = Vec::new();
    for _ in 0..descriptors + 100 {
        held.push(Raw::to(program.url()).await);
        if held.len() % 50 == 0 {
            assert!(is_healthy(&mut Raw::to(program.url()).await).await);
        }
    }
    for _ in 0..20 {
        assert!(is_healthy(&mut Raw::to(program.url()).await).await);
    }
    let log = program.stderr();
    assert!(log.contains(&format!("hard={descriptors}")), "{log}");
    assert!(log.contains("connections max="), "{log}");
}

#[tokio::test]
async fn health_is_answered_with_few_descriptors() {
    answers_with(64).await;
    answers_with(256).await;
}
