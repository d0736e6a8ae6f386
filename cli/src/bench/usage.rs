//! What a process has used of the machine, as the kernel tells it.
#![expect(clippy::disallowed_methods, reason = "files of the kernel about processes, which no disk is behind")]

/// The kernel counts the time of a process in ticks of this many per second, on every Linux that we run on.
const TICKS_PER_SECOND: u64 = 100;

/// What a process has used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Usage {
    /// CPU time of all of its threads, in user space and for it in the kernel.
    pub(super) cpu_us: u64,
    /// Memory that is no file's.
    pub(super) anon_bytes: u64,
}

/// What a process has used; this one if none is named. `None` if the kernel does not tell.
pub(super) fn of(pid: Option<u32>) -> Option<Usage> {
    let folder = pid.map_or_else(|| "/proc/self".to_owned(), |pid| format!("/proc/{pid}"));
    let read = |name: &str| std::fs::read_to_string(format!("{folder}/{name}")).ok();
    Some(Usage { cpu_us: cpu_us(&read("stat")?)?, anon_bytes: anon_bytes(&read("status")?)? })
}

/// The name of the program is in brackets and may hold blanks; user and system time are the 12th and 13th behind it.
fn cpu_us(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut ticks = fields.split_whitespace().skip(11).map(str::parse::<u64>);
    let (user, system) = (ticks.next()?.ok()?, ticks.next()?.ok()?);
    Some((user + system) * (1_000_000 / TICKS_PER_SECOND))
}

fn anon_bytes(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_writes_is_read() {
        let stat = "77 (a) b (c) S 1 77 77 0 -1 4194560 2047 0 0 0 150 50 0 0 20 0 3 0 100 1 2";
        assert_eq!(cpu_us(stat), Some(2_000_000));
        assert_eq!(anon_bytes("Name:\tx\nRssAnon:\t   12345 kB\nRssFile:\t 1 kB\n"), Some(12_345 * 1024));
        assert_eq!((cpu_us("77 (a) S 1"), anon_bytes("Name:\tx\n")), (None, None));
    }

    #[test]
    fn this_process_has_used_something() {
        assert!(of(None).is_some_and(|usage| usage.anon_bytes > 0));
        assert_eq!(of(Some(1 << 23)), None);
    }
}
