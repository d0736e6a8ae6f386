//! What a segment of the log holds.

/// The kinds of segments. Numbers are part of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SegmentKind {
    /// Groups of records, one whole copy per column: `copies(1)` on one disk.
    Log = 1,
    /// Runs of bodies, coded over its columns: `coded(1, 0)` on one disk.
    Data = 2,
}

impl SegmentKind {
    /// The kind with this number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<SegmentKind> {
        match number {
            1 => Some(SegmentKind::Log),
            2 => Some(SegmentKind::Data),
            _ => None,
        }
    }
}
