//! Users of the chat.

use rusqlite::Connection;

use super::{
    FID, NAME, PROFILE, WebchatRequest, WebchatUserRequest, foreign_ids,
    request_context::user_not_found, user_keys,
};
use crate::{
    domain::{
        bots::{
            author::Author,
            tags::{MAX_VALUE_CHARS, TagPatch, Tags},
            users,
        },
        tenancy::{request_auth::PrincipalAgent, write_tx::WriteTx},
    },
    kernel::{Error, Kind, Patch, Result, Rule, Secret, Timestamp, Violation, ids::EndUserId},
};

/// A user of the chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Id in the chat: the foreign id if the client chose one, else the user's own id.
    pub id: String,
    /// Name of the user.
    pub name: Option<String>,
    /// URL of the user's picture.
    pub picture_url: Option<String>,
    /// Profile text that the client stores.
    pub profile: Option<String>,
    /// Creation time.
    pub created_at: Timestamp,
    /// Time of the last update.
    pub updated_at: Timestamp,
}

/// The fields of a user that a client may set. An absent field does not change.
#[derive(Debug, Clone, Default)]
pub struct UserFields {
    /// Name of the user.
    pub name: Option<String>,
    /// URL of the user's picture.
    pub picture_url: Option<String>,
    /// Profile text that the client stores.
    pub profile: Option<String>,
}

/// The fields of a new user.
#[derive(Debug, Clone, Default)]
pub struct NewUser {
    /// Id in the chat; the user's own id if absent.
    pub id: Option<String>,
    /// Name, picture and profile text.
    pub fields: UserFields,
}

impl User {
    pub(super) fn new(user: users::User, fid: String) -> Self {
        let mut tags = user.tags.visible_to(Some(NAME));
        Self {
            id: fid,
            name: user.name,
            picture_url: user.picture_url,
            profile: tags.remove(PROFILE),
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }

    /// Returns a user of the bot in the chat's form.
    pub(super) fn load(conn: &Connection, bot: &PrincipalAgent, user: users::User) -> Result<Self> {
        let fid = foreign_ids::find_user_fid(conn, bot, &user.id)?;
        Ok(Self::new(user, fid))
    }
}

impl UserFields {
    const fn is_empty(&self) -> bool {
        self.name.is_none() && self.picture_url.is_none() && self.profile.is_none()
    }

    /// Checks the length of the profile text: it is stored as a tag, whose length is limited.
    fn validate(&self) -> Result<()> {
        let length = self.profile.as_ref().map_or(0, |text| text.chars().count());
        if length > MAX_VALUE_CHARS {
            let rule = Rule::MaxLength(MAX_VALUE_CHARS as u64);
            return Err(Violation::body([PROFILE], rule).into());
        }
        Ok(())
    }

    fn to_tags(&self) -> TagPatch {
        let profile = self.profile.clone();
        profile
            .map(|profile| (PROFILE.to_owned(), Some(profile)))
            .into_iter()
            .collect()
    }

