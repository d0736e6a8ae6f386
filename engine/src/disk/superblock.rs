//! The superblock: what a container is, which store it belongs to, and where things lie in it.
//!
//! ```text
//!  0       8     10     12    16       24         32      48     64
//!  magic | ver | kind | len | compat | incompat | store | salt | created |
//!  72     74       76        80              108     4092
//!  disk | shards | ordinal | geometry (28) | zeros | crc32c
//! ```
//!
//! What must hold: it is written once, when its container is made, in four equal copies that are never all in one
//! write. One whole copy suffices. Pure: reading and writing the copies is in `container`.

use crate::codec::{Fields, Sink, unsealed};
use crate::limits::{BLOCK_BYTES, SHARDS_MAX};

use super::error::Unreadable;
use super::geometry::Geometry;

const MAGIC: [u8; 8] = *b"STRATUM\0";
const VERSION: u16 = 1;
const KIND: u16 = 1;
const LENGTH: u32 = 4096;
/// The incompatible features that this program knows: none so far.
const INCOMPAT_KNOWN: u64 = 0;

const _: () = assert!(LENGTH as usize == BLOCK_BYTES);

/// The content of a superblock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Superblock {
    /// Features that an older program may ignore.
    pub compat: u64,
    /// The store.
    pub store: [u8; 16],
    /// The secret of the store's key hash: without it nobody can choose keys that fall on one shard.
    pub salt: [u8; 16],
    /// When the store was made, in milliseconds since 1970; for people.
    pub created_ms: u64,
    /// The disk's number in the store.
    pub disk: u16,
    /// Shards of the store, a power of two.
    pub shards: u16,
    /// The container's place in the row.
    pub ordinal: u32,
    /// Where things lie.
    pub geometry: Geometry,
}

/// What the copies of a container's superblock say together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing was ever relied on here: the store is being made, and this container was not finished.
    Empty,
    /// This is it.
    Present(Superblock),
    /// Damage, or a format we do not know. It is never formatted.
    Unreadable(Unreadable),
}

/// True for a shard count that a store may have.
pub(super) fn shards_fit(shards: u16) -> bool {
    shards.is_power_of_two() && shards <= SHARDS_MAX
}

/// Judges the copies; one that could not be read is `None`. Only in a store that is `being_made` can there be an empty
/// one.
pub(super) fn judge(copies: &[Option<Vec<u8>>], being_made: bool) -> Verdict {
    let mut found: Option<Superblock> = None;
    for copy in copies.iter().flatten() {
        match (Superblock::decode(copy), &found) {
            (Ok(superblock), None) => found = Some(superblock),
            (Ok(superblock), Some(first)) if superblock != *first => {
                return Verdict::Unreadable(Unreadable::CopiesDiffer);
            }
            (Ok(_), Some(_)) | (Err(Unreadable::Damaged), _) => {}
            (Err(why), _) => return Verdict::Unreadable(why),
        }
    }
    match found {
        Some(superblock) => Verdict::Present(superblock),
        None if being_made => Verdict::Empty,
        None => Verdict::Unreadable(Unreadable::Damaged),
    }
}

impl Superblock {
    /// One copy.
    pub(super) fn encode(&self) -> Vec<u8> {
        assert!(shards_fit(self.shards), "a shard count is a power of two within its limit");
        Sink::new()
            .bytes(&MAGIC)
            .u16(VERSION)
            .u16(KIND)
            .u32(LENGTH)
            .u64(self.compat)
            .u64(INCOMPAT_KNOWN)
            .bytes(&self.store)
            .bytes(&self.salt)
            .u64(self.created_ms)
            .u16(self.disk)
            .u16(self.shards)
            .u32(self.ordinal)
            .u64(self.geometry.slot_bytes())
            .u64(self.geometry.head_bytes())
            .u32(self.geometry.slots_per_container())
            .u32(self.geometry.table_bytes())
            .u32(self.geometry.superblock_stride())
            .sealed(BLOCK_BYTES)
    }

    fn decode(bytes: &[u8]) -> Result<Superblock, Unreadable> {
        let mut fields = Fields::new(unsealed(bytes).ok_or(Unreadable::Damaged)?);
        if fields.array() != Some(MAGIC) {
            return Err(Unreadable::Damaged);
        }
        // The version comes before all that it may change.
        let version = fields.u16().ok_or(Unreadable::Damaged)?;
        if version != VERSION {
            return Err(Unreadable::Version(version));
        }
        if fields.u16() != Some(KIND) || fields.u32() != Some(LENGTH) {
            return Err(Unreadable::Damaged);
        }
        let compat = fields.u64().ok_or(Unreadable::Damaged)?;
        let unknown = fields.u64().ok_or(Unreadable::Damaged)? & !INCOMPAT_KNOWN;
        if unknown != 0 {
            return Err(Unreadable::Features(unknown));
        }
        Superblock::decode_body(fields, compat).ok_or(Unreadable::Damaged)
    }

