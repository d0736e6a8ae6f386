//! The payload of a request: its framing taken off, and everything that was promised of it checked.
//!
//! ```text
//!   connection -> framing (length, chunked) -> aws-chunked -> payload -> signatures, digest, checksum, length
//! ```
//!
//! What must hold: payload is lent where it came, never copied here, and is taken when more is asked for, so that
//! wherever a request fails it is known which byte of the body comes next. Payload is believed only after `finish`:
//! whoever stores it before must be able to let go of it again. Not one byte behind the body is taken. `100 Continue`
//! leaves only when somebody wants the body, so a request that is refused before gets its error instead.

use std::time::Duration;

use sha2::{Digest as _, Sha256};
use stratum_engine::rt;

use super::connection::{Connection, Gone};
use crate::auth::{AuthError, ChunkSignatures, PayloadHash};
use crate::checksum::{Algorithm, BodyChecksum, Checksum, Hasher, Promises, trailer_checksum};
use crate::error::{S3Error, code};
use crate::http1::response::CONTINUE;
use crate::http1::{
    AwsChunkError, AwsChunkedDecoder, AwsEvent, BodyDecoder, BodyFraming, ChunkError, DeclaredLength, Event, Framing,
    LengthError,
};
use crate::limits::{BODY_BYTES_PER_SECOND_MIN, BODY_GRACE_MS, BODY_SILENCE_MS, PIECE_BYTES_MAX};
use crate::text::hex;

/// Why a body is not read to its end.
#[derive(Debug)]
pub enum BodyError {
    /// The client has gone.
    Gone,
    /// The body is not what was promised. Boxed: it is rare and large.
    Refused(Box<S3Error>),
}

/// How the payload is bound to the request: what the signature and the headers said.
pub struct Payload {
    /// What the signature says.
    pub hash: PayloadHash,
    /// The chain of its chunks' signatures.
    pub chunks: Option<Box<ChunkSignatures>>,
    /// What the headers promise.
    pub promises: Promises,
    /// `x-amz-decoded-content-length`.
    pub decoded_length: Option<u64>,
}

/// The body of one request.
pub struct Body {
    framing: BodyFraming,
    outer: BodyDecoder,
    /// Bytes of the framing's payload that lie at the front of what came, behind those on loan.
    framed: usize,
    /// Bytes at the front of what came that somebody has been lent. They are taken before anything else is.
    on_loan: usize,
    outer_ended: bool,
    /// Nobody knows where it ends: its framing is none, or the client sends no more of it.
    is_torn: bool,
    aws: Option<AwsChunkedDecoder>,
    expects_continue: bool,
    begun_ns: u64,
    received: u64,
    payload_bytes: u64,
    checks: Checks,
}

/// What is computed while the payload passes.
#[derive(Default)]
struct Checks {
    digest: Option<(Sha256, PayloadHash)>,
    chunks: Option<Box<ChunkSignatures>>,
    chunk_signature: Option<[u8; 32]>,
    trailer_signed: bool,
    length: Option<DeclaredLength>,
    promised: Option<BodyChecksum>,
    hasher: Option<Hasher>,
    second: Option<Hasher>,
    trailers: Vec<(String, Vec<u8>)>,
}

impl Body {
    /// The body that `framing` delimits, of which nothing is promised yet.
    #[must_use]
    pub fn new(framing: &Framing) -> Body {
        Body {
            framing: framing.body,
            outer: BodyDecoder::new(framing.body),
            framed: 0,
            on_loan: 0,
            outer_ended: false,
            is_torn: false,
            aws: None,
            expects_continue: framing.needs_continue(0),
            begun_ns: rt::now(),
            received: 0,
            payload_bytes: 0,
            checks: Checks::default(),
        }
    }

    /// Holds the body to what was promised, and computes its checksum on the way.
    pub fn promise(&mut self, payload: Payload) {
        let Payload { hash, chunks, promises, decoded_length } = payload;
        let streams = !matches!(hash, PayloadHash::Literal(_) | PayloadHash::Unsigned);
        self.aws = streams.then(AwsChunkedDecoder::new);
        self.checks.length = decoded_length.filter(|_| streams).map(DeclaredLength::new);
        self.checks.trailer_signed = matches!(hash, PayloadHash::StreamingSignedTrailer);
        self.checks.digest = matches!(hash, PayloadHash::Literal(_)).then(|| (Sha256::new(), hash));
        self.checks.chunks = chunks;
        self.checks.hasher = Some(Hasher::new(promises.algorithm()));
        self.checks.promised = Some(promises.checksum);
    }

