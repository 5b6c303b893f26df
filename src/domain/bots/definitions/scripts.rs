//! Validation of an integration's VRL scripts. It runs before the write transaction, because the writer must
//! not wait for scripts.

use super::{IntegrationDefinition, IntegrationDefinitionPatch};
use crate::{
    engine::script::{RETRY_AFTER, Scripts},
    kernel::{Error, Kind, Result, Rule, Violation, patch::Patch},
};

/// Members of the body that hold scripts.
const LINK_TEMPLATE: &str = "configuration.identifier.linkTemplateScript";
const EXTRACT: &str = "identifier.extractScript";
const FALLBACK: &str = "identifier.fallbackHandlerScript";

/// Scripts with the members of the body that hold them.
type ScriptsByMember<'a> = Vec<(String, &'a String)>;

impl IntegrationDefinition {
    /// Validates the scripts of the definition.
    ///
    /// # Errors
    /// `Invalid` for a broken script, or `Unavailable` if the script engine is busy or down.
    pub async fn check_scripts(&self, scripts: &Scripts) -> Result<()> {
        let link = &self.configuration.identifier.link_template_script;
        let mut given = with_members([
            link.as_ref(),
            self.identifier.extract_script.as_ref(),
            self.identifier.fallback_handler_script.as_ref(),
        ]);
        let of_types = self.configurations.iter().filter_map(|(name, one)| {
            let script = one.identifier.link_template_script.as_ref()?;
            Some((link_template_member(name), script))
        });
        given.extend(of_types);
        check_all(scripts, given).await
    }
}

impl IntegrationDefinitionPatch {
    /// True if the patch sets a script.
    #[must_use]
    pub fn has_scripts(&self) -> bool {
        !self.scripts_to_set().is_empty()
    }

    /// Validates the scripts that the patch sets.
    ///
    /// # Errors
    /// As [`IntegrationDefinition::check_scripts`].
    pub async fn check_scripts(&self, scripts: &Scripts) -> Result<()> {
        check_all(scripts, self.scripts_to_set()).await
    }

    fn scripts_to_set(&self) -> ScriptsByMember<'_> {
        let mut scripts = with_members([
            new_script(&self.link_template_script),
            new_script(&self.extract_script),
            new_script(&self.fallback_handler_script),
        ]);
        let of_types = self.configurations.iter().filter_map(|(name, patch)| {
            let script = new_script(&patch.as_ref()?.link_template_script)?;
            Some((link_template_member(name), script))
        });
        scripts.extend(of_types);
        scripts
    }
}

/// Pairs the scripts with the members above, in the same order, and drops absent scripts.
fn with_members(scripts: [Option<&String>; 3]) -> ScriptsByMember<'_> {
    let members = [LINK_TEMPLATE, EXTRACT, FALLBACK].map(str::to_owned);
    let all = members.into_iter().zip(scripts);
    all.filter_map(|(member, script)| Some((member, script?)))
        .collect()
}

fn link_template_member(configuration: &str) -> String {
    format!("configurations.{configuration}.identifier.linkTemplateScript")
}

fn new_script(patch: &Patch<String>) -> Option<&String> {
    match patch {
        Patch::Value(script) => Some(script),
        Patch::Absent | Patch::Null => None,
    }
}

async fn check_all(scripts: &Scripts, given: ScriptsByMember<'_>) -> Result<()> {
    for (name, script) in given {
        scripts.check(script).await.map_err(|error| {
            if error.is_transient() {
                let retry_after = RETRY_AFTER;
                return Error::new(Kind::Unavailable { retry_after }, error.to_string());
            }
            Violation::body(name.split('.'), Rule::Other(error.to_string())).into()
        })?;
    }
    Ok(())
}
