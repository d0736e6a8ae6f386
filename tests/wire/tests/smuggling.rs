//! Requests on which two servers could disagree. Each is answered 400, the connection ends with the answer, and nothing
//! behind it is taken for a request: what would have been smuggled is not stored.

use stratum_wire::Scene;

/// Sends a request with `smuggled` behind it, and sees that only the first is answered, with 400, and nothing stored.
fn refused(scene: &Scene, form: &str, request: &[u8]) {
    let smuggled = scene.plain("PUT", "/smuggled", &[], b"hello");
    let mut wire = scene.connect();
    wire.send(&[request, smuggled.as_slice()].concat());
    let answer = wire.answer();
    assert_eq!(answer.status, 400, "{form}: {answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/xml"), "{form}");
    assert!(answer.closes(), "{form}: {answer:?}");
    assert!(wire.ends(), "{form}: something was answered behind it");
    assert_eq!(scene.stored("smuggled"), None, "{form}");
}

/// A signed PUT of five bytes whose lines about its body are these.
fn put(scene: &Scene, lines: &str) -> Vec<u8> {
    let head = format!(
        "PUT /{{bucket}}/key HTTP/1.1\r\nHost: {{host}}\r\n{lines}X-Amz-Date: {{date}}\r\n\
         X-Amz-Content-SHA256: UNSIGNED-PAYLOAD\r\nAuthorization: AWS4-HMAC-SHA256 Credential={{scope}}, \
         SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature={{signature}}\r\n\r\n"
    );
    scene.recorded(&head, b"")
}

/// Row 102: lengths that can be read in two ways.
#[test]
fn a_length_that_can_be_read_in_two_ways_ends_the_connection() {
    let scene = Scene::new();
    for lines in [
        "Content-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nContent-Length: 0\r\n",
        "Content-Length: 0\r\ncontent-length: 5\r\n",
        "Content-Length: 5, 5\r\n",
        "Content-Length: 5,0\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: -5\r\n",
        "Content-Length: 0x5\r\n",
        "Content-Length: 5 0\r\n",
        "Content-Length: 05;\r\n",
        "Content-Length:\r\n",
        "Content-Length: \"5\"\r\n",
        "Content-Length: 18446744073709551621\r\n",
        "Content-Length: 5\r\n 0\r\n",
        "Content-Length : 5\r\n",
        "Content-Length\t: 5\r\n",
        " Content-Length: 5\r\n",
        "Content-Length: 5\nX: y\r\n",
        "Content-Length: 5\rX: y\r\n",
        "Content\0-Length: 5\r\n",
        "Content-Length: 5\0\r\n",
        "Content-Length: 5\u{b}\r\n",
    ] {
        refused(&scene, lines, &[put(&scene, lines), b"hello".to_vec()].concat());
        assert_eq!(scene.stored("key"), None, "{lines:?}");
    }
}

/// Row 102: encodings that one server would read as chunks and another would not.
#[test]
fn an_encoding_that_can_be_read_in_two_ways_ends_the_connection() {
    let scene = Scene::new();
    for lines in [
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: identity, chunked\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked, chunked\r\n",
        "Transfer-Encoding: chunked,\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: \"chunked\"\r\n",
        "Transfer-Encoding: chunked;q=1\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding:\r\nContent-Length: 15\r\n",
        "Transfer-Encoding: x\r\nContent-Length: 15\r\n",
        "Transfer-Encoding : chunked\r\n",
        "Transfer-Encoding\t: chunked\r\n",
        " Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding:\r\n chunked\r\n",
        "Transfer-Encoding: chunked\u{b}\r\n",
        "Transfer-Encoding: \u{b}chunked\r\n",
        "Transfer-Encoding: chunked\0\r\n",
        "X: y\nTransfer-Encoding: chunked\r\n",
        "X: y\rTransfer-Encoding: chunked\r\n",
        "X: y\r\n\rTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: x\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: identity\r\n",
    ] {
        refused(&scene, lines, &[put(&scene, lines), b"5\r\nhello\r\n0\r\n\r\n".to_vec()].concat());
        assert_eq!(scene.stored("key"), None, "{lines:?}");
    }
    let old = put(&scene, "Transfer-Encoding: chunked\r\n");
    let old = String::from_utf8(old).expect("it is text").replace("HTTP/1.1", "HTTP/1.0");
    refused(&scene, "chunks in HTTP/1.0", &[old.into_bytes(), b"5\r\nhello\r\n0\r\n\r\n".to_vec()].concat());
}

