//! Installs, configures, disables and removes integrations of a bot (botpress.md §4 "Install/uninstall").

use std::collections::BTreeSet;

use rusqlite::{Connection, named_params};
use serde_json::{Map, Value};

use super::{
    Endpoint, registration,
    rows::{InstallationRow, SavedInstallation, delete_row, find_by_integration, find_by_key},
};
use crate::{
    domain::{
        bots::{
            definitions::{ConfigurationDefinition, Keeps},
            integrations::{self, Integration},
            manage::Bot,
        },
        tenancy::write_tx::WriteTx,
    },
    kernel::{
        Error, Kind, Patch, Result, Rule, Violation,
        ids::{IntegrationId, WorkspaceId},
    },
    store::Sealer,
};

/// Changes to an installation. Absent members stay as they are.
#[derive(Debug, Clone, Default)]
pub struct InstallationPatch {
    /// Integration; present if the key of the installation is an alias.
    pub integration_id: Option<IntegrationId>,
    /// True to enable it; a new installation is enabled by default.
    pub enabled: Option<bool>,
    /// Name of one of the configurations that the integration declares; null selects the default one.
    pub configuration_type: Patch<String>,
    /// Configuration; replaces the old one.
    pub configuration: Option<Map<String, Value>>,
    /// Channels that the bot does not use; replace the old ones.
    pub disabled_channels: Option<Vec<String>>,
}

impl InstallationPatch {
    /// True if neither the configuration nor its type changes.
    fn keeps_configuration(&self) -> bool {
        self.configuration.is_none() && self.configuration_type == Patch::Absent
    }
}

/// Creates or updates the installation with this key, which is its alias or the id of its integration. `None`
/// removes it.
///
/// # Errors
/// `ReferenceNotFound` if the bot's workspace cannot use the integration, `Invalid` for an integration in
/// development in a bot that is not, `InvalidData` for a configuration that does not conform to the
/// integration's schema, `Conflict` if it is already installed under another key.
pub(in crate::domain) fn apply_patch(
    tx: &WriteTx<'_>,
    sealer: &Sealer,
    workspace: &WorkspaceId,
    bot: &Bot,
    webhooks: &str,
    (key, given): (&str, Option<&InstallationPatch>),
) -> Result<()> {
    let Some(given) = given else {
        return match find_by_key(tx.conn, bot.seq, key)? {
            Some(known) => registration::remove_installation(tx, bot, webhooks, &known),
            None => Ok(()),
        };
    };
    let wanted = InstallationPlan::build(tx.conn, sealer, workspace, bot, (key, given))?;
    if let Some(keeps) = wanted.configuration_claim(key, given) {
        tx.claim(keeps);
    }
    let alias = given.integration_id.is_some().then_some(key);
    let InstallationPlan {
        integration,
        replaced,
        enabled,
        configuration,
        kind,
        declared,
        disabled_channels,
    } = wanted;
    if let Some(other) = &replaced.removed {
        registration::remove_installation(tx, bot, webhooks, other)?;
    }
    if let Some(seq) = replaced.duplicate {
        delete_row(tx.conn, seq)?;
    }
    if let Some(known) = &replaced.reused {
        let saved = SavedInstallation {
            integration_seq: integration.seq,
            enabled,
            alias,
            configuration: &configuration,
            configuration_type: kind.as_deref(),
            disabled_channels: &disabled_channels,
        };
        // The integration may require a link since the last save.
        let needs_link = declared.identifier.required && known.identifier.is_none();
        if !needs_link && known.is_settled_as(tx.conn, sealer, &saved)? {
            return Ok(());
        }
    }
    let standing = match replaced.reused {
        Some(known) => known,
        None => {
            super::insert_row(tx, sealer, bot, &integration, &configuration)?;
            find_by_integration(tx.conn, bot.seq, integration.seq)?
                .ok_or_else(|| Error::new(Kind::Internal, "a new installation cannot be read"))?
        }
    };
    tx.conn.prepare_cached(UPDATE)?.execute(named_params! {
        ":seq": standing.seq,
        ":integration_seq": integration.seq,
        ":enabled": enabled,
        ":configuration": super::seal_configuration(sealer, &standing.webhook_id, &configuration),
        ":configuration_type": kind,
        ":disabled_channels": serde_json::Value::from(disabled_channels).to_string(),
        ":alias": alias,
        ":now": tx.now,
    })?;
    super::built_in::remove_implicit(tx, bot.seq, standing.seq, &integration.name)?;
    let endpoint = Endpoint::find(tx.conn, integration.seq)?;
    registration::update_registration(
        tx,
        bot,
        webhooks,
        (&declared.identifier, endpoint),
        &standing,
        enabled,
    )
}

