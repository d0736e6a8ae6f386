//! An object that is being read. What it reads stays readable while it is held, whatever is written meanwhile.

use crate::disk::Hold;
use crate::error::Error;
use crate::log::{Change, LogReader, Manifest, PartSpan, Read, ReadError};
use crate::node::put::PutOptions;
use crate::node::store::{Head, Store};
use crate::shard::{Answer, check_attributes};
use crate::types::{BucketName, ObjectKey, SegmentId};

/// An object, its record read and verified.
pub struct Object {
    /// What is known of it.
    pub head: Head,
    body: Stored,
    reader: LogReader,
    /// What it reads from stays while it is read.
    _hold: Hold,
}

enum Stored {
    Inline(Read),
    Runs(Manifest),
}

/// Bytes read at a time when a body is copied.
const COPY_BYTES: u64 = 1024 * 1024;

impl Store {
    /// Opens an object for reading.
    ///
    /// # Errors
    /// `NoSuchBucket`, `NoSuchKey`, or why it cannot be read.
    pub async fn get(&self, bucket: &BucketName, key: &ObjectKey) -> Result<Object, Error> {
        let id = self.bucket_id(bucket)?;
        // The pin comes before the lookup: no segment that the answer names is freed while it is held.
        let pin = self.inner.disk.pin();
        let entry = self.entry(id, key).await?;
        let read = self.inner.reader.record(entry.location).await?;
        let damaged = ReadError::Damaged(entry.location.segment, u64::from(entry.location.offset));
        let record = &read.record;
        let is_it = record.bucket == id && record.key == key.as_bytes() && record.sequence == entry.sequence;
        let Change::Put { size, attributes, large, .. } = &record.meta.change else { return Err(damaged.into()) };
        if !is_it || *size != entry.size {
            return Err(damaged.into());
        }
        let head = Head { size: *size, etag: entry.etag, time_ms: record.time_ms, attributes: attributes.clone() };
        let body =
            if *large { Stored::Runs(Manifest::decode(read.payload()).ok_or(damaged)?) } else { Stored::Inline(read) };
        // An inline body has been read: nothing has to stay for it.
        let mut segments: Vec<SegmentId> = match &body {
            Stored::Inline(_) => Vec::new(),
            Stored::Runs(manifest) => manifest.runs.iter().map(|run| run.segment).collect(),
        };
        segments.sort_unstable();
        segments.dedup();
        Ok(Object { head, body, reader: self.inner.reader.clone(), _hold: pin.narrow(segments) })
    }

    /// What is known of an object.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub async fn head(&self, bucket: &BucketName, key: &ObjectKey) -> Result<Head, Error> {
        self.get(bucket, key).await.map(|object| object.head)
    }

    /// Copies an object onto another key, with its attributes unless `options` brings others.
    ///
    /// # Errors
    /// What reading or putting says.
    pub async fn copy(
        &self,
        from: (&BucketName, &ObjectKey),
        to: (&BucketName, &ObjectKey),
        keep_attributes: bool,
        mut options: PutOptions,
    ) -> Result<Answer, Error> {
        check_attributes(&options.attributes)?;
        let source = self.get(from.0, from.1).await?;
        if keep_attributes {
            options.attributes.clone_from(&source.head.attributes);
        }
        let mut target = self.upload(to.0, to.1, Some(source.head.size))?;
        let mut at = 0;
        while at < source.head.size {
            let piece = source.read(at, COPY_BYTES.min(source.head.size - at)).await?;
            at += piece.len() as u64;
            target.write(&piece).await?;
        }
        target.finish(options).await
    }
}

impl Object {
    /// The parts it was completed from; none if it was put in one piece.
    #[must_use]
    pub fn parts(&self) -> &[PartSpan] {
        match &self.body {
            Stored::Inline(_) => &[],
            Stored::Runs(manifest) => &manifest.parts,
        }
    }

    /// `length` bytes from `start`, verified. The caller bounds `length` by the memory it has.
    ///
    /// # Errors
    /// `InvalidRange` unless all of them are there; damage.
    pub async fn read(&self, start: u64, length: u64) -> Result<Vec<u8>, Error> {
        let size = self.head.size;
        if start.checked_add(length).is_none_or(|end| end > size) {
            return Err(Error::InvalidRange(size));
        }
        let wanted = usize::try_from(length).map_err(|_| Error::TooLarge)?;
        match &self.body {
            Stored::Inline(read) => {
                let from = usize::try_from(start).map_err(|_| Error::TooLarge)?;
                let bytes = read.payload().get(from..from + wanted);
                bytes.map(<[u8]>::to_vec).ok_or(Error::InvalidRange(size))
            }
            Stored::Runs(manifest) => {
                let mut bytes = Vec::with_capacity(wanted);
                for (run, at, length) in manifest.slices(start, length) {
                    self.reader.run(run, at, length, &mut bytes).await?;
                }
                if bytes.len() == wanted { Ok(bytes) } else { Err(Error::InvalidRange(size)) }
            }
        }
    }
}
