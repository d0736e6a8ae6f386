//! One large body on its way to disk: a step is filled while the one before is being written.
//!
//! ```text
//!  bytes -> step (one buffer) -> MD5, beside other bodies' -> checksums of its units -> written while the next fills
//! ```
//!
//! What must hold: a run's end block is written after all of its steps have been, and both are flushed before
//! [`BodyWriter::finish`] gives the manifest. A write under way holds its segment, so that a body that is given up
//! never writes into the next life of a slot.

use std::rc::Rc;

use crate::codec::{field_u32, put};
use crate::digest::Md5;
use crate::disk::DiskError;
use crate::limits::{BLOCK_BYTES, RUN_BYTES_MAX, UNIT_BYTES};
use crate::log::data::{DataWriter, Hold, Reservation};
use crate::log::hasher::Place;
use crate::log::manifest::RunSpan;
use crate::log::run::{RunEnd, RunOwner, unit_checksum};
use crate::rt::{self, Buffer, Task};
use crate::types::SegmentId;

/// A piece of a body is written to disk in steps of this size.
const STEP_BYTES: usize = 16 * UNIT_BYTES;
/// A body of unknown length begins with a run of this size; each further run is twice as long.
const FIRST_RUN_BYTES: usize = 1024 * 1024;

/// A run being written.
struct OpenRun {
    reservation: Reservation,
    written: usize,
    units: Vec<u32>,
}

/// The step being filled: the next bytes of the open run.
struct Step {
    buffer: Buffer,
    filled: usize,
    room: usize,
}

/// One body on its way to disk.
pub struct BodyWriter {
    data: Rc<DataWriter>,
    owner: RunOwner,
    expected: Option<u64>,
    size: u64,
    md5: Md5,
    hashing: Place,
    run: Option<OpenRun>,
    step: Option<Step>,
    writing: Option<Task<(Result<(), DiskError>, Buffer)>>,
    /// The buffer of a step that is on disk, for the next one.
    spare: Option<Buffer>,
    next_run_bytes: usize,
    runs: Vec<RunSpan>,
    hold: Hold,
}

/// A body whose bytes are durable.
pub struct Body {
    /// Its runs, in order.
    pub runs: Vec<RunSpan>,
    /// Its bytes.
    pub size: u64,
    /// Its MD5.
    pub md5: [u8; 16],
    /// Keeps its segments from being judged before its record is.
    pub hold: Hold,
}

impl BodyWriter {
    pub(super) fn new(data: Rc<DataWriter>, owner: RunOwner, expected: Option<u64>, hold: Hold) -> BodyWriter {
        let hashing = data.hasher().join();
        BodyWriter {
            data,
            owner,
            expected,
            size: 0,
            md5: Md5::new(),
            hashing,
            run: None,
            step: None,
            writing: None,
            spare: None,
            next_run_bytes: FIRST_RUN_BYTES,
            runs: Vec::new(),
            hold,
        }
    }

