//! Which operation a request is: method, what it names, and the parameter that picks among those of one method.
//!
//! ```text
//!  nothing named    a bucket named                    an object named
//!  GET buckets      GET objects, PUT, HEAD, DELETE    GET, HEAD, PUT, DELETE
//!                   ?uploads ?versions ?delete        ?uploads ?uploadId ?partNumber ?attributes
//!                   ?location and the probes          ?acl ?tagging ?retention ?legal-hold
//! ```
//!
//! What must hold: a parameter that changes what a request means is either served or refused by name, never passed
//! over. `S3.md` is the table of what is served; a test compares it with this file.

use crate::error::S3Error;
use crate::error::code::{self, Code, not_configured};
use crate::s3::query::Query;

/// What a request wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    /// ListBuckets.
    ListBuckets,
    /// CreateBucket.
    CreateBucket,
    /// HeadBucket.
    HeadBucket,
    /// DeleteBucket.
    DeleteBucket,
    /// GetBucketLocation.
    BucketLocation,
    /// ListObjects.
    ListObjects,
    /// ListObjectsV2.
    ListObjectsV2,
    /// ListObjectVersions, of a bucket without versions.
    ListVersions,
    /// ListMultipartUploads.
    ListUploads,
    /// DeleteObjects.
    DeleteObjects,
    /// GetObject.
    GetObject,
    /// HeadObject.
    HeadObject,
    /// GetObjectAttributes.
    ObjectAttributes,
    /// PutObject.
    PutObject,
    /// CopyObject.
    CopyObject,
    /// DeleteObject.
    DeleteObject,
    /// CreateMultipartUpload.
    CreateUpload,
    /// UploadPart.
    UploadPart,
    /// UploadPartCopy.
    CopyPart,
    /// ListParts.
    ListParts,
    /// CompleteMultipartUpload.
    CompleteUpload,
    /// AbortMultipartUpload.
    AbortUpload,
    /// A setting that is not served: what it is while nobody can change it.
    Probe(Probe),
    /// A setting is removed that was never there.
    RemoveSetting,
    /// PutBucketAcl or PutObjectAcl: only what is so already is taken.
    PutAcl,
}

/// A setting's answer while it cannot be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Probe {
    /// The document of a default.
    Default(Setting),
    /// The code that says it is not configured.
    Absent(Code),
}

/// Settings that have a default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Setting {
    /// Never versioned.
    Versioning,
    /// The owner may all.
    Acl,
    /// The owner pays.
    RequestPayment,
    /// Not accelerated.
    Accelerate,
    /// Not logged.
    Logging,
    /// Nobody is told.
    Notification,
    /// An object's tags: none.
    ObjectTagging,
    /// A list of configurations: none. The name of its document.
    EmptyList(&'static str),
}

/// What the path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// Nothing.
    Nothing,
    /// A bucket.
    Bucket,
    /// An object.
    Object,
}

/// Parameters that pick another operation, on buckets.
const BUCKET_SETTINGS: [(&str, Probe); 23] = [
    ("versioning", Probe::Default(Setting::Versioning)),
    ("acl", Probe::Default(Setting::Acl)),
    ("requestPayment", Probe::Default(Setting::RequestPayment)),
    ("accelerate", Probe::Default(Setting::Accelerate)),
    ("logging", Probe::Default(Setting::Logging)),
    ("notification", Probe::Default(Setting::Notification)),
    ("policyStatus", Probe::Absent(not_configured::POLICY)),
    ("policy", Probe::Absent(not_configured::POLICY)),
    ("tagging", Probe::Absent(not_configured::TAGGING)),
    ("lifecycle", Probe::Absent(not_configured::LIFECYCLE)),
    ("cors", Probe::Absent(not_configured::CORS)),
    ("encryption", Probe::Absent(not_configured::ENCRYPTION)),
    ("object-lock", Probe::Absent(not_configured::OBJECT_LOCK)),
    ("website", Probe::Absent(not_configured::WEBSITE)),
    ("replication", Probe::Absent(not_configured::REPLICATION)),
    ("publicAccessBlock", Probe::Absent(not_configured::PUBLIC_ACCESS_BLOCK)),
    ("ownershipControls", Probe::Absent(not_configured::OWNERSHIP_CONTROLS)),
    ("analytics", Probe::Default(Setting::EmptyList("ListBucketAnalyticsConfigurationResult"))),
    ("inventory", Probe::Default(Setting::EmptyList("ListInventoryConfigurationsResult"))),
    ("metrics", Probe::Default(Setting::EmptyList("ListMetricsConfigurationsResult"))),
    ("intelligent-tiering", Probe::Default(Setting::EmptyList("ListBucketIntelligentTieringConfigurationsOutput"))),
    ("metadataConfiguration", Probe::Absent(not_configured::CONFIGURATION)),
    ("metadataTable", Probe::Absent(not_configured::CONFIGURATION)),
];

