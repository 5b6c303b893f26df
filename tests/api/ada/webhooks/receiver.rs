//! A real receiver of webhooks.

use std::sync::{Arc, Mutex};

use poem::{
    Endpoint, EndpointExt, Request, Response, Server, endpoint::make, http::StatusCode,
    listener::TcpAcceptor,
};
use serde_json::Value;
use tokio::{net::TcpListener, sync::watch};

/// What was received.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The path and the query that it came to.
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Delivery {
    pub fn header(&self, name: &str) -> &str {
        let mut headers = self.headers.iter();
        let found = headers.find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    pub fn id(&self) -> String {
        self.header("svix-id").to_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    pub fn signatures(&self) -> Vec<String> {
        let header = self.header("svix-signature").split(' ');
        header.map(str::to_owned).collect()
    }

    pub fn header_map(&self) -> reqwest::header::HeaderMap {
        let mut map = reqwest::header::HeaderMap::new();
        for (name, value) in &self.headers {
            let name: reqwest::header::HeaderName = name.parse().expect("a name");
            map.append(name, value.parse().expect("a value"));
        }
        map
    }
}

/// How the receiver answers: a status, headers, a body; or never.
#[derive(Debug, Clone)]
pub enum Reply {
    With(u16, Vec<(&'static str, String)>, String),
    Never,
}

struct Inner {
    url: String,
    reply: Mutex<Reply>,
    received: watch::Sender<Vec<Delivery>>,
}

/// A receiver on a free port.
#[derive(Clone)]
pub struct Receiver(Arc<Inner>);

impl Receiver {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let receiver = Self(Arc::new(Inner {
            url,
            reply: Mutex::new(Reply::With(200, Vec::new(), "ok".to_owned())),
            received: watch::Sender::new(Vec::new()),
        }));
        let acceptor = TcpAcceptor::from_tokio(listener).expect("an acceptor");
        let endpoint = receiver.endpoint();
        tokio::spawn(Server::new_with_acceptor(acceptor).run(endpoint));
        receiver
    }

    fn endpoint(&self) -> impl Endpoint + 'static {
        let receiver = self.clone();
        make(move |request| {
            let receiver = receiver.clone();
            async move { receiver.receive(request).await }
        })
        .boxed()
    }

    async fn receive(&self, mut request: Request) -> poem::Result<Response> {
        let headers = request.headers().iter().map(|(name, value)| {
            let value = value.to_str().expect("ASCII").to_owned();
            (name.as_str().to_owned(), value)
        });
        let headers = headers.collect();
        let target = request.original_uri().to_string();
        let body = request.take_body().into_vec().await.expect("a body");
        self.0.received.send_modify(|received| {
            received.push(Delivery {
                target,
                headers,
                body,
            });
        });
        let reply = self.0.reply.lock().expect("a reply").clone();
        match reply {
            Reply::With(status, headers, body) => {
                let mut response =
                    Response::builder().status(StatusCode::from_u16(status).expect("a status"));
                for (name, value) in headers {
                    response = response.header(name, value);
                }
                Ok(response.body(body))
            }
            Reply::Never => std::future::pending().await,
        }
    }

    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// Answers another status from now on.
    pub fn answer(&self, status: u16) {
        self.reply(Reply::With(status, Vec::new(), format!("status {status}")));
    }

    pub fn reply(&self, reply: Reply) {
        *self.0.reply.lock().expect("a reply") = reply;
    }

    /// Everything that was received.
    pub fn received(&self) -> Vec<Delivery> {
        self.0.received.borrow().clone()
    }

    pub fn count(&self) -> usize {
        self.0.received.borrow().len()
    }

    /// Waits until so many were received.
    pub async fn wait(&self, count: usize) {
        let mut changes = self.0.received.subscribe();
        let enough = changes.wait_for(|received| received.len() >= count);
        enough.await.expect("the receiver lives");
    }
}
