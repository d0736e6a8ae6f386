//! Row 104: the same over TLS. Protocols, sessions, names, bodies, and clients that do not keep to it.

use std::net::SocketAddr;

use stratum_wire::{Certificate, Handshake, Recorded, Scene, Server, TlsClient, Wire, md5_hex};

const DOMAIN: &str = "s3.example.com";

/// boto3 over TLS: chunks within chunks, nobody signs them, a checksum behind them.
const BOTO3_TRAILER: &str = "PUT /{bucket}/key HTTP/1.1\r\n\
    Host: {host}\r\n\
    Accept-Encoding: identity\r\n\
    User-Agent: Boto3/1.43.11 md/Botocore#1.43.11 ua/2.1 os/linux\r\n\
    Transfer-Encoding: chunked\r\n\
    Content-Encoding: aws-chunked\r\n\
    X-Amz-Trailer: x-amz-checksum-crc32\r\n\
    X-Amz-Decoded-Content-Length: 5\r\n\
    x-amz-sdk-checksum-algorithm: CRC32\r\n\
    X-Amz-Date: {date}\r\n\
    X-Amz-Content-SHA256: STREAMING-UNSIGNED-PAYLOAD-TRAILER\r\n\
    Authorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=content-encoding;host;x-amz-content-sha256;\
    x-amz-date;x-amz-decoded-content-length;x-amz-sdk-checksum-algorithm;x-amz-trailer, Signature={signature}\r\n\
    amz-sdk-invocation-id: 82077af7-1760-4e84-b18c-41232ecba476\r\n\
    amz-sdk-request: attempt=1\r\n\
    \r\n";
const BOTO3_BODY: &str = "2e\r\n5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n\r\n0\r\n\r\n";

/// A PUT whose body nobody signed, which TLS protects.
const UNSIGNED: &str = "PUT /{bucket}/key HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n\
    X-Amz-Date: {date}\r\nX-Amz-Content-SHA256: UNSIGNED-PAYLOAD\r\nAuthorization: AWS4-HMAC-SHA256 \
    Credential={scope}, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature={signature}\r\n\r\n";

/// A server that speaks TLS, and what a client needs to believe it.
struct Secure {
    server: Server,
    certificate: Certificate,
    _directory: tempfile::TempDir,
}

impl Secure {
    fn start() -> Secure {
        let directory = tempfile::tempdir().expect("a folder can be made");
        let certificate = Certificate::make(directory.path(), DOMAIN);
        let path = |file: &std::path::Path| file.to_str().expect("the folder's name is text").to_owned();
        let (chain, key) = (path(&certificate.certificate), path(&certificate.key));
        let options = ["--domain", DOMAIN, "--tls-cert", &chain, "--tls-key", &key];
        let server = Server::start(&directory.path().join("store"), &options);
        Secure { server, certificate, _directory: directory }
    }

    fn client(&self) -> TlsClient {
        TlsClient::new(&self.certificate, &["http/1.1"], false)
    }

    fn address(&self) -> SocketAddr {
        self.server.address()
    }
}

