//! No user sees what another one's conversations have in them: users do things at random, and what each
//! of them sees is compared with what a simple model says it may see.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::json;

use super::given::{Given, User, message, text};

const USERS: usize = 3;
const CONVERSATIONS: usize = 3;

/// What a user does with a conversation.
#[derive(Debug, Clone)]
enum Deed {
    Write(usize, usize),
    LetIn(usize, usize, usize),
    TakeOut(usize, usize, usize),
    Tell(usize, usize),
}

fn deed() -> impl Strategy<Value = Deed> {
    let (user, conversation) = (0..USERS, 0..CONVERSATIONS);
    prop_oneof![
        3 => (user.clone(), conversation.clone()).prop_map(|(u, c)| Deed::Write(u, c)),
        2 => (user.clone(), conversation.clone(), user.clone())
            .prop_map(|(u, c, other)| Deed::LetIn(u, c, other)),
        1 => (user.clone(), conversation.clone(), user.clone())
            .prop_map(|(u, c, other)| Deed::TakeOut(u, c, other)),
        1 => (user, conversation).prop_map(|(u, c)| Deed::Tell(u, c)),
    ]
}

/// Who is in which conversation, and what was written there.
struct Model {
    owners: Vec<usize>,
    inside: Vec<BTreeSet<usize>>,
    messages: Vec<Vec<String>>,
    events: Vec<Vec<String>>,
}

async fn run(given: &Given, deeds: Vec<Deed>) {
    let mut users: Vec<User> = Vec::new();
    for _ in 0..USERS {
        users.push(given.user().await);
    }
    let (mut ids, mut model) = (
        Vec::new(),
        Model {
            owners: Vec::new(),
            inside: Vec::new(),
            messages: vec![Vec::new(); CONVERSATIONS],
            events: vec![Vec::new(); CONVERSATIONS],
        },
    );
    for conversation in 0..CONVERSATIONS {
        let owner = conversation % USERS;
        ids.push(given.conversation(&users[owner]).await);
        model.owners.push(owner);
        model.inside.push([owner].into());
    }
    for deed in deeds {
        apply(given, &users, &ids, &mut model, deed).await;
    }
    for (index, user) in users.iter().enumerate() {
        check(given, (index, user), &ids, &model).await;
    }
}

async fn apply(given: &Given, users: &[User], ids: &[String], model: &mut Model, deed: Deed) {
    let status = |allowed: bool, good: u16| if allowed { good } else { 403 };
    match deed {
        Deed::Write(by, into) => {
            let allowed = model.inside[into].contains(&by);
            let body = message(&ids[into], "x");
            let answer = given.post(&users[by], "/messages", body).await;
            let answer = answer.expect(status(allowed, 201)).json();
            if allowed {
                model.messages[into].push(text(&answer["message"]["id"]));
            }
        }
        Deed::Tell(by, into) => {
            let allowed = model.inside[into].contains(&by);
            let body = json!({"conversationId": ids[into], "payload": {}});
            let answer = given.post(&users[by], "/events", body).await;
            let answer = answer.expect(status(allowed, 201)).json();
            if allowed {
                model.events[into].push(text(&answer["event"]["id"]));
            }
        }
        Deed::LetIn(by, into, other) => {
            let allowed = model.owners[into] == by;
            let path = format!("/conversations/{}/participants", ids[into]);
            let body = json!({"userId": users[other].id});
            let answer = given.post(&users[by], &path, body).await;
            answer.expect(status(allowed, 200));
            if allowed {
                model.inside[into].insert(other);
            }
        }
        Deed::TakeOut(by, from, other) => {
            let path = format!(
                "/conversations/{}/participants/{}",
                ids[from], users[other].id
            );
            let answer = given.delete(&users[by], &path).await;
            let expected = match model.owners[from] == by {
                false => 403,
                true if other == by => 400,
                true if model.inside[from].remove(&other) => 200,
                true => 404,
            };
            answer.expect(expected);
        }
    }
}

async fn check(given: &Given, (index, user): (usize, &User), ids: &[String], model: &Model) {
    let listed = given.get(user, "/conversations").await.expect(200).json();
    let listed: BTreeSet<String> = listed["conversations"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| text(&one["id"]))
        .collect();
    let own = (0..CONVERSATIONS).filter(|c| model.owners[*c] == index);
    assert_eq!(listed, own.map(|c| ids[c].clone()).collect());
    let mut expected = BTreeMap::new();
    for (conversation, id) in ids.iter().enumerate() {
        let inside = model.inside[conversation].contains(&index);
        let status = if inside { 200 } else { 403 };
        for part in ["", "/messages", "/participants"] {
            expected.insert(format!("/conversations/{id}{part}"), status);
        }
        if !inside {
            expected.insert(format!("/conversations/{id}/listen"), status);
        }
        let messages = model.messages[conversation].iter();
        expected.extend(messages.map(|id| (format!("/messages/{id}"), status)));
        let events = model.events[conversation].iter();
        expected.extend(events.map(|id| (format!("/events/{id}"), status)));
    }
    for (path, status) in expected {
        let answer = given.get(user, &path).await;
        assert_eq!(answer.status.as_u16(), status, "{path} {}", answer.text);
        assert_eq!(status == 200, !answer.text.contains("Forbidden"));
    }
}

#[test]
fn a_user_sees_the_conversations_that_it_takes_part_in_and_no_others() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let given = runtime.block_on(Given::new());
    let mut config = ProptestConfig::with_cases(12);
    config.failure_persistence = None;
    proptest!(config, |(deeds in prop::collection::vec(deed(), 1..16))| {
        runtime.block_on(run(&given, deeds));
    });
}
