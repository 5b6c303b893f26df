//! Hidden commands for the child processes that the server starts. They read no settings and open no database.

use std::{
    io::Write,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    time::Duration,
};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};

use crate::{
    domain::retrieval::folders,
    engine::{
        confinement::{self, Measures},
        script,
    },
};

/// Run scripts from standard input.
#[derive(Args)]
pub struct ScriptWorker {
    #[arg(long)]
    memory_bytes: usize,
    #[arg(long)]
    input_bytes: usize,
    #[arg(long)]
    output_bytes: usize,
    #[arg(long)]
    idle_seconds: u64,
}

impl ScriptWorker {
    pub fn run(&self) -> Result<ExitCode> {
        script::run_worker(&script::WorkerLimits {
            memory: self.memory_bytes,
            input: self.input_bytes,
            output: self.output_bytes,
            idle: Duration::from_secs(self.idle_seconds),
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Read a document from standard input.
#[derive(Args)]
pub struct DocumentWorker {
    /// Read PDF instead of DOCX.
    #[arg(long)]
    pdf: bool,
    #[arg(long)]
    memory_bytes: u64,
    #[arg(long)]
    seconds: u64,
}

impl DocumentWorker {
    pub fn run(&self) -> Result<ExitCode> {
        folders::read_document(self.pdf, self.memory_bytes, self.seconds)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Limit this process, then execute Node.js in it.
#[derive(Args)]
pub struct NodeLauncher {
    /// The id of the user to run as.
    #[arg(long)]
    uid: Option<u32>,
    /// Maximum writable private memory, in bytes.
    #[arg(long)]
    memory_bytes: u64,
    /// Confinement measures to skip.
    #[arg(long, value_name = "MEASURE")]
    without: Vec<Measure>,
    /// Print the active measures before any output of Node.js.
    #[arg(long)]
    report: bool,
    /// The Node.js program and its arguments.
    #[arg(last = true, required = true)]
    command: Vec<String>,
}

/// A confinement measure of the operating system.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Measure {
    Signals,
    Files,
    Calls,
}

impl NodeLauncher {
    pub fn run(&self) -> Result<ExitCode> {
        let (node, arguments) = self
            .command
            .split_first()
            .context("no command to execute")?;
        let node = locate_program(node).with_context(|| format!("there is no {node}"))?;
        if let Some(uid) = self.uid {
            confinement::become_user(uid).context("runtime.node_uid")?;
        }
        confinement::limit_memory(self.memory_bytes, self.memory_bytes)?;
        let is_enabled = |measure| !self.without.contains(&measure);
        let wanted = Measures {
            signals: is_enabled(Measure::Signals),
            files: is_enabled(Measure::Files),
            calls: is_enabled(Measure::Calls),
            user: self.uid.is_some(),
        };
        let measures = confinement::confine_node(install_directory(&node), wanted)?;
        if self.report {
            let mut output = std::io::stdout();
            writeln!(output, "{}", serde_json::to_string(&measures)?)?;
        }
        let error = Command::new(&node).args(arguments).exec();
        Err(error).with_context(|| format!("{} cannot be started", node.display()))
    }
}

/// Finds the file of a program, in `PATH` if the name has no slash.
fn locate_program(program: &str) -> Option<PathBuf> {
    if program.contains('/') {
        return std::fs::canonicalize(program).ok();
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).find_map(|directory| {
        let file = std::fs::canonicalize(directory.join(program)).ok()?;
        file.is_file().then_some(file)
    })
}

/// Returns the directory in which a program is installed: the parent of its `bin` directory, else its own directory.
fn install_directory(program: &Path) -> &Path {
    let directory = program.parent().unwrap_or(program);
    match directory.file_name() {
        Some(name) if name == "bin" => directory.parent().unwrap_or(directory),
        _ => directory,
    }
}
