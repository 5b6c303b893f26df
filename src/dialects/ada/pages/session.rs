//! Who looks at a page: a signed cookie, and a token in each form that only a page of the same
//! session has. In profile `production` the session must have shown an operator key.

use poem::{
    Request, Response,
    http::{HeaderValue, StatusCode, header},
    web::Data,
};

use super::{
    Pages, RenderPage, fail,
    html::{page, see_other},
    read_form,
};
use crate::{
    domain::{
        platform_integrations::Typed,
        tenancy::{operator::OperatorCall, request_auth::unauthenticated},
    },
    http::{dialect::RenderError, origin, page::escape, sandbox::PAGES_COOKIE as COOKIE},
    kernel::{
        Kind, Result,
        ids::{ApiKeyId, random_alphanumeric},
        mac::hmac_sha256,
        secret::TokenHash,
    },
};

/// The field of a form that has the session's token.
pub const TOKEN: &str = "csrf";
/// How long an operator stays signed in, in seconds.
const SIGNED_IN: i64 = 3600;

/// A session.
pub struct Session {
    /// Until when it speaks for the operator, in seconds since the epoch.
    operator_until: i64,
    /// The operator key that it has shown, by its id.
    key: Option<ApiKeyId>,
    /// The operator, once the session may use the pages.
    operator: Option<OperatorCall>,
    /// The token that its forms have.
    token: String,
    /// The cookie to set, if the browser does not have it.
    cookie: Option<String>,
}

impl Session {
    /// The session of a request, or a new one.
    fn of(pages: &Pages, request: &Request) -> Self {
        let cookies = request.headers().get_all(header::COOKIE);
        let found = cookies
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(name, _)| *name == COOKIE)
            .and_then(|(_, value)| Self::read(pages, value));
        found.unwrap_or_else(|| Self::new(pages, request, 0, None))
    }

    fn read(pages: &Pages, cookie: &str) -> Option<Self> {
        let (text, mac) = cookie.rsplit_once('.')?;
        let mut parts = text.splitn(3, '.');
        let (id, until, key) = (parts.next()?, parts.next()?, parts.next()?);
        // Hashes are compared in constant time.
        if TokenHash::of(mac) != TokenHash::of(&sign(pages, text)) {
            return None;
        }
        Some(Self {
            operator_until: until.parse().ok()?,
            key: (!key.is_empty()).then(|| key.into()),
            operator: None,
            token: sign(pages, &format!("form {id}")),
            cookie: None,
        })
    }

    fn new(pages: &Pages, request: &Request, operator_until: i64, key: Option<&ApiKeyId>) -> Self {
        let id = random_alphanumeric(32);
        let shown = key.map_or("", ApiKeyId::as_str);
        let text = format!("{id}.{operator_until}.{shown}");
        let https = origin(request).starts_with("https://");
        let secure = if https { "; Secure" } else { "" };
        let cookie = format!(
            "{COOKIE}={text}.{}; Path=/platform; HttpOnly; SameSite=Lax{secure}",
            sign(pages, &text)
        );
        Self {
            token: sign(pages, &format!("form {id}")),
            operator_until,
            key: key.cloned(),
            operator: None,
            cookie: Some(cookie),
        }
    }

    /// The session of a request that may use the pages, or the page on which to sign in.
    pub fn enter(pages: &Pages, request: &Request) -> std::result::Result<Self, Box<Response>> {
        let mut session = Self::of(pages, request);
        let app = &pages.0.app;
        if pages.0.open {
            session.operator = Some(app.operator_without_key());
            return Ok(session);
        }
        let now = app.clock().now().as_seconds();
        // Nobody is signed in for longer: after the clock went back such a session was one of a time that
        // is still to come.
        let until = session.operator_until;
        let is_signed_in = now < until && until <= now.saturating_add(SIGNED_IN);
        if let Some(key) = session.key.as_ref().filter(|_| is_signed_in) {
            // The session ends with the key.
            match app.readmit_operator(key) {
                Ok(operator) => {
                    session.operator = Some(operator);
                    return Ok(session);
                }
                Err(error) if error.kind() == Kind::Unauthenticated => {}
                Err(error) => return Err(Box::new(RenderPage.render(&error))),
            }
        }
        let uri = request.original_uri();
        let next = uri
            .path_and_query()
            .map_or(uri.path(), |path| path.as_str());
        let shown = sign_in_page(&session, next, None);
        Err(Box::new(session.keep(shown)))
    }

    /// The operator that the session speaks for.
    ///
    /// # Errors
    /// `Unauthenticated` for a session that may not use the pages.
    pub fn operator(&self) -> Result<&OperatorCall> {
        self.operator.as_ref().ok_or_else(unauthenticated)
    }

    /// The hidden field that every form needs.
    pub fn field(&self) -> String {
        format!(
            "<input type=\"hidden\" name=\"{TOKEN}\" value=\"{}\">",
            self.token
        )
    }

    /// Whether the session begins with this request.
    pub const fn is_new(&self) -> bool {
        self.cookie.is_some()
    }

    /// Whether a form comes from a page of this session.
    pub fn is_ours(&self, typed: &Typed) -> bool {
        let token = typed.first(TOKEN).unwrap_or_default();
        !self.is_new() && TokenHash::of(token) == TokenHash::of(&self.token)
    }

    /// The answer, which gives the browser the session if it does not have it.
    pub fn keep(&self, mut response: Response) -> Response {
        let cookie = self.cookie.as_deref().map(HeaderValue::from_str);
        if let Some(Ok(cookie)) = cookie {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        response
    }
}

