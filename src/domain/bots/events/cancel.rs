//! Cancels scheduled events.

use rusqlite::{Connection, named_params};

use super::{Event, EventStatus, rows};
use crate::{
    domain::{
        bots::author::{Author, require_write},
        tenancy::request_auth::RequestContext,
    },
    kernel::{Error, Kind, Result, ids::EventId},
};

const DELETE_SCHEDULE: &str = "
    DELETE FROM bot_schedules WHERE event_seq = (SELECT seq FROM events WHERE id = :id)";

const SET_CANCELED: &str = "UPDATE events SET outcome = 'canceled' WHERE id = :id";

/// Cancels a scheduled event of the call's bot. The event stays.
///
/// # Errors
/// `NotFound`; `RelationConflict` for an event that is not scheduled; `Forbidden` for a role below developer; errors of
/// the store.
pub async fn cancel_scheduled(call: &RequestContext, id: EventId) -> Result<()> {
    require_write(call)?;
    let author = Author::from_call(call)?;
    call.app()
        .run_write_tx(call, move |tx, _| {
            let event = load(tx.conn, &author, &id)?;
            // A message that is an event cannot be canceled, only deleted.
            if event.state.status != EventStatus::Scheduled || event.is_of_message() {
                let text = format!("Event \"{id}\" is not scheduled: {}", event.state.status);
                return Err(Error::new(Kind::RelationConflict, text));
            }
            for sql in [DELETE_SCHEDULE, SET_CANCELED] {
                tx.conn
                    .prepare_cached(sql)?
                    .execute(named_params! {":id": id})?;
            }
            Ok(())
        })
        .await
}

fn load(conn: &Connection, author: &Author, id: &EventId) -> Result<Event> {
    let found = rows::find_visible(conn, author, id)?;
    found.ok_or_else(|| Error::not_found(format!("Event \"{id}\" not found")))
}
