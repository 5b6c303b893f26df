//! However the clock is moved, nothing stays stuck.

use std::{collections::BTreeSet, time::Duration};

use parlance::kernel::Timestamp;
use proptest::{prelude::*, test_runner::TestCaseResult};
use reqwest::Method;
use serde_json::json;
use tokio::runtime::Runtime;

use super::{ada, happen};
use crate::{
    ada::webhooks::receiver::Receiver,
    botpress::runtime::{Pair, column},
    support::{TestServer, until},
};

const DAY: i64 = 86_400;

#[derive(Debug, Clone)]
enum Step {
    /// By so many seconds.
    Advance(u32),
    /// So many seconds before or after noon of the day on which test servers begin.
    Freeze(i64),
    Resume,
    Restart,
    /// Whether the receivers fail from now on.
    Fail(bool),
    /// Something of every sort happens; what is scheduled is after so many seconds.
    Happen(u32),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        2 => (0_u32..400 * 86_400).prop_map(Step::Advance),
        2 => (-400 * DAY..400 * DAY).prop_map(Step::Freeze),
        1 => Just(Step::Resume),
        1 => Just(Step::Restart),
        1 => any::<bool>().prop_map(Step::Fail),
        4 => (0_u32..3600).prop_map(Step::Happen),
    ];
    prop::collection::vec(step, 4..14)
}

struct World {
    pair: Pair,
    receiver: Receiver,
    webhooks: usize,
    events: usize,
    deletions: Vec<String>,
    conversation: String,
}

impl World {
    async fn new() -> Self {
        let server = TestServer::with(|config| {
            config.limits.in_frozen_time = true;
            config.limits.ada = Default::default();
            config.limits.ada_end_users = Default::default();
            config.limits.aloochat.per_second = 5;
            config.limits.aloochat.per_minute = 20;
            // Nothing is given up, and nobody.
            config.deliveries.retry_seconds = vec![60; 1000];
            config.webhooks.retry_seconds = vec![600; 1000];
            config.webhooks.disable_after_hours = 100_000;
            config.webhooks.retention_days = 3000;
        })
        .await;
        let receiver = Receiver::start().await;
        let body = json!({"url": receiver.url()});
        ada(&server, Method::POST, "/api/v2/webhooks/", body)
            .await
            .expect(201);
        let pair = Pair::on(server).await;
        Self {
            conversation: pair.given.conversation("c").await,
            pair,
            receiver,
            webhooks: 0,
            events: 0,
            deletions: Vec::new(),
        }
    }

    fn server(&self) -> &TestServer {
        &self.pair.given.server
    }

    async fn take(&mut self, step: &Step) {
        let clock = self.server().clock.clone();
        match *step {
            Step::Advance(seconds) => clock.advance(Duration::from_secs(seconds.into())),
            Step::Freeze(seconds) => {
                let noon = 1_772_366_400;
                clock.freeze(Some(Timestamp::from_micros((noon + seconds) * 1_000_000)));
            }
            Step::Resume => clock.resume(),
            Step::Restart => self.pair.given.server.restart().await,
            Step::Fail(fails) => self.fail(fails),
            Step::Happen(after) => self.happen(after).await,
        }
    }

    fn fail(&self, fails: bool) {
        let status = if fails { 503 } else { 200 };
        self.receiver.answer(status);
        self.pair.bot.answer_with(status, "{}");
    }

    async fn happen(&mut self, after: u32) {
        happen(self.server()).await;
        self.webhooks += 1;
        for schedule in [json!(null), json!({"delay": after * 1000})] {
            let mut body = json!({"type": "reminder", "payload": {"text": "x"}});
            if !schedule.is_null() {
                body["schedule"] = schedule;
            }
            let bot = self.pair.given.as_bot();
            bot.post(self.server(), "/v1/chat/events", body)
                .await
                .expect(201);
            self.events += 1;
        }
        for (path, body) in [
            ("workflows", json!({"name": "job", "status": "pending"})),
            ("workflows", json!({"name": "job", "status": "listening"})),
            (
                "tasks",
                json!({"type": "job", "conversationId": self.conversation}),
            ),
        ] {
            let (bot, path) = (self.pair.given.as_bot(), format!("/v1/chat/{path}"));
            bot.post(self.server(), &path, body).await.expect(201);
        }
        let email = format!("{}@example.com", self.deletions.len());
        let body = json!({"identifiers": [{"type": "email", "value": email}]});
        let submitted = ada(
            self.server(),
            Method::POST,
            "/api/v2/end-users/delete",
            body,
        )
        .await;
        let job = submitted.expect(202).json()["job_id"].clone();
        self.deletions.push(job.as_str().expect("an id").to_owned());
    }

    /// Whether all that has happened has led to all that follows from it.
    async fn is_done(&self) -> bool {
        let received: BTreeSet<String> = self
            .receiver
            .received()
            .iter()
            .map(|delivery| delivery.id())
            .collect();
        let asked = self.pair.bot.asked();
        let told: BTreeSet<String> = asked
            .iter()
            .map(|asked| asked.json()["event"].clone())
            .filter(|event| event["type"] != "workflow_update")
            .map(|event| event["id"].to_string())
            .collect();
        let live = "
            SELECT seq FROM workflows WHERE status NOT IN ('failed', 'timedout')
            UNION ALL SELECT seq FROM tasks WHERE status <> 'timeout'";
        let open = "SELECT id FROM end_user_deletions WHERE completed_at IS NULL";
        received.len() == self.webhooks
            && told.len() == self.events
            && column(self.server(), "SELECT seq FROM bot_schedules").is_empty()
            && column(self.server(), "SELECT seq FROM bot_deliveries").is_empty()
            && column(self.server(), open).is_empty()
            && column(self.server(), live).is_empty()
    }

    /// Lets some hours pass, in which everything must be done, and calls be admitted.
    async fn check(&mut self) -> TestCaseResult {
        self.fail(false);
        let clock = self.server().clock.clone();
        clock.freeze(None);
        let limit = clock.now().plus(Duration::from_secs(12 * 3600));
        until("everything that follows", async || {
            if clock.now() < limit {
                clock.advance(Duration::from_secs(600));
            }
            self.is_done().await
        })
        .await;
        clock.advance(Duration::from_secs(61));
        let list = self.server().aloochat(Method::GET, "/integrations", None);
        prop_assert_eq!(list.await.status.as_u16(), 200);
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, max_shrink_iters: 20, ..ProptestConfig::default() })]

    #[test]
    fn however_the_clock_is_moved_nothing_stays_stuck(steps in steps()) {
        let runtime = Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let mut world = World::new().await;
            for step in &steps {
                world.take(step).await;
                let list = world.server().aloochat(Method::GET, "/integrations", None);
                let _ = list.await;
            }
            let checked = world.check().await;
            world.pair.given.server.stop().await;
            checked
        })?;
    }
}
