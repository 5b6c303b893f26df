//! DTOs of chat requests, and their conversion to the domain. Null means absent everywhere, because version 4
//! of the client sends it (cohere.md §4.1). Unknown members are ignored, because clients send many.

use poem_openapi::{Object, types::Example};
use serde_json::{Map, Value, json};

use crate::{
    domain::retrieval::{
        answers::{Role, Source, Truncation, Turn},
        chat::{CitationMode, ConnectorUse, Request},
    },
    http::JsonObject,
    kernel::{
        Error, Result, Rule, Secret, Violation,
        violation::{Location, PathSegment},
    },
};

/// A chat request.
#[derive(Object)]
#[oai(example, skip_serializing_if_is_none)]
pub struct ChatRequest {
    /// The user's message.
    #[oai(validator(min_length = 1))]
    message: String,
    /// Accepted for compatibility: a setting of the server selects the model.
    #[oai(nullable)]
    model: Option<String>,
    /// True to stream the response; false by default.
    #[oai(nullable)]
    stream: Option<bool>,
    /// Instructions for the model.
    #[oai(nullable)]
    preamble: Option<String>,
    /// The earlier messages of the conversation.
    #[oai(nullable)]
    chat_history: Option<Vec<ChatTurn>>,
    /// ID of a conversation that the server stores. Its messages precede this message unless there is a
    /// `chat_history`. The message and its answer are added to it.
    #[oai(nullable)]
    conversation_id: Option<String>,
    /// Selection of the documents to use: `AUTO` (the best matches), `AUTO_PRESERVE_ORDER` (the best matches
    /// in their original order) or `OFF` (all). The default is `AUTO` with connectors, else `OFF`.
    #[oai(nullable)]
    prompt_truncation: Option<String>,
    /// The connectors to search.
    #[oai(nullable)]
    connectors: Option<Vec<ChatConnector>>,
    /// True to return only the search queries.
    #[oai(nullable)]
    search_queries_only: Option<bool>,
    /// Documents to answer from. `id` identifies a document in citations. The fields named in `_excludes` are
    /// excluded from ranking and from the prompt.
    #[oai(nullable)]
    documents: Option<Vec<JsonObject>>,
    /// Mode of citations: `accurate` (after the text), `fast` (interleaved with the text) or `off`.
    #[oai(nullable)]
    citation_quality: Option<String>,
    /// Maximum length of the answer, in tokens; in words if no model answers.
    #[oai(nullable)]
    max_tokens: Option<u64>,
    /// Passed to the model.
    #[oai(nullable)]
    temperature: Option<f64>,
    /// Passed to the model.
    #[oai(nullable)]
    p: Option<f64>,
    /// Passed to the model.
    #[oai(nullable)]
    seed: Option<i64>,
    /// Passed to the model.
    #[oai(nullable)]
    stop_sequences: Option<Vec<String>>,
    /// Passed to the model.
    #[oai(nullable)]
    frequency_penalty: Option<f64>,
    /// Passed to the model.
    #[oai(nullable)]
    presence_penalty: Option<f64>,
    /// Not supported.
    #[oai(nullable)]
    tools: Option<Vec<Value>>,
    /// Not supported.
    #[oai(nullable)]
    tool_results: Option<Vec<Value>>,
    /// Not supported, except for the type `text`.
    #[oai(nullable)]
    response_format: Option<JsonObject>,
    /// Not supported.
    #[oai(nullable)]
    raw_prompting: Option<bool>,
}

/// An earlier message of the conversation.
#[derive(Object)]
#[oai(example, skip_serializing_if_is_none)]
pub struct ChatTurn {
    /// Author of the message: `USER`, `CHATBOT` or `SYSTEM`. `TOOL` is not supported.
    #[oai(nullable)]
    role: Option<String>,
    /// Alternative to `role`: `User` or `Chatbot`, as version 4 of the client sends it.
    #[oai(nullable)]
    user_name: Option<String>,
    /// Text of the message.
    #[oai(nullable)]
    message: Option<String>,
    /// Not supported.
    #[oai(nullable)]
    tool_calls: Option<Vec<Value>>,
    /// Not supported.
    #[oai(nullable)]
    tool_results: Option<Vec<Value>>,
}

