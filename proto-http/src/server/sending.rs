//! Answers as bytes: small ones in one piece, objects as they are read, slow ones with signs of life.
//!
//! What must hold: a body is sent whole or the connection ends before its framing does, so that no client takes a part
//! for all. Bytes of an object leave only after they were verified.

use std::rc::Rc;
use std::time::Duration;

use stratum_engine::error::Error;
use stratum_engine::node::Object;
use stratum_engine::rt;

use crate::error::S3Error;
use crate::http1::response::{LAST_CHUNK, chunk};
use crate::http1::{Connection as Keep, ResponseBody, ResponseHead, Status, Version};
use crate::limits::{PATIENCE_MS, READ_PIECE_BYTES, SEND_BYTES_PER_SECOND_MIN, SEND_MS};
use crate::net::{Connection, Gone};
use crate::s3::{Reply, ReplyBody, Service, Slice};
use crate::text::dates;
use crate::xml::{self, ErrorDocument};

/// What every answer to one request needs to know of it.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// Its id.
    pub(super) id: u64,
    /// HEAD: no body is sent.
    pub(super) is_head: bool,
    /// The client's version.
    pub(super) version: Version,
    /// What becomes of the connection.
    pub(super) keep: Keep,
    /// The path, for documents of errors.
    pub(super) path: Vec<u8>,
}

impl Asked {
    /// The id as clients see it.
    fn id_text(&self) -> String {
        format!("{:016X}", self.id)
    }

    fn head(&self, status: u16) -> ResponseHead {
        let mut head = ResponseHead::new(Vec::with_capacity(1024), Status::of(status), &dates::http(rt::wall_ms()));
        head.header("Server", b"Stratum");
        let id = self.id_text();
        head.header("x-amz-request-id", id.as_bytes());
        head.header("x-amz-id-2", id.as_bytes());
        head
    }

    /// The head of a reply with all of its headers.
    fn head_of(&self, reply: &Reply) -> ResponseHead {
        let mut head = self.head(reply.status);
        for (name, value) in &reply.headers {
            head.header(name, value.as_bytes());
        }
        head
    }

    /// Sends a reply. How many bytes of body were sent.
    ///
    /// # Errors
    /// The client is gone, or the answer could not be ended: the connection is over.
    pub(super) async fn send(&self, service: &Service, connection: &mut Connection, reply: Reply) -> Result<u64, Gone> {
        let mut head = self.head_of(&reply);
        match reply.body {
            ReplyBody::Empty => {
                connection.send(head.finish(ResponseBody::Length(0), self.keep)).await?;
                Ok(0)
            }
            ReplyBody::Announced(length) => {
                connection.send(head.finish(ResponseBody::Length(length), self.keep)).await?;
                Ok(0)
            }
            ReplyBody::Document(document) => {
                head.header("Content-Type", b"application/xml");
                let mut bytes = head.finish(ResponseBody::Length(document.len() as u64), self.keep);
                if !self.is_head {
                    bytes.extend_from_slice(&document);
                }
                connection.send(bytes).await?;
                Ok(document.len() as u64)
            }
            ReplyBody::Object(object, slice) => self.send_object(service, connection, head, *object, slice).await,
        }
    }

    /// Sends an error. A HEAD gets its status alone.
    ///
    /// # Errors
    /// The client is gone.
    pub(super) async fn send_error(&self, connection: &mut Connection, error: &S3Error) -> Result<(), Gone> {
        let mut head = self.head(error.code.status);
        for (name, value) in &error.headers {
            head.header(name, value.as_bytes());
        }
        if self.is_head {
            return connection.send(head.finish(ResponseBody::Unsaid, self.keep)).await.map(|_| ());
        }
        let document = self.document(error);
        head.header("Content-Type", b"application/xml");
        let mut bytes = head.finish(ResponseBody::Length(document.len() as u64), self.keep);
        bytes.extend_from_slice(&document);
        connection.send(bytes).await.map(|_| ())
    }

