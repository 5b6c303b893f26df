//! Files of bots. The bot sees all its files. An integration sees the files that it created, and can read public
//! files by address.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::{author::require_write, list_query::ListQuery};
use crate::{
    domain::{
        shared::{
            paging::{Page, PageToken},
            sql::text_enum,
        },
        tenancy::{
            bearer_token::{BearerToken, OptionalBearerToken},
            bounds::Bound,
            quotas::{self, UsageType},
            request_auth::{
                ActingInstallation, PrincipalAgent, RequestContext, unauthenticated_error,
            },
        },
    },
    kernel::{
        Error, Kind, Result, Timestamp,
        ids::{AgentId, FileId},
    },
};

text_enum! {
    /// Access level of a file.
    pub enum AccessType {
        /// Readable by principals of the bot only.
        Private = "private",
        /// Readable by anyone with the address.
        Public = "public",
    }
}

/// A file without its contents.
#[derive(Debug, Clone, PartialEq)]
pub struct File {
    /// Id of the file.
    pub id: FileId,
    /// The bot that owns the file.
    pub bot_id: AgentId,
    /// Name of the file.
    pub name: String,
    /// Access level.
    pub access_type: AccessType,
    /// Size in bytes.
    pub size: i64,
    /// Creation time.
    pub created_at: Timestamp,
    seq: i64,
}

/// The fields of a new file.
#[derive(Debug, Clone)]
pub struct NewFile {
    /// Name of the file.
    pub name: String,
    /// Access level.
    pub access_type: AccessType,
    /// Contents of the file.
    pub contents: String,
}

const COLUMNS: &str = "bot_files.seq, bot_files.id, bot_files.name, bot_files.access_type, \
    length(bot_files.contents), bot_files.created_at";

const BOUND: Bound = Bound {
    owner_label: "A bot",
    items_label: "files",
    setting: "files",
    limit: |bounds| bounds.files,
    max_number_sql: Some("SELECT max(seq) FROM bot_files"),
    rows_sql: "SELECT 1 FROM bot_files WHERE agent_seq = ?1",
};

const INSERT: &str = "
    INSERT INTO bot_files (id, agent_seq, name, access_type, contents, integration, created_at)
    VALUES (:id, :agent_seq, :name, :access_type, :contents, :integration, :now)";

/// Creates a file in a bot.
///
/// # Errors
/// `Forbidden` if the token has no access to the bot or its role is below developer; `QuotaExceeded` if the
/// contents exceed the plan's storage; `LimitExceeded` if the bot has too many files; errors of the store.
pub async fn create(holder: &BearerToken, bot: &str, new: NewFile) -> Result<File> {
    let call = holder.admit_in_bot(bot)?;
    require_write(&call)?;
    let (bot, maker) = (call.agent()?.clone(), creator_key(&call));
    call.app()
        .run_write_tx(&call, move |tx, workspace| {
            let bytes = u64::try_from(new.contents.len()).unwrap_or(u64::MAX);
            quotas::require(tx, workspace, UsageType::StorageCount, bytes)?;
            BOUND.require(tx, bot.seq)?;
            let id = FileId::new_ordered_uuid(tx.now);
            tx.conn.prepare_cached(INSERT)?.execute(named_params! {
                ":id": id,
                ":agent_seq": bot.seq,
                ":name": new.name,
                ":access_type": new.access_type,
                ":contents": new.contents.as_bytes(),
                ":integration": maker,
                ":now": tx.now,
            })?;
            read(tx.conn, &bot, &id)
        })
        .await
}

const CONTENTS_IN_BOT: &str =
    "SELECT contents FROM bot_files WHERE id = :id AND agent_seq = :agent_seq";

/// Returns the contents of a file of a bot.
///
/// # Errors
/// Errors of the store.
pub(in crate::domain) fn find_contents_in_bot(
    conn: &Connection,
    agent_seq: i64,
    id: &str,
) -> Result<Option<Vec<u8>>> {
    let parameters = named_params! {":id": id, ":agent_seq": agent_seq};
    let mut statement = conn.prepare_cached(CONTENTS_IN_BOT)?;
    Ok(statement
        .query_row(parameters, |row| row.get(0))
        .optional()?)
}

/// Returns the key of the calling integration, which is stored as the creator of its files.
fn creator_key(call: &RequestContext) -> Option<String> {
    let installation = call.principal().installation.as_ref();
    installation.map(ActingInstallation::integration_key)
}

/// Returns a file of a bot that the token has access to.
///
/// # Errors
/// `NotFound`, or errors of the store.
pub fn find(holder: &BearerToken, id: &FileId) -> Result<File> {
    let call = authenticate_for_file(holder, id, RequiredAccess::Read)?;
    let bot = call.agent()?;
    call.app().store().read(|conn| read(conn, bot, id))
}

/// Returns a page of a bot's files, newest first. An integration gets only the files that it created.
///
/// # Errors
/// `Forbidden` if the token has no access to the bot; errors of the store.
pub async fn list(holder: &BearerToken, bot: &str, after: Option<PageToken>) -> Result<Page<File>> {
    let call = holder.admit_in_bot(bot)?;
    let (bot, maker) = (call.agent()?.clone(), creator_key(&call));
    // The files of others may be any number of rows.
    let is_short = maker.is_none();
    let page = call.app().store().read_page(is_short, move |conn| {
        ListQuery::new("bot_files", "bot_files.seq")
            .filter("bot_files.agent_seq = :agent_seq")
            .bind(":agent_seq", bot.seq)
            .filter_by_creator("bot_files", maker)
            .read_page(
                conn,
                COLUMNS,
                after,
                |row| from_row(row, &bot),
                |file: &File| PageToken::for_row(file.created_at, file.seq),
            )
    });
    page.await
}

