//! A connection: what came and was not taken yet, and answers on their way.
//!
//! ```text
//!   socket -> [ taken | came, not yet taken | room ] -> head, body
//! ```
//!
//! What must hold: bytes behind one request belong to the next one. Every wait has an end: a client that sends or takes
//! nothing for too long is gone.

use std::io;
use std::net::SocketAddr;
use std::ops::Deref;
use std::time::Duration;

use monoio::buf::IoBuf;
use stratum_engine::rt;

use super::stream::Stream;
use crate::limits::{BODY_READ_BYTES, HEAD_READ_BYTES, SEND_MS};

/// The client went away, or was too slow, or the socket failed: nothing can be said to it any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// It closed, or the socket failed.
    Closed,
    /// It sent or took nothing for too long.
    Slow,
}

/// One client's connection.
pub struct Connection {
    stream: Stream,
    /// Who it is, as the journal writes it.
    peer: Box<str>,
    secure: bool,
    inbox: Vec<u8>,
    taken: usize,
    /// The client has said that it sends no more.
    ended: bool,
}

impl Connection {
    /// A new connection over `stream`.
    #[must_use]
    pub fn new(stream: Stream, peer: SocketAddr) -> Connection {
        let secure = matches!(stream, Stream::Tls(_));
        Connection { stream, peer: peer.to_string().into(), secure, inbox: Vec::new(), taken: 0, ended: false }
    }

    /// The client's address.
    #[must_use]
    pub fn peer(&self) -> &str {
        &self.peer
    }

    /// True if it is encrypted.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// What came and was not taken yet.
    #[must_use]
    pub fn came(&self) -> &[u8] {
        self.inbox.get(self.taken..).unwrap_or_default()
    }

    /// Takes so many bytes from the front of what came.
    pub fn take(&mut self, bytes: usize) {
        self.taken = (self.taken + bytes).min(self.inbox.len());
        if self.taken == self.inbox.len() {
            self.inbox.clear();
            self.taken = 0;
        }
    }

    /// Receives more behind what came. `false` if the client sends no more.
    ///
    /// # Errors
    /// It is gone, or nothing came for `patience`.
    pub async fn receive(&mut self, patience: Duration) -> Result<bool, Gone> {
        self.receive_of(HEAD_READ_BYTES, patience).await
    }

    /// As [`Connection::receive`], of a body of which `wanted` bytes are still to come.
    ///
    /// # Errors
    /// As there.
    pub async fn receive_of(&mut self, wanted: usize, patience: Duration) -> Result<bool, Gone> {
        if self.ended {
            return Ok(false);
        }
        self.make_room(wanted.clamp(HEAD_READ_BYTES, BODY_READ_BYTES));
        let inbox = std::mem::take(&mut self.inbox);
        let (read, inbox) = rt::timeout(patience, self.stream.read(inbox)).await.ok_or(Gone::Slow)?;
        self.inbox = inbox;
        let count = read.map_err(|_| Gone::Closed)?;
        self.ended = count == 0;
        Ok(!self.ended)
    }

    /// Room for what comes next. Where half of what is wanted has room nothing is moved: heads come in one piece, and
    /// what is left of a body in the next.
    fn make_room(&mut self, wanted: usize) {
        if self.taken > 0 {
            self.inbox.drain(..self.taken);
            self.taken = 0;
        }
        if self.inbox.capacity() - self.inbox.len() >= wanted / 2 {
            return;
        }
        let room = wanted.max(self.inbox.capacity());
        let mut larger = Vec::with_capacity(self.inbox.len() + room);
        larger.extend_from_slice(&self.inbox);
        self.inbox = larger;
    }

    /// Gives back the memory of a large body: an idle connection holds little.
    pub fn slim(&mut self) {
        if self.inbox.capacity() > HEAD_READ_BYTES && self.came().len() <= HEAD_READ_BYTES {
            let mut slim = Vec::with_capacity(HEAD_READ_BYTES);
            slim.extend_from_slice(self.came());
            (self.inbox, self.taken) = (slim, 0);
        }
        self.stream.slim();
    }

    /// Sends all of `bytes`, and gives them back.
    ///
    /// # Errors
    /// The client is gone, or did not take them within the time that a piece may take.
    pub async fn send<B: IoBuf + Deref<Target = [u8]>>(&mut self, bytes: B) -> Result<B, Gone> {
        let patience = Duration::from_millis(SEND_MS);
        let (written, bytes) = rt::timeout(patience, self.stream.write_all(bytes)).await.ok_or(Gone::Slow)?;
        written.map_err(|_: io::Error| Gone::Closed)?;
        Ok(bytes)
    }

    /// Ends it so that the client can still read the answer: no more is written, and what it goes on sending is
    /// dropped, up to so many bytes and for so long, but not longer than it is silent.
    pub async fn linger(mut self, bytes_max: u64, silence: Duration, patience: Duration) {
        let dropping = async {
            if self.stream.end_writing().await.is_err() {
                return;
            }
            let mut dropped = 0;
            while dropped < bytes_max {
                dropped += self.came().len() as u64;
                let all = self.came().len();
                self.take(all);
                match self.receive(silence).await {
                    Ok(true) => {}
                    Ok(false) | Err(_) => return,
                }
            }
        };
        // Whether it read to the end or was too slow: the connection is over either way.
        let _in_time: Option<()> = rt::timeout(patience, dropping).await;
    }
}
