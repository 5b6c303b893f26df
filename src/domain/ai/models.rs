//! The names of models: one table in the settings. A name leads to a model of the server, and an unknown one to the
//! default.

use super::{PROVIDER, Settings, Warning, WarningKind, settings::Price, upstream};
use crate::{
    domain::{retrieval::answers::UpstreamSettings, tenancy::request_auth::RequestContext},
    kernel::{Error, Result},
};

/// Names that select a model by its quality instead of naming it.
const SELECTORS: [&str; 3] = ["auto", "best", "fast"];

/// Work that a model does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelKind {
    /// Text.
    Text,
    /// Images.
    Image,
    /// Speech from text.
    Speech,
    /// Text from speech.
    Transcription,
}

/// A model, as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// Name at the model server.
    pub name: String,
    /// Names in the settings that lead to it.
    pub aliases: Vec<String>,
    /// Work that it does.
    pub kind: ModelKind,
    /// Prices.
    pub price: Price,
}

/// The models that answer a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ResolvedModels {
    /// Names at the model server, in the order in which they are tried; at least one.
    pub(super) models: Vec<String>,
    pub(super) warnings: Vec<Warning>,
}

/// Returns the id of a model of the server: `local:qwen3:8b`.
#[must_use]
pub fn model_id(model: &str) -> String {
    format!("{PROVIDER}:{model}")
}

/// Lists the models of the server: the default of each kind, and those of the table.
///
/// # Errors
/// `Invalid` if no model server is configured.
pub fn list(call: &RequestContext) -> Result<Vec<Model>> {
    let upstream = upstream::settings(call.app())?;
    let settings = call.app().ai_settings();
    let kinds = [
        ModelKind::Text,
        ModelKind::Image,
        ModelKind::Speech,
        ModelKind::Transcription,
    ];
    let defaults = kinds.iter().filter_map(|kind| {
        let model = default_model(settings, upstream, *kind)?;
        Some((*kind, model))
    });
    let named = settings.models.iter().map(|entry| entry.model.as_str());
    let mut models: Vec<Model> = Vec::new();
    for (kind, name) in defaults.chain(named.map(|name| (ModelKind::Text, name))) {
        if models.iter().any(|model| model.name == name) {
            continue;
        }
        let aliases = settings.models.iter().filter(|entry| entry.model == name);
        models.push(Model {
            name: name.to_owned(),
            aliases: aliases.map(|entry| entry.name.clone()).collect(),
            kind,
            price: settings.price_of(name),
        });
    }
    Ok(models)
}

fn default_model<'a>(
    settings: &'a Settings,
    upstream: &'a UpstreamSettings,
    kind: ModelKind,
) -> Option<&'a str> {
    match kind {
        ModelKind::Text => Some(&upstream.model),
        ModelKind::Image => settings.image_model.as_deref(),
        ModelKind::Speech => settings.speech_model.as_deref(),
        ModelKind::Transcription => settings.transcription_model.as_deref(),
    }
}

/// Returns the name without its provider.
fn strip_provider(name: &str) -> &str {
    name.split_once(':').map_or(name, |(_, name)| name)
}

/// Finds the model that a name leads to: by the table, or because the server has it under this name.
fn find_named<'a>(settings: &'a Settings, default: Option<&'a str>, name: &str) -> Option<&'a str> {
    let by_name = |name: &str| {
        let entry = settings.models.iter().find(|entry| entry.name == name);
        entry.map(|entry| entry.model.as_str())
    };
    let by_model = |name: &str| {
        let models = settings.models.iter().map(|entry| entry.model.as_str());
        models.chain(default).find(|model| *model == name)
    };
    let bare = strip_provider(name);
    by_name(name)
        .or_else(|| by_name(bare))
        .or_else(|| by_model(name))
        .or_else(|| by_model(bare))
}

