//! Records how the program is built, for `parlance --version --verbose`.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

/// The inputs of the program. The commit is read when one of them changes, so a commit of other files rebuilds nothing.
const INPUTS: [&str; 6] = [
    ".cargo",
    "Cargo.lock",
    "Cargo.toml",
    "assets",
    "build.rs",
    "src",
];

/// Crates whose version the program shows.
const CRATES: [&str; 3] = ["ring", "rquickjs", "rustls"];

fn main() {
    println!("cargo::rustc-check-cfg=cfg(chacha20_backend, values(\"soft\"))");
    println!("cargo::rustc-check-cfg=cfg(poly1305_backend, values(\"soft\"))");
    let root = PathBuf::from(variable("CARGO_MANIFEST_DIR"));
    // An archive of the sources may lack some, and cargo counts a missing file as changed.
    let inputs: Vec<&str> = INPUTS
        .into_iter()
        .filter(|input| root.join(input).exists())
        .collect();
    for input in &inputs {
        println!("cargo::rerun-if-changed={input}");
    }

    let commit = git(&root, &["log", "-1", "--format=%H %cs"]).unwrap_or_default();
    let (commit, date) = commit.split_once(' ').unwrap_or_default();
    record("BUILD_COMMIT", commit);
    record("BUILD_COMMIT_DATE", date);
    let status = [&["status", "--porcelain", "--"], &inputs[..]].concat();
    let changed = git(&root, &status).is_some_and(|changes| !changes.is_empty());
    record("BUILD_MODIFIED", if changed { "true" } else { "" });

    record("BUILD_PROFILE", &profile());
    record("BUILD_TARGET", &variable("TARGET"));
    let compiler = run(Command::new(variable("RUSTC")).arg("--version"));
    record("BUILD_COMPILER", &compiler.unwrap_or_default());
    let lock = std::fs::read_to_string(root.join("Cargo.lock")).unwrap_or_default();
    for name in CRATES {
        let variable = format!("BUILD_{}", name.to_uppercase());
        record(&variable, locked_version(&lock, name).unwrap_or("?"));
    }
}

fn record(name: &str, value: &str) {
    println!("cargo::rustc-env={name}={value}");
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("cargo sets {name}"))
}

/// Returns what git prints, or `None` without git, or if the sources are not a checkout of their own: an archive may lie
/// in the checkout of another project.
fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    if !root.join(".git").exists() {
        return None;
    }
    run(Command::new("git")
        .arg("--no-optional-locks")
        .arg("-C")
        .arg(root)
        .args(arguments))
}

/// Returns the output of a command that succeeds.
fn run(command: &mut Command) -> Option<String> {
    let output = command
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}

/// Returns the name of the profile. cargo tells only the profile that it inherits from, but its directory has the name:
/// `target/release/build/parlance-…/out`.
fn profile() -> String {
    let out = PathBuf::from(variable("OUT_DIR"));
    let directory = out.ancestors().nth(3).and_then(Path::file_name);
    match directory.and_then(|name| name.to_str()) {
        Some("debug") => "dev".to_owned(),
        Some(name) => name.to_owned(),
        None => variable("PROFILE"),
    }
}

/// Returns the version of a crate in `Cargo.lock`.
fn locked_version<'a>(lock: &'a str, name: &str) -> Option<&'a str> {
    let entry = format!("name = \"{name}\"\nversion = \"");
    let (_, rest) = lock.split_once(&entry)?;
    rest.split('"').next()
}
