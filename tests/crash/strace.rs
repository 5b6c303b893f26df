//! `strace`: running the server under it, and making its system calls fail while it runs.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError},
};

use crate::{
    command::{PATIENCE, lines_of, signal},
    process::{Home, Server},
};

/// That `strace` is there. A test that needs it must not pass without it.
fn required() {
    let version = Command::new("strace").arg("-V").output();
    assert!(
        version.is_ok_and(|output| output.status.success()),
        "this test needs strace, which is not installed: apt-get install strace"
    );
}

/// The words that run a program as the same process with `options`, and write to `output`.
pub fn wrapper(output: &Path, options: &[&str]) -> Vec<OsString> {
    required();
    // -D: strace is not the parent of the program, so that killing and waiting meet the program.
    let mut words: Vec<OsString> = ["strace", "-D", "-f", "-e", "signal=none", "-o"]
        .map(OsString::from)
        .to_vec();
    words.push(output.into());
    words.extend(options.iter().map(OsString::from));
    words
}

/// System calls of a running server that fail until [`end`](Self::end).
pub struct Injection {
    strace: Child,
    messages: Receiver<String>,
    output: PathBuf,
}

impl Injection {
    /// Makes system calls fail from now on, as `fault` says in the words of `strace -e inject=`.
    pub fn begin(home: &Home, server: &Server, fault: &str) -> Self {
        required();
        let output = home.note("injected.txt");
        let calls = fault.split(':').next().expect("the system calls");
        let mut strace = Command::new("strace")
            .args(["-f", "-e", "signal=none", "-p", &server.pid().to_string()])
            .args([
                "-e",
                &format!("trace={calls}"),
                "-e",
                &format!("inject={fault}"),
            ])
            .arg("-o")
            .arg(&output)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("strace starts");
        let messages = lines_of(strace.stderr.take().expect("its messages are piped"));
        let injection = Self {
            strace,
            messages,
            output,
        };
        let first = injection.messages.recv_timeout(PATIENCE);
        assert!(
            first.as_ref().is_ok_and(|line| line.contains("attached")),
            "strace must be allowed to attach to a process of the same user \
             (kernel.yama.ptrace_scope=0, or root): {first:?}"
        );
        injection
    }

    /// Lets the calls work again. Returns how many failed.
    pub fn end(mut self) -> usize {
        signal("INT", self.strace.id());
        loop {
            match self.messages.recv_timeout(PATIENCE) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("strace does not let go"),
            }
        }
        self.strace.wait().expect("it can be waited for");
        let log = fs::read_to_string(&self.output).expect("what strace wrote");
        log.lines()
            .filter(|line| line.contains("(INJECTED)"))
            .count()
    }
}

impl Drop for Injection {
    fn drop(&mut self) {
        // Both only fail if it has ended already.
        let _ = self.strace.kill();
        let _ = self.strace.wait();
    }
}
