"""What the exercises share: clients, bodies, odd keys, and the loop that runs exercises and counts them.

An exercise is a function that gets a fresh, empty bucket. What it does not expect is an exception.
"""

import os
import pathlib
import random
import traceback
import urllib.parse

import boto3
import botocore.config
import botocore.exceptions

ENDPOINT = os.environ["STRATUM_ENDPOINT"]
PARENT = pathlib.Path(__file__).resolve().parent.parent
LINES = (PARENT / "odd-keys.txt").read_text(encoding="utf-8").split("\n")
ODD_KEYS = [urllib.parse.unquote(line) for line in LINES if line and not line.startswith("#")]
MIB = 1024 * 1024


def client(**changes):
    """A client with all defaults but those named: credentials, region and trust come from the environment."""
    config, endpoint = changes.pop("config", None), changes.pop("endpoint", ENDPOINT)
    # A retry would hide an answer that is wrong.
    once = botocore.config.Config(retries={"total_max_attempts": 1})
    config = config.merge(once) if config else once
    return boto3.client("s3", endpoint_url=endpoint, config=config, **changes)


S3 = client()


def body(size, seed=1):
    """Bytes that differ from place to place and from seed to seed."""
    return random.Random(seed).randbytes(size)


def put(bucket, key, content=b"content", **more):
    return S3.put_object(Bucket=bucket, Key=key, Body=content, **more)


def content(bucket, key, **more):
    return S3.get_object(Bucket=bucket, Key=key, **more)["Body"].read()


def refused(code, status, call, *arguments, **named):
    """Calls what must be refused with this code and status; the answer is the exception."""
    try:
        call(*arguments, **named)
    except botocore.exceptions.ClientError as error:
        got = (error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"])
        assert got == (code, status), f"refused with {got}, not {(code, status)}: {error}"
        return error
    raise AssertionError(f"not refused with {code}")


def same(left, right):
    """Equality that does not print megabytes when there is none."""
    if left != right:
        raise AssertionError(f"{str(left)[:2000]!r}\n  is not\n{str(right)[:2000]!r}")


def empty(bucket):
    for page in S3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        keys = [{"Key": each["Key"]} for each in page.get("Contents", [])]
        if keys:
            answer = S3.delete_objects(Bucket=bucket, Delete={"Objects": keys})
            same(answer.get("Errors"), None)
    for page in S3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
        for upload in page.get("Uploads", []):
            S3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])


def run(exercises):
    """Runs all exercises, each in a bucket of its own, and says how many failed."""
    failed = 0
    for number, exercise in enumerate(exercises):
        bucket = f"exercise-{number}"
        try:
            S3.create_bucket(Bucket=bucket)
            exercise(bucket)
            empty(bucket)
            S3.delete_bucket(Bucket=bucket)
            print("ok     ", exercise.__name__, flush=True)
        except Exception:  # An exercise that fails must not hide the next one.
            failed += 1
            print("FAILED ", exercise.__name__, flush=True)
            traceback.print_exc()
    print(f"{len(exercises)} exercises, {failed} failed")
    return failed
