//! Delays between the attempts of a delivery.

use std::time::Duration;

/// Maximum delay between two attempts, in seconds: a year.
const MAX_WAIT_SECONDS: u64 = 365 * 24 * 3600;

/// Returns the delay after the failure of attempt number `attempt`, counted from 1; `None` after the last.
pub(in crate::domain) fn wait_after(seconds: &[u64], attempt: u32) -> Option<Duration> {
    let index = usize::try_from(attempt.checked_sub(1)?).ok()?;
    let seconds = seconds.get(index)?;
    Some(Duration::from_secs((*seconds).min(MAX_WAIT_SECONDS)))
}

/// Returns the maximum delay: with the largest jitter, and doubled because a receiver may ask for twice the time.
pub(in crate::domain) fn max_wait(seconds: &[u64], percent: u32) -> Duration {
    let wait = seconds
        .iter()
        .copied()
        .max()
        .unwrap_or(0)
        .min(MAX_WAIT_SECONDS);
    apply_jitter(Duration::from_secs(wait), percent, 1.0) * 2
}

/// Changes a delay by up to `percent` percent. `chance` is a random number from 0 to 1.
pub(in crate::domain) fn apply_jitter(wait: Duration, percent: u32, chance: f64) -> Duration {
    let spread = f64::from(percent.min(100)) / 100.0;
    wait.mul_f64(1.0 + spread * (2.0 * chance - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_stays_within_its_percent() {
        let wait = Duration::from_secs(100);
        assert_eq!(apply_jitter(wait, 0, 0.9), wait);
        assert_eq!(apply_jitter(wait, 20, 0.0), Duration::from_secs(80));
        assert_eq!(apply_jitter(wait, 20, 0.5), wait);
        assert_eq!(apply_jitter(wait, 20, 1.0), Duration::from_secs(120));
        assert_eq!(apply_jitter(wait, 500, 0.0), Duration::ZERO);
    }

    #[test]
    fn no_wait_is_longer_than_the_longest() {
        assert_eq!(max_wait(&[1, 100, 5], 20), Duration::from_secs(240));
        assert_eq!(max_wait(&[], 20), Duration::ZERO);
        assert!(max_wait(&[u64::MAX], u32::MAX) >= Duration::from_secs(MAX_WAIT_SECONDS));
    }

    #[test]
    fn after_the_last_wait_there_is_no_attempt() {
        let waits = [1, u64::MAX];
        assert_eq!(wait_after(&waits, 1), Some(Duration::from_secs(1)));
        assert_eq!(
            wait_after(&waits, 2),
            Some(Duration::from_secs(MAX_WAIT_SECONDS))
        );
        assert_eq!(wait_after(&waits, 3), None);
        assert_eq!(wait_after(&waits, 0), None);
    }
}
