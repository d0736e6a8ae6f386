//! Torn tail or rot? The decision on a chain that ends, from what else names its groups. Pure.
//!
//! | the medium gave an error | something names the missing group or a later one | verdict |
//! |---|---|---|
//! | no | no | a torn tail: it was never acknowledged |
//! | no | yes | lost: it had been acknowledged |
//! | yes | either | lost, or not to be known: damage is never taken for emptiness |
//!
//! A group that is whole by its checksum but holds what this program cannot read was not torn either: a newer program
//! wrote it. It is lost to this one, and no footer may say that it is not there.

use crate::types::GroupNumber;

/// What is known of a segment beside its chain. Group numbers name the highest group known to have been durable; 0 for
/// none.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Evidence {
    /// The medium gave an error where the chain ends or behind it.
    pub media: bool,
    /// The group that ends the chain is whole, but its records are none that this program knows.
    pub unknown: bool,
    /// A later block of the slot carries the nonce and names this as durable.
    pub later_block: GroupNumber,
    /// A footer whose last block is right names this, though its body is damaged.
    pub footer: GroupNumber,
    /// The first group of the next segment names this as the last.
    pub successor: GroupNumber,
    /// The index holds a record of this group.
    pub index: GroupNumber,
}

/// The decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// What follows was never acknowledged.
    TornTail,
    /// Groups from `first` to at least `last` were acknowledged and cannot be read.
    Lost {
        /// The first that does not fit.
        first: GroupNumber,
        /// The highest that is known of.
        last: GroupNumber,
    },
}

/// Judges a chain whose last group that fits is `last`.
#[must_use]
pub(super) fn judge(last: GroupNumber, evidence: Evidence) -> Verdict {
    let first = GroupNumber(last.0 + 1);
    let named = evidence.later_block.max(evidence.footer).max(evidence.successor).max(evidence.index);
    if evidence.media || evidence.unknown || named >= first {
        Verdict::Lost { first, last: named.max(first) }
    } else {
        Verdict::TornTail
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAST: GroupNumber = GroupNumber(4);

    fn lost(last: u32) -> Verdict {
        Verdict::Lost { first: GroupNumber(5), last: GroupNumber(last) }
    }

    #[test]
    fn a_tail_nothing_names_is_torn() {
        assert_eq!(judge(LAST, Evidence::default()), Verdict::TornTail);
        let all_older =
            Evidence { later_block: LAST, footer: LAST, successor: LAST, index: LAST, ..Evidence::default() };
        assert_eq!(judge(LAST, all_older), Verdict::TornTail);
    }

    #[test]
    fn a_tail_that_a_later_block_names_is_lost() {
        assert_eq!(judge(LAST, Evidence { later_block: GroupNumber(5), ..Evidence::default() }), lost(5));
    }

    #[test]
    fn a_tail_that_a_footer_names_is_lost() {
        assert_eq!(judge(LAST, Evidence { footer: GroupNumber(9), ..Evidence::default() }), lost(9));
    }

    #[test]
    fn a_tail_that_the_next_segment_names_is_lost() {
        assert_eq!(judge(LAST, Evidence { successor: GroupNumber(6), ..Evidence::default() }), lost(6));
    }

    #[test]
    fn a_tail_that_the_index_names_is_lost() {
        assert_eq!(judge(LAST, Evidence { index: GroupNumber(5), ..Evidence::default() }), lost(5));
    }

    #[test]
    fn a_whole_group_of_unknown_records_is_never_a_torn_tail() {
        assert_eq!(judge(LAST, Evidence { unknown: true, ..Evidence::default() }), lost(5));
    }

    #[test]
    fn a_medium_error_is_never_a_torn_tail() {
        assert_eq!(judge(LAST, Evidence { media: true, ..Evidence::default() }), lost(5));
    }
}
