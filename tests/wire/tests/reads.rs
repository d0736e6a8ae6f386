//! Reads: conditions, ranges, parts, and what stands in the heads of answers.

use stratum_wire::{Answer, Scene, md5_hex};

const HELLO: &str = "5d41402abc4b2a76b9719d911017c592";
const OTHER: &str = "00000000000000000000000000000000";

/// A date before every object of these tests, and one after them.
const BEFORE: &str = "Fri, 24 May 2013 00:00:00 GMT";
const AFTER: &str = "Fri, 24 May 2086 00:00:00 GMT";

fn scene_with_hello() -> Scene {
    let scene = Scene::new();
    let headers = [("Cache-Control", "max-age=60"), ("Expires", AFTER), ("Content-Type", "text/plain")];
    assert_eq!(scene.ask("PUT", "/key", &headers, b"hello").status, 200);
    scene
}

fn range(scene: &Scene, key: &str, value: &str) -> Answer {
    scene.ask("GET", &format!("/{key}"), &[("Range", value)], b"")
}

/// Row 48: which condition counts when there are two.
#[test]
fn entity_tags_say_more_than_times() {
    let scene = scene_with_hello();
    let (same, other) = (format!("\"{HELLO}\""), format!("\"{OTHER}\""));
    let rows: [(&[(&str, &str)], u16); 12] = [
        (&[("If-Match", &same)], 200),
        (&[("If-Match", &other)], 412),
        (&[("If-None-Match", &same)], 304),
        (&[("If-None-Match", &other)], 200),
        (&[("If-Modified-Since", BEFORE)], 200),
        (&[("If-Modified-Since", AFTER)], 200),
        (&[("If-Unmodified-Since", AFTER)], 200),
        (&[("If-Unmodified-Since", BEFORE)], 412),
        (&[("If-Match", &same), ("If-Unmodified-Since", BEFORE)], 200),
        (&[("If-None-Match", &same), ("If-Modified-Since", BEFORE)], 304),
        (&[("If-None-Match", &other), ("If-Modified-Since", AFTER)], 200),
        (&[("If-Match", &other), ("If-Unmodified-Since", AFTER)], 412),
    ];
    for (conditions, status) in rows {
        for method in ["GET", "HEAD"] {
            assert_eq!(scene.ask(method, "/key", conditions, b"").status, status, "{method} {conditions:?}");
        }
    }
}

/// Rows 49 and 61: what stands in a 304 and in a 412, and what does not.
#[test]
fn a_failed_condition_has_the_right_head() {
    let scene = scene_with_hello();
    for method in ["GET", "HEAD"] {
        let mut wire = scene.connect();
        wire.send(&scene.plain(method, "/key", &[("If-None-Match", "*")], b""));
        let answer = wire.answer_without_body();
        assert_eq!(answer.status, 304);
        assert_eq!(answer.etag(), HELLO);
        assert_eq!(answer.header("cache-control"), Some("max-age=60"));
        assert_eq!(answer.header("expires"), Some(AFTER));
        assert!(answer.header("last-modified").is_some());
        assert!(answer.header("content-length").is_none() && answer.header("content-type").is_none(), "{answer:?}");
        // Nothing follows it: the next answer begins at once.
        wire.send(&scene.plain("GET", "/key", &[("If-Match", OTHER)], b""));
        let answer = wire.answer();
        assert_eq!(answer.outcome(), (412, "PreconditionFailed".to_owned()));
        assert_eq!(answer.element("Condition").as_deref(), Some("If-Match"));
        wire.send(&scene.plain("HEAD", "/key", &[("If-Match", OTHER)], b""));
        let answer = wire.answer_without_body();
        assert_eq!((answer.status, answer.header("content-length")), (412, None));
        wire.send(&scene.plain("HEAD", "/nothing", &[], b""));
        let answer = wire.answer_without_body();
        assert_eq!((answer.status, answer.header("content-length")), (404, None));
        wire.send(&scene.plain("GET", "/key", &[], b""));
        assert_eq!(wire.answer().text(), "hello");
    }
}

/// Row 49: the document of a failed condition says which it was.
#[test]
fn the_document_names_the_condition() {
    let scene = scene_with_hello();
    let answer = scene.ask("GET", "/key", &[("If-Unmodified-Since", BEFORE)], b"");
    assert_eq!(answer.element("Condition").as_deref(), Some("If-Unmodified-Since"));
}

