//! A stand-in for a model server with images and audio.

use std::sync::{Arc, Mutex};

use poem::{Body, EndpointExt, Request, Response, Server, endpoint::make, listener::TcpAcceptor};
use tokio::net::TcpListener;

/// A request that it got.
#[derive(Debug, Clone)]
pub struct Asked {
    pub path: String,
    pub content_type: String,
    pub body: Vec<u8>,
}

type Replying = Box<dyn FnMut(&Asked) -> (u16, Vec<u8>) + Send>;

/// A stand-in on a free port.
#[derive(Clone)]
pub struct Upstream {
    pub origin: String,
    reply: Arc<Mutex<Replying>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Upstream {
    pub async fn start(reply: impl FnMut(&Asked) -> (u16, Vec<u8>) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let reply: Replying = Box::new(reply);
        let upstream = Self {
            origin,
            reply: Arc::new(Mutex::new(reply)),
            asked: Arc::default(),
        };
        let answering = upstream.clone();
        let endpoint = make(move |request| {
            let upstream = answering.clone();
            async move { upstream.answer(request).await }
        });
        let acceptor = TcpAcceptor::from_tokio(listener).expect("an acceptor");
        tokio::spawn(Server::new_with_acceptor(acceptor).run(endpoint.boxed()));
        upstream
    }

    async fn answer(&self, mut request: Request) -> poem::Result<Response> {
        let asked = Asked {
            path: request.uri().path().to_owned(),
            content_type: request
                .header("content-type")
                .unwrap_or_default()
                .to_owned(),
            body: request.take_body().into_vec().await.expect("a body"),
        };
        let (status, body) = (self.reply.lock().expect("it"))(&asked);
        self.asked.lock().expect("it").push(asked);
        let status = poem::http::StatusCode::from_u16(status).expect("a status");
        Ok(Response::builder()
            .status(status)
            .content_type("audio/wav")
            .body(Body::from_vec(body)))
    }

    /// Everything that it was asked.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("it").clone()
    }
}