/// Returns the configuration with this name that an integration declares; the default one for `None`.
///
/// # Errors
/// `Invalid` for an unknown name.
fn find_configuration<'a>(
    integration: &'a Integration,
    kind: Option<&str>,
    key: &str,
) -> Result<&'a ConfigurationDefinition> {
    let definition = &integration.definition;
    definition.find_configuration(kind).ok_or_else(|| {
        let known: Vec<_> = definition
            .configurations
            .keys()
            .map(String::as_str)
            .collect();
        let rule = format!("must be null or one of: {}", known.join(", "));
        let path = ["integrations", key, "configurationType"];
        Violation::body(path, Rule::Other(rule)).into()
    })
}

/// Checks that the integration has these channels, and returns them in their order and once each.
///
/// # Errors
/// `Invalid` for an unknown channel.
fn check_channels(given: &[String], integration: &Integration, key: &str) -> Result<Vec<String>> {
    let channels = &integration.definition.channels;
    if given.iter().any(|channel| !channels.contains_key(channel)) {
        // wire: nothing says how the vendor answers (botpress-today.md §0.4)
        let known: Vec<_> = channels.keys().map(String::as_str).collect();
        let rule = format!("must be channels of the integration: {}", known.join(", "));
        let path = ["integrations", key, "disabledChannels"];
        return Err(Violation::body(path, Rule::Other(rule)).into());
    }
    let given: BTreeSet<_> = given.iter().cloned().collect();
    Ok(given.into_iter().collect())
}

/// Returns the claim that the configuration of an installation conforms to the integration's schema, if it
/// must.
///
/// # Errors
/// As [`apply_patch`].
pub(in crate::domain) fn configuration_claim(
    conn: &Connection,
    sealer: &Sealer,
    workspace: &WorkspaceId,
    bot: &Bot,
    (key, given): (&str, &InstallationPatch),
) -> Result<Option<Keeps>> {
    let wanted = InstallationPlan::build(conn, sealer, workspace, bot, (key, given))?;
    Ok(wanted.configuration_claim(key, given))
}

/// The planned state of an installation.
struct InstallationPlan {
    integration: Integration,
    replaced: AffectedRows,
    enabled: bool,
    configuration: Map<String, Value>,
    /// Name of its configuration; `None` for the default one.
    kind: Option<String>,
    /// Declaration of that configuration.
    declared: ConfigurationDefinition,
    disabled_channels: Vec<String>,
}

impl InstallationPlan {
    fn build(
        conn: &Connection,
        sealer: &Sealer,
        workspace: &WorkspaceId,
        bot: &Bot,
        (key, given): (&str, &InstallationPatch),
    ) -> Result<Self> {
        let known = find_by_key(conn, bot.seq, key)?;
        let integration = match (&given.integration_id, &known) {
            // A bot keeps an installed integration even if it could not install it now.
            (Some(id), Some(known)) if known.integration_id == *id => {
                integrations::load_by_seq(conn, known.integration_seq)?
            }
            (Some(id), _) => load_usable(conn, workspace, id)?,
            (None, Some(known)) => integrations::load_by_seq(conn, known.integration_seq)?,
            (None, None) => load_usable(conn, workspace, &key.into())?,
        };
        if integration.dev && !bot.dev {
            // wire: the reference page has this rule and names no error for it (botpress.md §4)
            let rule =
                "must not be an integration in development, because the bot is not in development";
            let rule = Rule::Other(rule.to_owned());
            return Err(Violation::body(["integrations", key], rule).into());
        }
        let replaced = AffectedRows::find(conn, bot, known, &integration)?;
        let known = &replaced.reused;
        let enabled = given.enabled.unwrap_or(match known {
            Some(known) if !known.removed => known.enabled,
            _ => true,
        });
        let configuration = match (&given.configuration, known) {
            (Some(given), _) => given.clone(),
            (None, Some(known)) => {
                super::open_configuration(sealer, &known.webhook_id, &known.configuration)?
            }
            (None, None) => Map::new(),
        };
        // A reinstallation with a new configuration starts with the default type.
        let keeps = |known: &&InstallationRow| !known.removed || given.configuration.is_none();
        let kept = known.as_ref().filter(keeps);
        let mut kind = kept.and_then(|known| known.configuration_type.clone());
        given.configuration_type.clone().apply(&mut kind);
        let declared = match find_configuration(&integration, kind.as_deref(), key) {
            // A newer version may no longer declare the type. Disabling must work anyway.
            Err(_) if !enabled && given.keeps_configuration() => {
                &integration.definition.configuration
            }
            declared => declared?,
        };
        let declared = declared.clone();
        let disabled_channels = match (&given.disabled_channels, known) {
            (Some(given), _) => check_channels(given, &integration, key)?,
            (None, Some(known)) if !known.removed => known.disabled_channels.clone(),
            (None, _) => Vec::new(),
        };
        Ok(Self {
            integration,
            replaced,
            enabled,
            configuration,
            kind,
            declared,
            disabled_channels,
        })
    }

