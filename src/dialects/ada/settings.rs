//! Settings of the Ada dialect: where the vendor's pages are silent, users decide.

use serde::{Deserialize, Serialize};

pub use crate::domain::end_users::MetadataUpdate;

/// What users may want otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// What `metadata` in a PATCH of an end user does to the stored one.
    pub metadata_update: MetadataUpdate,
    /// After how many hours an end user goes that was made by POST and is in no conversation; 0 is
    /// never. It holds for those that are made from then on.
    pub purge_unused_end_users_after_hours: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            metadata_update: MetadataUpdate::Merge,
            // ada.md §3.2
            purge_unused_end_users_after_hours: 24,
        }
    }
}
