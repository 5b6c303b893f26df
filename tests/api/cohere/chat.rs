//! `POST /v1/chat`, answered as a whole.

use parlance::domain::tenancy::api_keys::KeyKind;
use proptest::{prelude::*, test_runner::TestRunner};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    connector::{Connector, Reply},
    created, plain,
};
use crate::support::{Answer, TestServer, assert_answer};

/// What the handbook's connector finds.
pub fn handbook() -> Value {
    json!({"results": [
        {
            "id": 7,
            "title": "Backups",
            "text": "Backups are made every night. They are kept for 30 days. 😀 is not a word.",
            "tags": ["it", "night"],
            "internal": "The owner's secret name is Rumpelstiltskin.",
        },
        {"id": "b", "title": "Lunch", "text": "Lunch is at noon. On Fridays there is fish.", "page": 3},
    ]})
}

pub async fn reply(connector: &Connector, answer: Value) {
    connector.reply(Reply::With(200, None, answer.to_string()));
}

/// A server with a connector that finds the handbook, and its id.
pub async fn with_handbook() -> (TestServer, Connector, String) {
    let server = TestServer::start().await;
    let (connector, id) = registered(&server, "Handbook", json!({})).await;
    reply(&connector, handbook()).await;
    (server, connector, id)
}

/// Registers a running connector with these members besides.
pub async fn registered(server: &TestServer, name: &str, more: Value) -> (Connector, String) {
    let connector = Connector::start().await;
    let mut body = plain(name, &connector.url());
    body.as_object_mut()
        .expect("an object")
        .extend(more.as_object().expect("an object").clone());
    let created = created(server, body).await;
    (connector, created["id"].as_str().expect("an id").to_owned())
}

pub async fn chat(server: &TestServer, body: Value) -> Answer {
    server.cohere(Method::POST, "/chat", Some(body)).await
}

/// An answer with the random part of connector ids taken out.
fn steady(mut answer: Answer, ids: &[(&str, &str)]) -> Answer {
    for (id, name) in ids {
        answer.text = answer.text.replace(id, name);
    }
    answer
}

#[tokio::test]
async fn chat_answers_from_a_connector() {
    let (server, connector, id) = with_handbook().await;
    let body = json!({
        "message": "How long are backups kept?",
        "connectors": [{"id": id}],
        "chat_history": [{"role": "USER", "message": "Hi"}, {"role": "CHATBOT", "message": "Hello!"}],
    });
    let answer = chat(&server, body).await;
    assert_answer!("from_connector", steady(answer, &[(&id, "handbook")]));
    assert_eq!(
        connector.asked().last().expect("a call").body,
        json!({"query": "How long are backups kept?"})
    );
}

#[tokio::test]
async fn chat_answers_from_documents() {
    let server = TestServer::start().await;
    let body = json!({
        "message": "When is lunch?",
        "documents": [
            {"id": "menu", "snippet": "Lunch is at noon.", "secret": "Lunch is free.", "_excludes": ["secret"]},
            {"snippet": "The door is red.", "number": 5},
        ],
    });
    assert_answer!("from_documents", chat(&server, body).await);
}

#[tokio::test]
async fn chat_says_what_it_would_search_for() {
    let (server, connector, id) = with_handbook().await;
    let asked = connector.asked().len();
    let body = json!({
        "message": "And how long are they kept?",
        "chat_history": [{"role": "USER", "message": "How are backups made?"}],
        "connectors": [{"id": id}],
        "search_queries_only": true,
    });
    assert_answer!("queries_only", chat(&server, body).await);
    let courtesy = json!({"message": "Thank you!", "search_queries_only": true});
    let answer = chat(&server, courtesy).await.expect(200).json();
    assert_eq!(answer["is_search_required"], false);
    assert_eq!(answer["search_queries"], json!([]));
    assert_eq!(connector.asked().len(), asked);
}

#[tokio::test]
async fn chat_answers_without_a_hit() {
    let server = TestServer::start().await;
    let (connector, id) = registered(&server, "Empty", json!({})).await;
    reply(&connector, json!({"results": []})).await;
    let body = json!({"message": "Who is the king?", "connectors": [{"id": id}]});
    let answer = chat(&server, body).await;
    assert_answer!("nothing_found", steady(answer, &[(&id, "empty")]));
}

