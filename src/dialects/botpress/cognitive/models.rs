//! `/v2/cognitive/models`: the models of the server.

use poem_openapi::{Object, OpenApi, payload::Json, types::Example};

use crate::{
    dialects::botpress::{Tag, cognitive::auth::AiCaller, error::Failed},
    domain::ai::{
        Price, Settings,
        models::{self, Model, ModelKind, model_id},
    },
};

/// The operation on models.
pub struct CognitiveModels;

/// Number of millionths of a dollar in a dollar.
const UNITS_PER_DOLLAR: f64 = 1e6;

/// Input or output of a model.
#[derive(Object)]
#[oai(rename = "CognitiveModelSide", rename_all = "camelCase")]
pub struct ModelSide {
    /// Maximum number of tokens.
    max_tokens: u64,
    /// Cost of a million tokens, in dollars.
    #[oai(rename = "costPer1MTokens")]
    cost: f64,
}

/// A model.
#[derive(Object)]
#[oai(rename = "CognitiveModel", rename_all = "camelCase")]
pub struct ModelBody {
    /// Id of the model: `local:qwen3:8b`.
    id: String,
    /// Name of the model at the model server.
    name: String,
    /// Description.
    description: String,
    /// Names of the setting `ai.models` that lead to the model.
    aliases: Vec<String>,
    /// Kinds of work that it does.
    tags: Vec<String>,
    /// Its input.
    input: ModelSide,
    /// Its output.
    output: ModelSide,
    /// State of the model: `production`.
    lifecycle: String,
}

impl ModelBody {
    pub fn new(model: Model, settings: &Settings) -> Self {
        let Price { input, output } = model.price;
        let side = |max_tokens, price: u64| ModelSide {
            max_tokens,
            cost: price as f64 / UNITS_PER_DOLLAR,
        };
        let tag = match model.kind {
            ModelKind::Text => "general-purpose",
            ModelKind::Image => "image-generation",
            ModelKind::Speech => "text-to-speech",
            ModelKind::Transcription => "speech-to-text",
        };
        Self {
            id: model_id(&model.name),
            description: "A model of this server's operator".to_owned(),
            name: model.name,
            aliases: model.aliases,
            tags: vec![tag.to_owned()],
            input: side(settings.context_tokens, input),
            output: side(settings.answer_tokens, output),
            lifecycle: "production".to_owned(),
        }
    }
}

/// Models.
#[derive(Object)]
#[oai(example, rename = "listModelsResponse")]
struct ListModelsResponse {
    /// The models of the server.
    models: Vec<ModelBody>,
}

impl Example for ListModelsResponse {
    fn example() -> Self {
        let model = Model {
            name: "qwen3:8b".to_owned(),
            aliases: vec!["openai:gpt-4o".to_owned()],
            kind: ModelKind::Text,
            price: Price::default(),
        };
        Self {
            models: vec![ModelBody::new(model, &Settings::default())],
        }
    }
}

#[OpenApi(tag = "Tag::Cognitive")]
impl CognitiveModels {
    /// List Models
    ///
    /// Lists the models of the model server that the settings name.
    #[oai(
        path = "/v2/cognitive/models",
        method = "get",
        operation_id = "listModels"
    )]
    async fn list_models(&self, caller: AiCaller) -> Result<Json<ListModelsResponse>, Failed> {
        let settings = caller.0.app().ai_settings();
        let models = models::list(&caller.0)?.into_iter();
        Ok(Json(ListModelsResponse {
            models: models
                .map(|model| ModelBody::new(model, settings))
                .collect(),
        }))
    }
}
