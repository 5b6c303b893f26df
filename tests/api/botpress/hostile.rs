//! Schemas, values and filters that are made to ask for much: each is answered with a 400 of bounded
//! size, and the server works on.

use parlance::domain::bots::{integrations::NewIntegration, manage::NewBot};
use serde_json::{Map, Value, json};

use super::{
    given::{Caller, Given},
    runtime::stand::Stand,
};
use crate::support::{Answer, TestServer};

/// The largest body of an error.
const LARGEST: usize = 16 * 1024;

/// A tree of two kinds of objects, told apart by a `const`.
fn tree() -> Value {
    let one = |kind: &str| {
        json!({"type": "object", "required": ["kind"], "properties": {
            "child": {"$ref": "#/$defs/node"}, "kind": {"const": kind}, "size": {"type": "integer"}}})
    };
    json!({"$defs": {"node": {"oneOf": [one("a"), one("b")]}}, "$ref": "#/$defs/node"})
}

/// Such a tree, 18 deep.
fn value(size: Value) -> Value {
    let mut value = json!({"kind": "a", "size": size});
    for level in 0..18 {
        let kind = ["a", "b"][level % 2];
        value = json!({"kind": kind, "child": value});
    }
    value
}

/// Alternatives in one another that ask for 2 to the power of `levels` checks of one value.
fn doubled(levels: usize) -> Value {
    let mut definitions = Map::from_iter([("l0".to_owned(), json!({"type": "string"}))]);
    for level in 1..=levels {
        let before = json!({"$ref": format!("#/$defs/l{}", level - 1)});
        definitions.insert(format!("l{level}"), json!({"anyOf": [before, before]}));
    }
    json!({"not": {"$ref": format!("#/$defs/l{levels}")}, "$defs": definitions})
}

fn trees_of_bot(bot: &mut NewBot) {
    let definition = json!({
        "events": {"grow": {"schema": tree()}},
        "states": {"wood": {"type": "bot", "schema": tree()}},
    });
    bot.definition = serde_json::from_value(definition).expect("a definition");
}

fn trees_of_integration(integration: &mut NewIntegration) {
    let schema = |schema: Value| serde_json::from_value(schema).expect("a schema");
    let definition = &mut integration.definition;
    let channel = definition.channels.get_mut("direct").expect("a channel");
    channel.messages.insert("tree".to_owned(), schema(tree()));
    let action = definition.actions.get_mut("whisper").expect("an action");
    action.input = schema(tree());
    let node = json!({"$ref": "#/$defs/node"});
    let configuration = json!({"properties": {"tree": node}, "$defs": tree()["$defs"]});
    definition.configuration.schema = schema(configuration);
}

async fn given() -> Given {
    let server = TestServer::start().await;
    Given::running(server, trees_of_bot, trees_of_integration).await
}

fn assert_bounded(answer: &Answer, part: &str) {
    assert_eq!(answer.status, 400, "{}", answer.text);
    assert!(answer.text.len() <= LARGEST, "{} bytes", answer.text.len());
    assert!(answer.text.contains(part), "{}", answer.text);
}

#[tokio::test]
async fn a_deep_value_of_a_recursive_schema_is_refused_without_trying_each_way() {
    let given = given().await;
    let server = &given.server;
    let (bot, integration) = (given.as_bot(), given.as_integration());
    let (user, conversation) = (given.user("1").await, given.conversation("1").await);
    let state = format!("/v1/chat/states/bot/{}/wood", given.bot.id);
    let calls = |size: Value| {
        let tree = value(size);
        [
            (
                &bot,
                "/v1/chat/events",
                json!({"type": "grow", "payload": tree}),
            ),
            (&bot, state.as_str(), json!({"payload": tree})),
            (
                &integration,
                "/v1/chat/messages",
                json!({"userId": user, "conversationId": conversation, "type": "tree",
                    "payload": tree, "tags": {}}),
            ),
        ]
    };
    for (caller, path, body) in calls(json!(1)) {
        let taken = caller.post(server, path, body).await;
        assert!(taken.status.is_success(), "{path}: {}", taken.text);
    }
    for (caller, path, body) in calls(json!("x")) {
        let refused = caller.post(server, path, body).await;
        assert_bounded(&refused, "and possibly more");
        assert_eq!(refused.json()["type"], "InvalidDataFormat", "{path}");
    }
    let action = json!({"type": "whint:whisper", "input": value(json!("x"))});
    let refused = bot.post(server, "/v1/chat/actions", action).await;
    assert_bounded(&refused, "and possibly more");
    let path = format!("/v1/admin/bots/{}", given.bot.id);
    let configured = |size: Value| {
        let configuration = json!({"tree": value(size)});
        json!({"integrations": {given.integration.id.as_str(): {"configuration": configuration}}})
    };
    let member = Caller::member();
    let refused = member.put(server, &path, configured(json!("x"))).await;
    assert_bounded(&refused, "configuration");
    member
        .put(server, &path, configured(json!(1)))
        .await
        .expect(200);
}

