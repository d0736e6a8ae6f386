//! How many files and sockets this process may have open: as many as the system lets it.
//!
//! The soft limit is 1,024 on most systems, for programs that still wait with `select`. This one does not, and a node
//! with a thousand clients would otherwise take no more.

/// Raises the soft limit to the hard one, and gives what it then is; `None` if the system does not say.
pub(super) fn raise() -> Option<u64> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the pointer is to a structure of our own of the right type.
    if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) } != 0 {
        return None;
    }
    let before = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    // SAFETY: the pointer is to a structure of our own of the right type.
    let raised = unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) } == 0;
    Some(if raised { limit.rlim_max } else { before })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raised_limit_stays_where_it_is() {
        let first = raise();
        assert!(first.is_some_and(|files| files > 0));
        assert_eq!(raise(), first);
    }
}