/// The same on objects.
const OBJECT_SETTINGS: [(&str, Probe); 4] = [
    ("acl", Probe::Default(Setting::Acl)),
    ("tagging", Probe::Default(Setting::ObjectTagging)),
    ("retention", Probe::Absent(not_configured::OBJECT_RETENTION)),
    ("legal-hold", Probe::Absent(not_configured::OBJECT_RETENTION)),
];

/// Parameters that change the meaning and are not served at all.
const NOT_SERVED: [&str; 13] = [
    "abac",
    "append",
    "annotation",
    "encryption-key",
    "metadataInventoryTable",
    "metadataJournalTable",
    "object-annotation",
    "renameObject",
    "restore",
    "select",
    "session",
    "torrent",
    "website-redirect",
];

/// Settings that S3 lets be removed.
const REMOVABLE: [&str; 15] = [
    "analytics",
    "cors",
    "encryption",
    "intelligent-tiering",
    "inventory",
    "lifecycle",
    "metadataConfiguration",
    "metadataTable",
    "metrics",
    "ownershipControls",
    "policy",
    "publicAccessBlock",
    "replication",
    "tagging",
    "website",
];

/// Parameters that pick an operation. With a method that has none for them they are no plain request of that method:
/// `DELETE ?uploads` must not delete a bucket.
const PICKING: [&str; 5] = ["attributes", "delete", "location", "uploads", "versions"];

/// Methods that may pick an operation.
const METHODS: [&str; 5] = ["GET", "HEAD", "PUT", "POST", "DELETE"];

impl Operation {
    /// The operation of a request. `copies` says that it names a source to copy from.
    ///
    /// # Errors
    /// `NotImplemented` or `MethodNotAllowed`, with the parameter that is the reason or with the methods that are
    /// allowed; `InvalidArgument` for a parameter that its operation has not.
    pub(super) fn of(method: &str, named: Named, query: &Query, copies: bool) -> Result<Operation, S3Error> {
        Operation::find(method, named, query, copies).map_err(|error| {
            if error.code != code::METHOD_NOT_ALLOWED {
                return error;
            }
            let allowed = METHODS.into_iter().filter(|other| Operation::find(other, named, query, copies).is_ok());
            let allowed: Vec<&str> = allowed.collect();
            let kind = match named {
                Named::Nothing => "SERVICE",
                Named::Bucket => "BUCKET",
                Named::Object => "OBJECT",
            };
            let mut error = error.with("Method", method).with("ResourceType", kind);
            error.headers.push(("allow", allowed.join(", ")));
            error
        })
    }

    fn find(method: &str, named: Named, query: &Query, copies: bool) -> Result<Operation, S3Error> {
        if let Some(what) = NOT_SERVED.iter().find(|name| query.has(name)) {
            return Err(S3Error::not_served(what));
        }
        match named {
            Named::Nothing => match method {
                "GET" => Ok(Operation::ListBuckets),
                _ => Err(code::METHOD_NOT_ALLOWED.into()),
            },
            Named::Bucket => Operation::of_bucket(method, query),
            Named::Object => Operation::of_object(method, query, copies),
        }
    }

