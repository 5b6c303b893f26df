//! Query parameters of the lists of integrations.

use poem_openapi::Enum;

use crate::domain::bots::integrations;

/// Property that sorts a list of integrations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "IntegrationSortBy", rename_all = "camelCase")]
pub enum SortBy {
    /// Number of bots that have it enabled.
    Popularity,
    /// Name.
    Name,
    /// Time of creation.
    CreatedAt,
    /// Time of the last update.
    UpdatedAt,
    /// Number of bots that have it enabled.
    InstallCount,
}

/// Direction of a sort order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "IntegrationSortDirection", rename_all = "lowercase")]
pub enum Direction {
    /// Smallest value first.
    Asc,
    /// Largest value first.
    Desc,
}

/// Visibility that selects integrations of a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "IntegrationVisibilityFilter", rename_all = "lowercase")]
pub enum VisibilityFilter {
    /// Every workspace can use them, and lists have them.
    Public,
    /// Only their workspace can use them.
    Private,
}

/// Builds a sort order; newest first by default.
pub fn to_sort(by: Option<SortBy>, direction: Option<Direction>) -> integrations::Sort {
    // wire: nothing says which direction a list has without one (botpress-today.md §1)
    let ascending = match direction {
        Some(direction) => direction == Direction::Asc,
        None => by == Some(SortBy::Name),
    };
    let by = match by {
        Some(SortBy::Popularity | SortBy::InstallCount) => integrations::SortBy::Installs,
        Some(SortBy::Name) => integrations::SortBy::Name,
        Some(SortBy::UpdatedAt) => integrations::SortBy::UpdatedAt,
        Some(SortBy::CreatedAt) | None => integrations::SortBy::CreatedAt,
    };
    integrations::Sort { by, ascending }
}
