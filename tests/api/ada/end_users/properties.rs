//! Properties: a walk through the list shows each end user once however they come and go, and one
//! agent never sees another's.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{prelude::*, test_runner::TestCaseResult};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::{call, created, deletion, get, id_of, other_agent, unlimited, v2};
use crate::support::{ADA_KEY, TestServer};

#[derive(Debug, Clone)]
enum Step {
    Create(usize),
    Rename(usize, usize),
    Erase(usize, usize),
    Read(usize, usize),
    List(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let both = || (0..2_usize, 0..20_usize);
    let step = prop_oneof![
        3 => (0..2_usize).prop_map(Step::Create),
        1 => both().prop_map(|(agent, at)| Step::Rename(agent, at)),
        1 => both().prop_map(|(agent, at)| Step::Erase(agent, at)),
        2 => both().prop_map(|(agent, at)| Step::Read(agent, at)),
        1 => (0..2_usize).prop_map(Step::List),
    ];
    prop::collection::vec(step, 1..25)
}

/// Two agents and the names that each of them should see.
struct World {
    server: TestServer,
    keys: [String; 2],
    owned: [BTreeMap<String, String>; 2],
    made: Vec<String>,
}

impl World {
    async fn new() -> Self {
        let server = unlimited().await;
        let (other, _) = other_agent(&server).await;
        Self {
            server,
            keys: [ADA_KEY.to_owned(), other],
            owned: Default::default(),
            made: Vec::new(),
        }
    }

    async fn call(
        &self,
        agent: usize,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        let path = format!("/api/v2/end-users{path}");
        let answer = call(&self.server, &self.keys[agent], method, &path, body).await;
        (answer.status.as_u16(), answer.json())
    }

    fn some(&self, at: usize) -> Option<String> {
        let made = &self.made;
        (!made.is_empty()).then(|| made[at % made.len()].clone())
    }

    async fn take(&mut self, step: Step) -> TestCaseResult {
        match step {
            Step::Create(agent) => {
                let name = self.made.len().to_string();
                // Both agents use the same external ids.
                let body = json!({
                    "external_id": format!("x-{}", self.owned[agent].len()),
                    "profile": {"first_name": name},
                });
                let (status, made) = self.call(agent, Method::POST, "", Some(body)).await;
                if status == 201 {
                    let id = id_of(&made);
                    self.owned[agent].insert(id.clone(), name);
                    self.made.push(id);
                } else {
                    prop_assert_eq!(status, 200);
                    prop_assert!(self.owned[agent].contains_key(&id_of(&made)));
                }
            }
            Step::Rename(agent, at) => {
                let Some(id) = self.some(at) else {
                    return Ok(());
                };
                let body = json!({"profile": {"first_name": "renamed"}});
                let path = format!("/{id}");
                let (status, _) = self.call(agent, Method::PATCH, &path, Some(body)).await;
                match self.owned[agent].get_mut(&id) {
                    Some(name) => {
                        prop_assert_eq!(status, 200);
                        "renamed".clone_into(name);
                    }
                    None => prop_assert_eq!(status, 404),
                }
            }
            Step::Erase(agent, at) => {
                let Some(id) = self.some(at) else {
                    return Ok(());
                };
                let body = json!({"identifiers": [{"type": "end_user_id", "value": id}]});
                let (status, _) = self.call(agent, Method::POST, "/delete", Some(body)).await;
                prop_assert_eq!(status, 202);
                deletion::run(&self.server).await;
                self.owned[agent].remove(&id);
            }
            Step::Read(agent, at) => {
                let Some(id) = self.some(at) else {
                    return Ok(());
                };
                let (status, read) = self.call(agent, Method::GET, &format!("/{id}"), None).await;
                match self.owned[agent].get(&id) {
                    Some(name) => {
                        prop_assert_eq!(status, 200);
                        prop_assert_eq!(&read["profile"]["first_name"], &json!(name));
                    }
                    None => prop_assert_eq!(status, 404),
                }
            }
            Step::List(agent) => {
                let (status, listed) = self.call(agent, Method::GET, "", None).await;
                prop_assert_eq!(status, 200);
                prop_assert_eq!(&names(&listed), &self.owned[agent]);
            }
        }
        Ok(())
    }
}

fn names(page: &Value) -> BTreeMap<String, String> {
    let items = page["data"].as_array().expect("a list").iter();
    items
        .map(|item| {
            let name = item["profile"]["first_name"].as_str().expect("a name");
            (id_of(item), name.to_owned())
        })
        .collect()
}

/// What happens between two pages.
#[derive(Debug, Clone)]
enum Between {
    Nothing,
    Insert,
    /// Erases one that was shown.
    EraseShown(usize),
    /// Erases the one that the next page begins with.
    EraseNext,
}

fn between() -> impl Strategy<Value = Between> {
    prop_oneof![
        Just(Between::Nothing),
        Just(Between::Insert),
        (0..20_usize).prop_map(Between::EraseShown),
        Just(Between::EraseNext),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn agents_never_see_each_other(steps in steps()) {
        let runtime = Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let mut world = World::new().await;
            for step in steps {
                world.take(step).await?;
            }
            world.take(Step::List(0)).await?;
            world.take(Step::List(1)).await
        })?;
    }

    #[test]
    fn a_walk_shows_each_end_user_once(
        rows in 0..24_usize,
        limit in 1..6_usize,
        between in prop::collection::vec(between(), 24),
    ) {
        let runtime = Runtime::new().expect("a runtime");
        runtime.block_on(walk(rows, limit, between))?;
    }
}

async fn erase(server: &TestServer, id: &str) {
    let body = json!({"identifiers": [{"type": "end_user_id", "value": id}]});
    v2(server, Method::POST, "/end-users/delete", Some(body))
        .await
        .expect(202);
    deletion::run(server).await;
}

async fn walk(rows: usize, limit: usize, between: Vec<Between>) -> TestCaseResult {
    let server = unlimited().await;
    let mut expected = BTreeSet::new();
    for _ in 0..rows {
        expected.insert(created(&server, json!({})).await);
    }
    let mut shown: Vec<String> = Vec::new();
    let mut path = format!("/end-users?limit={limit}");
    let mut between = between.into_iter();
    loop {
        let page = get(&server, &path).await.expect(200).json();
        let items = page["data"].as_array().expect("a list").iter();
        shown.extend(items.map(id_of));
        let Some(next) = page["meta"]["next_page_url"].as_str() else {
            break;
        };
        let (_, query) = next.split_once('?').expect("a query");
        path = format!("/end-users?{query}");
        let cursor = query.trim_start_matches("cursor=");
        let cursor = cursor.split('&').next().expect("a cursor").to_owned();
        match between.next().unwrap_or(Between::Nothing) {
            Between::Nothing => {}
            Between::Insert => {
                created(&server, json!({})).await;
            }
            Between::EraseShown(at) => erase(&server, &shown[at % shown.len()]).await,
            Between::EraseNext => {
                erase(&server, &cursor).await;
                expected.remove(&cursor);
            }
        }
    }
    let once: BTreeSet<String> = shown.iter().cloned().collect();
    prop_assert_eq!(once.len(), shown.len(), "one was shown twice");
    prop_assert!(expected.is_subset(&once), "one was left out");
    Ok(())
}
