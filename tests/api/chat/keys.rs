//! User keys: those that the server signs, and those that the installation's owner signs.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Sha256, Sha512};

use super::given::{Given, install};
use crate::support::assert_answer;

/// The key that owners of installations sign with here.
pub const OWN_KEY: &str = "the-owners-own-key";

/// The same bot with a chat whose owner signs the keys, and the key for it.
pub async fn own_keys(mut given: Given) -> (Given, String) {
    let configuration = json!({"encryptionKey": OWN_KEY});
    given.path = install(&given.server, &given.bot.id, configuration).await;
    (given, OWN_KEY.to_owned())
}

pub fn sign(key: &str, claims: &Value) -> String {
    sign_with::<Hmac<Sha256>>("HS256", key, claims)
}

/// Signs as the clients do, without the crate that the server verifies with.
fn sign_with<M: Mac + KeyInit>(algorithm: &str, key: &str, claims: &Value) -> String {
    let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let header = json!({"alg": algorithm, "typ": "JWT"});
    let text = format!("{}.{}", part(&header), part(claims));
    let mut mac = <M as KeyInit>::new_from_slice(key.as_bytes()).expect("a key");
    mac.update(text.as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
    format!("{text}.{signature}")
}

#[tokio::test]
async fn an_owners_key_makes_the_user_that_it_names() {
    let (given, own) = own_keys(Given::new().await).await;
    let key = sign(&own, &json!({"id": "customer/17"}));
    let call = |method, path, body| given.call(Some(&key), method, path, body);
    let early = call(Method::GET, "/users/me", None).await;
    assert_answer!("not_yet", early.expect(401));
    let body = Some(json!({"name": "Ann"}));
    let made = call(Method::POST, "/users/get-or-create", body).await;
    assert_answer!("made", made.expect(201));
    call(Method::GET, "/users/me", None).await.expect(200);
    let bad = sign(&own, &json!({"id": "not an id"}));
    let refused = given.call(
        Some(&bad),
        Method::POST,
        "/users/get-or-create",
        Some(json!({})),
    );
    assert_answer!("bad_id", refused.await.expect(400));
    let bot = sign(&own, &json!({"id": given.bot.id}));
    let refused = given.call(
        Some(&bot),
        Method::POST,
        "/users/get-or-create",
        Some(json!({})),
    );
    refused.await.expect(409);
}

#[tokio::test]
async fn only_an_owner_makes_users_where_it_signs() {
    let (given, _) = own_keys(Given::new().await).await;
    let answer = given
        .call(None, Method::POST, "/users", Some(json!({})))
        .await;
    assert_answer!(answer.expect(401));
}

#[tokio::test]
async fn keys_that_are_not_good_open_nothing() {
    let (given, own) = own_keys(Given::new().await).await;
    let ann = json!({"id": "ann"});
    let good = sign(&own, &ann);
    let body = Some(json!({}));
    let made = given.call(Some(&good), Method::POST, "/users/get-or-create", body);
    made.await.expect(201);
    let now = given.server.clock.now().as_seconds();
    let unsigned = {
        let claims = good.split('.').nth(1).expect("claims");
        format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}.")
    };
    for key in [
        sign("another key", &ann),
        sign_with::<Hmac<Sha512>>("HS512", &own, &ann),
        sign(&own, &json!({"id": "ann", "exp": now - 1})),
        sign(&own, &json!({"id": "ann", "nbf": now + 60})),
        sign(&own, &json!({"id": 5})),
        sign(&own, &json!({"sub": "ann"})),
        unsigned,
        format!("{good}x"),
        String::new(),
    ] {
        let answer = given.call(Some(&key), Method::GET, "/users/me", None).await;
        assert_eq!(answer.status, 401, "{key}");
    }
    let ends = sign(&own, &json!({"id": "ann", "exp": now + 60}));
    let call = || given.call(Some(&ends), Method::GET, "/users/me", None);
    call().await.expect(200);
    given
        .server
        .clock
        .advance(std::time::Duration::from_secs(61));
    call().await.expect(401);
}

#[tokio::test]
async fn a_key_of_the_server_ends_when_the_owner_signs() {
    let given = Given::new().await;
    let user = given.user().await;
    let (given, own) = own_keys(given).await;
    given.get(&user, "/users/me").await.expect(401);
    // The owner may sign for those who are there.
    let key = sign(&own, &json!({"id": user.id}));
    let found = given.call(Some(&key), Method::GET, "/users/me", None).await;
    assert_eq!(found.expect(200).json()["user"]["id"], user.id.as_str());
}
