//! Creating and changing users.

use rusqlite::named_params;

use super::{User, declared::Rules, rows};
use crate::{
    domain::{
        access::{Call, CallerAgent},
        context::Change,
        end_users::{self, Scope},
        members::Role,
        tags::{Given, Tagged, Tags},
    },
    kernel::{
        Error, Kind, Patch, Result,
        ids::{EndUserId, WorkspaceId},
    },
    store::Sealer,
};

/// What a new user is made of.
#[derive(Debug, Clone, Default)]
pub struct New {
    /// Its tags.
    pub tags: Given,
    /// The integration that is to make it; the caller itself does if absent.
    pub integration: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// The address of its picture.
    pub picture_url: Option<String>,
}

/// Creates a user of the call's bot. It is an end user of the agent in every dialect.
///
/// # Errors
/// `Forbidden` for a role below developer, `Invalid` for undeclared or missing tags,
/// `ReferenceNotFound` for an integration that is not installed, `Runtime` if the integration fails to
/// make it, or those of the store.
pub async fn create(call: &Call, new: New) -> Result<User> {
    let tags = checked(call, &new)?;
    let (bot, sealer) = (call.agent()?.clone(), call.domain().sealer().clone());
    call.domain()
        .change(call, move |change, workspace| {
            make(change, &sealer, workspace, &bot, &tags, &new)
        })
        .await
}

/// The tags of a new user, after everything that can be refused is checked.
fn checked(call: &Call, new: &New) -> Result<Tags> {
    call.require_role(Role::Developer)?;
    call.domain().store().read(|conn| {
        let rules = Rules::of(call, conn)?;
        rules.new_tags(conn, &new.tags)
    })
}

const SET_TAGS: &str = "UPDATE end_users SET tags = :tags WHERE id = :id";

fn make(
    change: &Change<'_>,
    sealer: &Sealer,
    workspace: &WorkspaceId,
    bot: &CallerAgent,
    tags: &Tags,
    new: &New,
) -> Result<User> {
    let scope = Scope {
        workspace: workspace.clone(),
        agent: bot.id.clone(),
    };
    let id = EndUserId::new_ordered_uuid(change.now);
    let given = |value: &Option<String>| value.clone().map_or(Patch::Absent, Patch::Value);
    let profile = end_users::ProfileChanges {
        display_name: given(&new.name),
        avatar: given(&new.picture_url),
        ..Default::default()
    };
    let made = end_users::New {
        id: Some(id.clone()),
        profile,
        ..Default::default()
    };
    end_users::make(change, sealer, &scope, made)?;
    change
        .conn
        .prepare_cached(SET_TAGS)?
        .execute(named_params! {":id": id, ":tags": tags.canonical()})?;
    let made = rows::read(change.conn, bot, &id)?;
    let made = made.ok_or_else(|| Error::new(Kind::Internal, "a new user is not there"))?;
    if let Some(seq) = made.seq {
        Tagged::User.write(change.conn, bot.seq, seq, &Tags::default(), tags)?;
    }
    Ok(made)
}
