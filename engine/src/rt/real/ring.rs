//! How a core waits: through io_uring, built the cheapest way this kernel knows, or through epoll where io_uring is
//! forbidden.
//!
//! The way is chosen once, before any core starts, by making a ring and throwing it away; so all cores go the same way.
//!
//! DEFER_TASKRUN is left out on purpose. With it, completions appear only when the thread waits, and monoio 0.2.4 does
//! not wait while a task is ready or another core has woken one: a busy core would never hear from its disk (the test
//! `a_busy_core_still_hears_the_kernel_and_yields_fairly` goes red with it). COOP_TASKRUN gives completions at every
//! entry into the kernel. Come back to it when monoio enters with GETEVENTS each time.

use std::io;

use io_uring::IoUring;
use monoio::time::TimeDriver;
use monoio::{FusionRuntime, IoUringDriver, LegacyDriver, RuntimeBuilder};

use super::cores::StartError;
use crate::limits::RING_ENTRIES;

/// The runtime of one core.
pub(super) type Runtime = FusionRuntime<TimeDriver<IoUringDriver>, TimeDriver<LegacyDriver>>;

/// Which driver is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Driver {
    /// io_uring where it is allowed, else epoll.
    #[default]
    Auto,
    /// epoll, and every file call on a helper thread.
    Epoll,
}

/// The way chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Ring(RingFlags),
    Epoll,
}

/// How a ring is built. Later kernels know more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RingFlags {
    /// One thread submits, and completions never interrupt it (6.0).
    SingleIssuer,
    /// Completions never interrupt (5.19).
    Cooperative,
    /// As it comes.
    Plain,
}

impl RingFlags {
    const BEST_FIRST: [RingFlags; 3] = [RingFlags::SingleIssuer, RingFlags::Cooperative, RingFlags::Plain];

    fn builder(self) -> io_uring::Builder {
        let mut builder = IoUring::builder();
        match self {
            RingFlags::SingleIssuer => builder.setup_coop_taskrun().setup_single_issuer(),
            RingFlags::Cooperative => builder.setup_coop_taskrun(),
            RingFlags::Plain => &mut builder,
        };
        builder
    }
}

/// Chooses the way. `notice` is told once, in a sentence with the remedy, why io_uring is not used.
pub(super) fn choose(driver: Driver, notice: fn(&str)) -> Result<Way, StartError> {
    if driver == Driver::Epoll {
        return Ok(Way::Epoll);
    }
    for flags in RingFlags::BEST_FIRST {
        match flags.builder().build(RING_ENTRIES) {
            Ok(_) if monoio::utils::detect_uring() => return Ok(Way::Ring(flags)),
            Ok(_) => {
                notice(
                    "this kernel's io_uring is too old: files go through helper threads, which is slower; \
                     Linux 5.15 or later has what is needed",
                );
                return Ok(Way::Epoll);
            }
            Err(error) => match error.raw_os_error() {
                Some(libc::EINVAL) => {}
                Some(libc::EPERM | libc::EACCES | libc::ENOSYS) => {
                    notice(FORBIDDEN);
                    return Ok(Way::Epoll);
                }
                code => return Err(StartError::Ring { code: code.unwrap_or(0) }),
            },
        }
    }
    Err(StartError::Ring { code: libc::EINVAL })
}

const FORBIDDEN: &str = "io_uring is forbidden here: files go through helper threads, which is slower; \
    to allow it, let the container's seccomp profile pass io_uring_setup, io_uring_enter and io_uring_register, \
    and set the sysctl kernel.io_uring_disabled to 0";

/// Builds the runtime of the calling thread, with timers.
pub(super) fn build(way: Way) -> io::Result<Runtime> {
    match way {
        Way::Ring(flags) => RuntimeBuilder::<IoUringDriver>::new()
            .uring_builder(flags.builder())
            .with_entries(RING_ENTRIES)
            .enable_timer()
            .build()
            .map(FusionRuntime::Uring),
        Way::Epoll => RuntimeBuilder::<LegacyDriver>::new().enable_timer().build().map(FusionRuntime::Legacy),
    }
}
