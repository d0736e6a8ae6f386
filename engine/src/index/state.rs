//! What the index of a shard knows beside its tables: whose it is, how far it has come, and its sums.
//!
//! What must hold: decoders accept any bytes and never panic; a version that is not ours does not decode.

use super::seal::body;
use crate::codec::{Fields, Sink};
use crate::types::{GroupNumber, SegmentId, Sequence, ShardId};

/// The format of keys and values that this code reads and writes.
pub(super) const VERSION: u32 = 1;
/// The key of the identity in the `meta` database.
pub(super) const IDENTITY_KEY: &[u8] = b"identity";
/// The key of the position in the `meta` database.
pub(super) const POSITION_KEY: &[u8] = b"position";

/// Whose index this is: an index with another identity is never opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The store's unique id.
    pub store: [u8; 16],
    /// The shard.
    pub shard: ShardId,
    /// The number of shards: with another one the keys would be dealt otherwise.
    pub shard_count: u16,
}

/// How far a shard's index has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// The position of the last record it holds.
    pub sequence: Sequence,
    /// The segment of that record.
    pub segment: SegmentId,
    /// The group of that record.
    pub group: GroupNumber,
    /// The oldest segment that may hold a record above it.
    pub floor: SegmentId,
}

/// The objects of a bucket that one shard holds, and the bytes of their bodies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Objects.
    pub objects: u64,
    /// Bytes of their bodies.
    pub bytes: u64,
}

/// A change of [`Counts`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CountsDelta {
    /// Objects that came, less those that went.
    pub objects: i64,
    /// Bytes that came, less those that went.
    pub bytes: i64,
}

impl CountsDelta {
    /// Adds another change.
    pub fn add(&mut self, other: CountsDelta) {
        self.objects += other.objects;
        self.bytes += other.bytes;
    }
}

impl Counts {
    /// The counts after a change, or `None` if there would be fewer than nothing.
    #[must_use]
    pub fn after(self, delta: CountsDelta) -> Option<Counts> {
        let objects = self.objects.checked_add_signed(delta.objects)?;
        Some(Counts { objects, bytes: self.bytes.checked_add_signed(delta.bytes)? })
    }

    /// True if nothing is counted.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self == Counts::default()
    }

    pub(super) fn encode(self, key: &[u8]) -> Box<[u8]> {
        Sink::new().u64(self.objects).u64(self.bytes).seal(key)
    }

    pub(super) fn decode(value: &[u8]) -> Option<Counts> {
        let mut fields = Fields::new(body(value)?);
        let counts = Counts { objects: fields.u64()?, bytes: fields.u64()? };
        fields.end().map(|()| counts)
    }
}

impl Identity {
    pub(super) fn encode(self) -> Box<[u8]> {
        Sink::new().u32(VERSION).bytes(&self.store).u16(self.shard.0).u16(self.shard_count).seal(IDENTITY_KEY)
    }

    /// The identity, `None` if the bytes are not one of our version.
    pub(super) fn decode(value: &[u8]) -> Option<Identity> {
        let mut fields = Fields::new(body(value)?);
        (fields.u32()? == VERSION).then_some(())?;
        let identity = Identity { store: fields.array()?, shard: ShardId(fields.u16()?), shard_count: fields.u16()? };
        fields.end().map(|()| identity)
    }
}

impl Position {
    pub(super) fn encode(self) -> Box<[u8]> {
        Sink::new().u64(self.sequence.0).u64(self.segment.0).u32(self.group.0).u64(self.floor.0).seal(POSITION_KEY)
    }

    pub(super) fn decode(value: &[u8]) -> Option<Position> {
        let mut fields = Fields::new(body(value)?);
        let position = Position {
            sequence: Sequence(fields.u64()?),
            segment: SegmentId(fields.u64()?),
            group: GroupNumber(fields.u32()?),
            floor: SegmentId(fields.u64()?),
        };
        fields.end().map(|()| position)
    }
}

/// The key of a bucket's counts or a segment's live bytes.
pub(super) fn number_key(id: u64) -> [u8; 8] {
    id.to_be_bytes()
}

/// The id of such a key.
pub(super) fn parse_number_key(key: &[u8]) -> Option<u64> {
    key.try_into().ok().map(u64::from_be_bytes)
}

/// A segment's live bytes as stored.
pub(super) fn encode_live(live: i64, key: &[u8]) -> Box<[u8]> {
    Sink::new().u64(live.cast_unsigned()).seal(key)
}

/// A segment's live bytes, `None` if the bytes are no number above zero.
pub(super) fn decode_live(value: &[u8]) -> Option<i64> {
    let mut fields = Fields::new(body(value)?);
    let live = i64::try_from(fields.u64()?).ok().filter(|live| *live > 0)?;
    fields.end().map(|()| live)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::golden;
    use crate::mutation;

    const IDENTITY: Identity = Identity { store: [0xab; 16], shard: ShardId(3), shard_count: 16 };
    const POSITION: Position =
        Position { sequence: Sequence(1), segment: SegmentId(2), group: GroupNumber(3), floor: SegmentId(4) };

    #[test]
    fn golden_identity_and_position() {
        golden::pins("index-identity", &IDENTITY.encode());
        assert_eq!(Identity::decode(&golden::bytes("index-identity")), Some(IDENTITY));
        golden::pins("index-position", &POSITION.encode());
        assert_eq!(Position::decode(&golden::bytes("index-position")), Some(POSITION));
    }

    #[test]
    fn golden_sums() {
        let key = number_key(0x0102);
        assert_eq!(key, [0, 0, 0, 0, 0, 0, 1, 2]);
        let counts = Counts { objects: 5, bytes: 600 };
        golden::pins("index-counts", &counts.encode(&key));
        assert_eq!(Counts::decode(&golden::bytes("index-counts")), Some(counts));
        golden::pins("index-live", &encode_live(600, &key));
        assert_eq!(decode_live(&golden::bytes("index-live")), Some(600));
        assert_eq!(decode_live(&encode_live(0, &key)), None);
    }

    proptest! {
        #[test]
        fn what_decodes_encodes_to_the_same_bytes(
            bytes in prop_oneof![
                mutation::of(IDENTITY.encode().into_vec()),
                mutation::of(POSITION.encode().into_vec()),
                mutation::of(encode_live(600, b"").into_vec()),
            ],
        ) {
            let body = body(&bytes).unwrap_or_default();
            let same = |value: Box<[u8]>| value.get(..body.len()) == Some(body) && value.len() == bytes.len();
            prop_assert!(Identity::decode(&bytes).is_none_or(|found| same(found.encode())));
            prop_assert!(Position::decode(&bytes).is_none_or(|found| same(found.encode())));
            prop_assert!(Counts::decode(&bytes).is_none_or(|found| same(found.encode(b""))));
            prop_assert!(decode_live(&bytes).is_none_or(|found| same(encode_live(found, b""))));
        }
    }

    #[test]
    fn counts_never_fall_below_nothing() {
        let one = Counts { objects: 1, bytes: 10 };
        assert_eq!(one.after(CountsDelta { objects: -1, bytes: -10 }), Some(Counts::default()));
        assert_eq!(one.after(CountsDelta { objects: -2, bytes: 0 }), None);
        assert_eq!(one.after(CountsDelta { objects: 0, bytes: -11 }), None);
    }
}
