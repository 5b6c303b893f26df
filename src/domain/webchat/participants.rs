//! Participants of conversations of the chat.

use super::{
    Signal, User, WebchatUserRequest,
    conversations::{find_owned, require_participant},
    foreign_ids,
};
use crate::{
    domain::{
        bots::conversations,
        shared::paging::{Page, PageToken},
        tenancy::app::App,
    },
    kernel::{Error, Result, Rule, Violation},
};

/// Adds a user to a conversation that the calling user owns.
///
/// # Errors
/// `NotFound` if the conversation does not exist; `ReferenceNotFound` if the user does not exist; `Forbidden` if
/// the calling user is not the owner; errors of the store.
pub async fn add(user_request: &WebchatUserRequest, id: &str, fid: String) -> Result<User> {
    let found = find_owned(user_request, id)?;
    let author = user_request.author()?;
    let store = user_request.call().app().store();
    let user = store.read(|conn| foreign_ids::get_referenced_user(conn, author.bot(), &fid))?;
    let conversation = store.read(|conn| foreign_ids::find_conversation_fid(conn, &found))?;
    let signal = Signal::ParticipantAdded {
        conversation,
        participant: fid.clone(),
    };
    let publisher = user_request.publisher(found.seq)?;
    let publish = move |app: &App| publisher.publish(app, signal);
    let added =
        conversations::add_participant_and(user_request.call(), found.id, user.id, publish).await?;
    Ok(User::new(added, fid))
}

/// Returns a participant of a conversation that the calling user owns.
///
/// # Errors
/// `NotFound`; `Forbidden` if the calling user is not the owner; errors of the store.
pub fn find(user_request: &WebchatUserRequest, id: &str, fid: &str) -> Result<User> {
    let conversation = find_owned(user_request, id)?;
    let author = user_request.author()?;
    user_request.call().app().store().read(|conn| {
        let user = match foreign_ids::find_user(conn, author.bot(), fid)? {
            Some(user) => user.id,
            // The bot, and users from elsewhere, have their own ids.
            None => fid.into(),
        };
        let found = conversations::load_participant(conn, author.bot(), &conversation, &user)?;
        User::load(conn, author.bot(), found)
    })
}

/// Removes a user from a conversation that the calling user owns, and ends the user's streams of it.
///
/// # Errors
/// `NotFound`; `Invalid` if the user is the owner; `Forbidden` if the calling user is not the owner; errors of
/// the store.
pub async fn remove(user_request: &WebchatUserRequest, id: &str, fid: &str) -> Result<()> {
    let found = find_owned(user_request, id)?;
    let author = user_request.author()?;
    let store = user_request.call().app().store();
    let user = store.read(|conn| foreign_ids::find_user(conn, author.bot(), fid))?;
    let user = user.ok_or_else(|| Error::not_found(format!("Participant \"{fid}\" not found")))?;
    if user.id == user_request.id {
        let rule =
            Rule::Other("must not be the owner of the conversation, who cannot leave".to_owned());
        return Err(Violation::body(["userId"], rule).into());
    }
    let conversation = store.read(|conn| foreign_ids::find_conversation_fid(conn, &found))?;
    let signal = Signal::ParticipantRemoved {
        conversation,
        participant: fid.to_owned(),
    };
    let publisher = user_request.publisher(found.seq)?;
    let publish = move |app: &App| publisher.publish(app, signal);
    conversations::remove_participant_and(user_request.call(), found.id, user.id, publish).await
}

/// Returns a page of the participants of a conversation, newest first and the bot last.
///
/// # Errors
/// `NotFound`; `Forbidden` if the calling user is not a participant; errors of the store.
pub async fn list(
    user_request: &WebchatUserRequest,
    id: &str,
    after: Option<PageToken>,
) -> Result<Page<User>> {
    let author = user_request.author()?;
    let store = user_request.call().app().store();
    let found = store.read(|conn| {
        let found = foreign_ids::get_conversation(conn, &author, id)?;
        require_participant(conn, author.bot(), &found, &user_request.id)?;
        Ok(found)
    })?;
    let page = conversations::list_participants(user_request.call(), found.id, after).await?;
    let next = page.next;
    let items = store.read(|conn| {
        let users = page.items.into_iter();
        users
            .map(|user| User::load(conn, author.bot(), user))
            .collect()
    })?;
    Ok(Page { items, next })
}