/// A connector to search.
#[derive(Object)]
#[oai(skip_serializing_if_is_none)]
pub struct ChatConnector {
    /// ID of the connector.
    #[oai(validator(min_length = 1))]
    id: String,
    /// Access token of the user, passed to the connector instead of the connector's own token.
    #[oai(nullable)]
    user_access_token: Option<String>,
    /// True to continue the chat if the connector fails; by default the setting of the connector.
    #[oai(nullable)]
    continue_on_failure: Option<bool>,
    /// Options that are passed to the connector with the query.
    #[oai(nullable)]
    options: Option<JsonObject>,
}

const NO_TOOLS: &str = "tools are not supported; this server answers from connectors and documents";

fn is_non_empty(list: &Option<Vec<Value>>) -> bool {
    list.as_ref().is_some_and(|list| !list.is_empty())
}

impl ChatRequest {
    /// True if the client requests a stream.
    pub fn is_streamed(&self) -> bool {
        self.stream.unwrap_or(false)
    }

    /// Returns the ID of the conversation that the server stores.
    pub fn conversation_id(&self) -> Option<String> {
        // wire: version 4 of the client sends an empty ID for none (cohere.md §4.1)
        self.conversation_id.clone().filter(|id| !id.is_empty())
    }

    /// Returns the error message for a feature that is requested but not supported.
    fn find_unsupported(&self) -> Option<&'static str> {
        let format = self.response_format.as_ref();
        let format = format.and_then(|format| format.0.get("type")?.as_str());
        if is_non_empty(&self.tools) || is_non_empty(&self.tool_results) {
            Some(NO_TOOLS)
        } else if format.is_some_and(|format| format != "text") {
            Some("response_format supports only the type text")
        } else if self.raw_prompting == Some(true) {
            Some("raw_prompting is not supported")
        } else {
            None
        }
    }

    /// Returns the sampling parameters for the model, by their names in OpenAI's API.
    fn sampling_parameters(&self) -> Map<String, Value> {
        let mut sampling = Map::new();
        let mut set = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                sampling.insert(name.to_owned(), value);
            }
        };
        set("temperature", self.temperature.map(|value| json!(value)));
        set("top_p", self.p.map(|value| json!(value)));
        set("seed", self.seed.map(|value| json!(value)));
        set(
            "frequency_penalty",
            self.frequency_penalty.map(|value| json!(value)),
        );
        set(
            "presence_penalty",
            self.presence_penalty.map(|value| json!(value)),
        );
        let stops = self
            .stop_sequences
            .as_ref()
            .filter(|stops| !stops.is_empty());
        set("stop", stops.map(|stops| json!(stops)));
        sampling
    }
}

impl TryFrom<ChatRequest> for Request {
    type Error = Error;

    fn try_from(asked: ChatRequest) -> Result<Self> {
        if let Some(text) = asked.find_unsupported() {
            return Err(Error::invalid(text));
        }
        let conversation_id = asked.conversation_id();
        let sampling = asked.sampling_parameters();
        let connectors: Vec<ConnectorUse> = asked
            .connectors
            .unwrap_or_default()
            .into_iter()
            .map(Into::into)
            .collect();
        let citations = match to_keyword(&asked.citation_quality).as_deref() {
            None | Some("accurate" | "enabled") => CitationMode::After,
            Some("fast") => CitationMode::Inline,
            Some("off" | "disabled") => CitationMode::Off,
            Some(_) => {
                return Err(one_of_error(
                    "citation_quality",
                    &["accurate", "fast", "off"],
                ));
            }
        };
        let truncation = match to_keyword(&asked.prompt_truncation).as_deref() {
            None if connectors.is_empty() => Truncation::Off,
            None | Some("auto") => Truncation::Best,
            Some("auto_preserve_order") => Truncation::BestInOrder,
            Some("off") => Truncation::Off,
            Some(_) => {
                let allowed = ["AUTO", "AUTO_PRESERVE_ORDER", "OFF"];
                return Err(one_of_error("prompt_truncation", &allowed));
            }
        };
        let history = asked
            .chat_history
            .unwrap_or_default()
            .into_iter()
            .enumerate();
        let history = history
            .map(|(index, turn)| turn.into_turn(index))
            .collect::<Result<_>>()?;
        let documents = asked.documents.unwrap_or_default();
        if let Some(index) = documents.iter().position(|document| document.0.is_empty()) {
            // wire: the vendor's message
            let text = format!("document at index {index} cannot be empty");
            return Err(Error::invalid(text));
        }
        let documents = documents.into_iter().enumerate();
        Ok(Self {
            message: asked.message,
            preamble: asked.preamble.filter(|preamble| !preamble.is_empty()),
            history,
            conversation_id,
            connectors,
            documents: documents
                .map(|(index, document)| to_source(index, document.0))
                .collect(),
            only_queries: asked.search_queries_only.unwrap_or(false),
            truncation,
            citations,
            max_tokens: asked.max_tokens,
            sampling,
        })
    }
}

