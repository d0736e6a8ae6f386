//! Heads that boto3 1.44 sent for the documentation's example key, at its example time. The bytes are exact; only
//! `User-Agent` and the identifier of the call, which nobody signs, were made shorter.

/// A small body over HTTP, its digest signed; a key with all that has to be encoded; spaces in metadata.
pub(super) const PUT_ODD_KEY: &str = "PUT /b/a//b/../c/./%2B%20%3D%40%3A%2C%28%29%21%2A%27~%24%26%\
    3B%C3%A9%25.txt HTTP/1.1\r\n\
    Host: 127.0.0.1:9000\r\n\
    x-amz-meta-note: a  \"b   c\"  d\r\n\
    x-amz-meta-z: 1\r\n\
    Content-Type: text/plain\r\n\
    User-Agent: Boto3/1.44.5 ua/2.1 os/linux lang/python#3.11\r\n\
    Expect: 100-continue\r\n\
    X-Amz-Date: 20130524T000000Z\r\n\
    X-Amz-Content-SHA256: 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\r\n\
    Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
    SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date;x-amz-meta-note;x-amz-meta-z, \
    Signature=7e1f29f3364fc223bd8337e0000697fb84e73dc99e617f50901d4b120e67a212\r\n\
    amz-sdk-invocation-id: 7a1b5f0e-0d49-4a52-8c2b-8f6f4e6f0a11\r\n\
    amz-sdk-request: attempt=1; max=1\r\n\
    Content-Length: 5\r\n\
    \r\n";

/// A listing with a prefix that has a space, a plus and an accent.
pub(super) const LIST: &str = "GET /b?list-type=2&prefix=a%20b%2Bc%2F%C3%A9&delimiter=%2F&\
    start-after=x%3Dy%26z&encoding-type=url HTTP/1.1\r\n\
    Host: 127.0.0.1:9000\r\n\
    User-Agent: Boto3/1.44.5 ua/2.1 os/linux lang/python#3.11\r\n\
    X-Amz-Date: 20130524T000000Z\r\n\
    X-Amz-Content-SHA256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\r\n\
    Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
    SignedHeaders=host;x-amz-content-sha256;x-amz-date, \
    Signature=7e840f31a746388c574d85343561cc9ee3121376ead46fdb1e4b2f7b41e76a88\r\n\
    amz-sdk-invocation-id: 7a1b5f0e-0d49-4a52-8c2b-8f6f4e6f0a11\r\n\
    amz-sdk-request: attempt=1; max=1\r\n\
    \r\n";

/// A parameter without a value.
pub(super) const ACL: &str = "GET /b?acl HTTP/1.1\r\n\
    Host: 127.0.0.1:9000\r\n\
    User-Agent: Boto3/1.44.5 ua/2.1 os/linux lang/python#3.11\r\n\
    X-Amz-Date: 20130524T000000Z\r\n\
    X-Amz-Content-SHA256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\r\n\
    Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
    SignedHeaders=host;x-amz-content-sha256;x-amz-date, \
    Signature=bc8ee8b5ae342b109cf12df3d203bcfc27f97ec7ad084b9806327ba481ec97c5\r\n\
    amz-sdk-invocation-id: 7a1b5f0e-0d49-4a52-8c2b-8f6f4e6f0a11\r\n\
    amz-sdk-request: attempt=1; max=1\r\n\
    \r\n";

