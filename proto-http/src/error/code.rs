//! S3's error codes: one table of names, statuses and messages.
//!
//! What must hold: what a client may retry has a status that SDKs retry (500, 503), what it may not has none of these.

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// The name that clients match.
    pub name: &'static str,
    /// The status.
    pub status: u16,
    /// What people read, unless the error says it better.
    pub message: &'static str,
}

const fn code(name: &'static str, status: u16, message: &'static str) -> Code {
    Code { name, status, message }
}

/// A request that this principal may not make.
pub const ACCESS_DENIED: Code = code("AccessDenied", 403, "Access Denied");
/// Authorization and region do not fit.
pub const AUTHORIZATION_HEADER_MALFORMED: Code =
    code("AuthorizationHeaderMalformed", 400, "The authorization header is malformed.");
/// The body is not the one whose digest was given.
pub const BAD_DIGEST: Code = code(
    "BadDigest",
    400,
    "The Content-MD5 or checksum value that you specified did not match what the server received.",
);
/// Somebody else's bucket: here every bucket is the caller's, so a name is taken only in another region.
pub const BUCKET_ALREADY_OWNED_BY_YOU: Code =
    code("BucketAlreadyOwnedByYou", 409, "The bucket that you tried to create already exists, and you own it.");
/// Objects are in it.
pub const BUCKET_NOT_EMPTY: Code = code("BucketNotEmpty", 409, "The bucket that you tried to delete is not empty.");
/// A part but the last is too small.
pub const ENTITY_TOO_SMALL: Code =
    code("EntityTooSmall", 400, "Your proposed upload is smaller than the minimum allowed object size.");
/// The body is too large.
pub const ENTITY_TOO_LARGE: Code =
    code("EntityTooLarge", 400, "Your proposed upload exceeds the maximum allowed object size.");
/// A region that is not ours.
pub const ILLEGAL_LOCATION: Code = code(
    "IllegalLocationConstraintException",
    400,
    "The location constraint is incompatible with the region of this endpoint.",
);
/// The body ended early.
pub const INCOMPLETE_BODY: Code =
    code("IncompleteBody", 400, "You did not provide the number of bytes specified by the Content-Length HTTP header.");
/// Our own fault.
pub const INTERNAL_ERROR: Code = code("InternalError", 500, "We encountered an internal error. Please try again.");
/// An argument that is none.
pub const INVALID_ARGUMENT: Code = code("InvalidArgument", 400, "Invalid Argument");
/// A name that no bucket may have.
pub const INVALID_BUCKET_NAME: Code = code("InvalidBucketName", 400, "The specified bucket is not valid.");
/// Content-MD5 that is none.
pub const INVALID_DIGEST: Code = code("InvalidDigest", 400, "The Content-MD5 you specified is not valid.");
/// A location that no region has.
pub const INVALID_LOCATION: Code =
    code("InvalidLocationConstraint", 400, "The specified location-constraint is not valid");
/// A part that is missing or other.
pub const INVALID_PART: Code = code(
    "InvalidPart",
    400,
    "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified \
     entity tag may not match the part's entity tag.",
);
/// Parts that do not ascend.
pub const INVALID_PART_ORDER: Code = code(
    "InvalidPartOrder",
    400,
    "The list of parts was not in ascending order. The parts list must be specified in order by part number.",
);
/// A part number behind the last.
pub const INVALID_PART_NUMBER: Code = code("InvalidPartNumber", 416, "The requested partnumber is not satisfiable");
/// A range behind the end.
pub const INVALID_RANGE: Code = code("InvalidRange", 416, "The requested range is not satisfiable");
/// A request that makes no sense.
pub const INVALID_REQUEST: Code = code("InvalidRequest", 400, "Invalid Request");
/// A storage class that is none.
pub const INVALID_STORAGE_CLASS: Code =
    code("InvalidStorageClass", 400, "The storage class you specified is not valid");
/// A path that cannot be decoded.
pub const INVALID_URI: Code = code("InvalidURI", 400, "Couldn't parse the specified URI.");
/// A key that is too long.
pub const KEY_TOO_LONG: Code = code("KeyTooLongError", 400, "Your key is too long");
/// XML that is none, or not this kind.
pub const MALFORMED_XML: Code = code(
    "MalformedXML",
    400,
    "The XML you provided was not well-formed or did not validate against our published schema",
);
/// Metadata above the limit.
pub const METADATA_TOO_LARGE: Code =
    code("MetadataTooLarge", 400, "Your metadata headers exceed the maximum allowed metadata size");
/// A method that this resource has not.
pub const METHOD_NOT_ALLOWED: Code =
    code("MethodNotAllowed", 405, "The specified method is not allowed against this resource.");
