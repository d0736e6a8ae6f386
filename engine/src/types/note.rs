//! A note on a part: a few bytes that a caller wants to find again with it, opaque to the engine.
//!
//! What must hold: it is never longer than the room it has in a manifest.

use crate::limits::NOTE_BYTES_MAX;

/// The bytes of a note; none is a note too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Note(Vec<u8>);

impl Note {
    /// These bytes, `None` if there are too many.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Option<Note> {
        (bytes.len() <= NOTE_BYTES_MAX).then(|| Note(bytes.to_vec()))
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_has_a_longest_length() {
        let longest = [7; NOTE_BYTES_MAX];
        assert_eq!(Note::new(&longest).as_ref().map(Note::as_bytes), Some(&longest[..]));
        assert_eq!(Note::new(&[7; NOTE_BYTES_MAX + 1]), None);
    }
}
