//! Files of bots. An integration reads and deletes those that it has made, and reads public ones of which it
//! knows the address; the bot has them all.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::{author::require_write, listing::Listing};
use crate::{
    domain::{
        shared::{
            paging::{Page, Token},
            sql::text_enum,
        },
        tenancy::{
            bearer_token::{Holder, MaybeHolder},
            bounds::Bound,
            quotas::{self, UsageType},
            request_auth::{Call, CallerAgent, CallerInstallation, unauthenticated},
        },
    },
    kernel::{
        Error, Kind, Result, Timestamp,
        ids::{AgentId, FileId},
    },
};

text_enum! {
    /// Who may read a file.
    pub enum AccessType {
        /// Whoever may act for the bot.
        Private = "private",
        /// Whoever knows its address.
        Public = "public",
    }
}

/// A file, without its contents.
#[derive(Debug, Clone, PartialEq)]
pub struct File {
    /// Its id.
    pub id: FileId,
    /// The bot that it belongs to.
    pub bot_id: AgentId,
    /// Its name.
    pub name: String,
    /// Who may read it.
    pub access_type: AccessType,
    /// Its size in bytes.
    pub size: i64,
    /// When it was created.
    pub created_at: Timestamp,
    seq: i64,
}

/// What a new file is made of.
#[derive(Debug, Clone)]
pub struct New {
    /// Its name.
    pub name: String,
    /// Who may read it.
    pub access_type: AccessType,
    /// What is in it.
    pub contents: String,
}

const COLUMNS: &str = "bot_files.seq, bot_files.id, bot_files.name, bot_files.access_type, \
    length(bot_files.contents), bot_files.created_at";

const BOUND: Bound = Bound {
    of: "A bot",
    things: "files",
    setting: "files",
    most: |bounds| bounds.files,
    last: Some("SELECT max(seq) FROM bot_files"),
    rows: "SELECT 1 FROM bot_files WHERE agent_seq = ?1",
};

const INSERT: &str = "
    INSERT INTO bot_files (id, agent_seq, name, access_type, contents, integration, created_at)
    VALUES (:id, :agent_seq, :name, :access_type, :contents, :integration, :now)";

/// Creates a file of a bot.
///
/// # Errors
/// `Forbidden` if the token does not act for the bot or its role is below developer, `QuotaExceeded` for
/// more bytes than the plan allows, or those of the store.
pub async fn create(holder: &Holder, bot: &str, new: New) -> Result<File> {
    let call = holder.in_bot(bot)?;
    require_write(&call)?;
    let (bot, maker) = (call.agent()?.clone(), maker(&call));
    call.app()
        .change(&call, move |change, workspace| {
            let bytes = u64::try_from(new.contents.len()).unwrap_or(u64::MAX);
            quotas::require(change, workspace, UsageType::StorageCount, bytes)?;
            BOUND.require(change, bot.seq)?;
            let id = FileId::new_ordered_uuid(change.now);
            change.conn.prepare_cached(INSERT)?.execute(named_params! {
                ":id": id,
                ":agent_seq": bot.seq,
                ":name": new.name,
                ":access_type": new.access_type,
                ":contents": new.contents.as_bytes(),
                ":integration": maker,
                ":now": change.now,
            })?;
            read(change.conn, &bot, &id)
        })
        .await
}

/// What is written beside files that the caller makes: the integration that it acts as.
fn maker(call: &Call) -> Option<String> {
    let installation = call.caller().installation.as_ref();
    installation.map(CallerInstallation::key)
}

/// A file of a bot that the token acts for.
///
/// # Errors
/// `NotFound`, or those of the store.
pub fn find(holder: &Holder, id: &FileId) -> Result<File> {
    let call = of_file(holder, id, For::Reading)?;
    let bot = call.agent()?;
    call.app().store().read(|conn| read(conn, bot, id))
}

/// The files of a bot, newest first; to an integration those that it has made.
///
/// # Errors
/// `Forbidden` if the token does not act for the bot, or those of the store.
pub async fn list(holder: &Holder, bot: &str, after: Option<Token>) -> Result<Page<File>> {
    let call = holder.in_bot(bot)?;
    let (bot, maker) = (call.agent()?.clone(), maker(&call));
    let page = call.app().store().scan(move |conn| {
        Listing::new("bot_files", "bot_files.seq")
            .whose("bot_files.agent_seq = :agent_seq")
            .with(":agent_seq", bot.seq)
            .made_by("bot_files", maker)
            .page(
                conn,
                COLUMNS,
                after,
                |row| from_row(row, &bot),
                |file: &File| Token::at(file.created_at, file.seq),
            )
    });
    page.await
}

