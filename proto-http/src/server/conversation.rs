//! One connection: request after request, until one side wants no more.
//!
//! What must hold: a request is answered before the next one is looked at, so pipelined ones are answered in order.
//! Where it is not certain which byte the next request begins with, the connection ends. An error that leaves while the
//! body is still coming is followed by a while of listening, so that the client reads it instead of a reset.

use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use stratum_engine::rt;

use super::health;
use super::hub::Hub;
use super::journal::Line;
use super::sending::{Asked, Told};
use crate::error::{S3Error, code};
use crate::http1::{Connection as Keep, Framing, FramingError, Head, HeadError, HeadScanner, Version};
use crate::limits::{DRAIN_BYTES_MAX, HEAD_MS, IDLE_MS, LINGER_BYTES_MAX, LINGER_MS, LINGER_SILENCE_MS};
use crate::net::{Body, Connection, Gone, Incoming};
use crate::s3::{self, Failure, Outcome};

/// What comes next on a connection.
enum Next {
    /// A request.
    Request(Head),
    /// What is none: the error to say so with.
    Wrong(S3Error),
    /// Nothing came for long. A request that is on its way just now finds an end, not a reset: it is sent again.
    Idle,
    /// Nothing more.
    End,
}

/// Serves a connection to its end.
pub(super) async fn converse(hub: Rc<Hub>, connection: Connection) {
    let mut connection = connection;
    loop {
        match next(&hub, &mut connection).await {
            Next::Request(head) => match answer(&hub, head, connection).await {
                Some(kept) => connection = kept,
                None => return,
            },
            Next::Wrong(error) => return refuse(&hub, connection, &error).await,
            Next::Idle => return linger(&hub, connection).await,
            Next::End => return,
        }
    }
}

/// Waits for the next head.
async fn next(hub: &Hub, connection: &mut Connection) -> Next {
    let mut scanner = HeadScanner::new();
    let mut begun = None;
    loop {
        match scanner.scan(connection.came()) {
            Ok(Some((head, bytes))) => {
                connection.take(bytes);
                return Next::Request(head);
            }
            Ok(None) => {}
            Err(HeadError::TooLarge) => return Next::Wrong(code::REQUEST_HEADER_SECTION_TOO_LARGE.into()),
            Err(_) => return Next::Wrong(S3Error::saying(code::INVALID_REQUEST, "This is no request of HTTP/1.1.")),
        }
        // Some clients end a body with an empty line that belongs to nothing.
        let idle = connection.came().iter().all(|byte| matches!(byte, b'\r' | b'\n'));
        if idle && hub.is_stopping() {
            return Next::End;
        }
        if idle {
            connection.slim();
        }
        let patience_ms = match begun {
            _ if idle => IDLE_MS,
            None => HEAD_MS,
            // All of a head has to come within the time that one has.
            Some(begun) => HEAD_MS.saturating_sub((rt::now() - begun) / 1_000_000),
        };
        if !idle && begun.is_none() {
            begun = Some(rt::now());
        }
        let coming = connection.receive(Duration::from_millis(patience_ms));
        let received = match idle {
            true => unless_stopped(hub, coming).await,
            false => Some(coming.await),
        };
        match received {
            Some(Ok(true)) => {}
            Some(Err(Gone::Slow)) if !idle => return Next::Wrong(code::REQUEST_TIMEOUT.into()),
            Some(Err(Gone::Slow)) => return Next::Idle,
            Some(Ok(false) | Err(_)) | None => return Next::End,
        }
    }
}

/// Waits for what comes, but not once the core stops.
async fn unless_stopped<T>(hub: &Hub, coming: impl Future<Output = T>) -> Option<T> {
    let (mut coming, mut stop) = (pin!(coming), pin!(hub.stop_begins()));
    std::future::poll_fn(|context| {
        if let Poll::Ready(came) = coming.as_mut().poll(context) {
            return Poll::Ready(Some(came));
        }
        stop.as_mut().poll(context).map(|()| None)
    })
    .await
}

