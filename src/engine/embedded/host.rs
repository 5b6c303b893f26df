//! The host functions: everything that the code of an isolate can access.

use std::{rc::Rc, sync::Arc, time::Duration};

use rquickjs::{
    Ctx, Exception, FromJs, Function, Object, Result, TypedArray, Value,
    function::{IntoJsFunc, Opt},
};
use subtle::ConstantTimeEq;

use super::{
    crypto,
    errors::new_exception,
    fetch::{FetchRequest, Redirect, exchange},
    isolate_state::IsolateState,
    modules, time_zone, url,
};
use crate::engine::{EngineError, Level, Response, error::truncate_text};

/// Maximum number of random bytes per call.
const MAX_RANDOM_BYTES: usize = 1 << 20;

/// Bytes for the code, always copied (`new_copy`): only memory that the engine itself has allocated counts against
/// the memory of the program.
type Bytes<'js> = TypedArray<'js, u8>;

/// Bytes from the code, passed as a text with one character per byte: reading an array of the engine in place is not
/// safe in Rust's sense.
struct Binary(Vec<u8>);

impl<'js> FromJs<'js> for Binary {
    fn from_js(ctx: &Ctx<'js>, value: Value<'js>) -> Result<Self> {
        let text = String::from_js(ctx, value)?;
        let byte = |letter| u8::try_from(u32::from(letter)).ok();
        let bytes: Option<Vec<u8>> = text.chars().map(byte).collect();
        bytes
            .map(Self)
            .ok_or_else(|| Exception::throw_type(ctx, "a byte is larger than 255"))
    }
}

/// Creates the object that the modules get as `host`. The code itself never sees it.
pub(super) fn create_host<'js>(ctx: &Ctx<'js>, state: &Rc<IsolateState>) -> Result<Object<'js>> {
    let host = Object::new(ctx.clone())?;
    host.set("memory", state.limits.memory as f64)?;
    add_reply_functions(ctx, &host, state)?;
    add_operation_functions(ctx, &host, state)?;
    add_time_and_log_functions(ctx, &host, state)?;
    add_text_functions(ctx, &host)?;
    add_crypto_functions(ctx, &host)?;
    Ok(host)
}

fn add_function<'js, P>(
    ctx: &Ctx<'js>,
    host: &Object<'js>,
    name: &str,
    function: impl IntoJsFunc<'js, P> + 'js,
) -> Result<()> {
    host.set(name, Function::new(ctx.clone(), function)?)
}

/// Adds the functions that reply to calls.
fn add_reply_functions<'js>(
    ctx: &Ctx<'js>,
    host: &Object<'js>,
    state: &Rc<IsolateState>,
) -> Result<()> {
    let isolate_state = Rc::clone(state);
    add_function(
        ctx,
        host,
        "answer",
        move |call: u64, status: u16, headers: String, body: String| {
            let max_bytes = isolate_state.limits.response_bytes;
            if headers.len().saturating_add(body.len()) > max_bytes {
                let text =
                    format!("it is longer than {max_bytes} bytes (runtime.max_answer_bytes)");
                return isolate_state.reply_to_call(call, Err(EngineError::BadAnswer(text)));
            }
            let headers = serde_json::from_str(&headers).unwrap_or_default();
            let response = Response {
                status,
                headers,
                body,
            };
            isolate_state.reply_to_call(call, Ok(response));
        },
    )?;
    let isolate_state = Rc::clone(state);
    add_function(
        ctx,
        host,
        "fail",
        move |call: u64, kind: String, text: String, stack: Opt<String>| {
            let failure = match kind.as_str() {
                "memory" => EngineError::Memory(isolate_state.limits.memory),
                "answer" => EngineError::BadAnswer(truncate_text(text)),
                "missing" => EngineError::Missing(truncate_text(text)),
                _ => EngineError::Thrown(new_exception(text, &stack.0.unwrap_or_default())),
            };
            isolate_state.reply_to_call(call, Err(failure));
        },
    )?;
    let isolate_state = Rc::clone(state);
    add_function(ctx, host, "missing", move |what: String| {
        isolate_state.record_missing(what);
    })
}

