//! The published limits, their headers, and what is beyond them.

use std::time::Duration;

use parlance::domain::shared::rate_limits::Rates;
use reqwest::Method;

use super::{call, get, key_for, operations, other_agent, v1, v2};
use crate::support::{ADA_KEY, TestServer, assert_answer};

#[tokio::test]
async fn every_operation_is_limited_per_second_and_says_when_to_come_back() {
    let one = Rates {
        per_second: 1,
        ..Rates::default()
    };
    let server = TestServer::with(|config| {
        config.limits.in_frozen_time = true;
        config.limits.ada = one;
        config.limits.ada_end_users = one;
        config.limits.ada_end_users_v1 = one;
    })
    .await;
    for (name, method, path, body) in operations(&server).await {
        server.clock.advance(Duration::from_secs(10));
        let key = key_for(&path);
        let admitted = call(&server, key, method.clone(), &path, body.clone()).await;
        assert!(admitted.status.is_success(), "{name}: {}", admitted.text);
        let refused = call(&server, key, method, &path, body).await;
        assert_eq!(refused.header("retry-after"), Some("1"), "{name}");
        assert_eq!(refused.header("x-ratelimit-limit"), None, "{name}");
        if path.contains("/v1/") {
            assert_answer!("limited_v1", refused);
        } else if refused.text.contains("limits.ada_end_users.") {
            assert_answer!("limited_v2", refused);
        } else {
            // Deletions and their jobs.
            assert_answer!("limited_others", refused);
        }
    }
}

#[tokio::test]
async fn every_operation_tells_how_the_agent_stands() {
    let server = TestServer::with(|config| config.limits.in_frozen_time = true).await;
    let noon = server.clock.now().as_seconds();
    for (name, method, path, body) in operations(&server).await {
        server.clock.advance(Duration::from_secs(120));
        let answer = call(&server, key_for(&path), method, &path, body).await;
        assert!(answer.status.is_success(), "{name}");
        let number = |header: &str| -> i64 {
            let value = answer.header(header).expect(header);
            value.parse().expect("a number")
        };
        let (limit, left) = (number("x-ratelimit-limit"), number("x-ratelimit-remaining"));
        let per_second = match name {
            "submitABulkEndUserDeletionRequest" | "getADeletionJob" => 10,
            _ => 30,
        };
        assert_eq!((limit, left), (per_second, per_second - 1), "{name}");
        let reset = number("x-ratelimit-reset") - server.clock.now().as_seconds();
        assert_eq!(reset, 1, "{name}");
        assert!(server.clock.now().as_seconds() > noon);
    }
    let refused = call(&server, "wrong", Method::GET, "/api/v2/end-users/", None).await;
    assert_eq!(refused.expect(401).header("x-ratelimit-limit"), None);
}

/// How many of these calls are admitted before one is not, and when to come back.
async fn admitted(server: &TestServer, path: &str) -> (u32, String) {
    let mut count = 0;
    loop {
        let answer = call(server, key_for(path), Method::GET, path, None).await;
        if answer.status == 429 {
            let wait = answer.header("retry-after").expect("a time");
            return (count, wait.to_owned());
        }
        count += 1;
        assert!(count < 1000, "no limit on {path}");
    }
}

#[tokio::test]
async fn the_published_figures_are_the_defaults() {
    let server = TestServer::with(|config| config.limits.in_frozen_time = true).await;
    let v2 = "/api/v2/end-users/none";
    let jobs = "/api/v2/jobs/none";
    let v1 = "/api/end-users/v1/none";
    for (path, per_second) in [(v2, 30), (jobs, 10), (v1, 30)] {
        assert_eq!(
            admitted(&server, path).await,
            (per_second, "1".to_owned()),
            "{path}"
        );
    }
    // Whoever makes use of every second is stopped by the minute, and not before its calls.
    for (path, per_minute, per_second) in [(v2, 300, 30), (jobs, 100, 10)] {
        server.clock.advance(Duration::from_secs(120));
        let mut count = 0;
        loop {
            let (now, _) = admitted(&server, path).await;
            count += now;
            if now < per_second {
                break;
            }
            server.clock.advance(Duration::from_secs(1));
        }
        assert!(
            (per_minute..2 * per_minute).contains(&count),
            "{path}: {count}"
        );
    }
}

#[tokio::test]
async fn the_days_calls_of_v1_end_at_midnight_utc() {
    let server = TestServer::with(|config| {
        config.limits.in_frozen_time = true;
        config.limits.ada_end_users_v1 = Rates {
            per_day: 2,
            ..Rates::default()
        };
    })
    .await;
    v1(&server, Method::GET, "/", None).await.expect(200);
    let last = v1(&server, Method::GET, "/", None).await.expect(200);
    assert_eq!(last.header("x-ratelimit-remaining"), Some("0"));
    let midnight = server.clock.now().as_seconds() + 12 * 3600;
    let reset = midnight.to_string();
    assert_eq!(last.header("x-ratelimit-reset"), Some(reset.as_str()));
    let refused = v1(&server, Method::GET, "/", None).await.expect(429);
    assert_eq!(refused.header("retry-after"), Some("43200"));
    // Another API has its own allowance.
    get(&server, "/end-users/").await.expect(200);
    server.clock.advance(Duration::from_secs(12 * 3600));
    v1(&server, Method::GET, "/", None).await.expect(200);
}

#[tokio::test]
async fn limits_are_an_agents_own_and_shared_by_its_keys() {
    let server = TestServer::with(|config| {
        config.limits.in_frozen_time = true;
        config.limits.ada_end_users = Rates {
            per_minute: 2,
            ..Rates::default()
        };
    })
    .await;
    let (other, _) = other_agent(&server).await;
    v2(&server, Method::GET, "/end-users", None)
        .await
        .expect(200);
    v2(&server, Method::GET, "/end-users/", None)
        .await
        .expect(200);
    let path = "/api/v2/end-users/";
    call(&server, ADA_KEY, Method::GET, path, None)
        .await
        .expect(429);
    call(&server, &other, Method::GET, path, None)
        .await
        .expect(200);
}