const ERASE: &str = "DELETE FROM bot_files WHERE seq = :seq AND agent_seq = :agent_seq";

/// Deletes a file of a bot that the token acts for.
///
/// # Errors
/// `NotFound`, `Forbidden` for a role below developer, or those of the store.
pub async fn delete(holder: &Holder, id: FileId) -> Result<File> {
    let call = of_file(holder, &id, For::Changing)?;
    require_write(&call)?;
    let bot = call.agent()?.clone();
    call.app()
        .change(&call, move |change, _| {
            let file = read(change.conn, &bot, &id)?;
            change
                .conn
                .prepare_cached(ERASE)?
                .execute(named_params! {":seq": file.seq, ":agent_seq": bot.seq})?;
            Ok(file)
        })
        .await
}

const CONTENTS: &str = "SELECT contents FROM bot_files WHERE id = :id";
const PUBLIC: &str = "SELECT 1 FROM bot_files WHERE id = :id AND access_type = 'public'";

/// What is in a file: a public one, or one of a bot that the token acts for.
///
/// # Errors
/// `Unauthenticated` for one that is not public without a token, `NotFound`, or those of the store.
pub fn contents(holder: &MaybeHolder, id: &FileId) -> Result<Vec<u8>> {
    let app = &holder.app;
    let is_public = app.store().read(|conn| {
        let mut statement = conn.prepare_cached(PUBLIC)?;
        Ok(statement.exists(named_params! {":id": id})?)
    })?;
    if !is_public {
        let holder = holder.holder.as_ref();
        of_file(holder.ok_or_else(unauthenticated)?, id, For::Reading)?;
    }
    let contents = app.store().read(|conn| {
        let contents = conn
            .prepare_cached(CONTENTS)?
            .query_row(named_params! {":id": id}, |row| row.get(0));
        Ok(contents.optional()?)
    })?;
    contents.ok_or_else(|| absent(id))
}

const FIND: &str = "SELECT bot_files.seq, bot_files.id, bot_files.name, bot_files.access_type,
    length(bot_files.contents), bot_files.created_at
    FROM bot_files WHERE id = :id AND agent_seq = :agent_seq";

fn read(conn: &Connection, bot: &CallerAgent, id: &FileId) -> Result<File> {
    let parameters = named_params! {":id": id, ":agent_seq": bot.seq};
    let found = conn
        .prepare_cached(FIND)?
        .query_row(parameters, |row| from_row(row, bot));
    found.optional()?.ok_or_else(|| absent(id))
}

/// The reason for which a file is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum For {
    Reading,
    Changing,
}

/// The holder of a token as a caller in the bot of a file, for whom the file is not there if the token
/// does not act for that bot, or acts there for an integration that the file is not for.
fn of_file(holder: &Holder, id: &FileId, reason: For) -> Result<Call> {
    let found = holder.app().store().read(|conn| owner_of(conn, id))?;
    let bot = found.as_ref().map_or("", |found| found.bot.as_str());
    let absent_id = id.clone();
    let refused = move |error: Error| match error.kind() {
        Kind::Forbidden => absent(&absent_id),
        _ => error,
    };
    let call = holder.in_bot(bot).map_err(&refused)?.refused_with(refused);
    let found = found.ok_or_else(|| absent(id))?;
    let own = maker(&call).is_none_or(|own| found.maker.as_ref() == Some(&own));
    if own || (found.is_public && reason == For::Reading) {
        return Ok(call);
    }
    Err(absent(id))
}

/// What a file belongs to.
struct FileOwner {
    bot: AgentId,
    /// The integration that has made it.
    maker: Option<String>,
    is_public: bool,
}

const OWNER: &str = "
    SELECT agents.id, bot_files.integration, bot_files.access_type = 'public' AS is_public
    FROM bot_files JOIN agents ON agents.seq = bot_files.agent_seq
    WHERE bot_files.id = :id";

fn owner_of(conn: &Connection, id: &FileId) -> Result<Option<FileOwner>> {
    let found = conn
        .prepare_cached(OWNER)?
        .query_row(named_params! {":id": id}, |row| {
            Ok(FileOwner {
                bot: row.get("id")?,
                maker: row.get("integration")?,
                is_public: row.get("is_public")?,
            })
        });
    Ok(found.optional()?)
}

fn from_row(row: &Row<'_>, bot: &CallerAgent) -> rusqlite::Result<File> {
    Ok(File {
        seq: row.get(0)?,
        id: row.get(1)?,
        bot_id: bot.id.clone(),
        name: row.get(2)?,
        access_type: row.get(3)?,
        size: row.get(4)?,
        created_at: row.get(5)?,
    })
}

fn absent(id: &FileId) -> Error {
    Error::not_found(format!("File \"{id}\" not found"))
}
