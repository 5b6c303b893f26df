//! Tries the models that a client names, one after the other.

use std::{collections::VecDeque, time::Duration};

use super::{
    Warning, WarningKind,
    models::{self, ModelKind},
    upstream,
};
use crate::{
    domain::tenancy::request_auth::RequestContext,
    kernel::{Error, Kind, Result, clock::Stopwatch},
};

/// The model that gave a result, and its time.
#[derive(Debug, Clone)]
pub struct ModelResult {
    /// Name of the model at the model server.
    pub model: String,
    /// Time of the answer.
    pub latency: Duration,
    /// Warnings.
    pub warnings: Vec<Warning>,
    /// Models that were tried before.
    pub fallback_path: Vec<String>,
    /// Id of the request, if the client gives one.
    pub request_id: Option<String>,
}

/// The models that a client names, of which one after the other is tried until one succeeds.
pub(super) struct ModelAttempts {
    model: String,
    others: VecDeque<String>,
    watch: Stopwatch,
    warnings: Vec<Warning>,
    fallback_path: Vec<String>,
}

impl ModelAttempts {
    /// Resolves the names of models.
    ///
    /// # Errors
    /// As `models::resolve`.
    pub(super) fn new(call: &RequestContext, kind: ModelKind, names: &[String]) -> Result<Self> {
        let app = call.app();
        let resolved = models::resolve(app.ai_settings(), upstream::settings(app)?, kind, names)?;
        let mut others = VecDeque::from(resolved.models);
        Ok(Self {
            model: others.pop_front().unwrap_or_default(),
            others,
            watch: Stopwatch::start(),
            warnings: resolved.warnings,
            fallback_path: Vec::new(),
        })
    }

    /// Returns the model to try.
    pub(super) fn model(&self) -> &str {
        &self.model
    }

    /// Takes the next model after a failure.
    ///
    /// # Errors
    /// The failure, if there is no other model or another model would fail too.
    pub(super) fn advance(&mut self, failure: Error) -> Result<()> {
        let is_of_model = matches!(failure.kind(), Kind::Unavailable { .. } | Kind::Upstream);
        let Some(next) = self.others.pop_front().filter(|_| is_of_model) else {
            return Err(failure);
        };
        let text = format!("The model {:?} failed: {failure}", self.model);
        self.warnings
            .push(Warning::new(WarningKind::FallbackUsed, text));
        let failed = std::mem::replace(&mut self.model, next);
        self.fallback_path.push(models::model_id(&failed));
        Ok(())
    }

    /// Returns the model that succeeded, and the time until now.
    pub(super) fn finish(self, request_id: Option<&String>) -> ModelResult {
        ModelResult {
            model: self.model,
            latency: self.watch.elapsed(),
            warnings: self.warnings,
            fallback_path: self.fallback_path,
            request_id: request_id.cloned(),
        }
    }
}
