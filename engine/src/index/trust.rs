//! Whether a store is still believed, and what follows when it is found to contradict itself: a mark beside it,
//! durable, and a word to the operator, once.
//!
//! What must hold: every answer of a store passes here, so that no way of asking can find damage and keep it to itself;
//! and the mark is there before the error is answered, to whoever asks at the same moment. It is the mark that an
//! unreadable page leaves too: the next start begins the index anew. A value whose checksum is right and that still
//! says nothing is no damage of a disk: whoever decodes it above the store answers `Corrupt` without a mark.
//!
//! The mark is made where the damage is found, which may be on a core: that happens once to a store, and whatever came
//! between could lose the news.

use std::sync::Once;

use super::error::IndexError;
use super::store::Home;
use crate::types::ShardId;

/// What all handles of one store believe of it.
#[derive(Debug)]
pub(super) struct Trust {
    home: Home,
    shard: ShardId,
    notice: fn(&str),
    lost: Once,
}

impl Trust {
    /// A store that nothing is wrong with so far. `notice` is told if that changes.
    pub(super) fn new(home: &Home, shard: ShardId, notice: fn(&str)) -> Trust {
        Trust { home: home.clone(), shard, notice, lost: Once::new() }
    }

    /// True once the store has contradicted itself.
    pub(super) fn is_lost(&self) -> bool {
        self.lost.is_completed()
    }

    /// Passes an answer on, and sees to it that damage is not forgotten.
    pub(super) fn heard<T>(&self, answer: Result<T, IndexError>) -> Result<T, IndexError> {
        if matches!(answer, Err(IndexError::Corrupt)) {
            self.lost.call_once(|| self.lose());
        }
        answer
    }

    /// Makes the mark.
    pub(super) fn mark(&self, text: &str) -> Result<(), IndexError> {
        self.home.leave_mark(text).map_err(IndexError::Io)
    }

    fn lose(&self) {
        let shard = self.shard;
        let what = format!(
            "the index of shard {shard} is damaged: nothing is lost, the log has everything; that index is built anew \
             by the next start, or by this one if the store is not served yet"
        );
        match self.mark(&format!("{what}\n")) {
            Ok(()) => (self.notice)(&what),
            Err(why) => (self.notice)(&format!(
                "{what}; but no mark could be made ({why}): remove the directory of that index before the next start"
            )),
        }
    }
}
