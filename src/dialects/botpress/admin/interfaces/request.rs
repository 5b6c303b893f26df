//! Request DTOs of interfaces: new versions and updates.

use std::mem;

use poem_openapi::{
    Object,
    types::{Example, MaybeUndefined},
};

use super::dto::NameTemplate;
use crate::{
    dialects::botpress::admin::{
        definitions_dto::{EventDefinition, Patches, parse_schema, patches_to_domain},
        integrations::{
            dto::{ActionDefinition, SchemaDefinition},
            request::{action_to_domain, decode_base64},
        },
        packages_dto::{
            AttributesDto, EntityDefinition, attributes_to_domain, entity_patches_to_domain,
        },
    },
    domain::bots::{
        definitions::{ChannelPatch, InterfaceDefinition, InterfaceDefinitionPatch},
        packages::{NewPackage, PackagePatch, Visibility},
    },
    kernel::{Patch, Result, schema::Limits},
};

/// Declares a request body with the fields that creates and updates share.
macro_rules! body {
    ($(#[$meta:meta])* pub struct $name:ident { $($own:tt)* }) => {
        $(#[$meta])*
        pub struct $name {
            $($own)*
            /// Entities, by name.
            entities: Option<Patches<EntityDefinition>>,
            /// Event definitions, by name.
            events: Option<Patches<EventDefinition>>,
            /// Action definitions, by name.
            actions: Option<Patches<ActionDefinition>>,
            /// Channels, by name.
            channels: Option<Patches<InterfaceChannelRequest>>,
            /// Script for the names of an implementation's actions and events. It has no effect.
            #[oai(nullable)]
            name_template: MaybeUndefined<NameTemplate>,
            /// Attributes. They have no effect.
            attributes: Option<AttributesDto>,
            /// Version of the SDK that made the definition. It has no effect.
            #[oai(validator(max_length = 200))]
            sdk_version: Option<String>,
            /// Icon: SVG in base64.
            icon: Option<String>,
            /// Readme: Markdown in base64.
            readme: Option<String>,
            /// Display name.
            #[oai(validator(min_length = 1, max_length = 64))]
            title: Option<String>,
            /// Description of the interface.
            #[oai(validator(max_length = 256))]
            description: Option<String>,
            /// True if every workspace can use the interface.
            public: Option<bool>,
        }

        impl $name {
            fn take_definition_patch(&mut self, limits: &Limits) -> Result<InterfaceDefinitionPatch> {
                Ok(InterfaceDefinitionPatch {
                    entities: entity_patches_to_domain(self.entities.take(), limits)?,
                    events: patches_to_domain(self.events.take(), |event, name| {
                        event.into_domain(name, limits)
                    })?,
                    actions: patches_to_domain(self.actions.take(), |action, name| {
                        action_to_domain(action, name, limits)
                    })?,
                    channels: patches_to_domain(self.channels.take(), |channel, name| {
                        channel.into_patch(name, limits)
                    })?,
                    name_template: match mem::take(&mut self.name_template) {
                        MaybeUndefined::Undefined => Patch::Absent,
                        MaybeUndefined::Null => Patch::Null,
                        MaybeUndefined::Value(template) => Patch::Value(template.into()),
                    },
                    attributes: attributes_to_domain(self.attributes.take()),
                    sdk_version: self.sdk_version.take(),
                })
            }
        }
    };
}

body! {
    /// A new version of an interface.
    #[derive(Object, Default)]
    #[oai(example, rename = "createInterfaceBody", rename_all = "camelCase")]
    pub struct CreateInterfaceBody {
        /// Name of the interface.
        name: String,
        /// Version of the interface: `1.2.3`.
        version: String,
    }
}

body! {
    /// An update of a version of an interface. Absent fields keep their value; null removes a named entry.
    #[derive(Object, Default)]
    #[oai(example, rename = "updateInterfaceBody", rename_all = "camelCase")]
    pub struct UpdateInterfaceBody {}
}

impl Example for CreateInterfaceBody {
    fn example() -> Self {
        Self {
            name: "readable".to_owned(),
            version: "0.1.0".to_owned(),
            public: Some(true),
            ..Self::default()
        }
    }
}

impl Example for UpdateInterfaceBody {
    fn example() -> Self {
        Self {
            title: Some("Readable".to_owned()),
            ..Self::default()
        }
    }
}

/// A channel of an interface.
#[derive(Object)]
struct InterfaceChannelRequest {
    /// Display name.
    #[oai(validator(max_length = 64))]
    title: Option<String>,
    /// Description of the channel.
    #[oai(validator(max_length = 256))]
    description: Option<String>,
    /// Message types, by name.
    messages: Option<Patches<SchemaDefinition>>,
}

impl InterfaceChannelRequest {
    fn into_patch(self, name: &str, limits: &Limits) -> Result<ChannelPatch> {
        let schema = |message: SchemaDefinition, kind: &str| {
            let place = format!("channels.{name}.messages.{kind}.schema");
            parse_schema(message.schema, &place, limits)
        };
        Ok(ChannelPatch {
            title: self.title,
            description: self.description,
            messages: patches_to_domain(self.messages, schema)?,
            ..ChannelPatch::default()
        })
    }
}

const fn visibility(public: bool) -> Visibility {
    match public {
        true => Visibility::Public,
        false => Visibility::Private,
    }
}

impl CreateInterfaceBody {
    /// Converts the body.
    ///
    /// # Errors
    /// `InvalidSchema` if a schema is not valid, `Invalid` if the icon or the readme is not base64.
    pub fn into_new_interface(
        mut self,
        limits: &Limits,
    ) -> Result<(NewPackage, InterfaceDefinition)> {
        let mut definition = InterfaceDefinition::default();
        self.take_definition_patch(limits)?.apply(&mut definition);
        let new = NewPackage {
            name: self.name,
            version: self.version,
            visibility: visibility(self.public.unwrap_or(false)),
            title: self.title,
            description: self.description.unwrap_or_default(),
            icon: decode_base64(self.icon, "icon", false)?,
            readme: decode_base64(self.readme, "readme", false)?,
        };
        Ok((new, definition))
    }
}

impl UpdateInterfaceBody {
    /// Converts the body.
    ///
    /// # Errors
    /// `InvalidSchema` if a schema is not valid, `Invalid` if the icon or the readme is not base64.
    pub fn into_patch(
        mut self,
        limits: &Limits,
    ) -> Result<(PackagePatch, InterfaceDefinitionPatch)> {
        let definition = self.take_definition_patch(limits)?;
        let patch = PackagePatch {
            visibility: self.public.map(visibility),
            title: self.title,
            description: self.description,
            icon: decode_base64(self.icon, "icon", false)?,
            readme: decode_base64(self.readme, "readme", false)?,
        };
        Ok((patch, definition))
    }
}
