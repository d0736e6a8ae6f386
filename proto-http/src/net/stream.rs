//! The socket, with TLS or without.

use std::io;
use std::ops::Deref;

use monoio::buf::{IoBuf, IoBufMut as _};
use monoio::io::{AsyncReadRent as _, AsyncWriteRent as _, AsyncWriteRentExt as _};
use monoio::net::TcpStream;

use super::tls::TlsStream;

/// A stream of bytes both ways.
pub enum Stream {
    /// As it is.
    Plain(TcpStream),
    /// Encrypted.
    Tls(Box<TlsStream>),
}

impl Stream {
    /// Reads behind what `buffer` holds, at most so much that it holds its capacity. Nothing read is the end.
    ///
    /// # Errors
    /// The socket's, or what TLS says of the client. The buffer comes back as it was.
    pub async fn read(&mut self, buffer: Vec<u8>) -> (io::Result<usize>, Vec<u8>) {
        match self {
            Stream::Plain(socket) => read(socket, buffer).await,
            Stream::Tls(stream) => stream.read(buffer).await,
        }
    }

    /// Writes all of `bytes`.
    ///
    /// # Errors
    /// The socket's.
    pub async fn write_all<B: IoBuf + Deref<Target = [u8]>>(&mut self, bytes: B) -> (io::Result<()>, B) {
        match self {
            Stream::Plain(socket) => write_all(socket, bytes).await,
            Stream::Tls(stream) => stream.write_all(bytes).await,
        }
    }

    /// Gives back the memory of a large body.
    pub fn slim(&mut self) {
        match self {
            Stream::Plain(_) => {}
            Stream::Tls(stream) => stream.slim(),
        }
    }

    /// Says that nothing more will be written. The client may go on writing.
    ///
    /// # Errors
    /// The socket's.
    pub async fn end_writing(&mut self) -> io::Result<()> {
        match self {
            Stream::Plain(socket) => socket.shutdown().await,
            Stream::Tls(stream) => stream.end_writing().await,
        }
    }
}

/// Reads from a socket behind what the buffer holds.
pub(super) async fn read(socket: &mut TcpStream, buffer: Vec<u8>) -> (io::Result<usize>, Vec<u8>) {
    let (held, room) = (buffer.len(), buffer.capacity());
    let (read, slice) = socket.read(buffer.slice_mut(held..room)).await;
    (read, slice.into_inner())
}

/// Writes a whole buffer to a socket.
pub(super) async fn write_all<B: IoBuf>(socket: &mut TcpStream, bytes: B) -> (io::Result<()>, B) {
    let (written, bytes) = socket.write_all(bytes).await;
    (written.map(|_| ()), bytes)
}
