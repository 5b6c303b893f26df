//! Compiles and runs VRL scripts, without network, environment, system or log functions. Knows nothing of processes:
//! the worker and the tests call it.

use std::ops::ControlFlow;

use serde_json::Value;
use vrl::{
    compiler::{
        Function, Program, TargetValue, TimeZone, compile,
        runtime::{Runtime, Terminate},
    },
    diagnostic::{DiagnosticList, Formatter},
    value::{Secrets, Value as VrlValue},
};

use super::{MAX_RUN_TIME, ScriptError};
use crate::kernel::clock::Stopwatch;

/// Functions of the standard library that are removed, because they would write to the log of this process.
const REMOVED_FUNCTIONS: [&str; 1] = ["log"];

/// Maximum number of compiled programs in the cache.
const MAX_CACHED: usize = 64;

/// Maximum number of attempts to compile a script: each removes the fallbacks that the one before found to be unneeded.
const MAX_PASSES: u32 = 16;

/// Maximum length of an error text, in bytes.
const MAX_ERROR_BYTES: usize = 8 * 1024;

/// The compiler, with a cache of the programs that were used last.
pub(super) struct Compiler {
    functions: Vec<Box<dyn Function>>,
    /// Compiled programs by source, the most recently used last.
    programs: Vec<(String, Program)>,
}

impl Compiler {
    pub(super) fn new() -> Self {
        let mut functions: Vec<Box<dyn Function>> = vrl::stdlib::all();
        functions.retain(|function| !REMOVED_FUNCTIONS.contains(&function.identifier()));
        Self {
            functions,
            programs: Vec::with_capacity(MAX_CACHED),
        }
    }

    /// Checks that a source compiles.
    ///
    /// # Errors
    /// `Compile` if the source does not compile.
    pub(super) fn check(&mut self, source: &str) -> Result<(), ScriptError> {
        self.compile(source).map(drop)
    }

    /// Returns the compiled script, from the cache or newly compiled.
    ///
    /// # Errors
    /// `Compile` if the source does not compile.
    pub(super) fn get_or_compile(&mut self, source: &str) -> Result<&Program, ScriptError> {
        let known = self.programs.iter().position(|(known, _)| known == source);
        let entry = match known {
            Some(at) => self.programs.remove(at),
            None => (source.to_owned(), self.compile(source)?),
        };
        if self.programs.len() >= MAX_CACHED {
            self.programs.remove(0);
        }
        Ok(&self.programs.push_mut(entry).1)
    }

    fn compile(&self, source: &str) -> Result<Program, ScriptError> {
        let mut fixed = source.to_owned();
        let mut passes = 0;
        loop {
            let diagnostics = match compile(&fixed, &self.functions) {
                Ok(compiled) => return Ok(compiled.program),
                Err(diagnostics) => diagnostics,
            };
            passes += 1;
            match blank_unneeded_fallbacks(&fixed, &diagnostics) {
                Some(next) if passes < MAX_PASSES => fixed = next,
                _ => {
                    // Blanks keep the positions.
                    let text = Formatter::new(source, diagnostics).to_string();
                    return Err(ScriptError::Compile(truncate_text(text.trim())));
                }
            }
        }
    }
}

/// Code of the diagnostic for `a ?? b` where `a` cannot fail.
const UNNEEDED_FALLBACK: usize = 651;

/// Returns the source with blanks in place of each `?? b` that is never reached; `None` if there is none. Other errors
/// may follow from these.
// wire: the vendor runs such scripts, for example that of its integration linkedin (botpress-today.md §0.5)
fn blank_unneeded_fallbacks(source: &str, diagnostics: &DiagnosticList) -> Option<String> {
    let mut fixed = source.as_bytes().to_vec();
    let unneeded = diagnostics
        .iter()
        .filter(|one| one.code == UNNEEDED_FALLBACK);
    for diagnostic in unneeded {
        let [_, fallback, operator] = diagnostic.labels() else {
            return None;
        };
        let mut end = fallback.span.end();
        // The span of a fallback in parentheses lies within them.
        let between = source.get(operator.span.end()..fallback.span.start())?;
        for _ in between.matches('(') {
            let rest = source.get(end..)?;
            end = source.len() - rest.trim_start().strip_prefix(')')?.len();
        }
        let blank = fixed.get_mut(operator.span.start()..end)?;
        let is_text = |byte: &&mut u8| **byte != b'\n';
        blank
            .iter_mut()
            .filter(is_text)
            .for_each(|byte| *byte = b' ');
    }
    let fixed = String::from_utf8(fixed).ok()?;
    (fixed != source).then_some(fixed)
}

