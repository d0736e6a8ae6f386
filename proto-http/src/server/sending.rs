//! Answers as bytes: small ones in one piece, objects as they are read, slow ones with signs of life.
//!
//! What must hold: a body is sent whole or the connection ends before its framing does, so that no client takes a part
//! for all. Bytes of an object leave only after they were verified.

use std::rc::Rc;
use std::time::Duration;

use stratum_engine::error::Error;
use stratum_engine::node::Object;
use stratum_engine::rt::{self, Piece, Task};

use crate::error::{S3Error, code};
use crate::http1::response::{LAST_CHUNK, chunk};
use crate::http1::{Connection as Keep, ResponseBody, ResponseHead, Status, Version};
use crate::limits::{PATIENCE_MS, SEND_BYTES_PER_SECOND_MIN, SEND_MS};
use crate::net::{Connection, Gone};
use crate::s3::{Reply, ReplyBody, Service, Slice};
use crate::text::{Ascii, dates, hex};
use crate::xml::{self, ErrorDocument};

/// Room for a head: most have half of it.
const HEAD_BYTES: usize = 1024;

/// What became of an answer, for the journal.
#[derive(Debug)]
pub(super) struct Told {
    /// The status that was sent; 0 if none was.
    pub(super) status: u16,
    /// The error's name, or nothing.
    pub(super) error: &'static str,
    /// What happened within.
    pub(super) inside: Option<Box<Error>>,
    /// Bytes of the body that the client took, as far as that is known.
    pub(super) sent: u64,
    /// The client has all of it, and knows where it ended: another request may follow.
    pub(super) whole: bool,
}

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
    fn id_text(&self) -> Ascii<16> {
        hex::of_u64(self.id)
    }

    fn head(&self, status: u16) -> ResponseHead {
        self.head_before(status, 0)
    }

    /// A head with room for so many bytes behind it.
    fn head_before(&self, status: u16, bytes: usize) -> ResponseHead {
        let memory = Vec::with_capacity(HEAD_BYTES + bytes);
        let mut head = ResponseHead::new(memory, Status::of(status), &dates::http(rt::wall_ms()));
        head.header("Server", b"Stratum");
        let id = self.id_text();
        head.header("x-amz-request-id", id.as_bytes());
        head.header("x-amz-id-2", id.as_bytes());
        head
    }

    /// Sends a reply.
    pub(super) async fn send(&self, service: &Service, connection: &mut Connection, reply: Reply) -> Told {
        let behind = match &reply.body {
            ReplyBody::Empty | ReplyBody::Announced(_) => 0,
            ReplyBody::Document(document) => document.len(),
            ReplyBody::Object(object, slice) => object
                .inline()
                .map_or(0, |body| usize::try_from(slice.length).map_or(0, |length| length.min(body.len()))),
        };
        let mut head = self.head_before(reply.status, behind);
        head.lines(&reply.lines);
        let status = reply.status;
        match reply.body {
            ReplyBody::Empty => self.send_head(connection, head, status, ResponseBody::Length(0)).await,
            ReplyBody::Announced(length) => {
                self.send_head(connection, head, status, ResponseBody::Length(length)).await
            }
            ReplyBody::Document(document) => {
                head.header("Content-Type", b"application/xml");
                let bytes = self.with_document(head, &document);
                let sent = connection.send(bytes).await.map(|_| document.len() as u64);
                Told { inside: reply.inside, ..Told::all(status, sent) }
            }
            ReplyBody::Object(_, slice) if slice.length == 0 => {
                self.send_head(connection, head, status, ResponseBody::Length(0)).await
            }
            ReplyBody::Object(object, slice) if object.inline().is_some() => {
                self.send_small(service, connection, head, status, object, slice).await
            }
            ReplyBody::Object(object, slice) => {
                let head = head.finish(ResponseBody::Length(slice.length), self.keep);
                self.send_large(service, connection, head, status, *object, slice).await
            }
        }
    }

    async fn send_head(
        &self,
        connection: &mut Connection,
        head: ResponseHead,
        status: u16,
        body: ResponseBody,
    ) -> Told {
        let sent = connection.send(head.finish(body, self.keep)).await;
        Told::all(status, sent.map(|_| 0))
    }

    fn with_document(&self, head: ResponseHead, document: &[u8]) -> Vec<u8> {
        let mut bytes = head.finish(ResponseBody::Length(document.len() as u64), self.keep);
        if !self.is_head {
            bytes.extend_from_slice(document);
        }
        bytes
    }

    /// Sends an error. A HEAD gets its status alone.
    pub(super) async fn send_error(&self, connection: &mut Connection, error: &S3Error) -> Told {
        let mut head = self.head(error.code.status);
        for (name, value) in &error.headers {
            head.header(name, value.as_bytes());
        }
        let bytes = match self.is_head {
            true => head.finish(ResponseBody::Unsaid, self.keep),
            false => {
                head.header("Content-Type", b"application/xml");
                self.with_document(head, &self.document(error))
            }
        };
        match connection.send(bytes).await {
            Ok(_) => Told { whole: true, ..Told::failed(error.code.status, error) },
            Err(gone) => Told::gone(gone),
        }
    }

    fn document(&self, error: &S3Error) -> Vec<u8> {
        let id = self.id_text();
        let details: Vec<(&'static str, &[u8])> =
            error.details.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
        xml::error(&ErrorDocument {
            code: error.code.name,
            message: &error.message,
            resource: &self.path,
            request_id: id.as_str(),
            host_id: id.as_str(),
            details: &details,
        })
    }

    /// Sends an object that came with its record, whose memory is given back before the client takes its time.
    async fn send_small(
        &self,
        service: &Service,
        connection: &mut Connection,
        head: ResponseHead,
        status: u16,
        object: Box<Object>,
        slice: Slice,
    ) -> Told {
        let _room = match service.room_for_small_read().await {
            Ok(room) => room,
            Err(error) => return self.send_error(connection, &error).await,
        };
        // A body that is shorter than its head says would make the next answer a part of it.
        let Some(body) = object.inline().and_then(|body| slice.of(body)) else {
            return self.send_error(connection, &code::INTERNAL_ERROR.into()).await;
        };
        let mut bytes = head.finish(ResponseBody::Length(slice.length), self.keep);
        bytes.extend_from_slice(body);
        drop(object);
        let sent = connection.send(bytes).await;
        Told::all(status, sent.map(|_| slice.length))
    }

    /// Sends bytes of a large object as they are read: the next piece is read while one is sent.
    async fn send_large(
        &self,
        service: &Service,
        connection: &mut Connection,
        head: Vec<u8>,
        status: u16,
        object: Object,
        slice: Slice,
    ) -> Told {
        // An object is read as its client takes it, so how many do so at once is bounded.
        let _room = match service.room_for_read().await {
            Ok(room) => room,
            Err(error) => return self.send_error(connection, &error).await,
        };
        let object = Rc::new(object);
        let end = slice.start + slice.length;
        let read = |at: u64| rt::spawn(piece(Rc::clone(&object), at, service.piece_bytes().min(end - at)));
        let mut bytes = match read(slice.start).await {
            Ok(first) => first,
            Err(why) => return self.send_error(connection, &why.into()).await,
        };
        if let Err(gone) = connection.send(head).await {
            return Told::gone(gone);
        }
        let (began, mut at) = (rt::now(), slice.start);
        loop {
            let before = at - slice.start;
            at += bytes.len() as u64;
            let ahead = (at < end).then(|| read(at));
            if let Err(gone) = connection.send(bytes).await {
                return Told { status, sent: before, ..Told::gone(gone) };
            }
            let (sent, took_ms) = (at - slice.start, (rt::now() - began) / 1_000_000);
            let Some(ahead) = ahead else { return Told::all(status, Ok(sent)) };
            if took_ms > SEND_MS + sent / SEND_BYTES_PER_SECOND_MIN * 1000 {
                return Told { status, sent, ..Told::gone(Gone::Slow) };
            }
            bytes = match ahead.await {
                Ok(next) => next,
                // The head has left: all that can still be said is that this is not all.
                Err(why) => return Told { sent, ..Told::failed(status, &why.into()) },
            };
        }
    }

    /// Sends the answer of something that may take long. If it does, the client gets a status and blanks, so that it
    /// goes on waiting; what fails then stands in the document, where SDKs look for it. What was begun is carried to
    /// its end even if the client goes away.
    pub(super) async fn send_later(
        &self,
        service: &Service,
        connection: &mut Connection,
        work: impl Future<Output = Result<Reply, S3Error>> + 'static,
    ) -> Told {
        let patience = Duration::from_millis(PATIENCE_MS);
        // In a task of its own: a client that goes away does not undo what it asked for half way.
        let mut work = rt::spawn(work);
        match rt::timeout(patience, &mut work).await {
            Some(Ok(reply)) => self.send(service, connection, reply).await,
            Some(Err(error)) => self.send_error(connection, &error).await,
            None => self.send_in_time(connection, patience, work).await.unwrap_or_else(Told::gone),
        }
    }

    /// Sends signs of life until the work has ended, and then what came of it.
    async fn send_in_time(
        &self,
        connection: &mut Connection,
        patience: Duration,
        mut work: Task<Result<Reply, S3Error>>,
    ) -> Result<Told, Gone> {
        let chunked = self.version == Version::Http11;
        let framing = if chunked { ResponseBody::Chunked } else { ResponseBody::UntilEnd };
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
        let mut bytes = head.finish(framing, self.keep);
        bytes.extend_from_slice(&framed(xml::DECLARATION.as_bytes()));
        connection.send(bytes).await?;
        let ended = loop {
            match rt::timeout(patience, &mut work).await {
                Some(ended) => break ended,
                None => drop(connection.send(framed(b" ")).await?),
            }
        };
        let (document, told) = match &ended {
            Ok(Reply { body: ReplyBody::Document(document), .. }) => {
                (document.clone(), Told::all(200, Ok(document.len() as u64)))
            }
            Ok(_) => (Vec::new(), Told::all(200, Ok(0))),
            Err(error) => (self.document(error), Told::failed(200, error)),
        };
        let mut bytes = framed(xml::after_declaration(&document));
        if chunked {
            bytes.extend_from_slice(LAST_CHUNK);
        }
        connection.send(bytes).await?;
        // Where the end of the connection is the end of the body, it ends.
        Ok(Told { whole: chunked, ..told })
    }
}

