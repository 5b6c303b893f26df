//! `/conversations/{id}/listen`: server-sent events.

use std::time::Duration;

use parlance::{domain::bots::manage::NewBot, kernel::clock::with_timeout};
use reqwest::Method;
use serde_json::{Value, json};

use super::given::{Given, User, open};
use crate::{
    botpress::{
        given::{Caller, another_workspace, make_bot},
        runtime::column,
    },
    support::{TestServer, answer::redacted, assert_answer},
};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// A stream, read event by event.
pub struct Stream {
    response: reqwest::Response,
    text: String,
}

impl Stream {
    pub async fn open(given: &Given, user: &User, conversation: &str) -> Self {
        let path = format!("{}/conversations/{conversation}/listen", given.path);
        let request = given
            .server
            .request(Method::GET, &path)
            .header("x-user-key", &user.key);
        let response = request.send().await.expect("a response");
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let mut stream = Self {
            response,
            text: String::new(),
        };
        assert_eq!(stream.block().await.as_deref(), Some(": listening"));
        stream
    }

    /// What comes before the next empty line; none at the end.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let block = block.to_owned();
                self.text = rest.to_owned();
                return Some(block);
            }
            let chunk = with_timeout(PATIENCE, self.response.chunk()).await;
            match chunk.expect("in time").expect("a good stream") {
                Some(chunk) => self
                    .text
                    .push_str(std::str::from_utf8(&chunk).expect("UTF-8")),
                None => return None,
            }
        }
    }

    pub async fn next(&mut self) -> Option<Value> {
        let block = self.block().await?;
        assert!(block.is_ascii(), "{block}");
        let data = block.strip_prefix("event: message\ndata: ").expect("data");
        Some(serde_json::from_str(data).unwrap_or_else(|_| data.into()))
    }

    /// The types of what comes until the end.
    async fn rest(&mut self) -> Vec<String> {
        let mut types = Vec::new();
        while let Some(signal) = self.next().await {
            types.push(signal["type"].as_str().unwrap_or("ping").to_owned());
        }
        types
    }
}

fn listening(given: &Given) -> usize {
    given.server.server().app().listeners().count()
}

/// Waits until so many listen: that one is gone is noticed with what cannot be written to it, at the
/// latest when it is told that the stream is alive.
async fn until_listening(given: &Given, count: usize) {
    let waited = with_timeout(PATIENCE, async {
        while listening(given) != count {
            given.server.clock.advance(Duration::from_secs(30));
            tokio::task::yield_now().await;
        }
    });
    waited.await.expect("in time");
}

#[tokio::test]
async fn listen_conversation_hears_both_sides_in_order() {
    let given = Given::echo().await;
    let ann = given.user_with(json!({"id": "ann"})).await;
    let made = given.post(&ann, "/conversations", json!({"id": "c-1"}));
    made.await.expect(201);
    let mut stream = Stream::open(&given, &ann, "c-1").await;
    let id = given.say(&ann, "c-1", "hello").await;
    given.settled().await;
    let own = stream.next().await.expect("one's own message");
    assert_eq!(own["data"]["id"], id.as_str());
    insta::assert_snapshot!("own_message", redacted(own));
    let answer = stream.next().await.expect("the answer");
    assert_eq!(answer["data"]["userId"], given.bot.id.as_str());
    insta::assert_snapshot!("answer", redacted(answer));
}

/// Clients that split by what Python calls a line lose no message.
#[tokio::test]
async fn listen_conversation_is_told_in_ascii() {
    let given = Given::new().await;
    let ann = given.user().await;
    let id = given.conversation(&ann).await;
    let mut stream = Stream::open(&given, &ann, &id).await;
    let words = "one\u{2028}two\u{2029}three\u{85}four 😀";
    given.say(&ann, &id, words).await;
    let heard = stream.next().await.expect("a signal");
    assert_eq!(heard["data"]["payload"]["text"], words);
}

#[tokio::test]
async fn listen_conversation_tells_each_kind_of_signal() {
    let given = Given::echo().await;
    let ann = given.user_with(json!({"id": "ann"})).await;
    given.user_with(json!({"id": "bob"})).await;
    let made = given.post(&ann, "/conversations", json!({"id": "c-1"}));
    made.await.expect(201);
    let message = given.say(&ann, "c-1", "before").await;
    given.settled().await;
    let mut stream = Stream::open(&given, &ann, "c-1").await;
    let path = "/conversations/c-1/participants";
    let body = json!({"userId": "bob"});
    given.post(&ann, path, body).await.expect(200);
    let gone = given.delete(&ann, &format!("{path}/bob")).await;
    gone.expect(200);
    let gone = given.delete(&ann, &format!("/messages/{message}")).await;
    gone.expect(200);
    let body = json!({"conversationId": "c-1", "payload": {"n": 1}});
    given.post(&ann, "/events", body).await.expect(201);
    given.settled().await;
    for name in ["added", "removed", "deleted", "event", "event_of_the_bot"] {
        let signal = stream.next().await.expect("a signal");
        insta::assert_snapshot!(format!("signal_{name}"), redacted(signal));
    }
}

