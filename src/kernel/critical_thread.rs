//! Marks threads that all requests wait for. Code of a tenant must not run on them, however fast it seems.

use std::cell::Cell;

thread_local! {
    static IS_CRITICAL: Cell<bool> = const { Cell::new(false) };
}

/// Marks the current thread as critical until it ends.
pub fn mark_current_thread() {
    IS_CRITICAL.set(true);
}

/// Panics in builds with debug assertions if the current thread is critical. Every test thus detects a change
/// that runs a tenant's schema, pattern or script, or an outbound call, inside a write transaction.
pub fn assert_not_critical(work: &str) {
    debug_assert!(!IS_CRITICAL.get(), "{work} runs on a critical thread");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marked_thread_refuses_and_others_do_not() {
        let marked = std::thread::spawn(|| {
            mark_current_thread();
            std::panic::catch_unwind(|| assert_not_critical("a script")).is_err()
        });
        assert_eq!(marked.join().ok(), Some(cfg!(debug_assertions)));
        assert_not_critical("a script");
    }
}
