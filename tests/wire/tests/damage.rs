//! Row 25: what cannot be read any more. Bytes of an object are damaged on the disk behind the server's back: a client
//! never takes a part for all, nor other bytes for those that were stored.
#![expect(clippy::disallowed_methods, reason = "a test of the real world, outside of the seam")]

use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use stratum_wire::{Scene, Server};

/// More than the server holds of one body: it has long begun to send when it finds out.
const SIZE: usize = 6 * 1024 * 1024;

/// No two lines of it are the same, so that a place in it is found in the container.
fn body() -> Vec<u8> {
    (0..SIZE / 16).flat_map(|line| format!("{line:015}\n").into_bytes()).collect()
}

/// Overwrites the bytes that lie at `at` of the body, wherever that is on the disk.
fn damage(store: &Path, body: &[u8], at: usize) {
    let wanted = &body[at..at + 64];
    let mut found = 0;
    for container in containers(&store.join("disk-0")) {
        let bytes = std::fs::read(&container).expect("a container is a file");
        let places = bytes.windows(wanted.len()).enumerate().filter(|(_, window)| *window == wanted);
        for (place, _) in places {
            let mut file = std::fs::OpenOptions::new().write(true).open(&container).expect("it is ours");
            file.seek(SeekFrom::Start(place as u64)).expect("it is within the file");
            file.write_all(&[b'#'; 64]).expect("it is written");
            file.sync_all().expect("it is on the disk");
            found += 1;
        }
    }
    assert!(found > 0, "the body lies somewhere as it was sent");
}

fn containers(folder: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder).expect("the disk is a folder");
    files.map(|file| file.expect("it has a name").path()).collect()
}

/// The head has left when the damage is found: the body is cut off before its end, and with it the connection.
#[test]
fn a_body_that_cannot_be_read_to_its_end_is_cut_off() {
    let directory = tempfile::tempdir().expect("a folder can be made");
    let server = Server::start(directory.path(), &[]);
    let scene = Scene::on(&server);
    let body = body();
    scene.put("key", &body);
    scene.put("other", b"hello");
    damage(directory.path(), &body, SIZE - 1024);

    let mut wire = scene.connect();
    wire.send(&[scene.plain("GET", "/key", &[], b""), scene.plain("GET", "/other", &[], b"")].concat());
    let answer = wire.answer_without_body();
    assert_eq!((answer.status, answer.header("content-length")), (200, Some(SIZE.to_string().as_str())));
    let came = wire.torn_body(SIZE);
    assert!(came.len() < SIZE, "all of it came, and {} bytes of it are damaged", 64);
    assert!(body.starts_with(&came), "what came is what was stored");

    // What does not lie in the damaged place is read as before, and so is what the index says.
    let whole = scene.ask("GET", "/key", &[("Range", "bytes=0-99999")], b"");
    assert!((whole.status, whole.body.as_slice()) == (206, &body[..100_000]));
    let mut wire = scene.connect();
    wire.send(&scene.plain("HEAD", "/key", &[], b""));
    assert_eq!(wire.answer_without_body().status, 200);
    assert_eq!(scene.stored("other").as_deref(), Some(b"hello".as_slice()));
    server.stop();
}

/// Nothing has left when the damage is found: the client is told, and the connection goes on.
#[test]
fn a_body_that_cannot_be_read_at_all_is_an_error() {
    let directory = tempfile::tempdir().expect("a folder can be made");
    let server = Server::start(directory.path(), &[]);
    let scene = Scene::on(&server);
    let body = body();
    scene.put("key", &body);
    scene.put("other", b"hello");
    damage(directory.path(), &body, 1024);

    let mut wire = scene.connect();
    for range in ["bytes=0-", "bytes=1000-1100", "bytes=0-5000000"] {
        wire.send(&scene.plain("GET", "/key", &[("Range", range)], b""));
        let answer = wire.answer();
        assert_eq!(answer.outcome(), (500, "InternalError".to_owned()), "{range}: {answer:?}");
        assert_eq!(answer.header("content-type"), Some("application/xml"), "row 96: {range}");
        assert_eq!((answer.header("content-range"), answer.header("etag")), (None, None), "nothing of the object");
        assert!(answer.text().ends_with("</Error>"), "{range}");
        wire.send(&scene.plain("GET", "/other", &[], b""));
        assert_eq!(wire.answer().text(), "hello", "{range}: the connection goes on");
    }
    // A copy of it is none: the error, and no object.
    let source = format!("{}/key", scene.bucket());
    let copy = scene.ask("PUT", "/copy", &[("x-amz-copy-source", &source)], b"");
    assert_eq!(copy.outcome(), (500, "InternalError".to_owned()), "{copy:?}");
    assert_eq!(scene.stored("copy"), None);
    server.stop();
}
