//! What messages are found by is in memory at first and is written to the file later, while messages
//! come and go: every list shows what there is, and the file ends up with exactly that.

use proptest::{collection::vec, prelude::*};
use serde_json::{Value, json};

use super::{id_of, in_query, message};
use crate::{
    botpress::given::{Caller, Given},
    support::TestServer,
};

const MESSAGES: &str = "/v1/chat/messages";

#[derive(Debug, Clone)]
enum Step {
    /// A message of a user in a conversation, with a tag or none.
    Write(usize, usize, Option<usize>),
    /// A message of the bot in a conversation.
    Answer(usize),
    /// The message that has this tag, or a new one.
    GetOrCreate(usize, usize, usize),
    /// Another tag for a message, or none.
    Retag(usize, Option<usize>),
    Delete(usize),
    DeleteConversation(usize),
    DeleteUser(usize),
    Restart,
}

const TAGS: [&str; 3] = ["a", "b", "c"];

fn step() -> impl Strategy<Value = Step> {
    let tag = || prop::option::of(0..TAGS.len());
    prop_oneof![
        10 => (0..2_usize, 0..2_usize, tag()).prop_map(|(by, to, tag)| Step::Write(by, to, tag)),
        4 => (0..2_usize).prop_map(Step::Answer),
        3 => (0..2_usize, 0..2_usize, 0..TAGS.len())
            .prop_map(|(by, to, tag)| Step::GetOrCreate(by, to, tag)),
        4 => (any::<usize>(), tag()).prop_map(|(at, tag)| Step::Retag(at, tag)),
        3 => any::<usize>().prop_map(Step::Delete),
        1 => (0..2_usize).prop_map(Step::DeleteConversation),
        1 => (0..2_usize).prop_map(Step::DeleteUser),
        1 => Just(Step::Restart),
    ]
}

/// A message as it should be.
#[derive(Debug, Clone, PartialEq)]
struct Known {
    id: String,
    conversation: String,
    user: String,
    tag: Option<usize>,
}

struct World {
    given: Given,
    integration: Caller,
    bot: Caller,
    users: Vec<String>,
    conversations: Vec<String>,
    /// Oldest first.
    messages: Vec<Known>,
    made: usize,
}

impl World {
    async fn new(unindexed: usize) -> Self {
        let server = TestServer::with(|config| config.bots.unindexed_messages = unindexed).await;
        let given = Given::on(server).await;
        let mut world = Self {
            integration: given.as_integration(),
            bot: given.as_bot(),
            given,
            users: Vec::new(),
            conversations: Vec::new(),
            messages: Vec::new(),
            made: 0,
        };
        for _ in 0..2 {
            let (user, conversation) = (world.user().await, world.conversation().await);
            world.users.push(user);
            world.conversations.push(conversation);
        }
        world
    }

    async fn user(&mut self) -> String {
        self.made += 1;
        self.given.user(&self.made.to_string()).await
    }

    async fn conversation(&mut self) -> String {
        self.made += 1;
        self.given.conversation(&self.made.to_string()).await
    }

