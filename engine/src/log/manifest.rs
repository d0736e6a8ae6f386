//! A manifest: the payload of a record whose body lies in data segments. Its parts, if it had any, and its runs in
//! order.
//!
//! Little-endian: magic, version, part count, run count; then 64 bytes per part, 16 per run. A completed upload holds
//! the runs of all its parts, so that the part records are dead at once and one record is the truth of the object.

use crate::codec::{Fields, Sink, field_u8, field_u16, field_u32, length};
use crate::limits::{NOTE_BYTES_MAX, PARTS_MAX, PAYLOAD_BYTES_MAX, RUN_BYTES_MAX};
use crate::types::{Note, SegmentId};

/// "SMAN".
const MAGIC: u32 = 0x4e41_4d53;
const VERSION: u8 = 1;
const HEADER_BYTES: usize = 16;
const PART_BYTES: usize = 64;
const RUN_BYTES: usize = 16;

/// A piece of a body in a data segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunSpan {
    /// The segment.
    pub segment: SegmentId,
    /// Where in the slot it begins.
    pub offset: u32,
    /// Bytes of the body in it.
    pub bytes: u32,
}

/// A part of a completed upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartSpan {
    /// Its number.
    pub number: u16,
    /// Its bytes.
    pub size: u64,
    /// Its MD5.
    pub md5: [u8; 16],
    /// The caller's note on it.
    pub note: Note,
}

/// Where a large body lies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// The parts, ascending; none for a body put in one piece.
    pub parts: Vec<PartSpan>,
    /// The runs, in the order of the body.
    pub runs: Vec<RunSpan>,
}

impl Manifest {
    /// Bytes of the body.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.runs.iter().map(|run| u64::from(run.bytes)).sum()
    }

    /// The stored form; `None` if it would be larger than a payload may be.
    #[must_use]
    pub fn encode(&self) -> Option<Vec<u8>> {
        let size = HEADER_BYTES + self.parts.len() * PART_BYTES + self.runs.len() * RUN_BYTES;
        if size > PAYLOAD_BYTES_MAX || self.parts.len() > usize::from(PARTS_MAX) {
            return None;
        }
        let header = Sink::new().u32(MAGIC).u8(VERSION).u8(0).u16(field_u16(self.parts.len()));
        let header = header.u32(field_u32(self.runs.len())).u32(0);
        let parts = self.parts.iter().fold(header, |sink, part| {
            let (note, room) = (part.note.as_bytes(), [0; NOTE_BYTES_MAX]);
            let sink = sink.u16(part.number).u8(field_u8(note.len())).u8(0).u64(part.size).bytes(&part.md5);
            sink.bytes(note).bytes(room.get(note.len()..).unwrap_or_default())
        });
        let runs = self.runs.iter().fold(parts, |sink, run| sink.u64(run.segment.0).u32(run.offset).u32(run.bytes));
        Some(runs.into_vec())
    }

    /// The manifest in `bytes`, a verified payload; `None` if it is none.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Manifest> {
        let mut fields = Fields::new(bytes);
        if fields.u32()? != MAGIC || fields.u8()? != VERSION {
            return None;
        }
        fields.reserved(1)?;
        let parts = usize::from(fields.u16()?);
        let runs = length(fields.u32()?);
        fields.reserved(4)?;
        let within_limits = bytes.len() <= PAYLOAD_BYTES_MAX && parts <= usize::from(PARTS_MAX);
        if !within_limits || fields.rest().len() != parts * PART_BYTES + runs.checked_mul(RUN_BYTES)? {
            return None;
        }
        let mut manifest = Manifest::default();
        for _ in 0..parts {
            let number = fields.u16()?;
            let noted = usize::from(fields.u8()?);
            fields.reserved(1)?;
            if manifest.parts.last().map_or(0, |last| last.number) >= number || number > PARTS_MAX {
                return None;
            }
            let (size, md5) = (fields.u64()?, fields.array()?);
            let note = Note::new(fields.bytes(noted)?)?;
            fields.reserved(NOTE_BYTES_MAX.checked_sub(noted)?)?;
            manifest.parts.push(PartSpan { number, size, md5, note });
        }
        for _ in 0..runs {
            let run = RunSpan { segment: SegmentId(fields.u64()?), offset: fields.u32()?, bytes: fields.u32()? };
            if length(run.bytes) > RUN_BYTES_MAX || run.bytes == 0 {
                return None;
            }
            manifest.runs.push(run);
        }
        Some(manifest)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::golden;
    use crate::mutation;

    fn sample() -> Manifest {
        let part = |number, size, note: &[u8]| {
            let note = Note::new(note).expect("a short note");
            PartSpan { number, size, md5: [1; 16], note }
        };
        let run = |segment, offset, bytes| RunSpan { segment: SegmentId(segment), offset, bytes };
        Manifest {
            parts: vec![part(2, 30, b"\x01note"), part(9, 5, &[3; NOTE_BYTES_MAX])],
            runs: vec![run(4, 4096, 10), run(5, 4096, 20), run(4, 12288, 5)],
        }
    }

    #[test]
    fn golden_manifest() {
        golden::pins("manifest", &sample().encode().expect("it is small"));
        assert_eq!(Manifest::decode(&golden::bytes("manifest")), Some(sample()));
    }

    proptest! {
        #[test]
        fn what_decodes_encodes_to_the_same_bytes(bytes in mutation::of(sample().encode().expect("it is small"))) {
            // No checksum of its own: the payload's was verified.
            prop_assert!(Manifest::decode(&bytes).is_none_or(|found| found.encode() == Some(bytes)));
        }
    }

    #[test]
    fn parts_that_do_not_ascend_are_none() {
        let mut manifest = sample();
        manifest.parts.reverse();
        assert_eq!(Manifest::decode(&manifest.encode().expect("it is small")), None);
        manifest.parts = vec![PartSpan { number: PARTS_MAX + 1, size: 1, md5: [1; 16], note: Note::default() }];
        assert_eq!(Manifest::decode(&manifest.encode().expect("it is small")), None);
    }

    #[test]
    fn a_manifest_comes_back_and_a_short_one_is_none() {
        let bytes = sample().encode().expect("it is small");
        assert_eq!(Manifest::decode(&bytes), Some(sample()));
        for end in 0..bytes.len() {
            assert_eq!(Manifest::decode(&bytes[..end]), None);
        }
    }

    #[test]
    fn a_manifest_beyond_a_payload_is_refused() {
        let run = RunSpan { segment: SegmentId(1), offset: 0, bytes: 1 };
        let manifest = Manifest { parts: Vec::new(), runs: vec![run; PAYLOAD_BYTES_MAX / RUN_BYTES] };
        assert_eq!(manifest.encode(), None);
    }
}
