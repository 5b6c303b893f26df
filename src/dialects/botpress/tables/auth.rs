//! Authentication of callers of the Tables API.

use poem::{Request, http::Method};

use crate::{
    dialects::botpress::auth::{BotToken, is_writing},
    domain::tenancy::{members::Role, request_auth::RequestContext},
    http::{Authenticated, Credential, SecurityScheme},
    kernel::{Error, Kind, Result},
};

/// A bot, or a person who acts as one. A member who can only read may find rows.
pub type TableCaller = Authenticated<TableToken>;

/// The token of a bot or of a person, for a bot.
pub struct TableToken;

impl Credential for TableToken {
    type Context = RequestContext;

    fn security_schemes() -> Vec<SecurityScheme> {
        BotToken::security_schemes()
    }

    fn authenticate(request: &Request) -> Result<RequestContext> {
        let call = BotToken::admit(request)?;
        // wire: the vendor's SDK has no tables for integrations (botpress-today.md §7)
        if call.principal().installation.is_some() {
            let text = "Integrations have no access to the tables of a bot";
            return Err(Error::new(Kind::Forbidden, text));
        }
        let path = request.uri().path().trim_end_matches('/');
        let is_query = *request.method() == Method::POST && path.ends_with("/rows/find");
        if is_writing(request) && !is_query {
            call.require_role(Role::Developer)?;
        }
        Ok(call)
    }
}
