//! Creates workflows, and finds the one that get-or-create returns.

use rusqlite::{Connection, OptionalExtension, named_params};
use serde_json::{Map, Value};

use super::{
    RelatedRows, Round, StatusGroup, UpdateKind, Workflow, WorkflowStatus, bot_author,
    parse_timeout, require_small, rounds, rows,
};
use crate::{
    domain::{
        bots::{
            author::{Author, require_write},
            messages,
            tag_match::{MAX_CANDIDATES, TagMatch},
            tags::{TagPatch, TagTable, Tags},
            users,
        },
        tenancy::{app::App, bounds::Bound, request_auth::RequestContext, write_tx::WriteTx},
    },
    kernel::{
        Error, Result, Rule, Timestamp, Violation,
        ids::{ConversationId, EndUserId, EventId, WorkflowId},
    },
};

/// The properties of a new workflow.
#[derive(Debug, Clone)]
pub struct NewWorkflow {
    /// Name.
    pub name: String,
    /// Status: pending, in progress or listening.
    pub status: WorkflowStatus,
    /// Input.
    pub input: Map<String, Value>,
    /// Tags.
    pub tags: TagPatch,
    /// The workflow that it is a part of.
    pub parent: Option<WorkflowId>,
    /// The conversation that it concerns.
    pub conversation: Option<ConversationId>,
    /// The user that it concerns.
    pub user: Option<EndUserId>,
    /// Time at which it times out, in ISO 8601; the default time if absent.
    pub timeout_at: Option<String>,
    /// The event that the bot is handling; only for a workflow in progress.
    pub event: Option<EventId>,
}

/// Creates a workflow in the call's bot. The bot is notified of a pending one.
///
/// # Errors
/// `Forbidden` for an integration and for a role below developer; `Invalid` for an input and tags that are too long, a time that is
/// no time, and a workflow in progress without an event that is being delivered; `ReferenceNotFound` for a parent, a
/// conversation, a user or an event that does not exist; `LimitExceeded`; errors of the store.
pub async fn create(call: &RequestContext, new: NewWorkflow) -> Result<Workflow> {
    require_write(call)?;
    let author = bot_author(call)?;
    let checked = CheckedWorkflow::new(new)?;
    let app = call.app().clone();
    call.app()
        .run_write_tx(call, move |tx, _| create_in_tx(tx, &app, &author, checked))
        .await
}

/// Returns the newest workflow with the name, with the tags that `discriminators` names, and with a status of the
/// group, or creates it; without discriminators, the workflow must have exactly the new one's tags. Concurrent calls
/// get the same workflow.
///
/// # Errors
/// As [`create`].
pub async fn get_or_create(
    call: &RequestContext,
    new: NewWorkflow,
    discriminators: Option<Vec<String>>,
    group: Option<StatusGroup>,
) -> Result<Workflow> {
    require_write(call)?;
    let author = bot_author(call)?;
    let checked = CheckedWorkflow::new(new)?;
    let wanted = TagMatch::new(&checked.tags, discriminators.as_deref(), None);
    let agent_seq = author.bot().seq;
    let name = checked.new.name.clone();
    let search = move |conn: &Connection| find_match(conn, agent_seq, &name, &wanted, group);
    if let Some(known) = call.app().store().read(&search)? {
        return Ok(known);
    }
    let app = call.app().clone();
    call.app()
        .run_write_tx(call, move |tx, _| match search(tx.conn)? {
            Some(known) => Ok(known),
            None => create_in_tx(tx, &app, &author, checked),
        })
        .await
}

/// A new workflow with valid fields. Its references are not checked yet.
struct CheckedWorkflow {
    new: NewWorkflow,
    tags: Tags,
    timeout_at: Option<Timestamp>,
}

impl CheckedWorkflow {
    fn new(new: NewWorkflow) -> Result<Self> {
        require_small("input", &new.input)?;
        let is_bound = new.status == WorkflowStatus::InProgress;
        if is_bound && new.event.is_none() {
            return Err(Violation::body(["eventId"], Rule::Required).into());
        }
        Ok(Self {
            tags: Tags::default().apply_undeclared_patch(&new.tags)?,
            timeout_at: new.timeout_at.as_deref().map(parse_timeout).transpose()?,
            new,
        })
    }
}

/// Statuses of a group, or all.
fn statuses_of(group: Option<StatusGroup>) -> impl Iterator<Item = WorkflowStatus> {
    let is_in = move |status: &WorkflowStatus| match group {
        None => true,
        Some(group) => status.is_live() == (group == StatusGroup::Active),
    };
    WorkflowStatus::ALL.iter().copied().filter(is_in)
}

const FIND_BY_TAGS: &str = "
    SELECT max(seq) FROM workflows
    WHERE agent_seq = :agent_seq AND name = :name AND status = :status AND tags = :tags";

