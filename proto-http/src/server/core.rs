//! One core's life as a part of the server: it listens, serves, and stops when it is told to.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use monoio::net::{ListenerOpts, TcpListener, TcpStream};
use stratum_engine::error::Error;
use stratum_engine::node::Store;
use stratum_engine::rt::{self, Mailbox};

use super::conversation::converse;
use super::hub::{Hub, Node};
use super::journal::Journal;
use crate::limits::{ACCEPT_RETRY_MS, CONNECTIONS_MAX, STOP_MS};
use crate::net::{Connection, Stream, TlsIdentity};
use crate::s3::{Service, Settings};

/// A socket on which this core takes its share of the connections.
pub struct Listening {
    listener: TcpListener,
    tls: Option<TlsIdentity>,
}

impl Listening {
    /// Listens on `address`, together with the other cores.
    ///
    /// # Errors
    /// The system's.
    pub fn on(address: SocketAddr, tls: Option<TlsIdentity>) -> io::Result<Listening> {
        let options = ListenerOpts::new().reuse_port(true).reuse_addr(true);
        Ok(Listening { listener: TcpListener::bind_with_config(address, &options)?, tls })
    }
}

/// Serves on this core until `stop` closes; then answers what is under way, within a bound, and ends this core's part
/// of the store.
///
/// # Errors
/// The store could not be ended well. Nothing is lost: the next start replays.
pub async fn serve_core(
    store: Store,
    settings: Settings,
    listening: Listening,
    node: Arc<Node>,
    stop: Mailbox<()>,
) -> Result<(), Error> {
    let journal = Rc::new(Journal::default());
    let writer = rt::spawn(Rc::clone(&journal).write());
    let hub = Hub::new(Service::new(store.clone(), &settings), Rc::clone(&journal), node);
    let accepting = rt::spawn(accept(Rc::clone(&hub), listening));
    // Nothing is ever sent: the mailbox closes.
    while stop.next().await.is_some() {}
    hub.stop(Duration::from_millis(STOP_MS)).await;
    accepting.await;
    let ended = store.close().await;
    journal.close();
    writer.await;
    ended
}

/// Takes connections until the core stops.
async fn accept(hub: Rc<Hub>, listening: Listening) {
    let Listening { listener, tls } = listening;
    loop {
        let accepted = {
            let (mut accepting, mut stop) = (std::pin::pin!(listener.accept()), std::pin::pin!(hub.stop_begins()));
            std::future::poll_fn(|context| {
                if stop.as_mut().poll(context).is_ready() {
                    return std::task::Poll::Ready(None);
                }
                accepting.as_mut().poll(context).map(Some)
            })
            .await
        };
        match accepted {
            None => return,
            Some(Ok((socket, peer))) => take(&hub, socket, peer, tls.as_ref()),
            // Too many files, or a client that went away again: the next one may fare better.
            Some(Err(_)) => rt::sleep(Duration::from_millis(ACCEPT_RETRY_MS)).await,
        }
    }
}

/// Begins to serve a connection. One too many is closed at once: its client tries again, and those who are here are not
/// slowed by it.
fn take(hub: &Rc<Hub>, socket: TcpStream, peer: SocketAddr, tls: Option<&TlsIdentity>) {
    if hub.open() >= CONNECTIONS_MAX {
        return;
    }
    // Without it answers wait for acknowledgements that are delayed; the connection works all the same.
    drop(socket.set_nodelay(true));
    let stream = match tls {
        None => Stream::Plain(socket),
        Some(identity) => match identity.accept(socket) {
            Ok(stream) => Stream::Tls(Box::new(stream)),
            Err(_) => return,
        },
    };
    let (counted, hub) = (hub.count(), Rc::clone(hub));
    drop(rt::spawn(async move {
        converse(hub, Connection::new(stream, peer)).await;
        drop(counted);
    }));
}