#[tokio::test]
async fn listen_conversation_is_for_those_who_take_part() {
    let given = Given::new().await;
    let (ann, bob) = (given.user().await, given.user().await);
    let id = given.conversation(&ann).await;
    let path = format!("/conversations/{id}/listen");
    assert_answer!(given.get(&bob, &path).await.expect(403));
    let missing = given.get(&ann, "/conversations/none/listen").await;
    assert_answer!("missing", missing.expect(404));
    assert_eq!(listening(&given), 0);
}

#[tokio::test]
async fn listen_conversation_ends_for_who_is_taken_out() {
    let given = Given::new().await;
    let (ann, bob) = (given.user().await, given.user().await);
    let id = given.conversation(&ann).await;
    let other = given.conversation(&bob).await;
    let path = format!("/conversations/{id}/participants");
    let body = json!({"userId": bob.id});
    given.post(&ann, &path, body).await.expect(200);
    let mut anns = Stream::open(&given, &ann, &id).await;
    let mut bobs = Stream::open(&given, &bob, &id).await;
    let mut elsewhere = Stream::open(&given, &bob, &other).await;
    given.say(&ann, &id, "one").await;
    let out = given.delete(&ann, &format!("{path}/{}", bob.id)).await;
    out.expect(200);
    given.say(&ann, &id, "two").await;
    assert_eq!(bobs.rest().await, ["message_created"]);
    for kind in ["message_created", "participant_removed", "message_created"] {
        assert_eq!(anns.next().await.expect("a signal")["type"], kind);
    }
    // What else bob listens to goes on.
    given.say(&bob, &other, "three").await;
    let heard = elsewhere.next().await.expect("a signal");
    assert_eq!(heard["data"]["payload"]["text"], "three");
}

#[tokio::test]
async fn listen_conversation_ends_with_conversation_user_and_server() {
    let mut given = Given::new().await;
    let (ann, bob) = (given.user().await, given.user().await);
    let (first, second) = (
        given.conversation(&ann).await,
        given.conversation(&bob).await,
    );
    let third = given.conversation(&ann).await;
    let mut of_first = Stream::open(&given, &ann, &first).await;
    let mut of_second = Stream::open(&given, &bob, &second).await;
    let mut of_third = Stream::open(&given, &ann, &third).await;
    let gone = given.delete(&ann, &format!("/conversations/{first}")).await;
    gone.expect(200);
    assert!(of_first.rest().await.is_empty());
    given.delete(&bob, "/users/me").await.expect(200);
    assert!(of_second.rest().await.is_empty());
    assert_eq!(listening(&given), 1);
    given.server.stop().await;
    assert!(of_third.rest().await.is_empty());
}

#[tokio::test]
async fn listen_conversation_says_that_it_is_alive() {
    let given = Given::new().await;
    let ann = given.user().await;
    let id = given.conversation(&ann).await;
    let mut stream = Stream::open(&given, &ann, &id).await;
    for _ in 0..2 {
        let next = stream.next();
        tokio::pin!(next);
        // The stream sleeps on the product's clock, from when it is read on.
        let heard = with_timeout(PATIENCE, async {
            loop {
                tokio::select! {
                    biased;
                    heard = &mut next => break heard,
                    () = tokio::task::yield_now() => {
                        given.server.clock.advance(Duration::from_secs(1));
                    }
                }
            }
        });
        assert_eq!(heard.await.expect("in time"), Some(json!("ping")));
    }
}

#[tokio::test]
async fn listen_conversation_leaves_nothing_when_a_reader_goes() {
    let given = Given::new().await;
    let ann = given.user().await;
    let id = given.conversation(&ann).await;
    let one = Stream::open(&given, &ann, &id).await;
    let mut other = Stream::open(&given, &ann, &id).await;
    assert_eq!(listening(&given), 2);
    drop(one);
    until_listening(&given, 1).await;
    given.say(&ann, &id, "hello").await;
    while other.next().await.expect("a signal") == "ping" {}
    drop(other);
    until_listening(&given, 0).await;
}

#[tokio::test]
async fn listen_conversation_cuts_a_slow_reader_off() {
    let server = TestServer::with(|config| config.webchat.buffer = 2).await;
    let given = Given::on(server, None).await;
    let ann = given.user().await;
    let id = given.conversation(&ann).await;
    let stream = Stream::open(&given, &ann, &id).await;
    // What the sockets between hold is full at some point, and then the buffer.
    let words = "x".repeat(200_000);
    let mut written = 0;
    while listening(&given) > 0 {
        given.say(&ann, &id, &words).await;
        written += 1;
        assert!(written < 1000, "nothing is cut off");
    }
    drop(stream);
    // Who comes back finds everything.
    let path = format!("/conversations/{id}/messages");
    let listed = given.get(&ann, &path).await.expect(200).json();
    assert_eq!(
        listed["messages"].as_array().map(Vec::len),
        Some(written.min(20))
    );
}