/// Finds the newest workflow that matches.
fn find_match(
    conn: &Connection,
    agent_seq: i64,
    name: &str,
    wanted: &TagMatch,
    group: Option<StatusGroup>,
) -> Result<Option<Workflow>> {
    if !wanted.is_whole() {
        return find_by_some_tags(conn, agent_seq, name, wanted, group);
    }
    let tags = wanted.tags().to_canonical_json();
    let mut newest: Option<i64> = None;
    // One look-up for each status reads no other rows of the index.
    for status in statuses_of(group) {
        let parameters = named_params! {
            ":agent_seq": agent_seq, ":name": name, ":status": status, ":tags": tags,
        };
        let mut statement = conn.prepare_cached(FIND_BY_TAGS)?;
        let found: Option<i64> = statement.query_row(parameters, |row| row.get(0))?;
        newest = newest.max(found);
    }
    match newest {
        Some(seq) => rows::find_at_row(conn, seq),
        None => Ok(None),
    }
}

fn find_by_some_tags(
    conn: &Connection,
    agent_seq: i64,
    name: &str,
    wanted: &TagMatch,
    group: Option<StatusGroup>,
) -> Result<Option<Workflow>> {
    let rarest = wanted.find_rarest(conn, TagTable::Workflow, agent_seq, MAX_CANDIDATES)?;
    let Some((tag, value, _)) = rarest else {
        return Ok(None);
    };
    let statuses: Vec<_> = statuses_of(group)
        .map(|status| format!("'{status}'"))
        .collect();
    let sql = format!(
        "SELECT {} FROM (\
            SELECT of_seq FROM workflow_tags \
            WHERE agent_seq = :agent_seq AND name = :tag AND value = :value \
            ORDER BY of_seq DESC LIMIT {MAX_CANDIDATES}) AS found \
         CROSS JOIN workflows ON workflows.seq = found.of_seq \
         WHERE workflows.name = :name AND workflows.status IN ({}) AND {} \
         ORDER BY found.of_seq DESC LIMIT 1",
        rows::COLUMNS,
        statuses.join(", "),
        wanted.condition_sql("workflows.tags")
    );
    let parameters = named_params! {
        ":agent_seq": agent_seq,
        ":tag": tag,
        ":value": value,
        ":name": name,
        ":tags": wanted.tags().to_canonical_json(),
    };
    let found = conn
        .prepare_cached(&sql)?
        .query_row(parameters, rows::from_row);
    Ok(found.optional()?)
}

const BOUND: Bound = Bound {
    owner_label: "A bot",
    items_label: "workflows",
    setting: "workflows",
    limit: |bounds| bounds.workflows,
    max_number_sql: Some("SELECT max(seq) FROM workflows"),
    rows_sql: "SELECT 1 FROM workflows WHERE agent_seq = ?1",
};

fn create_in_tx(
    tx: &WriteTx<'_>,
    app: &App,
    author: &Author,
    checked: CheckedWorkflow,
) -> Result<Workflow> {
    let agent_seq = author.bot().seq;
    BOUND.require(tx, agent_seq)?;
    let CheckedWorkflow {
        new,
        tags,
        timeout_at,
    } = checked;
    let conversation = match &new.conversation {
        Some(id) => Some(messages::load_conversation(tx.conn, author, id)?.seq),
        None => None,
    };
    let user = match &new.user {
        Some(id) => users::find_referenced_row(tx.conn, author, id)?,
        None => None,
    };
    let parent = match &new.parent {
        Some(id) => Some(rows::require_row(tx.conn, agent_seq, id)?),
        None => None,
    };
    let wait = app.bot_settings().workflow_timeout();
    let mut workflow = Workflow {
        id: WorkflowId::new_ordered_uuid(tx.now),
        name: new.name,
        status: new.status,
        input: new.input,
        output: Map::new(),
        tags: Tags::default(),
        failure_reason: None,
        parent_id: new.parent,
        conversation_id: new.conversation,
        user_id: user.and(new.user),
        timeout_at: timeout_at.unwrap_or_else(|| tx.now.plus(wait)),
        created_at: tx.now,
        updated_at: tx.now,
        completed_at: None,
        seq: 0,
        rows: RelatedRows {
            agent: agent_seq,
            parent,
            conversation,
            user,
        },
        timeout_delay: timeout_at
            .is_none()
            .then(|| i64::try_from(wait.as_micros()).unwrap_or(i64::MAX)),
        round: Round::default(),
    };
    rows::insert(tx.conn, &mut workflow)?;
    rows::set_tags(tx.conn, &mut workflow, tags)?;
    match (workflow.status, &new.event) {
        (WorkflowStatus::InProgress, Some(event)) => {
            rounds::bind(tx.conn, author, &mut workflow, event)?;
        }
        // A workflow whose time has run out already only times out.
        (WorkflowStatus::Pending, _) if workflow.timeout_at > tx.now => {
            rounds::start(tx, app, &mut workflow, UpdateKind::Started)?;
        }
        _ => {}
    }
    rows::save(tx.conn, &workflow)?;
    // The dispatcher learns the time of the timeout.
    tx.wake_delivery_dispatcher();
    Ok(workflow)
}

/// Returns the error for an event that is not being delivered.
pub(super) fn not_being_delivered() -> Error {
    let rule = Rule::Other("must be an event that is being delivered to the bot".to_owned());
    Violation::body(["eventId"], rule).into()
}
