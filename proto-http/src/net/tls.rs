//! TLS by rustls: the server's identity from two PEM files, and a stream that encrypts.
//!
//! What must hold: rustls does no I/O here; what it wants to send is sent before anything is waited for.

use std::fmt;
use std::io::{self, Read as _, Write as _};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use monoio::io::AsyncWriteRent as _;
use monoio::net::TcpStream;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection};

use super::stream;
use crate::limits::{TLS_PIECE_BYTES, TLS_READ_BYTES};

/// Who the server is, ready for connections of every core.
#[derive(Clone)]
pub struct TlsIdentity(Arc<ServerConfig>);

/// Why there is no identity. Each says which file and what to do.
#[derive(Debug)]
pub enum TlsError {
    /// A file that cannot be read, or is no PEM.
    File(PathBuf, pem::Error),
    /// No certificate in this file.
    NoCertificate(PathBuf),
    /// Certificate and key do not fit, or are of a kind that is not known.
    Refused(rustls::Error),
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TlsError::File(path, why) => write!(f, "{} is not read as PEM: {why}", path.display()),
            TlsError::NoCertificate(path) => write!(f, "{} holds no certificate", path.display()),
            TlsError::Refused(why) => write!(f, "certificate and key are refused: {why}"),
        }
    }
}

impl std::error::Error for TlsError {}

impl TlsIdentity {
    /// Reads the certificate chain and its key.
    ///
    /// # Errors
    /// What is wrong with the files.
    pub fn read(certificate: &Path, key: &Path) -> Result<TlsIdentity, TlsError> {
        let chain = CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let chain = chain.map_err(|why| TlsError::File(certificate.to_owned(), why))?;
        if chain.is_empty() {
            return Err(TlsError::NoCertificate(certificate.to_owned()));
        }
        let key = PrivateKeyDer::from_pem_file(key).map_err(|why| TlsError::File(key.to_owned(), why))?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Refused)?
            .with_no_client_auth()
            .with_single_cert(chain, key);
        let mut config = config.map_err(TlsError::Refused)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.ticketer = rustls::crypto::aws_lc_rs::Ticketer::new().map_err(TlsError::Refused)?;
        Ok(TlsIdentity(Arc::new(config)))
    }

    /// A stream over `socket`, whose handshake happens as it is read and written.
    ///
    /// # Errors
    /// If there is no memory for it.
    pub fn accept(&self, socket: TcpStream) -> io::Result<TlsStream> {
        let tls = ServerConnection::new(Arc::clone(&self.0)).map_err(io::Error::other)?;
        Ok(TlsStream { socket, tls, coming: Vec::with_capacity(TLS_READ_BYTES), taken: 0, going: Vec::new() })
    }
}

/// An encrypted stream.
pub struct TlsStream {
    socket: TcpStream,
    tls: ServerConnection,
    /// Encrypted bytes that came.
    coming: Vec<u8>,
    /// So many of them rustls has seen.
    taken: usize,
    /// Encrypted bytes to send.
    going: Vec<u8>,
}

impl TlsStream {
    pub(super) async fn read(&mut self, mut buffer: Vec<u8>) -> (io::Result<usize>, Vec<u8>) {
        loop {
            if let Err(why) = self.send().await {
                return (Err(why), buffer);
            }
            match self.plain(&mut buffer) {
                Err(why) if why.kind() == io::ErrorKind::WouldBlock => {}
                answer => return (answer, buffer),
            }
            if self.taken < self.coming.len() {
                if let Err(why) = self.decrypt().await {
                    return (Err(why), buffer);
                }
                continue;
            }
            match self.receive().await {
                // A client that goes without a word of farewell: the framing above tells whether something is missing.
                Ok(0) => return (Ok(0), buffer),
                Ok(_) => {}
                Err(why) => return (Err(why), buffer),
            }
        }
    }

    pub(super) async fn write_all<B: Deref<Target = [u8]>>(&mut self, bytes: B) -> (io::Result<()>, B) {
        for piece in bytes.chunks(TLS_PIECE_BYTES) {
            let encrypted = self.tls.writer().write_all(piece);
            let sent = match encrypted {
                Ok(()) => self.send().await,
                Err(why) => Err(why),
            };
            if let Err(why) = sent {
                return (Err(why), bytes);
            }
        }
        (Ok(()), bytes)
    }

    pub(super) async fn end_writing(&mut self) -> io::Result<()> {
        self.tls.send_close_notify();
        self.send().await?;
        self.socket.shutdown().await
    }

    /// Takes decrypted bytes, `WouldBlock` if there are none yet.
    fn plain(&mut self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        let held = buffer.len();
        let room = buffer.capacity() - held;
        buffer.resize(held + room, 0);
        let read = self.tls.reader().read(buffer.get_mut(held..).unwrap_or_default());
        buffer.truncate(held + read.as_ref().copied().unwrap_or(0));
        match read {
            Err(why) if why.kind() == io::ErrorKind::UnexpectedEof => Ok(0),
            read => read,
        }
    }

    /// Receives encrypted bytes.
    async fn receive(&mut self) -> io::Result<usize> {
        self.coming.clear();
        self.taken = 0;
        let (read, coming) = stream::read(&mut self.socket, std::mem::take(&mut self.coming)).await;
        self.coming = coming;
        read
    }

    /// Lets rustls look at some of what came. It takes no more while decrypted bytes wait, so it is never given more
    /// than it says it takes.
    async fn decrypt(&mut self) -> io::Result<()> {
        let mut rest = self.coming.get(self.taken..).unwrap_or_default();
        self.taken += self.tls.read_tls(&mut rest)?;
        let Err(why) = self.tls.process_new_packets() else { return Ok(()) };
        // The client is told what is wrong with it; whether it listens does not matter.
        drop(self.send().await);
        Err(io::Error::new(io::ErrorKind::InvalidData, why))
    }

    /// Sends what rustls wants to be sent.
    async fn send(&mut self) -> io::Result<()> {
        while self.tls.wants_write() {
            self.going.clear();
            self.tls.write_tls(&mut self.going)?;
            let (written, going) = stream::write_all(&mut self.socket, std::mem::take(&mut self.going)).await;
            self.going = going;
            written?;
        }
        Ok(())
    }
}
