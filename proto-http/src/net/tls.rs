//! TLS by rustls: the server's identity from two PEM files, and a stream that encrypts.
//!
//! What must hold: rustls does no I/O here; what it wants to send is sent before anything is waited for. An idle
//! connection holds little: what a large body needed is given back.

use std::fmt;
use std::io::{self, BufRead as _, Write as _};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use monoio::io::AsyncWriteRent as _;
use monoio::net::TcpStream;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection};

use super::stream;
use crate::limits::{HEAD_READ_BYTES, TLS_PIECE_BYTES, TLS_READ_BYTES};

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
        Ok(TlsStream { socket, tls, sealed: Sealed::default() })
    }
}

/// An encrypted stream.
pub struct TlsStream {
    socket: TcpStream,
    tls: ServerConnection,
    sealed: Sealed,
}

/// Encrypted bytes on their way.
#[derive(Default)]
struct Sealed {
    /// Those that came.
    coming: Vec<u8>,
    /// So many of them rustls has seen.
    taken: usize,
    /// Those to send.
    going: Vec<u8>,
}

impl TlsStream {
    pub(super) async fn read(&mut self, mut buffer: Vec<u8>) -> (io::Result<usize>, Vec<u8>) {
        loop {
            if let Err(why) = self.send().await {
                return (Err(why), buffer);
            }
            match plain(&mut self.tls, &mut buffer) {
                Err(why) if why.kind() == io::ErrorKind::WouldBlock => {}
                answer => return (answer, buffer),
            }
            if self.sealed.taken < self.sealed.coming.len() {
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

    /// Gives back the memory of a large body.
    pub(super) fn slim(&mut self) {
        self.sealed.slim();
    }

    /// Receives encrypted bytes.
    async fn receive(&mut self) -> io::Result<usize> {
        let (read, coming) = stream::read(&mut self.socket, self.sealed.room()).await;
        self.sealed.coming = coming;
        read
    }

    /// Lets rustls look at some of what came. It takes no more while decrypted bytes wait, so it is never given more
    /// than it says it takes.
    async fn decrypt(&mut self) -> io::Result<()> {
        let mut rest = self.sealed.coming.get(self.sealed.taken..).unwrap_or_default();
        self.sealed.taken += self.tls.read_tls(&mut rest)?;
        let Err(why) = self.tls.process_new_packets() else { return Ok(()) };
        // The client is told what is wrong with it; whether it listens does not matter.
        drop(self.send().await);
        Err(io::Error::new(io::ErrorKind::InvalidData, why))
    }

    /// Sends what rustls wants to be sent.
    async fn send(&mut self) -> io::Result<()> {
        while self.tls.wants_write() {
            let mut going = std::mem::take(&mut self.sealed.going);
            going.clear();
            self.tls.write_tls(&mut going)?;
            let (written, going) = stream::write_all(&mut self.socket, going).await;
            self.sealed.going = going;
            written?;
        }
        Ok(())
    }
}

impl Sealed {
    /// Empty room for what comes next: as much as for a head, and for a whole record once something has filled that.
    fn room(&mut self) -> Vec<u8> {
        let mut coming = std::mem::take(&mut self.coming);
        let was_filled = !coming.is_empty() && coming.len() == coming.capacity();
        coming.clear();
        self.taken = 0;
        let wanted = if was_filled { TLS_READ_BYTES } else { HEAD_READ_BYTES };
        coming.reserve_exact(wanted);
        coming
    }

    fn slim(&mut self) {
        if self.taken == self.coming.len() && self.coming.capacity() > HEAD_READ_BYTES {
            (self.coming, self.taken) = (Vec::new(), 0);
        }
        if self.going.capacity() > HEAD_READ_BYTES {
            self.going = Vec::new();
        }
    }
}

/// Takes decrypted bytes, as many as there is room for behind what `buffer` holds; `WouldBlock` if there are none yet.
fn plain(tls: &mut ServerConnection, buffer: &mut Vec<u8>) -> io::Result<usize> {
    let mut reader = tls.reader();
    let mut taken = 0;
    while buffer.len() < buffer.capacity() {
        let decrypted = match reader.fill_buf() {
            Ok(decrypted) => decrypted,
            // A client that goes without a word of farewell has gone all the same.
            Err(why) if why.kind() == io::ErrorKind::UnexpectedEof => &[],
            Err(_) if taken > 0 => &[],
            Err(why) => return Err(why),
        };
        let room = buffer.capacity() - buffer.len();
        let piece = decrypted.get(..room).unwrap_or(decrypted);
        if piece.is_empty() {
            break;
        }
        buffer.extend_from_slice(piece);
        let bytes = piece.len();
        reader.consume(bytes);
        taken += bytes;
    }
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::ServerName;
    use rustls::{ClientConfig, ClientConnection, HandshakeKind, RootCertStore};

    use super::*;

    fn identity() -> TlsIdentity {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls");
        TlsIdentity::read(&folder.join("certificate.pem"), &folder.join("key.pem")).expect("both are there")
    }

    /// A client that trusts the certificate of these tests and speaks these protocols.
    fn client(protocols: &[&[u8]]) -> Arc<ClientConfig> {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls/certificate.pem");
        let mut trusted = RootCertStore::empty();
        trusted.add(CertificateDer::from_pem_file(file).expect("it is PEM")).expect("it is a certificate");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.expect("versions that the provider has").with_root_certificates(trusted);
        let mut config = config.with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        Arc::new(config)
    }

    /// Both ends of one connection, in memory.
    struct Pair {
        client: ClientConnection,
        server: ServerConnection,
    }

    impl Pair {
        fn new(client: &Arc<ClientConfig>, identity: &TlsIdentity) -> Pair {
            let name = ServerName::try_from("localhost").expect("a name");
            Pair {
                client: ClientConnection::new(Arc::clone(client), name).expect("a good configuration"),
                server: ServerConnection::new(Arc::clone(&identity.0)).expect("a good configuration"),
            }
        }

        /// Carries what both have to say until they have said all of it.
        fn talk(&mut self) -> Result<(), rustls::Error> {
            while self.client.wants_write() || self.server.wants_write() {
                let (mut up, mut down) = (Vec::new(), Vec::new());
                while self.client.wants_write() {
                    self.client.write_tls(&mut up).expect("a vector takes all");
                }
                let mut up = up.as_slice();
                while !up.is_empty() {
                    self.server.read_tls(&mut up).expect("a slice gives all");
                    self.server.process_new_packets()?;
                }
                while self.server.wants_write() {
                    self.server.write_tls(&mut down).expect("a vector takes all");
                }
                let mut down = down.as_slice();
                while !down.is_empty() {
                    self.client.read_tls(&mut down).expect("a slice gives all");
                    self.client.process_new_packets()?;
                }
            }
            Ok(())
        }
    }

    #[test]
    fn http_1_1_is_agreed_upon_and_nothing_else() {
        let identity = identity();
        let mut pair = Pair::new(&client(&[b"h2", b"http/1.1"]), &identity);
        pair.talk().expect("a handshake");
        assert_eq!(pair.client.alpn_protocol(), Some(b"http/1.1".as_slice()));
        let mut silent = Pair::new(&client(&[]), &identity);
        silent.talk().expect("a client that speaks of no protocol is served");
        assert!(Pair::new(&client(&[b"h2"]), &identity).talk().is_err());
    }

    #[test]
    fn a_client_that_comes_back_resumes_its_session() {
        let (identity, client) = (identity(), client(&[b"http/1.1"]));
        for expected in [HandshakeKind::Full, HandshakeKind::Resumed, HandshakeKind::Resumed] {
            let mut pair = Pair::new(&client, &identity);
            pair.talk().expect("a handshake");
            assert_eq!(pair.server.handshake_kind(), Some(expected));
        }
    }

    #[test]
    fn decrypted_bytes_are_taken_as_far_as_there_is_room() {
        let mut pair = Pair::new(&client(&[]), &identity());
        pair.talk().expect("a handshake");
        let mut buffer = Vec::with_capacity(10);
        let waits = plain(&mut pair.server, &mut buffer).expect_err("nothing came");
        assert_eq!((waits.kind(), buffer.len()), (io::ErrorKind::WouldBlock, 0));
        // Two records, which are two pieces.
        for words in [b"first record".as_slice(), b"second"] {
            pair.client.writer().write_all(words).expect("it takes them");
            pair.talk().expect("it is carried");
        }
        buffer.extend_from_slice(b"held ");
        let room = buffer.capacity() - buffer.len();
        assert_eq!(plain(&mut pair.server, &mut buffer).expect("some came"), room);
        let mut rest = Vec::with_capacity(100);
        assert_eq!(plain(&mut pair.server, &mut rest).expect("the rest"), 18 - room);
        buffer.extend_from_slice(&rest);
        assert_eq!(buffer, b"held first recordsecond");
        pair.client.send_close_notify();
        pair.talk().expect("it is carried");
        assert_eq!(plain(&mut pair.server, &mut rest).expect("an end is no error"), 0);
    }

    /// An idle connection once held a record of each direction for ever: 66 KiB and 17 KiB.
    #[test]
    fn what_a_large_body_needed_is_given_back() {
        let mut sealed = Sealed::default();
        assert_eq!(sealed.room().capacity(), HEAD_READ_BYTES);
        sealed.coming = vec![0; HEAD_READ_BYTES];
        sealed.coming.shrink_to_fit();
        sealed.coming = sealed.room();
        assert_eq!((sealed.coming.len(), sealed.coming.capacity()), (0, TLS_READ_BYTES), "it was filled");
        sealed.coming.extend_from_slice(b"not seen yet");
        sealed.going = Vec::with_capacity(TLS_PIECE_BYTES);
        sealed.slim();
        assert_eq!((sealed.coming.as_slice(), sealed.going.capacity()), (b"not seen yet".as_slice(), 0));
        sealed.taken = sealed.coming.len();
        sealed.slim();
        assert_eq!((sealed.coming.capacity(), sealed.room().capacity()), (0, HEAD_READ_BYTES));
    }
}