/// Row 50: entity tags quoted, bare, weak, in lists.
#[test]
fn entity_tags_come_in_many_forms() {
    let scene = scene_with_hello();
    assert_eq!(scene.ask("HEAD", "/key", &[], b"").header("etag"), Some(format!("\"{HELLO}\"").as_str()));
    let forms = [
        HELLO.to_owned(),
        format!("\"{HELLO}\""),
        format!("W/\"{HELLO}\""),
        format!("\"{OTHER}\", \"{HELLO}\""),
        format!("{OTHER},{HELLO}"),
        "*".to_owned(),
    ];
    for form in forms {
        assert_eq!(scene.ask("GET", "/key", &[("If-Match", &form)], b"").status, 200, "{form}");
        assert_eq!(scene.ask("GET", "/key", &[("If-None-Match", &form)], b"").status, 304, "{form}");
    }
    let listing = scene.ask("GET", "?list-type=2", &[], b"");
    assert_eq!(listing.element("ETag"), Some(format!("&quot;{HELLO}&quot;")), "{listing:?}");
}

/// Row 51: a time that was shown is a time that holds, at whole seconds.
#[test]
fn a_time_that_was_shown_holds() {
    let scene = scene_with_hello();
    let shown = scene.ask("HEAD", "/key", &[], b"").header("last-modified").expect("it is shown").to_owned();
    assert!(shown.ends_with(" GMT") && shown.len() == BEFORE.len(), "{shown}");
    assert_eq!(scene.ask("GET", "/key", &[("If-Modified-Since", &shown)], b"").status, 304);
    assert_eq!(scene.ask("GET", "/key", &[("If-Unmodified-Since", &shown)], b"").status, 200);
    let listed = scene.ask("GET", "?list-type=2", &[], b"").element("LastModified").expect("it is listed");
    assert!(listed.len() == "2026-11-21T08:00:00.000Z".len() && listed.ends_with(".000Z"), "{listed}");
    // It is the same time in both.
    let words: Vec<&str> = shown.split(' ').collect();
    let [_, day, month, year, clock, _] = words[..] else { panic!("no date: {shown}") };
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = months.iter().position(|name| *name == month).map_or(0, |at| at + 1);
    assert_eq!(listed, format!("{year}-{month:02}-{day}T{clock}.000Z"));
}

/// Rows 55 and 56: ranges of all forms.
#[test]
fn ranges_are_clamped_refused_or_passed_over() {
    let scene = scene_with_hello();
    let partial = [
        ("bytes=0-1", "he", "bytes 0-1/5"),
        ("bytes=3-", "lo", "bytes 3-4/5"),
        ("bytes=-2", "lo", "bytes 3-4/5"),
        ("bytes=1-100", "ello", "bytes 1-4/5"),
        ("bytes=-100", "hello", "bytes 0-4/5"),
        ("bytes=0-", "hello", "bytes 0-4/5"),
        ("bytes=4-4", "o", "bytes 4-4/5"),
    ];
    for (value, body, content_range) in partial {
        let answer = range(&scene, "key", value);
        assert_eq!((answer.status, answer.text().as_str()), (206, body), "{value}");
        assert_eq!(answer.header("content-range"), Some(content_range), "{value}");
        assert_eq!(answer.header("accept-ranges"), Some("bytes"));
        let head = scene.ask("HEAD", "/key", &[("Range", value)], b"");
        assert_eq!(head.header("content-length"), Some(body.len().to_string().as_str()), "{value}");
    }
    for value in ["bytes=5-", "bytes=5-9", "bytes=-0", "bytes=99999999999999999-"] {
        let answer = range(&scene, "key", value);
        assert_eq!(answer.outcome(), (416, "InvalidRange".to_owned()), "{value}");
        assert_eq!(answer.header("content-range"), Some("bytes */5"));
        assert_eq!(answer.element("ActualObjectSize").as_deref(), Some("5"));
        assert_eq!(answer.element("RangeRequested").as_deref(), Some(value), "{answer:?}");
    }
    for value in ["bytes=3-1", "bytes=a-b", "bytes=-", "bytes=", "items=0-1", "bytes 0-1", "0-1", "bytes=--1"] {
        let answer = range(&scene, "key", value);
        assert_eq!(
            (answer.status, answer.text().as_str(), answer.header("content-range")),
            (200, "hello", None),
            "{value}"
        );
    }
}

