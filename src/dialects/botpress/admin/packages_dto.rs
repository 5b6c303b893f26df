//! DTOs that integrations, interfaces and plugins share: entities, attributes, implementations of interfaces.

use std::collections::BTreeMap;

use poem_openapi::{Enum, Object};

use super::definitions_dto::{Patches, parse_schema, patches_to_domain, schema_to_dto};
use crate::{
    domain::bots::{
        definitions::{self, Attributes, InterfaceImplementation, Named, NamedPatch},
        integrations::Verification,
        packages,
    },
    http::{JsonObject, Nullable},
    kernel::{Result, schema::Limits},
};

/// Attributes, by name. In an update, null removes one.
pub type AttributesDto = BTreeMap<String, Nullable<String>>;

/// Converts attributes of a request.
pub fn attributes_to_domain(given: Option<AttributesDto>) -> Attributes {
    let given = given.unwrap_or_default().into_iter();
    given.map(|(name, Nullable(value))| (name, value)).collect()
}

/// Converts attributes for a response; absent if there are none.
pub fn attributes_to_dto(attributes: Attributes) -> Option<AttributesDto> {
    let attributes = attributes.into_iter();
    let dto: AttributesDto = attributes
        .map(|(name, value)| (name, Nullable(value)))
        .collect();
    (!dto.is_empty()).then_some(dto)
}

/// A kind of object that schemas refer to by `{"$ref": "name"}`.
#[derive(Object)]
pub struct EntityDefinition {
    /// Display name.
    #[oai(validator(max_length = 64), skip_serializing_if_is_none)]
    title: Option<String>,
    /// Description of the entity.
    #[oai(validator(max_length = 256), skip_serializing_if_is_none)]
    description: Option<String>,
    /// JSON Schema of the entity.
    schema: JsonObject,
}

impl From<definitions::EntityDefinition> for EntityDefinition {
    fn from(entity: definitions::EntityDefinition) -> Self {
        Self {
            schema: schema_to_dto(&entity.schema),
            title: entity.title,
            description: entity.description,
        }
    }
}

/// Converts patches of entities.
///
/// # Errors
/// `InvalidSchema` if a schema is not valid.
pub fn entity_patches_to_domain(
    given: Option<Patches<EntityDefinition>>,
    limits: &Limits,
) -> Result<NamedPatch<definitions::EntityDefinition>> {
    patches_to_domain(given, |entity, name| {
        Ok(definitions::EntityDefinition {
            title: entity.title,
            description: entity.description,
            schema: parse_schema(entity.schema, &format!("entities.{name}.schema"), limits)?,
        })
    })
}

/// The integration's name for a part of an interface.
#[derive(Object)]
pub struct PartName {
    /// Name in the integration.
    name: String,
}

/// An implementation of an interface in an integration.
#[derive(Object)]
pub struct Implementation {
    /// Id of the interface.
    id: String,
    /// Name of the interface.
    name: String,
    /// Version of the interface.
    version: String,
    /// Entities of the integration, by their names in the interface.
    entities: BTreeMap<String, PartName>,
    /// Actions of the integration, by their names in the interface.
    actions: BTreeMap<String, PartName>,
    /// Events of the integration, by their names in the interface.
    events: BTreeMap<String, PartName>,
    /// Channels of the integration, by their names in the interface.
    channels: BTreeMap<String, PartName>,
}

/// An implementation of an interface in a request.
#[derive(Object)]
pub struct ImplementationRequest {
    /// Id of the interface.
    id: String,
    /// Entities of the integration, by their names in the interface.
    entities: Option<BTreeMap<String, PartName>>,
    /// Actions of the integration, by their names in the interface.
    actions: Option<BTreeMap<String, PartName>>,
    /// Events of the integration, by their names in the interface.
    events: Option<BTreeMap<String, PartName>>,
    /// Channels of the integration, by their names in the interface.
    channels: Option<BTreeMap<String, PartName>>,
}

