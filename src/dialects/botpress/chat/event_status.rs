//! Wire types of the status of events.

use poem_openapi::Enum;
use serde::Serialize;

use crate::domain::bots::events;

/// Status of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Serialize)]
#[oai(rename_all = "lowercase")]
#[serde(rename_all = "lowercase")]
pub enum EventStatus {
    /// The bot has not received it yet.
    Pending,
    /// The bot has received it.
    Processed,
    /// There was no bot to receive it.
    Ignored,
    /// The bot failed to receive it.
    Failed,
    /// It is delivered at a later time.
    Scheduled,
    /// It was canceled before its time.
    Canceled,
}

impl From<events::EventStatus> for EventStatus {
    fn from(status: events::EventStatus) -> Self {
        match status {
            events::EventStatus::Pending => Self::Pending,
            events::EventStatus::Processed => Self::Processed,
            events::EventStatus::Ignored => Self::Ignored,
            events::EventStatus::Failed => Self::Failed,
            events::EventStatus::Scheduled => Self::Scheduled,
            events::EventStatus::Canceled => Self::Canceled,
        }
    }
}

/// Status that selects events in a list.
// wire: canceled events cannot be selected (botpress-today.md §5)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
pub enum StatusFilter {
    /// The bot has not received them yet.
    Pending,
    /// There was no bot to receive them.
    Ignored,
    /// The bot has received them.
    Processed,
    /// The bot failed to receive them.
    Failed,
    /// They are delivered at a later time.
    Scheduled,
}

impl From<StatusFilter> for events::EventStatus {
    fn from(status: StatusFilter) -> Self {
        match status {
            StatusFilter::Pending => Self::Pending,
            StatusFilter::Ignored => Self::Ignored,
            StatusFilter::Processed => Self::Processed,
            StatusFilter::Failed => Self::Failed,
            StatusFilter::Scheduled => Self::Scheduled,
        }
    }
}
