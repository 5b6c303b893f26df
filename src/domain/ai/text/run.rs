//! A running request for text, and the stream of its events.

use std::{collections::VecDeque, time::Duration};

use serde_json::Value;
use tracing::warn;

use super::{
    TextAnswer, TextRequest,
    parse::{PartialAnswer, Piece},
};
use crate::{
    domain::{
        ai::{
            attempts::ModelAttempts, concurrency::ModelSlot, results::RepeatKey, spend, upstream,
        },
        retrieval::answers::{TokenUsage, estimate_tokens, upstream::redact},
        tenancy::request_auth::RequestContext,
    },
    kernel::{
        Result,
        clock::{Stopwatch, with_timeout},
    },
    net::outbound::{EventStream, EventStreamError},
};

/// Maximum size of a streamed response, in bytes. A token of text is some 250 bytes of it.
const MAX_STREAM_BYTES: usize = 128 * 1024 * 1024;
/// Maximum length of a line of a streamed response, in bytes.
const MAX_LINE_BYTES: usize = 1024 * 1024;

/// An event of a stream of text.
#[derive(Debug)]
pub enum TextEvent {
    /// The next part of the text.
    Output(String),
    /// The next part of the reasoning.
    Reasoning(String),
    /// The whole answer; the last event.
    Done(Box<TextAnswer>),
}

/// A stream of text.
pub struct TextStream {
    events: VecDeque<TextEvent>,
    run: Option<Box<Run>>,
}

impl TextStream {
    pub(super) fn running(run: Run) -> Self {
        Self {
            events: VecDeque::new(),
            run: Some(Box::new(run)),
        }
    }

    /// Creates the stream of a stored answer.
    pub(super) fn from_answer(answer: TextAnswer) -> Self {
        let reasoning = answer.reasoning.clone().map(TextEvent::Reasoning);
        let output = Some(answer.output.clone()).filter(|text| !text.is_empty());
        let done = TextEvent::Done(Box::new(answer));
        let events = reasoning.into_iter().chain(output.map(TextEvent::Output));
        Self {
            events: events.chain([done]).collect(),
            run: None,
        }
    }

    /// Returns the next event, or `None` after the last one.
    pub async fn next(&mut self) -> Option<TextEvent> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            let run = self.run.as_mut()?;
            match run.read().await {
                Some(pieces) => self
                    .events
                    .extend(pieces.into_iter().map(|piece| match piece {
                        Piece::Output(text) => TextEvent::Output(text),
                        Piece::Reasoning(text) => TextEvent::Reasoning(text),
                    })),
                None => {
                    let answer = self.run.take()?.finish().await;
                    self.events.push_back(TextEvent::Done(Box::new(answer)));
                }
            }
        }
    }
}

/// A request that a model has accepted.
pub(super) struct Run {
    call: RequestContext,
    _slot: ModelSlot,
    watch: Stopwatch,
    limit: Duration,
    events: Option<EventStream>,
    answer: PartialAnswer,
    first_token: Option<Duration>,
    request: TextRequest,
    key: Option<RepeatKey>,
    pub(super) attempts: ModelAttempts,
    /// Text of the request, to estimate its tokens.
    pub(super) input_text: String,
}

impl Run {
    pub(super) fn new(
        call: RequestContext,
        (slot, attempts): (ModelSlot, ModelAttempts),
        request: TextRequest,
        key: Option<RepeatKey>,
    ) -> Self {
        Self {
            limit: Duration::from_secs(call.app().ai_settings().timeout_seconds),
            call,
            _slot: slot,
            watch: Stopwatch::start(),
            events: None,
            answer: PartialAnswer::default(),
            first_token: None,
            request,
            key,
            attempts,
            input_text: String::new(),
        }
    }

    /// Sends the request to a model and waits until the model begins to answer.
    ///
    /// # Errors
    /// As [`upstream::open`].
    pub(super) async fn open(&mut self, body: &mut Value) -> Result<()> {
        let app = self.call.app();
        body["model"] = self.attempts.model().into();
        let mut request = upstream::json_request(app, "/chat/completions", body)?;
        let pause = Duration::from_secs(upstream::settings(app)?.timeout_seconds);
        // The time between two events. `read` limits that of the whole answer.
        request.timeout = pause;
        request.max_response = MAX_STREAM_BYTES;
        let remaining = self.limit.saturating_sub(self.watch.elapsed());
        let stream = upstream::open(app, request, pause.min(remaining)).await?;
        self.events = Some(EventStream::new(stream, MAX_LINE_BYTES));
        Ok(())
    }

    /// Reads the next event; `None` at the end of the answer.
    async fn read(&mut self) -> Option<Vec<Piece>> {
        if self.answer.is_complete || self.answer.problem.is_some() {
            return None;
        }
        // The caller's key may be revoked while the answer arrives.
        if let Some(refusal) = self.call.admission().find_refusal() {
            self.answer.fail(refusal.message());
            return None;
        }
        let events = self.events.as_mut()?;
        let remaining = self.limit.saturating_sub(self.watch.elapsed());
        let Ok(next) = with_timeout(remaining, events.next_data()).await else {
            self.answer.fail(&upstream::late_message(self.limit));
            return None;
        };
        match next {
            Ok(Some(data)) => {
                let pieces = self.answer.push(&data);
                if self.first_token.is_none() && !pieces.is_empty() {
                    self.first_token = Some(self.watch.elapsed());
                }
                Some(pieces)
            }
            Ok(None) => None,
            Err(EventStreamError::Outbound(error)) => {
                let text = format!("the model did not finish: {error}");
                self.answer.fail(&text);
                None
            }
            Err(error @ EventStreamError::LineTooLong) => {
                self.answer.fail(&error.to_string());
                None
            }
        }
    }

    /// Completes the answer, and counts its cost.
    async fn finish(self) -> TextAnswer {
        let mut answer = self.answer;
        if !answer.has_finished() {
            answer.fail("the model did not finish: its answer broke off");
        }
        let app = self.call.app();
        let problem = answer.problem.take().map(|problem| {
            warn!(problem, "the model failed while it answered");
            match upstream::settings(app) {
                Ok(settings) => redact(settings, &problem),
                Err(_) => problem,
            }
        });
        let stop_reason = match &problem {
            Some(_) => super::StopReason::Other,
            None => answer.stop_reason(),
        };
        let usage = answer.usage.unwrap_or_else(|| TokenUsage {
            input_tokens: estimate_tokens(&self.input_text),
            output_tokens: estimate_tokens(&answer.output) + estimate_tokens(&answer.reasoning),
        });
        let price = app.ai_settings().price_of(self.attempts.model());
        spend::record(&self.call, price, usage).await;
        let (tool_calls, warnings) = answer.take_tool_calls();
        let mut result = self.attempts.finish(self.request.request_id.as_ref());
        result.warnings.extend(self.request.warnings);
        result.warnings.extend(warnings);
        let answer = TextAnswer {
            output: answer.output,
            reasoning: Some(answer.reasoning).filter(|text| !text.is_empty()),
            tool_calls,
            result,
            usage,
            cost: spend::cost_of(price, usage),
            stop_reason,
            time_to_first_token: self.first_token,
            reasoning_effort: self.request.reasoning_effort,
            problem,
        };
        if let Some(key) = self.key.filter(|_| answer.problem.is_none()) {
            app.ai_results().insert(key, answer.size(), answer.clone());
        }
        answer
    }
}
