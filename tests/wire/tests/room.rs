//! Room for bodies: so many may come in on one core at once, and whatever moves a body counts.

use stratum_wire::{Scene, Server, Wire, md5_hex};

/// As many large bodies as one core takes at once.
const BODIES_MAX: usize = 512;
/// One byte more than a small body has.
const LARGE_BYTES: usize = 128 * 1024 + 1;

/// Copies took no room: a client could have any number of them under way, each with its pieces in memory.
#[test]
fn a_copy_waits_for_room_like_any_other_body() {
    let directory = tempfile::tempdir().expect("a folder can be made");
    let server = Server::start(directory.path(), &["--cores", "1"]);
    let scene = Scene::on(&server);
    scene.put("source", b"hello");
    let source = format!("{}/source", scene.bucket());
    let begun = scene.ask("POST", "/parts?uploads", &[], b"");
    let upload = begun.element("UploadId").expect("it has an id");
    let part = format!("/parts?partNumber=1&uploadId={upload}");
    let copies = || ["/copy", &part].map(|to| scene.ask("PUT", to, &[("x-amz-copy-source", &source)], b"").outcome());

    // Whoever is told to go on has its room.
    let body = vec![b'x'; LARGE_BYTES];
    let request = scene.plain("PUT", "/slow", &[("Expect", "100-continue")], &body);
    let head = request.get(..request.len() - LARGE_BYTES).expect("a head and a body");
    let mut crowd: Vec<Wire> = (0..BODIES_MAX)
        .map(|_| {
            let mut wire = scene.connect();
            wire.send(head);
            wire.expect(b"HTTP/1.1 100 Continue\r\n\r\n");
            wire
        })
        .collect();
    for refused in copies() {
        assert_eq!(refused, (503, "SlowDown".to_owned()));
    }
    // One goes: there is room for one copy after the other.
    let mut last = crowd.pop().expect("there are many");
    last.send(&body);
    assert_eq!(last.answer().status, 200);
    for copied in copies() {
        assert_eq!(copied, (200, String::new()));
    }
    assert_eq!(scene.stored("copy").as_deref(), Some(b"hello".as_slice()));
    let document = format!(
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{}</ETag></Part></CompleteMultipartUpload>",
        md5_hex(b"hello")
    );
    assert_eq!(scene.ask("POST", &format!("/parts?uploadId={upload}"), &[], document.as_bytes()).status, 200);
    drop(crowd);
    server.stop();
}
