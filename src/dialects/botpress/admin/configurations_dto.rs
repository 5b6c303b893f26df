//! DTOs of integration configurations: the default one and the named ones, in responses and in requests.

use std::collections::BTreeMap;

use poem_openapi::{Object, types::MaybeUndefined};

use super::definitions_dto::{Patches, parse_schema, patches_to_domain, schema_to_dto};
use crate::{
    domain::bots::definitions::{self, ConfigurationPatch, Named, NamedPatch},
    http::JsonObject,
    kernel::{Patch, Result, schema::Limits},
};

/// The default configuration of an integration.
#[derive(Object)]
pub struct Configuration {
    /// Link between an installation and an account of the external service.
    pub identifier: LinkTemplate,
    /// JSON Schema of the configuration.
    pub schema: Option<JsonObject>,
}

/// A named configuration of an integration, which a bot can choose.
#[derive(Object)]
pub struct NamedConfiguration {
    /// Display name.
    #[oai(skip_serializing_if_is_none)]
    title: Option<String>,
    /// Description of the configuration.
    #[oai(skip_serializing_if_is_none)]
    description: Option<String>,
    /// Link between an installation and an account of the external service.
    identifier: LinkTemplate,
    /// JSON Schema of the configuration.
    schema: JsonObject,
}

/// Link between an installation and an account of the external service.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
pub struct LinkTemplate {
    /// VRL script that builds the address that a user opens to link the account.
    #[oai(skip_serializing_if_is_none)]
    pub link_template_script: Option<String>,
    /// True if an installation works only after it is linked.
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

impl From<definitions::ConfigurationDefinition> for Configuration {
    fn from(configuration: definitions::ConfigurationDefinition) -> Self {
        Self {
            schema: Some(schema_to_dto(&configuration.schema)),
            identifier: configuration.identifier.into(),
        }
    }
}

impl From<definitions::ConfigurationDefinition> for NamedConfiguration {
    fn from(configuration: definitions::ConfigurationDefinition) -> Self {
        Self {
            schema: schema_to_dto(&configuration.schema),
            title: configuration.title,
            description: configuration.description,
            identifier: configuration.identifier.into(),
        }
    }
}

/// Converts the named configurations for a response.
pub fn configurations_to_dto(
    named: Named<definitions::ConfigurationDefinition>,
) -> BTreeMap<String, NamedConfiguration> {
    let named = named.into_iter();
    named.map(|(name, one)| (name, one.into())).collect()
}

/// The default configuration of an integration.
#[derive(Object, Default)]
#[oai(rename = "GivenConfiguration")]
pub struct ConfigurationRequest {
    /// JSON Schema of the configuration.
    pub schema: Option<JsonObject>,
    /// Link between an installation and an account of the external service.
    pub identifier: Option<LinkTemplateRequest>,
}

/// A named configuration of an integration, which a bot can choose.
#[derive(Object)]
#[oai(rename = "GivenNamedConfiguration")]
pub struct NamedConfigurationRequest {
    /// Display name.
    #[oai(validator(max_length = 64))]
    title: Option<String>,
    /// Description of the configuration.
    #[oai(validator(max_length = 256))]
    description: Option<String>,
    /// JSON Schema of the configuration.
    schema: Option<JsonObject>,
    /// Link between an installation and an account of the external service.
    identifier: Option<LinkTemplateRequest>,
}

/// Link between an installation and an account of the external service.
#[derive(Object, Default)]
#[oai(rename = "GivenLinkTemplate", rename_all = "camelCase")]
pub struct LinkTemplateRequest {
    /// True if an installation works only after it is linked.
    pub required: Option<bool>,
    /// VRL script that builds the address that a user opens to link the account; null removes it.
    #[oai(nullable)]
    pub link_template_script: MaybeUndefined<String>,
}

/// Converts the patches of named configurations.
///
/// # Errors
/// `InvalidSchema` if a schema is not valid.
pub fn configuration_patches_to_domain(
    given: Option<Patches<NamedConfigurationRequest>>,
    limits: &Limits,
) -> Result<NamedPatch<ConfigurationPatch>> {
    patches_to_domain(given, |one, name| {
        let place = format!("configurations.{name}.schema");
        let schema = one
            .schema
            .map(|schema| parse_schema(schema, &place, limits));
        let link = one.identifier.unwrap_or_default();
        Ok(ConfigurationPatch {
            title: one.title,
            description: one.description,
            schema: schema.transpose()?,
            link_template_script: to_patch(link.link_template_script),
            link_required: link.required,
        })
    })
}

/// Converts a field that can be absent, null or a string.
pub fn to_patch(given: MaybeUndefined<String>) -> Patch<String> {
    match given {
        MaybeUndefined::Undefined => Patch::Absent,
        MaybeUndefined::Null => Patch::Null,
        MaybeUndefined::Value(value) => Patch::Value(value),
    }
}
