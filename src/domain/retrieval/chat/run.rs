//! Runs a chat: queries, search, ranking, answer, storage.

use std::collections::HashSet;

use tokio::{sync::mpsc, task::spawn_blocking};

use super::{
    ChatEvent, CitationMode, Outcome, Request, history,
    retrieve::{self, ResolvedConnector},
};
use crate::{
    domain::{
        retrieval::answers::{
            self, Answer, AnswerPiece, Citation, ExtractInput, FinishReason, ModelRequest, Role,
            Source, TokenUsage, Turn, upstream,
        },
        tenancy::request_auth::RequestContext,
    },
    kernel::{Error, Result},
};

/// Maximum number of answer pieces in the channel to the listener.
const PIECE_BUFFER: usize = 64;

const EXTRACTIVE_WARNING: &str = "answered by the extractive answerer: the best sentences of the documents, \
    unchanged";

/// A validated chat: its connectors exist.
pub struct Chat {
    call: RequestContext,
    request: Request,
    connectors: Vec<ResolvedConnector>,
}

/// Receiver of the chat's events; none without a listener.
type EventSender = Option<mpsc::Sender<ChatEvent>>;

async fn send_event(listener: &EventSender, event: ChatEvent) {
    if let Some(listener) = listener {
        // A listener that is gone drops the chat too.
        let _ = listener.send(event).await;
    }
}

impl Chat {
    /// Validates a chat.
    ///
    /// # Errors
    /// `NotFound` for a connector that the caller's workspace does not have, `Invalid` for too many
    /// connectors, or an error of the store.
    pub fn prepare(call: RequestContext, request: Request) -> Result<Self> {
        let connectors = retrieve::resolve_connectors(&call, &request.connectors)?;
        Ok(Self {
            call,
            request,
            connectors,
        })
    }

    /// Runs the chat and sends its events. Nothing is stored until the answer is complete.
    ///
    /// With a listener, the failure of a connector without `continue_on_failure` is part of the
    /// search results, and the outcome is `FinishReason::Error`.
    ///
    /// # Errors
    /// `Upstream` without a listener if such a connector fails, `Unavailable` if the model does not
    /// respond, or an error of the store.
    pub async fn run(mut self, listener: EventSender) -> Result<Outcome> {
        send_event(&listener, ChatEvent::Started).await;
        self.load_history().await?;
        let (queries, mut warnings, usage) = self.make_queries().await;
        let could_search = self.request.only_queries || !self.connectors.is_empty();
        let mut outcome = Outcome {
            text: String::new(),
            citations: Vec::new(),
            documents: Vec::new(),
            is_search_required: could_search.then_some(!queries.is_empty()),
            queries,
            search_results: Vec::new(),
            finish: FinishReason::Complete,
            history: self.request.history.clone(),
            usage,
            warnings: Vec::new(),
        };
        if could_search && !outcome.queries.is_empty() {
            send_event(&listener, ChatEvent::Queries(outcome.queries.clone())).await;
        }
        if self.request.only_queries {
            outcome.warnings = warnings;
            return Ok(outcome);
        }
        let failed = self.retrieve_documents(&mut outcome).await?;
        if !outcome.search_results.is_empty() || !outcome.documents.is_empty() {
            let (found, documents) = (outcome.search_results.clone(), outcome.documents.clone());
            send_event(&listener, ChatEvent::SearchResults(found, documents)).await;
        }
        if let Some(failed) = failed {
            if listener.is_none() {
                return Err(failed);
            }
            warnings.push(failed.message().to_owned());
            outcome.warnings = warnings;
            outcome.finish = FinishReason::Error;
            return Ok(outcome);
        }
        let answer = self.make_answer(&outcome, &listener, &mut warnings).await?;
        outcome.text = answer.text;
        outcome.citations = answer.citations;
        outcome.citations.sort_by_key(|citation| citation.start);
        outcome.finish = answer.finish;
        outcome.usage += answer.usage.unwrap_or_default();
        warnings.extend(answer.problem);
        outcome.warnings = warnings;
        self.store_turns(&mut outcome).await?;
        Ok(outcome)
    }

    /// Loads the stored turns of the conversation, unless the request contains a history.
    async fn load_history(&mut self) -> Result<()> {
        if let Some(conversation) = &self.request.conversation_id
            && self.request.history.is_empty()
        {
            self.request.history = history::list_turns(&self.call, conversation).await?;
        }
        Ok(())
    }

