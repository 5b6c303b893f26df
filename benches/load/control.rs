//! The control: two operations of Aloochat's with the same bytes on the same framework, and nothing
//! else. No key, no limits, no database. Every dialect is compared with it.

use std::io::{self, Read};

use anyhow::{Context, Result, anyhow};
use poem::{
    IntoEndpoint, Route,
    http::uri::Scheme,
    listener::{Acceptor, TcpAcceptor},
    web::{LocalAddr, RemoteAddr},
};
use poem_openapi::{
    Object, OpenApi, OpenApiService, param::Path, payload::Json, types::ParseFromJSON,
};
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::Runtime,
};

/// The argument that makes this program the control.
pub const ARGUMENT: &str = "control";

/// The id of an integration.
pub const ID: &str = "3f2b8a52-6f0e-4d0c-9a53-0d8f4f6c2b11";

/// What it answers: the integration that Aloochat's sample makes.
const ANSWER: &str = r#"{"id":"3f2b8a52-6f0e-4d0c-9a53-0d8f4f6c2b11","name":"My Shopify Store","type":"shopify","config":{"shop_domain":"mystore.myshopify.com","api_version":"2024-01"},"is_active":true,"visibility":"private","company_id":"11111111-1111-1111-aaaa-111111111111","agent_id":null}"#;

/// Accepts connections with `TCP_NODELAY` set, as the server does.
struct NoDelay(TcpAcceptor);

impl Acceptor for NoDelay {
    type Io = TcpStream;

    fn local_addr(&self) -> Vec<LocalAddr> {
        self.0.local_addr()
    }

    async fn accept(&mut self) -> io::Result<(TcpStream, LocalAddr, RemoteAddr, Scheme)> {
        let accepted = self.0.accept().await?;
        accepted.0.set_nodelay(true)?;
        Ok(accepted)
    }
}

#[derive(Clone, Object)]
struct Integration {
    id: String,
    name: String,
    r#type: String,
    config: Value,
    is_active: bool,
    visibility: String,
    company_id: String,
    #[oai(nullable)]
    agent_id: Option<String>,
}

#[derive(Object)]
struct NewIntegration {
    #[oai(validator(min_length = 1, max_length = 255))]
    name: String,
    r#type: String,
    config: Option<Value>,
    is_active: Option<bool>,
    visibility: Option<String>,
    agent_id: Option<String>,
}

struct Control {
    answer: Integration,
}

#[OpenApi]
impl Control {
    #[oai(path = "/integrations/:id", method = "get")]
    async fn get_integration(&self, id: Path<String>) -> Json<Integration> {
        Json(Integration {
            id: id.0,
            ..self.answer.clone()
        })
    }

    #[oai(path = "/integrations", method = "post")]
    async fn create_integration(&self, new: Json<NewIntegration>) -> Json<Integration> {
        let new = new.0;
        let answer = self.answer.clone();
        // What the answer does not show must still have been read.
        let _ = (new.config, new.is_active, new.visibility);
        Json(Integration {
            name: new.name,
            r#type: new.r#type,
            agent_id: new.agent_id,
            ..answer
        })
    }
}

/// Answers until the standard input ends.
pub fn serve() -> Result<()> {
    let answer = Integration::parse_from_json_string(ANSWER)
        .map_err(|error| anyhow!(error.into_message()))?;
    std::thread::spawn(|| {
        // However it ends, whoever started this is gone.
        let _ = io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    Runtime::new()?.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let service = OpenApiService::new(Control { answer }, "Control", "1.0");
        let route = Route::new().nest("/api/public", service.into_endpoint());
        println!("{}", json!({"event": "ready", "url": url}));
        poem::Server::new_with_acceptor(NoDelay(TcpAcceptor::from_tokio(listener)?))
            .run(route)
            .await
            .context("the control does not run")
    })
}