    /// Takes the next bytes of the body.
    ///
    /// # Errors
    /// The disk's. The body is then lost, and dropping the writer leaves its runs dead.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), DiskError> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let mut step = match self.step.take() {
                Some(step) => step,
                None => self.begin_step().await?,
            };
            let (taken, left) = rest.split_at(rest.len().min(step.room - step.filled));
            put(&mut step.buffer, step.filled, taken);
            step.filled += taken.len();
            self.size += taken.len() as u64;
            rest = left;
            if step.filled == step.room {
                self.end_step(step, false).await?;
            } else {
                self.step = Some(step);
            }
        }
        Ok(())
    }

    /// Bytes taken so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Writes what is left and makes all of it durable.
    ///
    /// # Errors
    /// The disk's.
    pub async fn finish(mut self) -> Result<Body, DiskError> {
        if let Some(step) = self.step.take() {
            self.end_step(step, true).await?;
        }
        if let Some(run) = self.run.take() {
            self.end_run(run).await?;
        }
        let mut flushed: Vec<SegmentId> = Vec::new();
        for run in &self.runs {
            if !flushed.contains(&run.segment) {
                flushed.push(run.segment);
                let disk = self.data.disk();
                let column = disk.column(run.segment).expect("a held segment is not freed");
                disk.flush(&column).await?;
            }
        }
        Ok(Body { runs: self.runs, size: self.size, md5: self.md5.finish(), hold: self.hold })
    }

    /// A step of the open run, or of a new one.
    async fn begin_step(&mut self) -> Result<Step, DiskError> {
        let run = match self.run.take() {
            Some(run) => run,
            None => self.begin_run().await?,
        };
        let room = (run.reservation.bytes - run.written).min(STEP_BYTES);
        self.run = Some(run);
        let spare = self.spare.take().filter(|spare| spare.capacity() >= room);
        let mut buffer = match spare {
            Some(spare) => spare,
            None => self.data.steps().take(room).await.unwrap_or_else(|| Buffer::zeroed(room)),
        };
        buffer.resize(buffer.capacity());
        Ok(Step { buffer, filled: 0, room })
    }

    /// Hashes a step and begins to write it. The `last` one of the body waits for no other body.
    async fn end_step(&mut self, step: Step, last: bool) -> Result<(), DiskError> {
        let Step { mut buffer, filled, .. } = step;
        let padded = filled.next_multiple_of(BLOCK_BYTES);
        buffer.get_mut(filled..padded).unwrap_or_default().fill(0);
        buffer.truncate(padded);
        let (md5, buffer) = self.hashing.hash(std::mem::take(&mut self.md5), buffer, filled, last).await;
        self.md5 = md5;
        let mut run = self.run.take().expect("a step is filled for an open run");
        let Reservation { column, offset, bytes } = &run.reservation;
        for unit in buffer.get(..filled).unwrap_or_default().chunks(UNIT_BYTES) {
            run.units.push(unit_checksum(column.nonce, run.units.len(), unit));
        }
        self.written().await?;
        let (at, full) = (offset + run.written as u64, run.written + filled == *bytes);
        let (disk, column, hold) = (Rc::clone(self.data.disk()), column.clone(), self.hold.share(column.segment));
        self.writing = Some(rt::spawn(async move {
            let answer = disk.write(&column, at, buffer).await;
            drop(hold);
            answer
        }));
        run.written += filled;
        if full {
            self.end_run(run).await?;
        } else {
            self.run = Some(run);
        }
        Ok(())
    }

    /// Waits for the write under way.
    async fn written(&mut self) -> Result<(), DiskError> {
        let Some(writing) = self.writing.take() else { return Ok(()) };
        let (answer, buffer) = writing.await;
        self.spare = Some(buffer);
        answer
    }

    async fn begin_run(&mut self) -> Result<OpenRun, DiskError> {
        let wanted = match self.expected.and_then(|expected| expected.checked_sub(self.size)) {
            Some(left) if left > 0 => usize::try_from(left).unwrap_or(RUN_BYTES_MAX).min(RUN_BYTES_MAX),
            _ => self.next_run_bytes,
        };
        self.next_run_bytes = (self.next_run_bytes * 2).min(RUN_BYTES_MAX);
        let owner_bytes = self.owner.encode().len();
        let reservation = self.data.reserve(wanted, owner_bytes, &mut self.hold).await?;
        Ok(OpenRun { reservation, written: 0, units: Vec::new() })
    }

    async fn end_run(&mut self, run: OpenRun) -> Result<(), DiskError> {
        self.written().await?;
        let OpenRun { reservation, written, units } = run;
        let offset = u32::try_from(reservation.offset).expect("a slot is smaller than 4 GiB");
        let end = RunEnd { owner: self.owner.clone(), offset, bytes: field_u32(written), units };
        let at = reservation.offset + (written.next_multiple_of(BLOCK_BYTES)) as u64;
        let block = end.encode(reservation.column.nonce);
        let (disk, column) = (Rc::clone(self.data.disk()), reservation.column.clone());
        let hold = self.hold.share(column.segment);
        // Like every write under way it keeps its segment, whoever gives up.
        let ended = rt::spawn(async move {
            let written = disk.write(&column, at, block).await.0;
            drop(hold);
            written
        });
        ended.await?;
        self.data.finished(&reservation, written, &self.owner);
        self.runs.push(RunSpan { segment: reservation.column.segment, offset, bytes: end.bytes });
        Ok(())
    }
}