    async fn write(&mut self, path: &str, by: String, to: usize, tag: Option<usize>) {
        let conversation = self.conversations[to].clone();
        let is_bot = by == self.given.bot.id.as_str();
        let mut body = message(&by, &conversation, "Hello");
        if let Some(tag) = tag {
            body["tags"] = json!({"id": TAGS[tag]});
        }
        let caller = if is_bot { &self.bot } else { &self.integration };
        let answer = caller.post(&self.given.server, path, body).await;
        let alike = |other: &Known| other.user == by && other.tag == tag;
        let known = |other: &&Known| alike(other) && other.conversation == conversation;
        if path != MESSAGES
            && self.messages.iter().any(alike)
            && !self.messages.iter().any(|other| known(&other))
        {
            let text = answer.expect(409).text;
            assert!(
                text.contains("already exists for a different conversation"),
                "{text}"
            );
            return;
        }
        let status = if path == MESSAGES { 201 } else { 200 };
        let id = id_of(&answer.expect(status), "message");
        if path != MESSAGES
            && let Some(known) = self.messages.iter().find(known)
        {
            assert_eq!(id, known.id, "the first that is alike");
            return;
        }
        self.messages.push(Known {
            id,
            conversation,
            user: by,
            tag,
        });
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Write(by, to, tag) => self.write(MESSAGES, self.users[by].clone(), to, tag).await,
            Step::Answer(to) => {
                let bot = self.given.bot.id.to_string();
                self.write(MESSAGES, bot, to, None).await;
            }
            Step::GetOrCreate(by, to, tag) => {
                let path = format!("{MESSAGES}/get-or-create");
                self.write(&path, self.users[by].clone(), to, Some(tag))
                    .await;
            }
            Step::Retag(at, tag) => {
                if let Some(at) = at.checked_rem(self.messages.len()) {
                    let path = format!("{MESSAGES}/{}", self.messages[at].id);
                    let body = json!({"tags": {"id": tag.map_or("", |tag| TAGS[tag])}});
                    let server = &self.given.server;
                    self.integration.put(server, &path, body).await.expect(200);
                    self.messages[at].tag = tag;
                }
            }
            Step::Delete(at) => {
                if let Some(at) = at.checked_rem(self.messages.len()) {
                    let path = format!("{MESSAGES}/{}", self.messages.remove(at).id);
                    self.delete(&path).await;
                }
            }
            Step::DeleteConversation(at) => {
                let new = self.conversation().await;
                let old = std::mem::replace(&mut self.conversations[at], new);
                self.delete(&format!("/v1/chat/conversations/{old}")).await;
                self.messages.retain(|known| known.conversation != old);
            }
            Step::DeleteUser(at) => {
                let new = self.user().await;
                let old = std::mem::replace(&mut self.users[at], new);
                self.delete(&format!("/v1/chat/users/{old}")).await;
                self.messages.retain(|known| known.user != old);
            }
            Step::Restart => self.given.server.restart().await,
        }
    }

    async fn delete(&self, path: &str) {
        let server = &self.given.server;
        self.integration.delete(server, path).await.expect(200);
    }

    /// What a list shows, page by page.
    async fn list(&self, query: &str, of: impl Fn(&Value) -> String) -> Vec<String> {
        let (mut seen, mut token) = (Vec::new(), String::new());
        loop {
            let path = format!("/v1/chat/{query}nextToken={}", in_query(&token));
            let page = self.integration.get(&self.given.server, &path).await;
            let page = page.expect(200).json();
            let member = if query.starts_with("events") {
                "events"
            } else {
                "messages"
            };
            seen.extend(page[member].as_array().expect("rows").iter().map(&of));
            match page["meta"]["nextToken"].as_str() {
                Some(next) => token = next.to_owned(),
                None => return seen,
            }
        }
    }

    fn known(&self, is_one: impl Fn(&Known) -> bool) -> Vec<String> {
        let found = self.messages.iter().rev().filter(|known| is_one(known));
        found.map(|known| known.id.clone()).collect()
    }

    async fn check(&self) {
        let id = |row: &Value| row["id"].as_str().expect("an id").to_owned();
        let all = self.list("messages?", id).await;
        assert_eq!(all, self.known(|_| true), "of the bot");
        for conversation in &self.conversations {
            let list = format!("messages?conversationId={conversation}&");
            let here = |known: &Known| known.conversation == *conversation;
            assert_eq!(self.list(&list, id).await, self.known(here), "{list}");
            let list = format!("{list}tags.id=a&");
            let tagged = |known: &Known| here(known) && known.tag == Some(0);
            assert_eq!(self.list(&list, id).await, self.known(tagged), "{list}");
        }
        for (tag, value) in TAGS.iter().enumerate() {
            let list = format!("messages?tags.id={value}&");
            let tagged = |known: &Known| known.tag == Some(tag);
            assert_eq!(self.list(&list, id).await, self.known(tagged), "{list}");
        }
        let about = |row: &Value| row["messageId"].as_str().expect("an id").to_owned();
        let events = self.list("events?type=message_created&", about).await;
        let bot = self.given.bot.id.as_str();
        assert_eq!(events, self.known(|known| known.user != bot), "events");
        let path = format!(
            "/v1/admin/bots/{bot}/analytics?startDate=2026-01-01T00:00:00Z&endDate=2026-12-31T00:00:00Z"
        );
        let answer = Caller::member().get(&self.given.server, &path).await;
        let records = answer.expect(200).json()["records"].clone();
        let sum = |member: &str| -> u64 {
            let records = records.as_array().expect("records").iter();
            records.filter_map(|record| record[member].as_u64()).sum()
        };
        let of_bot = self.known(|known| known.user == bot).len();
        assert_eq!(sum("botMessages"), of_bot as u64);
        assert_eq!(sum("userMessages"), events.len() as u64);
    }
}

