//! Limits that a helper process gives itself before it runs the text of others. It cannot take them
//! back, and no supervisor has to be in time.
//!
//! Two measures of the Linux kernel overlap, because each needs a version of its own: Landlock (files
//! from 5.13 on, signals from 6.12 on) and a filter of system calls (3.17). A measure that the
//! system does not have is left out and reported.

#[cfg(target_os = "linux")]
mod calls;
#[cfg(target_os = "linux")]
mod landlock;

use std::{io, path::Path};

use rustix::process::{Resource, Rlimit, setrlimit};
use serde::{Deserialize, Serialize};

/// The measures that are in force.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measures {
    /// The kernel lets the process signal no process outside of its own (Landlock).
    pub signals: bool,
    /// It opens no file but those that it needs, and writes none (Landlock).
    pub files: bool,
    /// Calls of the system that touch other processes fail (seccomp).
    pub calls: bool,
    /// It runs as another user than the server.
    pub user: bool,
}

/// Limits a worker for scripts: it has its standard streams and nothing else.
///
/// # Errors
/// Those of the system, for what every system has.
pub fn confine_worker() -> io::Result<Measures> {
    limit(Resource::Core, 0)?;
    limit(Resource::Fsize, 0)?;
    let mut measures = Measures::default();
    #[cfg(target_os = "linux")]
    {
        rustix::thread::set_no_new_privs(true)?;
        measures.signals = landlock::scope_signals();
        measures.files = landlock::read_only(&[]);
        measures.calls = calls::refuse_those_to_other_processes();
    }
    limit(Resource::Nofile, 16)?;
    Ok(measures)
}

/// Limits a process that is to become Node.js, which is installed in this place, by these measures.
///
/// # Errors
/// Those of the system, for what every system has.
pub fn confine_node(installed: &Path, wanted: Measures) -> io::Result<Measures> {
    limit(Resource::Core, 0)?;
    limit(Resource::Fsize, 0)?;
    #[cfg(target_os = "linux")]
    {
        // If the server is gone before this is set, the closed input ends the process.
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
        rustix::thread::set_no_new_privs(true)?;
        Ok(Measures {
            signals: wanted.signals && landlock::scope_signals(),
            files: wanted.files && landlock::read_only(&landlock::of_node(installed)),
            calls: wanted.calls && calls::refuse_those_to_other_processes(),
            user: wanted.user,
        })
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = installed;
        Ok(Measures {
            user: wanted.user,
            ..Measures::default()
        })
    }
}

/// Becomes another user, with the group of the same number and no other.
///
/// # Errors
/// Those of the system: only root may.
#[cfg(target_os = "linux")]
pub fn become_user(id: u32) -> io::Result<()> {
    use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};
    let (user, group) = (rustix::fs::Uid::from_raw(id), rustix::fs::Gid::from_raw(id));
    set_thread_groups(&[])?;
    set_thread_res_gid(group, group, group)?;
    set_thread_res_uid(user, user, user)?;
    Ok(())
}

/// Becomes another user: only Linux has the calls.
///
/// # Errors
/// Always.
#[cfg(not(target_os = "linux"))]
pub fn become_user(_id: u32) -> io::Result<()> {
    Err(io::Error::other(
        "only Linux can run Node.js as another user",
    ))
}

/// Gives this process so many bytes of memory of its own to write (`RLIMIT_DATA`), which may be raised to
/// `most` later.
///
/// # Errors
/// Those of the system.
pub fn limit_memory(bytes: u64, most: u64) -> io::Result<()> {
    let limit = Rlimit {
        current: Some(bytes.min(most)),
        maximum: Some(most),
    };
    Ok(setrlimit(Resource::Data, limit)?)
}

/// Gives this process so many bytes of memory to write beyond what it has.
///
/// # Errors
/// Those of the system.
pub fn limit_more_memory(bytes: u64) -> io::Result<()> {
    let page = rustix::param::page_size() as u64;
    let own = std::fs::read_to_string("/proc/self/statm")
        .ok()
        .and_then(|text| text.split(' ').nth(5)?.trim().parse::<u64>().ok());
    let most = own.unwrap_or_default() * page + bytes;
    limit_memory(most, most)
}

/// Gives this process so many seconds of a processor, and ends it then.
///
/// # Errors
/// Those of the system.
pub fn limit_time(seconds: u64) -> io::Result<()> {
    limit(Resource::Cpu, seconds)
}

fn limit(resource: Resource, most: u64) -> io::Result<()> {
    let limit = Rlimit {
        current: Some(most),
        maximum: Some(most),
    };
    Ok(setrlimit(resource, limit)?)
}
