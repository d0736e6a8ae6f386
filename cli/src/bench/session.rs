//! Operations over one connection: each as its requests and answers, each answer checked before it counts.
//!
//! What must hold: the time of an operation begins after its request was signed and its connection was there, and ends
//! when the last byte of its answer was read and found right. A connection on which anything went wrong is not used
//! again.

use std::net::SocketAddr;
use std::rc::Rc;

use stratum_engine::rt;
use stratum_proto_http::auth::PayloadHash;
use stratum_proto_http::client::{
    AnswerHead, Call, ClientConnection, ClientError, Requests, completion_document, digest_of,
};
use stratum_proto_http::limits::ANSWER_DOCUMENT_BYTES_MAX;
use stratum_proto_http::xml::reader;

use super::content::Content;
use super::trouble::Trouble;

/// Bytes of a body that leave together with the head.
const FIRST_BYTES: u64 = 64 * 1024;
/// Bytes of a body that leave at once: they are copied once, within what a core's cache holds.
const PIECE_BYTES: u64 = 256 * 1024;

/// Who is asked, and for what.
pub(super) struct Target {
    /// Where the server is.
    pub(super) address: SocketAddr,
    /// What signs.
    pub(super) requests: Requests,
    /// The bucket.
    pub(super) bucket: String,
}

/// One connection, opened when it is needed.
pub(super) struct Session {
    target: Rc<Target>,
    connection: Option<ClientConnection>,
}

/// When an operation that went well began and ended, and the bytes of its object that it moved.
#[derive(Clone, Copy, Debug)]
pub(super) struct Took {
    /// When it began and ended, in nanoseconds of `rt::now`.
    pub(super) span: (u64, u64),
    /// Bytes.
    pub(super) bytes: u64,
}