    fn of_bucket(method: &str, query: &Query) -> Result<Operation, S3Error> {
        if let Some((name, probe)) = BUCKET_SETTINGS.iter().find(|(name, _)| query.has(name)) {
            // One of many configurations has a name, and there is none of that name.
            return match probe {
                Probe::Default(Setting::EmptyList(_)) if query.has("id") => {
                    setting(method, name, Probe::Absent(not_configured::CONFIGURATION))
                }
                probe => setting(method, name, *probe),
            };
        }
        match (method, picked(query)) {
            ("GET", Some("location")) => Ok(Operation::BucketLocation),
            ("GET", Some("uploads")) => Ok(Operation::ListUploads),
            ("GET", Some("versions")) => Ok(Operation::ListVersions),
            ("POST", Some("delete")) => Ok(Operation::DeleteObjects),
            ("GET", None) => match query.filled("list-type") {
                None | Some("1") => Ok(Operation::ListObjects),
                Some("2") => Ok(Operation::ListObjectsV2),
                Some(other) => Err(S3Error::argument("list-type", other, "Invalid List Type specified in Request")),
            },
            ("PUT", None) => Ok(Operation::CreateBucket),
            ("HEAD", None) => Ok(Operation::HeadBucket),
            ("DELETE", None) => Ok(Operation::DeleteBucket),
            ("POST", None) => Err(S3Error::not_served("POST of a form")),
            _ => Err(code::METHOD_NOT_ALLOWED.into()),
        }
    }

    fn of_object(method: &str, query: &Query, copies: bool) -> Result<Operation, S3Error> {
        if let Some((name, probe)) = OBJECT_SETTINGS.iter().find(|(name, _)| query.has(name)) {
            return setting(method, name, *probe);
        }
        if query.has("encryption") && method == "PUT" {
            return Err(S3Error::not_served("encryption"));
        }
        if BUCKET_SETTINGS.iter().any(|(name, _)| query.has(name)) {
            return Err(code::METHOD_NOT_ALLOWED.into());
        }
        let upload = query.has("uploadId");
        match (method, picked(query)) {
            ("GET", Some("attributes")) => Ok(Operation::ObjectAttributes),
            ("POST", Some("uploads")) => Ok(Operation::CreateUpload),
            ("GET", None) if upload => Ok(Operation::ListParts),
            ("GET", None) => Ok(Operation::GetObject),
            ("HEAD", None) => Ok(Operation::HeadObject),
            // Nobody can write a version that is there already.
            ("PUT", None) if query.has("versionId") => {
                let version = query.value("versionId").unwrap_or_default();
                Err(S3Error::argument("versionId", version, "This operation does not accept a version-id."))
            }
            ("PUT", None) if upload && copies => Ok(Operation::CopyPart),
            ("PUT", None) if upload => Ok(Operation::UploadPart),
            ("PUT", None) if query.has("partNumber") => Err(S3Error::saying(
                code::INVALID_ARGUMENT,
                "This operation does not accept partNumber without uploadId",
            )),
            ("PUT", None) if copies => Ok(Operation::CopyObject),
            ("PUT", None) => Ok(Operation::PutObject),
            ("POST", None) if upload => Ok(Operation::CompleteUpload),
            ("DELETE", None) if upload => Ok(Operation::AbortUpload),
            ("DELETE", None) => Ok(Operation::DeleteObject),
            _ => Err(code::METHOD_NOT_ALLOWED.into()),
        }
    }
}

/// The parameter that picks the operation.
fn picked(query: &Query) -> Option<&'static str> {
    PICKING.into_iter().find(|name| query.has(name))
}