/// Resolves the names that a client gives, of which all but the first are fallbacks.
///
/// # Errors
/// `Invalid` if the kind has no default and no name leads to a model.
pub(super) fn resolve(
    settings: &Settings,
    upstream: &UpstreamSettings,
    kind: ModelKind,
    names: &[String],
) -> Result<ResolvedModels> {
    let default = default_model(settings, upstream, kind);
    let mut models: Vec<String> = Vec::new();
    let mut unknown = Vec::new();
    for name in names {
        let found = find_named(settings, default, name)
            .or_else(|| default.filter(|_| SELECTORS.contains(&name.as_str())));
        match found {
            Some(model) if models.iter().any(|known| known == model) => {}
            Some(model) => models.push(model.to_owned()),
            None => unknown.push(name.as_str()),
        }
    }
    if models.is_empty() {
        let auto = find_named(settings, default, SELECTORS[0]).or(default);
        let auto = auto.filter(|_| kind == ModelKind::Text).or(default);
        models.extend(auto.map(str::to_owned));
    }
    // Without a default, the server gets the name as it is.
    if models.is_empty() {
        let passed_on = unknown.iter().find(|name| !SELECTORS.contains(*name));
        let passed_on = passed_on.map(|name| strip_provider(name).to_owned());
        let model = passed_on.ok_or_else(|| missing_default(kind))?;
        return Ok(ResolvedModels {
            models: vec![model],
            warnings: Vec::new(),
        });
    }
    let warnings = unknown.iter().map(|name| {
        let text = format!(
            "The model {name:?} is not known (ai.models); {:?} is used",
            models[0]
        );
        Warning::new(WarningKind::FallbackUsed, text)
    });
    Ok(ResolvedModels {
        warnings: warnings.collect(),
        models,
    })
}

fn missing_default(kind: ModelKind) -> Error {
    let (label, setting) = match kind {
        ModelKind::Text => ("text", "answers.upstream.model"),
        ModelKind::Image => ("images", "ai.image_model"),
        ModelKind::Speech => ("speech", "ai.speech_model"),
        ModelKind::Transcription => ("transcriptions", "ai.transcription_model"),
    };
    Error::invalid(format!("no model for {label} is configured: set {setting}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(kind: ModelKind, names: &[&str]) -> (Vec<String>, usize) {
        let settings = Settings {
            models: ["best=large", "openai:gpt-4o=large", "tiny=small:1b"]
                .map(|text| text.parse().expect("a name"))
                .into(),
            speech_model: Some("kokoro".to_owned()),
            ..Settings::default()
        };
        let upstream = UpstreamSettings {
            model: "medium".to_owned(),
            ..UpstreamSettings::default()
        };
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let found = resolve(&settings, &upstream, kind, &names).expect("models");
        (found.models, found.warnings.len())
    }

    #[test]
    fn names_lead_to_models() {
        for (names, models, warnings) in [
            (&[][..], &["medium"][..], 0),
            (&["auto"], &["medium"], 0),
            (&["fast"], &["medium"], 0),
            (&["best"], &["large"], 0),
            (&["openai:gpt-4o"], &["large"], 0),
            (&["groq:tiny"], &["small:1b"], 0),
            (&["small:1b"], &["small:1b"], 0),
            (&["local:small:1b"], &["small:1b"], 0),
            (&["local:medium"], &["medium"], 0),
            (&["openai:o9"], &["medium"], 1),
            (&["openai:o9", "best", "large"], &["large"], 1),
            (
                &["best", "tiny", "auto"],
                &["large", "small:1b", "medium"],
                0,
            ),
        ] {
            let found = resolved(ModelKind::Text, names);
            assert_eq!(
                found,
                (
                    models.iter().map(|one| (*one).to_owned()).collect(),
                    warnings
                ),
                "{names:?}"
            );
        }
    }

    #[test]
    fn a_kind_without_a_default_passes_names_on() {
        assert_eq!(
            resolved(ModelKind::Image, &["openai:gpt-image-1"]),
            (vec!["gpt-image-1".to_owned()], 0)
        );
        assert_eq!(
            resolved(ModelKind::Speech, &["openai:tts-1"]),
            (vec!["kokoro".to_owned()], 1)
        );
        let empty = Settings::default();
        let upstream = UpstreamSettings::default();
        let auto = ["auto".to_owned()];
        for names in [&[][..], &auto] {
            assert!(resolve(&empty, &upstream, ModelKind::Image, names).is_err());
        }
    }
}
