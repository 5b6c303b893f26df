//! `/conversations/{id}/listen` over a WebSocket.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use parlance::kernel::clock::with_timeout;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest, protocol::CloseFrame},
};

use super::given::{Given, User};
use crate::support::{TestServer, answer::redacted};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Opens a socket as a browser does: the key is in the query.
    async fn open(given: &Given, user: &User, conversation: &str) -> Self {
        let path = listen_path(given, conversation, &format!("?x-user-key={}", user.key));
        Self::connect(given, &path, &[])
            .await
            .expect("a connection")
    }

    async fn connect(
        given: &Given,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, Error> {
        let url = format!("{}{path}", given.server.server().url()).replace("http://", "ws://");
        let mut request = url.into_client_request().expect("a request");
        for (name, value) in headers {
            let value = value.parse().expect("a value");
            request.headers_mut().insert(*name, value);
        }
        connect_async(request).await.map(|(socket, _)| Self(socket))
    }

    async fn message(&mut self) -> Message {
        let next = with_timeout(PATIENCE, self.0.next()).await;
        next.expect("in time")
            .expect("a message")
            .expect("a message")
    }

    /// The next signal, or the text that is no signal.
    async fn next(&mut self) -> Value {
        let message = self.message().await;
        let text = message.to_text().expect("a text");
        serde_json::from_str(text).unwrap_or_else(|_| text.into())
    }

    /// Code and reason of the end.
    async fn end(&mut self) -> (u16, String) {
        match self.message().await {
            Message::Close(Some(CloseFrame { code, reason })) => {
                (u16::from(code), reason.to_string())
            }
            other => panic!("{other:?}"),
        }
    }
}

fn listen_path(given: &Given, conversation: &str, query: &str) -> String {
    format!("{}/conversations/{conversation}/listen{query}", given.path)
}

