//! Packages: versioned definitions that integrations and bots refer to. Integrations implement interfaces, and bots
//! have plugins.
//! Workspaces own packages; the server has some of its own ([`shipped`]), which give way to published ones.

mod create;
mod delete;
pub mod interfaces;
mod list;
pub mod plugins;
mod rows;
pub mod shipped;
mod update;

pub(in crate::domain) use self::rows::{find_any, find_usable};
pub use self::{
    create::NewPackage,
    list::{Filter, Summary},
    rows::{find_icon, find_readme},
    update::PackagePatch,
};
use crate::{
    domain::{shared::sql::text_enum, tenancy::bounds::Bound},
    kernel::{
        Timestamp,
        ids::{PackageId, WorkspaceId},
    },
};

text_enum! {
    /// The kind of a package.
    pub enum PackageKind {
        /// An interface.
        Interface = "interface",
        /// A plugin.
        Plugin = "plugin",
    }
}

impl PackageKind {
    /// Returns the name of the kind at the beginning of a sentence.
    const fn label(self) -> &'static str {
        match self {
            Self::Interface => "Interface",
            Self::Plugin => "Plugin",
        }
    }

    const fn bound(self) -> &'static Bound {
        match self {
            Self::Interface => &INTERFACES,
            Self::Plugin => &PLUGINS,
        }
    }

    const fn audit_actions(self) -> [&'static str; 3] {
        match self {
            Self::Interface => ["interface.create", "interface.update", "interface.delete"],
            Self::Plugin => ["plugin.create", "plugin.update", "plugin.delete"],
        }
    }
}

const INTERFACES: Bound = Bound {
    owner_label: "A workspace",
    items_label: "versions of interfaces",
    setting: "interfaces",
    limit: |bounds| bounds.interfaces,
    max_number_sql: None,
    rows_sql: "SELECT 1 FROM packages WHERE kind = 'interface' AND workspace_id = ?1",
};

const PLUGINS: Bound = Bound {
    owner_label: "A workspace",
    items_label: "versions of plugins",
    setting: "plugins",
    limit: |bounds| bounds.plugins,
    max_number_sql: None,
    rows_sql: "SELECT 1 FROM packages WHERE kind = 'plugin' AND workspace_id = ?1",
};

text_enum! {
    /// Workspaces that can use a package.
    pub enum Visibility {
        /// Only its own workspace.
        Private = "private",
        /// Every workspace.
        Public = "public",
        /// Every workspace that knows its id or name; no list has it.
        Unlisted = "unlisted",
    }
}

impl Visibility {
    /// True if workspaces other than the owner can use the package.
    #[must_use]
    pub fn is_public(self) -> bool {
        self != Self::Private
    }
}

/// One version of a package with the definition `D`.
#[derive(Debug, Clone)]
pub struct Package<D> {
    /// Id of the version.
    pub id: PackageId,
    /// Workspace that owns it.
    pub workspace_id: WorkspaceId,
    /// Name.
    pub name: String,
    /// Version: `1.2.3`.
    pub version: String,
    /// Workspaces that can use it.
    pub visibility: Visibility,
    /// True if it is one of the server's own.
    pub built_in: bool,
    /// Display name.
    pub title: String,
    /// Description.
    pub description: String,
    /// Definition.
    pub definition: D,
    /// True if it has a readme.
    pub has_readme: bool,
    /// Time of creation.
    pub created_at: Timestamp,
    /// Time of the last change.
    pub updated_at: Timestamp,
    pub(in crate::domain) seq: i64,
}
