//! Connections: what follows on what, who waits for whom, and when they end.
#![expect(clippy::disallowed_methods, reason = "a test of the real world, outside of the seam")]

use std::time::{Duration, Instant};

use stratum_wire::{Scene, Wire};

/// Long enough for an answer that should not come, short enough for a test.
const A_MOMENT: Duration = Duration::from_millis(150);

const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// Head and body of a PUT with this line more, and what `Expect` does.
fn put_with(scene: &Scene, key: &str, line: &str, body: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let request = scene.plain("PUT", &format!("/{key}"), &[], body);
    let head = request.get(..request.len() - body.len() - 2).expect("it ends with an empty line and the body");
    ([head, line.as_bytes(), b"\r\n"].concat(), body.to_vec())
}

/// Row 100: request after request on one connection, with everything that can end an answer.
#[test]
fn a_connection_carries_many_requests() {
    let scene = Scene::new();
    let mut wire = scene.connect();
    for round in 0..20 {
        let body = vec![b'x'; round * 10_000];
        wire.send(&scene.plain("PUT", "/key", &[], &body));
        assert_eq!(wire.answer().status, 200);
        wire.send(&scene.plain("GET", "/key", &[], b""));
        assert_eq!(wire.answer().body, body);
        wire.send(&scene.plain("HEAD", "/key", &[], b""));
        assert_eq!(wire.answer_without_body().header("content-length"), Some(body.len().to_string().as_str()));
        wire.send(&scene.plain("GET", "/key", &[("If-None-Match", "*")], b""));
        assert_eq!(wire.answer().status, 304);
        wire.send(&scene.plain("GET", "/other", &[], b""));
        assert_eq!(wire.answer().status, 404);
        wire.send(&scene.plain("HEAD", "/other", &[], b""));
        assert_eq!(wire.answer_without_body().status, 404);
        wire.send(&scene.plain("DELETE", "/key", &[], b""));
        let answer = wire.answer();
        assert_eq!((answer.status, answer.closes()), (204, false));
    }
}

/// Row 101: requests that come all at once are answered one by one, in order.
#[test]
fn pipelined_requests_are_answered_in_order() {
    let scene = Scene::new();
    let mut all = Vec::new();
    for number in 0..50 {
        let body = format!("body {number}");
        all.extend(scene.plain("PUT", &format!("/key-{number}"), &[], body.as_bytes()));
        all.extend(scene.plain("GET", &format!("/key-{number}"), &[], b""));
        if number % 7 == 0 {
            all.extend(scene.plain("GET", "/nothing", &[], b""));
            all.extend_from_slice(b"\r\n");
        }
    }
    let mut wire = scene.connect();
    wire.send(&all);
    for number in 0..50 {
        assert_eq!(wire.answer().status, 200, "{number}");
        assert_eq!(wire.answer().text(), format!("body {number}"));
        if number % 7 == 0 {
            assert_eq!(wire.answer().status, 404);
        }
    }
    assert!(wire.is_silent(A_MOMENT), "the connection stays");
}

/// Row 102: whoever says `close` is answered, told so, and left.
#[test]
fn a_client_that_wants_to_close_is_left() {
    let scene = Scene::new();
    scene.put("key", b"hello");
    for word in ["close", "Close", "TE, close", "keep-alive, close"] {
        let mut wire = scene.connect();
        let get = scene.plain("GET", "/key", &[("Connection", word)], b"");
        wire.send(&[get.as_slice(), &scene.plain("DELETE", "/key", &[], b"")].concat());
        let answer = wire.answer();
        assert_eq!((answer.text().as_str(), answer.closes()), ("hello", true), "{word}");
        assert!(wire.ends(), "{word}: what follows is not looked at");
    }
    assert!(scene.stored("key").is_some());
}

