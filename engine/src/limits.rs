//! Every limit of the engine, with its reason. What happens at a limit is tested where the limited thing lives.

/// An S3 key is at most this long.
pub const KEY_BYTES_MAX: usize = 1024;
/// Kill lists above this length become "all ids up to the newest": eight cover nearly every key, and bound the index
/// value.
pub const KILL_IDS_MAX: usize = 8;
/// The unit of every disk access and of every structure on disk: what O_DIRECT demands of all common devices.
pub const BLOCK_BYTES: usize = 4096;
/// A store in use is waited for this long: what a process that was told to stop may need to leave.
pub const GUARD_WAIT_MS: u64 = 10_000;
/// Whoever has the guard and finds a container locked waits this long: its last process has gone, and only a write that
/// the kernel has yet to end keeps the lock. On a disk under load that has taken more than ten seconds.
pub const LAST_WRITE_WAIT_MS: u64 = 60_000;
/// Shards of a store. 16 spread over every core count up to 16; the superblock says how many a store has.
pub const SHARDS_DEFAULT: u16 = 16;
/// More shards than this would make a checkpoint of a small memtable a row of tiny transactions.
pub const SHARDS_MAX: u16 = 256;
/// Cores of one node.
pub const CORES_MAX: u16 = 256;
/// A body up to this size lies in its record; above it, it lies in runs of data segments. With sixteen such bodies a
/// group is full.
pub const INLINE_BYTES_MAX: usize = 128 * 1024;
/// A group is at most this large: two of them are in memory per core, and a flush of more gains nothing.
pub const GROUP_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Groups up to this size go through the O_DSYNC descriptor in one call, larger ones are written and then flushed
/// (floor, section 3).
pub const DSYNC_BYTES_MAX: usize = 64 * 1024;
/// The payload of one record: an inline body, or a manifest. A manifest of this size names 65,000 runs: a terabyte.
pub const PAYLOAD_BYTES_MAX: usize = 1024 * 1024;
/// Metadata of one record: user metadata (2 KiB), system headers (8 KiB), the kill list and room for what comes.
pub const META_BYTES_MAX: usize = 24 * 1024;
/// User and system attributes of one object, names and values together.
pub const ATTRIBUTES_BYTES_MAX: usize = 16 * 1024;
/// Attributes of one object, counted.
pub const ATTRIBUTES_MAX: usize = 256;
/// A run is at most this long: its unit checksums then fit into the one block that ends it.
pub const RUN_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The unit of a run that has its own checksum: a range read verifies no more than it needs.
pub const UNIT_BYTES: usize = 64 * 1024;
/// Parts of one upload (S3).
pub const PARTS_MAX: u16 = 10_000;
/// A note on a part: an algorithm and a digest of 32 bytes fit.
pub const NOTE_BYTES_MAX: usize = 36;
/// The largest body put in one piece, and the largest part (S3).
pub const PART_BYTES_MAX: u64 = 5 * 1024 * 1024 * 1024;
/// The smallest part but the last (S3).
pub const PART_BYTES_MIN: u64 = 5 * 1024 * 1024;
/// A memtable is frozen at this many changed keys: a checkpoint of that many costs 1.8 us per key (floor, section 7).
pub const MEMTABLE_KEYS_MAX: usize = 100_000;
/// A memtable is frozen at this many bytes.
pub const MEMTABLE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The longest key of the index: bucket, object key, its end, upload and part. LMDB is asked at start whether it takes
/// it.
pub const INDEX_KEY_BYTES_MAX: usize = 8 + KEY_BYTES_MAX + 1 + 16 + 2;
/// One shard's index may grow to this size: address space only, far above 100 million keys, and 256 shards still fit
/// into 47 bits.
pub const INDEX_MAP_BYTES: usize = 64 * 1024 * 1024 * 1024;
/// With less room than this in its file system a failed write of the index is taken for a full disk: LMDB writes a
/// batch in pieces, and of one that was taken in part it says the same as of a broken disk.
pub const INDEX_ROOM_BYTES: u64 = 16 * 1024 * 1024;
/// Segments that wait for their last readers to be freed. With so many held up, freeing more would not help.
pub const FREEING_MAX: usize = 64;
/// Maps that are watched for pages that do not read: one per shard, for one process serves one store. A map beyond them
/// is used without a watch.
pub const WATCHED_MAPS_MAX: usize = SHARDS_MAX as usize;
/// A process that may open fewer files than these is told to raise its limit: containers, indexes and clients.
pub const FILES_ENOUGH: u64 = 4096;
/// Concurrent readers of one shard's index: its core and the helpers, each for the time of one call.
pub const INDEX_READERS_MAX: u32 = 126;
/// A listing reads at most this many rows of a store at once: larger batches gain nothing and waste what a delimiter
/// skips.
pub const SCAN_ROWS_MAX: usize = 256;
/// A listing reads this many rows at first and after every skip, then twice as many each time.
pub const SCAN_ROWS_MIN: usize = 16;
/// The twin of the index remembers this many commits, so that a simulated crash can bring an older state back.
pub const TWIN_COMMITS_MAX: usize = 8;
/// Keys and common prefixes of one listing page (S3).
pub const LIST_PAGE_MAX: usize = 1000;
/// Uploads that a core looks at before its other tasks have their turn: some microseconds each.
pub const WALK_UPLOADS: usize = 256;
/// Keys of one DeleteObjects request (S3).
pub const DELETE_KEYS_MAX: usize = 1000;
/// Buckets of one store: the snapshot of all of them lies in every core's memory.
pub const BUCKETS_MAX: usize = 10_000;
/// Requests that one core may have under way at one other core: bounds that core's mailbox and its tasks.
pub const CREDITS_PER_CORE: usize = 1024;
/// Work that waits for the helper threads of one kind. Beyond it the asking task waits, never its core.
pub const HELPER_QUEUE_MAX: usize = 1024;
/// Calls that one core may hand to the kernel in one go; more are handed over in turns.
pub const RING_ENTRIES: u32 = 1024;
/// Zeros that are written at once when a file grows: large enough for the disk's full rate, small enough for any
/// memory.
pub const ZERO_BYTES: usize = 1024 * 1024;
/// Requests of all cores that wait for the owner of the slot table, and its notes to a core.
pub const OWNER_REQUESTS_MAX: usize = 256;
/// A step of a large body waits this long for those of other bodies, so that their MD5 are computed side by side.
pub const HASH_WAIT_MS: u64 = 4;
/// Intents waiting for a group on one core. Beyond it a request waits, then is told to slow down.
pub const INTENTS_MAX: usize = 4096;
/// A request that waits for memory or room longer than this is told to slow down.
pub const SLOW_DOWN_MS: u64 = 1_000;
/// An idle core covers its last group with an empty one after this time.
pub const IDLE_GROUP_MS: u64 = 10;
/// Buffer memory of one core.
pub const BUFFER_BYTES_PER_CORE: usize = 256 * 1024 * 1024;
/// Buffer memory of one core that holds pieces of objects on their way to clients. It is not the memory above: clients
/// that take slowly must not hold up lookups and writes.
pub const OUTGOING_BYTES_PER_CORE: usize = 256 * 1024 * 1024;
/// Buffer memory of one core that holds steps of bodies on their way to the disk. A body has at most three; whoever
/// serves clients bounds the bodies below this, so that none waits here while it holds another's.
pub const INCOMING_BYTES_PER_CORE: usize = 2 * 1024 * 1024 * 1024;
/// Memory that a pool keeps for its next buffers: what some reads have out at once, and little enough for an idle node.
pub const BUFFERS_KEPT_BYTES: usize = 16 * 1024 * 1024;
/// Larger buffers are not kept: a step of a large body is the largest that comes again and again.
pub const BUFFER_KEPT_BYTES_MAX: usize = 1024 * 1024;
/// A core checkpoints its idle shards too after this much log, so that old segments become free for compaction.
pub const CHECKPOINT_LOG_BYTES: u64 = 1024 * 1024 * 1024;
/// A slot of a small disk.
pub const SLOT_BYTES_DEFAULT: u64 = 64 * 1024 * 1024;
/// One copy of the slot table; slots grow on large disks so that it suffices.
pub const SLOT_TABLE_BYTES_MAX: usize = 1024 * 1024;
/// Slots kept for deletes and compaction: at the limit writes get an error, deletes work.
pub const RESERVE_SLOTS_PER_CORE: usize = 2;
/// A core's stores up to this size are taken to stay in memory: half a GiB per core is below what the system spares any
/// node.
pub const INDEX_RESIDENT_BYTES_PER_CORE: u64 = 512 * 1024 * 1024;
/// Completed upload ids are remembered this long, so that a repeated complete succeeds.
pub const COMPLETED_REMEMBERED_MS: u64 = 24 * 60 * 60 * 1000;

const _: () = assert!(INLINE_BYTES_MAX <= PAYLOAD_BYTES_MAX);
const _: () = assert!(PAYLOAD_BYTES_MAX + META_BYTES_MAX + KEY_BYTES_MAX + BLOCK_BYTES < GROUP_BYTES_MAX);
const _: () = assert!(GROUP_BYTES_MAX as u64 * 4 < SLOT_BYTES_DEFAULT);
const _: () = assert!(RUN_BYTES_MAX / UNIT_BYTES * 4 + 256 + KEY_BYTES_MAX <= BLOCK_BYTES);
const _: () = assert!(ATTRIBUTES_BYTES_MAX < META_BYTES_MAX);
const _: () = assert!(SCAN_ROWS_MIN > 0 && SCAN_ROWS_MIN <= SCAN_ROWS_MAX);