    /// Computes a checksum of this algorithm where none was promised. The algorithm of the one that was.
    pub fn compute(&mut self, algorithm: Algorithm) -> Option<Algorithm> {
        let promised = match self.checks.promised {
            Some(BodyChecksum::Header(checksum)) => Some(checksum.algorithm()),
            Some(BodyChecksum::Trailer(promised)) => Some(promised),
            Some(BodyChecksum::Absent) | None => None,
        };
        if promised.is_none() {
            self.checks.hasher = Some(Hasher::new(algorithm));
        }
        promised
    }

    /// Computes one more checksum, beside the one that was promised.
    pub fn compute_too(&mut self, algorithm: Algorithm) {
        self.checks.second = Some(Hasher::new(algorithm));
    }

    /// That one more checksum, of all payload that has passed.
    pub fn second(&mut self) -> Option<Checksum> {
        self.checks.second.take().map(Hasher::finish)
    }

    /// Bytes of the payload, if they are known before it comes.
    #[must_use]
    pub fn length(&self, decoded_length: Option<u64>) -> Option<u64> {
        match (&self.aws, self.framing) {
            (Some(_), _) => decoded_length,
            (None, BodyFraming::None) => Some(0),
            (None, BodyFraming::Length(length)) => Some(length),
            (None, BodyFraming::Chunked) => None,
        }
    }

    /// True if the head said nothing of a body.
    #[must_use]
    pub fn is_unannounced(&self) -> bool {
        self.framing == BodyFraming::None
    }

