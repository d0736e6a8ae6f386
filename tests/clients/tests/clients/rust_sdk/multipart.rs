//! Uploads in parts. The SDK has no transfer manager; this is what programs that use it do: several parts at once.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};
use stratum_clients::body;

use super::stage::{MIB, Stage, bytes, exercise, refused, same};

#[test]
fn the_rust_sdk_uploads_in_parts() {
    exercise(async |stage| {
        let sent = body::bytes(20 * MIB + 11, 1);
        for algorithm in [ChecksumAlgorithm::Crc32, ChecksumAlgorithm::Crc64Nvme, ChecksumAlgorithm::Sha256] {
            upload(stage, &sent, algorithm).await;
            same(&stage.content("key").await, &sent);
        }
        let part = stage.client.get_object().bucket(&stage.bucket).key("key").part_number(3);
        let part = part.send().await.expect("a part is read");
        assert_eq!(part.parts_count(), Some(5));
        same(&bytes(part).await, sent.get(10 * MIB..15 * MIB).unwrap_or_default());
        parts_are_copied(stage, &sent).await;
        an_upload_is_given_up(stage).await;
    });
}

/// Sends parts of 5 MiB, all at the same time.
async fn upload(stage: &Stage, sent: &[u8], algorithm: ChecksumAlgorithm) {
    let client = &stage.client;
    let created =
        client.create_multipart_upload().bucket(&stage.bucket).key("key").checksum_algorithm(algorithm.clone());
    let created = created.send().await.expect("an upload is begun");
    let id = created.upload_id().expect("it has an id");
    let sending = sent.chunks(5 * MIB).zip(1..).map(|(part, number)| {
        let send = client.upload_part().bucket(&stage.bucket).key("key").upload_id(id).part_number(number);
        let send = send.checksum_algorithm(algorithm.clone()).body(ByteStream::from(part.to_vec()));
        tokio::spawn(send.send())
    });
    let sending: Vec<_> = sending.collect();
    let mut done = CompletedMultipartUpload::builder();
    for (send, number) in sending.into_iter().zip(1..) {
        let answer = send.await.expect("it ends").expect("a part is taken");
        let part = CompletedPart::builder().part_number(number).set_e_tag(answer.e_tag.clone());
        let part = part.set_checksum_crc32(answer.checksum_crc32).set_checksum_crc64_nvme(answer.checksum_crc64_nvme);
        done = done.parts(part.set_checksum_sha256(answer.checksum_sha256).build());
    }
    let complete = client.complete_multipart_upload().bucket(&stage.bucket).key("key").upload_id(id);
    let done = complete.multipart_upload(done.build()).send().await.expect("it is completed");
    assert!(done.e_tag().is_some_and(|tag| tag.ends_with("-5\"")), "{done:?}");
}

async fn parts_are_copied(stage: &Stage, sent: &[u8]) {
    let client = &stage.client;
    let created = client.create_multipart_upload().bucket(&stage.bucket).key("copy").send().await;
    let created = created.expect("an upload is begun");
    let id = created.upload_id().expect("it has an id");
    let mut done = CompletedMultipartUpload::builder();
    for (number, (first, last)) in [(1, (MIB, 7 * MIB - 1)), (2, (0, 99))] {
        let copy = client.upload_part_copy().bucket(&stage.bucket).key("copy").upload_id(id).part_number(number);
        let copy = copy.copy_source(format!("{}/key", stage.bucket)).copy_source_range(format!("bytes={first}-{last}"));
        let copied = copy.send().await.expect("a part is copied");
        let tag = copied.copy_part_result().and_then(|result| result.e_tag()).expect("it has a tag");
        done = done.parts(CompletedPart::builder().part_number(number).e_tag(tag).build());
    }
    let listed = client.list_parts().bucket(&stage.bucket).key("copy").upload_id(id).send().await;
    let sizes: Vec<_> = listed.expect("they are listed").parts().iter().map(|part| part.size()).collect();
    assert_eq!(sizes, [i64::try_from(6 * MIB).ok(), Some(100)]);
    let complete = client.complete_multipart_upload().bucket(&stage.bucket).key("copy").upload_id(id);
    complete.multipart_upload(done.build()).send().await.expect("it is completed");
    let expected = [sent.get(MIB..7 * MIB), sent.get(..100)].map(Option::unwrap_or_default).concat();
    same(&stage.content("copy").await, &expected);
}

async fn an_upload_is_given_up(stage: &Stage) {
    let client = &stage.client;
    let created = client.create_multipart_upload().bucket(&stage.bucket).key("never").send().await;
    let created = created.expect("an upload is begun");
    let id = created.upload_id().expect("it has an id");
    let open = client.list_multipart_uploads().bucket(&stage.bucket).send().await.expect("they are listed");
    let open: Vec<_> = open.uploads().iter().map(|upload| (upload.key(), upload.upload_id())).collect();
    assert_eq!(open, [(Some("never"), Some(id))]);
    let abort = client.abort_multipart_upload().bucket(&stage.bucket).key("never").upload_id(id);
    abort.send().await.expect("it is given up");
    let late = client.upload_part().bucket(&stage.bucket).key("never").upload_id(id).part_number(1);
    let late = late.body(ByteStream::from_static(b"late")).send().await;
    refused(late, "NoSuchUpload", 404);
}
