//! Streams and sessions end with what they were made from.

use std::{sync::Arc, time::Duration};

use parlance::kernel::clock::with_timeout;
use reqwest::Method;
use serde_json::json;
use tokio::sync::mpsc;

use super::held::revoke;
use crate::{
    ada::platform_integrations::given::{Ada, shop},
    botpress::given::Caller,
    chat::{
        given::{Given, User, install, integration},
        keys::{OWN_KEY, own_keys, sign},
    },
    cohere::model::{Model, Speech, delta},
    support::{COHERE_KEY, OPERATOR_KEY, TestServer, send},
};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

async fn listen(given: &Given, user: &User, conversation: &str) -> reqwest::Response {
    let path = format!("{}/conversations/{conversation}/listen", given.path);
    let request = given.server.request(Method::GET, &path);
    let response = request.header("x-user-key", &user.key).send().await;
    let mut response = response.expect("a stream");
    assert_eq!(response.status(), 200);
    let first = response.chunk().await.expect("a good stream");
    assert!(first.is_some());
    response
}

/// What a stream says until it ends.
async fn rest(mut response: reqwest::Response) -> String {
    let read = async {
        let mut text = String::new();
        while let Some(chunk) = response.chunk().await.expect("a good stream") {
            text.push_str(&String::from_utf8_lossy(&chunk));
        }
        text
    };
    with_timeout(PATIENCE, read).await.expect("an end")
}

/// A user whose key the owner of the installation signs, with these claims.
async fn signed(given: &Given, own: &str, exp: Option<i64>) -> User {
    let mut claims = json!({"id": "ann"});
    if let Some(exp) = exp {
        claims["exp"] = json!(exp);
    }
    let key = sign(own, &claims);
    let path = "/users/get-or-create";
    let made = given.call(Some(&key), Method::POST, path, Some(json!({})));
    assert!(made.await.status.is_success());
    User {
        id: "ann".to_owned(),
        key,
    }
}

#[tokio::test]
async fn a_stream_ends_when_its_key_does() {
    let (given, own) = own_keys(Given::new().await).await;
    let end = given.server.clock.now().as_seconds() + 10;
    let (short, long) = (
        signed(&given, &own, Some(end)).await,
        signed(&given, &own, None).await,
    );
    let id = given.conversation(&long).await;
    let (ends, stays) = (
        listen(&given, &short, &id).await,
        listen(&given, &long, &id).await,
    );
    given.server.clock.advance(Duration::from_secs(10));
    assert_eq!(rest(ends).await, "");
    given.say(&long, &id, "still here").await;
    given.delete(&long, &format!("/conversations/{id}")).await;
    assert!(rest(stays).await.contains("still here"));
}

#[tokio::test]
async fn a_stream_ends_when_the_key_is_rotated() {
    let (given, own) = own_keys(Given::new().await).await;
    let user = signed(&given, &own, None).await;
    let id = given.conversation(&user).await;
    let stream = listen(&given, &user, &id).await;
    // What does not change the key ends nothing.
    install(
        &given.server,
        &given.bot.id,
        json!({"encryptionKey": OWN_KEY}),
    )
    .await;
    given.say(&user, &id, "still here").await;
    let other = json!({"encryptionKey": "another-key-of-the-owner"});
    install(&given.server, &given.bot.id, other).await;
    assert!(rest(stream).await.contains("still here"));
}

#[tokio::test]
async fn a_stream_ends_with_its_installation() {
    let given = Given::new().await;
    let user = given.user().await;
    let id = given.conversation(&user).await;
    let stream = listen(&given, &user, &id).await;
    let chat = integration(&given.server).await;
    let body = json!({"integrations": {chat: {"enabled": false}}});
    let path = format!("/v1/admin/bots/{}", given.bot.id);
    let changed = Caller::member().put(&given.server, &path, body).await;
    changed.expect(200);
    assert_eq!(rest(stream).await, "");
}

#[tokio::test]
async fn the_operators_session_ends_with_its_key() {
    let production = |config: &mut parlance::config::Config| {
        config.server.profile = parlance::config::Profile::Production;
    };
    let ada = Ada::with(production).await;
    let (id, _) = ada.create(shop()).await;
    let path = format!("/platform/integrations/{id}");
    let fields = [("next", path.as_str()), ("operator_key", OPERATOR_KEY)];
    let signed_in = ada.send_form(&path, "/platform/sign-in", &fields).await;
    let signed_in = signed_in.expect(303);
    let cookie = signed_in.header("set-cookie").expect("a session");
    let cookie = cookie.split(';').next().expect("a cookie").to_owned();
    let open = || send(ada.visit(Method::GET, &path).header("cookie", &cookie));
    open().await.expect(200);
    revoke(&ada.server, OPERATOR_KEY).await;
    let shown = open().await.expect(401);
    assert!(shown.text.contains("Operator key"), "{}", shown.text);
}

#[tokio::test]
async fn a_streamed_answer_ends_with_its_key_and_is_not_stored() {
    let (speaker, told) = mpsc::channel(4);
    let told = Arc::new(tokio::sync::Mutex::new(told));
    let model = Model::start(Speech::AsTold(told)).await;
    let server = TestServer::with(|config| {
        config.answers.upstream.url = Some(model.url().parse().expect("a url"));
    })
    .await;
    let body = json!({"message": "Hello", "stream": true, "conversation_id": "kept"});
    let request = server.request(Method::POST, "/v1/chat");
    let response = request.bearer_auth(COHERE_KEY).json(&body).send().await;
    let mut response = response.expect("a stream");
    let first = response.chunk().await.expect("a good stream");
    let first = String::from_utf8_lossy(&first.expect("a beginning")).into_owned();
    assert!(first.contains("stream-start"), "{first}");
    revoke(&server, COHERE_KEY).await;
    speaker.send(delta("secret")).await.expect("it is read");
    let text = rest(response).await;
    assert!(text.contains("invalid api token"), "{text}");
    assert!(!text.contains("secret"), "{text}");
    assert_eq!(super::held::count(&server, "chat_turns"), 0);
}