    /// Returns the queries, the warnings, and the tokens that a model used for the queries.
    async fn make_queries(&self) -> (Vec<String>, Vec<String>, TokenUsage) {
        let (message, history) = (&self.request.message, &self.request.history);
        let is_needed = self.request.only_queries || !self.connectors.is_empty();
        let settings = &self.call.app().answer_settings().upstream;
        let mut warnings = Vec::new();
        if is_needed && settings.url.is_some() && settings.rewrite_queries && !history.is_empty() {
            match upstream::generate_queries(self.call.app(), message, history).await {
                Ok((queries, usage)) => return (queries, warnings, usage),
                Err(error) => warnings.push(format!(
                    "the search query was made without the model: {}",
                    error.message()
                )),
            }
        }
        let queries = answers::build_search_queries(message, history);
        let mut usage = TokenUsage::default();
        if self.request.only_queries {
            let prompt = self.conversation_text();
            // This fails only during shutdown.
            let counted = spawn_blocking(move || answers::estimate_tokens(&prompt)).await;
            usage.input_tokens = counted.unwrap_or_default();
            usage.output_tokens = queries
                .iter()
                .map(|one| answers::estimate_tokens(one))
                .sum();
        }
        (queries, warnings, usage)
    }

    /// Searches the connectors and selects the documents for the answer.
    async fn retrieve_documents(&mut self, outcome: &mut Outcome) -> Result<Option<Error>> {
        let mut sources = Vec::new();
        if !self.connectors.is_empty() && !outcome.queries.is_empty() {
            let found =
                retrieve::search_connectors(&self.call, &self.connectors, &outcome.queries).await?;
            outcome.search_results = found.results;
            sources = found.sources;
        }
        let failed = retrieve::fatal_error(&outcome.search_results);
        sources.append(&mut self.request.documents);
        let query = self.ranking_query(outcome);
        let truncation = self.request.truncation;
        let max = self.call.app().answer_settings().max_documents;
        let chosen =
            spawn_blocking(move || answers::select_documents(&query, sources, truncation, max));
        outcome.documents = chosen.await.map_err(|error| join_error(&error))?;
        let used: HashSet<&str> = outcome
            .documents
            .iter()
            .map(|source| source.id.as_str())
            .collect();
        for found in &mut outcome.search_results {
            found.document_ids.retain(|id| used.contains(id.as_str()));
        }
        Ok(failed)
    }

    /// Returns the query that documents are ranked by.
    fn ranking_query(&self, outcome: &Outcome) -> String {
        if !outcome.queries.is_empty() {
            return outcome.queries.join(" ");
        }
        let query = answers::build_search_query(&self.request.message, &self.request.history);
        query.unwrap_or_else(|| self.request.message.clone())
    }

    async fn make_answer(
        &self,
        outcome: &Outcome,
        listener: &EventSender,
        warnings: &mut Vec<String>,
    ) -> Result<Answer> {
        let settings = self.call.app().answer_settings();
        if settings.upstream.url.is_some() {
            let model = &settings.upstream.model;
            warnings.push(format!("answered by the upstream model '{model}'"));
            return self.stream_model_answer(outcome, listener).await;
        }
        warnings.push(EXTRACTIVE_WARNING.to_owned());
        let query = self.ranking_query(outcome);
        let sources = outcome.documents.clone();
        let are_found = !outcome.search_results.is_empty();
        let max_sentences = settings.max_sentences;
        let max_words = self.request.max_tokens;
        let max_words = max_words.map(|max| usize::try_from(max).unwrap_or(usize::MAX));
        let prompt = self.conversation_text();
        let extracted = spawn_blocking(move || {
            let mut answer = answers::extract_answer(&ExtractInput {
                query: &query,
                sources: &sources,
                are_search_results: are_found,
                max_sentences,
                max_words,
            });
            let source_tokens = sources.iter().flat_map(Source::visible_fields);
            let source_tokens = source_tokens.map(|(_, text)| answers::estimate_tokens(text));
            answer.usage = Some(TokenUsage {
                input_tokens: answers::estimate_tokens(&prompt) + source_tokens.sum::<u64>(),
                output_tokens: answers::estimate_tokens(&answer.text),
            });
            answer
        });
        let mut answer = extracted.await.map_err(|error| join_error(&error))?;
        if self.request.citations == CitationMode::Off {
            answer.citations.clear();
        }
        let mut emitter = AnswerEmitter::new(self.request.citations, listener);
        let mut emitted = 0;
        for citation in &answer.citations {
            let end = byte_offset(&answer.text, citation.end);
            emitter
                .emit(AnswerPiece::Text(answer.text[emitted..end].to_owned()))
                .await;
            emitter.emit(AnswerPiece::Citation(citation.clone())).await;
            emitted = end;
        }
        if emitted < answer.text.len() {
            emitter
                .emit(AnswerPiece::Text(answer.text[emitted..].to_owned()))
                .await;
        }
        emitter.finish().await;
        Ok(answer)
    }