/// Row 102: HTTP/1.0 ends unless asked to stay, and is never sent chunks.
#[test]
fn a_client_of_http_1_0_is_served() {
    let scene = Scene::new();
    scene.put("key", b"hello");
    let old =
        |bytes: Vec<u8>| String::from_utf8(bytes).expect("it is text").replace(" HTTP/1.1", " HTTP/1.0").into_bytes();
    let mut wire = scene.connect();
    wire.send(&old(scene.plain("GET", "/key", &[], b"")));
    let answer = wire.answer();
    assert_eq!((answer.text().as_str(), answer.closes()), ("hello", true));
    assert!(wire.ends_well());
    let mut wire = scene.connect();
    for _ in 0..3 {
        wire.send(&old(scene.plain("GET", "/key", &[("Connection", "Keep-Alive")], b"")));
        let answer = wire.answer();
        assert_eq!((answer.text().as_str(), answer.header("connection")), ("hello", Some("keep-alive")));
    }
    // Without a host, as the oldest probes send it.
    let mut wire = scene.connect();
    wire.send(b"GET /health/ready HTTP/1.0\r\n\r\n");
    assert_eq!(wire.answer().status, 200);
    assert!(wire.ends_well());
}

/// Row 102: a target with the host in it, names in any case, a host with its port.
#[test]
fn an_absolute_target_is_served() {
    let scene = Scene::new();
    scene.put("key", b"hello");
    let head = "GET http://{host}/{bucket}/key HTTP/1.1\r\nhOST: {host}\r\nx-AMZ-DATE: {date}\r\n\
        X-AMZ-CONTENT-SHA256: UNSIGNED-PAYLOAD\r\nauthORIZATION: AWS4-HMAC-SHA256 Credential={scope}, \
        SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature={signature}\r\n\r\n";
    let (bytes, _) = stratum_wire::Recorded::new(head).signing_path("/{bucket}/key").fill(&scene.place(), b"");
    assert_eq!(scene.exchange(&bytes).text(), "hello");
}

/// A client that has said all and only listens is answered, then left.
#[test]
fn a_client_that_sends_no_more_is_answered() {
    let scene = Scene::new();
    let mut wire = scene.connect();
    wire.send(&[scene.plain("PUT", "/key", &[], b"hello"), scene.plain("GET", "/key", &[], b"")].concat());
    wire.end_sending();
    assert_eq!(wire.answer().status, 200);
    assert_eq!(wire.answer().text(), "hello");
    assert!(wire.ends_well());
    // Half a head is no request, and nobody is there to be told.
    let mut wire = scene.connect();
    wire.send(b"GET /bucket HTT");
    wire.end_sending();
    assert!(wire.ends_well());
}

/// Row 19: `100 Continue` leaves once the request is welcome, and the body is not needed for it.
#[test]
fn a_client_that_waits_is_told_to_go_on() {
    let scene = Scene::new();
    for size in [5, 300_000] {
        let (head, body) = put_with(&scene, "key", "Expect: 100-continue\r\n", &vec![b'x'; size]);
        let mut wire = scene.connect();
        wire.send(&head);
        wire.expect(CONTINUE);
        assert!(wire.is_silent(A_MOMENT));
        wire.send(&body);
        assert_eq!(wire.answer().status, 200);
        wire.send(&scene.plain("GET", "/key", &[], b""));
        assert_eq!(wire.answer().body, body);
    }
}

/// Row 19: whoever is refused gets the error instead, and need not send the body.
#[test]
fn a_client_that_waits_is_refused_before_its_body() {
    let scene = Scene::new();
    let (head, _) = put_with(&scene, "key", "Expect: 100-continue\r\n", b"hello");
    let head = String::from_utf8(head).expect("it is text");
    for (from, to, status) in [
        ("Signature=", "Signature=0", 403),
        ("/key ", "/other ", 403),
        ("Content-Length: 5\r\n", "Content-Length: 5368709121\r\n", 400),
        ("Content-Length: 5\r\n", "Content-Length: 5\r\nContent-MD5: x\r\n", 400),
        (scene.bucket(), "no-such-bucket-here", 403),
    ] {
        let mut wire = scene.connect();
        wire.send(head.replace(from, to).as_bytes());
        let answer = wire.answer();
        assert_eq!((answer.status, answer.closes()), (status, true), "{to}: {answer:?}");
        assert!(wire.ends(), "{to}");
    }
    let elsewhere = scene.plain_at("PUT /no-such-bucket-here/key", &[("Expect", "100-continue")], b"hello");
    let mut wire = scene.connect();
    wire.send(elsewhere.get(..elsewhere.len() - 5).expect("the body is cut off"));
    assert_eq!(wire.answer().outcome(), (404, "NoSuchBucket".to_owned()));
}