/// `If-Range` was passed over: a download that went on got the end of another object.
#[test]
fn a_range_of_another_object_is_all_of_it() {
    let scene = scene_with_hello();
    let shown = scene.ask("HEAD", "/key", &[], b"").header("last-modified").expect("it is shown").to_owned();
    for known in [format!("\"{HELLO}\""), shown] {
        let answer = scene.ask("GET", "/key", &[("Range", "bytes=3-"), ("If-Range", &known)], b"");
        assert_eq!((answer.status, answer.text().as_str()), (206, "lo"), "{known}");
    }
    for other in [format!("\"{OTHER}\""), format!("W/\"{HELLO}\""), BEFORE.to_owned()] {
        for range in ["bytes=3-", "bytes=100-"] {
            let answer = scene.ask("GET", "/key", &[("Range", range), ("If-Range", &other)], b"");
            assert_eq!((answer.status, answer.text().as_str()), (200, "hello"), "{other} {range}");
        }
    }
}

/// Row 57: several ranges are all of it.
#[test]
fn several_ranges_are_all_of_it() {
    let scene = scene_with_hello();
    let answer = range(&scene, "key", "bytes=0-1,3-4");
    assert_eq!((answer.status, answer.text().as_str()), (200, "hello"));
}

/// Row 58: the tail of an empty object.
#[test]
fn the_tail_of_nothing_is_nothing() {
    let scene = Scene::new();
    scene.put("empty", b"");
    let answer = range(&scene, "empty", "bytes=-8");
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    assert_eq!(range(&scene, "empty", "bytes=0-").status, 416);
    assert_eq!(scene.ask("GET", "/empty", &[], b"").header("content-length"), Some("0"));
}