/// What the tables have that no message has, and what they lack of those they should have.
const WRONG: [(&str, &str); 10] = [
    (
        "of no conversation",
        "SELECT count(*) FROM messages WHERE conversation_seq NOT IN
             (SELECT seq FROM conversations)",
    ),
    (
        "of no user",
        "SELECT count(*) FROM messages WHERE user_seq NOT IN (SELECT seq FROM end_users)",
    ),
    (
        "a conversation's",
        "SELECT count(*) FROM messages_of_conversation AS found WHERE NOT EXISTS (
             SELECT 1 FROM messages WHERE messages.seq = found.seq
               AND messages.conversation_seq = found.conversation_seq)",
    ),
    (
        "a user's",
        "SELECT count(*) FROM messages_of_user AS found WHERE NOT EXISTS (
             SELECT 1 FROM messages WHERE messages.seq = found.seq
               AND messages.user_seq = found.user_seq)",
    ),
    (
        "a bot's",
        "SELECT count(*) FROM messages_of_agent AS found WHERE NOT EXISTS (
             SELECT 1 FROM messages WHERE messages.seq = found.seq
               AND messages.agent_seq = found.agent_seq AND messages.incoming = found.incoming
               AND messages.created_at = found.created_at)",
    ),
    (
        "a tag's",
        "SELECT count(*) FROM message_tags AS found WHERE NOT EXISTS (
             SELECT 1 FROM messages, json_each(messages.tags) AS tag
             WHERE messages.seq = found.of_seq AND tag.key = found.name
               AND tag.value = found.value)",
    ),
    (
        "not a conversation's",
        "SELECT count(*) FROM messages WHERE seq <= (SELECT until FROM messages_indexed)
             AND NOT EXISTS (SELECT 1 FROM messages_of_conversation AS found
                 WHERE found.seq = messages.seq
                   AND found.conversation_seq = messages.conversation_seq)",
    ),
    (
        "not a user's",
        "SELECT count(*) FROM messages WHERE seq <= (SELECT until FROM messages_indexed)
             AND user_seq IS NOT NULL
             AND NOT EXISTS (SELECT 1 FROM messages_of_user AS found
                 WHERE found.seq = messages.seq AND found.user_seq = messages.user_seq)",
    ),
    (
        "not a bot's",
        "SELECT count(*) FROM messages WHERE seq <= (SELECT until FROM messages_indexed)
             AND NOT EXISTS (SELECT 1 FROM messages_of_agent AS found
                 WHERE found.seq = messages.seq AND found.agent_seq = messages.agent_seq)",
    ),
    (
        "not a tag's",
        "SELECT count(*) FROM messages, json_each(messages.tags) AS tag
             WHERE messages.seq <= (SELECT until FROM messages_indexed)
             AND NOT EXISTS (SELECT 1 FROM message_tags AS found
                 WHERE found.of_seq = messages.seq AND found.name = tag.key
                   AND found.value = tag.value)",
    ),
];

