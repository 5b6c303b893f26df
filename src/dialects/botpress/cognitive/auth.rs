//! Authentication of the operations of AI, which have their own rate limit.

use poem::Request;

use crate::{
    dialects::botpress::auth::{BEARER, authenticate_for_bot},
    domain::{shared::rate_limits::ApiClass, tenancy::request_auth::RequestContext},
    http::{Authenticated, Credential, SecurityScheme},
    kernel::Result,
};

/// A bot, an integration that is installed in the bot, or a person who acts as one of them.
pub type AiCaller = Authenticated<AiToken>;

/// The token of a bot, of an integration or of a person, for the AI of a bot.
pub struct AiToken;

impl Credential for AiToken {
    type Context = RequestContext;

    fn security_schemes() -> Vec<SecurityScheme> {
        vec![BEARER]
    }

    fn authenticate(request: &Request) -> Result<RequestContext> {
        authenticate_for_bot(request, ApiClass::BotpressAi)
    }
}
