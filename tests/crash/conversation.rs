//! SIGKILL in mid-conversation: every message that was acknowledged reaches the bot, and those of one
//! conversation reach it in order. One may come again, but nothing that came before it.

#![expect(
    clippy::disallowed_methods,
    reason = "a real process is killed at a real moment"
)]

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, RwLock},
    time::Duration,
};

use poem::{EndpointExt, Request, Response, Server, endpoint::make, listener::TcpAcceptor};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{command::PATIENCE, database, kill::seed, process::Home, say};

pub const PAT: &str = "bp_pat_crash_key";
const WORKSPACE: &str = "11111111-1111-1111-aaaa-111111111111";
const CONVERSATIONS: usize = 6;
const KILLS: usize = 8;

/// What the bot was told, by conversation.
pub type Told = Arc<Mutex<HashMap<String, Vec<i64>>>>;

fn note(told: &Told, conversation: &str, number: i64) {
    let mut told = told.lock().expect("what was told");
    told.entry(conversation.to_owned())
        .or_default()
        .push(number);
}

/// A bot that takes a moment with each message.
pub async fn bot(told: Told) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let endpoint = make(move |mut request: Request| {
        let told = told.clone();
        async move {
            let body = request.take_body().into_vec().await.expect("a body");
            let body: Value = serde_json::from_slice(&body).expect("JSON");
            let message = &body["event"]["payload"]["message"];
            let conversation = message["conversationId"].as_str().expect("an id");
            let number = message["payload"]["text"].as_str().expect("a text");
            let number = number.parse().expect("a number");
            note(&told, conversation, number);
            tokio::time::sleep(Duration::from_millis(3)).await;
            Ok::<_, poem::Error>(Response::builder().body("{}"))
        }
    });
    let acceptor = TcpAcceptor::from_tokio(listener).expect("an acceptor");
    tokio::spawn(Server::new_with_acceptor(acceptor).run(endpoint.boxed()));
    url
}

/// Who calls the API, wherever the server is now.
#[derive(Clone)]
pub struct Api {
    http: Client,
    pub url: Arc<RwLock<String>>,
    headers: Vec<(&'static str, String)>,
}

impl Api {
    pub fn new(url: &str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = Client::builder().no_proxy().timeout(PATIENCE).build();
        Self {
            http: http.expect("a client"),
            url: Arc::new(RwLock::new(url.to_owned())),
            headers: vec![("x-workspace-id", WORKSPACE.to_owned())],
        }
    }

    /// The same caller at another server.
    pub fn anew(&self, url: &str) -> Self {
        Self {
            url: Arc::new(RwLock::new(url.to_owned())),
            ..self.clone()
        }
    }

    /// The same caller as this bot.
    pub fn as_bot(&self, bot: &str) -> Self {
        Self {
            headers: vec![("x-bot-id", bot.to_owned())],
            ..self.clone()
        }
    }

    /// An error means that the server was killed.
    pub async fn call(&self, method: Method, path: &str, body: &Value) -> reqwest::Result<Value> {
        let (status, body) = self.try_call(method, path, body).await?;
        assert!(status.is_success(), "{status} {body}");
        Ok(body)
    }