/// A body without a length.
pub const MISSING_CONTENT_LENGTH: Code =
    code("MissingContentLength", 411, "You must provide the Content-Length HTTP header.");
/// A document that has not come.
pub const MISSING_REQUEST_BODY: Code = code("MissingRequestBodyError", 400, "Request body is empty.");
/// No such bucket.
pub const NO_SUCH_BUCKET: Code = code("NoSuchBucket", 404, "The specified bucket does not exist");
/// No such key.
pub const NO_SUCH_KEY: Code = code("NoSuchKey", 404, "The specified key does not exist.");
/// No such upload.
pub const NO_SUCH_UPLOAD: Code = code(
    "NoSuchUpload",
    404,
    "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or \
     completed.",
);
/// No such version.
pub const NO_SUCH_VERSION: Code = code("NoSuchVersion", 404, "The specified version does not exist.");
/// What is not served, so that nobody takes silence for success.
pub const NOT_IMPLEMENTED: Code =
    code("NotImplemented", 501, "A header or parameter you provided implies functionality that is not implemented");
/// A condition that does not hold.
pub const PRECONDITION_FAILED: Code =
    code("PreconditionFailed", 412, "At least one of the pre-conditions you specified did not hold");
/// The client was too slow.
pub const REQUEST_TIMEOUT: Code = code(
    "RequestTimeout",
    400,
    "Your socket connection to the server was not read from or written to within the timeout period.",
);
/// A head above the limit.
pub const REQUEST_HEADER_SECTION_TOO_LARGE: Code = code(
    "RequestHeaderSectionTooLarge",
    400,
    "Your request header and query parameters exceed the maximum allowed size.",
);
/// The node is stopping.
pub const SERVICE_UNAVAILABLE: Code = code("ServiceUnavailable", 503, "The node is stopping. Try another one.");
/// Too much is under way.
pub const SLOW_DOWN: Code = code("SlowDown", 503, "Please reduce your request rate.");
/// The disk is full.
pub const STORAGE_FULL: Code = code(
    "StorageFull",
    507,
    "The storage is full. What was stored is safe, and deletes work; delete objects or add space.",
);
/// Buckets beyond the limit.
pub const TOO_MANY_BUCKETS: Code =
    code("TooManyBuckets", 400, "You have attempted to create more buckets than allowed");
/// The body's hash is not the one that was signed.
pub const CONTENT_SHA256_MISMATCH: Code = code(
    "XAmzContentSHA256Mismatch",
    400,
    "The provided 'x-amz-content-sha256' header does not match what was computed.",
);

/// What is asked for is not configured: the precise codes that clients expect of a bucket without it.
pub mod not_configured {
    use super::{Code, code};

    /// No bucket policy.
    pub const POLICY: Code = code("NoSuchBucketPolicy", 404, "The bucket policy does not exist");
    /// No tags.
    pub const TAGGING: Code = code("NoSuchTagSet", 404, "The TagSet does not exist");
    /// No lifecycle.
    pub const LIFECYCLE: Code = code("NoSuchLifecycleConfiguration", 404, "The lifecycle configuration does not exist");
    /// No CORS.
    pub const CORS: Code = code("NoSuchCORSConfiguration", 404, "The CORS configuration does not exist");
    /// No encryption.
    pub const ENCRYPTION: Code = code(
        "ServerSideEncryptionConfigurationNotFoundError",
        404,
        "The server side encryption configuration was not found",
    );
    /// No object lock on the bucket.
    pub const OBJECT_LOCK: Code =
        code("ObjectLockConfigurationNotFoundError", 404, "Object Lock configuration does not exist for this bucket");
    /// No object lock on an object, since there is none on its bucket.
    pub const OBJECT_RETENTION: Code = code("InvalidRequest", 400, "Bucket is missing Object Lock Configuration");
    /// No website.
    pub const WEBSITE: Code =
        code("NoSuchWebsiteConfiguration", 404, "The specified bucket does not have a website configuration");
    /// No replication.
    pub const REPLICATION: Code =
        code("ReplicationConfigurationNotFoundError", 404, "The replication configuration was not found");
    /// No public access block.
    pub const PUBLIC_ACCESS_BLOCK: Code =
        code("NoSuchPublicAccessBlockConfiguration", 404, "The public access block configuration was not found");
    /// No ownership controls.
    pub const OWNERSHIP_CONTROLS: Code =
        code("OwnershipControlsNotFoundError", 404, "The bucket ownership controls were not found");
    /// No configuration of this kind.
    pub const CONFIGURATION: Code = code("NoSuchConfiguration", 404, "The specified configuration does not exist.");
}
