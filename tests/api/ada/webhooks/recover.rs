//! The operator's list of attempts, and sending again.

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    ada, advance, attempts, console, create, deliver, emit, one, receiver::Receiver, receiving,
    settled, start,
};
use crate::support::assert_answer;

#[tokio::test]
async fn list_webhook_attempts_in_pages_newest_first() {
    let (server, _, id) = receiving().await;
    for _ in 0..5 {
        deliver(&server).await;
        advance(&server, 1).await;
    }
    let all = attempts(&server, &id).await;
    assert_eq!(all.len(), 5);
    assert_eq!(all[0]["started_at"], "2026-03-01T12:00:04.000Z");
    let mut seen: Vec<Value> = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/{id}/attempts?limit=2{cursor}");
        let page = console(&server, Method::GET, &path, None)
            .await
            .expect(200)
            .json();
        seen.extend(page["data"].as_array().expect("a list").clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, all);
    for (name, query) in [("limit", "limit=0"), ("cursor", "cursor=atmpt_x")] {
        let path = format!("/{id}/attempts?{query}");
        let refused = console(&server, Method::GET, &path, None).await;
        insta::assert_snapshot!(format!("bad_attempts_{name}"), refused.expect(400).shown());
    }
}

#[tokio::test]
async fn resend_webhook_message_is_one_attempt_without_retries() {
    let (server, receiver, id) = receiving().await;
    deliver(&server).await;
    let message = receiver.received()[0].id();
    receiver.answer(500);
    let path = format!("/{id}/resend");
    let body = json!({"message_id": message});
    let resent = console(&server, Method::POST, &path, Some(body)).await;
    assert_eq!(resent.expect(202).json(), json!({"deliveries": 1}));
    settled(&server).await;
    assert_eq!(receiver.count(), 2);
    assert_eq!(receiver.received()[1].id(), message);
    assert_eq!(attempts(&server, &id).await[0]["manual"], true);
    advance(&server, 24 * 3600).await;
    assert_eq!(receiver.count(), 2);
    let body = json!({"message_id": "msg_missing"});
    assert_answer!(
        "no_message",
        console(&server, Method::POST, &path, Some(body)).await
    );
}

#[tokio::test]
async fn resend_webhook_message_finds_one_whose_id_does_not_tell_its_time() {
    let (server, receiver, id) = receiving().await;
    deliver(&server).await;
    // As versions before 2026-11-21 named them.
    const OLD: &str = "msg_2TnXa9QbRkLzW8vYc3dEfGh1Jk0";
    let renamed = server
        .server()
        .app()
        .store()
        .write(|conn| Ok(conn.execute("UPDATE webhook_messages SET id = ?", [OLD])?));
    assert_eq!(renamed.await.expect("a write"), 1);
    let body = json!({"message_id": OLD});
    let resent = console(&server, Method::POST, &format!("/{id}/resend"), Some(body)).await;
    assert_eq!(resent.expect(202).json(), json!({"deliveries": 1}));
    settled(&server).await;
    assert_eq!(receiver.received()[1].id(), OLD);
}

#[tokio::test]
async fn replay_webhook_messages_sends_what_was_missed() {
    let server = start().await;
    let receiver = Receiver::start().await;
    emit(&server, "v1.end_user.created", json!({"n": 0})).await;
    server.clock.advance(std::time::Duration::from_secs(60));
    let id = create(&server, receiver.url()).await;
    emit(&server, "v1.end_user.created", json!({"n": 1})).await;
    settled(&server).await;
    for enabled in [false, true] {
        let body = json!({"enabled": enabled});
        ada(&server, Method::PATCH, &one(&id), Some(body))
            .await
            .expect(200);
        emit(&server, "v1.end_user.updated", json!({"enabled": enabled})).await;
    }
    settled(&server).await;
    assert_eq!(receiver.count(), 2);
    let path = format!("/{id}/replay");
    let body = json!({"since": "2026-03-01T12:01:00Z"});
    let replayed = console(&server, Method::POST, &path, Some(body)).await;
    assert_eq!(replayed.expect(202).json(), json!({"deliveries": 3}));
    settled(&server).await;
    assert_eq!(receiver.count(), 5);
    let body = json!({"event_filters": ["v1.end_user.created"]});
    ada(&server, Method::PATCH, &one(&id), Some(body))
        .await
        .expect(200);
    let body = json!({"since": "2026-03-01T00:00:00Z"});
    let replayed = console(&server, Method::POST, &path, Some(body)).await;
    assert_eq!(
        replayed.expect(202).json(),
        json!({"deliveries": 2}),
        "what it asks for"
    );
    settled(&server).await;
    assert_eq!(receiver.count(), 7);
    let body = json!({"since": "yesterday"});
    assert_answer!(
        "bad_since",
        console(&server, Method::POST, &path, Some(body)).await
    );
}