/// Row 8: a length beside chunks is borne, but what follows is not looked at: a proxy that went by the length would
/// have let a request through that nobody checked.
#[test]
fn nothing_behind_a_length_beside_chunks_is_looked_at() {
    for lines in
        ["Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n"]
    {
        let scene = Scene::new();
        let request = put(&scene, lines);
        let smuggled = scene.plain("PUT", "/smuggled", &[], b"hello");
        let mut wire = scene.connect();
        wire.send(&[request.as_slice(), b"5\r\nhello\r\n0\r\n\r\n", &smuggled].concat());
        let answer = wire.answer();
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.closes() && wire.ends());
        assert_eq!((scene.stored("key").as_deref(), scene.stored("smuggled")), (Some(b"hello".as_slice()), None));
    }
}

/// Chunks that can be read in two ways, in a body that is otherwise fine.
#[test]
fn chunks_that_can_be_read_in_two_ways_end_the_connection() {
    let scene = Scene::new();
    for body in [
        b"5 \r\nhello\r\n0\r\n\r\n".as_slice(),
        b" 5\r\nhello\r\n0\r\n\r\n",
        b"+5\r\nhello\r\n0\r\n\r\n",
        b"-5\r\nhello\r\n0\r\n\r\n",
        b"0x5\r\nhello\r\n0\r\n\r\n",
        b"5\nhello\r\n0\r\n\r\n",
        b"5\rhello\r\n0\r\n\r\n",
        b"5;a\nb\r\nhello\r\n0\r\n\r\n",
        b"5\r\nhello\n0\r\n\r\n",
        b"5\r\nhelloX\r\n0\r\n\r\n",
        b"5\r\nhello\r\n0\n\r\n",
        b"5\r\nhello\r\n0\r\n\n",
        b"5\r\nhello0\r\n\r\n",
        b"\r\n5\r\nhello\r\n0\r\n\r\n",
        b"10000000000000005\r\nhello\r\n0\r\n\r\n",
        b"fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
        b";a\r\nhello\r\n0\r\n\r\n",
        b"\r\n\r\n0\r\n\r\n",
    ] {
        let form = String::from_utf8_lossy(body).into_owned();
        refused(&scene, &form, &[put(&scene, "Transfer-Encoding: chunked\r\n"), body.to_vec()].concat());
        assert_eq!(scene.stored("key"), None, "{form:?}");
    }
}

/// Heads that are none, or name no host, or several.
#[test]
fn heads_that_can_be_read_in_two_ways_end_the_connection() {
    let scene = Scene::new();
    let good = String::from_utf8(scene.plain("GET", "", &[], b"")).expect("it is text");
    let host = scene.host();
    let line = format!("Host: {host}\r\n");
    let changed = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        good.replacen(from, to, 1)
    };
    for request in [
        changed(&line, ""),
        changed(&line, &format!("{line}{line}")),
        changed(&line, &format!("{line}Host: other\r\n")),
        changed(&line, "Host: a, b\r\n"),
        changed(&line, "Host: user@host\r\n"),
        changed(&line, "Host: host/path\r\n"),
        changed(&line, &format!("Host : {host}\r\n")),
        changed(&line, &format!("{line} folded\r\n")),
        changed(&line, &format!("{line}nameless\r\n")),
        changed(&line, &format!("{line}: nothing\r\n")),
        changed(&line, &format!("{line}a b: c\r\n")),
        changed(" HTTP/1.1\r\n", " HTTP/1.1\n"),
        changed(" HTTP/1.1\r\n", "\r\n"),
        changed(" HTTP/1.1\r\n", " HTTP/1.1 \r\n"),
        changed(" HTTP/1.1\r\n", " HTTP/2.0\r\n"),
        changed(" HTTP/1.1\r\n", " HTTP/1.2\r\n"),
        changed(" HTTP/1.1\r\n", " http/1.1\r\n"),
        changed(" HTTP/1.1\r\n", " x HTTP/1.1\r\n"),
        changed("GET /", "GET  /"),
        changed("GET /", " GET /"),
        changed("GET /", "G\u{0}ET /"),
        changed("GET /", "GET\t/"),
        changed("GET /", "GET "),
        changed("GET /", "GET http://user@host/"),
        changed("GET /", "GET http:///"),
        changed("GET /", "\r\n\r\n\r\nGET /"),
        changed("GET /", "\nGET /"),
    ] {
        refused(&scene, &request, request.as_bytes());
    }
    // What is no HTTP at all: TLS, HTTP/2 with prior knowledge, SSH.
    for bytes in [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".as_slice(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"GET / HTTP/0.9\r\n\r\n",
        b"GET /\r\n\r\n",
    ] {
        refused(&scene, &String::from_utf8_lossy(bytes), bytes);
    }
}