    /// True if everything up to the next request has been taken.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.outer_ended || matches!(self.framing, BodyFraming::None | BodyFraming::Length(0))
    }

    /// True if at most `most` bytes are still to come, as far as that is known before they come.
    #[must_use]
    pub fn ends_soon(&self, most: u64) -> bool {
        let here = self.framed as u64;
        !self.is_torn && !self.expects_continue && self.outer.left().is_some_and(|left| left + here <= most)
    }

    /// The next piece of payload, lent where it came. `None` at the end.
    ///
    /// # Errors
    /// The client has gone, or the body is not what was promised.
    pub async fn next<'c>(&mut self, connection: &'c mut Connection) -> Result<Option<&'c [u8]>, BodyError> {
        if self.on_loan == PIECE_BYTES_MAX {
            // Many such pieces may lie here, and hashing each has held the core for a while.
            rt::yield_now().await;
        }
        let more = self.lend(connection).await?;
        Ok(if more { connection.came().get(..self.on_loan) } else { None })
    }

    /// Takes what was on loan and lends the next piece at the front of what came, once every check has seen it. False
    /// if there is none.
    async fn lend(&mut self, connection: &mut Connection) -> Result<bool, BodyError> {
        loop {
            connection.take(std::mem::take(&mut self.on_loan));
            if self.framed == 0 {
                if self.outer_ended {
                    return Ok(false);
                }
                let advanced = self.advance(connection).await;
                self.is_torn |= advanced.is_err() && !self.outer_ended;
                if !advanced? {
                    return Ok(false);
                }
                continue;
            }
            let came = connection.came().get(..self.framed).unwrap_or_default();
            let came = came.get(..PIECE_BYTES_MAX).unwrap_or(came);
            let Some(aws) = &mut self.aws else {
                return self.pass(connection, came.len()).map(|()| true);
            };
            let (used, event) = aws.next(came).map_err(aws_chunk)?;
            if let AwsEvent::Data(data) = event {
                let piece = data.len();
                self.framed -= used - piece;
                connection.take(used - piece);
                return self.pass(connection, piece).map(|()| true);
            }
            self.framed -= used;
            self.on_loan = used;
            self.checks.note(event)?;
        }
    }

    /// Puts a piece at the front of what came on loan, and shows it to every check.
    fn pass(&mut self, connection: &Connection, piece: usize) -> Result<(), BodyError> {
        self.framed -= piece;
        self.on_loan = piece;
        self.payload_bytes += piece as u64;
        self.checks.pass(connection.came().get(..piece).unwrap_or_default())
    }

    /// Reads the whole payload, of at most `most` bytes.
    ///
    /// # Errors
    /// As `next` and `finish`; `too_long` if there is more.
    pub async fn document(
        &mut self,
        connection: &mut Connection,
        most: usize,
        too_long: code::Code,
    ) -> Result<Vec<u8>, BodyError> {
        let mut document = Vec::new();
        while let Some(piece) = self.next(connection).await? {
            if document.len() + piece.len() > most {
                return Err(refused(too_long));
            }
            document.extend_from_slice(piece);
        }
        self.finish()?;
        Ok(document)
    }

    /// Says that all pieces were taken: everything that was promised is compared. The payload's checksum.
    ///
    /// # Errors
    /// What does not hold.
    pub fn finish(&mut self) -> Result<Option<Checksum>, BodyError> {
        self.checks.finish()
    }

    /// Takes what was on loan, and drops what is left of the body if that is at most `most` bytes and comes soon. True
    /// if the next request can follow.
    pub async fn drain(&mut self, connection: &mut Connection, most: u64) -> bool {
        connection.take(std::mem::take(&mut self.on_loan));
        if self.has_ended() {
            return true;
        }
        // A client that waits for `100 Continue` has not begun to send, and it may never: nobody knows what comes next.
        if self.expects_continue || self.is_torn {
            return false;
        }
        self.checks = Checks::default();
        self.aws = None;
        let before = self.payload_bytes;
        while self.payload_bytes - before <= most {
            match self.lend(connection).await {
                Ok(true) => {}
                Ok(false) => return true,
                Err(_) => return false,
            }
        }
        false
    }

    /// Takes framing from the front of what came until payload lies there. False if the body has ended.
    async fn advance(&mut self, connection: &mut Connection) -> Result<bool, BodyError> {
        loop {
            let (used, event) = self.outer.next(connection.came()).map_err(chunk)?;
            match event {
                Event::Data(data) => {
                    self.framed = data.len();
                    connection.take(used - self.framed);
                    return Ok(true);
                }
                Event::End => {
                    connection.take(used);
                    self.outer_ended = true;
                    return self.end_of_aws().map(|()| false);
                }
                Event::Need => {
                    connection.take(used);
                    self.receive(connection).await?;
                }
            }
        }
    }

    fn end_of_aws(&mut self) -> Result<(), BodyError> {
        let Some(aws) = &mut self.aws else { return Ok(()) };
        loop {
            match aws.finish().map_err(aws_chunk)? {
                AwsEvent::End => return Ok(()),
                event => self.checks.note(event)?,
            }
        }
    }

    /// Waits for more of the body.
    async fn receive(&mut self, connection: &mut Connection) -> Result<(), BodyError> {
        if self.expects_continue {
            self.expects_continue = false;
            if connection.came().is_empty() {
                connection.send(CONTINUE.to_vec()).await?;
            }
        }
        let waited_ms = (rt::now() - self.begun_ns) / 1_000_000;
        let allowed_ms = BODY_GRACE_MS + self.received / BODY_BYTES_PER_SECOND_MIN * 1000;
        if waited_ms > allowed_ms {
            return Err(refused(code::REQUEST_TIMEOUT));
        }
        let before = connection.came().len();
        // Of a body whose length nobody knows as much again may come as has come.
        let wanted = usize::try_from(self.outer.left().unwrap_or(self.received)).unwrap_or(usize::MAX);
        match connection.receive_of(wanted, Duration::from_millis(BODY_SILENCE_MS)).await {
            Ok(true) => {
                self.received += (connection.came().len() - before) as u64;
                Ok(())
            }
            Ok(false) => Err(refused(code::INCOMPLETE_BODY)),
            Err(Gone::Slow) => Err(refused(code::REQUEST_TIMEOUT)),
            Err(Gone::Closed) => Err(BodyError::Gone),
        }
    }
}

