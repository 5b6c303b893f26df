//! Users of the chat.

use rusqlite::Connection;

use super::{FID, NAME, PROFILE, Visit, Visitor, ids, keys, visit::unknown_user};
use crate::{
    domain::{
        bots::{
            author::Voice,
            tags::{Given, Tags, VALUE_MAX},
            users,
        },
        tenancy::{request_auth::CallerAgent, write_tx::Change},
    },
    kernel::{Error, Kind, Patch, Result, Rule, Secret, Timestamp, Violation, ids::EndUserId},
};

/// A user of the chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// What it is known by in the chat.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// The address of its picture.
    pub picture_url: Option<String>,
    /// What the client keeps of it.
    pub profile: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What is said of a user. What is absent stays.
#[derive(Debug, Clone, Default)]
pub struct Profile {
    /// Its name.
    pub name: Option<String>,
    /// The address of its picture.
    pub picture_url: Option<String>,
    /// What the client keeps of it.
    pub profile: Option<String>,
}

/// What a new user is made of.
#[derive(Debug, Clone, Default)]
pub struct NewUser {
    /// What it is to be known by; its own id if absent.
    pub id: Option<String>,
    /// What is said of it.
    pub profile: Profile,
}

impl User {
    pub(super) fn of(user: users::User, fid: String) -> Self {
        let mut tags = user.tags.seen_by(Some(NAME));
        Self {
            id: fid,
            name: user.name,
            picture_url: user.picture_url,
            profile: tags.remove(PROFILE),
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }

    /// A user of the bot as the chat knows it.
    pub(super) fn known(conn: &Connection, bot: &CallerAgent, user: users::User) -> Result<Self> {
        let fid = ids::fid_of_user(conn, bot, &user.id)?;
        Ok(Self::of(user, fid))
    }
}

impl Profile {
    const fn is_empty(&self) -> bool {
        self.name.is_none() && self.picture_url.is_none() && self.profile.is_none()
    }

    /// It is kept as a tag, whose length is limited.
    fn check(&self) -> Result<()> {
        let length = self.profile.as_ref().map_or(0, |text| text.chars().count());
        if length > VALUE_MAX {
            let rule = Rule::MaxLength(VALUE_MAX as u64);
            return Err(Violation::body([PROFILE], rule).into());
        }
        Ok(())
    }

    fn tags(&self) -> Given {
        let profile = self.profile.clone();
        profile
            .map(|profile| (PROFILE.to_owned(), Some(profile)))
            .into_iter()
            .collect()
    }

    fn changes(self) -> users::Changes {
        let tags = self.tags();
        let given = |value: Option<String>| value.map_or(Patch::Absent, Patch::Value);
        users::Changes {
            tags,
            name: given(self.name),
            picture_url: given(self.picture_url),
        }
    }
}

/// Creates a user, and signs its key.
///
/// # Errors
/// `Unauthenticated` where the installation's owner signs keys; `Invalid` for an id that may not be
/// chosen and a profile that is too long, `Conflict` for one that is taken; those of the store.
pub async fn create(visit: &Visit, new: NewUser) -> Result<(User, Secret)> {
    if visit.own_key().is_some() {
        // wire: the vendor's answer
        return Err(Error::new(
            Kind::Unauthenticated,
            "createUser is for installations without an encryptionKey: here, sign a key and call \
             getOrCreateUser",
        ));
    }
    if let Some(fid) = &new.id {
        ids::check(fid)?;
    }
    new.profile.check()?;
    let voice = visit.voice()?;
    let installation = visit.installation()?.seq;
    let call = visit.call();
    call.app()
        .change(call, move |change, _| {
            let sealer = voice.sealer();
            let (user, id) = make(change, &voice, new.id, new.profile)?;
            let secret = keys::ensure(change.conn, sealer, installation)?;
            let key = keys::sign(&secret, &user.id, &id, change.now)?;
            Ok((user, key))
        })
        .await
}

/// Makes a user: what it is, and its own id.
fn make(
    change: &Change<'_>,
    voice: &Voice,
    fid: Option<String>,
    profile: Profile,
) -> Result<(User, EndUserId)> {
    let bot = voice.bot();
    let mut given = profile.tags();
    if let Some(fid) = &fid {
        ids::require_free_user(change.conn, bot, fid)?;
        given.insert(FID.to_owned(), Some(fid.clone()));
    }
    let tags = voice.on(change.conn)?.user_tags(&Tags::default(), &given)?;
    let new = users::New {
        name: profile.name,
        picture_url: profile.picture_url,
        ..users::New::default()
    };
    let user = users::make(change, voice, &tags, new)?;
    let id = user.id.clone();
    let fid = fid.unwrap_or_else(|| id.to_string());
    let seq = user.seq.ok_or_else(unknown_user)?;
    ids::name_user(change.conn, bot.seq, &fid, seq)?;
    Ok((User::of(user, fid), id))
}

/// The user that a key is for, with this said of it; one that is created if there is none and the
/// installation's owner has signed the key.
///
/// # Errors
/// `Unauthenticated` for a key that is not good, `Invalid` for an id that may not be chosen and a profile
/// that is too long, `Conflict` for an id that another user of the bot has; those of the store.
pub async fn get_or_create(visit: &Visit, key: &str, profile: Profile) -> Result<User> {
    let claims = visit.claims(key)?;
    profile.check()?;
    let voice = visit.voice()?;
    let call = visit.call();
    if profile.is_empty() {
        let known = call.app().store().read(|conn| {
            let Some(found) = ids::user(conn, voice.bot(), &claims.id)? else {
                return Ok(None);
            };
            let user = users::existing(conn, voice.bot(), &found.id)?;
            Ok(claims
                .is_of(&found.id)
                .then(|| User::of(user, claims.id.clone())))
        })?;
        if let Some(known) = known {
            return Ok(known);
        }
    }
    call.app()
        .change(call, move |change, _| {
            match ids::user(change.conn, voice.bot(), &claims.id)? {
                Some(found) if claims.is_of(&found.id) => {
                    let changed = users::apply(change, &voice, &found.id, profile.changes())?;
                    Ok(User::of(changed, claims.id))
                }
                // A key of this server is made with its user: that one is gone.
                _ if claims.is_of_someone() => Err(unknown_user()),
                Some(_) => Err(keys::invalid()),
                None => {
                    ids::check_claim(&claims.id)?;
                    Ok(make(change, &voice, Some(claims.id), profile)?.0)
                }
            }
        })
        .await
}

/// The user who asks.
///
/// # Errors
/// Those of the store.
pub fn find(visitor: &Visitor) -> Result<User> {
    let user = users::find(visitor.call(), &visitor.id)?;
    Ok(User::of(user, visitor.fid.clone()))
}

/// Changes what is said of the user who asks.
///
/// # Errors
/// `Invalid` for a profile that is too long, or those of the store.
pub async fn update(visitor: &Visitor, profile: Profile) -> Result<User> {
    profile.check()?;
    let changes = profile.changes();
    let changed = users::update(visitor.call(), visitor.id.clone(), changes).await?;
    Ok(User::of(changed, visitor.fid.clone()))
}

/// Deletes the user who asks, with what it has written.
///
/// # Errors
/// Those of the store.
pub async fn delete(visitor: &Visitor) -> Result<()> {
    users::delete(visitor.call(), visitor.id.clone())
        .await
        .map(drop)
}