/// A body that is refused and not read to its end is never taken for a request.
#[test]
fn the_body_of_a_refused_request_is_no_request() {
    let scene = Scene::new();
    let smuggled = scene.plain("PUT", "/smuggled", &[], b"hello");
    let body = [smuggled.as_slice(), &vec![b'x'; 400_000]].concat();
    // Nobody signed it; one with a wrong signature; one with chunks; one that expects to be told to go on.
    let length = body.len();
    let head = |lines: &str| format!("PUT /{{bucket}}/key HTTP/1.1\r\nHost: {{host}}\r\n{lines}\r\n");
    for lines in [
        format!("Content-Length: {length}\r\n"),
        format!("Content-Length: {length}\r\nExpect: 100-continue\r\n"),
        format!("Content-Length: {length}\r\nAuthorization: AWS4-HMAC-SHA256 x\r\n"),
    ] {
        let mut wire = scene.connect();
        wire.send(&scene.recorded(&head(&lines), b""));
        // The server may stop listening before all has gone.
        wire.try_send(&body);
        let answer = wire.answer();
        assert!(matches!(answer.status, 400 | 403) && answer.closes(), "{lines}: {answer:?}");
        assert!(wire.ends(), "{lines}");
    }
    let mut wire = scene.connect();
    wire.send(&scene.recorded(&head("Transfer-Encoding: chunked\r\n"), b""));
    wire.send(format!("{:x}\r\n", smuggled.len()).as_bytes());
    wire.send(&smuggled);
    wire.send(b"\r\n0\r\n\r\n");
    assert_eq!(wire.answer().status, 403);
    assert_eq!(scene.stored("smuggled"), None);
}

/// The same with a body that is short: the connection goes on behind it, and not in it.
#[test]
fn a_short_body_of_a_refused_request_is_passed_over() {
    let scene = Scene::new();
    let smuggled = scene.plain("PUT", "/smuggled", &[], b"hello");
    let head = format!("PUT /{{bucket}}/key HTTP/1.1\r\nHost: {{host}}\r\nContent-Length: {}\r\n\r\n", smuggled.len());
    let mut wire = scene.connect();
    let next = scene.plain("GET", "?list-type=2", &[], b"");
    wire.send(&[scene.recorded(&head, b"").as_slice(), &smuggled, &next].concat());
    let answer = wire.answer();
    assert_eq!((answer.status, answer.closes()), (403, false), "{answer:?}");
    let listing = wire.answer();
    assert_eq!((listing.status, listing.element("KeyCount").as_deref()), (200, Some("0")), "{listing:?}");
}

/// A value with a line break in it never becomes a line of an answer.
#[test]
fn nobody_writes_lines_into_answers() {
    let scene = Scene::new();
    scene.put("key", b"hello");
    let target = "/key?response-content-type=text%2Fhtml%0D%0ASet-Cookie%3A%20a%3Db";
    let answer = scene.ask("GET", target, &[], b"");
    assert_eq!(answer.outcome(), (400, "InvalidArgument".to_owned()), "{answer:?}");
    assert_eq!(answer.header("set-cookie"), None);
    // A bucket's or key's name comes back in documents only as text.
    let answer = scene.ask("GET", "/%3CKey%3E%26%0A", &[], b"");
    assert_eq!(answer.status, 404);
    assert!(answer.text().contains("<Key>&lt;Key&gt;&amp;&#10;</Key>"), "{}", answer.text());
}
