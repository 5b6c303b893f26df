//! A stand-in for a bot or an integration in development: it keeps what it is asked and answers as a
//! test says.

use std::sync::{Arc, Mutex};

use base64::{Engine, engine::general_purpose::STANDARD};
use poem::{
    EndpointExt, Request, Response, Server, endpoint::make, http::StatusCode, listener::TcpAcceptor,
};
use serde_json::{Map, Value, json};
use tokio::{net::TcpListener, sync::watch};

/// What it was asked.
#[derive(Debug, Clone)]
pub struct Asked {
    pub headers: Vec<(String, String)>,
    pub body: String,
}

/// How it answers: a status and a body; none is never.
pub type Reply = Option<(u16, String)>;

type Replying = Box<dyn FnMut(&Asked) -> Reply + Send>;

struct Inner {
    url: String,
    reply: Mutex<Replying>,
    asked: watch::Sender<Vec<Asked>>,
}

/// A stand-in on a free port.
#[derive(Clone)]
pub struct Stand(Arc<Inner>);

impl Asked {
    pub fn header(&self, name: &str) -> &str {
        let mut headers = self.headers.iter();
        let found = headers.find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    pub fn operation(&self) -> &str {
        self.header("x-bp-operation")
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    /// The configuration that it carries.
    pub fn configuration(&self) -> Value {
        let decoded = STANDARD.decode(self.header("x-bp-configuration"));
        serde_json::from_slice(&decoded.expect("base64")).expect("JSON")
    }

    /// The text of the message that it tells of.
    pub fn text(&self) -> String {
        let body = self.json();
        let event = &body["event"]["payload"]["message"]["payload"]["text"];
        let text = event.as_str().or_else(|| body["payload"]["text"].as_str());
        text.expect("a text").to_owned()
    }

    /// The headers that are the same wherever it runs, and the body.
    pub fn shown(&self) -> Value {
        let changing = [
            "host",
            "content-length",
            "accept",
            "webhook-signature",
            "user-agent",
        ];
        let headers: Map<String, Value> = self
            .headers
            .iter()
            .filter(|(name, _)| !changing.contains(&name.as_str()))
            .map(|(name, value)| match name.as_str() {
                "x-webhook-id" => (name.clone(), "[webhook]".into()),
                _ => (name.clone(), value.as_str().into()),
            })
            .collect();
        json!({"headers": headers, "body": self.json()})
    }
}

impl Stand {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let stand = Self(Arc::new(Inner {
            url,
            reply: Mutex::new(Box::new(|_| Some((200, "{}".to_owned())))),
            asked: watch::Sender::new(Vec::new()),
        }));
        let acceptor = TcpAcceptor::from_tokio(listener).expect("an acceptor");
        let answering = stand.clone();
        let endpoint = make(move |request| {
            let stand = answering.clone();
            async move { stand.answer(request).await }
        });
        tokio::spawn(Server::new_with_acceptor(acceptor).run(endpoint.boxed()));
        stand
    }

    async fn answer(&self, mut request: Request) -> poem::Result<Response> {
        let headers = request.headers().iter().map(|(name, value)| {
            let value = value.to_str().expect("ASCII").to_owned();
            (name.as_str().to_owned(), value)
        });
        let headers = headers.collect();
        let body = request.take_body().into_string().await.expect("a text");
        let asked = Asked { headers, body };
        let reply = (self.0.reply.lock().expect("a reply"))(&asked);
        self.0.asked.send_modify(|all| all.push(asked));
        match reply {
            Some((status, body)) => {
                let status = StatusCode::from_u16(status).expect("a status");
                Ok(Response::builder().status(status).body(body))
            }
            None => std::future::pending().await,
        }
    }

    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// Answers otherwise from now on.
    pub fn reply(&self, reply: impl FnMut(&Asked) -> Reply + Send + 'static) {
        *self.0.reply.lock().expect("a reply") = Box::new(reply);
    }

    /// Answers this from now on.
    pub fn answer_with(&self, status: u16, body: &str) {
        let body = body.to_owned();
        self.reply(move |_| Some((status, body.clone())));
    }

    /// Everything that was asked.
    pub fn asked(&self) -> Vec<Asked> {
        self.0.asked.borrow().clone()
    }

    /// The texts of all messages that it was told of.
    pub fn texts(&self) -> Vec<String> {
        self.asked().iter().map(Asked::text).collect()
    }

    /// Waits until so much was asked.
    pub async fn wait(&self, count: usize) {
        let mut changes = self.0.asked.subscribe();
        let enough = changes.wait_for(|asked| asked.len() >= count);
        enough.await.expect("the stand lives");
    }
}
