//! Which CPUs this process may use, and keeping a thread on one of them.

use std::mem;

/// The CPUs this process may use, in ascending order; none if the kernel does not say.
pub(super) fn allowed() -> Vec<usize> {
    // SAFETY: a cpu_set_t is plain bits, for which all zeros is a value.
    let mut set: libc::cpu_set_t = unsafe { mem::zeroed() };
    // SAFETY: the pointer is to a set of our own of the size given.
    let answer = unsafe { libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &raw mut set) };
    if answer != 0 {
        return Vec::new();
    }
    // SAFETY: every number is within the set.
    (0..8 * size_of::<libc::cpu_set_t>()).filter(|cpu| unsafe { libc::CPU_ISSET(*cpu, &set) }).collect()
}

/// Keeps the calling thread on `cpu`, which [`allowed`] has named. A kernel that refuses leaves it where it likes,
/// which is slower and not wrong.
pub(super) fn pin(cpu: usize) -> bool {
    // SAFETY: a cpu_set_t is plain bits, for which all zeros is a value.
    let mut set: libc::cpu_set_t = unsafe { mem::zeroed() };
    // SAFETY: the number came out of a set of the same size.
    unsafe { libc::CPU_SET(cpu, &mut set) };
    // SAFETY: the pointer is to a set of our own of the size given.
    unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set) == 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pinned_thread_may_use_that_cpu_alone() {
        let last = allowed().last().copied();
        let seen = std::thread::spawn(move || last.map(pin).map(|_| allowed())).join();
        assert_eq!(seen.ok().flatten(), last.map(|cpu| vec![cpu]));
    }
}
