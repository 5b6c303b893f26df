//! Participants of conversations: users who wrote in one or were added to it, and were not removed since.

use rusqlite::{Connection, named_params};

use super::{Conversation, rows};
use crate::{
    domain::{
        bots::{
            author::{Author, require_write},
            list_query::ListQuery,
            users::{self, User},
        },
        end_users,
        shared::paging::{Page, PageToken},
        tenancy::{
            app::App,
            bounds::Bound,
            request_auth::{PrincipalAgent, RequestContext},
            write_tx::WriteTx,
        },
    },
    kernel::{
        Error, Kind, Result,
        ids::{ConversationId, EndUserId},
    },
};

/// Lists the participants of a conversation of the call's bot, newest first, with the bot itself last.
///
/// # Errors
/// `NotFound`, or errors of the store.
pub async fn list(
    call: &RequestContext,
    id: ConversationId,
    after: Option<PageToken>,
) -> Result<Page<User>> {
    let author = Author::from_call(call)?;
    call.app()
        .store()
        .read_page(true, move |conn| {
            let conversation = rows::load_visible(conn, &author, &id)?;
            read_participants_page(conn, author.bot(), &conversation, after)
        })
        .await
}

/// Reads a page of the participants of a conversation.
pub(in crate::domain) fn read_participants_page(
    conn: &Connection,
    bot: &PrincipalAgent,
    conversation: &Conversation,
    after: Option<PageToken>,
) -> Result<Page<User>> {
    let page = list_participant_rows(conversation).read_page(
        conn,
        users::COLUMNS,
        after,
        users::from_row,
        User::page_token,
    )?;
    let is_last = page.next.is_none() && after.is_none_or(|after| after.seq > 0);
    if !is_last || !conversation.bot_participates {
        return Ok(page);
    }
    let mut rows = page.items;
    rows.push(users::load_bot_user(conn, bot)?);
    Ok(Page::from_rows(rows, User::page_token))
}

/// Starts a list of the participants of a conversation, without the bot itself.
pub(in crate::domain) fn list_participant_rows(conversation: &Conversation) -> ListQuery {
    let from = "conversation_participants AS taking CROSS JOIN end_users \
                ON end_users.seq = taking.user_seq";
    ListQuery::new(from, "taking.user_seq")
        .filter("taking.conversation_seq = :conversation")
        .bind(":conversation", conversation.seq)
}

/// Returns a participant of a conversation of the call's bot.
///
/// # Errors
/// `NotFound` if the user is not a participant, or errors of the store.
pub fn find(call: &RequestContext, id: &ConversationId, user: &EndUserId) -> Result<User> {
    let author = Author::from_call(call)?;
    call.app().store().read(|conn| {
        let conversation = rows::load_visible(conn, &author, id)?;
        load_participant(conn, author.bot(), &conversation, user)
    })
}

const TAKES_PART: &str = "
    SELECT 1 FROM conversation_participants
    WHERE conversation_seq = :conversation AND user_seq = :user";

/// Returns a participant of a conversation.
///
/// # Errors
/// `NotFound` if the user is not a participant, or errors of the store.
pub(in crate::domain) fn load_participant(
    conn: &Connection,
    bot: &PrincipalAgent,
    conversation: &Conversation,
    id: &EndUserId,
) -> Result<User> {
    let absent = || Error::not_found(format!("Participant \"{id}\" not found"));
    let user = users::find_in_bot(conn, bot, id)?.ok_or_else(absent)?;
    let takes_part = match user.seq {
        None => conversation.bot_participates,
        Some(seq) => conn
            .prepare_cached(TAKES_PART)?
            .exists(named_params! {":conversation": conversation.seq, ":user": seq})?,
    };
    takes_part.then_some(user).ok_or_else(absent)
}

/// Returns a participant of a conversation, which must be one.
///
/// # Errors
/// `Forbidden` if the user is not a participant, or errors of the store.
pub(in crate::domain) fn require_participant(
    conn: &Connection,
    bot: &PrincipalAgent,
    conversation: &Conversation,
    id: &EndUserId,
) -> Result<User> {
    load_participant(conn, bot, conversation, id).map_err(|error| match error.kind() {
        Kind::NotFound => Error::new(
            Kind::Forbidden,
            "You are not a participant of this conversation",
        ),
        _ => error,
    })
}

