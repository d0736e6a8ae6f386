//! The fields of all structures on disk, read and written one after the other, and the seal that ends most of them.
//!
//! What must hold: integers are little-endian, and nothing that reads panics: bytes from a disk that end too early are
//! an answer, `None`. Which fields there are stands in `FORMAT.md` and in the file of each structure.

use crate::digest::crc32c;

/// Bytes of the checksum that ends a sealed structure.
pub const CHECKSUM_BYTES: usize = 4;

/// The fields of a structure, taken one after the other.
pub struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// The fields in `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Fields<'a> {
        Fields { rest: bytes }
    }

    /// The next `len` bytes.
    pub fn bytes(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(taken)
    }

    /// The next `N` bytes as an array.
    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.bytes(N)?.try_into().ok()
    }

    /// The next byte.
    pub fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_le_bytes)
    }

    /// The next two bytes.
    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    /// The next four bytes.
    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// The next eight bytes.
    pub fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// Steps over `len` reserved bytes; `None` unless all of them are zero.
    pub fn reserved(&mut self, len: usize) -> Option<()> {
        self.bytes(len)?.iter().all(|byte| *byte == 0).then_some(())
    }

    /// What is left.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// `None` unless nothing is left: bytes that no field explains are not ours.
    pub fn end(&self) -> Option<()> {
        self.rest.is_empty().then_some(())
    }

    /// `None` unless all that is left is zero, so that a later version can give it a meaning.
    pub fn padding(mut self) -> Option<()> {
        self.reserved(self.rest.len())
    }
}

/// Fields put behind one another.
#[derive(Debug, Default)]
pub struct Sink {
    bytes: Vec<u8>,
}

impl Sink {
    /// No fields yet.
    #[must_use]
    pub fn new() -> Sink {
        Sink { bytes: Vec::with_capacity(128) }
    }

    /// These bytes as they are.
    #[must_use]
    pub fn bytes(mut self, bytes: &[u8]) -> Sink {
        self.bytes.extend_from_slice(bytes);
        self
    }

    /// One byte.
    #[must_use]
    pub fn u8(self, number: u8) -> Sink {
        self.bytes(&[number])
    }

    /// Two bytes.
    #[must_use]
    pub fn u16(self, number: u16) -> Sink {
        self.bytes(&number.to_le_bytes())
    }

    /// Four bytes.
    #[must_use]
    pub fn u32(self, number: u32) -> Sink {
        self.bytes(&number.to_le_bytes())
    }

    /// Eight bytes.
    #[must_use]
    pub fn u64(self, number: u64) -> Sink {
        self.bytes(&number.to_le_bytes())
    }

    /// Zeros until there are `len` bytes.
    ///
    /// # Panics
    /// If there are more already: a structure fits the room it has.
    #[must_use]
    pub fn zeros_to(mut self, len: usize) -> Sink {
        assert!(self.bytes.len() <= len, "a structure fits the room it has");
        self.bytes.resize(len, 0);
        self
    }

    /// Zeros until the checksum of all before it ends the structure at `len` bytes.
    #[must_use]
    pub fn sealed(self, len: usize) -> Vec<u8> {
        let mut bytes = self.zeros_to(len - CHECKSUM_BYTES).zeros_to(len).into_vec();
        seal(&mut bytes);
        bytes
    }

    /// All of them.
    #[must_use]
    pub fn into_vec(self) -> Vec<u8> {
        self.bytes
    }
}

/// Lets the last four bytes of a structure be the checksum of all before them.
///
/// # Panics
/// If there are no four bytes: the structure is ours.
pub fn seal(structure: &mut [u8]) {
    let (content, sum) = structure.split_last_chunk_mut::<CHECKSUM_BYTES>().expect("a structure has a checksum");
    *sum = crc32c(content).to_le_bytes();
}

/// What a sealed structure holds before its checksum, or `None` if the checksum is another one.
#[must_use]
pub fn unsealed(structure: &[u8]) -> Option<&[u8]> {
    let (content, sum) = structure.split_last_chunk::<CHECKSUM_BYTES>()?;
    (crc32c(content) == u32::from_le_bytes(*sum)).then_some(content)
}

/// A count or length that a limit keeps far below 2^32, as its field on disk.
///
/// # Panics
/// If the limit was not kept: that is our own fault, found before the byte is written.
#[must_use]
pub fn field_u32(len: usize) -> u32 {
    u32::try_from(len).expect("limits keep every length on disk below 2^32")
}

/// A count or length that a limit keeps below 2^16, as its field on disk.
///
/// # Panics
/// If the limit was not kept.
#[must_use]
pub fn field_u16(len: usize) -> u16 {
    u16::try_from(len).expect("limits keep this length below 2^16")
}

/// A length as a field of one byte.
///
/// # Panics
/// If the limits allow what does not fit.
#[must_use]
pub fn field_u8(len: usize) -> u8 {
    u8::try_from(len).expect("limits keep this length below 2^8")
}

/// A length from disk as a length in memory.
#[must_use]
pub fn length(field: u32) -> usize {
    usize::try_from(field).expect("the engine runs where usize has at least 32 bits")
}

/// Puts `bytes` at `at` within `target`.
///
/// # Panics
/// If they do not fit: structures have fixed sizes, and the caller's buffer is ours.
pub fn put(target: &mut [u8], at: usize, bytes: &[u8]) {
    target[at..at + bytes.len()].copy_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_end_without_a_panic() {
        let mut fields = Fields::new(&[1, 2, 0, 0, 9]);
        assert_eq!(fields.u16(), Some(0x0201));
        assert_eq!(fields.reserved(2), Some(()));
        assert_eq!(fields.u32(), None);
        assert_eq!(fields.u8(), Some(9));
        assert_eq!((fields.rest(), fields.end(), fields.u8()), (&[][..], Some(()), None));
    }

    #[test]
    fn padding_is_zero_to_the_end() {
        assert_eq!(Fields::new(&[0, 0, 0]).padding(), Some(()));
        assert_eq!(Fields::new(&[0, 0, 1]).padding(), None);
        assert_eq!(Fields::new(&[]).padding(), Some(()));
    }

    #[test]
    fn what_the_sink_took_the_fields_give() {
        let bytes = Sink::new().u8(1).u16(2).u32(3).u64(4).bytes(&[5, 6]).zeros_to(20).into_vec();
        let mut fields = Fields::new(&bytes);
        assert_eq!((fields.u8(), fields.u16(), fields.u32(), fields.u64()), (Some(1), Some(2), Some(3), Some(4)));
        assert_eq!((fields.array(), fields.reserved(3), fields.end()), (Some([5, 6]), Some(()), Some(())));
    }

    #[test]
    fn any_flipped_bit_breaks_the_seal() {
        let bytes = Sink::new().bytes(&[1, 2, 3]).sealed(64);
        assert_eq!(unsealed(&bytes).map(<[u8]>::len), Some(60));
        for bit in 0..64 * 8 {
            let mut bent = bytes.clone();
            bent[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(unsealed(&bent), None, "{bit}");
        }
        assert_eq!(unsealed(&[0; 3]), None);
    }
}
