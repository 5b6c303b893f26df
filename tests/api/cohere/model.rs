//! A server with OpenAI's chat completions on a port of its own, which answers as a test tells it.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::stream;
use parlance::kernel::clock::with_timeout;
use poem::{
    Body, EndpointExt, Request, Response, Server, endpoint::make, http::StatusCode,
    listener::TcpAcceptor,
};
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::{mpsc, watch},
};

/// How it answers a streamed question.
#[derive(Clone)]
pub enum Speech {
    /// These texts, each in an event of its own, and the end.
    Says(Vec<&'static str>),
    /// These bytes, and nothing after them.
    BreaksOff(&'static str),
    /// What the test sends.
    AsTold(Arc<tokio::sync::Mutex<mpsc::Receiver<String>>>),
    /// An error.
    Refuses(u16, Value),
}

#[derive(Clone)]
pub struct Model(Arc<Inner>);

struct Inner {
    origin: String,
    speech: Mutex<Speech>,
    /// What it says to a question that is not streamed.
    queries: Mutex<String>,
    asked: Mutex<Vec<(Option<String>, Value)>>,
    lost: watch::Sender<usize>,
}

/// Counts a reader that went away.
struct Reader(Model);

impl Drop for Reader {
    fn drop(&mut self) {
        self.0.0.lost.send_modify(|lost| *lost += 1);
    }
}

/// An event with more text.
pub fn delta(text: &str) -> String {
    let event =
        json!({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": null}]});
    format!("data: {event}\n\n")
}

/// The events at the end.
pub fn end(reason: &str) -> String {
    let last = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]});
    let usage = json!({"choices": [], "usage": {"prompt_tokens": 120, "completion_tokens": 9}});
    format!("data: {last}\n\ndata: {usage}\n\ndata: [DONE]\n\n")
}

impl Model {
    pub async fn start(speech: Speech) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let model = Self(Arc::new(Inner {
            origin,
            speech: Mutex::new(speech),
            queries: Mutex::default(),
            asked: Mutex::default(),
            lost: watch::Sender::new(0),
        }));
        let answering = model.clone();
        let endpoint = make(move |request| {
            let model = answering.clone();
            async move { model.answer(request).await }
        });
        let acceptor = TcpAcceptor::from_tokio(listener).expect("an acceptor");
        tokio::spawn(Server::new_with_acceptor(acceptor).run(endpoint.boxed()));
        model
    }

    async fn answer(&self, mut request: Request) -> poem::Result<Response> {
        assert_eq!(request.uri().path(), "/v1/chat/completions");
        let key = request.header("authorization").map(str::to_owned);
        let body = request.take_body().into_vec().await.expect("a body");
        let body: Value = serde_json::from_slice(&body).expect("JSON");
        let is_streamed = body["stream"] == true;
        self.0.asked.lock().expect("it").push((key, body));
        if !is_streamed {
            let content = self.0.queries.lock().expect("it").clone();
            let answer =
                json!({"choices": [{"message": {"role": "assistant", "content": content}}]});
            return Ok(Response::builder().body(answer.to_string()));
        }
        let speech = self.0.speech.lock().expect("it").clone();
        let body = match speech {
            Speech::Says(texts) => {
                let told: String = texts.into_iter().map(delta).collect();
                Body::from_string(told + &end("stop"))
            }
            Speech::BreaksOff(text) => Body::from_string(text.to_owned()),
            Speech::Refuses(status, error) => {
                let status = StatusCode::from_u16(status).expect("a status");
                return Ok(Response::builder().status(status).body(error.to_string()));
            }
            Speech::AsTold(told) => {
                let reader = Reader(self.clone());
                let lines = stream::unfold((told, reader), |(told, reader)| async move {
                    let line = told.lock().await.recv().await?;
                    Some((Ok::<_, Infallible>(line), (told, reader)))
                });
                Body::from_bytes_stream(futures_util::StreamExt::map(lines, |line| {
                    line.map_err(std::io::Error::other)
                }))
            }
        };
        Ok(Response::builder()
            .content_type("text/event-stream")
            .body(body))
    }

    /// Where it is, as a setting has it.
    pub fn url(&self) -> String {
        format!("{}/v1/", self.0.origin)
    }

    pub fn say(&self, speech: Speech) {
        *self.0.speech.lock().expect("it") = speech;
    }

    /// What it says when it is asked what to search for.
    pub fn search_for(&self, queries: &str) {
        *self.0.queries.lock().expect("it") = queries.to_owned();
    }

    /// Everything it was asked, each with its key.
    pub fn asked(&self) -> Vec<(Option<String>, Value)> {
        self.0.asked.lock().expect("it").clone()
    }

    /// Waits until a reader went away.
    pub async fn wait_for_a_lost_reader(&self) {
        let mut lost = self.0.lost.subscribe();
        let waited = with_timeout(Duration::from_secs(30), lost.wait_for(|lost| *lost > 0));
        waited.await.expect("in time").expect("it counts");
    }
}
