//! What was put off, each sort of it.

use std::time::Duration;

use parlance::domain::{
    end_users::deletion,
    platform_integrations,
    tenancy::{agents, audit::Actor},
};
use reqwest::Method;
use serde_json::json;

use super::{FAR, ada, happen, noon};
use crate::{
    ada::{
        platform_integrations::given::{Ada, INTEGRATIONS},
        webhooks::receiver::Receiver,
    },
    botpress::{
        given::Caller,
        runtime::{Pair, column},
    },
    cohere::oauth::Setup,
    support::{COHERE_KEY, TestServer, WORKSPACE, until},
};

#[tokio::test]
async fn limits_hold_again_and_do_not_hold_in_frozen_time_unless_asked_to() {
    for in_frozen_time in [true, false] {
        let server = TestServer::with(|config| {
            config.limits.in_frozen_time = in_frozen_time;
            config.limits.aloochat.per_second = 1;
        })
        .await;
        let list = || server.aloochat(Method::GET, "/integrations", None);
        server.clock.advance(FAR);
        list().await.expect(200);
        let second = list().await.status.as_u16();
        assert_eq!(second, if in_frozen_time { 429 } else { 200 });
        server.clock.freeze(noon());
        list().await.expect(200);
        // A clock that runs is limited in any case.
        server.clock.resume();
        let answers = [list().await, list().await, list().await];
        let refused = answers.iter().filter(|answer| answer.status == 429);
        assert!(refused.count() > 0);
    }
}

#[tokio::test]
async fn the_days_count_is_that_of_the_date_which_the_clock_shows() {
    let server = TestServer::with(|config| {
        config.limits.in_frozen_time = true;
        config.limits.aloochat.per_day = 2;
    })
    .await;
    let list = || server.aloochat(Method::GET, "/integrations", None);
    list().await.expect(200);
    server.clock.advance(FAR);
    list().await.expect(200);
    list().await.expect(200);
    list().await.expect(429);
    server.clock.freeze(noon());
    list().await.expect(200);
    list().await.expect(429);
}

#[tokio::test]
async fn a_retry_of_a_webhook_comes() {
    let server = TestServer::with(|config| config.limits.ada = Default::default()).await;
    let receiver = Receiver::start().await;
    let body = json!({"url": receiver.url()});
    ada(&server, Method::POST, "/api/v2/webhooks/", body)
        .await
        .expect(201);
    server.clock.advance(FAR);
    receiver.answer(500);
    happen(&server).await;
    server.server().app().webhook_doorbell().wait_idle().await;
    assert_eq!(receiver.count(), 1);
    receiver.answer(200);
    server.clock.freeze(noon());
    until("the retry", async || receiver.count() == 2).await;
}

#[tokio::test]
async fn a_retry_of_a_webhook_comes_after_a_restart() {
    let mut server = TestServer::with(|config| config.limits.ada = Default::default()).await;
    let receiver = Receiver::start().await;
    let body = json!({"url": receiver.url()});
    ada(&server, Method::POST, "/api/v2/webhooks/", body)
        .await
        .expect(201);
    server.clock.advance(FAR);
    receiver.answer(500);
    happen(&server).await;
    server.server().app().webhook_doorbell().wait_idle().await;
    server.stop().await;
    receiver.answer(200);
    server.clock.freeze(noon());
    server.restart().await;
    until("the retry", async || receiver.count() == 2).await;
}

#[tokio::test]
async fn an_endpoint_that_failed_ahead_of_time_is_given_up_all_the_same() {
    let server = TestServer::with(|config| {
        config.limits.ada = Default::default();
        config.webhooks.retry_seconds = vec![3600; 1000];
        config.webhooks.jitter_percent = 0;
        config.webhooks.disable_after_hours = 24;
    })
    .await;
    let receiver = Receiver::start().await;
    receiver.answer(500);
    let body = json!({"url": receiver.url()});
    let made = ada(&server, Method::POST, "/api/v2/webhooks/", body).await;
    let id = made.expect(201).json()["id"].clone();
    server.clock.advance(FAR);
    happen(&server).await;
    server.server().app().webhook_doorbell().wait_idle().await;
    server.clock.freeze(noon());
    until("the retry", async || receiver.count() == 2).await;
    for _ in 0..26 {
        server.clock.advance(Duration::from_secs(3600));
        server.server().app().webhook_doorbell().wait_idle().await;
    }
    let path = format!("/api/v2/webhooks/{}", id.as_str().expect("an id"));
    let shown = ada(&server, Method::GET, &path, json!(null)).await;
    assert_eq!(shown.expect(200).json()["enabled"], false);
}

#[tokio::test]
async fn a_retry_of_a_delivery_to_a_bot_comes() {
    let pair = Pair::start().await;
    let someone = pair.someone().await;
    let clock = &pair.given.server.clock;
    clock.advance(FAR);
    pair.bot.answer_with(503, "Worker not ready yet");
    pair.say(&someone, "Hello").await;
    pair.settled().await;
    assert_eq!(pair.bot.texts(), ["Hello"]);
    pair.bot.answer_with(200, "{}");
    clock.freeze(noon());
    until("the retry", async || pair.bot.asked().len() == 2).await;
}

