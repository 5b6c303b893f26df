//! Creates, updates and deletes users.

use rusqlite::named_params;
use serde_json::json;

use super::{NewUser, User, UserPatch, rows};
use crate::{
    domain::{
        bots::{
            author::{Author, AuthorSchemas, DelegatedCreation, require_write},
            manage,
            schema_set::InstalledIntegration,
            tag_match::TagMatch,
            tags::{TagPatch, TagTable, Tags},
        },
        end_users,
        tenancy::{
            request_auth::{PrincipalAgent, RequestContext},
            write_tx::WriteTx,
        },
    },
    kernel::{Error, Kind, Patch, Result, ids::EndUserId},
};

/// Creates a user of the call's bot. The user is an end user of the agent in every dialect.
///
/// # Errors
/// `Forbidden` for a role below developer, `Invalid` for undeclared or missing tags, `ReferenceNotFound` for
/// an integration that is not installed, `Runtime` if the integration fails to create the user, or errors of
/// the store.
pub async fn create(call: &RequestContext, new: NewUser) -> Result<User> {
    let author = Author::from_call(call)?;
    match plan_creation(call, &author, &new)? {
        CreationPath::Local(tags) => {
            call.app()
                .run_write_tx(call, move |tx, _| create_in_tx(tx, &author, &tags, new))
                .await
        }
        CreationPath::Delegated(delegated) => {
            create_through_integration(call, &author, &delegated).await
        }
    }
}

/// Returns the user with the tags that `discriminators` names, or creates it; without them, the user must have exactly
/// the new user's tags. Concurrent calls get the same user.
///
/// # Errors
/// As [`create`].
pub async fn get_or_create(
    call: &RequestContext,
    new: NewUser,
    discriminators: Option<Vec<String>>,
) -> Result<User> {
    let author = Author::from_call(call)?;
    let way = plan_creation(call, &author, &new)?;
    let tags = match &way {
        CreationPath::Local(tags) => tags.clone(),
        CreationPath::Delegated(delegated) => Tags::from_full_names(&delegated.tags),
    };
    let own = author.integration().map(|own| own.name.as_str());
    let own = own.or(new.integration.as_deref());
    let wanted = TagMatch::new(&tags, discriminators.as_deref(), own);
    let store = call.app().store();
    if let Some(known) = store.read(|conn| rows::find_by_tags(conn, &author, &wanted))? {
        return Ok(known);
    }
    if let CreationPath::Delegated(delegated) = &way {
        return create_through_integration(call, &author, delegated).await;
    }
    call.app()
        .run_write_tx(call, move |tx, _| {
            get_or_create_in_tx(tx, &author, &wanted, (&tags, new))
        })
        .await
}

/// Returns the user that matches, or creates it with its tags, inside a write transaction.
pub(in crate::domain) fn get_or_create_in_tx(
    tx: &WriteTx<'_>,
    author: &Author,
    wanted: &TagMatch,
    (tags, new): (&Tags, NewUser),
) -> Result<User> {
    match rows::find_by_tags(tx.conn, author, wanted)? {
        Some(known) => Ok(known),
        None => create_in_tx(tx, author, tags, new),
    }
}

/// Validates the tags of a user that the calling integration creates itself.
pub(in crate::domain) fn validate_own_tags(
    speaker: &AuthorSchemas<'_>,
    given: &TagPatch,
) -> Result<Tags> {
    let tags = speaker.apply_user_tags(&Tags::default(), given)?;
    if let Some(own) = speaker.own_integration()? {
        let required = &own.definition.user.creation.required_tags;
        tags.require_all(&own.installation.name, required)?;
    }
    Ok(tags)
}

/// The way to create a user.
enum CreationPath {
    /// In the database, with these tags.
    Local(Tags),
    /// Through an integration.
    Delegated(DelegatedCreation),
}

/// Asks an integration to create a user.
async fn create_through_integration(
    call: &RequestContext,
    author: &Author,
    delegated: &DelegatedCreation,
) -> Result<User> {
    let body = json!({"tags": delegated.tags});
    let app = call.app();
    let id = delegated
        .request_creation(app, "create_user", &body, "user")
        .await?;
    let made = app
        .store()
        .read(|conn| rows::find_in_bot(conn, author.bot(), &id.as_str().into()))?;
    made.ok_or_else(|| delegated.result_not_found("user", &id))
}

/// Validates the new user and decides the way to create it.
fn plan_creation(call: &RequestContext, author: &Author, new: &NewUser) -> Result<CreationPath> {
    require_write(call)?;
    call.app().store().read(|conn| {
        let speaker = author.load_schemas(conn)?;
        if let Some(name) = new.integration.as_deref()
            && !speaker.is_integration(name)
        {
            let creation =
                |found: &InstalledIntegration| Ok(found.definition.user.creation.clone());
            return speaker
                .delegate_creation(name, creation, &new.tags)
                .map(CreationPath::Delegated);
        }
        validate_own_tags(&speaker, &new.tags).map(CreationPath::Local)
    })
}

