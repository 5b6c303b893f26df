//! Catches panics of the validator, which are expected results here.

use std::{
    cell::Cell,
    panic::{self, AssertUnwindSafe},
    sync::Once,
};

thread_local! {
    /// True while a panic of this thread is expected.
    static IS_PANIC_EXPECTED: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work` and returns `None` if it panics. The panic is not logged. `work` must not leave shared state
/// half-changed.
pub(super) fn catch_panic<T>(work: impl FnOnce() -> T) -> Option<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !IS_PANIC_EXPECTED.get() {
                others(info);
            }
        }));
    });
    IS_PANIC_EXPECTED.set(true);
    let outcome = panic::catch_unwind(AssertUnwindSafe(work));
    IS_PANIC_EXPECTED.set(false);
    outcome.ok()
}
