//! The scripts of an integration. They are checked before the change that stores them begins: the
//! writer must not wait for scripts.

use super::{IntegrationDefinition, IntegrationDefinitionPatch};
use crate::{
    domain::script::{RETRY_AFTER, Scripts},
    kernel::{Error, Kind, Result, Rule, Violation, patch::Patch},
};

/// The members that hold scripts.
const LINK_TEMPLATE: &str = "configuration.identifier.linkTemplateScript";
const EXTRACT: &str = "identifier.extractScript";
const FALLBACK: &str = "identifier.fallbackHandlerScript";

/// Scripts by the members that hold them.
type Given<'a> = [(&'static str, Option<&'a String>); 3];

impl IntegrationDefinition {
    /// Checks its scripts.
    ///
    /// # Errors
    /// `Invalid`, or `Unavailable` if nothing can check them now.
    pub async fn check_scripts(&self, scripts: &Scripts) -> Result<()> {
        let link = &self.configuration.identifier.link_template_script;
        let given: Given<'_> = [
            (LINK_TEMPLATE, link.as_ref()),
            (EXTRACT, self.identifier.extract_script.as_ref()),
            (FALLBACK, self.identifier.fallback_handler_script.as_ref()),
        ];
        check(scripts, given).await
    }
}

impl IntegrationDefinitionPatch {
    /// True if it sets a script.
    #[must_use]
    pub fn has_scripts(&self) -> bool {
        self.scripts().iter().any(|(_, script)| script.is_some())
    }

    /// Checks the scripts that it sets.
    ///
    /// # Errors
    /// As [`IntegrationDefinition::check_scripts`].
    pub async fn check_scripts(&self, scripts: &Scripts) -> Result<()> {
        check(scripts, self.scripts()).await
    }

    fn scripts(&self) -> Given<'_> {
        [
            (LINK_TEMPLATE, given(&self.link_template_script)),
            (EXTRACT, given(&self.extract_script)),
            (FALLBACK, given(&self.fallback_handler_script)),
        ]
    }
}

fn given(patch: &Patch<String>) -> Option<&String> {
    match patch {
        Patch::Value(script) => Some(script),
        Patch::Absent | Patch::Null => None,
    }
}

async fn check(scripts: &Scripts, given: Given<'_>) -> Result<()> {
    for (name, script) in given {
        let Some(script) = script else { continue };
        scripts.check(script).await.map_err(|error| {
            if error.may_pass() {
                let retry_after = RETRY_AFTER;
                return Error::new(Kind::Unavailable { retry_after }, error.to_string());
            }
            Violation::body(name.split('.'), Rule::Other(error.to_string())).into()
        })?;
    }
    Ok(())
}