/// Serves one request. The connection, if another may follow on it.
async fn answer(hub: &Rc<Hub>, head: Head, connection: Connection) -> Option<Connection> {
    let began = rt::now();
    let mut asked = Asked {
        id: hub.request_id(),
        is_head: head.method() == "HEAD",
        version: head.version(),
        keep: Keep::Ends,
        path: head.path().to_vec(),
    };
    let method = head.method().to_owned();
    let framing = match Framing::of(&head) {
        Ok(framing) => framing,
        Err(why) => {
            refuse_as(hub, connection, &asked, &method, &framing_error(why)).await;
            return None;
        }
    };
    asked.keep = if hub.is_stopping() { Keep::Ends } else { framing.connection };
    let mut incoming = Incoming::new(connection, Body::new(&framing));
    let outcome = match health::answer(&head, &hub.node) {
        Some(reply) => Ok(Outcome::Now(reply)),
        None => s3::serve(&hub.service, head, &mut incoming).await,
    };
    let service = &hub.service;
    // What is left of the body decides whether the connection can go on, and the answer says so.
    let rest_is_far = !incoming.body.has_ended() && !incoming.body.ends_soon(DRAIN_BYTES_MAX);
    // A core that began to stop meanwhile says so, too: the client must not send another request into the end.
    if rest_is_far || hub.is_stopping() {
        asked.keep = Keep::Ends;
    }
    let told = match outcome {
        Ok(Outcome::Now(reply)) => asked.send(service, &mut incoming.connection, reply).await,
        Ok(Outcome::Later(work)) => asked.send_later(service, &mut incoming.connection, work).await,
        Err(Failure::Refused(error)) => asked.send_error(&mut incoming.connection, &error).await,
        Err(Failure::Gone) => Told::gone(Gone::Closed),
    };
    note(hub, &asked, &method, incoming.connection.peer(), began, &told);
    if !told.whole {
        return None;
    }
    let Incoming { mut connection, mut body, .. } = incoming;
    if asked.keep != Keep::Ends && body.drain(&mut connection, DRAIN_BYTES_MAX).await {
        return Some(connection);
    }
    if !body.has_ended() || !connection.came().is_empty() {
        linger(hub, connection).await;
    }
    None
}

/// Says what is wrong with what is no request, and ends the connection.
async fn refuse(hub: &Rc<Hub>, connection: Connection, error: &S3Error) {
    let asked =
        Asked { id: hub.request_id(), is_head: false, version: Version::Http11, keep: Keep::Ends, path: Vec::new() };
    refuse_as(hub, connection, &asked, "-", error).await;
}

async fn refuse_as(hub: &Rc<Hub>, mut connection: Connection, asked: &Asked, method: &str, error: &S3Error) {
    let began = rt::now();
    let told = asked.send_error(&mut connection, error).await;
    note(hub, asked, method, connection.peer(), began, &told);
    if told.whole {
        linger(hub, connection).await;
    }
}

/// Listens for a while to a client that may not have read the last answer yet. A core that stops does not wait for one
/// that goes on sending.
async fn linger(hub: &Hub, connection: Connection) {
    let silence = Duration::from_millis(LINGER_SILENCE_MS);
    let patience = if hub.is_stopping() { silence } else { Duration::from_millis(LINGER_MS) };
    connection.linger(LINGER_BYTES_MAX, silence, patience).await;
}

fn note(hub: &Hub, asked: &Asked, method: &str, peer: &str, began: u64, told: &Told) {
    hub.journal.note(&Line {
        time_ms: rt::wall_ms(),
        id: asked.id,
        peer,
        method,
        path: &asked.path,
        told,
        took_us: (rt::now() - began) / 1000,
    });
}

fn framing_error(why: FramingError) -> S3Error {
    S3Error::saying(code::INVALID_REQUEST, format!("The framing of the request is not clear: {why}."))
}
