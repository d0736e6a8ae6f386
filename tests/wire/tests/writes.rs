//! Writes under conditions, deletes of one and of many, copies.

use stratum_wire::{Answer, Scene, base64, crc32, md5, md5_hex};

const HELLO: &str = "5d41402abc4b2a76b9719d911017c592";
const OTHER: &str = "00000000000000000000000000000000";

fn outcome(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

fn delete_many(scene: &Scene, document: &str) -> Answer {
    scene.ask("POST", "?delete", &[("x-amz-checksum-crc32", &crc32(document.as_bytes()))], document.as_bytes())
}

/// Row 52: an object is created once.
#[test]
fn an_object_is_created_once() {
    let scene = Scene::new();
    let create = |body: &[u8]| scene.ask("PUT", "/key", &[("If-None-Match", "*")], body);
    assert_eq!(create(b"hello").status, 200);
    let refused = create(b"hullo");
    assert_eq!(refused.outcome(), outcome(412, "PreconditionFailed"));
    assert_eq!(refused.element("Condition").as_deref(), Some("If-None-Match"));
    assert_eq!(scene.stored("key").as_deref(), Some(b"hello".as_slice()));
    assert_eq!(scene.ask("DELETE", "/key", &[], b"").status, 204);
    assert_eq!(create(b"again").status, 200, "what was deleted is absent");
}

/// Row 52: the condition is judged when the write commits: a slow upload loses against a quick one.
#[test]
fn a_slow_upload_loses_at_its_end() {
    let scene = Scene::new();
    for size in [100, 300_000] {
        let body = vec![b's'; size];
        let slow = scene.plain("PUT", "/key", &[("If-None-Match", "*")], &body);
        let mut wire = scene.connect();
        let (begin, end) = slow.split_at(slow.len() - 50);
        wire.send(begin);
        assert_eq!(scene.ask("PUT", "/key", &[("If-None-Match", "*")], b"quick").status, 200);
        wire.send(end);
        assert_eq!(wire.answer().outcome(), outcome(412, "PreconditionFailed"), "{size}");
        assert_eq!(scene.stored("key").as_deref(), Some(b"quick".as_slice()));
        assert_eq!(scene.ask("DELETE", "/key", &[], b"").status, 204);
    }
}

/// Row 52: of many who create at once one wins.
#[test]
fn of_many_who_create_at_once_one_wins() {
    let scene = Scene::new();
    for round in 0..5 {
        let mut wires: Vec<_> = (0..10).map(|_| scene.connect()).collect();
        for (number, wire) in wires.iter_mut().enumerate() {
            let body = format!("from {number}");
            wire.send(&scene.plain("PUT", &format!("/key-{round}"), &[("If-None-Match", "*")], body.as_bytes()));
        }
        let answers: Vec<u16> = wires.iter_mut().map(|wire| wire.answer().status).collect();
        assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1, "{answers:?}");
        assert!(answers.iter().all(|status| matches!(status, 200 | 409 | 412)), "{answers:?}");
        let winner = answers.iter().position(|status| *status == 200).expect("one won");
        assert_eq!(scene.stored(&format!("key-{round}")), Some(format!("from {winner}").into_bytes()));
    }
}

/// Row 53: If-Match on a write.
#[test]
fn an_object_is_replaced_if_it_is_the_one_that_was_seen() {
    let scene = Scene::new();
    for condition in [HELLO, "*"] {
        let answer = scene.ask("PUT", "/key", &[("If-Match", condition)], b"new");
        assert_eq!(answer.outcome(), outcome(404, "NoSuchKey"), "{condition}");
        assert_eq!(scene.stored("key"), None);
    }
    scene.put("key", b"hello");
    assert_eq!(scene.ask("PUT", "/key", &[("If-Match", OTHER)], b"new").outcome(), outcome(412, "PreconditionFailed"));
    assert_eq!(scene.stored("key").as_deref(), Some(b"hello".as_slice()));
    assert_eq!(scene.ask("PUT", "/key", &[("If-Match", &format!("\"{HELLO}\""))], b"new").status, 200);
    assert_eq!(scene.stored("key").as_deref(), Some(b"new".as_slice()));
    // A time is no condition of a write: it is refused, not passed over.
    let timed = scene.ask("PUT", "/key", &[("If-Unmodified-Since", "Fri, 24 May 2013 00:00:00 GMT")], b"x");
    assert_eq!(timed.outcome(), outcome(501, "NotImplemented"));
}

