//! A good tenant beside hostile ones: how long its calls take alone, and while other tenants and strangers
//! of the same server send schemas made to be expensive, run bots that loop and allocate, hold
//! connections that send next to nothing, and upload bodies of 10 MB.
//!
//! The hostile callers have threads of their own, so that a good call that has been answered is not seen late
//! because one of them is writing; but they share the machine with the server and the good caller, so that
//! the figures are an upper bound.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    runtime::{Builder, Runtime},
    time::{sleep, timeout},
};

use super::{
    admin::{AUTHORIZATION, Admin, TOKEN},
    client::Connection,
    phase::{self, Pace},
    process::Server,
    report::{Report, Target},
    requests::{Requests, request},
    settings::Settings,
    suite::{Row, Suite},
};

const KEY: &str = "aloo_benchmark_0123456789abcdefghijklmnopqrstuv";
const GOOD: &str = "x-api-key: aloo_benchmark_0123456789abcdefghijklmnopqrstuv";
const PATH: &str = "/api/public/integrations";
const NEW: &str = r#"{"name":"My Shopify Store","type":"shopify","config":{"shop_domain":"mystore.myshopify.com"}}"#;

/// Calls of the good tenant in a second: what a busy bot makes, not what the server can bear.
const RATE: u32 = 500;
/// How many connections send one line of a header after the other.
const SLOW: usize = 200;
/// How many callers of each other kind there are.
const CALLERS: usize = 4;
/// The size of an upload that is going to be refused, in bytes.
const BODY: usize = 10 * 1024 * 1024;
/// The time between two calls of one hostile caller.
const PAUSE: Duration = Duration::from_millis(50);
/// The longest that a hostile caller waits for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Code that never ends, and code that takes all memory.
const LOOPS: &str = "exports.handler = () => { for (;;) {} }";
const ALLOCATES: &str =
    "exports.handler = () => { const all = []; for (;;) all.push(new Array(100000).fill('x')); }";

#[derive(Default)]
pub struct Neighbours;

impl Suite for Neighbours {
    const NAME: &'static str = "neighbours";

    const ENVIRONMENT: &'static [(&'static str, &'static str)] = &[
        ("BOOTSTRAP__ALOOCHAT_KEY", KEY),
        ("BOUNDS__SERVICE_INTEGRATIONS", "1000000000"),
        ("BOOTSTRAP__BOTPRESS_PAT", TOKEN),
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
        let mut connection = Connection::open(server.address).await?;
        let post = request("POST", PATH, GOOD, Some(NEW));
        let made: Value = serde_json::from_slice(connection.call(&post).await?)?;
        let id = made["id"].as_str().context("an answer without an id")?;
        let get = request("GET", &format!("{PATH}/{id}"), GOOD, None);
        let rows = [
            ("GET", Requests::cycle(vec![get])),
            ("POST", Requests::cycle(vec![post])),
        ];
        let mut alone = Vec::new();
        for (name, requests) in &rows {
            let name = format!("neighbours: {name}, alone");
            let pace = Pace::PerSecond(RATE);
            alone.push(phase::alone(&name, server, requests, pace, settings, report).await?);
        }
        let hostile = Hostile::begin(server).await?;
        for ((name, requests), alone) in rows.iter().zip(alone) {
            let row = format!("neighbours: {name}, beside hostile ones");
            let pace = Pace::PerSecond(RATE);
            let beside = phase::alone(&row, server, requests, pace, settings, report).await?;
            report.target(Target::at_most(
                format!("neighbours: {name}, p99 to p99 alone"),
                beside / alone,
                3.0,
                "",
            ));
        }
        drop(hostile);
        Ok(())
    }
}

/// The hostile callers, until this is dropped.
struct Hostile(Option<Runtime>);

impl Drop for Hostile {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl Hostile {
    async fn begin(server: &Server) -> Result<Self> {
        let mut tenants = Vec::new();
        for name in ["schemas", "loops", "allocates"] {
            tenants.push(Tenant::make(server, name).await?);
        }
        let [schemas, loops, allocates] = tenants.as_mut_slice() else {
            unreachable!("three were made")
        };
        schemas
            .update(json!({"states": {"tree": {"type": "bot", "schema": tree()}}}))
            .await?;
        for (tenant, code) in [(&mut *loops, LOOPS), (&mut *allocates, ALLOCATES)] {
            let body = json!({"code": code, "events": {"go": {"schema": {"type": "object"}}}});
            tenant.update(body).await?;
        }
        let tasks = Builder::new_multi_thread().enable_all().build()?;
        for _ in 0..CALLERS {
            tasks.spawn(again(server, vec![schemas.bomb(), schemas.deep_leaf()]));
            tasks.spawn(again(server, uploads()));
        }
        for tenant in [loops, allocates] {
            tasks.spawn(again(server, vec![tenant.event()]));
        }
        for _ in 0..SLOW {
            tasks.spawn(slow(server.address));
        }
        Ok(Self(Some(tasks)))
    }
}

/// A workspace with a bot.
struct Tenant {
    bot: String,
    admin: Admin,
    in_bot: String,
}

impl Tenant {
    async fn make(server: &Server, name: &str) -> Result<Self> {
        let body = json!({"name": name});
        let mut admin = Admin::open(server).await?;
        let made = admin
            .call("POST", "/v1/admin/workspaces", body.clone())
            .await?;
        let workspace = made["id"].as_str().context("a workspace without an id")?;
        admin.headers = format!("{AUTHORIZATION}\r\nx-workspace-id: {workspace}");
        let bot = admin.make("/v1/admin/bots", body, "bot").await?;
        Ok(Self {
            in_bot: format!("{AUTHORIZATION}\r\nx-bot-id: {bot}"),
            bot,
            admin,
        })
    }