    fn decode_body(mut fields: Fields<'_>, compat: u64) -> Option<Superblock> {
        let store = fields.array()?;
        let salt = fields.array()?;
        let created_ms = fields.u64()?;
        let disk = fields.u16()?;
        let shards = fields.u16()?;
        let ordinal = fields.u32()?;
        let slot_bytes = fields.u64()?;
        let head_bytes = fields.u64()?;
        let slots_per_container = fields.u32()?;
        let table_bytes = fields.u32()?;
        let stride = fields.u32()?;
        fields.padding()?;
        let geometry = Geometry::from_fields(slot_bytes, slots_per_container, table_bytes, stride, head_bytes)?;
        let superblock = Superblock { compat, store, salt, created_ms, disk, shards, ordinal, geometry };
        shards_fit(shards).then_some(superblock)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codec::seal;
    use crate::golden;
    use crate::mutation;

    fn sample() -> Superblock {
        Superblock {
            compat: 0,
            store: [0x11; 16],
            salt: [0x22; 16],
            created_ms: 0x0102_0304_0506,
            disk: 0,
            shards: 16,
            ordinal: 3,
            geometry: Geometry::product(),
        }
    }

    fn resealed(mut bytes: Vec<u8>, change: impl Fn(&mut [u8])) -> Vec<u8> {
        change(&mut bytes);
        seal(&mut bytes);
        bytes
    }

    #[test]
    fn golden_superblock() {
        golden::pins("superblock", &sample().encode());
        assert_eq!(Superblock::decode(&golden::bytes("superblock")), Ok(sample()));
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer(bytes in mutation::of(sample().encode())) {
            prop_assert!(Superblock::decode(&bytes).is_err() || bytes == sample().encode());
        }

        #[test]
        fn what_decodes_encodes_to_the_same_bytes(at in 12_usize..112, byte in any::<u8>()) {
            let bytes = resealed(sample().encode(), |bytes| bytes[at] = byte);
            prop_assert!(Superblock::decode(&bytes).is_ok_and(|found| found.encode() == bytes)
                || Superblock::decode(&bytes).is_err());
        }
    }

    #[test]
    fn a_version_is_named_whatever_else_changed_with_it() {
        let newer = resealed(sample().encode(), |bytes| bytes[8..16].copy_from_slice(&[2, 0, 9, 9, 9, 9, 9, 9]));
        assert_eq!(Superblock::decode(&newer), Err(Unreadable::Version(2)));
    }

    #[test]
    fn the_decision_table_of_the_copies() {
        let whole = sample().encode();
        let other = Superblock { ordinal: 4, ..sample() }.encode();
        let zeros = vec![0; 4096];
        let torn = { whole.iter().enumerate().map(|(at, byte)| if at < 512 { *byte } else { 0 }).collect::<Vec<u8>>() };
        let newer = resealed(whole.clone(), |bytes| bytes[8] = 2);
        let featured = resealed(whole.clone(), |bytes| bytes[24] = 4);
        let present = Verdict::Present(sample());
        let damaged = Verdict::Unreadable(Unreadable::Damaged);
        let some = |bytes: &Vec<u8>| Some(bytes.clone());
        let rows = [
            ("all whole", [some(&whole), some(&whole), some(&whole), some(&whole)], &present, &present),
            ("one whole", [some(&torn), None, some(&zeros), some(&whole)], &present, &present),
            ("differ", [some(&whole), some(&other), None, None], &differ(), &differ()),
            ("all zero", [some(&zeros), some(&zeros), some(&zeros), some(&zeros)], &damaged, &Verdict::Empty),
            ("torn", [some(&torn), some(&zeros), some(&zeros), some(&zeros)], &damaged, &Verdict::Empty),
            ("unread", [None, None, None, None], &damaged, &Verdict::Empty),
            ("version", [some(&newer), None, None, None], &version(), &version()),
            ("feature", [some(&zeros), some(&featured), None, None], &feature(), &feature()),
        ];
        for (row, copies, counted, being_made) in rows {
            assert_eq!(judge(&copies, false), *counted, "{row}");
            assert_eq!(judge(&copies, true), *being_made, "{row}, being made");
        }
    }

    fn differ() -> Verdict {
        Verdict::Unreadable(Unreadable::CopiesDiffer)
    }

    fn version() -> Verdict {
        Verdict::Unreadable(Unreadable::Version(2))
    }

    fn feature() -> Verdict {
        Verdict::Unreadable(Unreadable::Features(4))
    }

    #[test]
    fn compatible_features_are_kept_and_reserved_bytes_are_checked() {
        let featured = resealed(sample().encode(), |bytes| bytes[16] = 1);
        assert_eq!(Superblock::decode(&featured).map(|found| found.compat), Ok(1));
        let soiled = resealed(sample().encode(), |bytes| bytes[200] = 1);
        assert_eq!(Superblock::decode(&soiled), Err(Unreadable::Damaged));
        let shards = resealed(sample().encode(), |bytes| bytes[74] = 15);
        assert_eq!(Superblock::decode(&shards), Err(Unreadable::Damaged));
    }

    #[test]
    fn no_length_of_bytes_panics() {
        let whole = sample().encode();
        for len in 0..whole.len() {
            assert_eq!(Superblock::decode(&whole[..len]), Err(Unreadable::Damaged));
        }
    }
}