/// Status and body that a handshake is refused with.
async fn refused(given: &Given, path: &str, headers: &[(&'static str, &str)]) -> (u16, Value) {
    match Socket::connect(given, path, headers).await {
        Err(Error::Http(response)) => {
            let body = response.body().clone().unwrap_or_default();
            let body: Value = serde_json::from_slice(&body).unwrap_or_default();
            (response.status().as_u16(), body["type"].clone())
        }
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it is open"),
    }
}

fn listening(given: &Given) -> usize {
    given.server.server().app().listeners().count()
}

async fn until_listening(given: &Given, count: usize) {
    let waited = with_timeout(PATIENCE, async {
        while listening(given) != count {
            tokio::task::yield_now().await;
        }
    });
    waited.await.expect("in time");
}

#[tokio::test]
async fn a_socket_hears_both_sides_in_order() {
    let given = Given::echo().await;
    let ann = given.user_with(json!({"id": "ann"})).await;
    let made = given.post(&ann, "/conversations", json!({"id": "a/b"}));
    made.await.expect(201);
    // wire: the official client does not encode the id in this path
    let mut socket = Socket::open(&given, &ann, "a/b").await;
    let id = given.say(&ann, "a/b", "hällo").await;
    let own = socket.next().await;
    assert_eq!(own["data"]["id"], id.as_str());
    insta::assert_snapshot!("own_message", redacted(own));
    let answer = socket.next().await;
    assert_eq!(answer["data"]["userId"], given.bot.id.as_str());
    insta::assert_snapshot!("answer", redacted(answer));
    // The key in a header works, too.
    let path = listen_path(&given, "a/b", "");
    let with_header = Socket::connect(&given, &path, &[("x-user-key", &ann.key)]).await;
    drop(with_header.expect("a connection"));
}

#[tokio::test]
async fn a_handshake_without_the_right_is_refused() {
    let given = Given::new().await;
    let (ann, bob) = (given.user().await, given.user().await);
    let id = given.conversation(&ann).await;
    let with_key = |conversation: &str, key: &str| {
        listen_path(&given, conversation, &format!("?x-user-key={key}"))
    };
    for (path, status, kind) in [
        (listen_path(&given, &id, ""), 401, "Unauthorized"),
        (with_key(&id, "wrong"), 401, "Unauthorized"),
        (with_key(&id, &bob.key), 403, "Forbidden"),
        (with_key("none", &ann.key), 404, "ResourceNotFound"),
    ] {
        let answer = refused(&given, &path, &[]).await;
        assert_eq!(answer, (status, kind.into()), "{path}");
    }
    assert_eq!(listening(&given), 0);
    // Where no WebSocket is asked for, the query is no place for a key.
    let path = format!("/conversations/{id}/listen?x-user-key={}", ann.key);
    let answer = given.call(None, reqwest::Method::GET, &path, None).await;
    answer.expect(401);
    // A handshake of another version than 13 cannot be completed.
    let path = with_key(&id, &ann.key);
    let answer = refused(&given, &path, &[("sec-websocket-version", "8")]).await;
    assert_eq!(answer.0, 400);
    assert_eq!(listening(&given), 0);
}

#[tokio::test]
async fn a_handshake_elsewhere_is_an_ordinary_request() {
    let given = Given::new().await;
    let ann = given.user().await;
    let path = format!("{}/users/me?x-user-key={}", given.path, ann.key);
    assert_eq!(refused(&given, &path, &[]).await.0, 200);
}

#[tokio::test]
async fn a_socket_ends_with_the_right_to_listen() {
    let mut given = Given::new().await;
    let (ann, bob) = (given.user().await, given.user().await);
    let id = given.conversation(&ann).await;
    let path = format!("/conversations/{id}/participants");
    let let_in = given.post(&ann, &path, json!({"userId": bob.id})).await;
    let_in.expect(200);
    let mut anns = Socket::open(&given, &ann, &id).await;
    let mut bobs = Socket::open(&given, &bob, &id).await;
    let out = given.delete(&ann, &format!("{path}/{}", bob.id)).await;
    out.expect(200);
    assert_eq!(bobs.end().await, (1001, "the stream ends".to_owned()));
    assert_eq!(anns.next().await["type"], "participant_removed");
    assert_eq!(listening(&given), 1);
    given.server.stop().await;
    assert_eq!(anns.end().await.0, 1001);
}

#[tokio::test]
async fn a_socket_says_that_it_is_alive_and_ignores_its_client() {
    let server = TestServer::with(|config| config.webchat.heartbeat_seconds = 30).await;
    let given = Given::on(server, None).await;
    let ann = given.user().await;
    let id = given.conversation(&ann).await;
    let mut socket = Socket::open(&given, &ann, &id).await;
    socket.0.send("what?".into()).await.expect("said");
    socket
        .0
        .send(Message::Ping(vec![7].into()))
        .await
        .expect("said");
    assert!(matches!(socket.message().await, Message::Pong(_)));
    {
        let next = socket.next();
        tokio::pin!(next);
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
        assert_eq!(heard.await.expect("in time"), "ping");
    }
    given.say(&ann, &id, "hello").await;
    let mut heard = socket.next().await;
    while heard == "ping" {
        heard = socket.next().await;
    }
    assert_eq!(heard["type"], "message_created");
}

#[tokio::test]
async fn a_client_that_goes_leaves_nothing() {
    let server = TestServer::with(|config| config.webchat.max_streams_per_user = 2).await;
    let given = Given::on(server, None).await;
    let ann = given.user().await;
    let id = given.conversation(&ann).await;
    let mut closed = Socket::open(&given, &ann, &id).await;
    let dropped = Socket::open(&given, &ann, &id).await;
    assert_eq!(listening(&given), 2);
    let path = listen_path(&given, &id, &format!("?x-user-key={}", ann.key));
    let (status, kind) = refused(&given, &path, &[]).await;
    assert_eq!((status, kind), (413, "LimitExceeded".into()));
    closed.0.close(None).await.expect("closed");
    until_listening(&given, 1).await;
    drop(dropped);
    until_listening(&given, 0).await;
    // A client that says too much is one that goes.
    let mut loud = Socket::open(&given, &ann, &id).await;
    let words = "x".repeat(100_000);
    loud.0.send(words.into()).await.expect("said");
    until_listening(&given, 0).await;
}
