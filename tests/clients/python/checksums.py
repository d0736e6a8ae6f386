"""Checksums: those of the defaults, those that are asked for, those that are wrong.

Without the CRT boto3 cannot compute CRC32C and CRC64NVME, but takes their values; both ways are walked.
"""

import base64
import hashlib
import io
import zlib

import boto3.s3.transfer
import botocore.compat

from stage import MIB, S3, body, content, put, refused, same

HAS_CRT = botocore.compat.HAS_CRT
COMPUTED = ["CRC32", "SHA1", "SHA256"] + (["CRC32C", "CRC64NVME"] if HAS_CRT else [])
# Of the nine digits "123456789", as the catalogues of polynomials have them.
NINE_DIGITS = b"123456789"
KNOWN = {
    "ChecksumCRC32": bytes.fromhex("cbf43926"),
    "ChecksumCRC32C": bytes.fromhex("e3069283"),
    "ChecksumCRC64NVME": bytes.fromhex("ae8b14860a799888"),
    "ChecksumSHA1": hashlib.sha1(NINE_DIGITS).digest(),
    "ChecksumSHA256": hashlib.sha256(NINE_DIGITS).digest(),
}


def text(digest):
    return base64.b64encode(digest).decode()


def the_default_is_sent_kept_and_verified(bucket):
    sent = body(MIB + 3)
    expected = text(zlib.crc32(sent).to_bytes(4, "big"))
    for form in [sent, io.BytesIO(sent)]:
        answer = put(bucket, "key", form)
        same((answer["ChecksumCRC32"], answer["ChecksumType"]), (expected, "FULL_OBJECT"))
        got = S3.get_object(Bucket=bucket, Key="key")
        same((got["ChecksumCRC32"], got["ChecksumType"]), (expected, "FULL_OBJECT"))
        same(got["Body"].read(), sent)
        # A part of the body has no checksum that the client could hold it against.
        part = S3.get_object(Bucket=bucket, Key="key", Range="bytes=1-9")
        assert "ChecksumCRC32" not in part, part
        same(part["Body"].read(), sent[1:10])


def every_algorithm_is_computed_on_both_sides(bucket):
    sent = body(70_001)
    for algorithm in COMPUTED:
        for form in [sent, io.BytesIO(sent)]:
            answer = put(bucket, "key", form, ChecksumAlgorithm=algorithm)
            head = S3.head_object(Bucket=bucket, Key="key", ChecksumMode="ENABLED")
            same(head["Checksum" + algorithm], answer["Checksum" + algorithm])
            # With its default the client reads the body against this checksum.
            got = S3.get_object(Bucket=bucket, Key="key")
            same((got["Body"].read(), got["Checksum" + algorithm]), (sent, answer["Checksum" + algorithm]))


def values_that_are_known_are_agreed_on(bucket):
    for name, digest in KNOWN.items():
        answer = put(bucket, "key", NINE_DIGITS, **{name: text(digest)})
        same(answer[name], text(digest))
        same(S3.head_object(Bucket=bucket, Key="key", ChecksumMode="ENABLED")[name], text(digest))


def a_wrong_value_is_refused_and_nothing_is_stored(bucket):
    for name, digest in KNOWN.items():
        wrong = text(bytes([digest[0] ^ 1]) + digest[1:])
        refused("BadDigest", 400, put, bucket, "key", NINE_DIGITS, **{name: wrong})
        refused("InvalidRequest", 400, put, bucket, "key", NINE_DIGITS, **{name: "bm90IGl0"})
    refused("BadDigest", 400, put, bucket, "key", NINE_DIGITS, ContentMD5=text(hashlib.md5(b"other").digest()))
    put(bucket, "right", NINE_DIGITS, ContentMD5=text(hashlib.md5(NINE_DIGITS).digest()))
    same([each["Key"] for each in S3.list_objects_v2(Bucket=bucket)["Contents"]], ["right"])


def parts_have_checksums_too(bucket):
    parts = [body(5 * MIB, 1), body(MIB, 2)]
    for algorithm in COMPUTED:
        kind = "FULL_OBJECT" if algorithm.startswith("CRC") else "COMPOSITE"
        created = S3.create_multipart_upload(
            Bucket=bucket, Key=algorithm, ChecksumAlgorithm=algorithm, ChecksumType=kind
        )
        same((created["ChecksumAlgorithm"], created["ChecksumType"]), (algorithm, kind))
        listed, named = [], {"Bucket": bucket, "Key": algorithm, "UploadId": created["UploadId"]}
        for number, part in enumerate(parts, 1):
            answer = S3.upload_part(Body=part, PartNumber=number, ChecksumAlgorithm=algorithm, **named)
            value = {"Checksum" + algorithm: answer["Checksum" + algorithm]}
            listed.append({"ETag": answer["ETag"], "PartNumber": number, **value})
        done = S3.complete_multipart_upload(MultipartUpload={"Parts": listed}, **named)
        same((done["ChecksumType"], done["Checksum" + algorithm].endswith("-2")), (kind, kind == "COMPOSITE"))
        same(content(bucket, algorithm), b"".join(parts))
        if algorithm == "CRC32":
            same(done["ChecksumCRC32"], text(zlib.crc32(b"".join(parts)).to_bytes(4, "big")))
        of_part = S3.get_object(Bucket=bucket, Key=algorithm, PartNumber=2, ChecksumMode="ENABLED")
        same(of_part["Body"].read(), parts[1])


def the_transfer_manager_computes_what_it_is_asked_for(bucket):
    sent = body(20 * MIB)
    for algorithm in [each for each in COMPUTED if each != "SHA1"]:
        S3.upload_fileobj(io.BytesIO(sent), bucket, "key", ExtraArgs={"ChecksumAlgorithm": algorithm})
        got = io.BytesIO()
        S3.download_fileobj(bucket, "key", got)
        same(got.getvalue(), sent)
        head = S3.head_object(Bucket=bucket, Key="key", ChecksumMode="ENABLED")
        assert "Checksum" + algorithm in head, head


def the_attributes_of_an_object_name_its_checksum(bucket):
    put(bucket, "key", NINE_DIGITS, ChecksumAlgorithm="SHA256")
    asked = ["Checksum", "ETag", "ObjectSize", "StorageClass", "ObjectParts"]
    answer = S3.get_object_attributes(Bucket=bucket, Key="key", ObjectAttributes=asked)
    same((answer["ObjectSize"], answer["ETag"]), (9, hashlib.md5(NINE_DIGITS).hexdigest()))
    same(answer["Checksum"]["ChecksumSHA256"], text(KNOWN["ChecksumSHA256"]))


EXERCISES = [
    the_default_is_sent_kept_and_verified,
    every_algorithm_is_computed_on_both_sides,
    values_that_are_known_are_agreed_on,
    a_wrong_value_is_refused_and_nothing_is_stored,
    parts_have_checksums_too,
    the_transfer_manager_computes_what_it_is_asked_for,
    the_attributes_of_an_object_name_its_checksum,
]