impl ChatTurn {
    fn into_turn(self, index: usize) -> Result<Turn> {
        let broken = |member: &str, rule: Rule| Violation {
            location: Location::Body,
            path: vec![
                PathSegment::Key("chat_history".to_owned()),
                PathSegment::Index(index),
                PathSegment::Key(member.to_owned()),
            ],
            rule,
        };
        let name = self.role.or(self.user_name);
        let name = name.ok_or_else(|| broken("role", Rule::Required))?;
        let role = match name.to_ascii_uppercase().as_str() {
            "USER" => Role::User,
            "CHATBOT" => Role::Chatbot,
            "SYSTEM" => Role::System,
            "TOOL" => return Err(Error::invalid(NO_TOOLS)),
            _ => {
                let allowed = ["USER", "CHATBOT", "SYSTEM"].map(str::to_owned).to_vec();
                return Err(broken("role", Rule::OneOf { allowed }).into());
            }
        };
        if is_non_empty(&self.tool_calls) || is_non_empty(&self.tool_results) {
            return Err(Error::invalid(NO_TOOLS));
        }
        let message = self.message;
        let message = message.ok_or_else(|| broken("message", Rule::Required))?;
        Ok(Turn { role, message })
    }
}

impl From<ChatConnector> for ConnectorUse {
    fn from(connector: ChatConnector) -> Self {
        let token = connector
            .user_access_token
            .filter(|token| !token.is_empty());
        Self {
            id: connector.id,
            user_access_token: token.map(Secret::new),
            continue_on_failure: connector.continue_on_failure,
            options: connector.options.map(|options| options.0),
        }
    }
}

/// Returns a keyword in lower case; `None` if it is empty.
fn to_keyword(word: &Option<String>) -> Option<String> {
    let word = word.as_ref()?.to_ascii_lowercase();
    (!word.is_empty()).then_some(word)
}

fn one_of_error(field: &str, allowed: &[&str]) -> Error {
    let allowed = allowed.iter().map(|word| (*word).to_owned()).collect();
    Violation::body([field], Rule::OneOf { allowed }).into()
}

/// Converts a document of the request (cohere.md §3.7).
fn to_source(index: usize, mut fields: Map<String, Value>) -> Source {
    let hidden = match fields.shift_remove("_excludes") {
        Some(Value::Array(names)) => names
            .into_iter()
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect(),
        _ => Vec::new(),
    };
    let id = match fields.shift_remove("id") {
        Some(Value::String(id)) if !id.is_empty() => id,
        Some(Value::Number(id)) => id.to_string(),
        // wire: the vendor's ID for a document without one
        _ => format!("doc_{index}"),
    };
    let fields = fields.into_iter().filter_map(|(name, value)| {
        let text = match value {
            Value::Null => return None,
            Value::String(text) => text,
            other => other.to_string(),
        };
        Some((name, text))
    });
    Source {
        id,
        fields: fields.collect(),
        excludes: hidden,
    }
}

impl Example for ChatTurn {
    fn example() -> Self {
        Self {
            role: Some("USER".to_owned()),
            user_name: None,
            message: Some("How are backups made?".to_owned()),
            tool_calls: None,
            tool_results: None,
        }
    }
}

impl Example for ChatRequest {
    fn example() -> Self {
        Self {
            message: "And how long are they kept?".to_owned(),
            model: None,
            stream: Some(false),
            preamble: None,
            chat_history: Some(vec![ChatTurn::example()]),
            conversation_id: None,
            prompt_truncation: None,
            connectors: Some(vec![ChatConnector {
                id: crate::dialects::cohere::connectors::dto::EXAMPLE_ID.to_owned(),
                user_access_token: None,
                continue_on_failure: None,
                options: None,
            }]),
            search_queries_only: None,
            documents: None,
            citation_quality: None,
            max_tokens: None,
            temperature: None,
            p: None,
            seed: None,
            stop_sequences: None,
            frequency_penalty: None,
            presence_penalty: None,
            tools: None,
            tool_results: None,
            response_format: None,
            raw_prompting: None,
        }
    }
}
