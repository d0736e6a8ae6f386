//! Settings of buckets and objects that nobody can change yet: what they are, or that they are not configured.

use crate::error::{S3Error, code};
use crate::limits::CONFIGURATION_BYTES_MAX;
use crate::net::Incoming;
use crate::s3::buckets::there;
use crate::s3::operation::{Probe, Setting};
use crate::s3::reply::{Failure, Reply};
use crate::s3::request::Request;
use crate::s3::service::Service;
use crate::xml;

/// A setting is asked for.
///
/// # Errors
/// The code that says it is not configured, or that what it belongs to is not there.
pub(super) async fn probe(service: &Service, request: &Request, probe: Probe) -> Result<Reply, S3Error> {
    owner_there(service, request).await?;
    let setting = match probe {
        Probe::Absent(code) => {
            let name = request.address.bucket()?;
            return Err(S3Error::from(code).with("BucketName", name.as_str()));
        }
        Probe::Default(setting) => setting,
    };
    Ok(Reply::document(match setting {
        Setting::Versioning => xml::versioning(),
        Setting::Acl => xml::access_control(&service.owner),
        Setting::RequestPayment => xml::request_payment(),
        Setting::Accelerate => xml::accelerate(),
        Setting::Logging => xml::logging(),
        Setting::Notification => xml::notification(),
        Setting::ObjectTagging => xml::tagging(),
        Setting::EmptyList(root) => xml::empty_list(root),
    }))
}

/// A setting that is not there is removed: as if it had been.
///
/// # Errors
/// What it belongs to is not there.
pub(super) async fn remove(service: &Service, request: &Request) -> Result<Reply, S3Error> {
    owner_there(service, request).await?;
    Ok(Reply::status(204))
}

/// An ACL is put. Only `private` is taken, which every bucket and object is; a header that says otherwise has been
/// refused before.
///
/// # Errors
/// `NotImplemented` for an ACL in a document.
pub(super) async fn put_acl(service: &Service, request: &Request, incoming: &mut Incoming) -> Result<Reply, Failure> {
    owner_there(service, request).await?;
    let document = incoming.document(CONFIGURATION_BYTES_MAX, code::MALFORMED_XML).await?;
    if !document.is_empty() || request.head.header("x-amz-acl").is_none() {
        return Err(S3Error::not_served("acl").into());
    }
    Ok(Reply::status(200))
}

/// Says whether what the setting belongs to is there.
async fn owner_there(service: &Service, request: &Request) -> Result<(), S3Error> {
    there(service, request)?;
    if request.address.key.is_some() {
        request.only_version()?;
        let (bucket, key) = request.address.object()?;
        service.store.head(bucket, key).await?;
    }
    Ok(())
}
