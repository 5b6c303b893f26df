//! Cost of models, and the limit that a workspace sets on it.

use tracing::warn;

use super::settings::Price;
use crate::{
    domain::{
        retrieval::answers::TokenUsage,
        tenancy::{quotas, request_auth::RequestContext},
    },
    kernel::Result,
};

/// Cost of a request, in dollars.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Cost {
    /// Cost of the prompt.
    pub input: f64,
    /// Cost of the answer.
    pub output: f64,
}

/// Number of price units in a dollar: prices are in millionths of a dollar for a million tokens.
const UNITS_PER_DOLLAR: f64 = 1e12;
/// Number of price units in a billionth of a dollar, in which usage is counted.
const UNITS_PER_NANO_DOLLAR: u64 = 1_000;

/// Returns the cost of a request.
pub(super) fn cost_of(price: Price, usage: TokenUsage) -> Cost {
    let dollars = |tokens: u64, price: u64| tokens as f64 * price as f64 / UNITS_PER_DOLLAR;
    Cost {
        input: dollars(usage.input_tokens, price.input),
        output: dollars(usage.output_tokens, price.output),
    }
}

/// Counts an answered request and its cost in the usage of the bot and its workspace. The answer is there already, so a
/// failure is only logged.
pub(super) async fn record(call: &RequestContext, price: Price, usage: TokenUsage) {
    let units = usage.input_tokens.saturating_mul(price.input);
    let units = units.saturating_add(usage.output_tokens.saturating_mul(price.output));
    let nano_dollars = units / UNITS_PER_NANO_DOLLAR;
    let Ok(agent) = call.agent().map(|agent| agent.id.clone()) else {
        return;
    };
    let counted = call.app().run_write_tx(call, move |tx, workspace| {
        quotas::count_model_call(tx, workspace, &agent, nano_dollars)
    });
    if let Err(error) = counted.await {
        warn!(?error, "the usage of a model could not be counted");
    }
}

/// Requires that the workspace has not spent its limit of the month. Without prices nothing is spent.
///
/// # Errors
/// `QuotaExceeded`, and errors of the store.
pub(super) fn require_budget(call: &RequestContext) -> Result<()> {
    if call.app().ai_settings().prices.is_empty() {
        return Ok(());
    }
    let now = call.app().clock().now();
    let read = |conn: &_| quotas::require_ai_budget(conn, call.workspace(), now);
    call.app().store().read(read)
}