    /// The same, whatever the status is.
    pub async fn try_call(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> reqwest::Result<(StatusCode, Value)> {
        let url = self.url.read().expect("an address").clone();
        let mut request = self.http.request(method, format!("{url}{path}"));
        for (name, value) in self.headers() {
            request = request.header(name, value);
        }
        let answer = request.json(body).send().await?;
        Ok((answer.status(), answer.json().await?))
    }

    /// The headers that say who calls.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let token = ("authorization", format!("Bearer {PAT}"));
        [&[token], self.headers.as_slice()].concat()
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let answer = self.call(Method::POST, path, &body).await;
        answer.expect("an answer")
    }
}

fn id(value: &Value) -> String {
    value["id"].as_str().expect("an id").to_owned()
}

/// An API that acts as an integration in a bot at this url, and a user with conversations.
pub async fn setting(api: &Api, bot_url: &str) -> (Api, String, Vec<String>) {
    let body = json!({"dev": true, "url": bot_url});
    let bot = id(&api.post("/v1/admin/bots", body).await["bot"]);
    // There may be others on the same server.
    let name = format!("line{}", rand::random::<u32>());
    let body = json!({
        "name": name, "version": "0.0.1", "dev": true,
        "channels": {"direct": {"messages": {}, "conversation": {"tags": {"id": {}}}}},
        "user": {"tags": {"id": {}}},
    });
    let made = api.post("/v1/admin/integrations", body).await;
    let integration = id(&made["integration"]);
    let path = format!("/v1/admin/bots/{bot}");
    let body = json!({"integrations": {integration.as_str(): {}}});
    let installed = api.call(Method::PUT, &path, &body).await;
    installed.expect("an answer");
    let mut acting = api.clone();
    acting.headers = vec![("x-bot-id", bot), ("x-integration-id", integration)];
    let body = json!({"tags": {"id": "u"}});
    let user = id(&acting.post("/v1/chat/users", body).await["user"]);
    let mut conversations = Vec::new();
    for number in 0..CONVERSATIONS {
        let body = json!({"channel": "direct", "tags": {"id": number.to_string()}});
        let made = acting.post("/v1/chat/conversations", body).await;
        conversations.push(id(&made["conversation"]));
    }
    (acting, user, conversations)
}

/// Whether the file has such rows: of messages that it finds, of ones that it should find and does not,
/// and of none.
const FOUND: [(bool, &str); 3] = [
    (true, "SELECT count(*) FROM messages_of_conversation"),
    (
        false,
        "SELECT count(*) FROM messages WHERE seq <= (SELECT until FROM messages_indexed)
         AND seq NOT IN (SELECT seq FROM messages_of_conversation
                         INTERSECT SELECT seq FROM messages_of_agent
                         INTERSECT SELECT seq FROM messages_of_user)",
    ),
    (
        false,
        "SELECT count(*) FROM messages_of_conversation
         WHERE seq NOT IN (SELECT seq FROM messages)",
    ),
];

/// The numbers in a conversation, newest first.
pub async fn list(api: &Api, conversation: &str) -> Vec<i64> {
    let (mut listed, mut token) = (Vec::new(), String::new());
    loop {
        let token_of = token
            .replace('+', "%2B")
            .replace('/', "%2F")
            .replace('=', "%3D");
        let path = format!("/v1/chat/messages?conversationId={conversation}&nextToken={token_of}");
        let page = api.call(Method::GET, &path, &json!({})).await;
        let page = page.expect("an answer");
        let messages = page["messages"].as_array().expect("messages").iter();
        listed.extend(messages.map(|message| {
            let text = message["payload"]["text"].as_str().expect("a text");
            text.parse::<i64>().expect("a number")
        }));
        match page["meta"]["nextToken"].as_str() {
            Some(next) => next.clone_into(&mut token),
            None => return listed,
        }
    }
}

/// Writes a number into a conversation. An error means that nobody has answered.
pub async fn say_number(
    api: &Api,
    (user, conversation): (&str, &str),
    number: i64,
) -> reqwest::Result<Value> {
    let body = message((user, conversation), number);
    api.call(Method::POST, "/v1/chat/messages", &body).await
}

/// A message with a number.
pub fn message((user, conversation): (&str, &str), number: i64) -> Value {
    json!({
        "userId": user, "conversationId": conversation, "type": "text",
        "payload": {"text": number.to_string()}, "tags": {},
    })
}

/// Writes numbers into a conversation until the server is gone, and returns those acknowledged.
async fn write(api: Api, user: String, conversation: String, first: i64) -> (i64, Vec<i64>) {
    let mut acknowledged = Vec::new();
    for number in first.. {
        if say_number(&api, (&user, &conversation), number)
            .await
            .is_err()
        {
            return (number + 1, acknowledged);
        }
        acknowledged.push(number);
    }
    unreachable!("numbers do not end")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_and_nothing_comes_out_of_order() {
    let mut rng = StdRng::seed_from_u64(seed("conversation"));
    let told = Told::default();
    let bot_url = bot(told.clone()).await;
    // What messages are found by is written to the file all the time.
    let home = Home::new()
        .with("PARLANCE_BOOTSTRAP__BOTPRESS_PAT", PAT)
        .with("PARLANCE_BOTS__UNINDEXED_MESSAGES", "20");
    let mut server = home.serve();
    let api = Api::new(&server.url);
    let (api, user, conversations) = setting(&api, &bot_url).await;
    let mut acknowledged: HashMap<String, Vec<i64>> = HashMap::new();
    let mut next = vec![0; CONVERSATIONS];
    for _ in 0..KILLS {
        api.url.write().expect("an address").clone_from(&server.url);
        let writers = conversations
            .iter()
            .zip(&next)
            .map(|(conversation, first)| {
                let (api, user) = (api.clone(), user.clone());
                tokio::spawn(write(api, user, conversation.clone(), *first))
            });
        let writers: Vec<_> = writers.collect();
        tokio::time::sleep(Duration::from_millis(rng.random_range(50..400))).await;
        server.kill();
        for (index, writer) in writers.into_iter().enumerate() {
            let (first, numbers) = writer.await.expect("a writer");
            next[index] = first;
            let all = acknowledged.entry(conversations[index].clone());
            all.or_default().extend(numbers);
        }
        server = home.serve();
    }
    let expected: usize = acknowledged.values().map(Vec::len).sum();
    let has_all = || {
        let told = told.lock().expect("what was told");
        acknowledged.iter().all(|(conversation, numbers)| {
            let known = told.get(conversation);
            numbers
                .last()
                .is_none_or(|last| known.is_some_and(|known| known.contains(last)))
        })
    };
    for _ in 0..PATIENCE.as_millis() / 20 {
        if has_all() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    api.url.write().expect("an address").clone_from(&server.url);
    for (conversation, numbers) in &acknowledged {
        let listed = list(&api, conversation).await;
        for pair in listed.windows(2) {
            assert!(pair[1] < pair[0], "not once or out of order: {pair:?}");
        }
        let lost = numbers.iter().find(|number| !listed.contains(number));
        assert_eq!(lost, None, "not listed in {conversation}");
    }
    server.stop();
    let file = database::open(&home.database());
    database::assert_sound(&file);
    for (rows, sql) in FOUND {
        let count: i64 = file.query_row(sql, [], |row| row.get(0)).expect("a count");
        assert_eq!(count > 0, rows, "{count}: {sql}");
    }
    let told = told.lock().expect("what was told");
    let mut again = 0;
    for (conversation, numbers) in &acknowledged {
        let told = &told[conversation];
        for pair in told.windows(2) {
            assert!(pair[1] >= pair[0], "out of order: {pair:?} in {told:?}");
            again += usize::from(pair[1] == pair[0]);
        }
        let lost = numbers.iter().find(|number| !told.contains(number));
        assert_eq!(lost, None, "lost in {conversation}");
    }
    say(&format!(
        "conversation: {KILLS} kills, {expected} messages acknowledged, none lost, {again} came again"
    ));
    assert!(expected > 0);
}