fn is_alive(wire: &mut Wire) -> bool {
    wire.send(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n");
    wire.answer().status == 200
}

/// Rows 1 and 10: bodies that are not signed because TLS protects them, small and large, and one that is.
#[test]
fn bodies_are_stored_over_tls() {
    let secure = Secure::start();
    for is_old in [false, true] {
        let scene = Scene::over_tls(&secure.server, &TlsClient::new(&secure.certificate, &["http/1.1"], is_old));
        let answer = scene.replay(BOTO3_TRAILER, BOTO3_BODY.as_bytes());
        assert_eq!((answer.status, answer.header("x-amz-checksum-crc32")), (200, Some("NhCmhg==")), "{answer:?}");
        assert_eq!(scene.stored("key").as_deref(), Some(b"hello".as_slice()));
        let wrong = BOTO3_BODY.replace("hello", "hullo");
        let answer = scene.replay(BOTO3_TRAILER, wrong.as_bytes());
        assert_eq!(answer.outcome(), (400, "BadDigest".to_owned()), "{answer:?}");
        for size in [0, 5, 20_000, 3_000_000] {
            let body: Vec<u8> = (0..size).map(|at: u32| at.wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect();
            let answer = scene.replay(UNSIGNED, &body);
            assert_eq!((answer.status, answer.etag()), (200, md5_hex(&body).as_str()), "{size}");
            assert!(scene.stored("key").is_some_and(|stored| stored == body), "{size}");
            assert_eq!(scene.ask("PUT", "/key", &[], &body).status, 200, "signed: {size}");
        }
    }
    secure.server.stop();
}

/// Many requests on one connection, some of them pipelined, and a record for every few bytes.
#[test]
fn a_connection_over_tls_carries_many_requests() {
    let secure = Secure::start();
    let scene = Scene::over_tls(&secure.server, &secure.client());
    let mut wire = scene.connect();
    let mut all = Vec::new();
    for number in 0..10 {
        all.extend(scene.plain("PUT", "/key", &[], format!("body {number}").as_bytes()));
        all.extend(scene.plain("GET", "/key", &[], b""));
    }
    for piece in all.chunks(100) {
        wire.send(piece);
    }
    for number in 0..10 {
        assert_eq!(wire.answer().status, 200);
        assert_eq!(wire.answer().text(), format!("body {number}"));
    }
    wire.end_sending();
    assert!(wire.ends(), "whoever says farewell is left");
    secure.server.stop();
}

/// Row 104: HTTP/1.1 is agreed on with whoever offers it, and nothing with whoever offers no protocol. Whoever speaks
/// only others is told so in the handshake.
#[test]
fn http_1_1_is_agreed_on() {
    let secure = Secure::start();
    for (offered, agreed) in
        [(vec!["h2", "http/1.1"], Some("http/1.1")), (vec!["http/1.1"], Some("http/1.1")), (vec![], None)]
    {
        for is_old in [false, true] {
            let client = TlsClient::new(&secure.certificate, &offered, is_old);
            let (mut wire, handshake) = client.connect(secure.address(), "localhost");
            assert_eq!(handshake.protocol.as_deref(), agreed, "{offered:?}");
            assert!(is_alive(&mut wire), "{offered:?}");
        }
    }
    let other = TlsClient::new(&secure.certificate, &["h2"], false);
    let why = other.try_connect(secure.address(), "localhost").map(|(_, handshake)| handshake);
    assert!(why.is_err_and(|why| why.to_string().contains("NoApplicationProtocol")));
    secure.server.stop();
}

/// Row 104: a client that was there before need not prove anything again.
#[test]
fn a_session_is_resumed() {
    let secure = Secure::start();
    for is_old in [false, true] {
        let client = TlsClient::new(&secure.certificate, &["http/1.1"], is_old);
        for round in 0..3 {
            let (mut wire, handshake) = client.connect(secure.address(), "localhost");
            let expected = Handshake { resumed: round > 0, protocol: Some("http/1.1".to_owned()) };
            assert_eq!(handshake, expected, "round {round}, old: {is_old}");
            assert!(is_alive(&mut wire));
        }
    }
    secure.server.stop();
}

/// Row 104: a bucket's name before the domain, in the handshake and in the host; the certificate's wildcard covers it.
#[test]
fn a_bucket_is_named_in_the_handshake() {
    let secure = Secure::start();
    let client = secure.client();
    let scene = Scene::over_tls(&secure.server, &client);
    scene.put("a/key", b"hello");
    let name = format!("{}.{DOMAIN}", scene.bucket());
    let host = format!("{name}:{}", secure.address().port());
    let head = UNSIGNED.replace("PUT /{bucket}/key", "GET /a/key").replace("Content-Length: {length}\r\n", "");
    let place = stratum_wire::Place { host, ..scene.place() };
    let (mut wire, _) = client.connect(secure.address(), &name);
    wire.send(&Recorded::new(&head).fill(&place, b"").0);
    assert_eq!(wire.answer().text(), "hello");
    // The host decides, whatever name the handshake had: a client may reuse a connection for another bucket.
    wire.send(&scene.plain("GET", "/a/key", &[], b""));
    assert_eq!(wire.answer().text(), "hello");
    let elsewhere = client.try_connect(secure.address(), "elsewhere.example.org").map(|(_, handshake)| handshake);
    assert!(elsewhere.is_err(), "the certificate is not of that name, and the client sees it");
    secure.server.stop();
}

/// A client that speaks HTTP, or anything, where TLS is spoken: it is let go at once, and harms nobody.
#[test]
fn what_is_no_handshake_is_let_go() {
    let secure = Secure::start();
    let noise = b"\x16\x03\x01\xff\xff\x01\x00";
    let lines: [&[u8]; 3] = [b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n", b"\x80\x2e\x01\x00\x02 and so on", noise];
    for words in lines {
        let mut wire = Wire::connect(secure.address());
        wire.try_send(words);
        if words == noise {
            // It announces a record that never comes.
            wire.end_sending();
        }
        let said = wire.torn_body(100);
        assert!(said.is_empty() || said.first() == Some(&0x15), "an alert or nothing, but no HTTP: {said:?}");
        assert!(is_alive(&mut secure.client().connect(secure.address(), "localhost").0));
    }
    secure.server.stop();
}

/// A client that goes away in the middle of its handshake, before and after the server has said its part, and one that
/// sends its first words byte by byte and then does nothing.
#[test]
fn clients_that_leave_in_their_handshake_harm_nobody() {
    let secure = Secure::start();
    let client = secure.client();
    let hello = client.hello("localhost");
    let mut slow = Wire::connect(secure.address());
    for byte in &hello {
        slow.send(std::slice::from_ref(byte));
    }
    assert!(slow.sip(5).is_ok_and(|bytes| bytes > 0), "the server has said its part");
    for round in 0..20 {
        let mut wire = Wire::connect(secure.address());
        wire.send(hello.get(..hello.len() * (round + 1) / 20).unwrap_or_default());
        if round == 19 {
            assert!(wire.sip(5).is_ok_and(|bytes| bytes > 0));
        }
        if round % 2 == 0 {
            wire.end_sending();
            wire.torn_body(64 * 1024);
        }
        drop(wire);
    }
    assert!(is_alive(&mut client.connect(secure.address(), "localhost").0));
    // The server ends although the slow one is still there.
    secure.server.stop();
    drop(slow);
}