/// Row 20: a client that expects and does not wait is not told to go on, at least not in the middle of its answer.
#[test]
fn a_client_that_does_not_wait_is_served_at_once() {
    let scene = Scene::new();
    let (head, body) = put_with(&scene, "key", "Expect: 100-continue\r\n", b"hello");
    let mut wire = scene.connect();
    wire.send(&[head, body].concat());
    assert_eq!(wire.answer().status, 200, "no 100 before it");
    wire.send(&scene.plain("GET", "/key", &[], b""));
    assert_eq!(wire.answer().text(), "hello");
    // The error of one that does not wait: its body is no request, so the connection may go on or end, but not go
    // wrong.
    let (head, body) = put_with(&scene, "key", "Expect: 100-continue\r\nContent-MD5: x\r\n", b"hello");
    let mut wire = scene.connect();
    wire.send(&[head, body].concat());
    assert_eq!(wire.answer().outcome(), (400, "InvalidDigest".to_owned()));
}

/// Row 19: an expectation without a body, in HTTP/1.0, or of something else.
#[test]
fn other_expectations_are_passed_over() {
    let scene = Scene::new();
    scene.put("key", b"hello");
    assert_eq!(scene.ask("GET", "/key", &[("Expect", "100-continue")], b"").text(), "hello");
    let (head, _) = put_with(&scene, "empty", "Expect: 100-continue\r\n", b"");
    assert_eq!(scene.exchange(&head).status, 200);
    let (head, body) = put_with(&scene, "key", "Expect: a-miracle\r\n", b"hello");
    let answer = scene.exchange(&[head, body].concat());
    assert!(matches!(answer.status, 200 | 417), "{answer:?}");
}

/// Row 21: an error while ten MiB are being sent: the client can read it although it has not stopped sending.
#[test]
fn an_error_reaches_a_client_that_is_still_sending() {
    let scene = Scene::new();
    let size = 10 * 1024 * 1024;
    let lines = |rest: &str| format!("PUT /{{bucket}}/key HTTP/1.1\r\nHost: {{host}}\r\n{rest}\r\n");
    let heads = [
        (format!("Content-Length: {size}\r\n"), 403),
        (format!("Content-Length: {size}\r\nContent-Length: {size}\r\n"), 400),
        (format!("Content-Length: {size}\r\nAuthorization: AWS4-HMAC-SHA256 x\r\n"), 400),
    ];
    for (rest, status) in heads {
        let mut wire = scene.connect();
        wire.send(&scene.recorded(&lines(&rest), b""));
        let piece = vec![b'x'; 64 * 1024];
        let mut sent = 0;
        while sent < size && wire.try_send(&piece) {
            sent += piece.len();
        }
        assert_eq!(sent, size, "the server takes and drops what was announced");
        let answer = wire.answer();
        assert_eq!((answer.status, answer.closes()), (status, true), "{rest}");
        assert!(answer.text().ends_with("</Error>"), "{rest}");
        assert!(wire.ends(), "{rest}");
    }
}

