//! A real connector on a port of its own, which answers as a test tells it.

use std::sync::{Arc, Mutex};

use poem::{
    Endpoint, EndpointExt, Request, Response, Server, endpoint::make, http::StatusCode,
    listener::TcpAcceptor,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What a connector was sent.
#[derive(Debug, Clone)]
pub struct Asked {
    pub authorization: Option<String>,
    pub content_type: Option<String>,
    pub body: Value,
}

/// How it answers: a status, a header, a body; or never.
#[derive(Debug, Clone)]
pub enum Reply {
    With(u16, Option<(&'static str, String)>, String),
    Never,
}

struct Inner {
    origin: String,
    /// What the header must be; anything will do without it.
    wants: Mutex<Option<String>>,
    reply: Mutex<Reply>,
    asked: Mutex<Vec<Asked>>,
}

#[derive(Clone)]
pub struct Connector(Arc<Inner>);

impl Connector {
    /// A connector with one document.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let results = json!({"results": [{"id": 7, "title": "Handbook", "text": "Say hello."}]});
        let connector = Self(Arc::new(Inner {
            origin,
            wants: Mutex::default(),
            reply: Mutex::new(Reply::With(200, None, results.to_string())),
            asked: Mutex::default(),
        }));
        let acceptor = TcpAcceptor::from_tokio(listener).expect("an acceptor");
        let endpoint = connector.endpoint();
        tokio::spawn(Server::new_with_acceptor(acceptor).run(endpoint));
        connector
    }

    fn endpoint(&self) -> impl Endpoint + 'static {
        let connector = self.clone();
        make(move |request| {
            let connector = connector.clone();
            async move { connector.receive(request).await }
        })
        .boxed()
    }

    async fn receive(&self, mut request: Request) -> poem::Result<Response> {
        let header = |name: &str| request.header(name).map(str::to_owned);
        let (authorization, content_type) = (header("authorization"), header("content-type"));
        let body = request.take_body().into_vec().await.expect("a body");
        let refused = self.0.wants.lock().expect("it").clone();
        let refused = refused.is_some_and(|wanted| authorization.as_ref() != Some(&wanted));
        self.0.asked.lock().expect("it").push(Asked {
            authorization,
            content_type,
            body: serde_json::from_slice(&body).unwrap_or_default(),
        });
        if refused {
            let problem =
                json!({"title": "Unauthorized", "detail": "No authorization token provided"});
            return Ok(Response::builder()
                .status(StatusCode::UNAUTHORIZED)
                .body(problem.to_string()));
        }
        let reply = self.0.reply.lock().expect("it").clone();
        match reply {
            Reply::With(status, header, body) => {
                let mut response =
                    Response::builder().status(StatusCode::from_u16(status).expect("a status"));
                if let Some((name, value)) = header {
                    response = response.header(name, value);
                }
                Ok(response.body(body))
            }
            Reply::Never => std::future::pending().await,
        }
    }

    /// `http://127.0.0.1:…`
    pub fn origin(&self) -> &str {
        &self.0.origin
    }

    /// Where it is searched.
    pub fn url(&self) -> String {
        format!("{}/search", self.0.origin)
    }

    /// Refuses calls without this header `Authorization` from now on.
    pub fn want(&self, authorization: &str) {
        *self.0.wants.lock().expect("it") = Some(authorization.to_owned());
    }

    pub fn reply(&self, reply: Reply) {
        *self.0.reply.lock().expect("it") = reply;
    }

    /// Everything it was asked.
    pub fn asked(&self) -> Vec<Asked> {
        self.0.asked.lock().expect("it").clone()
    }
}