    /// Returns the preamble, the history and the message as one text.
    fn conversation_text(&self) -> String {
        let before = self.request.history.iter();
        let before = before.map(|turn| turn.message.as_str());
        let preamble = self.request.preamble.as_deref();
        let all = preamble.into_iter().chain(before);
        let all = all.chain([self.request.message.as_str()]);
        all.collect::<Vec<_>>().join("\n")
    }

    async fn stream_model_answer(
        &self,
        outcome: &Outcome,
        listener: &EventSender,
    ) -> Result<Answer> {
        let mut sampling = self.request.sampling.clone();
        if let Some(max) = self.request.max_tokens {
            sampling.insert("max_tokens".to_owned(), max.into());
        }
        let model_request = ModelRequest {
            preamble: self.request.preamble.clone(),
            history: self.request.history.clone(),
            message: self.request.message.clone(),
            sources: outcome.documents.clone(),
            wants_citations: self.request.citations != CitationMode::Off,
            sampling,
        };
        let (piece_sender, mut piece_receiver) = mpsc::channel(PIECE_BUFFER);
        let app = self.call.app();
        let generation = async {
            let answer = upstream::stream_answer(app, &model_request, &piece_sender).await;
            drop(piece_sender);
            answer
        };
        let emission = async {
            let mut emitter = AnswerEmitter::new(self.request.citations, listener);
            while let Some(piece) = piece_receiver.recv().await {
                emitter.emit(piece).await;
            }
            emitter.finish().await;
        };
        let (answer, ()) = tokio::join!(generation, emission);
        answer
    }

    /// Adds the message and its answer to the history, and stores both if the request names a
    /// conversation.
    async fn store_turns(&self, outcome: &mut Outcome) -> Result<()> {
        let turns = [
            (Role::User, &self.request.message),
            (Role::Chatbot, &outcome.text),
        ];
        let turns = turns.map(|(role, message)| Turn {
            role,
            message: message.clone(),
        });
        outcome.history.extend(turns.clone());
        match &self.request.conversation_id {
            Some(conversation) if outcome.finish != FinishReason::Error => {
                history::append_turns(&self.call, conversation, turns.into()).await
            }
            _ => Ok(()),
        }
    }
}

/// Sends the pieces of an answer to the listener, with the citations at the requested time.
struct AnswerEmitter<'a> {
    mode: CitationMode,
    listener: &'a EventSender,
    pending: Vec<Citation>,
}

impl<'a> AnswerEmitter<'a> {
    const fn new(when: CitationMode, listener: &'a EventSender) -> Self {
        Self {
            mode: when,
            listener,
            pending: Vec::new(),
        }
    }

    async fn emit(&mut self, piece: AnswerPiece) {
        match piece {
            AnswerPiece::Text(text) => send_event(self.listener, ChatEvent::Text(text)).await,
            AnswerPiece::Citation(citation) => match self.mode {
                CitationMode::Inline => {
                    send_event(self.listener, ChatEvent::Citations(vec![citation])).await;
                }
                CitationMode::After => self.pending.push(citation),
                CitationMode::Off => {}
            },
        }
    }

    async fn finish(self) {
        for citation in self.pending {
            send_event(self.listener, ChatEvent::Citations(vec![citation])).await;
        }
    }
}

/// Returns the byte offset of a character.
fn byte_offset(text: &str, character: usize) -> usize {
    let mut offsets = text.char_indices().map(|(offset, _)| offset);
    offsets.nth(character).unwrap_or(text.len())
}

fn join_error(error: &tokio::task::JoinError) -> Error {
    Error::internal("a task that ranks documents failed", error.to_string())
}