/// Creates a user with these tags inside a write transaction.
pub(in crate::domain) fn create_in_tx(
    tx: &WriteTx<'_>,
    author: &Author,
    tags: &Tags,
    new: NewUser,
) -> Result<User> {
    let id = EndUserId::new_ordered_uuid(tx.now);
    let given = |value: Option<String>| value.map_or(Patch::Absent, Patch::Value);
    let profile = end_users::ProfileChanges {
        display_name: given(new.name),
        avatar: given(new.picture_url),
        ..Default::default()
    };
    let made = end_users::NewEndUser {
        id: Some(id.clone()),
        profile,
        ..Default::default()
    };
    end_users::create_in_tx(tx, author.sealer(), &author.scope(), made)?;
    if let Some(own) = author.integration() {
        tx.conn
            .prepare_cached(SET_CREATOR)?
            .execute(named_params! {":id": id, ":integration": own.integration_key()})?;
    }
    set_tags(tx, author.bot(), &id, &Tags::default(), tags)?;
    rows::load(tx.conn, author.bot(), &id)
}

/// Records the integration that created the user, which may list and delete it.
const SET_CREATOR: &str = "UPDATE end_users SET integration = :integration WHERE id = :id";

const SET_TAGS: &str = "
    UPDATE end_users SET tags = :tags, updated_at = :now WHERE id = :id AND agent_id = :agent_id";

fn set_tags(
    tx: &WriteTx<'_>,
    bot: &PrincipalAgent,
    id: &EndUserId,
    old: &Tags,
    new: &Tags,
) -> Result<()> {
    if old == new {
        return Ok(());
    }
    tx.conn.prepare_cached(SET_TAGS)?.execute(named_params! {
        ":id": id,
        ":agent_id": bot.id,
        ":tags": new.to_canonical_json(),
        ":now": tx.now,
    })?;
    match rows::load(tx.conn, bot, id)?.seq {
        Some(seq) => TagTable::User.update_rows(tx.conn, bot.seq, seq, old, new),
        None => Ok(()),
    }
}

/// Updates a user of the call's bot. Sets and unsets single tags.
///
/// # Errors
/// `NotFound`, `Forbidden` for a role below developer, `Invalid` for undeclared tags, or errors of the
/// store.
pub async fn update(call: &RequestContext, id: EndUserId, changes: UserPatch) -> Result<User> {
    require_write(call)?;
    let author = Author::from_call(call)?;
    call.app()
        .run_write_tx(call, move |tx, _| update_in_tx(tx, &author, &id, changes))
        .await
}

/// Updates a user inside a write transaction.
pub(in crate::domain) fn update_in_tx(
    tx: &WriteTx<'_>,
    author: &Author,
    id: &EndUserId,
    changes: UserPatch,
) -> Result<User> {
    let bot = author.bot();
    let old = rows::load_visible(tx.conn, author, id)?;
    let tags = author
        .load_schemas(tx.conn)?
        .apply_user_tags(&old.tags, &changes.tags)?;
    if old.seq.is_none() {
        return update_bot_user(tx, author, old, tags, changes);
    }
    let profile = end_users::ProfileChanges {
        display_name: changes.name,
        avatar: changes.picture_url,
        ..Default::default()
    };
    let changed = end_users::EndUserChanges {
        profile,
        ..Default::default()
    };
    let how = end_users::MetadataUpdate::Merge;
    end_users::update_in_tx(tx, author.sealer(), &author.scope(), id, changed, how)?;
    set_tags(tx, bot, id, &old.tags, &tags)?;
    rows::load(tx.conn, bot, id)
}

const UPDATE_BOT_USER: &str = "
    UPDATE bots SET user_tags = :tags, user_name = :name, user_picture = :picture_url
    WHERE agent_seq = :agent_seq";

fn update_bot_user(
    tx: &WriteTx<'_>,
    author: &Author,
    mut user: User,
    tags: Tags,
    changes: UserPatch,
) -> Result<User> {
    user.tags = tags;
    changes.name.apply(&mut user.name);
    changes.picture_url.apply(&mut user.picture_url);
    manage::ensure_bot(tx, author.sealer(), author.bot())?;
    tx.conn
        .prepare_cached(UPDATE_BOT_USER)?
        .execute(named_params! {
            ":tags": user.tags.to_canonical_json(),
            ":name": user.name,
            ":picture_url": user.picture_url,
            ":agent_seq": author.bot().seq,
        })?;
    Ok(user)
}

/// Deletes a user of the call's bot, with its messages, in every dialect. An integration can delete only
/// users that it has created.
///
/// # Errors
/// `NotFound`, `RelationConflict` for the bot's own user, `Forbidden` for a role below developer or a user
/// that another integration or the bot has created, or errors of the store.
pub async fn delete(call: &RequestContext, id: EndUserId) -> Result<User> {
    require_write(call)?;
    let author = Author::from_call(call)?;
    call.app()
        .run_write_tx(call, move |tx, _| {
            let user = rows::load_visible(tx.conn, &author, &id)?;
            let Some(seq) = user.seq else {
                return Err(Error::new(
                    Kind::RelationConflict,
                    "This user is the bot itself and is deleted with it",
                ));
            };
            if !rows::may_delete(tx.conn, &author, seq)? {
                return Err(Error::new(
                    Kind::Forbidden,
                    format!("This integration did not create the user {id}"),
                ));
            }
            end_users::erase(tx, &author.scope(), &id)?;
            Ok(user)
        })
        .await
}