impl From<InterfaceImplementation> for Implementation {
    fn from(implementation: InterfaceImplementation) -> Self {
        let parts = |names: Named<String>| {
            let names = names.into_iter();
            names
                .map(|(part, name)| (part, PartName { name }))
                .collect()
        };
        Self {
            id: implementation.id.to_string(),
            name: implementation.name,
            version: implementation.version,
            entities: parts(implementation.entities),
            actions: parts(implementation.actions),
            events: parts(implementation.events),
            channels: parts(implementation.channels),
        }
    }
}

impl From<ImplementationRequest> for InterfaceImplementation {
    fn from(given: ImplementationRequest) -> Self {
        let parts = |names: Option<BTreeMap<String, PartName>>| {
            let names = names.unwrap_or_default().into_iter();
            names
                .map(|(part, PartName { name })| (part, name))
                .collect()
        };
        Self {
            id: given.id.into(),
            name: String::new(),
            version: String::new(),
            entities: parts(given.entities),
            actions: parts(given.actions),
            events: parts(given.events),
            channels: parts(given.channels),
        }
    }
}

/// Converts patches of implementations.
pub fn implementation_patches_to_domain(
    given: Option<Patches<ImplementationRequest>>,
) -> NamedPatch<InterfaceImplementation> {
    let given = given.unwrap_or_default().into_iter();
    given
        .map(|(key, Nullable(one))| (key, one.map(Into::into)))
        .collect()
}

/// Returns the address of the icon of an interface or a plugin.
pub fn package_icon_url(origin: &str, package: &str) -> String {
    format!("{origin}/v1/storage/packages/{package}/icon")
}

/// Returns the address of the readme of an interface or a plugin; empty if there is none.
pub fn package_readme_url(origin: &str, package: &str, has_readme: bool) -> String {
    match has_readme {
        true => format!("{origin}/v1/storage/packages/{package}/readme"),
        false => String::new(),
    }
}

/// Workspaces that can use an integration or a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "PackageVisibility", rename_all = "lowercase")]
pub enum Visibility {
    /// Every workspace.
    Public,
    /// Only its own workspace.
    Private,
    /// Every workspace that knows its id or name; no list has it.
    Unlisted,
}

impl Visibility {
    /// Returns the visibility of an integration.
    pub const fn for_integration(public: bool, unlisted: bool) -> Self {
        match (public, unlisted) {
            (false, _) => Self::Private,
            (true, false) => Self::Public,
            (true, true) => Self::Unlisted,
        }
    }
}

impl From<packages::Visibility> for Visibility {
    fn from(visibility: packages::Visibility) -> Self {
        match visibility {
            packages::Visibility::Public => Self::Public,
            packages::Visibility::Private => Self::Private,
            packages::Visibility::Unlisted => Self::Unlisted,
        }
    }
}

impl From<Visibility> for packages::Visibility {
    fn from(visibility: Visibility) -> Self {
        match visibility {
            Visibility::Public => Self::Public,
            Visibility::Private => Self::Private,
            Visibility::Unlisted => Self::Unlisted,
        }
    }
}

/// Stage of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
pub enum LifecycleStatus {
    /// It can be used.
    Published,
}

/// State of the verification of an integration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
pub enum VerificationStatus {
    /// Nobody has asked for it.
    Unapproved,
    /// The owner has asked for it.
    Pending,
    /// It is verified.
    Approved,
    /// It is refused.
    Rejected,
}

impl From<Verification> for VerificationStatus {
    fn from(verification: Verification) -> Self {
        match verification {
            Verification::Unapproved => Self::Unapproved,
            Verification::Pending => Self::Pending,
            Verification::Approved => Self::Approved,
            Verification::Rejected => Self::Rejected,
        }
    }
}

impl From<VerificationStatus> for Verification {
    fn from(status: VerificationStatus) -> Self {
        match status {
            VerificationStatus::Unapproved => Self::Unapproved,
            VerificationStatus::Pending => Self::Pending,
            VerificationStatus::Approved => Self::Approved,
            VerificationStatus::Rejected => Self::Rejected,
        }
    }
}
