//! Bytes to send: they differ from place to place and from seed to seed, so that none can stand for another.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

/// `size` bytes.
#[must_use]
pub fn bytes(size: usize, seed: u64) -> Vec<u8> {
    let mut body: Vec<u8> = words(seed).take(size.div_ceil(8)).flatten().collect();
    body.truncate(size);
    body
}

/// A file of `words` times eight bytes that need not fit into memory.
///
/// # Panics
/// If it cannot be written.
pub fn file(path: &Path, count: usize, seed: u64) {
    let file = File::create(path).expect("a file can be made in a fresh folder");
    let mut writer = BufWriter::with_capacity(1024 * 1024, file);
    for word in words(seed).take(count) {
        writer.write_all(&word).expect("there is room on the disk");
    }
    writer.flush().expect("there is room on the disk");
}

/// Words without end: a xorshift, since nothing here must be unpredictable.
fn words(seed: u64) -> impl Iterator<Item = [u8; 8]> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_the_same_bytes_and_another_seed_has_others() {
        let home = tempfile::TempDir::new().expect("a folder");
        file(&home.path().join("file"), 1000, 7);
        assert_eq!(std::fs::read(home.path().join("file")).expect("it is there"), bytes(8000, 7));
        assert_ne!(bytes(8000, 7), bytes(8000, 8));
        assert_eq!(bytes(13, 7).len(), 13);
    }
}
