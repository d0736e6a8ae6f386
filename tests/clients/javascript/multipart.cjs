// Uploads in parts: by the SDK's transfer manager from buffers and streams, and by hand.
"use strict";

const assert = require("node:assert/strict");
const { Readable } = require("node:stream");
const { Upload } = require("@aws-sdk/lib-storage");
const { MIB, S3, body, bytes, content, put, refused, sameBytes } = require("./stage.cjs");

async function upload(bucket, sent, more = {}) {
  const params = { Bucket: bucket, Key: "key", Body: sent, ...more };
  return new Upload({ client: S3, params }).done();
}

async function theTransferManagerMovesBuffersAndStreams(bucket) {
  const sent = body(20 * MIB + 11);
  const stream = () => Readable.from([sent.subarray(0, 7 * MIB), sent.subarray(7 * MIB)]);
  for (const form of [sent, stream()]) {
    const done = await upload(bucket, form, { Metadata: { a: "b" }, ContentType: "x/y" });
    // Parts of 5 MiB are its default.
    assert.ok(done.ETag.endsWith('-5"'), done.ETag);
    const head = await S3.headObject({ Bucket: bucket, Key: "key" });
    assert.deepEqual([head.ContentLength, head.Metadata, head.ContentType], [sent.length, { a: "b" }, "x/y"]);
    sameBytes(await content(bucket, "key"), sent);
  }
}

async function theTransferManagerComputesWhatItIsAskedFor(bucket) {
  const sent = body(11 * MIB);
  for (const ChecksumAlgorithm of ["CRC32", "CRC32C", "CRC64NVME", "SHA256"]) {
    await upload(bucket, sent, { ChecksumAlgorithm });
    const head = await S3.headObject({ Bucket: bucket, Key: "key", ChecksumMode: "ENABLED" });
    assert.ok(head[`Checksum${ChecksumAlgorithm}`], ChecksumAlgorithm);
    sameBytes(await content(bucket, "key"), sent);
  }
}

async function anUploadMayBeForbiddenToReplace(bucket) {
  await put(bucket, "key", "first");
  await refused("PreconditionFailed", 412, upload(bucket, body(11 * MIB), { IfNoneMatch: "*" }));
  sameBytes(await content(bucket, "key"), Buffer.from("first"));
}

async function partsAreListedReplacedAndCopied(bucket) {
  await put(bucket, "source", body(6 * MIB, 1));
  const { UploadId } = await S3.createMultipartUpload({ Bucket: bucket, Key: "key" });
  const named = { Bucket: bucket, Key: "key", UploadId };
  await S3.uploadPart({ ...named, PartNumber: 1, Body: body(5 * MIB, 2) });
  const one = await S3.uploadPart({ ...named, PartNumber: 1, Body: body(5 * MIB, 3) });
  const asked = { CopySource: `${bucket}/source`, CopySourceRange: `bytes=${MIB}-${6 * MIB - 1}` };
  const two = await S3.uploadPartCopy({ ...named, PartNumber: 2, ...asked });
  const tags = [one.ETag, two.CopyPartResult.ETag];
  assert.deepEqual((await S3.listParts(named)).Parts.map(({ ETag }) => ETag), tags);
  assert.deepEqual((await S3.listMultipartUploads({ Bucket: bucket })).Uploads.map(({ Key }) => Key), ["key"]);
  const MultipartUpload = { Parts: tags.map((ETag, index) => ({ ETag, PartNumber: index + 1 })) };
  await S3.completeMultipartUpload({ ...named, MultipartUpload });
  sameBytes(await content(bucket, "key"), Buffer.concat([body(5 * MIB, 3), body(6 * MIB, 1).subarray(MIB)]));
  const part = await S3.getObject({ Bucket: bucket, Key: "key", PartNumber: 2 });
  assert.equal(part.PartsCount, 2);
  sameBytes(await bytes(part), body(6 * MIB, 1).subarray(MIB));
}

async function anUploadIsGivenUp(bucket) {
  const { UploadId } = await S3.createMultipartUpload({ Bucket: bucket, Key: "key" });
  await S3.abortMultipartUpload({ Bucket: bucket, Key: "key", UploadId });
  await refused("NoSuchUpload", 404, S3.uploadPart({ Bucket: bucket, Key: "key", UploadId, PartNumber: 1, Body: "late" }));
}

module.exports = [
  theTransferManagerMovesBuffersAndStreams,
  theTransferManagerComputesWhatItIsAskedFor,
  anUploadMayBeForbiddenToReplace,
  partsAreListedReplacedAndCopied,
  anUploadIsGivenUp,
];