/// Rows 54 and 98: deletes, also of what is not there, and under conditions.
#[test]
fn a_delete_may_have_a_condition() {
    let scene = Scene::new();
    assert_eq!(scene.ask("DELETE", "/key", &[], b"").status, 204, "it was never there");
    assert_eq!(scene.ask("DELETE", "/key", &[("If-Match", HELLO)], b"").outcome(), outcome(404, "NoSuchKey"));
    scene.put("key", b"hello");
    assert_eq!(scene.ask("DELETE", "/key", &[("If-Match", OTHER)], b"").outcome(), outcome(412, "PreconditionFailed"));
    assert!(scene.stored("key").is_some());
    assert_eq!(scene.ask("DELETE", "/key", &[("If-Match", &format!("\"{HELLO}\""))], b"").status, 204);
    assert_eq!(scene.stored("key"), None);
    scene.put("key", b"hello");
    assert_eq!(scene.ask("DELETE", "/key", &[("If-Match", "*")], b"").status, 204);
    assert_eq!(scene.stored("key"), None);
}

/// Rows 54 and 98: many at once, each with what became of it.
#[test]
fn many_are_deleted_at_once() {
    let scene = Scene::new();
    for key in ["a", "b", "c"] {
        scene.put(key, b"hello");
    }
    let document = format!(
        "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Object><Key>a</Key></Object>\
         <Object><Key>b</Key><ETag>\"{OTHER}\"</ETag></Object><Object><Key>c</Key><ETag>{HELLO}</ETag></Object>\
         <Object><Key>nothing</Key></Object></Delete>"
    );
    let answer = delete_many(&scene, &document);
    assert_eq!(answer.status, 200);
    let deleted: Vec<String> = answer.elements("Deleted");
    assert_eq!(deleted, ["<Key>a</Key>", "<Key>c</Key>", "<Key>nothing</Key>"].map(str::to_owned));
    let error = answer.element("Error").expect("one failed");
    assert!(error.contains("<Key>b</Key>") && error.contains("<Code>PreconditionFailed</Code>"), "{error}");
    assert_eq!([scene.stored("a"), scene.stored("c")], [None, None]);
    assert!(scene.stored("b").is_some());
    let quiet = delete_many(&scene, "<Delete><Quiet>true</Quiet><Object><Key>b</Key></Object></Delete>");
    assert_eq!((quiet.status, quiet.elements("Deleted").len()), (200, 0));
    assert_eq!(scene.stored("b"), None);
}

/// Row 107: keys with line breaks and signs of XML, as boto3 writes them.
#[test]
fn many_keys_are_escaped_alike_on_both_ways() {
    let scene = Scene::new();
    scene.put("a%0Ab%26%3Cc", b"hello");
    let document = "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Object><Key>a&#xA;b&amp;&lt;c</Key>\
        </Object></Delete>";
    let head = "POST /{bucket}?delete HTTP/1.1\r\nHost: {host}\r\nAccept-Encoding: identity\r\n\
        User-Agent: Boto3/1.43.11 md/Botocore#1.43.11 ua/2.1 os/linux#6.18\r\nx-amz-checksum-crc32: {crc32}\r\n\
        x-amz-sdk-checksum-algorithm: CRC32\r\nX-Amz-Date: {date}\r\nX-Amz-Content-SHA256: {sha256}\r\n\
        Authorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-checksum-crc32;\
        x-amz-content-sha256;x-amz-date;x-amz-sdk-checksum-algorithm, Signature={signature}\r\n\
        amz-sdk-invocation-id: 7a93fe04-6e14-4fe0-b0c9-fd90746ee930\r\namz-sdk-request: attempt=1\r\n\
        Content-Length: {length}\r\n\r\n";
    assert_eq!(crc32(document.as_bytes()), "BnhJBw==", "what boto3 sent");
    let answer = scene.replay(head, document.as_bytes());
    assert_eq!(answer.element("Deleted").as_deref(), Some("<Key>a&#10;b&amp;&lt;c</Key>"), "{answer:?}");
    assert_eq!(scene.stored("a%0Ab%26%3Cc"), None);
}

/// Documents that are none, or not this one.
#[test]
fn a_document_that_is_none_deletes_nothing() {
    let scene = Scene::new();
    scene.put("a", b"hello");
    for document in [
        "",
        "<Delete>",
        "<Delete><Object><Key>a</Key></Object>",
        "<Delete></Delete>",
        "<Delete><Object></Object></Delete>",
        "<Remove><Object><Key>a</Key></Object></Remove>",
        "<Delete><Object><Key>a</Key></Object></Delete><Delete/>",
        "<!DOCTYPE d [<!ENTITY x \"a\">]><Delete><Object><Key>&x;</Key></Object></Delete>",
        "{\"Objects\": []}",
    ] {
        let answer = delete_many(&scene, document);
        assert_eq!(answer.status, 400, "{document}: {answer:?}");
        assert!(scene.stored("a").is_some(), "{document}");
    }
}

