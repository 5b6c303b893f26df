//! Settings of AI. The address of the model server is `answers.upstream`.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Settings of AI.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Models of the server, by the names that clients use.
    pub models: Vec<ModelName>,
    /// Model for images whose name is not in the table.
    pub image_model: Option<String>,
    /// Model for speech whose name is not in the table.
    pub speech_model: Option<String>,
    /// Model for transcriptions whose name is not in the table.
    pub transcription_model: Option<String>,
    /// Prices of models. Other models are free.
    pub prices: Vec<ModelPrice>,
    /// Tokens that a model reads, as the list of models shows them.
    pub context_tokens: u64,
    /// Tokens that a model writes, as the list of models shows them.
    pub answer_tokens: u64,
    /// Maximum size of the images and the audio of a request, and of a generated file, in bytes.
    pub media_bytes: usize,
    /// Maximum number of concurrent requests to the model server.
    pub concurrency: usize,
    /// Maximum time of a request to the model server, in seconds.
    pub timeout_seconds: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            models: Vec::new(),
            image_model: None,
            speech_model: None,
            transcription_model: None,
            prices: Vec::new(),
            context_tokens: 32_768,
            answer_tokens: 8_192,
            media_bytes: 25 * 1024 * 1024,
            concurrency: 32,
            timeout_seconds: 300,
        }
    }
}

impl Settings {
    /// Returns the price of a model of the server; nothing for a model without one.
    #[must_use]
    pub fn price_of(&self, model: &str) -> Price {
        let found = self.prices.iter().find(|price| price.model == model);
        found.map_or_else(Price::default, |price| price.price)
    }
}

/// Error of a text that is not a name or a price of a model.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{text:?} is not of the form {form}")]
pub struct InvalidModelSetting {
    text: String,
    form: &'static str,
}

/// A name that clients use for a model of the server: `openai:gpt-4o=qwen3:8b`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ModelName {
    /// Name that clients use: `auto`, `best`, `fast` or `provider:name`.
    pub name: String,
    /// Name of the model at the model server.
    pub model: String,
}

impl FromStr for ModelName {
    type Err = InvalidModelSetting;

    fn from_str(text: &str) -> Result<Self, InvalidModelSetting> {
        match text.split_once('=') {
            Some((name, model)) if !name.is_empty() && !model.is_empty() => Ok(Self {
                name: name.to_owned(),
                model: model.to_owned(),
            }),
            _ => Err(InvalidModelSetting {
                text: text.to_owned(),
                form: "openai:gpt-4o=qwen3:8b",
            }),
        }
    }
}

impl TryFrom<String> for ModelName {
    type Error = InvalidModelSetting;

    fn try_from(text: String) -> Result<Self, InvalidModelSetting> {
        text.parse()
    }
}

impl From<ModelName> for String {
    fn from(name: ModelName) -> Self {
        format!("{}={}", name.name, name.model)
    }
}

/// The price of a model: `qwen3:8b=0.15/0.60`, in dollars for a million tokens of the prompt and of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ModelPrice {
    model: String,
    price: Price,
}

/// Prices in millionths of a dollar for a million tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Price {
    /// Price of the prompt.
    pub input: u64,
    /// Price of the answer.
    pub output: u64,
}

/// Highest price, in dollars for a million tokens.
const MAX_DOLLARS: f64 = 1_000_000.0;

impl FromStr for ModelPrice {
    type Err = InvalidModelSetting;

    fn from_str(text: &str) -> Result<Self, InvalidModelSetting> {
        let parse = || {
            let (model, prices) = text.rsplit_once('=')?;
            let (input, output) = prices.split_once('/')?;
            let price = Price {
                input: parse_price(input)?,
                output: parse_price(output)?,
            };
            (!model.is_empty()).then(|| Self {
                model: model.to_owned(),
                price,
            })
        };
        parse().ok_or_else(|| InvalidModelSetting {
            text: text.to_owned(),
            form: "qwen3:8b=0.15/0.60",
        })
    }
}

/// Parses dollars to millionths of a dollar.
fn parse_price(text: &str) -> Option<u64> {
    let dollars: f64 = text.trim().parse().ok()?;
    // The range excludes NaN, and the product fits into 64 bits.
    (0.0..=MAX_DOLLARS)
        .contains(&dollars)
        .then_some((dollars * 1e6).round() as u64)
}

impl TryFrom<String> for ModelPrice {
    type Error = InvalidModelSetting;

    fn try_from(text: String) -> Result<Self, InvalidModelSetting> {
        text.parse()
    }
}

impl From<ModelPrice> for String {
    fn from(price: ModelPrice) -> Self {
        price.to_string()
    }
}

impl fmt::Display for ModelPrice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dollars = |millionths: u64| millionths as f64 / 1e6;
        let (input, output) = (dollars(self.price.input), dollars(self.price.output));
        write!(f, "{}={input}/{output}", self.model)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_prices_are_read_and_written() {
        let name: ModelName = "openai:gpt-4o=qwen3:8b".parse().expect("a name");
        assert_eq!(
            (name.name.as_str(), name.model.as_str()),
            ("openai:gpt-4o", "qwen3:8b")
        );
        assert_eq!(String::from(name), "openai:gpt-4o=qwen3:8b");
        let price: ModelPrice = "qwen3:8b=0.15/0.6".parse().expect("a price");
        assert_eq!(price.to_string(), "qwen3:8b=0.15/0.6");
        let settings = Settings {
            prices: vec![price],
            ..Settings::default()
        };
        let found = settings.price_of("qwen3:8b");
        assert_eq!((found.input, found.output), (150_000, 600_000));
        assert_eq!(settings.price_of("other"), Price::default());
        for wrong in ["", "a", "=a", "a="] {
            assert!(wrong.parse::<ModelName>().is_err(), "{wrong}");
        }
        for wrong in ["", "a", "a=1", "=1/2", "a=-1/2", "a=1/x", "a=NaN/1"] {
            assert!(wrong.parse::<ModelPrice>().is_err(), "{wrong}");
        }
    }
}