/// Runs a script on an object, which the script sees as `.`, and returns the value of its last expression.
///
/// # Errors
/// `Failed` if the script fails or aborts, `TimedOut` if it runs for longer than [`MAX_RUN_TIME`].
pub(super) fn resolve(program: &Program, object: VrlValue) -> Result<Value, ScriptError> {
    let mut target = TargetValue {
        value: object,
        metadata: VrlValue::Object(std::collections::BTreeMap::new()),
        secrets: Secrets::default(),
    };
    let watch = Stopwatch::start();
    let mut control = || match watch.elapsed() {
        spent if spent > MAX_RUN_TIME => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let mut runtime = Runtime::default();
    // A script must not depend on the time zone of the machine.
    let zone = TimeZone::Named(chrono_tz::UTC);
    let resolved = runtime.resolve_with_control(&mut target, program, &zone, &mut control);
    let value = resolved.map_err(|end| match end {
        Terminate::Interrupted => ScriptError::TimedOut,
        other => ScriptError::Failed(truncate_text(&other.to_string())),
    })?;
    serde_json::to_value(value)
        .map_err(|error| ScriptError::Failed(truncate_text(&error.to_string())))
}

fn truncate_text(text: &str) -> String {
    match text.len() > MAX_ERROR_BYTES {
        true => format!("{}…", &text[..text.floor_char_boundary(MAX_ERROR_BYTES)]),
        false => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn run(source: &str, object: Value) -> Result<Value, ScriptError> {
        let mut language = Compiler::new();
        resolve(language.get_or_compile(source)?, VrlValue::from(object))
    }

    fn check(source: &str) -> Result<(), ScriptError> {
        Compiler::new().check(source)
    }

    fn ran(source: &str, object: Value) -> Value {
        let result = run(source, object);
        result.unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn an_identifier_is_taken_out_of_a_body_or_a_query() {
        let source = "body = parse_json!(.body)\nto_string!(body.organizationId)";
        let object =
            json!({ "body": "{\"organizationId\":\"o-1\"}", "query": "", "method": "POST" });
        assert_eq!(ran(source, object), json!("o-1"));

        let source = "query = parse_query_string!(.query)\n\
            state = decode_percent!(query.state)\n\
            if starts_with!(state, \"wh_\") { split(state, \"_\")[1] } else { null }";
        assert_eq!(
            ran(source, json!({ "query": "state=wh%5F42" })),
            json!("42")
        );
        assert_eq!(ran(source, json!({ "query": "state=other" })), Value::Null);
    }

    #[test]
    fn a_signature_is_checked() {
        let source = "signature = encode_base16(hmac(to_string!(.body), to_string!(.secrets.KEY)))\n\
            if signature != .headers.\"x-signature\" { { \"status\": 401, \"body\": encode_json({ \"ok\": false }) } } else { { \"status\": 200 } }";
        let object = |signature: &str| {
            json!({
                "body": "what do ya want for nothing?", "secrets": { "KEY": "Jefe" },
                "headers": { "x-signature": signature },
            })
        };
        let right = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(ran(source, object(right)), json!({ "status": 200 }));
        assert_eq!(
            ran(source, object("x")),
            json!({ "status": 401, "body": "{\"ok\":false}" })
        );
    }

    #[test]
    fn a_link_is_filled_in() {
        let source = "webhookId = to_string!(.webhookId)\nwebhookUrl = to_string!(.webhookUrl)\n\
            \"https://example.com/authorize?state={{ webhookId }}&redirect_uri={{ webhookUrl }}/oauth\"";
        let object = json!({ "webhookId": "w1", "webhookUrl": "https://hooks.example" });
        assert_eq!(
            ran(source, object),
            json!(
                "https://example.com/authorize?state=w1&redirect_uri=https://hooks.example/oauth"
            )
        );
    }

    #[test]
    fn nothing_reaches_outside() {
        for source in [
            "get_env_var!(\"HOME\")",
            "get_hostname!()",
            "dns_lookup!(\"localhost\")",
            "reverse_dns!(\"127.0.0.1\")",
            "http_request!(\"http://127.0.0.1/\")",
            "log(\"x\")",
        ] {
            let error = check(source).expect_err(source);
            let text = error.to_string();
            assert!(
                text.contains("call to undefined function"),
                "{source}: {text}"
            );
        }
    }

    #[test]
    fn errors_say_where_and_what() {
        let error = check("body = parse_json(.body)").expect_err("it is fallible");
        let text = error.to_string();
        assert!(
            text.contains("unhandled fallible assignment") && text.contains("parse_json(.body)"),
            "{text}"
        );
        let error = run("parse_json!(.body)", json!({ "body": "{" }));
        let text = error.expect_err("no JSON").to_string();
        assert!(
            text.starts_with("the script failed: function call error for \"parse_json\""),
            "{text}"
        );
    }

    #[test]
    fn a_fallback_that_is_never_reached_is_no_error() {
        let source = "body = parse_json!(.body)\nbody.actor ?? \"\"";
        let object = json!({ "body": "{\"actor\":\"a-1\"}" });
        assert_eq!(ran(source, object), json!("a-1"));
        let source = "one = .a ?? ((\"é\") )\ntwo = .b ?? .c ?? .a\n[one, two]";
        let object = json!({ "a": 1, "b": null });
        assert_eq!(ran(source, object), json!([1, null]));
        let error = check("one = .a ?? 1\ntwo = parse_json(.b)").expect_err("it is fallible");
        let text = error.to_string();
        assert!(text.contains("unhandled fallible assignment"), "{text}");
    }

    #[test]
    fn those_used_last_are_kept_compiled() {
        let mut language = Compiler::new();
        for number in 0..2 * MAX_CACHED {
            language
                .get_or_compile(&number.to_string())
                .expect("a script");
            language.get_or_compile("0").expect("a script");
        }
        assert_eq!(language.programs.len(), MAX_CACHED);
        let is_cached = |source: &str| language.programs.iter().any(|(known, _)| known == source);
        assert!(is_cached("0") && is_cached("127") && !is_cached("1"));
    }

    #[test]
    fn scripts_know_no_zone_of_the_machine() {
        let source = "parse_timestamp!(\"2026-01-01 12:00\", \"%Y-%m-%d %H:%M\")";
        assert_eq!(ran(source, json!({})), json!("2026-01-01T12:00:00Z"));
    }

    #[test]
    fn a_script_that_takes_long_is_ended() {
        let items: Vec<u32> = (0..3000).collect();
        let source = "count = 0\n\
            for_each(array!(.items)) -> |_i, one| { for_each(array!(.items)) -> |_j, other| { count = count + 1 } }\ncount";
        let error = run(source, json!({ "items": items }));
        assert_eq!(error, Err(ScriptError::TimedOut));
    }
}
