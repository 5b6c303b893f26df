//! The built-in modules that code may `require`, compiled on first use.

use rquickjs::{Ctx, Function, Result, context::EvalOptions};

use crate::engine::{
    exception::BUNDLE_FILE,
    positions::{Position, replace_positions},
};

/// Names and sources. A source is the body of a function with the parameters `host`, `require`, `module` and
/// `exports`.
const MODULES: &[(&str, &str)] = &[
    ("assert", include_str!("../js/assert.js")),
    ("async_hooks", include_str!("../js/async_hooks.js")),
    ("blob", include_str!("../js/blob.js")),
    ("buffer", include_str!("../js/buffer.js")),
    ("child_process", include_str!("../js/child_process.js")),
    ("console", include_str!("../js/console.js")),
    ("constants", include_str!("../js/constants.js")),
    ("crypto", include_str!("../js/crypto.js")),
    (
        "diagnostics_channel",
        include_str!("../js/diagnostics_channel.js"),
    ),
    ("dns", include_str!("../js/absent.js")),
    ("events", include_str!("../js/events.js")),
    ("fetch", include_str!("../js/fetch.js")),
    ("fs", include_str!("../js/absent.js")),
    ("http", include_str!("../js/absent.js")),
    ("http2", include_str!("../js/absent.js")),
    ("https", include_str!("../js/absent.js")),
    ("inspect", include_str!("../js/inspect.js")),
    ("intl", include_str!("../js/intl.js")),
    ("net", include_str!("../js/absent.js")),
    ("os", include_str!("../js/os.js")),
    ("path", include_str!("../js/path.js")),
    ("perf_hooks", include_str!("../js/perf_hooks.js")),
    ("process", include_str!("../js/process.js")),
    ("punycode", include_str!("../js/punycode.js")),
    ("querystring", include_str!("../js/querystring.js")),
    ("readline", include_str!("../js/readline.js")),
    ("stream", include_str!("../js/stream.js")),
    ("string_decoder", include_str!("../js/string_decoder.js")),
    ("timers", include_str!("../js/timers.js")),
    ("tls", include_str!("../js/absent.js")),
    ("tty", include_str!("../js/tty.js")),
    ("url", include_str!("../js/url.js")),
    ("util", include_str!("../js/util.js")),
    ("web", include_str!("../js/web.js")),
    ("webstreams", include_str!("../js/webstreams.js")),
    ("worker_threads", include_str!("../js/absent.js")),
    ("xhr", include_str!("../js/xhr.js")),
    ("zlib", include_str!("../js/absent.js")),
];

/// Script that sets up an isolate.
pub(super) const START_SCRIPT: &str = include_str!("../js/start.js");

/// Returns the source of a built-in module.
pub(super) fn find_source(name: &str) -> Option<&'static str> {
    let mut modules = MODULES.iter();
    modules
        .find(|(known, _)| *known == name)
        .map(|(_, source)| *source)
}

/// Compiles a built-in module to a function.
pub(super) fn compile_module<'js>(
    ctx: &Ctx<'js>,
    name: &str,
    source: &str,
) -> Result<Function<'js>> {
    let text = format!("(function (host, require, module, exports) {{ 'use strict'; {source}\n}})");
    ctx.eval_with_options(text, eval_options(&format!("node:{name}")))
}

/// Start of the function that Node.js wraps around a bundle. It is on the bundle's first line.
const WRAPPER_START: &str = "(function (exports, require, module, __filename, __dirname) {";

/// Wraps a bundle in the function of Node.js, with capacity for the zero byte that the engine needs at its end.
pub(super) fn wrap_bundle(code: &str) -> Vec<u8> {
    // The line feed of the `#!` line stays, so that no position changes.
    let code = match code.starts_with("#!") {
        true => code.find('\n').map_or("", |end| &code[end..]),
        false => code,
    };
    let parts = [WRAPPER_START, code, "\n})"];
    let mut text = Vec::with_capacity(parts.iter().map(|part| part.len()).sum::<usize>() + 1);
    parts
        .iter()
        .for_each(|part| text.extend_from_slice(part.as_bytes()));
    text
}

/// Replaces positions in the wrapped bundle by positions in the bundle.
pub(super) fn unwrap_positions(text: &str) -> String {
    let head = u32::try_from(WRAPPER_START.len()).unwrap_or_default();
    replace_positions(text, |Position { line, column }| {
        let column = if line == 1 {
            column.saturating_sub(head).max(1)
        } else {
            column
        };
        Some(format!("{BUNDLE_FILE}:{line}:{column}"))
    })
}

/// Compiles a wrapped bundle to a function.
pub(super) fn compile_bundle<'js>(ctx: &Ctx<'js>, wrapped: Vec<u8>) -> Result<Function<'js>> {
    ctx.eval_with_options(wrapped, eval_options(BUNDLE_FILE))
}

pub(super) fn eval_options(name: &str) -> EvalOptions {
    let mut options = EvalOptions::default();
    options.strict = false;
    options.filename = Some(name.to_owned());
    options
}