    fn into_changes(self) -> users::UserPatch {
        let tags = self.to_tags();
        let to_patch = |value: Option<String>| value.map_or(Patch::Absent, Patch::Value);
        users::UserPatch {
            tags,
            name: to_patch(self.name),
            picture_url: to_patch(self.picture_url),
        }
    }
}

/// Creates a user, and signs its key.
///
/// # Errors
/// `Unauthenticated` if the installation's owner signs the keys; `Invalid` if the id is not allowed or the
/// profile text is too long; `Conflict` if the id is taken; errors of the store.
pub async fn create(request: &WebchatRequest, new: NewUser) -> Result<(User, Secret)> {
    if request.owner_secret().is_some() {
        // wire: the vendor's response
        return Err(Error::new(
            Kind::Unauthenticated,
            "createUser is for installations without an encryptionKey: here, sign a key and call \
             getOrCreateUser",
        ));
    }
    if let Some(fid) = &new.id {
        foreign_ids::validate_fid(fid)?;
    }
    new.fields.validate()?;
    let author = request.author()?;
    let installation = request.installation()?.seq;
    let call = request.call();
    call.app()
        .run_write_tx(call, move |tx, _| {
            let sealer = author.sealer();
            let (user, id) = create_in_tx(tx, &author, new.id, new.fields)?;
            let secret = user_keys::ensure_secret(tx.conn, sealer, installation)?;
            let key = user_keys::sign(&secret, &user.id, &id, tx.now)?;
            Ok((user, key))
        })
        .await
}

/// Creates a user, and returns it with its own id.
fn create_in_tx(
    tx: &WriteTx<'_>,
    author: &Author,
    fid: Option<String>,
    profile: UserFields,
) -> Result<(User, EndUserId)> {
    let bot = author.bot();
    let mut tag_changes = profile.to_tags();
    if let Some(fid) = &fid {
        foreign_ids::require_free_user(tx.conn, bot, fid)?;
        tag_changes.insert(FID.to_owned(), Some(fid.clone()));
    }
    let tags = author
        .load_schemas(tx.conn)?
        .apply_user_tags(&Tags::default(), &tag_changes)?;
    let new = users::NewUser {
        name: profile.name,
        picture_url: profile.picture_url,
        ..users::NewUser::default()
    };
    let user = users::create_in_tx(tx, author, &tags, new)?;
    let id = user.id.clone();
    let fid = fid.unwrap_or_else(|| id.to_string());
    let seq = user.seq.ok_or_else(user_not_found)?;
    foreign_ids::insert_user_fid(tx.conn, bot.seq, &fid, seq)?;
    Ok((User::new(user, fid), id))
}

/// Returns the user of a key after an update with these fields. Creates the user if there is none and the
/// installation's owner signed the key.
///
/// # Errors
/// `Unauthenticated` if the key is invalid; `Invalid` if the id is not allowed or the profile text is too long;
/// `Conflict` if another user of the bot has the id; errors of the store.
pub async fn get_or_create(
    request: &WebchatRequest,
    key: &str,
    profile: UserFields,
) -> Result<User> {
    let claims = request.verify_key(key)?;
    profile.validate()?;
    let author = request.author()?;
    let call = request.call();
    if profile.is_empty() {
        let known = call.app().store().read(|conn| {
            let Some(found) = foreign_ids::find_user(conn, author.bot(), &claims.id)? else {
                return Ok(None);
            };
            let user = users::load(conn, author.bot(), &found.id)?;
            Ok(claims
                .belongs_to(&found.id)
                .then(|| User::new(user, claims.id.clone())))
        })?;
        if let Some(known) = known {
            return Ok(known);
        }
    }
    call.app()
        .run_write_tx(call, move |tx, _| {
            match foreign_ids::find_user(tx.conn, author.bot(), &claims.id)? {
                Some(found) if claims.belongs_to(&found.id) => {
                    let changed =
                        users::update_in_tx(tx, &author, &found.id, profile.into_changes())?;
                    Ok(User::new(changed, claims.id))
                }
                // This server signs keys for existing users only, so this user was deleted.
                _ if claims.has_user() => Err(user_not_found()),
                Some(_) => Err(user_keys::invalid_key()),
                None => {
                    foreign_ids::validate_claimed_fid(&claims.id)?;
                    Ok(create_in_tx(tx, &author, Some(claims.id), profile)?.0)
                }
            }
        })
        .await
}

/// Returns the calling user.
///
/// # Errors
/// Errors of the store.
pub fn find(user_request: &WebchatUserRequest) -> Result<User> {
    let user = users::find(user_request.call(), &user_request.id)?;
    Ok(User::new(user, user_request.fid.clone()))
}

/// Updates the calling user.
///
/// # Errors
/// `Invalid` if the profile text is too long; errors of the store.
pub async fn update(user_request: &WebchatUserRequest, profile: UserFields) -> Result<User> {
    profile.validate()?;
    let changes = profile.into_changes();
    let changed = users::update(user_request.call(), user_request.id.clone(), changes).await?;
    Ok(User::new(changed, user_request.fid.clone()))
}

/// Deletes the calling user, with their messages.
///
/// # Errors
/// Errors of the store.
pub async fn delete(user_request: &WebchatUserRequest) -> Result<()> {
    users::delete(user_request.call(), user_request.id.clone())
        .await
        .map(drop)
}