#[tokio::test]
async fn a_schema_that_asks_for_too_much_is_refused_where_it_is_stored() {
    let given = Given::new().await;
    let server = &given.server;
    let member = Caller::member();
    let bot = format!("/v1/admin/bots/{}", given.bot.id);
    let integration = format!("/v1/admin/integrations/{}", given.integration.id);
    let circle = json!({"allOf": [{"$ref": "#"}]});
    let pattern = json!({"properties": {"a": {"pattern": "(".repeat(2_000)}}});
    for (schema, part) in [
        (doubled(24), "schemas.max_work"),
        (circle, "leads back to itself"),
        (pattern, "nested at most 50 deep"),
    ] {
        for (path, body) in [
            (&bot, json!({"events": {"e": {"schema": schema}}})),
            (
                &bot,
                json!({"states": {"s": {"type": "bot", "schema": schema}}}),
            ),
            (
                &bot,
                json!({"configuration": {"data": {}, "schema": schema}}),
            ),
            (&integration, json!({"configuration": {"schema": schema}})),
            (&integration, json!({"events": {"e": {"schema": schema}}})),
            (
                &integration,
                json!({"actions": {"a": {
                "input": {"schema": {}}, "output": {"schema": schema}}}}),
            ),
            (
                &integration,
                json!({"channels": {"c": {"messages": {"m": {"schema": schema}}}}}),
            ),
        ] {
            let refused = member.put(server, path, body).await;
            assert_bounded(&refused, part);
            assert_eq!(refused.json()["type"], "InvalidJsonSchema");
        }
    }
    let few = TestServer::with(|config| config.schemas.max_work = 3).await;
    let schema = json!({"anyOf": [{}, {}, {}]});
    let body = json!({"events": {"e": {"schema": schema}}});
    let refused = member.post(&few, "/v1/admin/bots", body).await;
    assert_bounded(&refused, "at most 3 are allowed (schemas.max_work)");
}

#[tokio::test]
async fn steps_are_bounded_by_a_setting_and_shared_in_one_change() {
    let server = TestServer::with(|config| config.schemas.max_steps = 2_000).await;
    let given = Given::on(server).await;
    let server = &given.server;
    let path = format!("/v1/admin/bots/{}", given.bot.id);
    let schema = json!({"properties": {"list": {"items": {"type": "integer"}}}});
    let body = json!({"events": {"count": {"schema": schema}}});
    let member = Caller::member();
    member.put(server, &path, body).await.expect(200);
    let event = |items: usize| json!({"type": "count", "payload": {"list": vec![1; items]}});
    let bot = given.as_bot();
    bot.post(server, "/v1/chat/events", event(100))
        .await
        .expect(201);
    let refused = bot.post(server, "/v1/chat/events", event(5_000)).await;
    assert_bounded(&refused, "2000 steps to check (schemas.max_steps)");
    let recurring: Map<String, Value> = (0..4)
        .map(|number| {
            let event = json!({"type": "count", "schedule": {"cron": "* * * * *"},
                "payload": {"list": vec![1; 600]}});
            (format!("again{number}"), event)
        })
        .collect();
    let refused = member
        .put(server, &path, json!({"recurringEvents": recurring}))
        .await;
    assert_bounded(&refused, "1000 steps to check (schemas.max_steps)");
}

