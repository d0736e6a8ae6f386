//! An object that is being read. What it reads stays readable while it is held, whatever is written meanwhile.
//!
//! ```text
//!  small: the body came with the record, and is lent where it lies
//!  large: piece after piece, each in the buffer it was read into; a run's checksums are read once
//! ```

use std::cell::RefCell;
use std::rc::Rc;

use crate::disk::Hold;
use crate::error::Error;
use crate::limits::UNIT_BYTES;
use crate::log::{Change, LogReader, Manifest, PartSpan, Read, ReadError, RunEnd};
use crate::node::put::PutOptions;
use crate::node::store::{Head, Store};
use crate::rt::Piece;
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
    Runs(Runs),
}

/// A large body.
struct Runs {
    manifest: Manifest,
    /// Where in the body each run begins.
    begins: Vec<u64>,
    /// The end of the run that was read last, and its place in the manifest.
    end: RefCell<Option<(usize, Rc<RunEnd>)>>,
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
        let body = match large {
            true => Stored::Runs(Runs::of(Manifest::decode(read.payload()).ok_or(damaged)?)),
            false => Stored::Inline(read),
        };
        // An inline body has been read: nothing has to stay for it.
        let mut segments: Vec<SegmentId> = match &body {
            Stored::Inline(_) => Vec::new(),
            Stored::Runs(runs) => runs.manifest.runs.iter().map(|run| run.segment).collect(),
        };
        segments.sort_unstable();
        segments.dedup();
        Ok(Object { head, body, reader: self.inner.outgoing.clone(), _hold: pin.narrow(segments) })
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
            Stored::Runs(runs) => &runs.manifest.parts,
        }
    }

    /// The whole body, if it came with the record.
    #[must_use]
    pub fn inline(&self) -> Option<&[u8]> {
        match &self.body {
            Stored::Inline(read) => Some(read.payload()),
            Stored::Runs(_) => None,
        }
    }

    /// Bytes from `start` on, verified, at most `most` of them and at least one: a piece ends where a run does, and
    /// where the next one reads whole units. The memory is of the pool for what goes out.
    ///
    /// # Errors
    /// `InvalidRange` if there are none; damage.
    pub async fn piece(&self, start: u64, most: u64) -> Result<Piece, Error> {
        let Stored::Runs(runs) = &self.body else { return Err(Error::InvalidRange(self.head.size)) };
        let (place, within) = runs.at(start).ok_or(Error::InvalidRange(self.head.size))?;
        let run = *runs.manifest.runs.get(place).ok_or(Error::InvalidRange(self.head.size))?;
        let held = runs.end.borrow().as_ref().filter(|(held, _)| *held == place).map(|(_, end)| Rc::clone(end));
        let end = match held {
            Some(end) => end,
            None => {
                let end = Rc::new(self.reader.run_end(run).await?);
                runs.end.replace(Some((place, Rc::clone(&end))));
                end
            }
        };
        let units = UNIT_BYTES as u64;
        let most = if most >= units { most - u64::from(within) % units } else { most };
        let bytes = u64::from(run.bytes - within).min(most.max(1));
        let bytes = u32::try_from(bytes).expect("a run is shorter than 4 GiB");
        Ok(self.reader.run(run, &end, within, bytes).await?)
    }

    /// `length` bytes from `start`, verified. The caller bounds `length` by the memory it has.
    ///
    /// # Errors
    /// `InvalidRange` unless all of them are there; damage.
    pub async fn read(&self, start: u64, length: u64) -> Result<Vec<u8>, Error> {
        let size = self.head.size;
        let end = start.checked_add(length).filter(|end| *end <= size).ok_or(Error::InvalidRange(size))?;
        let wanted = usize::try_from(length).map_err(|_| Error::TooLarge)?;
        if let Some(body) = self.inline() {
            let from = usize::try_from(start).map_err(|_| Error::TooLarge)?;
            return body.get(from..from + wanted).map(<[u8]>::to_vec).ok_or(Error::InvalidRange(size));
        }
        let (mut bytes, mut at) = (Vec::with_capacity(wanted), start);
        while at < end {
            let piece = self.piece(at, end - at).await?;
            bytes.extend_from_slice(&piece);
            at += piece.len() as u64;
        }
        Ok(bytes)
    }
}

impl Runs {
    fn of(manifest: Manifest) -> Runs {
        let begins = manifest.runs.iter().scan(0, |at, run| {
            let begin = *at;
            *at += u64::from(run.bytes);
            Some(begin)
        });
        Runs { begins: begins.collect(), manifest, end: RefCell::default() }
    }

    /// The run that holds this byte of the body, and where in the run it lies.
    fn at(&self, byte: u64) -> Option<(usize, u32)> {
        let place = self.begins.partition_point(|begin| *begin <= byte).checked_sub(1)?;
        let within = u32::try_from(byte - self.begins.get(place)?).ok()?;
        (within < self.manifest.runs.get(place)?.bytes).then_some((place, within))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::RunSpan;

    #[test]
    fn a_byte_is_found_in_its_run() {
        let run = |segment, bytes| RunSpan { segment: SegmentId(segment), offset: 4096, bytes };
        let runs = Runs::of(Manifest { parts: Vec::new(), runs: vec![run(4, 10), run(5, 20), run(4, 5)] });
        let found = [0, 9, 10, 29, 30, 34, 35, u64::MAX].map(|byte| runs.at(byte));
        let expected =
            [Some((0, 0)), Some((0, 9)), Some((1, 0)), Some((1, 19)), Some((2, 0)), Some((2, 4)), None, None];
        assert_eq!(found, expected);
        assert_eq!(Runs::of(Manifest::default()).at(0), None);
    }
}