#[tokio::test]
async fn chat_tells_what_failed_and_goes_on() {
    let (server, _, id) = with_handbook().await;
    let (broken, broken_id) = registered(&server, "Broken", json!({})).await;
    let problem = json!({"title": "Bad Gateway", "detail": "The index is closed"}).to_string();
    broken.reply(Reply::With(502, None, problem));
    let connectors =
        |goes_on: Value| json!([{"id": id}, {"id": broken_id, "continue_on_failure": goes_on}]);
    let ids = [(id.as_str(), "handbook"), (broken_id.as_str(), "broken")];

    let body =
        json!({"message": "How long are backups kept?", "connectors": connectors(json!(true))});
    assert_answer!("goes_on", steady(chat(&server, body).await, &ids));

    // As the connector is set: it does not go on.
    let body = json!({"message": "backups", "connectors": connectors(Value::Null)});
    assert_answer!("does_not_go_on", steady(chat(&server, body).await, &ids));
    let path = format!("/connectors/{broken_id}");
    let goes_on = json!({"continue_on_failure": true});
    server
        .cohere(Method::PATCH, &path, Some(goes_on))
        .await
        .expect(200);
    let body = json!({"message": "backups", "connectors": connectors(Value::Null)});
    chat(&server, body).await.expect(200);
    let body = json!({"message": "backups", "connectors": connectors(json!(false))});
    chat(&server, body).await.expect(400);
}

#[tokio::test]
async fn chat_does_not_ask_an_inactive_connector() {
    let (server, connector, id) = with_handbook().await;
    let path = format!("/connectors/{id}");
    server
        .cohere(Method::PATCH, &path, Some(json!({"active": false})))
        .await
        .expect(200);
    let asked = connector.asked().len();
    let body = json!({"message": "backups", "connectors": [{"id": id}]});
    let answer = chat(&server, body).await;
    assert_answer!("inactive", steady(answer, &[(&id, "handbook")]));
    let body =
        json!({"message": "backups", "connectors": [{"id": id, "continue_on_failure": true}]});
    let answer = chat(&server, body).await.expect(200).json();
    assert_eq!(
        answer["search_results"][0]["error_message"],
        "connector is not active"
    );
    assert_eq!(connector.asked().len(), asked);
}

#[tokio::test]
async fn chat_keeps_excluded_fields_out_of_the_answer() {
    let server = TestServer::start().await;
    let (connector, id) = registered(&server, "Handbook", json!({"excludes": ["internal"]})).await;
    reply(&connector, handbook()).await;
    let body = json!({"message": "What is the secret name?", "connectors": [{"id": id}]});
    let answer = chat(&server, body).await.expect(200).json();
    assert!(
        !answer["text"].to_string().contains("Rumpelstiltskin"),
        "{answer}"
    );
    assert!(
        answer["documents"].to_string().contains("Rumpelstiltskin"),
        "{answer}"
    );
}

#[tokio::test]
async fn chat_passes_the_users_token_and_options_on() {
    let (server, connector, id) = with_handbook().await;
    let body = json!({"message": "backups", "connectors": [
        {"id": id, "user_access_token": "the-user-s-own", "options": {"site": "example.com"}},
    ]});
    chat(&server, body).await.expect(200);
    let asked = connector.asked().pop().expect("a call");
    assert_eq!(
        asked.authorization.as_deref(),
        Some("Bearer the-user-s-own")
    );
    assert_eq!(asked.body["options"], json!({"site": "example.com"}));
}

#[tokio::test]
async fn chat_keeps_a_conversation() {
    let (mut server, connector, id) = with_handbook().await;
    let ask = |message: &str| json!({"message": message, "conversation_id": "c-1", "connectors": [{"id": id}]});
    let first = chat(&server, ask("How are backups made?"))
        .await
        .expect(200)
        .json();
    assert_eq!(first["conversation_id"], "c-1");
    server.restart().await;
    let second = chat(&server, ask("How long is it kept?"))
        .await
        .expect(200)
        .json();
    let history = second["chat_history"].as_array().expect("turns");
    assert_eq!(history.len(), 4);
    assert_eq!(history[1]["message"], first["text"]);
    assert_eq!(
        connector.asked().pop().expect("a call").body["query"],
        "How long is it kept? backups made"
    );

    // Another organization has a conversation of its own by this name.
    let other = server.other_workspace_with(KeyKind::Cohere).await;
    let alone = json!({"message": "hello there", "conversation_id": "c-1"});
    let answer = server
        .cohere_as(&other, Method::POST, "/chat", Some(alone))
        .await;
    let answer = answer.expect(200).json();
    assert_eq!(answer["chat_history"].as_array().expect("turns").len(), 2);
}