    fn document(&self, error: &S3Error) -> Vec<u8> {
        let id = self.id_text();
        let details: Vec<(&'static str, &[u8])> =
            error.details.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
        xml::error(&ErrorDocument {
            code: error.code.name,
            message: &error.message,
            resource: &self.path,
            request_id: &id,
            host_id: &id,
            details: &details,
        })
    }

    /// Sends bytes of an object: the next piece is read while one is sent.
    async fn send_object(
        &self,
        service: &Service,
        connection: &mut Connection,
        head: ResponseHead,
        object: Object,
        slice: Slice,
    ) -> Result<u64, Gone> {
        // An object is read as its client takes it, so how many do so at once is bounded.
        let _room = match service.room_for_read().await {
            Ok(room) => room,
            Err(error) => return self.send_error(connection, &error).await.map(|()| 0),
        };
        let object = Rc::new(object);
        let end = slice.start + slice.length;
        let mut at = slice.start;
        let first = match piece(Rc::clone(&object), at, end).await {
            Ok(first) => first,
            Err(why) => return self.send_error(connection, &why.into()).await.map(|()| 0),
        };
        at += first.len() as u64;
        let mut ahead = (at < end).then(|| rt::spawn(piece(Rc::clone(&object), at, end)));
        let mut bytes = head.finish(ResponseBody::Length(slice.length), self.keep);
        bytes.extend_from_slice(&first);
        drop(first);
        let began = rt::now();
        loop {
            connection.send(bytes).await?;
            let took_ms = (rt::now() - began) / 1_000_000;
            if took_ms > SEND_MS + (at - slice.start) / SEND_BYTES_PER_SECOND_MIN * 1000 {
                return Err(Gone::Slow);
            }
            let Some(reading) = ahead.take() else { return Ok(slice.length) };
            // The head has left: all that can still be said is that this is not all.
            bytes = reading.await.map_err(|_| Gone::Closed)?;
            at += bytes.len() as u64;
            ahead = (at < end).then(|| rt::spawn(piece(Rc::clone(&object), at, end)));
        }
    }

    /// Sends the answer of something that may take long. If it does, the client gets a status and blanks, so that it
    /// goes on waiting; what fails then stands in the document, where SDKs look for it.
    ///
    /// # Errors
    /// The client is gone. What was begun is carried to its end all the same.
    pub(super) async fn send_later(
        &self,
        service: &Service,
        connection: &mut Connection,
        work: impl Future<Output = Result<Reply, S3Error>> + 'static,
    ) -> Result<Result<u64, S3Error>, Gone> {
        let patience = Duration::from_millis(PATIENCE_MS);
        // In a task of its own: a client that goes away does not undo what it asked for half way.
        let mut work = rt::spawn(work);
        match rt::timeout(patience, &mut work).await {
            Some(Ok(reply)) => return self.send(service, connection, reply).await.map(Ok),
            Some(Err(error)) => {
                self.send_error(connection, &error).await?;
                return Ok(Err(error));
            }
            None => {}
        }
        let chunked = self.version == Version::Http11;
        let (framing, keep) = match chunked {
            true => (ResponseBody::Chunked, self.keep),
            false => (ResponseBody::UntilEnd, Keep::Ends),
        };
        let framed = |bytes: &[u8]| {
            let mut out = Vec::with_capacity(bytes.len() + 32);
            if chunked {
                chunk(&mut out, bytes)
            } else {
                out.extend_from_slice(bytes)
            }
            out
        };
        let mut head = self.head(200);
        head.header("Content-Type", b"application/xml");
        let mut bytes = head.finish(framing, keep);
        bytes.extend_from_slice(&framed(xml::DECLARATION.as_bytes()));
        connection.send(bytes).await?;
        let ended = loop {
            match rt::timeout(patience, &mut work).await {
                Some(ended) => break ended,
                None => drop(connection.send(framed(b" ")).await?),
            }
        };
        let document = match &ended {
            Ok(Reply { body: ReplyBody::Document(document), .. }) => document.clone(),
            Ok(_) => Vec::new(),
            Err(error) => self.document(error),
        };
        let mut bytes = framed(xml::after_declaration(&document));
        if chunked {
            bytes.extend_from_slice(LAST_CHUNK);
        }
        connection.send(bytes).await?;
        Ok(ended.map(|_| document.len() as u64))
    }
}

/// The next piece of an object, verified.
async fn piece(object: Rc<Object>, at: u64, end: u64) -> Result<Vec<u8>, Error> {
    object.read(at, READ_PIECE_BYTES.min(end - at)).await
}
