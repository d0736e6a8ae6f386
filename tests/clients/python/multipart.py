"""Uploads in parts: by the transfer manager, by the CRT where it is there, and by hand."""

import io
import os
import tempfile

import botocore.compat
import botocore.session

from stage import ENDPOINT, MIB, S3, body, content, refused, same


def the_transfer_manager_moves_streams(bucket):
    sent = body(20 * MIB)
    S3.upload_fileobj(io.BytesIO(sent), bucket, "key", ExtraArgs={"Metadata": {"a": "b"}, "ContentType": "x/y"})
    head = S3.head_object(Bucket=bucket, Key="key")
    same((head["ContentLength"], head["Metadata"], head["ContentType"]), (20 * MIB, {"a": "b"}, "x/y"))
    # Three parts of 8 MiB at most are its default.
    assert head["ETag"].endswith('-3"'), head["ETag"]
    got = io.BytesIO()
    S3.download_fileobj(bucket, "key", got)
    same(got.getvalue(), sent)
    same(content(bucket, "key"), sent)


def the_transfer_manager_moves_files(bucket):
    sent = body(20 * MIB + 17, 2)
    with tempfile.TemporaryDirectory() as home:
        source, target = os.path.join(home, "source"), os.path.join(home, "target")
        with open(source, "wb") as file:
            file.write(sent)
        S3.upload_file(source, bucket, "key")
        S3.download_file(bucket, "key", target)
        with open(target, "rb") as file:
            same(file.read(), sent)


def the_crt_moves_files(bucket):
    # It opens many connections at once, and signs, checks and tries again by rules of its own. boto3 has it for AWS's
    # own endpoints only; this is how aws-cli 2 takes it for any endpoint.
    import s3transfer.crt

    session = botocore.session.Session()
    given = s3transfer.crt.BotocoreCRTCredentialsWrapper(session.get_credentials())
    moving = s3transfer.crt.create_s3_crt_client(
        region=S3.meta.region_name,
        crt_credentials_provider=given.to_crt_credentials_provider(),
        use_ssl=ENDPOINT.startswith("https:"),
        verify=os.environ.get("AWS_CA_BUNDLE"),
        part_size=5 * MIB,
    )
    named = {"region_name": S3.meta.region_name, "endpoint_url": ENDPOINT}
    serializer = s3transfer.crt.BotocoreCRTRequestSerializer(session, named)
    sent = body(40 * MIB + 17, 3)
    with tempfile.TemporaryDirectory() as home, s3transfer.crt.CRTTransferManager(moving, serializer) as manager:
        source, target = os.path.join(home, "source"), os.path.join(home, "target")
        with open(source, "wb") as file:
            file.write(sent)
        for key in ["key", "a +%ü"]:
            manager.upload(source, bucket, key).result()
            manager.download(bucket, key, target).result()
            with open(target, "rb") as file:
                same(file.read(), sent)
        head = S3.head_object(Bucket=bucket, Key="key", ChecksumMode="ENABLED")
        assert "ChecksumCRC32" in head, head


def part(bucket, upload, number, sent):
    answer = S3.upload_part(Bucket=bucket, Key="key", UploadId=upload, PartNumber=number, Body=sent)
    return {"ETag": answer["ETag"], "PartNumber": number, "ChecksumCRC32": answer["ChecksumCRC32"]}


def complete(bucket, upload, parts):
    named = {"Bucket": bucket, "Key": "key", "UploadId": upload}
    return S3.complete_multipart_upload(MultipartUpload={"Parts": parts}, **named)


def parts_come_in_any_order_and_may_be_sent_again(bucket):
    upload = S3.create_multipart_upload(Bucket=bucket, Key="key", Metadata={"c": "d"})["UploadId"]
    last = part(bucket, upload, 10_000, b"the end")
    part(bucket, upload, 1, body(5 * MIB, 1))
    middle = part(bucket, upload, 7, body(6 * MIB, 2))
    first = part(bucket, upload, 1, body(5 * MIB, 3))
    pages = S3.get_paginator("list_parts").paginate(
        Bucket=bucket, Key="key", UploadId=upload, PaginationConfig={"PageSize": 2}
    )
    listed = [(each["PartNumber"], each["Size"], each["ETag"]) for page in pages for each in page["Parts"]]
    expected = [(1, 5 * MIB, first["ETag"]), (7, 6 * MIB, middle["ETag"]), (10_000, 7, last["ETag"])]
    same(listed, expected)
    refused("404", 404, S3.head_object, Bucket=bucket, Key="key")
    done = complete(bucket, upload, [first, middle, last])
    assert done["ETag"].endswith('-3"') and done["Key"] == "key" and done["Bucket"] == bucket, done
    same(content(bucket, "key"), body(5 * MIB, 3) + body(6 * MIB, 2) + b"the end")
    same(S3.head_object(Bucket=bucket, Key="key")["Metadata"], {"c": "d"})
    second = S3.get_object(Bucket=bucket, Key="key", PartNumber=2)
    same((second["PartsCount"], second["Body"].read()), (3, body(6 * MIB, 2)))
    same(complete(bucket, upload, [first, middle, last])["ETag"], done["ETag"])


def what_is_wrong_with_a_list_of_parts_is_said(bucket):
    upload = S3.create_multipart_upload(Bucket=bucket, Key="key")["UploadId"]
    small, other = part(bucket, upload, 1, b"small"), part(bucket, upload, 2, b"other")
    refused("EntityTooSmall", 400, complete, bucket, upload, [small, other])
    refused("InvalidPartOrder", 400, complete, bucket, upload, [other, small])
    refused("InvalidPart", 400, complete, bucket, upload, [{**small, "PartNumber": 9}])
    refused("MalformedXML", 400, complete, bucket, upload, [])
    complete(bucket, upload, [small])
    refused("NoSuchUpload", 404, part, bucket, upload, 3, b"late")


def uploads_are_listed_and_given_up(bucket):
    keys = ["a/1", "a/2", "b +%/ü", "c"]
    uploads = [(key, S3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]) for key in keys]
    pages = S3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, PaginationConfig={"PageSize": 3})
    same([(each["Key"], each["UploadId"]) for page in pages for each in page["Uploads"]], uploads)
    folded = S3.list_multipart_uploads(Bucket=bucket, Delimiter="/")
    same([each["Prefix"] for each in folded["CommonPrefixes"]], ["a/", "b +%/"])
    for key, upload in uploads:
        S3.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload)
    assert "Uploads" not in S3.list_multipart_uploads(Bucket=bucket)


EXERCISES = [
    the_transfer_manager_moves_streams,
    the_transfer_manager_moves_files,
    *([the_crt_moves_files] if botocore.compat.HAS_CRT else []),
    parts_come_in_any_order_and_may_be_sent_again,
    what_is_wrong_with_a_list_of_parts_is_said,
    uploads_are_listed_and_given_up,
]