/// Row 67: a source in every form in which clients write it.
#[test]
fn a_source_comes_in_many_forms() {
    let scene = Scene::new();
    let bucket = scene.bucket();
    scene.put("a%20b", b"hello");
    scene.put("gr%C3%BCn%3F", b"hello");
    for source in [
        format!("{bucket}/a%20b"),
        format!("/{bucket}/a%20b"),
        format!("{bucket}/a b"),
        format!("{bucket}%2Fa%20b"),
        format!("%2F{bucket}%2Fa%20b"),
        format!("{bucket}/a%20b?versionId=null"),
        format!("{bucket}/gr%C3%BCn%3F"),
        format!("{bucket}/gr\u{fc}n%3F"),
    ] {
        let answer = scene.ask("PUT", "/copy", &[("x-amz-copy-source", &source)], b"");
        assert_eq!(answer.status, 200, "{source}: {answer:?}");
        assert_eq!(answer.element("ETag"), Some(format!("&quot;{HELLO}&quot;")), "{source}");
        assert_eq!(scene.stored("copy").as_deref(), Some(b"hello".as_slice()), "{source}");
        assert_eq!(scene.ask("DELETE", "/copy", &[], b"").status, 204);
    }
    let from = |source: String| scene.ask("PUT", "/copy", &[("x-amz-copy-source", &source)], b"").outcome();
    assert_eq!(from(format!("{bucket}/nothing")), outcome(404, "NoSuchKey"));
    assert_eq!(from("no-such-bucket-here/a".to_owned()), outcome(404, "NoSuchBucket"));
    assert_eq!(from(format!("{bucket}/a%20b?versionId=abc")), outcome(400, "InvalidArgument"));
    let elsewhere = format!("{bucket}/a%20b?versionId=yqS.2mWqOo9HDWxJPuP_5vZ3ub1cYgwX");
    assert_eq!(from(elsewhere), outcome(404, "NoSuchVersion"));
    for bad in ["Bad_Bucket/a".to_owned(), format!("{bucket}/")] {
        assert_eq!(from(bad), outcome(400, "InvalidArgument"));
    }
    assert_eq!(from(bucket.to_owned()), outcome(400, "InvalidArgument"));
    assert_eq!(scene.stored("copy"), None);
}

/// Clients that write a space as a plus sign were told that there is no such key.
#[test]
fn a_plus_sign_in_a_source_is_itself_or_else_a_space() {
    let scene = Scene::new();
    let source = format!("/{}/a+b", scene.bucket());
    let copied = || {
        let answer = scene.ask("PUT", "/copy", &[("x-amz-copy-source", &source)], b"");
        if answer.status == 200 { scene.stored("copy") } else { None }
    };
    assert_eq!(copied(), None);
    scene.put("a%20b", b"space");
    assert_eq!(copied().as_deref(), Some(b"space".as_slice()));
    scene.put("a%2Bb", b"plus");
    assert_eq!(copied().as_deref(), Some(b"plus".as_slice()));
}

/// A range of a copy and a source of what is no copy were passed over, so that all of it was copied, or nothing.
#[test]
fn what_a_copy_cannot_have_is_refused() {
    let scene = Scene::new();
    scene.put("key", b"hello");
    let source = format!("/{}/key", scene.bucket());
    let ranged = [("x-amz-copy-source", source.as_str()), ("x-amz-copy-source-range", "bytes=0-1")];
    assert_eq!(scene.ask("PUT", "/copy", &ranged, b"").outcome(), outcome(501, "NotImplemented"));
    assert_eq!(scene.stored("copy"), None);
    for method in ["GET", "DELETE"] {
        let answer = scene.ask(method, "/key", &[("x-amz-copy-source", &source)], b"");
        assert_eq!(answer.outcome(), outcome(400, "InvalidArgument"), "{method}");
    }
    assert_eq!(scene.ask("HEAD", "/key", &[("x-amz-copy-source", &source)], b"").status, 400);
    let piece = scene.ask("PUT", "/key", &[("Content-Range", "bytes 0-1/5")], b"hu");
    assert_eq!(piece.outcome(), outcome(501, "NotImplemented"));
    assert_eq!(scene.stored("key").as_deref(), Some(b"hello".as_slice()));
}