#[tokio::test]
async fn listen_conversation_has_limits() {
    let server = TestServer::with(|config| config.webchat.max_streams_per_user = 1).await;
    let given = Given::on(server, None).await;
    let ann = given.user().await;
    let id = given.conversation(&ann).await;
    let stream = Stream::open(&given, &ann, &id).await;
    let path = format!("/conversations/{id}/listen");
    assert_answer!(given.get(&ann, &path).await.expect(413));
    drop(stream);
    until_listening(&given, 0).await;
    Stream::open(&given, &ann, &id).await;
}

#[tokio::test]
async fn listen_conversation_hears_a_bot_that_speaks_first() {
    let given = Given::new().await;
    let ann = given.user().await;
    let id = given.conversation(&ann).await;
    let mut stream = Stream::open(&given, &ann, &id).await;
    let as_bot = Caller::person().header("x-bot-id", given.bot.id.as_str());
    let body = json!({
        "conversationId": id, "userId": given.bot.id, "type": "text", "tags": {},
        "payload": {"text": "Are you still there?"},
    });
    let made = as_bot.post(&given.server, "/v1/chat/messages", body).await;
    made.expect(201);
    given.settled().await;
    let heard = stream.next().await.expect("a signal");
    assert_eq!(heard["data"]["payload"]["text"], "Are you still there?");
    assert_eq!(heard["data"]["isBot"], true);
}

#[tokio::test]
async fn listen_conversation_ends_whoever_takes_the_user_out() {
    let given = Given::new().await;
    let (ann, bob, eve) = (given.user().await, given.user().await, given.user().await);
    let id = given.conversation(&ann).await;
    for user in [&bob, &eve] {
        let path = format!("/conversations/{id}/participants");
        let let_in = given.post(&ann, &path, json!({"userId": user.id})).await;
        let_in.expect(200);
    }
    let mut bobs = Stream::open(&given, &bob, &id).await;
    let mut eves = Stream::open(&given, &eve, &id).await;
    let mut anns = Stream::open(&given, &ann, &id).await;
    // The bot may, too.
    let as_bot = Caller::person().header("x-bot-id", given.bot.id.as_str());
    let path = format!("/v1/chat/conversations/{id}/participants/{}", bob.id);
    as_bot.delete(&given.server, &path).await.expect(200);
    assert!(bobs.rest().await.is_empty());
    let path = format!("/v1/chat/users/{}", eve.id);
    as_bot.delete(&given.server, &path).await.expect(200);
    assert!(eves.rest().await.is_empty());
    // And so does an installation that is turned off, with the next heartbeat.
    let chat = super::given::integration(&given.server).await;
    super::given::install(&given.server, &given.bot.id, json!({})).await;
    let off = json!({"integrations": {&chat: {"enabled": false}}});
    let path = format!("/v1/admin/bots/{}", given.bot.id);
    let changed = Caller::member().put(&given.server, &path, off).await;
    changed.expect(200);
    until_listening(&given, 0).await;
    assert!(anns.rest().await.is_empty());
}

#[tokio::test]
async fn a_stream_of_a_bot_that_is_gone_hears_nothing_of_another_workspaces() {
    let given = Given::new().await;
    let ann = given.user_with(json!({"id": "ann"})).await;
    let made = given.post(&ann, "/conversations", json!({"id": "c-1"}));
    made.await.expect(201);
    let mut stream = Stream::open(&given, &ann, "c-1").await;
    let path = format!("/v1/admin/bots/{}", given.bot.id);
    Caller::member()
        .delete(&given.server, &path)
        .await
        .expect(200);
    assert_eq!(stream.rest().await, [""; 0]);
    assert_eq!(listening(&given), 0);
    // Its rows are gone too, and those of others come.
    let gone = with_timeout(PATIENCE, async {
        let is_there = "SELECT EXISTS (SELECT 1 FROM conversations)";
        while column(&given.server, is_there) == [1] {
            given.server.clock.advance(Duration::from_secs(600));
            given.settled().await;
            tokio::task::yield_now().await;
        }
    });
    gone.await.expect("in time");
    let last = "SELECT seq FROM sqlite_sequence WHERE name = 'conversations'";
    let last = column(&given.server, last);
    let (workspace, _) = another_workspace(&given.server).await;
    let bot = make_bot(&given.server, &workspace, NewBot::default()).await;
    let other = Given {
        path: open(&given.server, &bot.id).await,
        server: given.server,
        bot,
    };
    let bob = other.user().await;
    other.conversation(&bob).await;
    let rows = column(&other.server, "SELECT seq FROM conversations");
    assert!(rows[0].as_i64() > last[0].as_i64(), "{rows:?} {last:?}");
}
