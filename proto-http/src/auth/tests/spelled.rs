//! Heads as other clients spell them, each signed by a few lines of Python over the canonical request that the client
//! makes of it, with the documentation's example key.

/// Row 29: signs in the path that are sent as they are, and signed encoded.
pub(super) const RAW_PATH: &str = "PUT /b/k=@:,()!*' HTTP/1.1\r\n\
    Host: h:9000\r\n\
    x-amz-content-sha256: UNSIGNED-PAYLOAD\r\n\
    x-amz-date: 20130524T000000Z\r\n\
    Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
    SignedHeaders=host;x-amz-content-sha256;x-amz-date, \
    Signature=e4a61a55347a492ae82e35a6b73e3917d3be6108e8b856b79d536404eb146bc2\r\n\
    \r\n";

/// Row 28: an encoded slash and small hexadecimal digits.
pub(super) const SMALL_HEX: &str = "GET /b/a%2fb%2Fc%e4%7e HTTP/1.1\r\n\
    Host: h:9000\r\n\
    x-amz-content-sha256: UNSIGNED-PAYLOAD\r\n\
    x-amz-date: 20130524T000000Z\r\n\
    Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
    SignedHeaders=host;x-amz-content-sha256;x-amz-date, \
    Signature=30110bc5aef32ccddab3699b40d5068285c7a66be2a7c1529c4c4401362987da\r\n\
    \r\n";

/// Row 27: a plus sign in the path.
pub(super) const PLUS_IN_PATH: &str = "GET /b/a+b HTTP/1.1\r\n\
    Host: h:9000\r\n\
    x-amz-content-sha256: UNSIGNED-PAYLOAD\r\n\
    x-amz-date: 20130524T000000Z\r\n\
    Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
    SignedHeaders=host;x-amz-content-sha256;x-amz-date, \
    Signature=b49a188d0c7b336f713f549bf92e02d036392c8424733dae109e7ad73e3201ce\r\n\
    \r\n";

/// Row 27: a plus sign in the query that was signed as a space.
pub(super) const PLUS_IS_SPACE: &str = "GET /b?list-type=2&prefix=a+b HTTP/1.1\r\n\
    Host: h:9000\r\n\
    x-amz-content-sha256: UNSIGNED-PAYLOAD\r\n\
    x-amz-date: 20130524T000000Z\r\n\
    Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
    SignedHeaders=host;x-amz-content-sha256;x-amz-date, \
    Signature=bce946e63d6bb80d6eb77f214a5b84fd1846d23cea73f3a575bf8278818e3e32\r\n\
    \r\n";

/// Row 27: a plus sign in the query that was signed as itself.
pub(super) const PLUS_IS_PLUS: &str = "GET /b?list-type=2&prefix=a+b HTTP/1.1\r\n\
    Host: h:9000\r\n\
    x-amz-content-sha256: UNSIGNED-PAYLOAD\r\n\
    x-amz-date: 20130524T000000Z\r\n\
    Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
    SignedHeaders=host;x-amz-content-sha256;x-amz-date, \
    Signature=d88c3b896b45e7c5608cfa6597e26ce146f581ab5537d64cf64c76041d49458a\r\n\
    \r\n";

/// Row 30: parameters out of order, doubled and without a value.
pub(super) const DOUBLE_PARAMETERS: &str = "GET /b?b=2&a=2&uploads&a=1&a-b=3 HTTP/1.1\r\n\
    Host: h:9000\r\n\
    x-amz-content-sha256: UNSIGNED-PAYLOAD\r\n\
    x-amz-date: 20130524T000000Z\r\n\
    Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
    SignedHeaders=host;x-amz-content-sha256;x-amz-date, \
    Signature=e0e5e772e6081f95d31f60c77f50c564c87c6888e4fd5fcd4a4346ab139e9ae2\r\n\
    \r\n";

/// Row 31: what the SDKs for JavaScript, Go and Rust add.
pub(super) const X_ID: &str = "PUT /b/k?x-id=PutObject HTTP/1.1\r\n\
    Host: h:9000\r\n\
    x-amz-content-sha256: UNSIGNED-PAYLOAD\r\n\
    x-amz-date: 20130524T000000Z\r\n\
    Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
    SignedHeaders=host;x-amz-content-sha256;x-amz-date, \
    Signature=3446e8d52133a27de8d288973e588bf4ddd8415eebbda8b96c910a081ef885f0\r\n\
    \r\n";

/// Row 32: a header that came twice, with tabs and spaces; content-length and content-type are signed.
pub(super) const JOINED_HEADERS: &str = "PUT /b/k HTTP/1.1\r\n\
    Host: h:9000\r\n\
    x-amz-content-sha256: UNSIGNED-PAYLOAD\r\n\
    x-amz-date: 20130524T000000Z\r\n\
    X-Amz-Meta-A:  one \t two \r\n\
    Content-Type: text/plain;  charset=utf-8\r\n\
    X-Amz-Meta-A: three\r\n\
    Content-Length: 0\r\n\
    Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
    SignedHeaders=content-length;content-type;host;x-amz-content-sha256;x-amz-date;x-amz-meta-a, \
    Signature=9ecb0f51c08e0d66fcf2d85aa724988f7639d8f3ef285443fd07c864fb6374a5\r\n\
    \r\n";

