//! Which shard a key belongs to: SipHash-2-4 of the bucket's id and the key under the store's secret salt.
//!
//! It must stay this function for the life of a store: every record lies in the log of the shard it names. The salt
//! keeps clients from aiming their keys at one core. Which core owns a shard is not decided here.

use std::hash::Hasher;

use siphasher::sip::SipHasher24;

use crate::types::{BucketId, ShardId};

/// The shard of `key` in `bucket`, out of `shards`, which the superblock holds and which is a power of two.
#[must_use]
pub fn shard_of(salt: &[u8; 16], bucket: BucketId, key: &[u8], shards: u16) -> ShardId {
    assert!(shards.is_power_of_two(), "the superblock was accepted with {shards} shards");
    let mut hasher = SipHasher24::new_with_key(salt);
    hasher.write(&bucket.0.to_le_bytes());
    hasher.write(key);
    let masked = hasher.finish() & u64::from(shards - 1);
    ShardId(u16::try_from(masked).expect("a mask of 16 bits leaves no more"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key and the first messages of the reference vectors of SipHash-2-4.
    const SALT: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
    /// The bytes 0 to 7: as a bucket they begin the reference messages.
    const BUCKET: BucketId = BucketId(0x0706_0504_0302_0100);

    #[test]
    fn the_reference_vectors_of_siphash_decide_the_shard() {
        // The published hashes of the messages 00..07, 00..08 and 00..0e.
        for (key, hash) in [
            (&[][..], 0x93f5_f579_9a93_2462_u64),
            (&[8][..], 0x9e00_82df_0ba9_e4b0),
            (&[8, 9, 10, 11, 12, 13, 14][..], 0xa129_ca61_49be_45e5),
        ] {
            for shards in [1, 2, 16, 256, 1 << 15] {
                let expected = hash % u64::from(shards);
                assert_eq!(u64::from(shard_of(&SALT, BUCKET, key, shards).0), expected, "{key:?} of {shards}");
            }
        }
    }

    #[test]
    fn salt_bucket_and_key_all_matter() {
        let shards = 1 << 15;
        let shard = shard_of(&SALT, BucketId(1), b"key", shards);
        assert_ne!(shard, shard_of(&[9; 16], BucketId(1), b"key", shards));
        assert_ne!(shard, shard_of(&SALT, BucketId(2), b"key", shards));
        assert_ne!(shard, shard_of(&SALT, BucketId(1), b"kez", shards));
    }
}
