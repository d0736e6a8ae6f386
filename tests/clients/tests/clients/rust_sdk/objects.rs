//! Buckets and objects: what is put is what is got, whole and in ranges, with its headers, checksums and conditions.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumMode, MetadataDirective};
use stratum_clients::{body, odd_keys};

use super::stage::{MIB, Stage, bytes, exercise, refused, same};

#[test]
fn the_rust_sdk_makes_and_removes_buckets_and_objects() {
    exercise(async |stage| {
        buckets_are_made_listed_and_removed(stage).await;
        bodies_of_many_sizes_come_back(stage).await;
        streams_come_back(stage).await;
        odd_keys_name_what_they_name(stage).await;
    });
}

#[test]
fn the_rust_sdk_reads_ranges_headers_and_conditions() {
    exercise(async |stage| {
        ranges_are_parts_of_the_body(stage).await;
        headers_and_metadata_come_back(stage).await;
        conditions_are_kept(stage).await;
        copies_are_made(stage).await;
    });
}

#[test]
fn the_rust_sdk_and_the_server_agree_on_checksums() {
    exercise(async |stage| {
        let sent = body::bytes(70_001, 1);
        let answer = stage.put("default", &sent).send().await.expect("it is put");
        assert!(answer.checksum_crc32().is_some(), "the default of this client");
        for algorithm in [
            ChecksumAlgorithm::Crc32,
            ChecksumAlgorithm::Crc32C,
            ChecksumAlgorithm::Crc64Nvme,
            ChecksumAlgorithm::Sha1,
            ChecksumAlgorithm::Sha256,
        ] {
            let answer = stage.put("key", &sent).checksum_algorithm(algorithm.clone()).send().await;
            let answer = answer.unwrap_or_else(|why| panic!("{algorithm}: {why:?}"));
            let head = stage.client.head_object().bucket(&stage.bucket).key("key");
            let head = head.checksum_mode(ChecksumMode::Enabled).send().await.expect("it is there");
            let of_put = [
                answer.checksum_crc32(),
                answer.checksum_crc32_c(),
                answer.checksum_crc64_nvme(),
                answer.checksum_sha1(),
                answer.checksum_sha256(),
            ];
            let of_head = [
                head.checksum_crc32(),
                head.checksum_crc32_c(),
                head.checksum_crc64_nvme(),
                head.checksum_sha1(),
                head.checksum_sha256(),
            ];
            assert_eq!(of_put, of_head);
            assert_eq!(of_put.iter().flatten().count(), 1, "{algorithm}");
            same(&stage.content("key").await, &sent);
        }
        let wrong = stage.put("wrong", &sent).checksum_crc32_c("AAAAAA==").send().await;
        refused(wrong, "BadDigest", 400);
    });
}

async fn buckets_are_made_listed_and_removed(stage: &Stage) {
    let client = &stage.client;
    client.create_bucket().bucket("another-bucket").send().await.expect("it is made");
    let listed = client.list_buckets().send().await.expect("they are listed");
    let names: Vec<_> = listed.buckets().iter().filter_map(|bucket| bucket.name()).collect();
    assert_eq!(names, ["another-bucket", &stage.bucket]);
    let head = client.head_bucket().bucket("another-bucket").send().await.expect("it is there");
    assert_eq!(head.bucket_region(), Some("us-east-1"));
    client.delete_bucket().bucket("another-bucket").send().await.expect("it is removed");
    refused(client.head_bucket().bucket("another-bucket").send().await, "NotFound", 404);
}

async fn bodies_of_many_sizes_come_back(stage: &Stage) {
    for size in [0, 1, 1023, 65_537, MIB, 7 * MIB + 1] {
        let sent = body::bytes(size, 3);
        stage.put("size", &sent).send().await.expect("it is put");
        same(&stage.content("size").await, &sent);
        let head = stage.client.head_object().bucket(&stage.bucket).key("size").send().await.expect("it is there");
        assert_eq!(head.content_length(), i64::try_from(size).ok());
    }
    for _ in 0..2 {
        let gone = stage.client.delete_object().bucket(&stage.bucket).key("size").send().await;
        gone.expect("a second removal is no error");
    }
    refused(stage.client.head_object().bucket(&stage.bucket).key("size").send().await, "NotFound", 404);
}

