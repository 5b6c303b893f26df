//! Sessions of the pages: a signed cookie, and a CSRF token in each form. In profile `production` a session
//! must sign in with an operator key.

use askama::Template;
use poem::{
    Request, Response,
    http::{HeaderValue, StatusCode, header},
    web::Data,
};

use super::{
    PageErrorRenderer, Pages,
    html::{html_response, see_other},
    read_form, to_poem_error,
};
use crate::{
    domain::{
        platform_integrations::SubmittedForm,
        tenancy::{operator::OperatorContext, request_auth::unauthenticated_error},
    },
    http::{dialect::RenderError, origin, sandbox::PAGES_COOKIE as COOKIE},
    kernel::{
        Kind, Result, hex,
        ids::{ApiKeyId, random_alphanumeric},
        mac::hmac_sha256,
        secret::TokenHash,
    },
};

/// Name of the form field with the CSRF token.
const CSRF_FIELD: &str = "csrf";
/// Time an operator stays signed in, in seconds.
const SIGN_IN_SECONDS: i64 = 3600;

/// A browser session.
pub struct Session {
    /// End of the operator's sign-in, in seconds since the epoch.
    operator_until: i64,
    /// ID of the operator key that the session signed in with.
    operator_key: Option<ApiKeyId>,
    /// The operator; set once the session may use the pages.
    operator: Option<OperatorContext>,
    /// CSRF token of the session's forms.
    csrf_token: String,
    /// Cookie to set, if the browser does not have it yet.
    cookie: Option<String>,
}

impl Session {
    /// Returns the session of a request, or a new one.
    fn load(pages: &Pages, request: &Request) -> Self {
        let cookies = request.headers().get_all(header::COOKIE);
        let found = cookies
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(name, _)| *name == COOKIE)
            .and_then(|(_, value)| Self::parse_cookie(pages, value));
        found.unwrap_or_else(|| Self::new(pages, request, 0, None))
    }

    fn parse_cookie(pages: &Pages, cookie: &str) -> Option<Self> {
        let (text, mac) = cookie.rsplit_once('.')?;
        let mut parts = text.splitn(3, '.');
        let (id, until, key) = (parts.next()?, parts.next()?, parts.next()?);
        // Hashes are compared in constant time.
        if TokenHash::of(mac) != TokenHash::of(&sign(pages, text)) {
            return None;
        }
        Some(Self {
            operator_until: until.parse().ok()?,
            operator_key: (!key.is_empty()).then(|| key.into()),
            operator: None,
            csrf_token: sign(pages, &format!("form {id}")),
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
            csrf_token: sign(pages, &format!("form {id}")),
            operator_until,
            operator_key: key.cloned(),
            operator: None,
            cookie: Some(cookie),
        }
    }

    /// Returns the session of a request if it may use the pages, else the sign-in page.
    pub fn load_or_sign_in(
        pages: &Pages,
        request: &Request,
    ) -> std::result::Result<Self, Box<Response>> {
        let mut session = Self::load(pages, request);
        let app = &pages.0.app;
        if pages.0.is_public {
            session.operator = Some(app.admit_operator_without_key());
            return Ok(session);
        }
        let now = app.clock().now().as_seconds();
        // A sign-in that ends later than that was issued before the clock was set back.
        let until = session.operator_until;
        let is_signed_in = now < until && until <= now.saturating_add(SIGN_IN_SECONDS);
        if let Some(key) = session.operator_key.as_ref().filter(|_| is_signed_in) {
            // The session ends when the key is revoked.
            match app.admit_operator_session(key) {
                Ok(operator) => {
                    session.operator = Some(operator);
                    return Ok(session);
                }
                Err(error) if error.kind() == Kind::Unauthenticated => {}
                Err(error) => return Err(Box::new(PageErrorRenderer.render(&error))),
            }
        }
        let uri = request.original_uri();
        let next = uri
            .path_and_query()
            .map_or(uri.path(), |path| path.as_str());
        let shown = render_sign_in_page(&session, next, None);
        Err(Box::new(session.set_cookie(shown)))
    }

    /// Returns the operator that the session acts for.
    ///
    /// # Errors
    /// `Unauthenticated` if the session may not use the pages.
    pub fn operator(&self) -> Result<&OperatorContext> {
        self.operator.as_ref().ok_or_else(unauthenticated_error)
    }

    /// Returns the CSRF token, which every form needs.
    pub fn csrf_token(&self) -> &str {
        &self.csrf_token
    }

    /// True if this request started the session.
    pub const fn is_new(&self) -> bool {
        self.cookie.is_some()
    }

    /// True if the form has the CSRF token of this session.
    pub fn has_valid_csrf_token(&self, typed: &SubmittedForm) -> bool {
        let token = typed.first(CSRF_FIELD).unwrap_or_default();
        !self.is_new() && TokenHash::of(token) == TokenHash::of(&self.csrf_token)
    }

    /// Returns the response with the session cookie, if the browser does not have it yet.
    pub fn set_cookie(&self, mut response: Response) -> Response {
        let cookie = self.cookie.as_deref().map(HeaderValue::from_str);
        if let Some(Ok(cookie)) = cookie {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        response
    }
}

fn sign(pages: &Pages, text: &str) -> String {
    hex::encode(&hmac_sha256(&pages.0.signing_key, text.as_bytes()))
}

#[derive(Template)]
#[template(path = "platform/sign_in.html")]
struct SignInPage<'a> {
    session: &'a Session,
    /// Path to open after the sign-in.
    next: &'a str,
    problem: Option<&'a str>,
}

fn render_sign_in_page(session: &Session, next: &str, problem: Option<&str>) -> Response {
    let page = SignInPage {
        session,
        next,
        problem,
    };
    html_response(StatusCode::UNAUTHORIZED, &page)
}

/// `POST /platform/sign-in`
#[poem::handler]
pub async fn sign_in(
    pages: Data<&Pages>,
    request: &Request,
    body: poem::Body,
) -> poem::Result<Response> {
    let session = Session::load(&pages, request);
    let typed = read_form(&session, body).await.map_err(to_poem_error)?;
    // Redirects stay on this server's pages: an address that begins with two slashes names another host.
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
            let shown =
                render_sign_in_page(&session, next, Some("That is not a valid operator key."));
            return Ok(session.set_cookie(shown));
        }
        Err(error) => return Err(to_poem_error(error)),
    };
    let until = app.clock().now().as_seconds() + SIGN_IN_SECONDS;
    Ok(Session::new(&pages, request, until, operator.key()).set_cookie(see_other(next)))
}