fn setting(method: &str, name: &str, probe: Probe) -> Result<Operation, S3Error> {
    match method {
        "GET" => Ok(Operation::Probe(probe)),
        "PUT" if name == "acl" => Ok(Operation::PutAcl),
        "DELETE" if REMOVABLE.contains(&name) => Ok(Operation::RemoveSetting),
        "PUT" | "POST" => Err(S3Error::not_served(name)),
        _ => Err(code::METHOD_NOT_ALLOWED.into()),
    }
}

/// All parameters that are known here by name.
#[cfg(test)]
pub(super) fn parameters() -> impl Iterator<Item = &'static str> {
    let settings = BUCKET_SETTINGS.into_iter().chain(OBJECT_SETTINGS).map(|(name, _)| name);
    settings.chain(NOT_SERVED).chain(PICKING).chain(REMOVABLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(method: &str, named: Named, query: &str) -> Result<Operation, &'static str> {
        let query = Query::parse(Some(query.as_bytes()), crate::auth::Plus::Space).expect("a good query");
        Operation::of(method, named, &query, false).map_err(|error| error.code.name)
    }

    #[test]
    fn the_parameter_picks_among_the_operations_of_a_method() {
        let rows = [
            ("GET", Named::Nothing, "", Ok(Operation::ListBuckets)),
            ("GET", Named::Bucket, "", Ok(Operation::ListObjects)),
            ("GET", Named::Bucket, "list-type=2&prefix=a", Ok(Operation::ListObjectsV2)),
            ("GET", Named::Bucket, "uploads", Ok(Operation::ListUploads)),
            ("GET", Named::Bucket, "uploads=", Ok(Operation::ListUploads)),
            ("GET", Named::Bucket, "cors", Ok(Operation::Probe(Probe::Absent(not_configured::CORS)))),
            ("PUT", Named::Bucket, "versioning", Err("NotImplemented")),
            ("DELETE", Named::Bucket, "policy", Ok(Operation::RemoveSetting)),
            ("POST", Named::Bucket, "delete", Ok(Operation::DeleteObjects)),
            ("POST", Named::Bucket, "", Err("NotImplemented")),
            ("PUT", Named::Object, "partNumber=1&uploadId=x&x-id=UploadPart", Ok(Operation::UploadPart)),
            ("PUT", Named::Object, "x-id=PutObject", Ok(Operation::PutObject)),
            ("PUT", Named::Object, "partNumber=1", Err("InvalidArgument")),
            ("PUT", Named::Object, "tagging", Err("NotImplemented")),
            ("POST", Named::Object, "restore", Err("NotImplemented")),
            ("PATCH", Named::Object, "", Err("MethodNotAllowed")),
            ("GET", Named::Bucket, "list-type=3", Err("InvalidArgument")),
            ("PUT", Named::Object, "versionId=null", Err("InvalidArgument")),
        ];
        for (method, named, query, expected) in rows {
            assert_eq!(of(method, named, query), expected, "{method} {query}");
        }
    }

    /// It said SERVICE of everything, and which methods there are it did not say.
    #[test]
    fn a_method_that_is_not_allowed_is_answered_with_those_that_are() {
        for (method, named, query, kind, allowed) in [
            ("POST", Named::Nothing, "", "SERVICE", "GET"),
            ("PATCH", Named::Bucket, "", "BUCKET", "GET, HEAD, PUT, DELETE"),
            ("DELETE", Named::Bucket, "versioning", "BUCKET", "GET"),
            ("POST", Named::Object, "", "OBJECT", "GET, HEAD, PUT, DELETE"),
            ("PUT", Named::Object, "delete", "OBJECT", ""),
        ] {
            let query = Query::parse(Some(query.as_bytes()), crate::auth::Plus::Space).expect("a good query");
            let error = Operation::of(method, named, &query, false).expect_err("it is not allowed");
            assert_eq!(error.details, [("Method", method.to_owned()), ("ResourceType", kind.to_owned())]);
            assert_eq!(error.headers, [("allow", allowed.to_owned())], "{method} {named:?}");
        }
    }
}
