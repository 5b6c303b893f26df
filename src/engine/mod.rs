//! Runs the code of deployed bots and integrations, with one interface over two engines.
//!
//! A [`Program`] is one version of a bundle: a CommonJS text that exports `handler`. The [`Engine`] loads it on first
//! use, keeps it warm, calls it, and drops it when it is idle. This module knows HTTP-shaped requests and responses,
//! but no bots, installations or tables. Its callers decide when to call a program and how to use the response.
//!
//! - `embedded`: QuickJS in this process, one isolate on its own thread for each program.
//! - `native`: programs that are compiled into this binary and get the same requests.
//! - `node`: a supervised Node.js child for each program, for bundles that need a feature that the embedded engine
//!   lacks.

pub mod confinement;
mod embedded;
mod error;
mod exception;
mod handle;
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
mod source_positions;
mod stats;

pub(crate) use self::exception::{append_stack, extract_frames};
pub use self::{
    error::EngineError,
    exception::Exception,
    handle::{Engine, LogLines},
    log::{Level, LogLine},
    native::{BodyStream, NativeProgram, NativeResponse},
    program::{Code, EngineKind, Limits, Program, Request, Response},
    settings::{EngineChoice, Settings},
    source_positions::SourcePositions,
    stats::{Stats, WarmProgram},
};