/// Adds the functions for timers and requests.
fn add_operation_functions<'js>(
    ctx: &Ctx<'js>,
    host: &Object<'js>,
    state: &Rc<IsolateState>,
) -> Result<()> {
    let isolate_state = Rc::clone(state);
    add_function(
        ctx,
        host,
        "timer",
        move |ctx: Ctx<'js>, milliseconds: f64, is_timeout: Opt<bool>| {
            let seconds = (milliseconds.max(0.0) / 1000.0).min(f64::from(u32::MAX));
            let after = Duration::from_secs_f64(seconds);
            let started = isolate_state.start_timer(after, is_timeout.0.unwrap_or_default());
            started.map_err(|text| Exception::throw_message(&ctx, text))
        },
    )?;
    let isolate_state = Rc::clone(state);
    add_function(ctx, host, "cancel", move |id: u64| {
        isolate_state.cancel_operation(id)
    })?;
    let isolate_state = Rc::clone(state);
    add_function(ctx, host, "cancelled", move || {
        isolate_state.take_cancelled()
    })?;
    let isolate_state = Rc::clone(state);
    add_function(
        ctx,
        host,
        "fetch",
        move |ctx: Ctx<'js>,
              method: String,
              url: String,
              headers: String,
              body: Binary,
              redirect: String| {
            let size = FetchRequest::reserved_bytes(headers.len(), body.0.len());
            let reservation = isolate_state.in_flight.reserve(size);
            let reservation = reservation.map_err(|text| Exception::throw_message(&ctx, &text))?;
            let headers = serde_json::from_str(&headers)
                .map_err(|_| Exception::throw_type(&ctx, "headers must be strings"))?;
            let fetch = FetchRequest {
                method,
                url,
                headers,
                body: body.0,
                redirect: match redirect.as_str() {
                    "manual" => Redirect::Manual,
                    "error" => Redirect::Error,
                    _ => Redirect::Follow,
                },
                timeout: isolate_state.limits.wall,
                max_response: isolate_state.limits.memory / 4,
                reservation,
            };
            let flight = Arc::clone(&isolate_state.in_flight);
            let started = isolate_state.start_request(exchange(
                isolate_state.outbound.clone(),
                flight,
                fetch,
            ));
            started.map_err(|text| Exception::throw_message(&ctx, text))
        },
    )
}

fn add_time_and_log_functions<'js>(
    ctx: &Ctx<'js>,
    host: &Object<'js>,
    state: &Rc<IsolateState>,
) -> Result<()> {
    let isolate_state = Rc::clone(state);
    add_function(ctx, host, "log", move |level: String, text: String| {
        isolate_state.log(Level::from_name(&level), &text);
    })?;
    let isolate_state = Rc::clone(state);
    add_function(ctx, host, "uncaught", move |text: String, stack: String| {
        isolate_state.log_uncaught(&new_exception(text, &stack));
    })?;
    let isolate_state = Rc::clone(state);
    add_function(ctx, host, "elapsed", move || {
        isolate_state.budget.now().as_secs_f64() * 1000.0
    })?;
    let isolate_state = Rc::clone(state);
    // Whole milliseconds, which a double holds exactly until the year 287,396.
    add_function(ctx, host, "time", move || {
        (isolate_state.clock.now().as_micros() / 1000) as f64
    })?;
    add_function(ctx, host, "zone", |name: String, at: f64| {
        time_zone::offset_at(&name, at)
    })?;
    add_function(
        ctx,
        host,
        "module",
        |ctx: Ctx<'js>, name: String| -> Result<Value<'js>> {
            match modules::find_source(&name) {
                Some(source) => {
                    modules::compile_module(&ctx, &name, source).map(Function::into_value)
                }
                None => Ok(Value::new_null(ctx)),
            }
        },
    )
}

/// Adds the functions for texts, bytes and URLs.
fn add_text_functions<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> Result<()> {
    add_function(ctx, host, "utf8", |ctx: Ctx<'js>, text: String| {
        Bytes::new_copy(ctx, text.into_bytes())
    })?;
    add_function(
        ctx,
        host,
        "text",
        |ctx: Ctx<'js>, array: Binary, fatal: Opt<bool>| {
            if fatal.0 == Some(true) && std::str::from_utf8(&array.0).is_err() {
                return Err(Exception::throw_type(&ctx, "the bytes are not UTF-8"));
            }
            Ok(String::from_utf8_lossy(&array.0).into_owned())
        },
    )?;
    add_function(ctx, host, "encode", |array: Binary, encoding: String| {
        crypto::encode(&array.0, &encoding)
    })?;
    add_function(
        ctx,
        host,
        "decode",
        |ctx: Ctx<'js>, text: String, encoding: String| {
            Bytes::new_copy(ctx, crypto::decode(&text, &encoding))
        },
    )?;
    add_function(ctx, host, "url", |input: String, base: Opt<String>| {
        url::parse_parts(&input, base.0.as_deref())
    })?;
    add_function(
        ctx,
        host,
        "urlWith",
        |href: String, part: String, value: String| url::set_part(&href, &part, &value),
    )
}

fn add_crypto_functions<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> Result<()> {
    let array = |ctx: Ctx<'js>, made: Option<Vec<u8>>| {
        made.map(|made| Bytes::new_copy(ctx, made)).transpose()
    };
    add_function(
        ctx,
        host,
        "hash",
        move |ctx: Ctx<'js>, algorithm: String, text: Binary| {
            array(ctx, crypto::hash(&algorithm, &text.0))
        },
    )?;
    add_function(
        ctx,
        host,
        "hmac",
        move |ctx: Ctx<'js>, algorithm: String, key: Binary, text: Binary| {
            array(ctx, crypto::mac(&algorithm, &key.0, &text.0))
        },
    )?;
    add_function(ctx, host, "random", |ctx: Ctx<'js>, count: usize| {
        if count > MAX_RANDOM_BYTES {
            return Err(Exception::throw_range(
                &ctx,
                "too many random bytes at once",
            ));
        }
        let mut random = vec![0_u8; count];
        rand::fill(&mut random[..]);
        Bytes::new_copy(ctx, random)
    })?;
    add_function(ctx, host, "equal", |one: Binary, other: Binary| {
        bool::from(one.0.ct_eq(&other.0))
    })
}