/// Row 21: the same where the fault shows only in the body: its first chunk is not signed well.
#[test]
fn an_error_within_the_body_reaches_a_client_that_is_still_sending() {
    let scene = Scene::new();
    let size = 10 * 1024 * 1024;
    let head = format!(
        "PUT /{{bucket}}/key HTTP/1.1\r\nHost: {{host}}\r\nContent-Length: {}\r\n\
         X-Amz-Decoded-Content-Length: {size}\r\n\
         Content-Encoding: aws-chunked\r\nX-Amz-Content-Sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD\r\n\
         X-Amz-Date: {{date}}\r\nAuthorization: AWS4-HMAC-SHA256 Credential={{scope}},SignedHeaders=content-encoding;\
         host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length,Signature={{signature}}\r\n\r\n",
        size + 2000
    );
    let mut wire = scene.connect();
    wire.send(&scene.recorded(&head, b""));
    wire.send(format!("10000;chunk-signature={}\r\n", "0".repeat(64)).as_bytes());
    let piece = vec![b'x'; 65_536];
    let mut sent = 0;
    while sent < size && wire.try_send(&piece) {
        if sent == 0 {
            wire.send(b"\r\n");
        }
        sent += piece.len();
    }
    let answer = wire.answer();
    assert_eq!(answer.outcome(), (403, "SignatureDoesNotMatch".to_owned()));
    assert!(answer.closes() && wire.ends());
    assert_eq!(scene.stored("key"), None);
}

/// Row 21: after a small refused body the connection goes on.
#[test]
fn a_connection_outlives_an_error_with_a_small_body() {
    let scene = Scene::new();
    let mut wire = scene.connect();
    for size in [0, 1, 1000, 100_000] {
        let body = vec![b'x'; size];
        wire.send(&scene.plain("PUT", "/key", &[("Content-MD5", "x")], &body));
        let answer = wire.answer();
        assert_eq!((answer.status, answer.closes()), (400, false), "{size}");
        wire.send(&scene.plain_at("PUT /no-such-bucket-here/key", &[], &body));
        assert_eq!(wire.answer().outcome(), (404, "NoSuchBucket".to_owned()));
    }
    wire.send(&scene.plain("PUT", "/key", &[], b"hello"));
    assert_eq!(wire.answer().status, 200);
}

/// Row 105: a hundred connections at once, each with its own request.
#[test]
fn many_connections_are_served_at_once() {
    let scene = Scene::new();
    let mut wires: Vec<Wire> = (0..100).map(|_| scene.connect()).collect();
    for (number, wire) in wires.iter_mut().enumerate() {
        wire.send(&scene.plain("PUT", &format!("/key-{number}"), &[], format!("body {number}").as_bytes()));
    }
    for wire in &mut wires {
        assert_eq!(wire.answer().status, 200);
    }
    for (number, wire) in wires.iter_mut().enumerate().rev() {
        wire.send(&scene.plain("GET", &format!("/key-{number}"), &[], b""));
        assert_eq!(wire.answer().text(), format!("body {number}"));
    }
}

/// Clients that go away in the middle of everything harm nobody.
#[test]
fn clients_that_go_away_harm_nobody() {
    let scene = Scene::new();
    let large = vec![b'x'; 3 * 1024 * 1024];
    scene.put("large", &large);
    for round in 0..20 {
        let mut wire = scene.connect();
        let request = scene.plain("PUT", "/gone", &[], &large);
        wire.send(request.get(..round * 1000).unwrap_or_default());
        drop(wire);
        // One that leaves while three MiB are on their way to it.
        let mut wire = scene.connect();
        wire.send(&scene.plain("GET", "/large", &[], b""));
        assert_eq!(wire.answer_without_body().status, 200);
        drop(wire);
    }
    assert_eq!(scene.stored("gone"), None);
    assert_eq!(scene.stored("large").map(|body| body.len()), Some(large.len()));
}

/// An answer is not held back until the client's acknowledgement comes: many small requests are quick.
#[test]
fn small_answers_do_not_wait_for_acknowledgements() {
    let scene = Scene::new();
    scene.put("key", b"hello");
    let mut wire = scene.connect();
    let began = Instant::now();
    for _ in 0..100 {
        wire.send(&scene.plain("GET", "/key", &[], b""));
        assert_eq!(wire.answer().status, 200);
    }
    // With delayed acknowledgements each would take 40 ms.
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}
