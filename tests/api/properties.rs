//! Properties: a walk through the list shows each row once however rows come and go, and one
//! tenant never sees another's rows.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{prelude::*, test_runner::TestCaseResult};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::support::{ALOOCHAT_KEY, TestServer};

#[derive(Debug, Clone)]
enum Step {
    Create(usize),
    Rename(usize, usize),
    Delete(usize, usize),
    Read(usize, usize),
    List(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0..2_usize).prop_map(Step::Create),
        1 => (0..2_usize, 0..20_usize).prop_map(|(tenant, at)| Step::Rename(tenant, at)),
        1 => (0..2_usize, 0..20_usize).prop_map(|(tenant, at)| Step::Delete(tenant, at)),
        2 => (0..2_usize, 0..20_usize).prop_map(|(tenant, at)| Step::Read(tenant, at)),
        1 => (0..2_usize).prop_map(Step::List),
    ];
    prop::collection::vec(step, 1..25)
}

/// Two tenants and what each of them should see.
struct World {
    server: TestServer,
    keys: [String; 2],
    owned: [BTreeMap<String, String>; 2],
    /// Every id ever made, with its tenant.
    made: Vec<(usize, String)>,
}

impl World {
    async fn new() -> Self {
        let server = TestServer::start().await;
        let other = server.other_workspace().await;
        Self {
            server,
            keys: [ALOOCHAT_KEY.to_owned(), other],
            owned: Default::default(),
            made: Vec::new(),
        }
    }

    async fn call(
        &self,
        tenant: usize,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        let key = &self.keys[tenant];
        let answer = self.server.aloochat_as(key, method, path, body).await;
        (answer.status.as_u16(), answer.json())
    }

    async fn take(&mut self, step: Step) -> TestCaseResult {
        let some = |made: &[(usize, String)], at: usize| {
            (!made.is_empty()).then(|| made[at % made.len()].1.clone())
        };
        match step {
            Step::Create(tenant) => {
                let name = format!("{tenant}/{}", self.made.len());
                let body = json!({"name": name, "type": "slack"});
                let (status, created) = self
                    .call(tenant, Method::POST, "/integrations", Some(body))
                    .await;
                prop_assert_eq!(status, 200);
                let id = created["id"].as_str().expect("an id").to_owned();
                self.owned[tenant].insert(id.clone(), name);
                self.made.push((tenant, id));
            }
            Step::Rename(tenant, at) => {
                let Some(id) = some(&self.made, at) else {
                    return Ok(());
                };
                let body = json!({"name": "renamed"});
                let path = format!("/integrations/{id}");
                let (status, _) = self.call(tenant, Method::PUT, &path, Some(body)).await;
                match self.owned[tenant].get_mut(&id) {
                    Some(name) => {
                        prop_assert_eq!(status, 200);
                        "renamed".clone_into(name);
                    }
                    None => prop_assert_eq!(status, 404),
                }
            }
            Step::Delete(tenant, at) => {
                let Some(id) = some(&self.made, at) else {
                    return Ok(());
                };
                let path = format!("/integrations/{id}");
                let (status, _) = self.call(tenant, Method::DELETE, &path, None).await;
                let own = self.owned[tenant].remove(&id).is_some();
                prop_assert_eq!(status, if own { 200 } else { 404 });
            }
            Step::Read(tenant, at) => {
                let Some(id) = some(&self.made, at) else {
                    return Ok(());
                };
                let path = format!("/integrations/{id}");
                let (status, read) = self.call(tenant, Method::GET, &path, None).await;
                match self.owned[tenant].get(&id) {
                    Some(name) => {
                        prop_assert_eq!(status, 200);
                        prop_assert_eq!(&read["name"], &json!(name));
                    }
                    None => prop_assert_eq!(status, 404),
                }
            }
            Step::List(tenant) => {
                let (status, listed) = self.call(tenant, Method::GET, "/integrations", None).await;
                prop_assert_eq!(status, 200);
                let listed: BTreeMap<String, String> = ids_and_names(&listed);
                prop_assert_eq!(&listed, &self.owned[tenant]);
            }
        }
        Ok(())
    }
}

fn ids_and_names(list: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let items = list.as_array().expect("a list").iter();
    items
        .map(|item| (text(&item["id"]), text(&item["name"])))
        .collect()
}

/// What happens between two pages.
#[derive(Debug, Clone)]
enum Between {
    Nothing,
    Insert,
    /// Deletes one that has been shown.
    DeleteShown,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn tenants_never_see_each_other(steps in steps()) {
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
    fn a_walk_shows_each_row_once(
        rows in 0..30_usize,
        limit in 1..8_usize,
        between in prop::collection::vec(
            prop_oneof![Just(Between::Nothing), Just(Between::Insert), Just(Between::DeleteShown)],
            30,
        ),
    ) {
        let runtime = Runtime::new().expect("a runtime");
        runtime.block_on(walk(rows, limit, between))?;
    }
}

async fn walk(rows: usize, limit: usize, between: Vec<Between>) -> TestCaseResult {
    let mut world = World::new().await;
    for _ in 0..rows {
        world.take(Step::Create(0)).await?;
    }
    let at_first: BTreeSet<String> = world.owned[0].keys().cloned().collect();
    let mut shown: Vec<String> = Vec::new();
    let mut path = format!("/integrations?limit={limit}");
    for between in between {
        let page = world
            .server
            .aloochat(Method::GET, &path, None)
            .await
            .expect(200);
        shown.extend(ids_and_names(&page.json()).into_keys());
        let Some(link) = page.header("link") else {
            break;
        };
        let link = link.trim_start_matches("</api/public");
        path = link.trim_end_matches(">; rel=\"next\"").to_owned();
        let last = path.rsplit("after=").next().expect("an id").to_owned();
        match between {
            Between::Nothing => {}
            Between::Insert => world.take(Step::Create(0)).await?,
            Between::DeleteShown => {
                // The last one shown must stay: the next page begins after it.
                if let Some(id) = shown.iter().find(|id| **id != last).cloned() {
                    let path = format!("/integrations/{id}");
                    world.call(0, Method::DELETE, &path, None).await;
                }
            }
        }
    }
    let once: BTreeSet<String> = shown.iter().cloned().collect();
    prop_assert_eq!(once.len(), shown.len(), "a row was shown twice");
    if shown.len() < rows {
        // The walk was cut short by the number of steps, not by a lost row.
        prop_assert!(limit * 30 <= rows);
    } else {
        prop_assert!(at_first.is_subset(&once), "a row was left out");
    }
    Ok(())
}
