//! A server whose system clock the test sets. It is told another date by a library that is loaded before the
//! system's own (`system_clock.c`). That of `libfaketime` allocates, for which the program's allocator, which asks
//! for the time before it is ready, waits for ever.

use std::{fs, path::PathBuf, process::Command};

use crate::process::Home;

/// The system clock of the servers of one home.
pub struct SystemClock(PathBuf);

impl SystemClock {
    /// A home whose servers have a clock of their own, which is right at first.
    pub fn of(home: Home) -> (Home, Self) {
        let clock = Self(home.note("clock"));
        clock.set(0);
        let library = home.note("system_clock.so");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/crash/system_clock.c");
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"])
            .arg(&library)
            .arg(source)
            .output()
            .expect("this test needs cc, with which the program itself was built");
        assert!(built.status.success(), "{built:?}");
        let text = |path: &PathBuf| path.to_str().expect("a path of text").to_owned();
        let home = home
            .with("LD_PRELOAD", &text(&library))
            .with("SYSTEM_CLOCK", &text(&clock.0));
        (home, clock)
    }

    /// Sets it to so many seconds before or after the right time.
    pub fn set(&self, seconds: i64) {
        let new = self.0.with_extension("new");
        fs::write(&new, format!("{seconds}\n")).expect("the time can be written");
        fs::rename(&new, &self.0).expect("the time can be set");
    }
}
