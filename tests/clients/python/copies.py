"""Copies within the server: from odd keys, with other metadata, and in parts by the transfer manager."""

import io

from stage import MIB, ODD_KEYS, S3, body, content, put, refused, same


def copies_are_made_from_and_to_odd_keys(bucket):
    for key in ODD_KEYS:
        put(bucket, key, key.encode())
        S3.copy_object(Bucket=bucket, Key="copy of " + key, CopySource={"Bucket": bucket, "Key": key})
        same(content(bucket, "copy of " + key), key.encode())


def a_copy_has_the_metadata_of_its_source_unless_told_otherwise(bucket):
    put(bucket, "source", b"body", Metadata={"a": "b"}, ContentType="x/y", CacheControl="no-cache")
    source = f"{bucket}/source"
    result = S3.copy_object(Bucket=bucket, Key="same", CopySource=source)["CopyObjectResult"]
    head = S3.head_object(Bucket=bucket, Key="same")
    same((head["Metadata"], head["ContentType"], head["CacheControl"]), ({"a": "b"}, "x/y", "no-cache"))
    same((result["ETag"], result["LastModified"]), (head["ETag"], head["LastModified"]))
    replaced = {"MetadataDirective": "REPLACE", "Metadata": {"c": "d"}, "ContentType": "p/q"}
    S3.copy_object(Bucket=bucket, Key="source", CopySource=source, **replaced)
    head = S3.head_object(Bucket=bucket, Key="source")
    same((head["Metadata"], head["ContentType"], "CacheControl" in head), ({"c": "d"}, "p/q", False))
    refused("InvalidRequest", 400, S3.copy_object, Bucket=bucket, Key="source", CopySource=source)


def a_copy_is_conditional_on_its_source(bucket):
    tag = put(bucket, "source")["ETag"]
    named = {"Bucket": bucket, "Key": "copy", "CopySource": f"{bucket}/source"}
    refused("PreconditionFailed", 412, S3.copy_object, CopySourceIfMatch='"other"', **named)
    refused("PreconditionFailed", 412, S3.copy_object, CopySourceIfNoneMatch=tag, **named)
    S3.copy_object(CopySourceIfMatch=tag, **named)
    absent = {**named, "CopySource": f"{bucket}/absent"}
    refused("NoSuchKey", 404, S3.copy_object, **absent)
    refused("NoSuchBucket", 404, S3.copy_object, **{**named, "CopySource": "no-such-bucket/source"})


def the_transfer_manager_copies_in_parts(bucket):
    sent = body(20 * MIB)
    S3.upload_fileobj(io.BytesIO(sent), bucket, "source ü+%", ExtraArgs={"Metadata": {"a": "b"}})
    S3.create_bucket(Bucket="copies")
    S3.copy({"Bucket": bucket, "Key": "source ü+%"}, "copies", "copy")
    same(S3.get_object(Bucket="copies", Key="copy")["Body"].read(), sent)
    S3.delete_object(Bucket="copies", Key="copy")
    S3.delete_bucket(Bucket="copies")


def parts_are_copied_from_ranges(bucket):
    sent = body(6 * MIB)
    put(bucket, "source", sent)
    upload = S3.create_multipart_upload(Bucket=bucket, Key="key")["UploadId"]
    named = {"Bucket": bucket, "Key": "key", "UploadId": upload}
    parts = []
    for number, (first, last) in enumerate([(MIB, 6 * MIB - 1), (0, 99)], 1):
        asked = {"CopySource": f"{bucket}/source", "CopySourceRange": f"bytes={first}-{last}"}
        tag = S3.upload_part_copy(PartNumber=number, **asked, **named)["CopyPartResult"]["ETag"]
        parts.append({"ETag": tag, "PartNumber": number})
    S3.complete_multipart_upload(MultipartUpload={"Parts": parts}, **named)
    same(content(bucket, "key"), sent[MIB:] + sent[:100])


EXERCISES = [
    copies_are_made_from_and_to_odd_keys,
    a_copy_has_the_metadata_of_its_source_unless_told_otherwise,
    a_copy_is_conditional_on_its_source,
    the_transfer_manager_copies_in_parts,
    parts_are_copied_from_ranges,
]