impl Told {
    /// All of an answer was sent, or the client went away.
    fn all(status: u16, sent: Result<u64, Gone>) -> Told {
        match sent {
            Ok(sent) => Told { status, error: "", inside: None, sent, whole: true },
            Err(gone) => Told::gone(gone),
        }
    }

    /// What was asked for failed. Bytes of the document that says so do not count.
    fn failed(status: u16, error: &S3Error) -> Told {
        Told { status, error: error.code.name, inside: error.inside.clone(), sent: 0, whole: false }
    }

    /// The client is not there any more.
    pub(super) fn gone(why: Gone) -> Told {
        let error = match why {
            Gone::Closed => "ClientGone",
            Gone::Slow => "ClientSlow",
        };
        Told { status: 0, error, inside: None, sent: 0, whole: false }
    }
}

/// The next piece of an object, verified.
async fn piece(object: Rc<Object>, at: u64, most: u64) -> Result<Piece, Error> {
    object.piece(at, most).await
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use monoio::net::{TcpListener, TcpStream};
    use stratum_engine::rt::Event;
    use stratum_engine::rt::real::{Driver, RunOptions, run};

    use super::*;
    use crate::net::Stream;

    /// What a client sees of work that ends only after it has seen three signs of life.
    fn seen(version: Version, outcome: fn() -> Result<Reply, S3Error>) -> String {
        let (said, heard) = std::sync::mpsc::channel();
        let options = RunOptions { cores: 1, driver: Driver::Auto, notice: |_| {} };
        let ran = run(options, move |_| {
            let said = said.clone();
            async move {
                let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
                let address = listener.local_addr().expect("it has one");
                let socket = TcpStream::connect(address).await.expect("it listens");
                let mut client = Connection::new(Stream::Plain(socket), address);
                let (socket, peer) = listener.accept().await.expect("the client comes");
                let mut connection = Connection::new(Stream::Plain(socket), peer);
                let (enough, is_enough) = (Rc::new(Event::default()), Rc::new(Cell::new(false)));
                let (waited, was_enough) = (Rc::clone(&enough), Rc::clone(&is_enough));
                let work = rt::spawn(async move {
                    while !was_enough.get() {
                        waited.wait().await;
                    }
                    outcome()
                });
                let server = rt::spawn(async move {
                    let asked =
                        Asked { id: 7, is_head: false, version, keep: Keep::Stays, path: b"/bucket/key".to_vec() };
                    let told = asked.send_in_time(&mut connection, Duration::from_millis(1), work).await;
                    told.expect("the client is there").whole
                });
                let declared = |came: &[u8]| came.windows(2).position(|pair| pair == b"?>");
                while client.receive(Duration::from_secs(10)).await == Ok(true) {
                    let came = client.came();
                    let behind = declared(came).and_then(|at| came.get(at + 2..)).unwrap_or_default();
                    if behind.iter().filter(|byte| **byte == b' ').count() >= 3 {
                        is_enough.set(true);
                        enough.notify();
                    }
                }
                assert_eq!(server.await, version == Version::Http11, "without chunks the connection has to end");
                said.send(String::from_utf8_lossy(client.came()).into_owned()).expect("the test waits");
            }
        });
        assert_eq!(ran, Ok(()));
        heard.recv().expect("a client saw something")
    }

    /// Row 69: SDKs read the document of an answer that began well, and find in it how it ended.
    #[test]
    fn what_takes_long_shows_signs_of_life_and_then_how_it_ended() {
        let well = || Ok(Reply::document([xml::DECLARATION.as_bytes(), b"<Copied/>"].concat()));
        let answer = seen(Version::Http11, well);
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.contains("\r\nTransfer-Encoding: chunked"), "{head}");
        assert!(head.contains("\r\nContent-Type: application/xml") && !head.contains("Content-Length"), "{head}");
        assert!(body.contains("01\r\n \r\n01\r\n \r\n01\r\n \r\n"), "{body}");
        assert!(body.ends_with("09\r\n<Copied/>\r\n0\r\n\r\n"), "{body}");
        assert_eq!(body.matches("<?xml").count(), 1, "{body}");

        let answer = seen(Version::Http11, || Err(code::INTERNAL_ERROR.into()));
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.contains("<Error><Code>InternalError</Code>"), "{answer}");
        assert!(answer.contains("<Resource>/bucket/key</Resource>") && answer.ends_with("0\r\n\r\n"), "{answer}");
    }

    /// A body that ends with the connection was followed by no end of it: the client waited until it was given up as
    /// idle.
    #[test]
    fn without_chunks_the_end_is_that_of_the_connection() {
        let answer = seen(Version::Http10, || Err(code::SLOW_DOWN.into()));
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        assert!(head.contains("\r\nConnection: close") && !head.contains("Transfer-Encoding"), "{head}");
        assert!(body.contains("   <Error>") && body.ends_with("</Error>"), "{body}");
    }
}