#[tokio::test]
async fn an_output_that_asks_for_much_is_a_failure_of_its_integration() {
    let stand = Stand::start().await;
    let server = TestServer::start().await;
    let given = Given::running(
        server,
        |bot| bot.dev = true,
        |integration| {
            trees_of_integration(integration);
            let action = integration.definition.actions.get_mut("whisper");
            let action = action.expect("an action");
            std::mem::swap(&mut action.input, &mut action.output);
            integration.url = Some(stand.url().to_owned());
            integration.dev = true;
        },
    )
    .await;
    let ask = async |output: String| {
        stand.answer_with(200, &format!("{{\"output\":{output}}}"));
        let body = json!({"type": "whint:whisper", "input": {}});
        given
            .as_bot()
            .post(&given.server, "/v1/chat/actions", body)
            .await
    };
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let bare = json!({"kind": "a", "size": vec!["x"; 200_000]}).to_string();
    for (output, part) in [
        (
            value(json!("x")).to_string(),
            "whisper does not match its schema",
        ),
        (deep, "is not JSON"),
        (bare, "whisper does not match its schema"),
    ] {
        let refused = ask(output).await;
        assert_bounded(&refused, part);
        assert_eq!(refused.json()["type"], "Runtime", "{}", refused.text);
    }
    ask(value(json!(1)).to_string()).await.expect(200);
}

#[tokio::test]
async fn many_broken_rules_are_told_of_and_not_listed() {
    let given = Given::new().await;
    let tags: Map<String, Value> = (0..20_000).map(|n| (format!("tag{n}"), json!(n))).collect();
    let body = json!({"tags": tags, "name": "n".repeat(1_000)});
    let refused = given
        .as_integration()
        .post(&given.server, "/v1/chat/users", body)
        .await;
    assert_bounded(&refused, "and at least 980 more");
    let deep = "[".repeat(100_000);
    let body = format!("{{\"type\": \"reminder\", \"payload\": {{\"text\": {deep}}}}}");
    let sent = given
        .server
        .request(reqwest::Method::POST, "/v1/chat/events")
        .bearer_auth(&given.bot_token)
        .header("x-bot-id", given.bot.id.as_str())
        .header("content-type", "application/json")
        .body(body);
    assert_bounded(&crate::support::send(sent).await, "recursion limit");
}

#[tokio::test]
async fn filters_of_lists_are_refused_above_a_number() {
    let given = Given::new().await;
    let bot = given.as_bot();
    let tags = |number: usize| {
        let each = (0..number).map(|n| format!("tags.t{n}=x"));
        each.collect::<Vec<_>>().join("&")
    };
    for list in ["users", "conversations", "messages"] {
        for number in [51, 990] {
            let path = format!("/v1/chat/{list}?{}", tags(number));
            let refused = bot.get(&given.server, &path).await;
            assert_bounded(&refused, "at most 50 values (bots.max_filters)");
        }
        let path = format!("/v1/chat/{list}?{}", tags(50));
        bot.get(&given.server, &path).await.expect(200);
    }
    let people = |number: usize| {
        let each = (0..number).map(|n| format!("participantIds={n}"));
        format!(
            "/v1/chat/conversations?{}",
            each.collect::<Vec<_>>().join("&")
        )
    };
    bot.get(&given.server, &people(50)).await.expect(200);
    let refused = bot.get(&given.server, &people(1_000)).await;
    assert_bounded(&refused, "at most 50 values (bots.max_filters)");
}

#[tokio::test]
async fn a_long_cron_expression_is_refused() {
    let given = Given::new().await;
    let path = format!("/v1/admin/bots/{}", given.bot.id);
    let cron = format!("{} * * * *", vec!["1"; 100_000].join(","));
    let event = json!({"type": "reminder", "schedule": {"cron": cron}, "payload": {}});
    let body = json!({"recurringEvents": {"again": event}});
    let refused = Caller::member().put(&given.server, &path, body).await;
    assert_bounded(&refused, "at most 500 bytes");
}