/// Ranges of an object that lies in several units on the disk.
#[test]
fn ranges_of_a_large_object_are_exact() {
    let scene = Scene::new();
    let body: Vec<u8> = (0..1_500_000_u32).map(|at| at.wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect();
    scene.put("large", &body);
    for (first, last) in [(0, 0), (65_535, 65_536), (1, 1_499_998), (1_499_999, 1_499_999), (700_000, 700_100)] {
        let answer = range(&scene, "large", &format!("bytes={first}-{last}"));
        assert_eq!(answer.status, 206);
        assert!(answer.body == body[first..=last], "{first}-{last}");
    }
    assert!(scene.stored("large").is_some_and(|read| read == body));
}

/// Row 59: parts of an object that was put in one piece.
#[test]
fn an_object_in_one_piece_is_its_own_first_part() {
    let scene = scene_with_hello();
    let answer = scene.ask("GET", "/key?partNumber=1", &[], b"");
    assert_eq!((answer.status, answer.header("content-range")), (206, Some("bytes 0-4/5")));
    assert_eq!(scene.ask("GET", "/key?partNumber=2", &[], b"").outcome(), (416, "InvalidPartNumber".to_owned()));
    for invalid in ["0", "10001", "-1", "one", ""] {
        let answer = scene.ask("GET", &format!("/key?partNumber={invalid}"), &[], b"");
        assert_eq!(answer.outcome(), (400, "InvalidArgument".to_owned()), "{invalid}");
    }
    let head = scene.ask("HEAD", "/key?partNumber=1", &[], b"");
    assert_eq!((head.status, head.header("content-range")), (206, Some("bytes 0-4/5")));
    assert_eq!((head.header("content-length"), head.header("x-amz-mp-parts-count")), (Some("5"), None));
    assert_eq!(scene.ask("HEAD", "/key?partNumber=2", &[], b"").status, 416);
    let both = scene.ask("GET", "/key?partNumber=1", &[("Range", "bytes=0-1")], b"");
    assert_eq!(both.outcome(), (400, "InvalidRequest".to_owned()));
}

/// Row 60: whoever signed may say how the answer is labelled.
#[test]
fn headers_of_the_answer_may_be_asked_for() {
    let scene = scene_with_hello();
    let target = "/key?response-cache-control=no-cache\
        &response-content-disposition=attachment%3B%20filename%3D%22a%20b.txt%22&\
        response-content-encoding=identity&response-content-language=de&response-content-type=text%2Fhtml&\
        response-expires=Thu%2C%2001%20Dec%202044%2016%3A00%3A00%20GMT";
    for method in ["GET", "HEAD"] {
        let answer = scene.ask(method, target, &[], b"");
        assert_eq!(answer.status, 200);
        for (name, value) in [
            ("cache-control", "no-cache"),
            ("content-disposition", "attachment; filename=\"a b.txt\""),
            ("content-encoding", "identity"),
            ("content-language", "de"),
            ("content-type", "text/html"),
            ("expires", "Thu, 01 Dec 2044 16:00:00 GMT"),
        ] {
            assert_eq!(answer.header(name), Some(value));
        }
    }
    let anonymous = scene.replay("GET /{bucket}/key?response-expires=x HTTP/1.1\r\nHost: {host}\r\n\r\n", b"");
    assert_eq!(anonymous.outcome(), (400, "InvalidRequest".to_owned()), "{anonymous:?}");
}

/// Row 62 and 64, as far as a store without versions can go. What is no version was said not to be there.
#[test]
fn only_the_version_null_is_known() {
    let scene = scene_with_hello();
    assert_eq!(scene.ask("GET", "/key?versionId=null", &[], b"").text(), "hello");
    for none in ["abc", ""] {
        for method in ["GET", "DELETE", "PUT"] {
            let answer = scene.ask(method, &format!("/key?versionId={none}"), &[], b"");
            assert_eq!(answer.outcome(), (400, "InvalidArgument".to_owned()), "{method} {none}");
        }
    }
    let elsewhere = "/key?versionId=yqS.2mWqOo9HDWxJPuP_5vZ3ub1cYgwX";
    assert_eq!(scene.ask("GET", elsewhere, &[], b"").outcome(), (404, "NoSuchVersion".to_owned()));
    assert_eq!(scene.ask("HEAD", elsewhere, &[], b"").status, 404);
    assert_eq!(scene.ask("DELETE", elsewhere, &[], b"").status, 204);
    assert_eq!(scene.ask("PUT", "/key?versionId=null", &[], b"hullo").status, 400);
    assert_eq!(scene.stored("key").as_deref(), Some(b"hello".as_slice()));
    assert_eq!(scene.ask("DELETE", "/key?versionId=null", &[], b"").status, 204);
    assert_eq!(scene.stored("key"), None);
}

/// Row 65: a type by default, names in lower case, values as they came, UTF-8 and RFC 2047 too.
#[test]
fn metadata_comes_back_as_it_was_sent() {
    let scene = Scene::new();
    scene.put("plain", b"hello");
    assert_eq!(scene.ask("HEAD", "/plain", &[], b"").header("content-type"), Some("binary/octet-stream"));
    let headers = [
        ("X-Amz-Meta-Colour", "Gr\u{fc}n"),
        ("x-amz-meta-encoded", "=?UTF-8?Q?Gr=C3=BCn?="),
        ("x-amz-meta-MIXED_case", "A b"),
        ("x-amz-meta-empty", ""),
        ("Content-Language", "de"),
        ("Content-Disposition", "inline"),
    ];
    assert_eq!(scene.ask("PUT", "/key", &headers, b"hello").status, 200);
    for method in ["GET", "HEAD"] {
        let read = scene.ask(method, "/key", &[], b"");
        for (name, value) in headers {
            assert_eq!(read.header(name), Some(value), "{read:?}");
        }
        assert!(read.headers.iter().any(|(name, _)| name == "x-amz-meta-mixed_case"), "{read:?}");
    }
}

/// Row 66: what came compressed goes as it came, whatever the client says it takes.
#[test]
fn a_compressed_object_is_not_touched() {
    let scene = Scene::new();
    let gzip = b"\x1f\x8b\x08\x00not really";
    assert_eq!(scene.ask("PUT", "/key", &[("Content-Encoding", "gzip")], gzip).status, 200);
    for takes in ["gzip", "identity", "br;q=1.0, identity;q=0"] {
        let read = scene.ask("GET", "/key", &[("Accept-Encoding", takes)], b"");
        assert_eq!((read.body.as_slice(), read.header("content-encoding")), (gzip.as_slice(), Some("gzip")));
    }
}

/// Row 91: the entity tag of an object in one piece is the MD5 of its bytes.
#[test]
fn the_entity_tag_is_the_md5() {
    let scene = Scene::new();
    for size in [0, 1, 131_072, 131_073, 1_000_000] {
        let body = vec![b'a'; size];
        assert_eq!(scene.put("key", &body).etag(), md5_hex(&body), "{size}");
        assert_eq!(scene.ask("HEAD", "/key", &[], b"").etag(), md5_hex(&body), "{size}");
    }
}