    /// Returns the claim that the configuration conforms to the schema. A disabled installation may stay
    /// incomplete.
    fn configuration_claim(&self, key: &str, given: &InstallationPatch) -> Option<Keeps> {
        let must = self.enabled || given.configuration.is_some();
        must.then(|| Keeps {
            schema: self.declared.schema.clone(),
            value: Value::Object(self.configuration.clone()),
            place: format!("integrations.{key}.configuration"),
        })
    }
}

const UPDATE: &str = "
    UPDATE bot_integrations SET
        integration_seq = :integration_seq, enabled = :enabled, configuration = :configuration,
        configuration_type = :configuration_type, disabled_channels = :disabled_channels,
        alias = coalesce(:alias, alias), implicit = 0, removed_at = NULL, updated_at = :now
    WHERE seq = :seq";

/// Returns the integration if bots of the workspace can install it, or `ReferenceNotFound`.
fn load_usable(
    conn: &Connection,
    workspace: &WorkspaceId,
    id: &IntegrationId,
) -> Result<Integration> {
    let found = integrations::find_usable(conn, workspace, id)?;
    found.ok_or_else(|| {
        Error::new(
            Kind::ReferenceNotFound,
            format!("Integration \"{id}\" not found"),
        )
    })
}

/// The rows that a save affects. A row of the same name and owner is reused, with its webhook, configuration
/// and identifier, when another version replaces the installed one. A row of another integration is removed.
struct AffectedRows {
    reused: Option<InstallationRow>,
    /// Installation of another integration, to be removed.
    removed: Option<InstallationRow>,
    /// Row that an earlier installation of this version left behind, to be deleted.
    duplicate: Option<i64>,
}

impl AffectedRows {
    fn find(
        conn: &Connection,
        bot: &Bot,
        known: Option<InstallationRow>,
        integration: &Integration,
    ) -> Result<Self> {
        let same = find_by_integration(conn, bot.seq, integration.seq)?;
        let by = |standing| Self {
            reused: standing,
            removed: None,
            duplicate: None,
        };
        Ok(match (known, same) {
            (Some(known), _) if known.integration_seq == integration.seq => by(Some(known)),
            (Some(_), Some(same)) if !same.removed => {
                let text = format!(
                    "{}@{} is already installed under another key",
                    integration.name, integration.version
                );
                return Err(Error::new(Kind::Conflict, text));
            }
            (Some(known), same)
                if known.name == integration.name && known.owner == integration.workspace_id =>
            {
                Self {
                    duplicate: same.map(|same| same.seq),
                    ..by(Some(known))
                }
            }
            // The implicit installation of another version becomes this one, and keeps its address.
            (None, None) => by(
                match super::built_in::find_implicit(conn, bot.seq, integration)? {
                    Some(seq) => find_by_integration(conn, bot.seq, seq)?,
                    None => None,
                },
            ),
            (known, same) => Self {
                removed: known,
                ..by(same)
            },
        })
    }
}