#[tokio::test]
async fn what_was_scheduled_by_a_delay_comes_after_it_and_a_date_stays() {
    let pair = Pair::start().await;
    let server = &pair.given.server;
    server.clock.advance(FAR);
    for schedule in [
        json!({"delay": 60_000}),
        json!({"dateTime": "2027-06-01T00:00:00Z"}),
    ] {
        let body = json!({"type": "reminder", "payload": {"text": "x"}, "schedule": schedule});
        let bot = pair.given.as_bot();
        bot.post(server, "/v1/chat/events", body).await.expect(201);
    }
    server.clock.freeze(noon());
    let due = || {
        column(
            server,
            "SELECT due_at / 1000000 FROM bot_schedules ORDER BY seq",
        )
    };
    let minute = server.clock.now().as_seconds() + 60;
    until("the delay is mended", async || due()[0] == minute).await;
    let date = parlance::kernel::Timestamp::parse_rfc3339("2027-06-01T00:00:00Z");
    assert_eq!(due()[1], date.expect("a date").as_seconds());
    server.clock.advance(Duration::from_secs(60));
    until("the event", async || pair.bot.asked().len() == 1).await;
}

#[tokio::test]
async fn recurring_events_come_by_the_clock_as_it_is() {
    let pair = Pair::start().await;
    let server = &pair.given.server;
    server.clock.advance(FAR);
    let body = json!({"recurringEvents": {"hourly": {
        "schedule": {"cron": "0 * * * *"}, "type": "reminder", "payload": {"text": "hour"},
    }}});
    let path = format!("/v1/admin/bots/{}", pair.given.bot.id);
    Caller::member().put(server, &path, body).await.expect(200);
    server.clock.freeze(noon());
    let hour = server.clock.now().as_seconds() + 3600;
    let due = || column(server, "SELECT due_at / 1000000 FROM bot_schedules");
    until("the next hour", async || due()[0] == hour).await;
    server.clock.advance(Duration::from_secs(3600));
    until("the event", async || pair.bot.asked().len() == 1).await;
}

#[tokio::test]
async fn a_state_ends_so_long_after_it_was_set() {
    let pair = Pair::start().await;
    let (_, conversation) = pair.someone().await;
    let server = &pair.given.server;
    server.clock.advance(FAR);
    let path = format!("/v1/chat/states/conversation/{conversation}/memory");
    let body = json!({"payload": {"note": "x"}, "expiry": 60_000});
    let bot = pair.given.as_bot();
    bot.post(server, &path, body).await.expect(200);
    server.clock.freeze(noon());
    let minute = server.clock.now().as_seconds() + 60;
    let ends = || column(server, "SELECT expires_at / 1000000 FROM states");
    until("the end is mended", async || ends()[0] == minute).await;
    server.clock.advance(Duration::from_secs(60));
    until("the event", async || pair.bot.asked().len() == 1).await;
}

#[tokio::test]
async fn a_bulk_deletion_is_run_and_can_be_asked_for_again() {
    let server = TestServer::with(|config| config.limits.ada_end_users = Default::default()).await;
    let body = json!({"identifiers": [{"type": "email", "value": "ada@example.com"}]});
    let submit = || {
        ada(
            &server,
            Method::POST,
            "/api/v2/end-users/delete",
            body.clone(),
        )
    };
    let made = json!({"profile": {"email": "ada@example.com"}});
    let people = "/api/v2/end-users/";
    ada(&server, Method::POST, people, made.clone())
        .await
        .expect(201);
    server.clock.advance(FAR);
    submit().await.expect(202);
    let run = deletion::run_due(server.server().app()).await;
    run.expect("run");
    server.clock.freeze(noon());
    ada(&server, Method::POST, people, made).await.expect(201);
    let again = submit().await.expect(202).json();
    let path = format!("/api/v2/jobs/{}", again["job_id"].as_str().expect("an id"));
    let status = async || {
        let job = ada(&server, Method::GET, &path, json!(null)).await;
        job.expect(200).json()["status"] == "completed"
    };
    until("the deletion", status).await;
    let left = "SELECT id FROM end_users";
    assert!(column(&server, left).is_empty());
}

#[tokio::test]
async fn sensitive_metadata_goes_after_a_day() {
    let server = TestServer::with(|config| config.limits.ada_end_users = Default::default()).await;
    server.clock.advance(FAR);
    let body = json!({"profile": {"sensitive_metadata": {"fields": {"card": "4111"}}}});
    let people = "/api/v2/end-users/";
    let made = ada(&server, Method::POST, people, body).await;
    assert!(made.status.is_success(), "{}", made.text);
    server.clock.freeze(noon());
    let ends = || column(&server, "SELECT erase_at / 1000000 FROM end_user_sensitive");
    let day = server.clock.now().as_seconds() + 86_400;
    until("the end is mended", async || ends() == [day]).await;
    server.clock.advance(Duration::from_secs(86_400));
    until("it is erased", async || ends().is_empty()).await;
}

