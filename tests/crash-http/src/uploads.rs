//! Uploads in parts, as a client makes them: begun, filled, left for later, completed, aborted.
//!
//! What must hold: parts are put in order, and all but the last have one length, so that the first `n` of them are the
//! first bytes of the body.

use stratum_crash::body;
use stratum_crash::chance::Chance;
use stratum_crash::saying::Saying;

use crate::bucket::Trouble;
use crate::client::{Deed, Session, same};
use crate::content::{PART_BYTES, etag, md5_of_part, part};

/// An upload in two full parts and a rest.
const LONG_BYTES: u64 = 12 * 1024 * 1024;

/// An upload that a client has begun.
#[derive(Clone, Debug)]
pub(crate) struct Open {
    /// Its key.
    pub(crate) key: String,
    /// Its id.
    pub(crate) upload: String,
    /// The version of its body.
    pub(crate) version: u64,
    /// Its parts, as far as they are acknowledged or were found.
    pub(crate) parts: u64,
    /// The length that its body is to have.
    bytes: u64,
}

/// What becomes of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is over.
    Ended,
    /// It stays open.
    Left,
}

impl Open {
    /// Begins an upload; `None` if the server is busy.
    pub(crate) fn begin(
        session: &mut Session<'_>,
        key: &str,
        version: u64,
        chance: &mut Chance,
    ) -> Result<Option<Open>, Trouble> {
        session.hear(&Saying::UploadWanted(key.to_owned()))?;
        let upload = match session.bucket.begin(key) {
            Ok(upload) => upload,
            Err(Trouble::Busy) => {
                session.hear(&Saying::UploadRefused(key.to_owned()))?;
                return Ok(None);
            }
            Err(trouble) => return Err(trouble),
        };
        session.acknowledged(Deed::Begin, &Saying::Opened(key.to_owned(), upload.clone(), version))?;
        // Many are one short part, so that ends of uploads are many too.
        let bytes = if chance.below(4) == 0 { LONG_BYTES } else { chance.between(8, 400 * 1024) / 8 * 8 };
        Ok(Some(Open { key: key.to_owned(), upload, version, parts: 0, bytes }))
    }

    /// Puts what is missing and ends it, or leaves it anywhere on the way.
    pub(crate) fn advance(&mut self, session: &mut Session<'_>, chance: &mut Chance) -> Result<Fate, Trouble> {
        while self.parts < self.bytes.div_ceil(PART_BYTES) {
            match chance.below(12) {
                0 => return Ok(Fate::Left),
                1 => return abort(session, &self.key, &self.upload),
                _ => {}
            }
            let number = self.parts + 1;
            let bytes = part(&self.key, self.version, number, self.bytes_of(number));
            let told = match session.bucket.part(&self.key, &self.upload, number, &bytes) {
                Err(Trouble::Busy) => return Ok(Fate::Left),
                told => told?,
            };
            same(&self.upload, &told, &md5_of_part(&self.key, self.version, number, self.bytes_of(number)))?;
            self.parts = number;
            let bytes = self.bytes.min(number * PART_BYTES);
            session.acknowledged(Deed::Part, &Saying::Parts(self.upload.clone(), number, bytes))?;
        }
        match chance.below(10) {
            0 | 1 => Ok(Fate::Left),
            2 | 3 => abort(session, &self.key, &self.upload),
            _ => self.complete(session),
        }
    }

    fn complete(&self, session: &mut Session<'_>) -> Result<Fate, Trouble> {
        let (key, upload) = (self.key.clone(), self.upload.clone());
        session.hear(&Saying::Complete(key, upload, self.bytes))?;
        let digest = |number| md5_of_part(&self.key, self.version, number, self.bytes_of(number));
        let parts: Vec<String> = (1..=self.parts).map(digest).collect();
        let answer = session.bucket.complete(&self.key, &self.upload, &parts).and_then(|told| {
            let body = body::piece(&self.key, self.version, 0, self.bytes);
            same(&self.key, &told, &etag(self.version, &body))
        });
        let fate = if matches!(answer, Err(Trouble::Busy)) { Fate::Left } else { Fate::Ended };
        let deed = if self.bytes == LONG_BYTES { Deed::CompleteLong } else { Deed::Complete };
        session.report(deed, &self.key, answer)?;
        Ok(fate)
    }

    fn bytes_of(&self, number: u64) -> u64 {
        PART_BYTES.min(self.bytes - (number - 1) * PART_BYTES)
    }
}

/// Aborts an upload.
pub(crate) fn abort(session: &mut Session<'_>, key: &str, upload: &str) -> Result<Fate, Trouble> {
    session.hear(&Saying::Abort(upload.to_owned()))?;
    match session.bucket.abort(key, upload) {
        Ok(()) => {
            session.acknowledged(Deed::Abort, &Saying::Aborted(upload.to_owned()))?;
            Ok(Fate::Ended)
        }
        Err(Trouble::Busy) => Ok(Fate::Left),
        Err(trouble) => Err(trouble),
    }
}