#[tokio::test]
async fn replay_webhook_messages_begins_at_the_very_moment() {
    let (server, receiver, id) = receiving().await;
    for n in 0..4 {
        emit(&server, "v1.end_user.created", json!({"n": n})).await;
        server.clock.advance(std::time::Duration::from_millis(400));
    }
    settled(&server).await;
    let path = format!("/{id}/replay");
    for (since, expected) in [
        ("1969-01-01T00:00:00Z", 4),
        ("2026-03-01T12:00:00Z", 4),
        ("2026-03-01T12:00:00.400Z", 3),
        ("2026-03-01T12:00:00.401Z", 2),
        ("2026-03-01T12:00:01Z", 1),
        ("2026-03-01T12:00:01.200Z", 1),
        ("2026-03-01T12:00:01.201Z", 0),
        ("2200-01-01T00:00:00Z", 0),
    ] {
        let body = json!({"since": since});
        let replayed = console(&server, Method::POST, &path, Some(body)).await;
        let replayed = replayed.expect(202).json();
        assert_eq!(replayed, json!({"deliveries": expected}), "{since}");
        settled(&server).await;
    }
    assert_eq!(receiver.count(), 4 + 15);
}

#[tokio::test]
async fn recover_webhook_messages_sends_what_failed() {
    let (server, receiver, id) = receiving().await;
    deliver(&server).await;
    receiver.answer(410);
    deliver(&server).await;
    let path = format!("/{id}/recover");
    let body = json!({"since": "2026-03-01T00:00:00Z"});
    let refused = console(&server, Method::POST, &path, Some(body.clone())).await;
    assert_answer!("disabled", refused);
    let enable = json!({"enabled": true});
    ada(&server, Method::PATCH, &one(&id), Some(enable))
        .await
        .expect(200);
    receiver.answer(500);
    let recovered = console(&server, Method::POST, &path, Some(body)).await;
    assert_eq!(recovered.expect(202).json(), json!({"deliveries": 1}));
    settled(&server).await;
    assert_eq!(receiver.count(), 3);
    receiver.answer(200);
    advance(&server, 5).await;
    assert_eq!(receiver.count(), 4, "with retries");
    assert_eq!(receiver.received()[1].id(), receiver.received()[3].id());
}

#[tokio::test]
async fn send_webhook_example_reaches_only_this_endpoint() {
    let server = start().await;
    let (receiver, other) = (Receiver::start().await, Receiver::start().await);
    let id = create(&server, receiver.url()).await;
    create(&server, other.url()).await;
    let path = format!("/{id}/example");
    let types = [
        "end_user.created",
        "conversation.message",
        "audit_log.emitted",
    ];
    for (index, name) in types.into_iter().enumerate() {
        let event_type = format!("v1.{name}");
        let body = json!({"event_type": event_type});
        let sent = console(&server, Method::POST, &path, Some(body))
            .await
            .expect(202);
        settled(&server).await;
        let delivery = &receiver.received()[index];
        assert_eq!(sent.json()["message_id"], delivery.id());
        assert_eq!(delivery.json()["type"], event_type);
    }
    assert_eq!(
        receiver.received()[0].json()["tags"],
        json!(["66f0c0ffee0000000000b001"])
    );
    assert_eq!(other.count(), 0);
    let body = json!({"event_type": "v1.nothing"});
    assert_answer!(
        "bad_example",
        console(&server, Method::POST, &path, Some(body)).await
    );
}
