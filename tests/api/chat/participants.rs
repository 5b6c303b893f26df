//! `/conversations/{id}/participants`.

use serde_json::json;

use super::given::{Given, message};
use crate::support::assert_answer;

#[tokio::test]
async fn add_participant_lets_in() {
    let given = Given::new().await;
    let ann = given.user().await;
    let bob = given.user_with(json!({"id": "bob", "name": "Bob"})).await;
    let id = given.conversation(&ann).await;
    let write = || given.post(&bob, "/messages", message(&id, "hi"));
    assert_answer!("outside", write().await.expect(403));
    let path = format!("/conversations/{id}/participants");
    let body = json!({"userId": "bob"});
    assert_answer!(given.post(&ann, &path, body.clone()).await.expect(200));
    write().await.expect(201);
    let other = given.post(&bob, &path, json!({"userId": ann.id})).await;
    assert_answer!("not_the_owner", other.expect(403));
    let unknown = given.post(&ann, &path, json!({"userId": "eve"})).await;
    assert_answer!("unknown", unknown.expect(400));
    // The bot is nobody's to add: it comes with what it writes.
    let bot = json!({"userId": given.bot.id});
    given.post(&ann, &path, bot).await.expect(400);
    let none = given.post(&ann, &path, json!({})).await;
    assert_answer!("no_user", none.expect(400));
    let missing = given.post(&ann, "/conversations/x/participants", body);
    missing.await.expect(404);
}

#[tokio::test]
async fn remove_participant_takes_out() {
    let given = Given::new().await;
    let (ann, bob) = (given.user().await, given.user().await);
    let id = given.conversation(&ann).await;
    let path = format!("/conversations/{id}/participants");
    let let_in = given.post(&ann, &path, json!({"userId": bob.id}));
    let_in.await.expect(200);
    let of = |user: &str| format!("{path}/{user}");
    let not_owner = given.delete(&bob, &of(&ann.id)).await;
    not_owner.expect(403);
    assert_answer!(given.delete(&ann, &of(&bob.id)).await.expect(200));
    let write = given.post(&bob, "/messages", message(&id, "hi"));
    write.await.expect(403);
    let gone = given.delete(&ann, &of(&bob.id)).await;
    assert_answer!("not_there", gone.expect(404));
    let own = given.delete(&ann, &of(&ann.id)).await;
    assert_answer!("the_owner", own.expect(400));
}

#[tokio::test]
async fn get_participant_is_for_the_owner() {
    let given = Given::echo().await;
    let ann = given.user().await;
    let bob = given.user_with(json!({"id": "bob", "name": "Bob"})).await;
    let id = given.conversation(&ann).await;
    let path = format!("/conversations/{id}/participants");
    let of = |user: &str| format!("{path}/{user}");
    given.get(&ann, &of("bob")).await.expect(404);
    let let_in = given.post(&ann, &path, json!({"userId": "bob"}));
    let_in.await.expect(200);
    assert_answer!(given.get(&ann, &of("bob")).await.expect(200));
    given.get(&bob, &of("bob")).await.expect(403);
    given.get(&ann, &of("eve")).await.expect(404);
    given.say(&ann, &id, "hello").await;
    given.settled().await;
    let bot = given.get(&ann, &of(given.bot.id.as_str())).await;
    bot.expect(200);
}

#[tokio::test]
async fn list_participants_is_for_those_who_take_part() {
    let given = Given::echo().await;
    let ann = given.user_with(json!({"id": "ann"})).await;
    let bob = given.user_with(json!({"id": "bob"})).await;
    let id = given.conversation(&ann).await;
    let path = format!("/conversations/{id}/participants");
    given.get(&bob, &path).await.expect(403);
    let let_in = given.post(&ann, &path, json!({"userId": "bob"}));
    let_in.await.expect(200);
    given.say(&ann, &id, "hello").await;
    given.settled().await;
    assert_answer!(given.get(&bob, &path).await.expect(200));
}

#[tokio::test]
async fn list_participants_pages() {
    let given = Given::new().await;
    let ann = given.user_with(json!({"id": "ann"})).await;
    let id = given.conversation(&ann).await;
    let path = format!("/conversations/{id}/participants");
    for _ in 0..20 {
        let user = given.user().await;
        let let_in = given.post(&ann, &path, json!({"userId": user.id}));
        let_in.await.expect(200);
    }
    let page = given.get(&ann, &path).await.expect(200).json();
    assert_eq!(page["participants"].as_array().map(Vec::len), Some(20));
    let token = page["meta"]["nextToken"].as_str().expect("a token");
    let token: String = url::form_urlencoded::byte_serialize(token.as_bytes()).collect();
    let next = given.get(&ann, &format!("{path}?nextToken={token}")).await;
    let next = next.expect(200).json();
    assert_eq!(next["participants"][0]["id"], "ann");
    assert_eq!(next["meta"], json!({}));
}