fn sign(pages: &Pages, text: &str) -> String {
    let mac = hmac_sha256(&pages.0.key, text.as_bytes());
    mac.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn sign_in_page(session: &Session, next: &str, problem: Option<&str>) -> Response {
    let (error, describes) = match problem {
        Some(problem) => (
            format!(
                "<p class=\"error\" id=\"key-error\">{}</p>",
                escape(problem)
            ),
            " aria-invalid=\"true\" aria-describedby=\"key-hint key-error\"",
        ),
        None => (String::new(), " aria-describedby=\"key-hint\""),
    };
    let body = format!(
        "<h1>Sign in</h1>
<form class=\"card\" method=\"post\" action=\"/platform/sign-in\">
{token}<input type=\"hidden\" name=\"next\" value=\"{next}\">
<div class=\"field\"><label for=\"key\">Operator key</label>
<p class=\"hint\" id=\"key-hint\">The key of this server’s console. <code>parlance key create --api operator</code> makes one.</p>
{error}<input id=\"key\" name=\"operator_key\" type=\"password\" autocomplete=\"off\" required autofocus{describes}></div>
<p><button>Sign in</button></p>
</form>",
        token = session.field(),
        next = escape(next),
    );
    page(StatusCode::UNAUTHORIZED, "Sign in", &body)
}

/// `POST /platform/sign-in`
#[poem::handler]
pub async fn sign_in(
    pages: Data<&Pages>,
    request: &Request,
    body: poem::Body,
) -> poem::Result<Response> {
    let session = Session::of(&pages, request);
    let typed = read_form(&session, body).await.map_err(fail)?;
    // Only to a page of ours: an address that begins with two slashes is another host's.
    let next = typed.first("next").unwrap_or_default();
    let next = match next.starts_with("/platform/") {
        true => next,
        false => "/platform/connections",
    };
    let key = typed.first("operator_key").unwrap_or_default().trim();
    let app = &pages.0.0.app;
    let operator = match app.admit_operator(key) {
        Ok(operator) => operator,
        Err(error) if error.kind() == Kind::Unauthenticated => {
            let shown = sign_in_page(&session, next, Some("That is no valid operator key."));
            return Ok(session.keep(shown));
        }
        Err(error) => return Err(fail(error)),
    };
    let until = app.clock().now().as_seconds() + SIGNED_IN;
    Ok(Session::new(&pages, request, until, operator.key()).keep(see_other(next)))
}
