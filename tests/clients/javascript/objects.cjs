// Buckets and objects: what is put is what is got, whole and in ranges, with its headers, checksums and conditions; and
// what is refused has a class.
"use strict";

const assert = require("node:assert/strict");
const crypto = require("node:crypto");
const http = require("node:http");
const https = require("node:https");
const { Readable } = require("node:stream");
const s3 = require("@aws-sdk/client-s3");
const { ENDPOINT, MIB, ODD_KEYS, S3, body, bytes, client, content, put, refused, sameBytes } = require("./stage.cjs");

async function bucketsAreMadeListedFoundAndRemoved(bucket) {
  await S3.createBucket({ Bucket: "another-bucket" });
  const names = (await S3.listBuckets({})).Buckets.map(({ Name }) => Name);
  assert.ok(names.includes(bucket) && names.includes("another-bucket"), names.join());
  assert.equal((await S3.headBucket({ Bucket: "another-bucket" })).BucketRegion, "us-east-1");
  await S3.deleteBucket({ Bucket: "another-bucket" });
  const error = await refused("NotFound", 404, S3.headBucket({ Bucket: "another-bucket" }));
  assert.ok(error instanceof s3.NotFound);
  await refused("NoSuchBucket", 404, S3.deleteBucket({ Bucket: "another-bucket" }));
}

async function bodiesOfManySizesComeBack(bucket) {
  for (const size of [0, 1, 1023, 65_537, MIB, 7 * MIB + 1]) {
    const sent = body(size, 3);
    await put(bucket, "size", sent);
    sameBytes(await content(bucket, "size"), sent);
    assert.equal((await S3.headObject({ Bucket: bucket, Key: "size" })).ContentLength, size);
  }
}

// Of a stream the client knows the length only, not the bytes: the checksum follows them.
async function aBodyMayBeAStream(bucket) {
  for (const piece of [1000, 65_536, 3 * MIB]) {
    const sent = body(3 * MIB + 1);
    const pieces = function* () {
      for (let at = 0; at < sent.length; at += piece) yield sent.subarray(at, at + piece);
    };
    const answer = await put(bucket, "stream", Readable.from(pieces()), { ContentLength: sent.length });
    assert.ok(answer.ChecksumCRC32, "the default is a checksum behind the body");
    sameBytes(await content(bucket, "stream"), sent);
  }
}

async function objectsAreRemoved(bucket) {
  await put(bucket, "key");
  for (let times = 0; times < 2; times += 1) {
    assert.equal((await S3.deleteObject({ Bucket: bucket, Key: "key" })).$metadata.httpStatusCode, 204);
  }
  await refused("NotFound", 404, S3.headObject({ Bucket: bucket, Key: "key" }));
}

async function rangesArePartsOfTheBody(bucket) {
  const sent = body(100_000);
  await put(bucket, "key", sent);
  const rows = [
    ["bytes=0-0", sent.subarray(0, 1), "bytes 0-0/100000"],
    ["bytes=10-99", sent.subarray(10, 100), "bytes 10-99/100000"],
    ["bytes=99000-", sent.subarray(99_000), "bytes 99000-99999/100000"],
    ["bytes=-500", sent.subarray(99_500), "bytes 99500-99999/100000"],
  ];
  for (const [Range, part, shown] of rows) {
    const answer = await S3.getObject({ Bucket: bucket, Key: "key", Range });
    assert.deepEqual([answer.ContentRange, answer.$metadata.httpStatusCode], [shown, 206]);
    sameBytes(await bytes(answer), part);
  }
  await refused("InvalidRange", 416, S3.getObject({ Bucket: bucket, Key: "key", Range: "bytes=100000-" }));
}

async function headersAndMetadataComeBack(bucket) {
  const headers = {
    CacheControl: "max-age=60",
    ContentDisposition: 'attachment; filename="a b.txt"',
    ContentEncoding: "zstd",
    ContentLanguage: "de, fr",
    ContentType: "text/plain; charset=utf-8",
    Metadata: { colour: "blue green", "mixed-case": "Is Kept" },
  };
  await put(bucket, "key", "text", { Expires: new Date("2031-05-06T07:08:09Z"), ...headers });
  const head = await S3.headObject({ Bucket: bucket, Key: "key" });
  for (const [name, value] of Object.entries(headers)) assert.deepEqual(head[name], value);
  assert.equal(head.ExpiresString, "Tue, 06 May 2031 07:08:09 GMT");
}

async function oddKeysNameWhatTheyName(bucket) {
  for (const key of ODD_KEYS) await put(bucket, key, key);
  for (const key of ODD_KEYS) sameBytes(await content(bucket, key), Buffer.from(key));
}

async function writesAreConditional(bucket) {
  const first = await put(bucket, "key", "first", { IfNoneMatch: "*" });
  await refused("PreconditionFailed", 412, put(bucket, "key", "second", { IfNoneMatch: "*" }));
  await put(bucket, "key", "second", { IfMatch: first.ETag });
  await refused("PreconditionFailed", 412, put(bucket, "key", "third", { IfMatch: first.ETag }));
  sameBytes(await content(bucket, "key"), Buffer.from("second"));
}

async function readsAreConditional(bucket) {
  const { ETag } = await put(bucket, "key");
  const named = { Bucket: bucket, Key: "key" };
  await S3.getObject({ ...named, IfMatch: ETag });
  const error = await S3.getObject({ ...named, IfNoneMatch: ETag }).catch((why) => why);
  assert.equal(error.$metadata.httpStatusCode, 304);
  await refused("PreconditionFailed", 412, S3.getObject({ ...named, IfMatch: '"other"' }));
}

