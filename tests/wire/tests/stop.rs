//! The end of a server: what is under way is finished, acknowledged, and there afterwards.

use std::time::Duration;

use stratum_wire::{Scene, Server};

/// A PUT that is half way when the server is told to stop is finished and acknowledged, and the object is there after a
/// restart. Nobody new is served, and idle clients are let go.
#[test]
fn a_put_under_way_outlives_the_signal_to_stop() {
    for size in [100, 3 * 1024 * 1024] {
        let directory = tempfile::tempdir().expect("a folder can be made");
        let mut server = Server::start(directory.path(), &[]);
        let scene = Scene::on(&server);
        let body = vec![b'x'; size];
        let request = scene.plain("PUT", "/key", &[], &body);
        let (begin, end) = request.split_at(request.len() - size / 2);
        let mut idle = scene.connect();
        idle.send(&scene.plain("GET", "", &[], b""));
        assert_eq!(idle.answer().status, 200);
        let mut silent = scene.connect();
        let mut wire = scene.connect();
        wire.send(begin);
        // Both are seen to be served before the signal comes.
        silent.send(b"");
        assert!(wire.is_silent(Duration::from_millis(200)));
        server.terminate();
        assert!(idle.ends_well(), "an idle connection is ended at once");
        assert!(silent.ends_well(), "one on which nothing ever came, too");
        wire.send(end);
        let answer = wire.answer();
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.closes() && wire.ends(), "it is the last answer, and says so: {answer:?}");
        assert!(server.wait().success());
        drop(server);

        let server = Server::start(directory.path(), &[]);
        let scene = Scene::again(&server, scene.bucket());
        assert!(scene.stored("key").is_some_and(|stored| stored == body), "what was acknowledged is there");
        server.stop();
    }
}

/// A GET that is half way is finished, too.
#[test]
fn a_get_under_way_outlives_the_signal_to_stop() {
    let directory = tempfile::tempdir().expect("a folder can be made");
    let mut server = Server::start(directory.path(), &[]);
    let scene = Scene::on(&server);
    // Larger than what the kernel takes of an answer that nobody reads.
    let body = vec![b'x'; 24 * 1024 * 1024];
    scene.put("key", &body);
    let mut wire = scene.connect();
    wire.send(&scene.plain("GET", "/key", &[], b""));
    let answer = wire.answer_without_body();
    assert_eq!(answer.status, 200);
    server.terminate();
    wire.expect(&body);
    assert!(wire.ends());
    assert!(server.wait().success());
}

/// What was written before a stop is there afterwards: objects small and large, buckets, parts of an upload.
#[test]
fn everything_is_there_after_a_restart() {
    let directory = tempfile::tempdir().expect("a folder can be made");
    let server = Server::start(directory.path(), &[]);
    let scene = Scene::on(&server);
    let bucket = scene.bucket().to_owned();
    let large = vec![b'l'; 2_000_000];
    assert_eq!(scene.ask("PUT", "/small", &[("x-amz-meta-a", "b")], b"hello").status, 200);
    scene.put("large", &large);
    let upload = scene.ask("POST", "/parts?uploads", &[], b"").element("UploadId").expect("it has an id");
    let part = scene.ask("PUT", &format!("/parts?partNumber=3&uploadId={upload}"), &[], b"a part");
    let etag = part.etag().to_owned();
    let refused = scene.ask("GET", "/nothing", &[], b"");
    let journal = server.stop();
    for (answer, told) in
        [(&part, format!("PUT /{bucket}/parts 200 -")), (&refused, format!("GET /{bucket}/nothing 404 NoSuchKey"))]
    {
        let id = answer.header("x-amz-request-id").expect("every answer has one");
        let line = journal.lines().find(|line| line.split(' ').any(|word| word == id));
        assert!(line.is_some_and(|line| line.contains(&told)), "{id} is not the id of {told}: {journal}");
    }
    assert!(journal.contains(&format!("PUT /{bucket}/small 200 -")), "the journal has a line for each: {journal}");

    let server = Server::start(directory.path(), &["--cores", "1"]);
    let scene = Scene::again(&server, &bucket);
    let small = scene.ask("GET", "/small", &[("x-amz-checksum-mode", "ENABLED")], b"");
    assert_eq!((small.text().as_str(), small.header("x-amz-meta-a")), ("hello", Some("b")));
    assert_eq!(small.header("x-amz-checksum-crc64nvme"), Some("M3eFcAZSQlc="));
    assert!(scene.stored("large").is_some_and(|stored| stored == large));
    let document = format!(
        "<CompleteMultipartUpload><Part><PartNumber>3</PartNumber><ETag>{etag}</ETag></Part></CompleteMultipartUpload>"
    );
    assert_eq!(scene.ask("POST", &format!("/parts?uploadId={upload}"), &[], document.as_bytes()).status, 200);
    assert_eq!(scene.stored("parts").as_deref(), Some(b"a part".as_slice()));
    server.stop();
}