const ERASE: &str = "DELETE FROM bot_files WHERE seq = :seq AND agent_seq = :agent_seq";

/// Deletes a file of a bot that the token has access to.
///
/// # Errors
/// `NotFound`; `Forbidden` for a role below developer; errors of the store.
pub async fn delete(holder: &BearerToken, id: FileId) -> Result<File> {
    let call = authenticate_for_file(holder, &id, RequiredAccess::Write)?;
    require_write(&call)?;
    let bot = call.agent()?.clone();
    call.app()
        .run_write_tx(&call, move |tx, _| {
            let file = read(tx.conn, &bot, &id)?;
            tx.conn
                .prepare_cached(ERASE)?
                .execute(named_params! {":seq": file.seq, ":agent_seq": bot.seq})?;
            Ok(file)
        })
        .await
}

const CONTENTS: &str = "SELECT contents FROM bot_files WHERE id = :id";
const IS_PUBLIC: &str = "SELECT 1 FROM bot_files WHERE id = :id AND access_type = 'public'";

/// Returns the contents of a file: of a public one to anyone, of a private one to a token with access to its
/// bot.
///
/// # Errors
/// `Unauthenticated` for a private file without a token; `NotFound`; errors of the store.
pub fn read_contents(holder: &OptionalBearerToken, id: &FileId) -> Result<Vec<u8>> {
    let app = &holder.app;
    let is_public = app.store().read(|conn| {
        let mut statement = conn.prepare_cached(IS_PUBLIC)?;
        Ok(statement.exists(named_params! {":id": id})?)
    })?;
    if !is_public {
        let holder = holder.token.as_ref();
        authenticate_for_file(
            holder.ok_or_else(unauthenticated_error)?,
            id,
            RequiredAccess::Read,
        )?;
    }
    let contents = app.store().read(|conn| {
        let contents = conn
            .prepare_cached(CONTENTS)?
            .query_row(named_params! {":id": id}, |row| row.get(0));
        Ok(contents.optional()?)
    })?;
    contents.ok_or_else(|| file_not_found(id))
}

const FIND: &str = "SELECT bot_files.seq, bot_files.id, bot_files.name, bot_files.access_type,
    length(bot_files.contents), bot_files.created_at
    FROM bot_files WHERE id = :id AND agent_seq = :agent_seq";

fn read(conn: &Connection, bot: &PrincipalAgent, id: &FileId) -> Result<File> {
    let parameters = named_params! {":id": id, ":agent_seq": bot.seq};
    let found = conn
        .prepare_cached(FIND)?
        .query_row(parameters, |row| from_row(row, bot));
    found.optional()?.ok_or_else(|| file_not_found(id))
}

/// The kind of access that a request needs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum RequiredAccess {
    Read,
    Write,
}

/// Authenticates the token in the bot that owns the file. To a token without access to that bot, and to an
/// integration without access to the file, the file does not exist.
fn authenticate_for_file(
    holder: &BearerToken,
    id: &FileId,
    reason: RequiredAccess,
) -> Result<RequestContext> {
    let found = holder.app().store().read(|conn| find_owner(conn, id))?;
    let bot = found.as_ref().map_or("", |found| found.bot.as_str());
    let absent_id = id.clone();
    let refused = move |error: Error| match error.kind() {
        Kind::Forbidden => file_not_found(&absent_id),
        _ => error,
    };
    let call = holder
        .admit_in_bot(bot)
        .map_err(&refused)?
        .with_error_map(refused);
    let found = found.ok_or_else(|| file_not_found(id))?;
    let own = creator_key(&call).is_none_or(|own| found.creator.as_ref() == Some(&own));
    if own || (found.is_public && reason == RequiredAccess::Read) {
        return Ok(call);
    }
    Err(file_not_found(id))
}

/// Owner and access level of a file.
struct FileOwner {
    bot: AgentId,
    /// Key of the integration that created the file; `None` for the bot.
    creator: Option<String>,
    is_public: bool,
}

const FIND_OWNER: &str = "
    SELECT agents.id, bot_files.integration, bot_files.access_type = 'public' AS is_public
    FROM bot_files JOIN agents ON agents.seq = bot_files.agent_seq
    WHERE bot_files.id = :id";

fn find_owner(conn: &Connection, id: &FileId) -> Result<Option<FileOwner>> {
    let found = conn
        .prepare_cached(FIND_OWNER)?
        .query_row(named_params! {":id": id}, |row| {
            Ok(FileOwner {
                bot: row.get("id")?,
                creator: row.get("integration")?,
                is_public: row.get("is_public")?,
            })
        });
    Ok(found.optional()?)
}

fn from_row(row: &Row<'_>, bot: &PrincipalAgent) -> rusqlite::Result<File> {
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

fn file_not_found(id: &FileId) -> Error {
    Error::not_found(format!("File \"{id}\" not found"))
}
