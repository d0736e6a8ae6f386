//! Buckets: list, create, look, delete; where they are.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::{S3Error, code};
use crate::limits::{BUCKETS_PAGE_MAX, CONFIGURATION_BYTES_MAX};
use crate::net::Incoming;
use crate::s3::reply::{Failure, Reply};
use crate::s3::request::Request;
use crate::s3::service::Service;
use crate::xml::{self, BucketList, ListedBucket, reader};

/// ListBuckets.
///
/// # Errors
/// A parameter is none.
pub(super) fn list(service: &Service, request: &Request) -> Result<Reply, S3Error> {
    let query = &request.query;
    let prefix = query.filled("prefix");
    let paged = query.has("max-buckets") || query.has("continuation-token");
    let most = match query.filled("max-buckets") {
        None => BUCKETS_PAGE_MAX,
        Some(text) => {
            let what = "Argument max-buckets must be an integer between 1 and 10000";
            let most = query.count("max-buckets", usize::MAX)?;
            let fits = (1..=BUCKETS_PAGE_MAX).contains(&most);
            fits.then_some(most).ok_or_else(|| S3Error::argument("max-buckets", text, what))?
        }
    };
    let after = query.filled("continuation-token").map(token).transpose()?;
    let elsewhere = query.filled("bucket-region").is_some_and(|region| region != service.region);
    let all = if elsewhere { Vec::new() } else { service.store.buckets() };
    let wanted = all.iter().filter(|bucket| {
        let name = bucket.name.as_str();
        prefix.is_none_or(|prefix| name.starts_with(prefix)) && after.as_deref().is_none_or(|after| name > after)
    });
    let mut page: Vec<ListedBucket<'_>> = wanted
        .take(most + 1)
        .map(|bucket| ListedBucket {
            name: bucket.name.as_str(),
            created_ms: bucket.created_ms,
            region: paged.then_some(service.region.as_str()),
        })
        .collect();
    let more = page.len() > most;
    page.truncate(most);
    let next = page.last().filter(|_| more).map(|last| URL_SAFE_NO_PAD.encode(last.name));
    let list = BucketList { owner: &service.owner, buckets: &page, prefix, next_token: next.as_deref() };
    Ok(Reply::document(xml::bucket_list(&list)))
}

/// CreateBucket.
///
/// # Errors
/// Why there is no new bucket.
pub(super) async fn create(service: &Service, request: &Request, incoming: &mut Incoming) -> Result<Reply, Failure> {
    let name = request.address.bucket()?.clone();
    if name.is_reserved() {
        return Err(S3Error::from(code::INVALID_BUCKET_NAME).with("BucketName", name.as_str()).into());
    }
    let document = incoming.document(CONFIGURATION_BYTES_MAX, code::MALFORMED_XML).await?;
    let wanted = reader::creation(&document)?;
    if wanted.is_directory || !wanted.tags.is_empty() {
        return Err(S3Error::not_served("CreateBucketConfiguration").into());
    }
    // A client of the default region sends no constraint, or its own region's name; both mean here.
    if let Some(location) = wanted.location.filter(|location| region(location) != service.region) {
        return Err(elsewhere(&location).into());
    }
    match service.store.create_bucket(&name).await {
        Ok(_) => {}
        // In the first region, and only there, S3 answers a repeated creation by the owner as it did the first.
        Err(stratum_engine::error::Error::BucketExists) if service.region == "us-east-1" => {}
        Err(why) => return Err(S3Error::from(why).with("BucketName", name.as_str()).into()),
    }
    Ok(Reply::status(200).with("location", format!("/{name}")))
}

/// HeadBucket.
///
/// # Errors
/// `NoSuchBucket`.
pub(super) fn head(service: &Service, request: &Request) -> Result<Reply, S3Error> {
    there(service, request)?;
    let reply = Reply::status(200).with("x-amz-bucket-region", service.region.as_str());
    Ok(reply.with("x-amz-access-point-alias", "false"))
}

/// DeleteBucket.
///
/// # Errors
/// `NoSuchBucket`, `BucketNotEmpty`, or why it failed.
pub(super) async fn delete(service: &Service, request: &Request) -> Result<Reply, S3Error> {
    let name = request.address.bucket()?;
    service.store.delete_bucket(name).await.map_err(|why| S3Error::from(why).with("BucketName", name.as_str()))?;
    Ok(Reply::status(204))
}

/// GetBucketLocation.
///
/// # Errors
/// `NoSuchBucket`.
pub(super) fn location(service: &Service, request: &Request) -> Result<Reply, S3Error> {
    there(service, request)?;
    Ok(Reply::document(xml::location(&service.region)))
}

/// Says whether the request's bucket is there.
///
/// # Errors
/// `NoSuchBucket`.
pub(super) fn there(service: &Service, request: &Request) -> Result<(), S3Error> {
    let name = request.address.bucket()?;
    let missing = || S3Error::from(code::NO_SUCH_BUCKET).with("BucketName", name.as_str());
    service.store.bucket(name).map(|_| ()).ok_or_else(missing)
}

/// The region of a location: one of them has a name of old.
fn region(location: &str) -> &str {
    if location == "EU" { "eu-west-1" } else { location }
}

/// The error of a location that is not here: another region, or none.
fn elsewhere(location: &str) -> S3Error {
    let error = match is_region(region(location)) {
        true => {
            let what = format!(
                "The {location} location constraint is incompatible for the region specific endpoint this request was \
                 sent to."
            );
            S3Error::saying(code::ILLEGAL_LOCATION, what)
        }
        false => code::INVALID_LOCATION.into(),
    };
    error.with("LocationConstraint", location)
}

/// Whether this has the form of a region's name, such as `us-gov-west-1`. Which there are changes from year to year.
fn is_region(text: &str) -> bool {
    let mut words: Vec<&str> = text.split('-').collect();
    let number = words.pop().unwrap_or_default();
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let is_word = |word: &&str| word.len() >= 2 && word.bytes().all(|byte| byte.is_ascii_lowercase());
    is_number && words.len() >= 2 && words.iter().all(is_word)
}

fn token(text: &str) -> Result<String, S3Error> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok();
    let name = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    name.ok_or_else(|| S3Error::argument("continuation-token", text, "The continuation token provided is incorrect"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_another_region_or_none() {
        for other in ["eu-west-1", "EU", "us-gov-west-1", "ap-southeast-5"] {
            assert_eq!(elsewhere(other).code, code::ILLEGAL_LOCATION, "{other}");
        }
        for none in ["here", "us-east", "US-EAST-1", "eu-west-", "1-2-3", "eu west 1", "-"] {
            assert_eq!(elsewhere(none).code, code::INVALID_LOCATION, "{none}");
        }
    }
}
