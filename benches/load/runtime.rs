//! The runtime of Botpress: how long it takes from a message that comes in to the one that the bot
//! answers with and that its integration gets, and what a bot costs that is loaded and idle.
//!
//! Bot and integration are in this process, at urls, with as little work as there can be: the bot
//! creates its answer through the API and then says that it is done, as the SDK's handlers do.

use std::{
    collections::HashMap,
    env, fs,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::mpsc,
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    admin::{AUTHORIZATION, Admin, TOKEN},
    client::Connection,
    phase::{self, Phase},
    process::Server,
    report::{self, Report, Target},
    requests::{request, write_request},
    settings::Settings,
    suite::{Row, Suite},
};

pub const DONE: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
/// How many conversations there are where there are many.
const CONVERSATIONS: usize = 64;
/// How many bots are loaded to see what one costs.
const WARM: usize = 100;
/// The longest that one answer, and loading all bots, may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// After which time memory is taken: garbage is collected before, and given back to the system.
const REST: Duration = Duration::from_secs(15);

#[derive(Default)]
pub struct Runtime;

impl Suite for Runtime {
    const NAME: &'static str = "runtime";

    const ENVIRONMENT: &'static [(&'static str, &'static str)] = &[
        ("BOOTSTRAP__BOTPRESS_PAT", TOKEN),
        ("LIMITS__BOTPRESS_CHAT__PER_SECOND", "1000000"),
        ("LIMITS__BOTPRESS_CHAT__PER_MINUTE", "60000000"),
        ("LIMITS__BOTPRESS_CHAT__PER_DAY", "1000000000"),
        ("LIMITS__BOTPRESS_ADMIN__PER_SECOND", "1000000"),
        ("LIMITS__BOTPRESS_ADMIN__PER_MINUTE", "60000000"),
        ("PLANS__COMMUNITY__INCLUDED_MESSAGES", "1000000000"),
    ];

    async fn rows(&mut self, _: &Server, _: &Server, _: &Settings) -> Result<Vec<Row>> {
        Ok(Vec::new())
    }

    async fn more(
        &mut self,
        server: &Server,
        settings: &Settings,
        _: &[u64],
        report: &mut Report,
    ) -> Result<()> {
        let world = World::make(server).await?;
        for conversations in [1, CONVERSATIONS] {
            let mut rounds = Vec::new();
            for _ in 0..settings.rounds {
                rounds.push(world.round(server, conversations, settings).await?);
            }
            let name = format!("runtime: message, bot, answer; {conversations} conversations");
            let row = report::Row::of(&name, rounds.iter());
            let (rate, p50) = (row.per_second, row.p50);
            report.row(row);
            report.target(if conversations == 1 {
                let p50 = p50.unwrap_or(f64::NAN);
                Target::at_most("runtime: p50 of a round trip", p50, 10.0, "ms")
            } else {
                let rate = rate.unwrap_or(f64::NAN);
                Target::at_least("runtime: round trips/s, 64 conversations", rate, 500.0)
            });
        }
        let each = warm(server).await?;
        let name = "runtime: memory of a warm bot";
        report.fact(name.to_owned(), format!("{each:.1} MB"));
        report.target(Target::at_most(name, each, 6.0, "MB"));
        Ok(())
    }
}

/// Who waits for the answer in each conversation.
pub type Waiting = Arc<Mutex<HashMap<String, mpsc::UnboundedSender<()>>>>;

/// A bot and an integration that run.
struct World {
    caller: String,
    user: String,
    conversations: Vec<String>,
    waiting: Waiting,
    // They end with this.
    _running: JoinSet<()>,
}

impl World {
    async fn make(server: &Server) -> Result<Self> {
        let mut running = JoinSet::new();
        let waiting = Waiting::default();
        let (bot_listener, integration_listener) = (listener().await?, listener().await?);
        let mut admin = Admin::open(server).await?;
        let text = json!({
            "type": "object", "required": ["text"], "properties": {"text": {"type": "string"}},
        });
        let integration = admin.make("/v1/admin/integrations", json!({
            "name": "whint", "version": "1.0.0", "dev": true, "url": url(&integration_listener)?,
            "user": {"tags": {"id": {}}},
            "channels": {"direct": {
                "messages": {"text": {"schema": text}},
                "conversation": {"tags": {"id": {}}},
                "message": {"tags": {"id": {}}},
            }},
        }), "integration").await?;
        let told = Arc::clone(&waiting);
        running.spawn(serve(integration_listener, move || {
            let waiting = Arc::clone(&told);
            async move |mut connection: Connection| {
                while let Some(asked) = connection.called().await? {
                    let conversation = conversation_of(asked, &["conversation"])?;
                    connection.send(DONE).await?;
                    if let Some(conversation) = conversation
                        && let Some(waits) = lock(&waiting).get(&conversation)
                    {
                        // Whoever has waited may be gone.
                        let _ = waits.send(());
                    }
                }
                Ok(())
            }
        }));
        let bot = json!({"name": "bot", "dev": true, "url": url(&bot_listener)?});
        let bot = admin.make("/v1/admin/bots", bot, "bot").await?;
        let (address, id) = (server.address, bot.clone());
        running.spawn(serve(bot_listener, move || {
            let bot = id.clone();
            async move |connection: Connection| answer(connection, address, &bot).await
        }));
        let installed = json!({"integrations": {&integration: {}}});
        admin
            .call("PUT", &format!("/v1/admin/bots/{bot}"), installed)
            .await?;
        let caller =
            format!("{AUTHORIZATION}\r\nx-bot-id: {bot}\r\nx-integration-id: {integration}");
        admin.headers.clone_from(&caller);
        let tags = |number: usize| json!({"whint:id": number.to_string()});
        let user = admin
            .make("/v1/chat/users", json!({"tags": tags(0)}), "user")
            .await?;
        let mut conversations = Vec::new();
        for number in 0..CONVERSATIONS {
            let new = json!({"channel": "direct", "tags": tags(number)});
            conversations.push(
                admin
                    .make("/v1/chat/conversations", new, "conversation")
                    .await?,
            );
        }
        Ok(Self {
            caller,
            user,
            conversations,
            waiting,
            _running: running,
        })
    }

