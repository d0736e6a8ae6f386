//! One connection to a server: requests go out, answers come back one after the other.
//!
//! ```text
//!   send .. send -> answer -> piece .. piece, or document -> send
//! ```
//!
//! What must hold: pieces are lent where they came and never copied here. A connection is used again only if the whole
//! answer was read and the server keeps it. Every wait has an end.

use std::net::SocketAddr;
use std::time::Duration;

use monoio::net::TcpStream;
use stratum_engine::rt;

use crate::client::answer::{AnswerBody, AnswerHead};
use crate::client::error::ClientError;
use crate::http1::{BodyDecoder, BodyFraming, Event};
use crate::limits::{
    ANSWER_HEAD_BYTES_MAX, ANSWER_SILENCE_MS, BODY_READ_BYTES, CONNECT_MS, HEAD_READ_BYTES, INTERIM_ANSWERS_MAX,
};
use crate::net::{Connection, Stream};

/// A connection to a server.
pub struct ClientConnection {
    connection: Connection,
    body: AnswerBody,
    /// Bytes of the body at the front of what came that were lent and not taken yet.
    lent: usize,
    /// All of the last answer was read.
    at_rest: bool,
    kept: bool,
}

impl ClientConnection {
    /// Connects.
    ///
    /// # Errors
    /// Nobody is there, or does not answer.
    pub async fn open(address: SocketAddr) -> Result<ClientConnection, ClientError> {
        let patience = Duration::from_millis(CONNECT_MS);
        let connected = rt::timeout(patience, TcpStream::connect_addr(address)).await.ok_or(ClientError::Slow)?;
        let socket = connected.map_err(|_| ClientError::Unreachable)?;
        // Without it a request waits for acknowledgements that are delayed; the connection works all the same.
        drop(socket.set_nodelay(true));
        Ok(ClientConnection {
            connection: Connection::new(Stream::Plain(socket), address),
            body: AnswerBody::Framed(BodyDecoder::new(BodyFraming::None)),
            lent: 0,
            at_rest: true,
            kept: true,
        })
    }

    /// Sends bytes of a request, and gives their memory back. Where this fails, an answer may have come all the same
    /// and say why.
    ///
    /// # Errors
    /// The server is gone, or does not take them.
    pub async fn send(&mut self, bytes: Vec<u8>) -> Result<Vec<u8>, ClientError> {
        self.at_rest = false;
        let sent = self.connection.send(bytes).await;
        self.kept &= sent.is_ok();
        let mut bytes = sent?;
        bytes.clear();
        Ok(bytes)
    }

    /// The head of the answer; `to_head` says that the request was a HEAD.
    ///
    /// # Errors
    /// It does not come, or is none.
    pub async fn answer(&mut self, to_head: bool) -> Result<AnswerHead, ClientError> {
        self.at_rest = false;
        for _ in 0..=INTERIM_ANSWERS_MAX {
            let head = self.head().await?;
            if !head.is_interim() {
                self.body = head.body(to_head)?;
                self.kept &= head.keeps_connection() && matches!(self.body, AnswerBody::Framed(_));
                return Ok(head);
            }
        }
        Err(ClientError::Malformed)
    }

    /// The next piece of the answer's body, lent until the next call. `None` at its end.
    ///
    /// # Errors
    /// The body ends too early, or is none.
    pub async fn piece(&mut self) -> Result<Option<&[u8]>, ClientError> {
        self.connection.take(std::mem::take(&mut self.lent));
        loop {
            let (used, event) = match &mut self.body {
                AnswerBody::Framed(decoder) => decoder.next(self.connection.came())?,
                AnswerBody::UntilEnd => match self.connection.came() {
                    [] => (0, Event::Need),
                    came => (came.len(), Event::Data(came)),
                },
            };
            match event {
                Event::Data(data) => {
                    self.lent = data.len();
                    self.connection.take(used - self.lent);
                    return Ok(self.connection.came().get(..self.lent));
                }
                Event::End => {
                    self.connection.take(used);
                    self.at_rest = true;
                    return Ok(None);
                }
                Event::Need => self.connection.take(used),
            }
            let left = match &self.body {
                AnswerBody::Framed(decoder) => decoder.left(),
                AnswerBody::UntilEnd => None,
            };
            let wanted = left.and_then(|left| usize::try_from(left).ok()).unwrap_or(BODY_READ_BYTES);
            if !self.receive(wanted).await? {
                let ends_here = matches!(self.body, AnswerBody::UntilEnd);
                self.at_rest = ends_here;
                return if ends_here { Ok(None) } else { Err(ClientError::Closed) };
            }
        }
    }

    /// The whole body of the answer, at most `most` bytes.
    ///
    /// # Errors
    /// As [`ClientConnection::piece`], and if there is more.
    pub async fn document(&mut self, most: usize) -> Result<Vec<u8>, ClientError> {
        let mut document = Vec::new();
        while let Some(piece) = self.piece().await? {
            if document.len() + piece.len() > most {
                return Err(ClientError::BodyTooLarge);
            }
            document.extend_from_slice(piece);
        }
        Ok(document)
    }

    /// True if another request may be sent.
    #[must_use]
    pub fn is_reusable(&self) -> bool {
        self.at_rest && self.kept && self.connection.came().is_empty()
    }

    /// One head.
    async fn head(&mut self) -> Result<AnswerHead, ClientError> {
        // Nearly every head comes in one piece. Of one that does not, only what is new is searched for its end.
        let mut searched = 0;
        loop {
            let came = self.connection.came();
            let is_whole = searched == 0 || came.get(searched..).is_some_and(has_empty_line);
            if is_whole && let Some((head, bytes)) = AnswerHead::parse(came)? {
                self.connection.take(bytes);
                return Ok(head);
            }
            if came.len() >= ANSWER_HEAD_BYTES_MAX {
                return Err(ClientError::HeadTooLarge);
            }
            // The empty line may have begun to come.
            searched = came.len().saturating_sub(3);
            if !self.receive(HEAD_READ_BYTES).await? {
                return Err(ClientError::Closed);
            }
        }
    }

    async fn receive(&mut self, wanted: usize) -> Result<bool, ClientError> {
        Ok(self.connection.receive_of(wanted, Duration::from_millis(ANSWER_SILENCE_MS)).await?)
    }
}

fn has_empty_line(bytes: &[u8]) -> bool {
    bytes.windows(2).any(|pair| pair == b"\n\n") || bytes.windows(3).any(|three| three == b"\n\r\n")
}