/// Row 33: a client that signs `accept-encoding`.
pub(super) const SIGNED_ENCODING: &str = "GET /b/k HTTP/1.1\r\n\
    Host: h:9000\r\n\
    x-amz-content-sha256: UNSIGNED-PAYLOAD\r\n\
    x-amz-date: 20130524T000000Z\r\n\
    Accept-Encoding: gzip\r\n\
    User-Agent: client/1\r\n\
    Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
    SignedHeaders=accept-encoding;host;x-amz-content-sha256;x-amz-date, \
    Signature=941f612dc3878d459f75320195115a26e0528de9ea27a128bd44c366dfb8b134\r\n\
    \r\n";

/// Row 35: no `x-amz-date`.
pub(super) const DATE_ONLY: &str = "GET /b/k HTTP/1.1\r\n\
    Host: h:9000\r\n\
    Date: Fri, 24 May 2013 00:00:00 GMT\r\n\
    x-amz-content-sha256: UNSIGNED-PAYLOAD\r\n\
    Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
    SignedHeaders=date;host;x-amz-content-sha256, \
    Signature=454f442c8ee0f757a41085ac1e33c2f3fcfaca13951a643935dba1c7d0425401\r\n\
    \r\n";

/// libs3 lists headers that it does not send.
pub(super) const LISTED_BUT_NOT_SENT: &str = "PUT /b/k HTTP/1.1\r\n\
    Host: h:9000\r\n\
    x-amz-content-sha256: UNSIGNED-PAYLOAD\r\n\
    x-amz-date: 20130524T000000Z\r\n\
    Content-Length: 0\r\n\
    Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
    SignedHeaders=content-length;host;transfer-encoding;x-amz-content-sha256;x-amz-date, \
    Signature=e8b401457e0ba88eda75467f3f0857e667a0874eec84be424930a3411c35592d\r\n\
    \r\n";

/// Row 46: for the service `s3express`.
pub(super) const EXPRESS: &str = "GET /b/k HTTP/1.1\r\n\
    Host: h:9000\r\n\
    x-amz-content-sha256: UNSIGNED-PAYLOAD\r\n\
    x-amz-date: 20130524T000000Z\r\n\
    Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3express/aws4_re\
    quest, SignedHeaders=host;x-amz-content-sha256;x-amz-date, \
    Signature=e73191ba4d216937c6845340df327de403503266476524b1479e4c0d47b511a1\r\n\
    \r\n";

/// Row 6: a way to send the body that nobody has heard of.
pub(super) const STREAMING_UNKNOWN: &str = "PUT /b/k HTTP/1.1\r\n\
    Host: h:9000\r\n\
    x-amz-content-sha256: STREAMING-AWS9-HMAC-SHA512-PAYLOAD\r\n\
    x-amz-date: 20130524T000000Z\r\n\
    Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
    SignedHeaders=host;x-amz-content-sha256;x-amz-date, \
    Signature=417dc85ba43719614d0ae7bac273324993fedfccf41bc88b8a70c2f5ec17e290\r\n\
    \r\n";

/// Row 37: a session's token that was appended, not encoded, after the rest was signed.
pub(super) const TOKEN_APPENDED: &str = "GET /b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&\
    X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&\
    X-Amz-Date=20130524T000000Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&\
    X-Amz-Signature=c1bbb138d483b8752e210532772240abebc1bde9084e18b937344a1459062f62&\
    X-Amz-Security-Token=FwoGZXIvYXdzEBYaDH+a/b=c== HTTP/1.1\r\n\
    Host: h:9000\r\n\
    \r\n";

/// Row 38: the JavaScript presigner moves headers into the query, the checksum and the word for the body too.
pub(super) const HOISTED: &str = "PUT /b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&\
    X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&\
    X-Amz-Date=20130524T000000Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&\
    X-Amz-Content-Sha256=UNSIGNED-PAYLOAD&x-amz-checksum-crc32=AAAAAA%3D%3D&\
    x-amz-sdk-checksum-algorithm=CRC32&x-id=PutObject&\
    X-Amz-Signature=76223454dba299da9fda4bbcb1d0bcc04b3d3b3c5f9fc851175d1e7357b1abdb HTTP/1.1\r\n\
    Host: h:9000\r\n\
    \r\n";

/// Row 40: the list of headers with raw semicolons.
pub(super) const RAW_SEMICOLON: &str = "PUT /b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&\
    X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&\
    X-Amz-Date=20130524T000000Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=content-type;host&\
    X-Amz-Signature=95d448d46af9c8169576e13c3e8c69caa2893cfcf5a3866bfabc5c50419ecaca HTTP/1.1\r\n\
    Host: h:9000\r\n\
    Content-Type: text/plain\r\n\
    \r\n";

/// A presigned request whose body's digest is signed in a header.
pub(super) const PRESIGNED_DIGEST: &str = "PUT /b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&\
    X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&\
    X-Amz-Date=20130524T000000Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host%3Bx-amz-content-sha256&\
    X-Amz-Signature=0fca058d50184caf094ff116cae680f7cd3c8a64e8db1f71a51b7d941a891077 HTTP/1.1\r\n\
    Host: h:9000\r\n\
    x-amz-content-sha256: 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\r\n\
    \r\n";
