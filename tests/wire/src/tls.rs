//! A client's side of TLS, by rustls, and the certificate that it trusts.
//!
//! What must hold: the certificate is made anew for each server by the system's `openssl`, and nobody else vouches for
//! it. It is no authority: a client that took it for one would refuse it as a server's.

use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ClientConnection, HandshakeKind, RootCertStore, StreamOwned};

use crate::wire::{Wire, tcp};

/// An encrypted stream.
pub(crate) type TlsStream = StreamOwned<ClientConnection, TcpStream>;

/// A certificate for this machine and for buckets below a domain, and its key.
pub struct Certificate {
    /// The certificate's file, PEM.
    pub certificate: PathBuf,
    /// The key's file, PEM.
    pub key: PathBuf,
}

impl Certificate {
    /// Makes one in `folder`.
    ///
    /// # Panics
    /// If `openssl` is not there or does not make it.
    #[must_use]
    pub fn make(folder: &Path, domain: &str) -> Certificate {
        let made = Certificate { certificate: folder.join("certificate.pem"), key: folder.join("key.pem") };
        let names = format!("subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:{domain},DNS:*.{domain}");
        let mut command = Command::new("openssl");
        command.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]);
        command.args(["-days", "2", "-subj", "/CN=stratum tests", "-addext", &names]);
        command.args(["-addext", "basicConstraints=critical,CA:FALSE"]);
        command.arg("-keyout").arg(&made.key).arg("-out").arg(&made.certificate);
        let output = command.output().expect("openssl is there: ./tools/check installs it");
        assert!(output.status.success(), "openssl: {}", String::from_utf8_lossy(&output.stderr));
        made
    }
}

/// A client that trusts one certificate and remembers its sessions.
#[derive(Clone)]
pub struct TlsClient(Arc<ClientConfig>);

/// What a handshake came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handshake {
    /// Short, because the client had been there before.
    pub resumed: bool,
    /// The protocol that was agreed on.
    pub protocol: Option<String>,
}

impl TlsClient {
    /// One that offers these protocols and speaks version 1.3, or 1.2 alone.
    ///
    /// # Panics
    /// If the certificate is none.
    #[must_use]
    pub fn new(trusted: &Certificate, protocols: &[&str], is_old: bool) -> TlsClient {
        let mut roots = RootCertStore::empty();
        let certificate = CertificateDer::from_pem_file(&trusted.certificate).expect("openssl writes PEM");
        roots.add(certificate).expect("it is a certificate");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[if is_old {
            &TLS12
        } else {
            &TLS13
        }]);
        let config = config.expect("the version is known").with_root_certificates(roots);
        let mut config = config.with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        TlsClient(Arc::new(config))
    }

    /// Connects, asking for the server of this name.
    ///
    /// # Panics
    /// If the handshake fails.
    #[must_use]
    pub fn connect(&self, address: SocketAddr, name: &str) -> (Wire, Handshake) {
        self.try_connect(address, name).expect("a handshake")
    }

    /// Connects to a server that may refuse it.
    ///
    /// # Errors
    /// What the server said, or what is wrong with it.
    pub fn try_connect(&self, address: SocketAddr, name: &str) -> std::io::Result<(Wire, Handshake)> {
        let mut stream = StreamOwned::new(self.begin(name), tcp(address));
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        let protocol = stream.conn.alpn_protocol().map(|protocol| String::from_utf8_lossy(protocol).into_owned());
        let resumed = stream.conn.handshake_kind() == Some(HandshakeKind::Resumed);
        Ok((Wire::encrypted(stream), Handshake { resumed, protocol }))
    }

    /// The first words of a handshake.
    ///
    /// # Panics
    /// If rustls has none.
    #[must_use]
    pub fn hello(&self, name: &str) -> Vec<u8> {
        let mut hello = Vec::new();
        self.begin(name).write_tls(&mut hello).expect("a vector takes every byte");
        hello
    }

    fn begin(&self, name: &str) -> ClientConnection {
        let name = ServerName::try_from(name.to_owned()).expect("it is the name of a server");
        ClientConnection::new(Arc::clone(&self.0), name).expect("there is memory for it")
    }
}
