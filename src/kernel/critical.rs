//! Threads that everybody waits for: what a stranger wrote must not run on them, however quick it seems.

use std::cell::Cell;

thread_local! {
    static IS_CRITICAL: Cell<bool> = const { Cell::new(false) };
}

/// Marks this thread as one that everybody waits for, as long as it lives.
pub fn mark_thread() {
    IS_CRITICAL.set(true);
}

/// Asserts that this thread is not one that everybody waits for, in builds with such assertions: every test
/// finds out where a change runs a tenant's schema, pattern or script, or calls somebody, in its transaction.
pub fn must_not_run(work: &str) {
    debug_assert!(
        !IS_CRITICAL.get(),
        "{work} runs on a thread that everybody waits for"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marked_thread_refuses_and_others_do_not() {
        let marked = std::thread::spawn(|| {
            mark_thread();
            std::panic::catch_unwind(|| must_not_run("a script")).is_err()
        });
        assert_eq!(marked.join().ok(), Some(cfg!(debug_assertions)));
        must_not_run("a script");
    }
}