/// Adds a user to a conversation of the call's bot. Does nothing if it is a participant already.
///
/// # Errors
/// `NotFound` for the conversation, `ReferenceNotFound` for the user, `Forbidden` for a role below
/// developer, or errors of the store.
pub async fn add(call: &RequestContext, id: ConversationId, user: EndUserId) -> Result<User> {
    add_with_effect(call, id, user, |_| ()).await
}

/// Adds a user like [`add`], and calls `and` after the commit.
pub(in crate::domain) async fn add_with_effect(
    call: &RequestContext,
    id: ConversationId,
    user: EndUserId,
    and: impl FnOnce(&App) + Send + 'static,
) -> Result<User> {
    require_write(call)?;
    let author = Author::from_call(call)?;
    call.app()
        .run_write_tx(call, move |tx, _| {
            let conversation = rows::load_visible(tx.conn, &author, &id)?;
            let seq = users::find_referenced_row(tx.conn, &author, &user)?;
            add_participant_row(tx, author.bot(), &conversation, &user, seq)?;
            tx.run_after_commit(and);
            users::load(tx.conn, author.bot(), &user)
        })
        .await
}

const BOUND: Bound = Bound {
    owner_label: "A conversation",
    items_label: "participants",
    setting: "participants",
    limit: |bounds| bounds.participants,
    max_number_sql: None,
    rows_sql: "SELECT 1 FROM conversation_participants WHERE conversation_seq = ?1",
};

const INSERT: &str = "
    INSERT INTO conversation_participants (conversation_seq, user_seq)
    VALUES (:conversation, :user)";

const SET_BOT_PARTICIPATES: &str =
    "UPDATE conversations SET bot_participates = :joins WHERE seq = :seq";

/// Records that a user participates in a conversation. For the bot itself, which has no user row, sets a
/// flag.
pub(in crate::domain) fn add_participant_row(
    tx: &WriteTx<'_>,
    bot: &PrincipalAgent,
    conversation: &Conversation,
    id: &EndUserId,
    seq: Option<i64>,
) -> Result<()> {
    let Some(seq) = seq else {
        if !conversation.bot_participates {
            tx.conn
                .prepare_cached(SET_BOT_PARTICIPATES)?
                .execute(named_params! {":joins": true, ":seq": conversation.seq})?;
        }
        return Ok(());
    };
    let parameters = named_params! {":conversation": conversation.seq, ":user": seq};
    if tx.conn.prepare_cached(TAKES_PART)?.exists(parameters)? {
        return Ok(());
    }
    BOUND.require(tx, conversation.seq)?;
    tx.conn.prepare_cached(INSERT)?.execute(parameters)?;
    end_users::cancel_purge(tx, &bot.id, id)
}

const DELETE: &str = "
    DELETE FROM conversation_participants
    WHERE conversation_seq = :conversation AND user_seq = :user";

/// Removes a user from a conversation of the call's bot.
///
/// # Errors
/// `NotFound`, `Forbidden` for a role below developer, or errors of the store.
pub async fn remove(call: &RequestContext, id: ConversationId, user: EndUserId) -> Result<()> {
    remove_with_effect(call, id, user, |_| ()).await
}

/// Removes a user like [`remove`], and calls `and` after the commit.
pub(in crate::domain) async fn remove_with_effect(
    call: &RequestContext,
    id: ConversationId,
    user: EndUserId,
    and: impl FnOnce(&App) + Send + 'static,
) -> Result<()> {
    require_write(call)?;
    let author = Author::from_call(call)?;
    call.app()
        .run_write_tx(call, move |tx, _| {
            let conversation = rows::load_visible(tx.conn, &author, &id)?;
            let user = load_participant(tx.conn, author.bot(), &conversation, &user)?;
            match user.seq {
                None => tx
                    .conn
                    .prepare_cached(SET_BOT_PARTICIPATES)?
                    .execute(named_params! {":joins": false, ":seq": conversation.seq})?,
                Some(seq) => tx
                    .conn
                    .prepare_cached(DELETE)?
                    .execute(named_params! {":conversation": conversation.seq, ":user": seq})?,
            };
            let (conversation, user) = (conversation.seq, user.seq);
            tx.run_after_commit(move |app| {
                // The bot has no row, and no stream.
                if user.is_some() {
                    app.run_conversation_end_hooks(conversation, user);
                }
                and(app);
            });
            Ok(())
        })
        .await
}
