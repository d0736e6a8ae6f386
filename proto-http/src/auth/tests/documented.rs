//! The worked examples of AWS's documentation of signature version 4 for S3: their requests and their signatures.

/// GET Object.
pub(super) const GET_OBJECT: &str = "GET /test.txt HTTP/1.1\r\n\
    Host: examplebucket.s3.amazonaws.com\r\n\
    Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
    SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,\
    Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41\r\n\
    Range: bytes=0-9\r\n\
    x-amz-content-sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\r\n\
    x-amz-date: 20130524T000000Z\r\n\
    \r\n";

/// PUT Object.
pub(super) const PUT_OBJECT: &str = "PUT /test$file.text HTTP/1.1\r\n\
    Host: examplebucket.s3.amazonaws.com\r\n\
    Date: Fri, 24 May 2013 00:00:00 GMT\r\n\
    Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
    SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class,\
    Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd\r\n\
    x-amz-date: 20130524T000000Z\r\n\
    x-amz-storage-class: REDUCED_REDUNDANCY\r\n\
    x-amz-content-sha256: 44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072\r\n\
    \r\n";

/// GET Bucket Lifecycle.
pub(super) const GET_LIFECYCLE: &str = "GET /?lifecycle HTTP/1.1\r\n\
    Host: examplebucket.s3.amazonaws.com\r\n\
    Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
    SignedHeaders=host;x-amz-content-sha256;x-amz-date,\
    Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543\r\n\
    x-amz-date: 20130524T000000Z\r\n\
    x-amz-content-sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\r\n\
    \r\n";

/// GET Bucket (List Objects).
pub(super) const LIST_OBJECTS: &str = "GET /?max-keys=2&prefix=J HTTP/1.1\r\n\
    Host: examplebucket.s3.amazonaws.com\r\n\
    Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
    SignedHeaders=host;x-amz-content-sha256;x-amz-date,\
    Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7\r\n\
    x-amz-date: 20130524T000000Z\r\n\
    x-amz-content-sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\r\n\
    \r\n";

/// A presigned request.
pub(super) const PRESIGNED: &str = "GET /test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&\
    X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&\
    X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&\
    X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404 HTTP/1.1\r\n\
    Host: examplebucket.s3.amazonaws.com\r\n\
    \r\n";

/// A body in three signed chunks.
pub(super) const PUT_CHUNKS: &str = "PUT /examplebucket/chunkObject.txt HTTP/1.1\r\n\
    Host: s3.amazonaws.com\r\n\
    x-amz-date: 20130524T000000Z\r\n\
    x-amz-storage-class: REDUCED_REDUNDANCY\r\n\
    Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
    SignedHeaders=content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;\
    x-amz-decoded-content-length;x-amz-storage-class,\
    Signature=4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9\r\n\
    x-amz-content-sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD\r\n\
    Content-Encoding: aws-chunked\r\n\
    x-amz-decoded-content-length: 66560\r\n\
    Content-Length: 66824\r\n\
    \r\n";

/// The same with a signed trailer.
pub(super) const PUT_CHUNKS_TRAILER: &str = "PUT /examplebucket/chunkObject.txt HTTP/1.1\r\n\
    Host: s3.amazonaws.com\r\n\
    x-amz-date: 20130524T000000Z\r\n\
    x-amz-storage-class: REDUCED_REDUNDANCY\r\n\
    Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
    SignedHeaders=content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;\
    x-amz-storage-class;x-amz-trailer,Signature=106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b745\
    44bfeb8e\r\n\
    x-amz-content-sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER\r\n\
    Content-Encoding: aws-chunked\r\n\
    x-amz-decoded-content-length: 66560\r\n\
    x-amz-trailer: x-amz-checksum-crc32c\r\n\
    Content-Length: 66824\r\n\
    \r\n";
