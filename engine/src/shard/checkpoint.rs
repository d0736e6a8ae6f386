//! The checkpointer: one task per core that brings what the memtable holds into the stores.
//!
//! What must hold: only what is published, so durable, is committed. A shard's position goes into the same transaction
//! as its keys. The stores have synced before the checkpoint record that confirms them is appended. The memtable is
//! dropped after the stores have it.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use crate::error::Error;
use crate::index::{IndexError, Position};
use crate::rt::{self, Helper};
use crate::shard::intent::Intent;
use crate::shard::owner::Owner;
use crate::types::ShardId;

/// A store that has no room is tried again after this time.
const RETRY: Duration = Duration::from_secs(1);

/// Runs until the owner closes; then a last time.
pub async fn run(owner: Rc<Owner>) {
    while !owner.closing.get() && owner.stopped.borrow().is_none() {
        let wanted = owner.checkpoint_wanted.wait();
        if !owner.due() {
            wanted.await;
        }
        if owner.due() && !owner.closing.get() {
            match owner.checkpoint().await {
                Ok(()) => {}
                // Writes wait meanwhile, and are told that there is no room; it may come.
                Err(Error::Index(IndexError::Full) | Error::NoSpace) => rt::sleep(RETRY).await,
                Err(why) => owner.stop(&why),
            }
        }
    }
}

impl Owner {
    /// True if a checkpoint is due.
    fn due(&self) -> bool {
        let layers = self.layers.borrow();
        layers.frozen().is_some()
            || layers.active().is_full(self.options.memtable_keys_max, self.options.memtable_bytes_max)
            || self.log_bytes.get() >= self.options.checkpoint_log_bytes
    }

    /// Brings all that is published at this moment into the stores, after a checkpoint that is under way.
    ///
    /// # Errors
    /// As [`Owner::checkpoint`].
    pub async fn checkpoint_now(self: &Rc<Self>) -> Result<(), Error> {
        if let Some(why) = self.stopped.borrow().clone() {
            return Err(why);
        }
        self.checkpoint().await
    }

    /// Brings all that is published into the stores and confirms it.
    ///
    /// # Errors
    /// `Full` leaves the memtable frozen for another try; anything else ends the writes of this core.
    pub async fn checkpoint(self: &Rc<Self>) -> Result<(), Error> {
        // One at a time: what is frozen belongs to whoever froze it.
        let _turn = self.checkpoint_turn.enter().await;
        let positions = self.freeze();
        let Some(frozen) = self.layers.borrow().frozen().cloned() else { return Ok(()) };
        let stores = self.layers.borrow().stores().clone();
        for (shard, batch) in frozen.batches(&positions) {
            if self.frozen_committed.borrow().contains(&shard) {
                continue;
            }
            let store = stores.get(&shard).ok_or(Error::Index(IndexError::Missing))?.clone();
            let owner = Rc::clone(self);
            // In a task of its own: a caller that gives up must not leave it open whether the store has the batch.
            let committed = rt::spawn(async move {
                let committed = rt::help(Helper::Commit, move || store.commit(&batch)).await;
                owner.index_full.set(committed == Err(IndexError::Full));
                if committed.is_ok() {
                    owner.frozen_committed.borrow_mut().insert(shard);
                }
                committed
            });
            committed.await?;
        }
        self.layers.borrow_mut().drop_frozen();
        self.weigh_index();
        let mut confirmations = Vec::new();
        for (shard, position) in &positions {
            let intent = Intent::Checkpoint { sequence: position.sequence, floor: position.floor };
            confirmations.push(self.admit(*shard, intent)?);
        }
        for confirmation in confirmations {
            confirmation.await.unwrap_or(Err(Error::WritesStopped))?;
        }
        self.checkpoints.set(self.checkpoints.get() + 1);
        self.checkpointed.notify();
        Ok(())
    }

    /// Freezes the memtable unless one is frozen already, and says how far each shard has come with it.
    fn freeze(&self) -> BTreeMap<ShardId, Position> {
        let mut layers = self.layers.borrow_mut();
        if layers.freeze().is_some() {
            self.frozen_committed.borrow_mut().clear();
            let (segment, group) = self.tip.get();
            let floor = self.floor.get();
            let last = self.last.borrow();
            let position = |shard: &ShardId| Position {
                sequence: last.get(shard).copied().unwrap_or_default(),
                segment,
                group,
                floor,
            };
            self.frozen_positions.replace(last.keys().map(|shard| (*shard, position(shard))).collect());
            self.log_bytes.set(0);
        }
        self.frozen_positions.borrow().clone()
    }
}
