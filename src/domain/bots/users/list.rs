//! Lists users.

use std::collections::BTreeMap;

use super::{COLUMNS, User, from_row};
use crate::{
    domain::{
        bots::{
            author::Author,
            conversations,
            list_filter::{Sort, TimeField, TimeRange},
            list_query::{self, ListQuery},
            tags::TagTable,
        },
        shared::paging::{Page, PageToken},
        tenancy::request_auth::{ActingInstallation, RequestContext},
    },
    kernel::{Result, ids::ConversationId},
};

/// Filters of a list of users.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only participants of this conversation.
    pub conversation: Option<ConversationId>,
    /// Only users with all of these tags.
    pub tags: BTreeMap<String, String>,
    /// Only users with a time in this range.
    pub range: TimeRange,
    /// Time that the range is about.
    pub range_field: TimeField,
    /// Sort order.
    pub sort: Sort,
}

impl Filter {
    /// True if the list has the default order and any time.
    fn is_plain(&self) -> bool {
        self.range.is_unbounded() && self.sort == Sort::default()
    }
}

/// Lists the users of the call's bot that the caller can see, newest first by default. An integration sees the users
/// that it has created, and the participants of a conversation of its own if it filters by that conversation.
/// The bot's own user appears only with such a filter, if it participates, and without filters by time and in the
/// default order.
///
/// # Errors
/// `Invalid` for too many filters, or errors of the store.
pub async fn list(
    call: &RequestContext,
    filter: Filter,
    after: Option<PageToken>,
) -> Result<Page<User>> {
    let author = Author::from_call(call)?;
    list_query::require_max_filters(call, "tags", filter.tags.len())?;
    // Other filters may skip any number of rows.
    let is_short = filter.is_plain()
        && filter.tags.is_empty()
        && (filter.conversation.is_some() || author.integration().is_none());
    call.app()
        .store()
        .read_page(is_short, move |conn| {
            let bot = author.bot();
            let maker = author
                .integration()
                .map(ActingInstallation::integration_key);
            let reader = author.integration().map(|own| own.name.as_str());
            let conversation = match &filter.conversation {
                None => None,
                Some(id) => match conversations::find_visible(conn, &author, id)? {
                    Some(conversation) => Some(conversation),
                    // A missing conversation has no participants.
                    None => return Ok(Page::empty()),
                },
            };
            let tagged = ListQuery::filtered_by_tags(
                "end_users",
                TagTable::User,
                bot.seq,
                &filter.tags,
                reader,
            );
            let listing = match (tagged, conversation) {
                (Some(listing), None) => listing.filter_by_creator("end_users", maker),
                (Some(listing), Some(conversation)) => listing
                    .filter(
                        "EXISTS (SELECT 1 FROM conversation_participants \
                         WHERE conversation_seq = :conversation AND user_seq = first.of_seq)",
                    )
                    .bind(":conversation", conversation.seq),
                (None, Some(conversation)) if filter.is_plain() => {
                    return conversations::read_participants_page(conn, bot, &conversation, after);
                }
                (None, Some(conversation)) => conversations::list_participant_rows(&conversation),
                (None, None) => ListQuery::new("end_users", "end_users.seq")
                    .filter("end_users.agent_id = :agent_id")
                    .bind(":agent_id", bot.id.clone())
                    .filter_by_creator("end_users", maker),
            };
            let sort = filter.sort;
            listing
                .filter_by_time("end_users", filter.range_field, filter.range)
                .sort_by("end_users", sort)
                .read_page(conn, COLUMNS, after, from_row, |user| {
                    let times = (user.created_at, user.updated_at);
                    sort.page_token(times, user.seq.unwrap_or(0))
                })
        })
        .await
}
