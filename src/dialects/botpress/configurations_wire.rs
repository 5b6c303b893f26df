//! How bots configure integrations: the default configuration and the named ones, as they are shown and as
//! they are given.

use std::collections::BTreeMap;

use poem_openapi::{Object, types::MaybeUndefined};

use super::definitions_wire::{Patches, given_patches, given_schema, shown_schema};
use crate::{
    domain::bots::definitions::{self, ConfigurationPatch, Named, NamedPatch},
    http::JsonObject,
    kernel::{Patch, Result, schema::Limits},
};

/// How a bot configures an integration.
#[derive(Object)]
pub struct Configuration {
    /// How an installation is linked with an account elsewhere.
    pub identifier: LinkTemplate,
    /// The JSON Schema that the configuration keeps to.
    pub schema: Option<JsonObject>,
}

/// A way to configure an integration that a bot can choose.
#[derive(Object)]
pub struct NamedConfiguration {
    /// Its name for people.
    #[oai(skip_serializing_if_is_none)]
    title: Option<String>,
    /// What it is.
    #[oai(skip_serializing_if_is_none)]
    description: Option<String>,
    /// How an installation is linked with an account elsewhere.
    identifier: LinkTemplate,
    /// The JSON Schema that the configuration keeps to.
    schema: JsonObject,
}

/// How an installation is linked with an account elsewhere.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
pub struct LinkTemplate {
    /// A VRL script that makes the address that a user follows.
    #[oai(skip_serializing_if_is_none)]
    pub link_template_script: Option<String>,
    /// Whether it has to be linked to work.
    pub required: bool,
}

impl From<definitions::LinkTemplate> for LinkTemplate {
    fn from(link: definitions::LinkTemplate) -> Self {
        Self {
            link_template_script: link.link_template_script,
            required: link.required,
        }
    }
}

impl From<definitions::Configuration> for Configuration {
    fn from(configuration: definitions::Configuration) -> Self {
        Self {
            schema: Some(shown_schema(&configuration.schema)),
            identifier: configuration.identifier.into(),
        }
    }
}

impl From<definitions::Configuration> for NamedConfiguration {
    fn from(configuration: definitions::Configuration) -> Self {
        Self {
            schema: shown_schema(&configuration.schema),
            title: configuration.title,
            description: configuration.description,
            identifier: configuration.identifier.into(),
        }
    }
}

/// The named configurations, as they are shown.
pub fn shown_configurations(
    named: Named<definitions::Configuration>,
) -> BTreeMap<String, NamedConfiguration> {
    let named = named.into_iter();
    named.map(|(name, one)| (name, one.into())).collect()
}

/// How a bot configures an integration.
#[derive(Object, Default)]
pub struct GivenConfiguration {
    /// The JSON Schema that the configuration keeps to.
    pub schema: Option<JsonObject>,
    /// How an installation is linked with an account elsewhere.
    pub identifier: Option<GivenLinkTemplate>,
}

/// A way to configure an integration that a bot can choose.
#[derive(Object)]
pub struct GivenNamedConfiguration {
    /// Its name for people.
    #[oai(validator(max_length = 64))]
    title: Option<String>,
    /// What it is.
    #[oai(validator(max_length = 256))]
    description: Option<String>,
    /// The JSON Schema that the configuration keeps to.
    schema: Option<JsonObject>,
    /// How an installation is linked with an account elsewhere.
    identifier: Option<GivenLinkTemplate>,
}

/// How an installation is linked with an account elsewhere.
#[derive(Object, Default)]
#[oai(rename_all = "camelCase")]
pub struct GivenLinkTemplate {
    /// Whether it has to be linked to work.
    pub required: Option<bool>,
    /// A VRL script that makes the address that a user follows.
    #[oai(nullable)]
    pub link_template_script: MaybeUndefined<String>,
}

/// The changes of named configurations, as the domain takes them.
///
/// # Errors
/// `InvalidSchema` for a schema that is none.
pub fn given_configurations(
    given: Option<Patches<GivenNamedConfiguration>>,
    limits: &Limits,
) -> Result<NamedPatch<ConfigurationPatch>> {
    given_patches(given, |one, name| {
        let place = format!("configurations.{name}.schema");
        let schema = one
            .schema
            .map(|schema| given_schema(schema, &place, limits));
        let link = one.identifier.unwrap_or_default();
        Ok(ConfigurationPatch {
            title: one.title,
            description: one.description,
            schema: schema.transpose()?,
            link_template_script: patch(link.link_template_script),
            link_required: link.required,
        })
    })
}

/// A member that can be absent, null or a text.
pub fn patch(given: MaybeUndefined<String>) -> Patch<String> {
    match given {
        MaybeUndefined::Undefined => Patch::Absent,
        MaybeUndefined::Null => Patch::Null,
        MaybeUndefined::Value(value) => Patch::Value(value),
    }
}
