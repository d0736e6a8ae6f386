//! Time and chance, as the kernel gives them.

use std::time::{SystemTime, UNIX_EPOCH};

/// Nanoseconds since the machine started; the same line of time on every core.
#[must_use]
pub fn now() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a timespec of our own, and the call keeps nothing.
    let answer = unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    assert_eq!(answer, 0, "every Linux has a monotonic clock");
    let seconds = u64::try_from(time.tv_sec).expect("the monotonic clock is never negative");
    let nanoseconds = u64::try_from(time.tv_nsec).expect("the monotonic clock is never negative");
    seconds * 1_000_000_000 + nanoseconds
}

/// Milliseconds since 1970; 0 on a machine whose clock stands before it.
#[must_use]
pub fn wall_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Fills `bytes` with what nobody can guess.
///
/// # Panics
/// If the kernel has no randomness to give: without it no id would be unique, so the process must not go on.
pub fn fill_random(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the kernel gives random bytes");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_never_goes_back_and_chance_differs() {
        let before = now();
        assert!(now() >= before && wall_ms() > 0);
        let (mut one, mut other) = ([0; 16], [0; 16]);
        fill_random(&mut one);
        fill_random(&mut other);
        assert_ne!(one, other);
    }
}
