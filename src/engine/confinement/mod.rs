//! Limits that a helper process sets on itself before it runs untrusted code. It cannot remove them, and they do not
//! depend on a supervisor that reacts in time.
//!
//! Two features of the Linux kernel overlap, because each needs its own kernel version: Landlock (files since 5.13,
//! signals since 6.12) and a seccomp filter of system calls (since 3.17). A measure that the system lacks is left out
//! and reported.

#[cfg(target_os = "linux")]
mod landlock;
#[cfg(target_os = "linux")]
mod seccomp;

use std::{io, path::Path};

use rustix::process::{Resource, Rlimit, setrlimit};
use serde::{Deserialize, Serialize};

/// The confinement measures that are in force.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measures {
    /// True if the process can signal only its own processes (Landlock).
    pub signals: bool,
    /// True if the process opens only the files that it needs, and writes none (Landlock).
    pub files: bool,
    /// True if system calls that touch other processes fail (seccomp).
    pub calls: bool,
    /// True if the process runs as another user than the server.
    pub user: bool,
}

/// Confines a script worker to its standard streams.
///
/// # Errors
/// Errors of the limits that every system supports.
pub fn confine_worker() -> io::Result<Measures> {
    set_limit(Resource::Core, 0)?;
    set_limit(Resource::Fsize, 0)?;
    let mut measures = Measures::default();
    #[cfg(target_os = "linux")]
    {
        rustix::thread::set_no_new_privs(true)?;
        measures.signals = landlock::scope_signals();
        measures.files = landlock::restrict_files(&[]);
        measures.calls = seccomp::block_calls_to_other_processes();
    }
    set_limit(Resource::Nofile, 16)?;
    Ok(measures)
}

/// Confines a process that becomes the Node.js at `installed`, with these measures.
///
/// # Errors
/// Errors of the limits that every system supports.
pub fn confine_node(installed: &Path, measures: Measures) -> io::Result<Measures> {
    set_limit(Resource::Core, 0)?;
    set_limit(Resource::Fsize, 0)?;
    #[cfg(target_os = "linux")]
    {
        // If the server ends before this call, the closed input ends the process.
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
        rustix::thread::set_no_new_privs(true)?;
        Ok(Measures {
            signals: measures.signals && landlock::scope_signals(),
            files: measures.files && landlock::restrict_files(&landlock::node_paths(installed)),
            calls: measures.calls && seccomp::block_calls_to_other_processes(),
            user: measures.user,
        })
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = installed;
        Ok(Measures {
            user: measures.user,
            ..Measures::default()
        })
    }
}

/// Switches to another user, with the group of the same number and no other groups.
///
/// # Errors
/// Errors of the system: only root may switch.
#[cfg(target_os = "linux")]
pub fn become_user(id: u32) -> io::Result<()> {
    use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};
    let (user, group) = (rustix::fs::Uid::from_raw(id), rustix::fs::Gid::from_raw(id));
    set_thread_groups(&[])?;
    set_thread_res_gid(group, group, group)?;
    set_thread_res_uid(user, user, user)?;
    Ok(())
}

/// Fails, because only Linux has the system calls.
///
/// # Errors
/// Always.
#[cfg(not(target_os = "linux"))]
pub fn become_user(_id: u32) -> io::Result<()> {
    Err(io::Error::other(
        "only Linux can run Node.js as another user",
    ))
}

/// Limits the writable memory of this process (`RLIMIT_DATA`) to `bytes`. The limit can be raised to `max` later.
///
/// # Errors
/// Errors of the system.
pub fn limit_memory(bytes: u64, max: u64) -> io::Result<()> {
    let limit = Rlimit {
        current: Some(bytes.min(max)),
        maximum: Some(max),
    };
    Ok(setrlimit(Resource::Data, limit)?)
}

/// Limits the writable memory of this process to `bytes` more than it uses now.
///
/// # Errors
/// Errors of the system.
pub fn limit_added_memory(bytes: u64) -> io::Result<()> {
    let page = rustix::param::page_size() as u64;
    let own = std::fs::read_to_string("/proc/self/statm")
        .ok()
        .and_then(|text| text.split(' ').nth(5)?.trim().parse::<u64>().ok());
    let max = own.unwrap_or_default() * page + bytes;
    limit_memory(max, max)
}

/// Limits the processor time of this process, in seconds. The kernel ends the process after that time.
///
/// # Errors
/// Errors of the system.
pub fn limit_cpu_time(seconds: u64) -> io::Result<()> {
    set_limit(Resource::Cpu, seconds)
}

fn set_limit(resource: Resource, max: u64) -> io::Result<()> {
    let limit = Rlimit {
        current: Some(max),
        maximum: Some(max),
    };
    Ok(setrlimit(resource, limit)?)
}