/// The client reads a file as it sends it: the checksum follows the bytes.
async fn streams_come_back(stage: &Stage) {
    let home = tempfile::TempDir::new().expect("a folder");
    let path = home.path().join("file");
    body::file(&path, MIB, 4);
    let stream = ByteStream::from_path(&path).await.expect("it can be read");
    stage.put("stream", b"").body(stream).send().await.expect("it is put");
    same(&stage.content("stream").await, &body::bytes(8 * MIB, 4));
}

async fn odd_keys_name_what_they_name(stage: &Stage) {
    let keys = odd_keys::all();
    for key in &keys {
        stage.put(key, key.as_bytes()).send().await.unwrap_or_else(|why| panic!("{key:?}: {why:?}"));
    }
    for key in &keys {
        same(&stage.content(key).await, key.as_bytes());
    }
}

async fn ranges_are_parts_of_the_body(stage: &Stage) {
    let sent = body::bytes(100_000, 5);
    stage.put("key", &sent).send().await.expect("it is put");
    let get = |range: &str| stage.client.get_object().bucket(&stage.bucket).key("key").range(range);
    let rows = [
        ("bytes=0-0", 0..1, "bytes 0-0/100000"),
        ("bytes=10-99", 10..100, "bytes 10-99/100000"),
        ("bytes=99000-", 99_000..100_000, "bytes 99000-99999/100000"),
        ("bytes=-500", 99_500..100_000, "bytes 99500-99999/100000"),
    ];
    for (asked, part, shown) in rows {
        let got = get(asked).send().await.expect("a range is read");
        assert_eq!(got.content_range(), Some(shown));
        same(&bytes(got).await, sent.get(part).unwrap_or_default());
    }
    refused(get("bytes=100000-").send().await, "InvalidRange", 416);
}

async fn headers_and_metadata_come_back(stage: &Stage) {
    let put = stage.put("described", b"text").content_type("text/plain; charset=utf-8").cache_control("max-age=60");
    let put = put.content_disposition("attachment; filename=\"a b.txt\"").content_encoding("zstd");
    put.metadata("colour", "blue green").send().await.expect("it is put");
    let head = stage.client.head_object().bucket(&stage.bucket).key("described").send().await.expect("it is there");
    assert_eq!(head.content_type(), Some("text/plain; charset=utf-8"));
    assert_eq!((head.cache_control(), head.content_encoding()), (Some("max-age=60"), Some("zstd")));
    assert_eq!(head.content_disposition(), Some("attachment; filename=\"a b.txt\""));
    let colour = head.metadata().and_then(|all| all.get("colour")).map(String::as_str);
    assert_eq!(colour, Some("blue green"));
}

async fn conditions_are_kept(stage: &Stage) {
    let first = stage.put("once", b"first").if_none_match("*").send().await.expect("it is not there yet");
    refused(stage.put("once", b"second").if_none_match("*").send().await, "PreconditionFailed", 412);
    let tag = first.e_tag().expect("it has a tag");
    stage.put("once", b"second").if_match(tag).send().await.expect("it is the one that is known");
    refused(stage.put("once", b"third").if_match(tag).send().await, "PreconditionFailed", 412);
    same(&stage.content("once").await, b"second");
    let get = || stage.client.get_object().bucket(&stage.bucket).key("once");
    refused(get().if_match(tag).send().await, "PreconditionFailed", 412);
    let now = get().send().await.expect("it is there").e_tag().map(str::to_owned);
    let unchanged = get().set_if_none_match(now).send().await.expect_err("it has not changed");
    assert_eq!(unchanged.raw_response().map(|response| response.status().as_u16()), Some(304));
}

/// The client sends the source as it is given.
async fn copies_are_made(stage: &Stage) {
    stage.put("a source", b"copied").metadata("a", "b").send().await.expect("it is put");
    let copy = || stage.client.copy_object().bucket(&stage.bucket);
    for (source, key) in [("a%20source", "ü copy"), ("a source", "raw copy")] {
        copy().copy_source(format!("{}/{source}", stage.bucket)).key(key).send().await.expect("it is copied");
        same(&stage.content(key).await, b"copied");
    }
    let itself = || copy().copy_source(format!("{}/a%20source", stage.bucket)).key("a source");
    refused(itself().send().await, "InvalidRequest", 400);
    let replaced = itself().metadata_directive(MetadataDirective::Replace).metadata("c", "d");
    replaced.send().await.expect("its metadata is replaced");
    let head = stage.client.head_object().bucket(&stage.bucket).key("a source").send().await.expect("it is there");
    let metadata = head.metadata().expect("it has some");
    assert_eq!((metadata.len(), metadata.get("c").map(String::as_str)), (1, Some("d")));
}