/// A part whose upload has signs in its name.
pub(super) const UPLOAD_PART: &str = "PUT /b/k?uploadId=2~abc%2Fdef%2Bx&partNumber=7 HTTP/1.1\r\n\
    Host: 127.0.0.1:9000\r\n\
    User-Agent: Boto3/1.44.5 ua/2.1 os/linux lang/python#3.11\r\n\
    Expect: 100-continue\r\n\
    X-Amz-Date: 20130524T000000Z\r\n\
    X-Amz-Content-SHA256: 37a680133bd09342f934afb8dd2c7d9e1b624da5f35e3a38adb103e37c055ed1\r\n\
    Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
    SignedHeaders=host;x-amz-content-sha256;x-amz-date, \
    Signature=52661fcc54e19cd638871d06082895f05c59d3ceefd4e17ea5e34872e6bf012e\r\n\
    amz-sdk-invocation-id: 7a1b5f0e-0d49-4a52-8c2b-8f6f4e6f0a11\r\n\
    amz-sdk-request: attempt=1; max=1\r\n\
    Content-Length: 4\r\n\
    \r\n";

/// Many keys to delete, with a checksum.
pub(super) const DELETE_OBJECTS: &str = "POST /b?delete HTTP/1.1\r\n\
    Host: 127.0.0.1:9000\r\n\
    User-Agent: Boto3/1.44.5 ua/2.1 os/linux lang/python#3.11\r\n\
    x-amz-checksum-crc32: tCs18Q==\r\n\
    x-amz-sdk-checksum-algorithm: CRC32\r\n\
    X-Amz-Date: 20130524T000000Z\r\n\
    X-Amz-Content-SHA256: ee14008cf8b8dc1560aef85ac8e299c5afd06c7dc857e44ce281beffe62f093d\r\n\
    Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
    SignedHeaders=host;x-amz-checksum-crc32;x-amz-content-sha256;x-amz-date;\
    x-amz-sdk-checksum-algorithm, Signature=4cc639dd8341a123ecaca3aa1b6903d8903ed55e4f86bbdb2162677696bb\
    9ed4\r\n\
    amz-sdk-invocation-id: 7a1b5f0e-0d49-4a52-8c2b-8f6f4e6f0a11\r\n\
    amz-sdk-request: attempt=1; max=1\r\n\
    Content-Length: 94\r\n\
    \r\n";

/// A body over TLS: chunks that are not signed, and a checksum after them.
pub(super) const PUT_TRAILER: &str = "PUT /b/k HTTP/1.1\r\n\
    Host: 127.0.0.1:9000\r\n\
    User-Agent: Boto3/1.44.5 ua/2.1 os/linux lang/python#3.11\r\n\
    Expect: 100-continue\r\n\
    Transfer-Encoding: chunked\r\n\
    Content-Encoding: aws-chunked\r\n\
    X-Amz-Trailer: x-amz-checksum-crc32\r\n\
    X-Amz-Decoded-Content-Length: 5\r\n\
    x-amz-sdk-checksum-algorithm: CRC32\r\n\
    X-Amz-Date: 20130524T000000Z\r\n\
    X-Amz-Content-SHA256: STREAMING-UNSIGNED-PAYLOAD-TRAILER\r\n\
    Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
    SignedHeaders=content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;\
    x-amz-sdk-checksum-algorithm;x-amz-trailer, \
    Signature=bc402eba924b1b27e368de108ebea1ab709339d02ca0de63ef34dfdeb458ff5a\r\n\
    amz-sdk-invocation-id: 7a1b5f0e-0d49-4a52-8c2b-8f6f4e6f0a11\r\n\
    amz-sdk-request: attempt=1; max=1\r\n\
    \r\n";

/// A body over TLS that is not signed.
pub(super) const PUT_UNSIGNED: &str = "PUT /b/k HTTP/1.1\r\n\
    Host: 127.0.0.1:9000\r\n\
    User-Agent: Boto3/1.44.5 ua/2.1 os/linux lang/python#3.11\r\n\
    Expect: 100-continue\r\n\
    X-Amz-Date: 20130524T000000Z\r\n\
    X-Amz-Content-SHA256: UNSIGNED-PAYLOAD\r\n\
    Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
    SignedHeaders=host;x-amz-content-sha256;x-amz-date, \
    Signature=fd37347737e5acdc145897bbadb9d40e3551e14f7f4d4017ff188e85229ad7e4\r\n\
    amz-sdk-invocation-id: 7a1b5f0e-0d49-4a52-8c2b-8f6f4e6f0a11\r\n\
    amz-sdk-request: attempt=1; max=1\r\n\
    Content-Length: 5\r\n\
    \r\n";