impl Checks {
    /// A piece of payload passes.
    fn pass(&mut self, piece: &[u8]) -> Result<(), BodyError> {
        if let Some(length) = &mut self.length {
            length.add(piece.len()).map_err(declared)?;
        }
        if let Some((digest, _)) = &mut self.digest {
            digest.update(piece);
        }
        if let Some(chunks) = &mut self.chunks {
            chunks.data(piece);
        }
        if let Some(hasher) = &mut self.hasher {
            hasher.update(piece);
        }
        if let Some(second) = &mut self.second {
            second.update(piece);
        }
        Ok(())
    }

    /// Something of the aws-chunked framing passes.
    fn note(&mut self, event: AwsEvent<'_>) -> Result<(), BodyError> {
        match event {
            AwsEvent::ChunkBegin { signature, .. } => self.chunk_signature = signature,
            AwsEvent::ChunkEnd => {
                if let Some(chunks) = &mut self.chunks {
                    let given = self.chunk_signature.take().map(|given| hex::of_32(&given));
                    chunks.end_chunk(given.as_ref().map_or(&[][..], |given| given.as_bytes())).map_err(not_let_in)?;
                }
            }
            AwsEvent::Trailer { name, value } => self.trailers.push((name, value)),
            AwsEvent::Need | AwsEvent::Data(_) | AwsEvent::End => {}
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<Option<Checksum>, BodyError> {
        if let Some(length) = self.length.take() {
            length.end().map_err(declared)?;
        }
        if let Some((digest, hash)) = self.digest.take() {
            hash.check(&digest.finalize().into()).map_err(not_let_in)?;
        }
        if self.trailer_signed {
            self.end_trailer()?;
        }
        let computed = self.hasher.take().map(Hasher::finish);
        let promised = match self.promised.take() {
            Some(BodyChecksum::Header(checksum)) => Some(checksum),
            Some(BodyChecksum::Trailer(algorithm)) => {
                let lines = self.trailers.iter().map(|(name, value)| (name.as_bytes(), value.as_slice()));
                Some(trailer_checksum(algorithm, lines).map_err(|error| BodyError::Refused(Box::new(error.into())))?)
            }
            Some(BodyChecksum::Absent) | None => None,
        };
        if promised.is_some() && promised != computed {
            let algorithm = promised.map_or("", |promised| promised.algorithm().name());
            let what = format!("The {algorithm} you specified did not match the calculated checksum.");
            return Err(BodyError::Refused(Box::new(S3Error::saying(code::BAD_DIGEST, what))));
        }
        Ok(computed)
    }

    fn end_trailer(&mut self) -> Result<(), BodyError> {
        let Some(chunks) = &mut self.chunks else { return Ok(()) };
        let (mut signed, mut signature) = (Vec::new(), &[][..]);
        for (name, value) in &self.trailers {
            if name == "x-amz-trailer-signature" {
                signature = value;
                continue;
            }
            for part in [name.as_bytes(), b":", value, b"\n"] {
                signed.extend_from_slice(part);
            }
        }
        chunks.end_trailer(&signed, signature).map_err(not_let_in)
    }
}

impl From<Gone> for BodyError {
    fn from(_: Gone) -> BodyError {
        BodyError::Gone
    }
}

fn refused(code: code::Code) -> BodyError {
    BodyError::Refused(Box::new(code.into()))
}

fn not_let_in(error: AuthError) -> BodyError {
    BodyError::Refused(Box::new(error.into()))
}

fn declared(error: LengthError) -> BodyError {
    match error {
        LengthError::TooShort => refused(code::INCOMPLETE_BODY),
        LengthError::TooLong => {
            let what = "The body is longer than x-amz-decoded-content-length says.";
            BodyError::Refused(Box::new(S3Error::saying(code::INVALID_REQUEST, what)))
        }
    }
}

fn chunk(error: ChunkError) -> BodyError {
    let what = format!("The chunked body cannot be read: {error}.");
    BodyError::Refused(Box::new(S3Error::saying(code::INVALID_REQUEST, what)))
}

fn aws_chunk(error: AwsChunkError) -> BodyError {
    if error == AwsChunkError::Incomplete {
        return refused(code::INCOMPLETE_BODY);
    }
    let what = format!("The aws-chunked body cannot be read: {error}.");
    BodyError::Refused(Box::new(S3Error::saying(code::INVALID_REQUEST, what)))
}
