//! Paging: whatever is added while someone pages, each row that was there comes exactly once, newest
//! first.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{in_query, message};
use crate::botpress::given::{Caller, Given};

/// A list that can be paged, and the member that has its rows.
#[derive(Debug, Clone, Copy)]
enum List {
    Users,
    UsersByTag,
    Conversations,
    Messages,
    MessagesOfConversation,
    Events,
}

const LISTS: [List; 6] = [
    List::Users,
    List::UsersByTag,
    List::Conversations,
    List::Messages,
    List::MessagesOfConversation,
    List::Events,
];

struct Place<'a> {
    given: &'a Given,
    integration: Caller,
    bot: Caller,
    user: String,
    conversation: String,
}

impl Place<'_> {
    fn path(&self, list: List) -> (String, &'static str) {
        match list {
            List::Users => ("/v1/chat/users?".to_owned(), "users"),
            List::UsersByTag => ("/v1/chat/users?tags.id=same&".to_owned(), "users"),
            List::Conversations => ("/v1/chat/conversations?".to_owned(), "conversations"),
            List::Messages => ("/v1/chat/messages?".to_owned(), "messages"),
            List::MessagesOfConversation => {
                let path = format!("/v1/chat/messages?conversationId={}&", self.conversation);
                (path, "messages")
            }
            List::Events => ("/v1/chat/events?".to_owned(), "events"),
        }
    }

    /// Adds a row to every list.
    async fn add(&self, advance: bool) {
        let server = &self.given.server;
        if advance {
            server.clock.advance(std::time::Duration::from_millis(1));
        }
        let body = json!({"tags": {"id": "same"}});
        self.integration
            .post(server, "/v1/chat/users", body)
            .await
            .expect(201);
        let body = json!({"channel": "lobby", "tags": {}});
        self.integration
            .post(server, "/v1/chat/conversations", body)
            .await
            .expect(201);
        let body = message(&self.user, &self.conversation, "in");
        self.integration
            .post(server, "/v1/chat/messages", body)
            .await
            .expect(201);
        let body = message(self.given.bot.id.as_str(), &self.conversation, "out");
        self.bot
            .post(server, "/v1/chat/messages", body)
            .await
            .expect(201);
        let body = json!({"type": "ping", "payload": {}});
        self.integration
            .post(server, "/v1/chat/events", body)
            .await
            .expect(201);
    }

    async fn page(&self, list: List, token: &str) -> (Vec<String>, Option<String>) {
        let (path, member) = self.path(list);
        let token = in_query(token);
        let path = format!("{path}nextToken={token}");
        let page = self
            .bot_or_integration(list)
            .get(&self.given.server, &path)
            .await;
        let page = page.expect(200).json();
        let rows = page[member].as_array().expect("rows");
        assert!(rows.len() <= 20);
        let id = |row: &Value| row["id"].as_str().expect("an id").to_owned();
        let next = page["meta"]["nextToken"].as_str().map(str::to_owned);
        (rows.iter().map(id).collect(), next)
    }

    fn bot_or_integration(&self, list: List) -> &Caller {
        match list {
            List::UsersByTag => &self.integration,
            _ => &self.bot,
        }
    }

    /// Pages through a list while rows are added, and returns the ids in the order they came.
    async fn walk(&self, list: List, adding: &[bool]) -> Vec<String> {
        let (mut seen, mut token) = (Vec::new(), String::new());
        let mut adding = adding.iter();
        loop {
            let (ids, next) = self.page(list, &token).await;
            seen.extend(ids);
            match next {
                Some(next) => token = next,
                None => return seen,
            }
            if let Some(advance) = adding.next() {
                self.add(*advance).await;
            }
        }
    }
}

async fn check(rows: usize, before: Vec<bool>, adding: Vec<bool>) {
    let given = Given::new().await;
    let place = Place {
        integration: given.as_integration(),
        bot: given.as_bot(),
        user: given.user("writer").await,
        conversation: given.conversation("1").await,
        given: &given,
    };
    for row in 0..rows {
        place.add(before.get(row).copied().unwrap_or(false)).await;
    }
    for list in LISTS {
        let still: Vec<String> = place.walk(list, &[]).await;
        let unique: BTreeSet<&String> = still.iter().collect();
        assert_eq!(unique.len(), still.len(), "{list:?}: each row once");
        let under_inserts = place.walk(list, &adding).await;
        assert_eq!(
            under_inserts, still,
            "{list:?}: what is added does not show"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]
    #[test]
    fn each_row_comes_once(
        rows in 0_usize..45,
        before in prop::collection::vec(any::<bool>(), 0..45),
        adding in prop::collection::vec(any::<bool>(), 0..4),
    ) {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(check(rows, before, adding));
    }
}

#[tokio::test]
async fn list_messages_ends_where_the_rows_end() {
    let given = Given::new().await;
    let place = Place {
        integration: given.as_integration(),
        bot: given.as_bot(),
        user: given.user("writer").await,
        conversation: given.conversation("1").await,
        given: &given,
    };
    for _ in 0..10 {
        place.add(false).await;
    }
    let (ids, next) = place.page(List::MessagesOfConversation, "").await;
    assert_eq!((ids.len(), next), (20, None));
    place.add(true).await;
    let (ids, next) = place.page(List::MessagesOfConversation, "").await;
    assert_eq!((ids.len(), next.is_some()), (20, true));
}