/// What goes out behind a head.
#[derive(Clone, Copy)]
enum Body<'a> {
    None,
    Document(&'a [u8]),
    Part { content: &'a Content, variant: u64, index: u64 },
}

/// A head that came, and the connection over which the body comes.
struct Answered {
    began: u64,
    head: AnswerHead,
    connection: ClientConnection,
}

impl Session {
    /// One that is not connected yet.
    pub(super) fn new(target: Rc<Target>) -> Session {
        Session { target, connection: None }
    }

    /// PutObject.
    pub(super) async fn put(&mut self, key: &str, content: &Content, variant: u64) -> Result<Took, Trouble> {
        let call = Call::put(&self.target.bucket, key.as_bytes());
        let (began, _) = self.ask(&call, Body::Part { content, variant, index: 0 }, 200).await?;
        Ok(Took { span: (began, rt::now()), bytes: content.size() })
    }

    /// GetObject. Every byte is compared.
    pub(super) async fn get(&mut self, key: &str, content: &Content, variant: u64) -> Result<Took, Trouble> {
        let call = Call::get(&self.target.bucket, key.as_bytes());
        let Answered { began, head, mut connection } = self.begin(&call, Body::None, 200).await?;
        if head.content_length().is_some_and(|length| length != content.size()) {
            return Err(Trouble::WrongLength);
        }
        let mut at = 0;
        while let Some(piece) = connection.piece().await? {
            if !content.matches(variant, at, piece) {
                return Err(Trouble::WrongContent);
            }
            at += piece.len() as u64;
        }
        if at != content.size() {
            return Err(Trouble::WrongLength);
        }
        let ended = rt::now();
        self.keep(connection);
        Ok(Took { span: (began, ended), bytes: at })
    }

    /// HeadObject. The length is compared.
    pub(super) async fn head(&mut self, key: &str, content: &Content) -> Result<Took, Trouble> {
        let call = Call::head(&self.target.bucket, key.as_bytes());
        let Answered { began, head, mut connection } = self.begin(&call, Body::None, 200).await?;
        let ends = connection.piece().await?.is_none();
        if head.content_length() != Some(content.size()) || !ends {
            return Err(Trouble::WrongLength);
        }
        let ended = rt::now();
        self.keep(connection);
        Ok(Took { span: (began, ended), bytes: 0 })
    }

    /// DeleteObject.
    pub(super) async fn delete(&mut self, key: &str) -> Result<Took, Trouble> {
        let call = Call::delete(&self.target.bucket, key.as_bytes());
        let (began, _) = self.ask(&call, Body::None, 204).await?;
        Ok(Took { span: (began, rt::now()), bytes: 0 })
    }

    /// ListObjectsV2: one page, and its document, which the caller compares.
    pub(super) async fn list(&mut self, prefix: &str, after: &str, most: usize) -> Result<(Took, Vec<u8>), Trouble> {
        let call = Call::list(&self.target.bucket, prefix, after, most);
        let (began, document) = self.ask(&call, Body::None, 200).await?;
        Ok((Took { span: (began, rt::now()), bytes: 0 }, document))
    }

    /// A whole multipart upload. One that fails is aborted as far as that can be done.
    pub(super) async fn multipart(&mut self, key: &str, content: &Content, variant: u64) -> Result<Took, Trouble> {
        let bucket = self.target.bucket.clone();
        let call = Call::create_upload(&bucket, key.as_bytes());
        let (began, document) = self.ask(&call, Body::None, 200).await?;
        let upload = reader::upload_id(&document).map_err(|_| Trouble::WrongDocument)?;
        match self.parts(key, &upload, content, variant).await {
            Ok(()) => Ok(Took { span: (began, rt::now()), bytes: content.size() }),
            Err(trouble) => {
                // The trouble is what is reported; an abort that fails too leaves an upload that cleaning up names.
                let aborted = self.ask(&Call::abort_upload(&bucket, key.as_bytes(), &upload), Body::None, 204).await;
                drop(aborted);
                Err(trouble)
            }
        }
    }

    async fn parts(&mut self, key: &str, upload: &str, content: &Content, variant: u64) -> Result<(), Trouble> {
        let bucket = self.target.bucket.clone();
        let mut made = Vec::new();
        for (index, number) in (0..content.parts()).zip(1_u16..) {
            let call = Call::upload_part(&bucket, key.as_bytes(), upload, number);
            let body = Body::Part { content, variant, index };
            let Answered { head, connection, .. } = self.begin(&call, body, 200).await?;
            self.end(connection).await?;
            let etag = head.header("etag").and_then(|value| std::str::from_utf8(value).ok());
            made.push((number, etag.ok_or(Trouble::WrongDocument)?.to_owned()));
        }
        let document = completion_document(&made);
        let call = Call::complete_upload(&bucket, key.as_bytes(), upload);
        let (_, answer) = self.ask(&call, Body::Document(&document), 200).await?;
        // An upload that fails late says so in the document of a 200.
        match reader::error_answer(&answer) {
            Ok(_) => Err(Trouble::refused(200, &answer)),
            Err(_) => Ok(()),
        }
    }

    /// Asks for something small with an answer that is expected to be small.
    pub(super) async fn call(&mut self, call: &Call, document: Option<&[u8]>, good: u16) -> Result<Vec<u8>, Trouble> {
        let body = document.map_or(Body::None, Body::Document);
        self.ask(call, body, good).await.map(|(_, document)| document)
    }

    /// Asks, and reads the whole answer. When it began, and the document that came.
    async fn ask(&mut self, call: &Call, body: Body<'_>, good: u16) -> Result<(u64, Vec<u8>), Trouble> {
        let Answered { began, connection, .. } = self.begin(call, body, good).await?;
        Ok((began, self.end(connection).await?))
    }

    /// Reads what is left of an answer.
    async fn end(&mut self, mut connection: ClientConnection) -> Result<Vec<u8>, Trouble> {
        let document = connection.document(ANSWER_DOCUMENT_BYTES_MAX).await?;
        self.keep(connection);
        Ok(document)
    }

    /// Asks, up to the head of an answer with the status that is good.
    async fn begin(&mut self, call: &Call, body: Body<'_>, good: u16) -> Result<Answered, Trouble> {
        let (payload, length) = body.terms();
        let now_s = rt::wall_ms() / 1000;
        let head = self.target.requests.head(call, payload, length, now_s).ok_or(Trouble::Unsendable)?;
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => ClientConnection::open(self.target.address).await?,
        };
        let began = rt::now();
        let sent = body.send(&mut connection, head).await;
        // A server that refuses may answer before it has read all, and end the connection: its answer says more.
        let head = match (connection.answer(call.is_head()).await, sent) {
            (Ok(head), Ok(())) => head,
            (Ok(head), Err(_)) if head.status() != good => head,
            (_, Err(why)) | (Err(why), Ok(())) => return Err(why.into()),
        };
        if head.status() == good {
            return Ok(Answered { began, head, connection });
        }
        // An answer that breaks off has its status all the same.
        let document = connection.document(ANSWER_DOCUMENT_BYTES_MAX).await.unwrap_or_default();
        self.keep(connection);
        Err(Trouble::refused(head.status(), &document))
    }

    fn keep(&mut self, connection: ClientConnection) {
        self.connection = Some(connection).filter(ClientConnection::is_reusable);
    }
}

impl Body<'_> {
    /// What binds it to its request, and its bytes.
    fn terms(self) -> (PayloadHash, u64) {
        match self {
            Body::None => (digest_of(b""), 0),
            Body::Document(document) => (digest_of(document), document.len() as u64),
            Body::Part { content, variant, index } => (content.payload(variant, index), content.part(index).1),
        }
    }

    /// Sends it behind its head.
    async fn send(self, connection: &mut ClientConnection, head: Vec<u8>) -> Result<(), ClientError> {
        let mut bytes = head;
        let (content, variant, index) = match self {
            Body::None => return connection.send(bytes).await.map(drop),
            Body::Document(document) => {
                bytes.extend_from_slice(document);
                return connection.send(bytes).await.map(drop);
            }
            Body::Part { content, variant, index } => (content, variant, index),
        };
        let (begin, length) = content.part(index);
        let (mut at, end) = (begin, begin + length);
        let mut room = FIRST_BYTES;
        loop {
            let piece = content.piece(variant, at, room.min(end - at));
            bytes.extend_from_slice(piece);
            at += piece.len() as u64;
            bytes = connection.send(bytes).await?;
            if at >= end {
                return Ok(());
            }
            room = PIECE_BYTES;
        }
    }
}