#[tokio::test]
async fn chat_means_the_operators_connector_by_web_search() {
    let (mut server, _, id) = with_handbook().await;
    let body =
        json!({"message": "How long are backups kept?", "connectors": [{"id": "web-search"}]});
    let unknown = chat(&server, body.clone()).await.expect(404).json();
    assert_eq!(unknown["message"], "connector 'web-search' not found.");
    server.config.connectors.web_search = Some(id);
    server.restart().await;
    let answer = chat(&server, body).await.expect(200).json();
    assert_eq!(answer["search_results"][0]["connector"]["id"], "web-search");
    assert_eq!(answer["documents"][0]["id"], "web-search_0");
}

#[tokio::test]
async fn chat_takes_null_for_absent() {
    let server = TestServer::start().await;
    // What version 4 of the client sends (cohere.md §2).
    let body = json!({
        "message": "When is lunch?", "chat_history": null, "conversation_id": "", "model": null,
        "return_chat_history": false, "return_prompt": false, "return_preamble": false,
        "preamble_override": null, "preamble": null, "temperature": null, "max_tokens": null,
        "stream": false, "user_name": null, "p": null, "k": null, "logit_bias": null,
        "search_queries_only": null, "documents": null, "citation_quality": null,
        "prompt_truncation": null, "connectors": null, "tools": null, "tool_results": null,
        "force_single_step": null, "raw_prompting": null, "seed": null, "stop_sequences": null,
    });
    let answer = chat(&server, body).await.expect(200).json();
    assert_eq!(answer.get("conversation_id"), None);
    assert_eq!(answer.get("message"), None);
}

#[tokio::test]
async fn chat_refuses_what_it_cannot_do() {
    let server = TestServer::start().await;
    let refused = [
        json!({}),
        json!({"message": ""}),
        json!({"message": 5}),
        json!({"message": "x", "tools": [{"name": "calculator"}]}),
        json!({"message": "x", "tool_results": [{}]}),
        json!({"message": "x", "response_format": {"type": "json_object"}}),
        json!({"message": "x", "raw_prompting": true}),
        json!({"message": "x", "citation_quality": "best"}),
        json!({"message": "x", "prompt_truncation": "SOME"}),
        json!({"message": "x", "chat_history": [{"role": "TOOL", "message": "x"}]}),
        json!({"message": "x", "connectors": [{"id": ""}]}),
        json!({"message": "x", "connectors": [{"continue_on_failure": true}]}),
        json!({"message": "x", "documents": ["text"]}),
        json!({"message": "x", "connectors": vec![json!({"id": "a"}); 51]}),
    ];
    let mut told = String::new();
    for body in refused {
        let answer = chat(&server, body).await.expect(400).json();
        told.push_str(answer["message"].as_str().expect("a message"));
        told.push('\n');
    }
    insta::assert_snapshot!("refused", told);
}

#[tokio::test]
async fn chat_needs_a_key_and_a_connector_of_the_organization() {
    let (server, _, id) = with_handbook().await;
    let body = json!({"message": "backups", "connectors": [{"id": id}]});
    let other = server.other_workspace_with(KeyKind::Cohere).await;
    let answer = server
        .cohere_as(&other, Method::POST, "/chat", Some(body.clone()))
        .await;
    assert_answer!("other_organization", steady(answer, &[(&id, "handbook")]));
    server
        .cohere_as("nobody", Method::POST, "/chat", Some(body))
        .await
        .expect(401);
}

#[tokio::test]
async fn chat_is_found_without_and_with_a_second_prefix() {
    let server = TestServer::start().await;
    for path in ["/chat", "/v1/chat", "/v1/v1/chat"] {
        let request = server
            .request(Method::POST, path)
            .bearer_auth(crate::support::COHERE_KEY);
        let answer = crate::support::send(request.json(&json!({"message": "hello"}))).await;
        answer.expect(200);
    }
}

#[tokio::test]
async fn chat_uses_no_more_documents_than_set() {
    let server = TestServer::with(|config| config.answers.max_documents = 3).await;
    let (connector, id) = registered(&server, "Many", json!({})).await;
    let results: Vec<Value> = (0..20)
        .map(|number| json!({"text": format!("Oak number {number}.")}))
        .collect();
    reply(&connector, json!({"results": results})).await;
    let body = json!({"message": "Which oak has number 17?", "connectors": [{"id": id}]});
    let answer = chat(&server, body).await.expect(200).json();
    let ids: Vec<&Value> = answer["documents"]
        .as_array()
        .expect("documents")
        .iter()
        .map(|found| &found["id"])
        .collect();
    assert_eq!(ids.len(), 3);
    assert_eq!(ids[0], &json!(format!("{id}_17")));
    assert_eq!(
        answer["search_results"][0]["document_ids"]
            .as_array()
            .expect("ids")
            .len(),
        3
    );
}

