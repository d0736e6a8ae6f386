//! Presigned URLs, walked by a few lines of HTTP that know nothing of S3.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use aws_sdk_s3::presigning::{PresignedRequest, PresigningConfig};
use stratum_clients::{body, odd_keys};

use super::stage::{exercise, same};

#[test]
fn the_rust_sdk_signs_urls_that_work() {
    exercise(async |stage| {
        let (client, bucket) = (&stage.client, &stage.bucket);
        let sent = body::bytes(100_000, 1);
        let put = client.put_object().bucket(bucket).key("a +%ü").content_type("text/plain").metadata("a", "b");
        let put = put.presigned(validity()).await.expect("it is signed");
        assert_eq!(walk(&put, put.uri(), &sent).0, 200);
        same(&stage.content("a +%ü").await, &sent);
        let head = client.head_object().bucket(bucket).key("a +%ü").send().await.expect("it is there");
        assert_eq!(head.content_type(), Some("text/plain"));
        assert_eq!(head.metadata().and_then(|all| all.get("a")).map(String::as_str), Some("b"));

        for key in odd_keys::all() {
            stage.put(&key, key.as_bytes()).send().await.expect("it is put");
            let get = client.get_object().bucket(bucket).key(&key).presigned(validity()).await.expect("it is signed");
            let (status, got) = walk(&get, get.uri(), b"");
            assert_eq!(status, 200, "{key:?}");
            same(&got, key.as_bytes());
        }

        let get = client.get_object().bucket(bucket).key("a +%ü").presigned(validity()).await.expect("it is signed");
        assert_eq!(walk(&get, &get.uri().replace("/a%20", "/b%20"), b"").0, 403);
        assert_eq!(walk(&get, &get.uri().replace("X-Amz-Expires=60", "X-Amz-Expires=61"), b"").0, 403);
        let delete = client.delete_object().bucket(bucket).key("a +%ü").presigned(validity()).await;
        let delete = delete.expect("it is signed");
        assert_eq!(walk(&delete, delete.uri(), b"").0, 204);
        assert_eq!(walk(&get, get.uri(), b"").0, 404);
    });
}

fn validity() -> PresigningConfig {
    PresigningConfig::expires_in(Duration::from_secs(60)).expect("a minute is allowed")
}

/// Sends the request to `uri`, with the headers that were signed, and gives status and body of the answer.
fn walk(request: &PresignedRequest, uri: &str, sent: &[u8]) -> (u16, Vec<u8>) {
    let (host, path) = uri.strip_prefix("http://").and_then(|rest| rest.split_once('/')).expect("a URL of HTTP");
    let mut head = format!("{} /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n", request.method());
    for (name, value) in request.headers() {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("Content-Length: {}\r\n\r\n", sent.len()));
    let mut stream = TcpStream::connect(host).expect("the server listens");
    stream.write_all(&[head.as_bytes(), sent].concat()).expect("it reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("it answers");
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
    let body = answer.split_off(end + 4);
    let head = String::from_utf8(answer).expect("a head is text");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, body)
}