    /// Each of so many conversations has one message after the other, each after the answer to the one
    /// before.
    async fn round(&self, server: &Server, count: usize, settings: &Settings) -> Result<Phase> {
        let used = server.processor_time()?;
        let from = Instant::now() + settings.warm_up;
        let until = from + settings.phase;
        let mut tasks = JoinSet::new();
        for conversation in self.conversations.iter().take(count) {
            let (sender, receiver) = mpsc::unbounded_channel();
            lock(&self.waiting).insert(conversation.clone(), sender);
            let body = json!({
                "type": "text", "payload": {"text": "Hello"}, "userId": self.user,
                "conversationId": conversation, "tags": {},
            });
            let mut message = Vec::new();
            let body = body.to_string();
            write_request(
                &mut message,
                "POST",
                "/v1/chat/messages",
                &self.caller,
                Some(&body),
            );
            let connection = Connection::open(server.address).await?;
            tasks.spawn(talk(connection, message, receiver, from, until));
        }
        phase::measured(server, settings, used, tasks).await
    }
}

pub async fn talk(
    mut connection: Connection,
    message: Vec<u8>,
    mut answers: mpsc::UnboundedReceiver<()>,
    from: Instant,
    until: Instant,
) -> Result<(Vec<Duration>, u64)> {
    let (mut times, mut answered) = (Vec::new(), 0);
    loop {
        let began = Instant::now();
        connection.call(&message).await?;
        let answer = timeout(PATIENCE, answers.recv()).await;
        answer
            .context("no answer of the bot")?
            .context("nobody answers")?;
        answered += 1;
        let now = Instant::now();
        if now > until {
            return Ok((times, answered));
        }
        if began >= from {
            times.push(now - began);
        }
    }
}

/// The bot: answers each message with one of its own.
async fn answer(mut connection: Connection, server: SocketAddr, bot: &str) -> Result<()> {
    let headers = format!("{AUTHORIZATION}\r\nx-bot-id: {bot}");
    let mut api = Connection::open(server).await?;
    let mut message = Vec::new();
    while let Some(asked) = connection.called().await? {
        if let Some(conversation) = conversation_of(asked, &["event", "payload", "conversation"])? {
            let body = json!({
                "type": "text", "payload": {"text": "Hi"}, "userId": bot,
                "conversationId": conversation, "tags": {},
            });
            message.clear();
            let body = body.to_string();
            write_request(
                &mut message,
                "POST",
                "/v1/chat/messages",
                &headers,
                Some(&body),
            );
            api.call(&message).await?;
        }
        connection.send(DONE).await?;
    }
    Ok(())
}

/// The conversation at this place of the body, if there is one.
fn conversation_of(request: &[u8], at: &[&str]) -> Result<Option<String>> {
    let head = request.windows(4).position(|part| part == b"\r\n\r\n");
    let body: Value = serde_json::from_slice(&request[head.context("no head")? + 4..])?;
    let found = at.iter().fold(&body, |value, name| &value[*name]);
    Ok(found["id"].as_str().map(str::to_owned))
}

pub fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub async fn listener() -> Result<TcpListener> {
    Ok(TcpListener::bind("127.0.0.1:0").await?)
}

pub fn url(listener: &TcpListener) -> Result<String> {
    Ok(format!("http://{}/", listener.local_addr()?))
}

/// Serves each connection with what `make` makes.
pub async fn serve<H, F>(listener: TcpListener, make: impl Fn() -> H)
where
    H: FnOnce(Connection) -> F,
    F: Future<Output = Result<()>> + Send + 'static,
{
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        if let Ok(connection) = Connection::over(stream) {
            connections.spawn(make()(connection));
        }
    }
}

/// Deploys bots, which loads their code, and gives the memory of each in MB. `LOAD_BUNDLE` names a
/// bundle, such as those that `tests/clients/botpress-bundles` makes.
async fn warm(server: &Server) -> Result<f64> {
    let code = match env::var("LOAD_BUNDLE") {
        Ok(file) => fs::read_to_string(&file).context(file)?,
        Err(_) => "exports.handler = () => ({ status: 200 })".to_owned(),
    };
    sleep(REST).await;
    let before = server.memory("VmRSS")?;
    let mut admin = Admin::open(server).await?;
    for number in 0..WARM {
        let bot = admin
            .make(
                "/v1/admin/bots",
                json!({"name": format!("warm-{number}")}),
                "bot",
            )
            .await?;
        admin
            .call(
                "PUT",
                &format!("/v1/admin/bots/{bot}"),
                json!({"code": code}),
            )
            .await?;
    }
    let loaded = async {
        let metrics = request("GET", "/metrics", AUTHORIZATION, None);
        let mut connection = Connection::open(server.address).await?;
        loop {
            let page = String::from_utf8_lossy(connection.call(&metrics).await?).into_owned();
            let loaded = page.matches("parlance_runtime_memory_bytes{").count();
            if loaded >= WARM {
                return anyhow::Ok(());
            }
            sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(PATIENCE, loaded)
        .await
        .context("the bots are not loaded")??;
    sleep(REST).await;
    let after = server.memory("VmRSS")?;
    ensure!(after > before, "memory has not grown");
    Ok((after - before) / WARM as f64)
}
