//! Lists of users.

use std::collections::BTreeMap;

use super::{COLUMNS, User, from_row};
use crate::{
    domain::{
        bots::{
            author::Voice,
            conversations,
            listing::{self, Listing},
            tags::Tagged,
        },
        shared::paging::{Page, Token},
        tenancy::request_auth::{Call, CallerInstallation},
    },
    kernel::{Result, ids::ConversationId},
};

/// Which users to list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only those who take part in this conversation.
    pub conversation: Option<ConversationId>,
    /// Only those with these tags.
    pub tags: BTreeMap<String, String>,
}

/// The users of the call's bot that the caller sees, newest first. An integration is shown those that it has
/// made, and those who take part in a conversation of its own that it asks for. The bot itself is among them
/// only where it takes part in the conversation asked for.
///
/// # Errors
/// `Invalid` for too many filters, or those of the store.
pub async fn list(call: &Call, filter: Filter, after: Option<Token>) -> Result<Page<User>> {
    let voice = Voice::of(call)?;
    listing::require_few(call, "tags", filter.tags.len())?;
    call.app()
        .store()
        .scan(move |conn| {
            let bot = voice.bot();
            let maker = voice.integration().map(CallerInstallation::key);
            let reader = voice.integration().map(|own| own.name.as_str());
            let conversation = match &filter.conversation {
                None => None,
                Some(id) => match conversations::read(conn, &voice, id)? {
                    Some(conversation) => Some(conversation),
                    // Nobody takes part in what is not there.
                    None => {
                        return Ok(Page {
                            items: Vec::new(),
                            next: None,
                        });
                    }
                },
            };
            let tagged = Listing::tagged("end_users", Tagged::User, bot.seq, &filter.tags, reader);
            let listing = match (tagged, conversation) {
                (Some(listing), None) => listing.made_by("end_users", maker),
                (Some(listing), Some(conversation)) => listing
                    .whose(
                        "EXISTS (SELECT 1 FROM conversation_participants \
                         WHERE conversation_seq = :conversation AND user_seq = first.of_seq)",
                    )
                    .with(":conversation", conversation.seq),
                (None, Some(conversation)) => {
                    return conversations::participants_page(conn, bot, &conversation, after);
                }
                (None, None) => Listing::new("end_users", "end_users.seq")
                    .whose("end_users.agent_id = :agent_id")
                    .with(":agent_id", bot.id.clone())
                    .made_by("end_users", maker),
            };
            listing.page(conn, COLUMNS, after, from_row, User::position)
        })
        .await
}
