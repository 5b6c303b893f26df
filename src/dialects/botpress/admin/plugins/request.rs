//! Request DTOs of plugins: new versions and updates.

use std::mem;

use poem_openapi::{
    Object,
    types::{Example, MaybeUndefined},
};

use super::dto::PluginConfiguration;
use crate::{
    dialects::botpress::admin::{
        definitions_dto::{
            BotStateDefinition, EventDefinition, Patches, TagSetPatch, parse_schema,
            patches_to_domain, tag_patches_to_domain,
        },
        integrations::{
            dto::ActionDefinition,
            request::{action_to_domain, decode_base64},
        },
        packages_dto::{AttributesDto, Visibility, attributes_to_domain},
    },
    domain::bots::{
        definitions::{self, NamedPatch, PluginDefinition, PluginDefinitionPatch},
        packages::{self, NewPackage, PackagePatch, plugins},
    },
    http::Nullable,
    kernel::{Patch, Result, schema::Limits},
};

/// Declares a request body with the fields that creates and updates share.
macro_rules! body {
    ($(#[$meta:meta])* pub struct $name:ident { $($own:tt)* }) => {
        $(#[$meta])*
        pub struct $name {
            $($own)*
            /// Configuration of the plugin; null removes it.
            #[oai(nullable)]
            configuration: MaybeUndefined<PluginConfiguration>,
            /// State definitions, by name.
            states: Option<Patches<BotStateDefinition>>,
            /// Event definitions, by name.
            events: Option<Patches<EventDefinition>>,
            /// Action definitions, by name.
            actions: Option<Patches<ActionDefinition>>,
            /// Tags of users.
            user: Option<TagSetPatch>,
            /// Tags of conversations.
            conversation: Option<TagSetPatch>,
            /// Tags of messages.
            message: Option<TagSetPatch>,
            /// Interfaces and integrations that the plugin needs.
            dependencies: Option<DependenciesRequest>,
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
            /// Description of the plugin.
            #[oai(validator(max_length = 256))]
            description: Option<String>,
            /// True if every workspace can use the plugin; `visibility` precedes it.
            public: Option<bool>,
            /// Workspaces that can use the plugin.
            visibility: Option<Visibility>,
        }

        impl $name {
            fn take_definition_patch(&mut self, limits: &Limits) -> Result<PluginDefinitionPatch> {
                let dependencies = self.dependencies.take().unwrap_or_default();
                let tags = |tagged: Option<TagSetPatch>| {
                    tag_patches_to_domain(tagged.unwrap_or_default().tags)
                };
                Ok(PluginDefinitionPatch {
                    configuration: match mem::take(&mut self.configuration) {
                        MaybeUndefined::Undefined => Patch::Absent,
                        MaybeUndefined::Null => Patch::Null,
                        MaybeUndefined::Value(given) => {
                            Patch::Value(given.into_domain(limits)?)
                        }
                    },
                    states: patches_to_domain(self.states.take(), |state, name| {
                        state.into_domain(name, limits)
                    })?,
                    events: patches_to_domain(self.events.take(), |event, name| {
                        event.into_domain(name, limits)
                    })?,
                    actions: patches_to_domain(self.actions.take(), |action, name| {
                        action_to_domain(action, name, limits)
                    })?,
                    user: tags(self.user.take()),
                    conversation: tags(self.conversation.take()),
                    message: tags(self.message.take()),
                    interfaces: dependencies_to_domain(dependencies.interfaces),
                    integrations: dependencies_to_domain(dependencies.integrations),
                    attributes: attributes_to_domain(self.attributes.take()),
                    sdk_version: self.sdk_version.take(),
                })
            }

            /// Returns the visibility that the body sets.
            fn visibility(&self) -> Option<packages::Visibility> {
                let deprecated = self.public.map(|public| match public {
                    true => packages::Visibility::Public,
                    false => packages::Visibility::Private,
                });
                self.visibility.map(Into::into).or(deprecated)
            }
        }
    };
}

body! {
    /// A new version of a plugin.
    #[derive(Object)]
    #[oai(example, rename = "createPluginBody", rename_all = "camelCase")]
    pub struct CreatePluginBody {
        /// Name of the plugin.
        name: String,
        /// Version of the plugin: `1.2.3`.
        version: String,
        /// Code of the plugin.
        code: NewPluginCode,
    }
}

body! {
    /// An update of a version of a plugin. Absent fields keep their value; null removes a named entry.
    #[derive(Object, Default)]
    #[oai(example, rename = "updatePluginBody", rename_all = "camelCase")]
    pub struct UpdatePluginBody {
        /// Code of the plugin.
        code: Option<PluginCodePatch>,
    }
}

/// Code of a new plugin.
#[derive(Object)]
struct NewPluginCode {
    /// Code for Node.js: a CommonJS bundle.
    node: String,
    /// Code for browsers: an ES module.
    browser: String,
}

/// Code of a plugin in an update.
#[derive(Object, Default)]
struct PluginCodePatch {
    /// Code for Node.js: a CommonJS bundle.
    node: Option<String>,
    /// Code for browsers: an ES module.
    browser: Option<String>,
}

/// Interfaces and integrations that a plugin needs.
#[derive(Object, Default)]
#[oai(rename = "PluginDependenciesRequest")]
struct DependenciesRequest {
    /// Interfaces, by the alias that the plugin's code uses; null removes one.
    interfaces: Option<Patches<DependencyRequest>>,
    /// Integrations, by the alias that the plugin's code uses; null removes one.
    integrations: Option<Patches<DependencyRequest>>,
}

/// An interface or an integration that a plugin needs.
#[derive(Object)]
#[oai(rename = "PluginDependencyRequest")]
struct DependencyRequest {
    /// Id of the version that the plugin was made with.
    id: String,
    /// Name.
    name: String,
    /// Version or range.
    version: String,
}

fn dependencies_to_domain(
    given: Option<Patches<DependencyRequest>>,
) -> NamedPatch<definitions::PluginDependency> {
    let to_domain = |given: DependencyRequest| definitions::PluginDependency {
        id: given.id,
        name: given.name,
        version: given.version,
    };
    let given = given.unwrap_or_default().into_iter();
    given
        .map(|(alias, Nullable(one))| (alias, one.map(to_domain)))
        .collect()
}

impl PluginConfiguration {
    fn into_domain(self, limits: &Limits) -> Result<definitions::PluginConfiguration> {
        Ok(definitions::PluginConfiguration {
            title: self.title,
            description: self.description,
            schema: parse_schema(self.schema, "configuration.schema", limits)?,
        })
    }
}

impl Example for CreatePluginBody {
    fn example() -> Self {
        Self {
            name: "reader".to_owned(),
            version: "0.1.0".to_owned(),
            code: NewPluginCode {
                node: "module.exports = {}".to_owned(),
                browser: "export default {}".to_owned(),
            },
            configuration: MaybeUndefined::Undefined,
            states: None,
            events: None,
            actions: None,
            user: None,
            conversation: None,
            message: None,
            dependencies: None,
            attributes: None,
            sdk_version: None,
            icon: None,
            readme: None,
            title: Some("Reader".to_owned()),
            description: None,
            public: None,
            visibility: Some(Visibility::Public),
        }
    }
}

impl Example for UpdatePluginBody {
    fn example() -> Self {
        Self {
            title: Some("Reader".to_owned()),
            ..Self::default()
        }
    }
}

impl CreatePluginBody {
    /// Converts the body.
    ///
    /// # Errors
    /// `InvalidSchema` if a schema is not valid, `Invalid` if the icon or the readme is not base64.
    pub fn into_new_plugin(
        mut self,
        limits: &Limits,
    ) -> Result<(NewPackage, PluginDefinition, plugins::PluginCode)> {
        let mut definition = PluginDefinition::default();
        self.take_definition_patch(limits)?.apply(&mut definition);
        let new = NewPackage {
            visibility: self.visibility().unwrap_or(packages::Visibility::Private),
            name: self.name,
            version: self.version,
            title: self.title,
            description: self.description.unwrap_or_default(),
            icon: decode_base64(self.icon, "icon", false)?,
            readme: decode_base64(self.readme, "readme", false)?,
        };
        let code = plugins::PluginCode {
            node: Some(self.code.node),
            browser: Some(self.code.browser),
        };
        Ok((new, definition, code))
    }
}

impl UpdatePluginBody {
    /// Converts the body.
    ///
    /// # Errors
    /// `InvalidSchema` if a schema is not valid, `Invalid` if the icon or the readme is not base64.
    pub fn into_patch(
        mut self,
        limits: &Limits,
    ) -> Result<(PackagePatch, (PluginDefinitionPatch, plugins::PluginCode))> {
        let definition = self.take_definition_patch(limits)?;
        let patch = PackagePatch {
            visibility: self.visibility(),
            title: self.title,
            description: self.description,
            icon: decode_base64(self.icon, "icon", false)?,
            readme: decode_base64(self.readme, "readme", false)?,
        };
        let code = self.code.unwrap_or_default();
        let code = plugins::PluginCode {
            node: code.node,
            browser: code.browser,
        };
        Ok((patch, (definition, code)))
    }
}