#[tokio::test]
async fn old_webhook_messages_go_although_newer_ones_are_of_a_time_to_come() {
    let server = TestServer::with(|config| config.limits.ada = Default::default()).await;
    let receiver = Receiver::start().await;
    let body = json!({"url": receiver.url()});
    ada(&server, Method::POST, "/api/v2/webhooks/", body)
        .await
        .expect(201);
    server.clock.advance(FAR);
    happen(&server).await;
    server.clock.freeze(noon());
    happen(&server).await;
    server.server().app().webhook_doorbell().wait_idle().await;
    server.clock.advance(Duration::from_secs(31 * 86_400));
    let left = || column(&server, "SELECT seq FROM webhook_messages").len();
    until("the old one is removed", async || left() == 1).await;
}

#[tokio::test]
async fn tokens_of_an_installation_are_valid_for_their_time_and_no_longer() {
    let ada = Ada::start().await;
    ada.server.clock.advance(FAR);
    let (id, _, given) = ada.installed().await;
    let path = format!("{INTEGRATIONS}{id}/installations/self");
    let own = || ada.call(&given.access, Method::GET, &path, None);
    own().await.expect(200);
    ada.server.clock.freeze(noon());
    let month = ada.server.clock.now().as_seconds() + 30 * 86_400;
    let ends = || {
        column(
            &ada.server,
            "SELECT max(expires_at) / 1000000 FROM platform_tokens",
        )
    };
    until("the ends are mended", async || ends() == [month]).await;
    own().await.expect(200);
    ada.server.clock.advance(Duration::from_secs(3600));
    own().await.expect(401);
}

#[tokio::test]
async fn an_integration_is_told_that_it_is_uninstalled() {
    let ada = Ada::start().await;
    ada.server.clock.advance(FAR);
    let (_, _, given) = ada.installed().await;
    let installation = ada.installation(&given.access).await;
    let app = ada.server.server().app();
    let agent = app
        .store()
        .read(|conn| agents::find(conn, &WORKSPACE.into(), "example"));
    let agent = agent.expect("the first agent");
    platform_integrations::uninstall(
        &app.admit_operator_without_key(),
        agent,
        installation.into(),
    )
    .await
    .expect("it is uninstalled");
    let attempts = || column(&ada.server, "SELECT attempts FROM platform_uninstalls");
    until("the first attempt", async || attempts() == [1]).await;
    ada.server.clock.freeze(noon());
    until("the second attempt", async || attempts() == [2]).await;
}

#[tokio::test]
async fn authorizations_of_connectors_end_as_the_provider_says() {
    let setup = Setup::new().await;
    let server = &setup.server;
    server.clock.advance(FAR);
    setup.authorized().await;
    setup.begin(COHERE_KEY, "").await;
    server.clock.freeze(noon());
    let now = server.clock.now().as_seconds();
    let state = || {
        column(
            server,
            "SELECT expires_at / 1000000 FROM connector_oauth_states",
        )
    };
    until("the state", async || state() == [now + 600]).await;
    let end = "SELECT expires_at / 1000000 FROM connector_authorizations";
    let end = || column(server, end)[0].as_i64();
    let soon = async || end().is_some_and(|end| end > now && end <= now + 86_400);
    until("the token", soon).await;
}

#[tokio::test]
async fn an_invoice_is_charged() {
    let server = TestServer::start().await;
    let made = server
        .server()
        .app()
        .run_write_tx_as(Actor::Operator, |change| {
            let sql = "
            INSERT INTO invoices
                (id, workspace_id, month, at, lines, cents, currency, attempts, next_attempt_at)
            SELECT 'i', id, '2026-01', :now, '[]', 100, 'USD', 1, :far FROM workspaces
            WHERE id = :id";
            let far = change.now.plus(FAR);
            let parameters =
                rusqlite::named_params! {":now": change.now, ":far": far, ":id": WORKSPACE};
            change.conn.execute(sql, parameters)?;
            Ok(())
        });
    made.await.expect("an invoice");
    server.clock.advance(Duration::from_secs(1));
    server.clock.freeze(noon());
    // It is tried again at once, which fails without a payment method.
    let attempts = || column(&server, "SELECT attempts FROM invoices");
    until("the attempt", async || {
        // Billing looks twice a minute.
        server.clock.advance(Duration::from_secs(61));
        attempts() == [2]
    })
    .await;
}

#[tokio::test]
async fn an_end_user_that_was_made_ahead_of_time_is_purged() {
    let server = TestServer::with(|config| config.limits.ada_end_users = Default::default()).await;
    server.clock.advance(FAR);
    ada(&server, Method::POST, "/api/v2/end-users/", json!({}))
        .await
        .expect(201);
    server.clock.freeze(noon());
    let purge = || column(&server, "SELECT purge_at / 1000000 FROM end_users");
    let day = server.clock.now().as_seconds() + 86_400;
    until("the time is mended", async || purge() == [day]).await;
    server.clock.advance(Duration::from_secs(86_401));
    until("it is purged", async || purge().is_empty()).await;
}
