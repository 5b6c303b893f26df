//! The API as a client sees it, and integrations whose every field can be recognised.

use std::{collections::HashMap, time::Duration};

use rand::{RngExt, rngs::StdRng};
use reqwest::{Client, Method};
use serde_json::{Map, Value, json};

/// The key that every server of these tests has.
pub const FIXED_KEY: &str = "fixed-key-of-the-crash-tests";
/// The workspace that it belongs to.
pub const WORKSPACE: &str = "11111111-1111-1111-aaaa-111111111111";

/// The longest that an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A client of one server with one key.
#[derive(Clone)]
pub struct Api {
    http: Client,
    url: String,
    key: String,
}

/// An answer that arrived as a whole.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub retry_after: Option<String>,
    pub body: Value,
}

impl Answer {
    /// The body of a success.
    pub fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        self.body
    }

    /// That it is a refusal in the shape of the dialect.
    pub fn failed_with(&self, status: u16) {
        assert_eq!(self.status, status, "{self:?}");
        let detail = self.body["detail"].as_str().unwrap_or_default();
        let members = self.body.as_object().map_or(0, Map::len);
        assert!(!detail.is_empty() && members == 1, "{self:?}");
    }

    /// That it asks to try again.
    pub fn unavailable(&self) {
        self.failed_with(503);
        let seconds: Option<u64> = self.retry_after.as_ref().and_then(|text| text.parse().ok());
        assert!(seconds.is_some_and(|seconds| seconds > 0), "{self:?}");
    }
}

impl Api {
    pub fn new(url: &str, key: &str) -> Self {
        // One TLS library serves the whole process; naming it a second time changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            // A proxy that the environment names has no business on the loopback interface.
            http: Client::builder()
                .no_proxy()
                .timeout(PATIENCE)
                .build()
                .expect("a client"),
            url: url.to_owned(),
            key: key.to_owned(),
        }
    }

    /// The same server through other connections.
    pub fn anew(&self) -> Self {
        Self::new(&self.url, &self.key)
    }

    /// Calls the server. An error means that no whole answer arrived.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> reqwest::Result<Answer> {
        let url = format!("{}{path}", self.url);
        let mut request = self
            .http
            .request(method, url)
            .header("x-api-key", &self.key);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await?;
        let status = response.status().as_u16();
        let retry_after = response.headers().get("retry-after");
        let retry_after = retry_after.map(|text| text.to_str().unwrap_or_default().to_owned());
        let body = response.bytes().await?;
        Ok(Answer {
            status,
            retry_after,
            body: serde_json::from_slice(&body).expect("every answer is JSON"),
        })
    }

    pub async fn get(&self, path: &str) -> Answer {
        let answer = self.call(Method::GET, path, None).await;
        answer.expect("an answer")
    }

    pub async fn create(&self, wanted: &Value) -> Answer {
        let answer = self.call(Method::POST, INTEGRATIONS, Some(wanted)).await;
        answer.expect("an answer")
    }

    /// Creates an integration, successfully, and returns its id.
    pub async fn created(&self, wanted: &Value) -> String {
        let (id, stored) = apart(self.create(wanted).await.ok());
        assert_eq!(&stored, wanted);
        id
    }

    /// All integrations by their ids.
    pub async fn list(&self) -> HashMap<String, Value> {
        match self.get(INTEGRATIONS).await.ok() {
            Value::Array(items) => items.into_iter().map(apart).collect(),
            other => panic!("no list: {other}"),
        }
    }
}

/// The path of the collection.
pub const INTEGRATIONS: &str = "/api/public/integrations";

/// The path of one integration.
pub fn one(id: &str) -> String {
    format!("{INTEGRATIONS}/{id}")
}

/// The id of an integration, and what else a client had asked for.
pub fn apart(integration: Value) -> (String, Value) {
    let Value::Object(mut members) = integration else {
        panic!("no integration: {integration}");
    };
    assert_eq!(members.shift_remove("company_id"), Some(json!(WORKSPACE)));
    match members.shift_remove("id") {
        Some(Value::String(id)) => (id, Value::Object(members)),
        other => panic!("no id: {other:?}"),
    }
}

/// An integration that says in each of its parts, hidden ones included, which one it is.
pub fn integration(name: &str, rng: &mut StdRng) -> Value {
    let kinds = [
        "slack",
        "notion",
        "custom_api",
        "shopify",
        "hubspot",
        "gmail",
    ];
    let visibilities = ["private", "public"];
    // A few are longer than a page of the database.
    let filling = match rng.random_range(0..8) {
        0 => rng.random_range(4_000..12_000),
        _ => rng.random_range(0..400),
    };
    json!({
        "name": name,
        "type": kinds[rng.random_range(0..kinds.len())],
        "config": {
            "base_url": format!("https://{name}.example"),
            "access_token": format!("secret of {name}"),
            "headers": {"Accept": name, "X-Api-Key": format!("inner secret of {name}")},
            "filling": name.chars().cycle().take(filling).collect::<String>(),
        },
        "is_active": rng.random_bool(0.5),
        "visibility": visibilities[rng.random_range(0..2)],
        "agent_id": rng.random_bool(0.5).then(|| uuid_of(rng.random())),
    })
}

fn uuid_of(number: u64) -> String {
    format!("00000000-0000-4000-8000-{:012x}", number & 0xFFFF_FFFF_FFFF)
}