/// Row 68: a copy onto itself has to change something.
#[test]
fn a_copy_onto_itself_changes_something_or_is_refused() {
    let scene = Scene::new();
    let source = format!("/{}/key", scene.bucket());
    let first = [("x-amz-meta-colour", "blue"), ("Content-Type", "text/plain"), ("Cache-Control", "no-cache")];
    assert_eq!(scene.ask("PUT", "/key", &first, b"hello").status, 200);
    let refused = scene.ask("PUT", "/key", &[("x-amz-copy-source", &source)], b"");
    assert_eq!(refused.outcome(), outcome(400, "InvalidRequest"));
    // A class or another checksum is a change: so objects of old get one.
    for change in [("x-amz-storage-class", "STANDARD"), ("x-amz-checksum-algorithm", "SHA256")] {
        let answer = scene.ask("PUT", "/key", &[("x-amz-copy-source", source.as_str()), change], b"");
        assert_eq!(answer.status, 200, "{change:?}: {answer:?}");
    }
    let checked = scene.ask("HEAD", "/key", &[("x-amz-checksum-mode", "ENABLED")], b"");
    assert!(checked.header("x-amz-checksum-sha256").is_some(), "{checked:?}");
    assert_eq!(checked.header("x-amz-meta-colour"), Some("blue"));
    let taken = [("x-amz-copy-source", source.as_str()), ("x-amz-metadata-directive", "COPY")];
    assert_eq!(scene.ask("PUT", "/copy", &taken, b"").status, 200);
    let copy = scene.ask("HEAD", "/copy", &[], b"");
    assert_eq!((copy.header("x-amz-meta-colour"), copy.header("content-type")), (Some("blue"), Some("text/plain")));
    let replaced = [
        ("x-amz-copy-source", source.as_str()),
        ("x-amz-metadata-directive", "REPLACE"),
        ("x-amz-meta-shape", "round"),
        ("Content-Type", "text/html"),
    ];
    assert_eq!(scene.ask("PUT", "/key", &replaced, b"").status, 200);
    let key = scene.ask("GET", "/key", &[], b"");
    assert_eq!((key.text().as_str(), key.header("x-amz-meta-shape")), ("hello", Some("round")));
    assert_eq!((key.header("x-amz-meta-colour"), key.header("content-type")), (None, Some("text/html")));
    assert_eq!(key.header("cache-control"), None);
}

/// Row 68: a class that is named is a change, even if it is the one that the object has; the metadata stays.
#[test]
fn a_copy_onto_itself_may_name_the_class() {
    let scene = Scene::new();
    let source = format!("/{}/key", scene.bucket());
    assert_eq!(scene.ask("PUT", "/key", &[("x-amz-meta-colour", "blue")], b"hello").status, 200);
    let classed = [("x-amz-copy-source", source.as_str()), ("x-amz-storage-class", "STANDARD")];
    let answer = scene.ask("PUT", "/key", &classed, b"");
    assert_eq!(answer.status, 200, "{answer:?}");
    let key = scene.ask("GET", "/key", &[], b"");
    assert_eq!((key.text().as_str(), key.header("x-amz-meta-colour")), ("hello", Some("blue")));
}

/// Conditions on the source of a copy.
#[test]
fn a_copy_may_have_conditions_on_its_source() {
    let scene = Scene::new();
    scene.put("key", b"hello");
    let source = format!("/{}/key", scene.bucket());
    for (name, value, status) in [
        ("x-amz-copy-source-if-match", HELLO, 200),
        ("x-amz-copy-source-if-match", OTHER, 412),
        ("x-amz-copy-source-if-none-match", HELLO, 412),
        ("x-amz-copy-source-if-none-match", OTHER, 200),
        ("x-amz-copy-source-if-modified-since", "Fri, 24 May 2013 00:00:00 GMT", 200),
        ("x-amz-copy-source-if-modified-since", "Fri, 24 May 2086 00:00:00 GMT", 200),
        ("x-amz-copy-source-if-unmodified-since", "Fri, 24 May 2013 00:00:00 GMT", 412),
        ("If-None-Match", "*", 412),
    ] {
        scene.put("copy", b"before");
        let answer = scene.ask("PUT", "/copy", &[("x-amz-copy-source", &source), (name, value)], b"");
        assert_eq!(answer.status, status, "{name}: {answer:?}");
        if status == 412 {
            let named = answer.element("Condition").expect("the document names it");
            assert!(named.eq_ignore_ascii_case(name), "{named}");
        }
        let after = if status == 200 { b"hello".as_slice() } else { b"before" };
        assert_eq!(scene.stored("copy").as_deref(), Some(after), "{name}");
    }
}

/// A large copy is the same bytes, with a checksum of its own.
#[test]
fn a_large_object_is_copied() {
    let scene = Scene::new();
    let body: Vec<u8> = (0..2_500_000_u32).map(|at| at.wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect();
    scene.put("key", &body);
    let source = format!("/{}/key", scene.bucket());
    let answer = scene.ask("PUT", "/copy", &[("x-amz-copy-source", &source)], b"");
    assert_eq!(answer.element("ETag"), Some(format!("&quot;{}&quot;", md5_hex(&body))), "{answer:?}");
    assert!(scene.stored("copy").is_some_and(|copy| copy == body));
    let proof = base64(&md5(&body));
    assert_eq!(scene.ask("PUT", "/key", &[("Content-MD5", &proof)], &body).status, 200);
}
