//! A real authorization server on a port of its own. It checks what RFC 6749 and RFC 7636 ask for,
//! changes refresh tokens with each use, and revokes everything when an old one comes again.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use poem::{
    Endpoint, EndpointExt, Request, Response, Server, endpoint::make, http::StatusCode,
    listener::TcpAcceptor,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use url::Url;

/// How the provider behaves.
#[derive(Default)]
pub struct State {
    /// Codes with the challenge and redirect URI that they were given for.
    codes: HashMap<String, (String, String)>,
    /// How many tokens were given.
    given: usize,
    /// The refresh token that is good now.
    refresh: Option<String>,
    /// Every form that came to the token endpoint, in order, with its Authorization header.
    pub forms: Vec<(HashMap<String, String>, Option<String>)>,
    /// Takes the client's secret by HTTP Basic only.
    pub basic_only: bool,
    /// How long access tokens are good, in seconds; an hour by default.
    pub lifetime: Option<u32>,
    /// Gives no refresh tokens.
    pub no_refresh: bool,
    /// Answers so and nothing else.
    pub fails: Option<(u16, Value)>,
    /// How long an answer takes.
    pub slow: Duration,
}

#[derive(Clone)]
pub struct Provider {
    pub origin: String,
    state: Arc<Mutex<State>>,
}

impl Provider {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let provider = Self {
            origin: format!("http://{}", listener.local_addr().expect("an address")),
            state: Arc::default(),
        };
        let acceptor = TcpAcceptor::from_tokio(listener).expect("an acceptor");
        let endpoint = provider.endpoint();
        tokio::spawn(Server::new_with_acceptor(acceptor).run(endpoint));
        provider
    }

    fn endpoint(&self) -> impl Endpoint + 'static {
        let provider = self.clone();
        make(move |request| {
            let provider = provider.clone();
            async move { provider.token(request).await }
        })
        .boxed()
    }

    /// Looks at the provider or changes how it behaves.
    pub fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock().expect("it"))
    }

    /// The `oauth` of a connector of this provider.
    pub fn oauth(&self) -> Value {
        json!({
            "client_id": "planted-client-9a",
            "client_secret": "planted secret & 8b",
            "authorize_url": format!("{}/authorize?access_type=offline&scope=old&state=theirs", self.origin),
            "token_url": format!("{}/token", self.origin),
            "scope": "read offline_access",
        })
    }

    /// A user allows what this address asks for: where the browser is sent back to.
    pub fn allow(&self, redirect_url: &str) -> String {
        let asked = Url::parse(redirect_url).expect("an address");
        let asked: HashMap<_, _> = asked.query_pairs().into_owned().collect();
        assert_eq!(asked["code_challenge_method"], "S256");
        let code = self.with(|state| {
            let code = format!("planted-code-{}", state.codes.len());
            let bound = (
                asked["code_challenge"].clone(),
                asked["redirect_uri"].clone(),
            );
            state.codes.insert(code.clone(), bound);
            code
        });
        format!(
            "{}?code={code}&state={}",
            asked["redirect_uri"], asked["state"]
        )
    }

    /// Forgets what it has given.
    pub fn revoke(&self) {
        self.with(|state| state.refresh = None);
    }

    async fn token(&self, mut request: Request) -> poem::Result<Response> {
        let authorization = request.header("authorization").map(str::to_owned);
        let body = request.take_body().into_vec().await.expect("a body");
        let form: HashMap<String, String> =
            url::form_urlencoded::parse(&body).into_owned().collect();
        let slow = self.with(|state| state.slow);
        if !slow.is_zero() {
            // Others come in meanwhile, if they can.
            parlance::kernel::Clock::system().sleep(slow).await;
        }
        let (status, answer) = self.with(|state| state.answer(form, authorization));
        Ok(Response::builder()
            .status(StatusCode::from_u16(status).expect("a status"))
            .content_type("application/json")
            .body(answer.to_string()))
    }
}

impl State {
    fn answer(
        &mut self,
        form: HashMap<String, String>,
        authorization: Option<String>,
    ) -> (u16, Value) {
        self.forms.push((form.clone(), authorization.clone()));
        if let Some(fails) = &self.fails {
            return fails.clone();
        }
        let by_form = form
            .get("client_id")
            .is_some_and(|id| id == "planted-client-9a")
            && form
                .get("client_secret")
                .is_some_and(|secret| secret == "planted secret & 8b");
        // `planted-client-9a:planted+secret+%26+8b`
        let by_header = authorization.as_deref()
            == Some("Basic cGxhbnRlZC1jbGllbnQtOWE6cGxhbnRlZCtzZWNyZXQrJTI2Kzhi");
        if !by_header && (self.basic_only || !by_form) {
            return (401, json!({"error": "invalid_client"}));
        }
        let fits = match form["grant_type"].as_str() {
            "authorization_code" => self.codes.remove(&form["code"]).is_some_and(|bound| {
                let challenge = Sha256::digest(form["code_verifier"].as_bytes());
                bound
                    == (
                        URL_SAFE_NO_PAD.encode(challenge),
                        form["redirect_uri"].clone(),
                    )
            }),
            "refresh_token" => {
                let good = self.refresh.as_ref() == Some(&form["refresh_token"]);
                self.refresh = None;
                good
            }
            _ => false,
        };
        if !fits {
            return (
                400,
                json!({"error": "invalid_grant", "error_description": "Not any more"}),
            );
        }
        self.given += 1;
        let mut answer = json!({
            "access_token": format!("planted-access-{}", self.given),
            "token_type": "Bearer",
            "expires_in": self.lifetime.unwrap_or(3600),
        });
        if !self.no_refresh {
            let refresh = format!("planted-refresh-{}", self.given);
            answer["refresh_token"] = json!(refresh);
            self.refresh = Some(refresh);
        }
        (200, answer)
    }
}
