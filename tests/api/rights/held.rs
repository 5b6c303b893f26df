//! Requests whose bodies are held back, and what takes rights away meanwhile.

use parlance::domain::tenancy::{accounts, api_keys, audit::Actor, members};
use reqwest::Method;
use rusqlite::named_params;
use serde_json::Value;

use crate::{
    edge::raw::Raw,
    support::{TestServer, WORKSPACE, answer::redacted, send},
};

/// A request of some dialect.
pub struct Held {
    pub method: Method,
    pub path: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

impl Held {
    pub fn new(method: Method, path: &str, body: &Value) -> Self {
        Self {
            method,
            path: path.to_owned(),
            headers: vec![("content-type", "application/json".to_owned())],
            body: body.to_string(),
        }
    }

    pub fn post(path: &str, body: &Value) -> Self {
        Self::new(Method::POST, path, body)
    }

    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// Sends the head, and waits until the server asks for the body: whatever is asked of the head is
    /// answered by then.
    pub async fn begin(&self, server: &TestServer) -> Raw {
        let mut raw = Raw::open(server).await;
        let mut head = format!(
            "{} {} HTTP/1.1\r\nhost: localhost\r\n",
            self.method, self.path
        );
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let length = self.body.len();
        head.push_str(&format!(
            "content-length: {length}\r\nexpect: 100-continue\r\n\r\n"
        ));
        raw.send(head).await;
        assert_eq!(raw.answer().await.status, 100, "{}", self.path);
        raw
    }

    /// The answer to the request as a whole.
    pub async fn at_once(&self, server: &TestServer) -> (u16, String) {
        let mut request = server.request(self.method.clone(), &self.path);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let answer = send(request.body(self.body.clone())).await;
        (answer.status.as_u16(), shown(&answer.text))
    }

    /// Holds the body back until `taken_away` is done, and asserts that the answer is that of a new call,
    /// and this status.
    pub async fn refused(
        self,
        server: &TestServer,
        status: u16,
        taken_away: impl Future<Output = ()>,
    ) {
        let mut raw = self.begin(server).await;
        taken_away.await;
        raw.send(&self.body).await;
        let answer = raw.answer().await;
        let answered = (answer.status, shown(&answer.body));
        assert_eq!(answered, self.at_once(server).await, "{}", self.path);
        assert_eq!(answer.status, status, "{}: {}", self.path, answer.body);
    }
}

fn shown(body: &str) -> String {
    match serde_json::from_str(body) {
        Ok(value) => redacted(value),
        Err(_) => body.to_owned(),
    }
}

/// Revokes the key of this value.
pub async fn revoke(server: &TestServer, value: &str) {
    let hash = parlance::kernel::secret::TokenHash::of(value);
    let revoked = server
        .server()
        .app()
        .run_write_tx_as(Actor::Operator, move |change| {
            let key = api_keys::find_valid(change.conn, &hash)?.expect("a valid key");
            api_keys::revoke(change, &key.key_id)
        });
    revoked.await.expect("it is revoked");
}

/// Takes the account with this address out of the first workspace.
pub async fn remove_member(server: &TestServer, email: &'static str) {
    let removed = server
        .server()
        .app()
        .run_write_tx_as(Actor::Operator, move |change| {
            let account = accounts::find_by_email(change.conn, email)?;
            members::remove(change, &WORKSPACE.into(), &account.id)
        });
    removed.await.expect("it is removed");
}

/// Gives the account with this address another role in the first workspace.
pub async fn set_role(server: &TestServer, email: &'static str, role: members::Role) {
    let set = server
        .server()
        .app()
        .run_write_tx_as(Actor::Operator, move |change| {
            let account = accounts::find_by_email(change.conn, email)?;
            members::set_role(change, &WORKSPACE.into(), &account.id, role)
        });
    set.await.expect("it is set");
}

/// The rows of a table.
pub fn count(server: &TestServer, table: &str) -> i64 {
    let store = server.server().app().store();
    let counted = store.read(|conn| {
        let statement = format!("SELECT count(*) FROM {table}");
        Ok(conn.query_row(&statement, named_params! {}, |row| row.get(0))?)
    });
    counted.expect("a count")
}