async function checksumsAreComputedOnBothSides(bucket) {
  const sent = body(70_001);
  const byDefault = await put(bucket, "default", sent);
  assert.ok(byDefault.ChecksumCRC32);
  for (const algorithm of ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"]) {
    const name = `Checksum${algorithm}`;
    const stream = () => Readable.from([sent]);
    for (const form of [sent, stream()]) {
      const more = { ChecksumAlgorithm: algorithm, ContentLength: sent.length };
      const answer = await put(bucket, "key", form, more);
      const head = await S3.headObject({ Bucket: bucket, Key: "key", ChecksumMode: "ENABLED" });
      assert.ok(answer[name]);
      assert.equal(head[name], answer[name]);
      // With its default the client reads the body against this checksum.
      sameBytes(await content(bucket, "key"), sent);
      if (algorithm === "SHA256") assert.equal(head[name], crypto.createHash("sha256").update(sent).digest("base64"));
    }
    const wrong = { [name]: Buffer.alloc(Buffer.from(byDefault.ChecksumCRC32, "base64").length).toString("base64") };
    if (algorithm.startsWith("CRC32")) await refused("BadDigest", 400, put(bucket, "key", sent, wrong));
  }
}

async function copiesAreMadeFromAndToOddKeys(bucket) {
  for (const key of ODD_KEYS) {
    await put(bucket, key, key);
    // The client takes the source as it is to be sent.
    const source = `${bucket}/${key.split("/").map(encodeURIComponent).join("/")}`;
    for (const CopySource of [source, encodeURIComponent(`${bucket}/${key}`)]) {
      await S3.copyObject({ Bucket: bucket, Key: `copy of ${key}`, CopySource });
      sameBytes(await content(bucket, `copy of ${key}`), Buffer.from(key));
    }
  }
}

async function errorsHaveClasses(bucket) {
  const rows = [
    [s3.NoSuchKey, () => S3.getObject({ Bucket: bucket, Key: "absent" })],
    [s3.NoSuchBucket, () => S3.listObjectsV2({ Bucket: "no-such-bucket" })],
    [s3.NoSuchUpload, () => S3.abortMultipartUpload({ Bucket: bucket, Key: "key", UploadId: "no-such-upload" })],
  ];
  for (const [expected, call] of rows) {
    const error = await call().catch((why) => why);
    assert.ok(error instanceof expected, `${error} is no ${expected.name}`);
    assert.ok(error.message && error.$metadata.requestId, "a message and the number of the request");
  }
  await put(bucket, "key");
  await refused("BucketNotEmpty", 409, S3.deleteBucket({ Bucket: bucket }));
  // The answer comes before the body is read: the client must see it, not a broken connection.
  const large = S3.putObject({ Bucket: "no-such-bucket", Key: "key", Body: body(30 * MIB) });
  await refused("NoSuchBucket", 404, large);
}

async function strangersAreRefused(bucket) {
  const wrong = (accessKeyId, secretAccessKey) => client({ credentials: { accessKeyId, secretAccessKey } });
  await refused("InvalidAccessKeyId", 403, wrong("stranger-0000000", "wrong").listBuckets({}));
  const forger = wrong(process.env.AWS_ACCESS_KEY_ID, "wrong-secret-key-0000");
  await refused("SignatureDoesNotMatch", 403, forger.listBuckets({}));
  await refused("SignatureDoesNotMatch", 403, forger.putObject({ Bucket: bucket, Key: "key", Body: body(300_000) }));
}

// The client asks once more by itself, with the region that the answer names: for this operation only.
async function anotherRegionIsToldTheRightOne(bucket) {
  const abroad = client({ region: "eu-west-3", followRegionRedirects: true });
  assert.equal((await abroad.headBucket({ Bucket: bucket })).BucketRegion, "us-east-1");
  const error = await refused("AuthorizationHeaderMalformed", 400, abroad.listObjectsV2({ Bucket: bucket }));
  assert.equal(error.Region, "us-east-1");
}

// No resolver knows the names of such hosts; the client must reach the address that the test listens on.
async function aBucketMayStandInTheNameOfTheHost(bucket) {
  const lookup = (_name, { all }, done) =>
    all ? done(null, [{ address: "127.0.0.1", family: 4 }]) : done(null, "127.0.0.1", 4);
  const requestHandler = { httpAgent: new http.Agent({ lookup }), httpsAgent: new https.Agent({ lookup }) };
  const hosted = client({ endpoint: ENDPOINT.replace("127.0.0.1", "s3.stratum.test"), requestHandler });
  for (const key of ["key", "/leading slash", "a//b", "ü+ %"]) {
    await hosted.putObject({ Bucket: bucket, Key: key, Body: key });
    sameBytes(await content(bucket, key), Buffer.from(key));
    sameBytes(await bytes(await hosted.getObject({ Bucket: bucket, Key: key })), Buffer.from(key));
  }
}

module.exports = [
  bucketsAreMadeListedFoundAndRemoved,
  bodiesOfManySizesComeBack,
  aBodyMayBeAStream,
  objectsAreRemoved,
  rangesArePartsOfTheBody,
  headersAndMetadataComeBack,
  oddKeysNameWhatTheyName,
  writesAreConditional,
  readsAreConditional,
  checksumsAreComputedOnBothSides,
  copiesAreMadeFromAndToOddKeys,
  errorsHaveClasses,
  strangersAreRefused,
  anotherRegionIsToldTheRightOne,
  aBucketMayStandInTheNameOfTheHost,
];
