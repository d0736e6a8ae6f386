"""Listings: every key once and in the order of its bytes, in pages, under prefixes; and removal of many at once."""

import concurrent.futures

import boto3

from stage import ENDPOINT, ODD_KEYS, S3, put, refused, same

IN_ORDER = sorted(ODD_KEYS, key=str.encode)


def fill(bucket, keys):
    for key in keys:
        put(bucket, key, key.encode())


def keys_of(pages):
    return [each["Key"] for page in pages for each in page.get("Contents", [])]


def odd_keys_are_listed_as_they_are(bucket):
    fill(bucket, ODD_KEYS)
    for operation in ["list_objects_v2", "list_objects"]:
        same(keys_of(S3.get_paginator(operation).paginate(Bucket=bucket)), IN_ORDER)
        # The client asks for the encoding by itself, unless it is told of one.
        pages = S3.get_paginator(operation).paginate(Bucket=bucket, PaginationConfig={"PageSize": 5})
        same(keys_of(pages), IN_ORDER)
    versions = S3.list_object_versions(Bucket=bucket)["Versions"]
    listed = [(each["Key"], each["VersionId"], each["IsLatest"]) for each in versions]
    same(listed, [(key, "null", True) for key in IN_ORDER])
    same([each.key for each in boto3.resource("s3", endpoint_url=ENDPOINT).Bucket(bucket).objects.all()], IN_ORDER)


def a_listing_tells_of_each_object(bucket):
    tag = put(bucket, "key", b"12345")["ETag"]
    listed = S3.list_objects_v2(Bucket=bucket, FetchOwner=True)
    same((listed["KeyCount"], listed["IsTruncated"], listed["Name"]), (1, False, bucket))
    entry = listed["Contents"][0]
    same((entry["ETag"], entry["Size"], entry["StorageClass"]), (tag, 5, "STANDARD"))
    assert entry["Owner"]["ID"], entry
    same(entry["LastModified"].replace(microsecond=0), S3.head_object(Bucket=bucket, Key="key")["LastModified"])


def delimiters_fold_keys(bucket):
    fill(bucket, ODD_KEYS)
    for delimiter in ["/", " ", "%", "+", "ing", "キ"]:
        for prefix in ["", "folder/", "a", "very/", "日本語/"]:
            keys, folded = [], []
            for key in (key for key in IN_ORDER if key.startswith(prefix)):
                head, found, _ = key[len(prefix) :].partition(delimiter)
                target, name = (folded, prefix + head + found) if found else (keys, key)
                if not target or target[-1] != name:
                    target.append(name)
            for operation in ["list_objects_v2", "list_objects"]:
                asked = {"Bucket": bucket, "Prefix": prefix, "Delimiter": delimiter}
                for size in [2, 1000]:
                    pages = S3.get_paginator(operation).paginate(PaginationConfig={"PageSize": size}, **asked)
                    pages = list(pages)
                    same(keys_of(pages), keys)
                    prefixes = [each["Prefix"] for page in pages for each in page.get("CommonPrefixes", [])]
                    same(prefixes, folded)


def a_listing_may_begin_behind_a_key(bucket):
    fill(bucket, ODD_KEYS)
    for key in IN_ORDER:
        behind = [other for other in IN_ORDER if other.encode() > key.encode()]
        same(keys_of([S3.list_objects_v2(Bucket=bucket, StartAfter=key)]), behind)
        same(keys_of([S3.list_objects(Bucket=bucket, Marker=key)]), behind)


def thousands_are_listed_in_pages_and_removed_at_once(bucket):
    keys = [f"many/{number:05}" for number in range(2005)]
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda key: put(bucket, key, b""), keys))
    pages = list(S3.get_paginator("list_objects_v2").paginate(Bucket=bucket))
    same([page["KeyCount"] for page in pages], [1000, 1000, 5])
    same(keys_of(pages), keys)
    first = S3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys[:1000]]})
    same(sorted(each["Key"] for each in first["Deleted"]), keys[:1000])
    quiet = S3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": k} for k in keys[1000:2000]], "Quiet": True})
    same((quiet.get("Deleted"), quiet.get("Errors")), (None, None))
    same(keys_of([S3.list_objects_v2(Bucket=bucket)]), keys[2000:])
    many = {"Objects": [{"Key": key} for key in keys[:1001]]}
    refused("MalformedXML", 400, S3.delete_objects, Bucket=bucket, Delete=many)


def odd_keys_are_removed_at_once(bucket):
    fill(bucket, ODD_KEYS)
    answer = S3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in [*ODD_KEYS, "absent"]]})
    same(sorted(each["Key"] for each in answer["Deleted"]), sorted([*ODD_KEYS, "absent"]))
    same(keys_of([S3.list_objects_v2(Bucket=bucket)]), [])


def an_empty_bucket_lists_nothing(bucket):
    same(keys_of([S3.list_objects_v2(Bucket=bucket), S3.list_objects(Bucket=bucket)]), [])
    same(S3.list_objects_v2(Bucket=bucket, MaxKeys=0)["IsTruncated"], False)
    assert "Uploads" not in S3.list_multipart_uploads(Bucket=bucket)


EXERCISES = [
    odd_keys_are_listed_as_they_are,
    a_listing_tells_of_each_object,
    delimiters_fold_keys,
    a_listing_may_begin_behind_a_key,
    thousands_are_listed_in_pages_and_removed_at_once,
    odd_keys_are_removed_at_once,
    an_empty_bucket_lists_nothing,
]