/// With a session's token in a header.
pub(super) const GET_SESSION: &str = "GET /b/k HTTP/1.1\r\n\
    Host: 127.0.0.1:9000\r\n\
    x-amz-checksum-mode: ENABLED\r\n\
    User-Agent: Boto3/1.44.5 ua/2.1 os/linux lang/python#3.11\r\n\
    X-Amz-Date: 20130524T000000Z\r\n\
    X-Amz-Security-Token: FwoGZXIvYXdzEBYaDH+a/b=c==\r\n\
    X-Amz-Content-SHA256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\r\n\
    Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
    SignedHeaders=host;x-amz-checksum-mode;x-amz-content-sha256;x-amz-date;x-amz-security-token, \
    Signature=b02c751234ed8a0206664b850f9726abc7ea1e3a3278849ac7aad6cb6921219a\r\n\
    amz-sdk-invocation-id: 7a1b5f0e-0d49-4a52-8c2b-8f6f4e6f0a11\r\n\
    amz-sdk-request: attempt=1; max=1\r\n\
    \r\n";

/// For another region.
pub(super) const HEAD_NORTH: &str = "HEAD /b/k HTTP/1.1\r\n\
    Host: 127.0.0.1:9000\r\n\
    User-Agent: Boto3/1.44.5 ua/2.1 os/linux lang/python#3.11\r\n\
    X-Amz-Date: 20130524T000000Z\r\n\
    X-Amz-Content-SHA256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\r\n\
    Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/eu-north-1/s3/aws4_request\
    , SignedHeaders=host;x-amz-content-sha256;x-amz-date, \
    Signature=b5e7d7fc548c1d696f53e94d5c5661c3a5efe951efc713b3c271f35e0a8265db\r\n\
    amz-sdk-invocation-id: 7a1b5f0e-0d49-4a52-8c2b-8f6f4e6f0a11\r\n\
    amz-sdk-request: attempt=1; max=1\r\n\
    \r\n";

/// Presigned, with a session's token in the query.
pub(super) const PRESIGNED_SESSION: &str = "GET /b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&\
    X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&\
    X-Amz-Date=20130524T000000Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&\
    X-Amz-Security-Token=FwoGZXIvYXdzEBYaDH%2Ba%2Fb%3Dc%3D%3D&\
    X-Amz-Signature=8a6d6434652394718224be647516c348fc3943fb60c3fbb68aff6d10c51fb80e HTTP/1.1\r\n\
    Host: 127.0.0.1:9000\r\n\
    \r\n";

/// Presigned, with headers that the answer is to have.
pub(super) const PRESIGNED_OVERRIDES: &str = "GET /b/dir/my%20file%2B1.txt?response-content-disposition=at\
    tachment%3B%20filename%3D%22a%20b.txt%22&response-content-type=text%2Fplain&\
    X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2\
    Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&\
    X-Amz-Signature=3a25e36b3363d171a3350272876ca55f1171aec1b1fcca71c689191bce56867b HTTP/1.1\r\n\
    Host: 127.0.0.1:9000\r\n\
    \r\n";

/// Presigned, with two headers that whoever uses it must send.
pub(super) const PRESIGNED_PUT: &str = "PUT /b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&\
    X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&\
    X-Amz-Date=20130524T000000Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=content-type%3Bhost%3Bx-amz-acl&\
    X-Amz-Signature=d1136f2e573be956bd95ec2ddca1dae7d1c464d92022b4b3e503c8c44acf6580 HTTP/1.1\r\n\
    Host: 127.0.0.1:9000\r\n\
    Content-Type: image/png\r\n\
    x-amz-acl: public-read\r\n\
    \r\n";