/// Emoji, Chinese and accents: the part of the text between a citation's offsets, counted in code
/// points as Python does, is the citation's text.
#[tokio::test]
async fn chat_counts_code_points() {
    let server = TestServer::start().await;
    let handle = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || {
        let mut runner = TestRunner::new(ProptestConfig::with_cases(64));
        let sentence = "[a-zé😀👩‍👧東京都の ]{0,20}東京[a-z😀]{0,9}[.!?。]";
        let texts = prop::collection::vec(sentence, 1..6);
        let checked = runner.run(&texts, |texts| {
            let documents: Vec<Value> = texts.iter().map(|text| json!({"text": text})).collect();
            let body = json!({"message": "東京はどこ？", "documents": documents});
            let answer = handle.block_on(chat(&server, body)).expect(200).json();
            let text: Vec<char> = answer["text"].as_str().expect("a text").chars().collect();
            let citations = answer["citations"].as_array().expect("citations");
            prop_assert!(!citations.is_empty());
            for citation in citations {
                let at = |name: &str| {
                    usize::try_from(citation[name].as_u64().expect("a number")).expect("it fits")
                };
                let part: String = text[at("start")..at("end")].iter().collect();
                prop_assert_eq!(&json!(part), &citation["text"]);
            }
            Ok(())
        });
        checked.expect("offsets are right");
    })
    .await
    .expect("it ends");
}

#[tokio::test]
async fn chat_takes_what_older_clients_send() {
    let server = TestServer::start().await;
    let body = json!({
        "message": "When is lunch?", "seed": 42.0, "max_tokens": 5.0,
        "documents": [{"text": "Lunch is at noon."}],
        "chat_history": [
            {"user_name": "User", "message": "Hi"},
            {"user_name": "Chatbot", "message": "Hello!"},
            {"role": "CHATBOT", "message": "Hello again!", "tool_calls": []},
        ],
    });
    let answer = chat(&server, body).await.expect(200).json();
    assert_eq!(answer["text"], "Lunch is at noon.");
    assert_eq!(answer["chat_history"][0]["role"], "USER");
    assert_eq!(answer["chat_history"].as_array().expect("turns").len(), 5);

    let mut told = String::new();
    for body in [
        json!({"message": "x", "max_tokens": -1}),
        json!({"message": "x", "max_tokens": 1.5}),
        json!({"message": "x", "seed": 1e300}),
        json!({"message": "x", "seed": "7"}),
        json!({"message": "x", "documents": [{"text": "y"}, {}]}),
        json!({"message": "x", "chat_history": [{"role": "TOOL", "tool_results": [{"call": {}}]}]}),
        json!({"message": "x", "chat_history": [{"role": "CHATBOT", "tool_calls": [{"name": "f"}]}]}),
        json!({"message": "x", "chat_history": [{"message": "y"}]}),
        json!({"message": "x", "chat_history": [{"role": "USER"}]}),
    ] {
        let answer = chat(&server, body).await.expect(400).json();
        told.push_str(answer["message"].as_str().expect("a message"));
        told.push('\n');
    }
    insta::assert_snapshot!("refused_of_older_clients", told);
}

#[tokio::test]
async fn chat_searches_for_each_question() {
    let (server, connector, id) = with_handbook().await;
    let asked = connector.asked().len();
    let message = "When is lunch? How long are the backups kept?";
    let body = json!({"message": message, "search_queries_only": true});
    let answer = chat(&server, body).await.expect(200).json();
    let queries: Vec<&Value> = answer["search_queries"]
        .as_array()
        .expect("queries")
        .iter()
        .map(|query| &query["text"])
        .collect();
    assert_eq!(
        queries,
        ["When is lunch?", "How long are the backups kept?"]
    );
    let body = json!({"message": message, "connectors": [{"id": id}]});
    let answer = chat(&server, body).await.expect(200).json();
    assert_eq!(connector.asked().len(), asked + 2);
    let text = answer["text"].as_str().expect("a text");
    assert!(text.contains("noon") && text.contains("30 days"), "{text}");
}
