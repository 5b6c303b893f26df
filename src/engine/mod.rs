//! Running the code of deployed bots and integrations, one interface over two engines.
//!
//! A [`Program`] is one version of a bundle: a CommonJS text that exports `handler`. The
//! [`Engine`] loads it on first use, keeps it warm, calls it, and drops it when it is idle. What is
//! in here knows HTTP-shaped requests and answers, and nothing of bots, installations or tables:
//! who is called when, and what becomes of an answer, is decided by others.
//!
//! - `embedded`: QuickJS in this process, an isolate on a thread of its own for each program.
//! - `native`: programs that are a part of this one, called in the same words.
//! - `node`: a supervised Node.js child for each program, for bundles that need what the embedded
//!   engine lacks.

pub mod confinement;
mod embedded;
mod engine;
mod exception;
mod failure;
pub(crate) mod helper;
mod log;
mod native;
mod node;
mod positions;
mod program;
pub mod script;
mod settings;
mod slot;
mod source_map;
mod sources;
mod stats;

pub(crate) use self::exception::{frames_of_text, with_stack};
pub use self::{
    engine::Engine,
    exception::Exception,
    failure::Failure,
    log::{Level, LogLine},
    native::{Live, Native, NativeResponse},
    program::{Code, EngineKind, Limits, Program, Request, Response},
    settings::{EngineChoice, Settings},
    sources::Sources,
    stats::{Stats, Warm},
};
