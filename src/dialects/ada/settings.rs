//! Settings of the Ada dialect: where the vendor's pages are silent, users decide.

use serde::{Deserialize, Serialize};

/// What users may want otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {}
