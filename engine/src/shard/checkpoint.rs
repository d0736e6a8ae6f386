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
                // Writes wait meanwhile, and are told that there is no room; it may come, and so may a descriptor.
                Err(Error::Index(IndexError::Full) | Error::NoSpace | Error::SlowDown) => rt::sleep(RETRY).await,
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
        let owner = Rc::clone(self);
        // All of it in a task of its own: a caller that gives up must not pass its turn on while a store is taking a
        // batch, or the next one would give it the same sums again.
        rt::spawn(async move {
            // One at a time: what is frozen belongs to whoever froze it.
            let _turn = owner.checkpoint_turn.enter().await;
            let done = owner.bring_into_stores().await;
            // After a failure too: those who wait for room look again, and are told what there is.
            owner.checkpointed.notify();
            done
        })
        .await
    }

    async fn bring_into_stores(self: &Rc<Self>) -> Result<(), Error> {
        let positions = self.freeze();
        let Some(frozen) = self.layers.borrow().frozen().cloned() else { return Ok(()) };
        let stores = self.layers.borrow().stores().clone();
        // A full memtable is copied where it may take its time: on the core it would take some hundredths of a second.
        let (copied, wanted) = (frozen.clone(), positions.clone());
        let batches = rt::help(Helper::Commit, move || copied.batches(&wanted)).await;
        for (shard, batch) in batches {
            if self.frozen_committed.borrow().contains(&shard) {
                continue;
            }
            let store = stores.get(&shard).ok_or(Error::Index(IndexError::Missing))?.clone();
            let committed = rt::help(Helper::Commit, move || store.commit(&batch)).await;
            self.index_full.set(committed == Err(IndexError::Full));
            committed?;
            self.frozen_committed.borrow_mut().insert(shard);
        }
        self.layers.borrow_mut().drop_frozen();
        // Its memory is given back there too.
        drop(rt::spawn(rt::help(Helper::Commit, move || drop(frozen))));
        self.weigh_index();
        // There is room from here on, whatever becomes of the confirmation.
        self.checkpointed.notify();
        let mut confirmations = Vec::new();
        for (shard, position) in &positions {
            let intent = Intent::Checkpoint { sequence: position.sequence, floor: position.floor };
            confirmations.push(self.admit(*shard, intent)?);
        }
        for confirmation in confirmations {
            confirmation.await.unwrap_or(Err(Error::WritesStopped))?;
        }
        self.checkpoints.set(self.checkpoints.get() + 1);
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