    fn path(&self) -> String {
        format!("/v1/admin/bots/{}", self.bot)
    }

    async fn update(&mut self, body: Value) -> Result<()> {
        let path = self.path();
        self.admin.call("PUT", &path, body).await?;
        Ok(())
    }

    /// Declares a schema whose alternatives multiply with each level.
    fn bomb(&self) -> Vec<u8> {
        let levels = (0..24).map(|level| {
            let below = match level {
                0 => json!({"type": "string"}),
                _ => json!({"$ref": format!("#/definitions/l{}", level - 1)}),
            };
            (format!("l{level}"), json!({"anyOf": [below, below]}))
        });
        let definitions: serde_json::Map<String, Value> = levels.collect();
        let schema = json!({"$ref": "#/definitions/l23", "definitions": definitions});
        let body = json!({"states": {"bomb": {"type": "bot", "schema": schema}}});
        let body = body.to_string();
        closing("PUT", &self.path(), &self.admin.headers, &body)
    }

    /// Sets a state to a tree whose deepest leaf is wrong.
    fn deep_leaf(&self) -> Vec<u8> {
        let leaf = json!({"kind": "leaf", "value": 1});
        let tree = (0..18).fold(leaf, |inner, _| json!({"kind": "node", "child": inner}));
        let path = format!("/v1/chat/states/bot/{}/tree", self.bot);
        closing(
            "POST",
            &path,
            &self.in_bot,
            &json!({"payload": tree}).to_string(),
        )
    }

    /// Has the bot's code called.
    fn event(&self) -> Vec<u8> {
        let body = json!({"type": "go", "payload": {}}).to_string();
        closing("POST", "/v1/chat/events", &self.in_bot, &body)
    }
}

/// A tree of nodes and leaves, told apart by a member.
fn tree() -> Value {
    json!({
        "$ref": "#/definitions/tree",
        "definitions": {"tree": {"oneOf": [
            {"type": "object", "required": ["kind", "child"], "properties": {
                "kind": {"const": "node"}, "child": {"$ref": "#/definitions/tree"},
            }},
            {"type": "object", "required": ["kind", "value"], "properties": {
                "kind": {"const": "leaf"}, "value": {"type": "string"},
            }},
        ]}},
    })
}

/// Bodies that are refused for their path or their key.
fn uploads() -> Vec<Vec<u8>> {
    let body = format!("{{\"name\":\"{}\"}}", "x".repeat(BODY));
    vec![
        closing("POST", "/webhook/nobody", "accept: */*", &body),
        closing("POST", PATH, "x-api-key: aloo_of_nobody", &body),
    ]
}

/// A request after which the connection is closed.
fn closing(method: &str, path: &str, headers: &str, body: &str) -> Vec<u8> {
    let headers = format!("{headers}\r\nconnection: close");
    request(method, path, &headers, Some(body))
}

/// Sends these requests in turn, each on a connection of its own, whatever is answered.
fn again(server: &Server, requests: Vec<Vec<u8>>) -> impl Future<Output = ()> + Send + 'static {
    let address = server.address;
    async move {
        for request in requests.iter().cycle() {
            let exchange = async {
                let mut stream = TcpStream::connect(address).await?;
                stream.write_all(request).await?;
                stream.read_to_end(&mut Vec::new()).await
            };
            // Hostile calls may well be refused, cut off or left waiting.
            let _ = timeout(PATIENCE, exchange).await;
            sleep(PAUSE).await;
        }
    }
}

/// Sends a line of a header now and then, and connects again when it is cut off.
async fn slow(address: std::net::SocketAddr) {
    loop {
        if let Ok(mut stream) = TcpStream::connect(address).await {
            let mut sent = stream.write_all(b"GET /healthz HTTP/1.1\r\n").await;
            while sent.is_ok() {
                sleep(Duration::from_millis(500)).await;
                sent = stream.write_all(b"x-slow: 1\r\n").await;
            }
        }
        sleep(Duration::from_secs(1)).await;
    }
}
