//! Creates tasks.

use rusqlite::named_params;
use serde_json::{Map, Value};

use super::{Task, TaskStatus, rows};
use crate::{
    domain::{
        bots::{
            author::{Author, require_write},
            messages,
            tags::{TagPatch, Tags},
            users,
            workflows::{bot_author, parse_timeout, require_small},
        },
        tenancy::{app::App, bounds::Bound, request_auth::RequestContext, write_tx::WriteTx},
    },
    kernel::{
        Error, Kind, Result, Timestamp,
        ids::{ConversationId, EndUserId, TaskId},
    },
};

/// The properties of a new task.
#[derive(Debug, Clone)]
pub struct NewTask {
    /// Title.
    pub title: String,
    /// Description.
    pub description: String,
    /// Type.
    pub kind: String,
    /// Data of the bot.
    pub data: Map<String, Value>,
    /// Tags.
    pub tags: TagPatch,
    /// The task that it is a part of.
    pub parent: Option<TaskId>,
    /// The conversation that it belongs to.
    pub conversation: ConversationId,
    /// The user that it concerns.
    pub user: Option<EndUserId>,
    /// Time at which it times out, in ISO 8601; the default time if absent.
    pub timeout_at: Option<String>,
}

/// Creates a pending task in the call's bot.
///
/// # Errors
/// `Forbidden` for an integration and for a role below developer; `Invalid` for data and tags that are too long and a
/// time that is no time; `ReferenceNotFound` for a parent, a conversation or a user that does not exist; `LimitExceeded`; errors
/// of the store.
pub async fn create(call: &RequestContext, new: NewTask) -> Result<Task> {
    require_write(call)?;
    let author = bot_author(call)?;
    require_small("data", &new.data)?;
    let tags = Tags::default().apply_undeclared_patch(&new.tags)?;
    let timeout_at = new.timeout_at.as_deref().map(parse_timeout).transpose()?;
    let app = call.app().clone();
    call.app()
        .run_write_tx(call, move |tx, _| {
            create_in_tx(tx, &app, &author, (new, tags, timeout_at))
        })
        .await
}

const BOUND: Bound = Bound {
    owner_label: "A bot",
    items_label: "tasks",
    setting: "tasks",
    limit: |bounds| bounds.tasks,
    max_number_sql: Some("SELECT max(seq) FROM tasks"),
    rows_sql: "SELECT 1 FROM tasks WHERE agent_seq = ?1",
};

const INSERT: &str = "
    INSERT INTO tasks
        (id, agent_seq, title, description, type, status, data, tags, parent_seq, conversation_seq, user_seq,
         timeout_at, timeout_delay, created_at, updated_at)
    VALUES
        (:id, :agent_seq, :title, :description, :kind, :status, :data, '{}', :parent, :conversation, :user,
         :timeout_at, :timeout_delay, :now, :now)";

fn create_in_tx(
    tx: &WriteTx<'_>,
    app: &App,
    author: &Author,
    (new, tags, timeout_at): (NewTask, Tags, Option<Timestamp>),
) -> Result<Task> {
    let agent_seq = author.bot().seq;
    BOUND.require(tx, agent_seq)?;
    let conversation = messages::load_conversation(tx.conn, author, &new.conversation)?.seq;
    let user = match &new.user {
        Some(id) => users::find_referenced_row(tx.conn, author, id)?,
        None => None,
    };
    let parent = match &new.parent {
        Some(id) => {
            let found = rows::find_seq(tx.conn, agent_seq, id)?;
            let absent = || {
                let text = format!("Task \"{id}\" not found");
                Error::new(Kind::ReferenceNotFound, text)
            };
            Some(found.ok_or_else(absent)?)
        }
        None => None,
    };
    let wait = app.bot_settings().workflow_timeout();
    let delay = i64::try_from(wait.as_micros()).unwrap_or(i64::MAX);
    let id = TaskId::new_ordered_uuid(tx.now);
    tx.conn.prepare_cached(INSERT)?.execute(named_params! {
        ":id": id,
        ":agent_seq": agent_seq,
        ":title": new.title,
        ":description": new.description,
        ":kind": new.kind,
        ":status": TaskStatus::Pending,
        ":data": Value::Object(new.data).to_string(),
        ":parent": parent,
        ":conversation": conversation,
        ":user": user,
        ":timeout_at": timeout_at.unwrap_or_else(|| tx.now.plus(wait)),
        ":timeout_delay": timeout_at.is_none().then_some(delay),
        ":now": tx.now,
    })?;
    let mut task = rows::load(tx.conn, author, &id)?;
    rows::set_tags(tx.conn, agent_seq, &mut task, tags)?;
    rows::save(tx.conn, &task)?;
    // The dispatcher learns the time of the timeout.
    tx.wake_delivery_dispatcher();
    Ok(task)
}
