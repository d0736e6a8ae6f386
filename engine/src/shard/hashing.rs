//! The MD5 of small bodies, computed when their group closes: many messages at once, in lanes.

use crate::digest::md5_many;
use crate::shard::intent::{Intent, PutBody, Queued};

/// Computes the MD5 of every inline body in `batch`.
pub(super) fn hash_bodies(batch: &mut [Queued]) {
    let bodies: Vec<&[u8]> = batch.iter().filter_map(|queued| inline(&queued.intent)).collect();
    if bodies.is_empty() {
        return;
    }
    let mut digests = md5_many(&bodies).into_iter();
    for queued in batch.iter_mut() {
        if let Intent::Put { body: PutBody::Inline { md5, .. }, .. } = &mut queued.intent {
            *md5 = digests.next().expect("there is a digest for every inline body");
        }
    }
}

fn inline(intent: &Intent) -> Option<&[u8]> {
    match intent {
        Intent::Put { body: PutBody::Inline { bytes, .. }, .. } => Some(bytes),
        _ => None,
    }
}
