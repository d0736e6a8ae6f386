//! Where in this process's memory a file is mapped, as the kernel says it.
//!
//! LMDB keeps the address of its map to itself: `mdb_env_info` names one only for maps at a fixed address, which ours
//! are not. The kernel's list names every map with its file.

use std::fs;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

const LIST: &str = "/proc/self/maps";
/// What a line says before the path: addresses, rights, offset, device and inode.
const FIELDS_BEFORE_PATH: usize = 5;

/// The addresses that `file` is mapped to; `None` if it is not mapped, or if the kernel does not say.
pub(super) fn range_of(file: &Path) -> Option<Range<usize>> {
    let file = fs::canonicalize(file).ok()?;
    find(&fs::read(LIST).ok()?, file.as_os_str().as_bytes())
}

/// The addresses on the line of `list` that ends with exactly this path.
fn find(list: &[u8], path: &[u8]) -> Option<Range<usize>> {
    list.split(|byte| *byte == b'\n').find_map(|line| {
        let mut fields = line.splitn(FIELDS_BEFORE_PATH + 1, |byte| *byte == b' ');
        let addresses = fields.next()?;
        let named = fields.nth(FIELDS_BEFORE_PATH - 1)?.trim_ascii_start();
        let (start, end) = std::str::from_utf8(addresses).ok()?.split_once('-')?;
        let address = |text| usize::from_str_radix(text, 16).ok();
        (named == path).then_some(address(start)?..address(end)?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &[u8] = b"55d0a0000000-55d0a0002000 r--p 00000000 fe:01 131 /usr/bin/stratum\n\
        55d0b0000000-55d0b0021000 rw-p 00000000 00:00 0                          [heap]\n\
        7f0000000000-7f0010000000 r--s 00000000 fe:01 77                /data/my disk/shard-1/data.mdb (deleted)\n\
        7f0020000000-7f0030000000 r--s 00000000 fe:01 78                         /data/my disk/shard-1/data.mdb\n\
        7f0040000000-7f0040001000 rw-p 00000000 00:00 0 \n\
        a line of another kernel\n";

    #[test]
    fn the_line_with_the_whole_path_counts_and_no_other() {
        assert_eq!(find(LIST, b"/data/my disk/shard-1/data.mdb"), Some(0x7f00_2000_0000..0x7f00_3000_0000));
        assert_eq!(find(LIST, b"/usr/bin/stratum"), Some(0x55d0_a000_0000..0x55d0_a000_2000));
        for path in [&b"shard-1/data.mdb"[..], b"/data/my", b"/data/my disk/shard-1/data", b"/data", b""] {
            assert_eq!(find(LIST, path).filter(|_| !path.is_empty()), None);
        }
    }

    #[test]
    fn a_file_that_is_not_mapped_has_no_range_and_this_program_has_one() {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        assert_eq!(range_of(file.path()), None);
        assert_eq!(range_of(Path::new("/nowhere")), None);
        let program = std::env::current_exe().expect("this test is a program");
        assert!(range_of(&program).is_some_and(|range| !range.is_empty()));
    }
}