async fn run(unindexed: usize, steps: Vec<Step>) {
    let mut world = World::new(unindexed).await;
    let every = steps.len().div_ceil(4).max(1);
    for (number, step) in steps.into_iter().enumerate() {
        world.take(step).await;
        if number % every == 0 {
            world.check().await;
        }
    }
    world.check().await;
    world.given.server.restart().await;
    world.check().await;
    let path = &world.given.server.config.store.path;
    let file = rusqlite::Connection::open(path).expect("the file");
    for (what, sql) in WRONG {
        let count: i64 = file.query_row(sql, [], |row| row.get(0)).expect("a count");
        assert_eq!(count, 0, "rows of messages that are {what}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 16,
        max_shrink_iters: 40,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_list_shows_what_there_is(unindexed in 1_usize..30, steps in vec(step(), 20..90)) {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(run(unindexed, steps));
    }
}

/// Writes messages and looks for each as soon as it is acknowledged.
async fn write_and_look(given: &Given, writer: usize, conversation: &str) {
    let bot = given.as_bot();
    for number in 0..30 {
        let text = format!("{writer}.{number}");
        let id = given
            .message(&bot, given.bot.id.as_str(), conversation, &text)
            .await;
        for list in [
            "messages?",
            &format!("messages?conversationId={conversation}&"),
        ] {
            let path = format!("/v1/chat/{list}");
            let page = bot.get(&given.server, &path).await.expect(200).json();
            let ids: Vec<&Value> = page["messages"]
                .as_array()
                .expect("messages")
                .iter()
                .map(|message| &message["id"])
                .collect();
            assert!(ids.contains(&&json!(id)), "{text} in {list}");
            let unique: std::collections::BTreeSet<_> =
                ids.iter().map(|id| id.to_string()).collect();
            assert_eq!(unique.len(), ids.len(), "each once in {list}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_is_listed_as_soon_as_it_is_acknowledged() {
    let server = TestServer::with(|config| config.bots.unindexed_messages = 3).await;
    let given = Given::on(server).await;
    let (one, other) = (given.conversation("1").await, given.conversation("2").await);
    let conversations = [&one, &other, &one, &other];
    let writers = conversations
        .into_iter()
        .enumerate()
        .map(|(writer, conversation)| write_and_look(&given, writer, conversation));
    futures_util::future::join_all(writers).await;
}

#[tokio::test]
async fn get_or_create_message_finds_one_among_many_with_its_tag() {
    for unindexed in [10, 1000] {
        let server = TestServer::with(|config| config.bots.unindexed_messages = unindexed).await;
        let given = Given::on(server).await;
        let integration = given.as_integration();
        let user = given.user("u").await;
        let (many, one) = (given.conversation("1").await, given.conversation("2").await);
        let mut body = message(&user, &many, "Hello");
        body["tags"] = json!({"id": "same"});
        for _ in 0..120 {
            let made = integration
                .post(&given.server, MESSAGES, body.clone())
                .await;
            made.expect(201);
        }
        let path = format!("{MESSAGES}/get-or-create");
        let mut found = Vec::new();
        for conversation in [&one, &one, &many, &many] {
            body["conversationId"] = json!(conversation);
            let answer = integration.post(&given.server, &path, body.clone()).await;
            found.push(id_of(&answer.expect(200), "message"));
        }
        assert_eq!((&found[0], &found[2]), (&found[1], &found[3]));
        assert_ne!(found[0], found[2]);
        let list = format!("{MESSAGES}?conversationId={one}");
        let listed = integration.get(&given.server, &list).await.expect(200);
        assert_eq!(listed.json()["messages"].as_array().map(Vec::len), Some(1));
    }
}
