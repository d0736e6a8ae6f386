//! What a request promises of its body: a checksum in a header or in the trailer, an MD5, and what an upload chooses
//! for the parts to come.
//!
//! What must hold: nothing that a client promised is silently left unchecked, so that a checksum of an unknown
//! algorithm is an error. `x-amz-sdk-checksum-algorithm` promises nothing: SDKs send it alone. Beside a checksum it
//! names its algorithm, or one of the two is wrong. Nothing is compared here.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::algorithm::{Algorithm, ChecksumType};
use super::value::{Checksum, ChecksumError};

/// What the headers of a request promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promises {
    /// The checksum of the body.
    pub checksum: BodyChecksum,
    /// The body's MD5.
    pub md5: Option<[u8; 16]>,
    /// The algorithm that the client's SDK was set to. It promises nothing.
    pub hint: Option<Algorithm>,
}

/// Where the checksum of a body comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyChecksum {
    /// The client has none.
    Absent,
    /// It came before the body.
    Header(Checksum),
    /// It will come behind the body.
    Trailer(Algorithm),
}

/// The checksums that an upload chooses for its parts and its object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UploadChecksum {
    /// The algorithm.
    pub algorithm: Algorithm,
    /// What the object's checksum will be made over.
    pub kind: ChecksumType,
}

/// Why promises are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PromiseError {
    /// More than one checksum for one body.
    SeveralChecksums,
    /// A checksum of an algorithm that is not served.
    UnknownChecksum,
    /// The value of this algorithm's header or trailer is no checksum.
    InvalidChecksum(Algorithm, ChecksumError),
    /// `Content-MD5` is no MD5.
    InvalidMd5,
    /// `x-amz-trailer` announces what is not served.
    UnknownTrailer,
    /// The trailer does not bring what was announced, or brings it twice.
    MalformedTrailer,
    /// `x-amz-checksum-algorithm` is none.
    UnknownAlgorithm,
    /// `x-amz-checksum-type` is none.
    UnknownType,
    /// `x-amz-checksum-type` without an algorithm.
    TypeWithoutAlgorithm,
    /// `x-amz-sdk-checksum-algorithm` names another algorithm than the checksum has.
    OtherHint,
    /// The algorithm does not allow the type.
    TypeNotAllowed(Algorithm, ChecksumType),
}

/// How headers begin whose values are checksums, and the three others that begin so.
const VALUES: &str = "x-amz-checksum-";
const NO_VALUES: [&str; 3] = ["x-amz-checksum-mode", "x-amz-checksum-algorithm", "x-amz-checksum-type"];

impl Promises {
    /// Reads them out of the headers of a request, whose names are in lower case.
    ///
    /// # Errors
    /// One of the headers is not what it should be, or they contradict each other.
    pub fn read<'a>(headers: impl Iterator<Item = (&'a str, &'a [u8])>) -> Result<Promises, PromiseError> {
        let (mut named, mut several) = (None, false);
        let mut add = |algorithm, value| several |= named.replace((algorithm, value)).is_some();
        let (mut md5, mut hint, mut hinted) = (None, None, false);
        for (name, value) in headers {
            if name == "content-md5" {
                let digest = parse_md5(value).filter(|digest| md5.is_none_or(|md5| md5 == *digest));
                md5 = Some(digest.ok_or(PromiseError::InvalidMd5)?);
            } else if name == "x-amz-sdk-checksum-algorithm" {
                hint = Algorithm::named(value.trim_ascii());
                hinted = true;
            } else if name == "x-amz-trailer" {
                for announced in value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).filter(|one| !one.is_empty())
                {
                    add(Algorithm::of_header(announced).ok_or(PromiseError::UnknownTrailer)?, None);
                }
            } else if is_checksum(name) {
                add(Algorithm::of_header(name.as_bytes()).ok_or(PromiseError::UnknownChecksum)?, Some(value));
            }
        }
        // That there are several is the error, whatever their values are.
        let checksum = match named {
            _ if several => return Err(PromiseError::SeveralChecksums),
            None => BodyChecksum::Absent,
            Some((algorithm, _)) if hinted && hint != Some(algorithm) => return Err(PromiseError::OtherHint),
            Some((algorithm, None)) => BodyChecksum::Trailer(algorithm),
            Some((algorithm, Some(value))) => BodyChecksum::Header(parse(algorithm, value)?),
        };
        Ok(Promises { checksum, md5, hint })
    }

    /// The algorithm to compute while the body comes. Where the client has no checksum it is the one that S3 adds.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match &self.checksum {
            BodyChecksum::Header(checksum) => checksum.algorithm(),
            BodyChecksum::Trailer(algorithm) => *algorithm,
            BodyChecksum::Absent => Algorithm::DEFAULT,
        }
    }

    /// Whether the body can be checked at all, which some operations demand.
    #[must_use]
    pub fn prove_the_body(&self) -> bool {
        self.md5.is_some() || self.checksum != BodyChecksum::Absent
    }
}

/// Whether the value of the header of this name is a checksum.
#[must_use]
pub fn is_checksum(name: &str) -> bool {
    name.starts_with(VALUES) && !NO_VALUES.contains(&name)
}

/// What the headers of the request that completes an upload claim of its object: the algorithm, and the value as it was
/// sent, since that of a composite checksum may end in a number of parts.
///
/// # Errors
/// There are several, or one of an unknown algorithm.
pub fn object_claim<'a>(
    headers: impl Iterator<Item = (&'a str, &'a [u8])>,
) -> Result<Option<(Algorithm, &'a [u8])>, PromiseError> {
    let mut claims = headers.filter(|(name, _)| is_checksum(name));
    let Some((name, value)) = claims.next() else { return Ok(None) };
    if claims.next().is_some() {
        return Err(PromiseError::SeveralChecksums);
    }
    let algorithm = Algorithm::of_header(name.as_bytes()).ok_or(PromiseError::UnknownChecksum)?;
    Ok(Some((algorithm, value.trim_ascii())))
}

/// The announced checksum, out of the lines of a trailer. Lines that were not announced are not looked at.
///
/// # Errors
/// It is not there, or there twice, or no checksum.
pub fn trailer_checksum<'a>(
    algorithm: Algorithm,
    lines: impl Iterator<Item = (&'a [u8], &'a [u8])>,
) -> Result<Checksum, PromiseError> {
    let mut values = lines.filter(|(name, _)| Algorithm::of_header(name) == Some(algorithm)).map(|(_, value)| value);
    match (values.next(), values.next()) {
        (Some(value), None) => parse(algorithm, value),
        _ => Err(PromiseError::MalformedTrailer),
    }
}

/// What an upload chooses by the values of `x-amz-checksum-algorithm` and `x-amz-checksum-type`; `None` if nothing.
///
/// # Errors
/// One of them is none, or they do not go together.
pub fn upload_checksum(algorithm: Option<&[u8]>, kind: Option<&[u8]>) -> Result<Option<UploadChecksum>, PromiseError> {
    let parse_type = |kind: &[u8]| ChecksumType::named(kind.trim_ascii()).ok_or(PromiseError::UnknownType);
    let kind = kind.map(parse_type).transpose()?;
    let Some(name) = algorithm else {
        return if kind.is_some() { Err(PromiseError::TypeWithoutAlgorithm) } else { Ok(None) };
    };
    let algorithm = Algorithm::named(name.trim_ascii()).ok_or(PromiseError::UnknownAlgorithm)?;
    let kind = kind.unwrap_or(algorithm.default_type());
    if !algorithm.allows(kind) {
        return Err(PromiseError::TypeNotAllowed(algorithm, kind));
    }
    Ok(Some(UploadChecksum { algorithm, kind }))
}

impl PromiseError {
    /// The code of S3 for it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            PromiseError::InvalidMd5 => "InvalidDigest",
            PromiseError::MalformedTrailer => "MalformedTrailerError",
            _ => "InvalidRequest",
        }
    }
}

impl fmt::Display for PromiseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PromiseError::SeveralChecksums => f.write_str("more than one checksum for one body"),
            PromiseError::UnknownChecksum => f.write_str("a checksum of an algorithm that is not served"),
            PromiseError::InvalidChecksum(algorithm, _) => {
                write!(f, "the value of {} is not a checksum", algorithm.header())
            }
            PromiseError::InvalidMd5 => f.write_str("the value of content-md5 is not an MD5"),
            PromiseError::UnknownTrailer => f.write_str("x-amz-trailer announces what is not served"),
            PromiseError::MalformedTrailer => f.write_str("the trailer does not bring what was announced"),
            PromiseError::UnknownAlgorithm => f.write_str("the checksum algorithm is not served"),
            PromiseError::UnknownType => f.write_str("the checksum type is unknown"),
            PromiseError::TypeWithoutAlgorithm => f.write_str("a checksum type without a checksum algorithm"),
            PromiseError::OtherHint => f.write_str("Value for x-amz-sdk-checksum-algorithm header is invalid."),
            PromiseError::TypeNotAllowed(algorithm, kind) => {
                write!(f, "the checksum type {kind} cannot be used with the algorithm {algorithm}")
            }
        }
    }
}

fn parse(algorithm: Algorithm, value: &[u8]) -> Result<Checksum, PromiseError> {
    let invalid = |error| PromiseError::InvalidChecksum(algorithm, error);
    Checksum::parse(algorithm, value.trim_ascii()).map_err(invalid)
}

fn parse_md5(value: &[u8]) -> Option<[u8; 16]> {
    // 24 letters may be 18 bytes; what needs more room is no MD5.
    let mut bytes = [0; 18];
    let len = STANDARD.decode_slice(value.trim_ascii(), &mut bytes).ok()?;
    bytes.get(..len)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CRC32: &[u8] = b"DUoRhQ==";
    const MD5: &[u8] = b"1B2M2Y8AsgTpgAmY7PhCfg==";

    fn read(headers: &[(&'static str, &[u8])]) -> Result<Promises, PromiseError> {
        Promises::read(headers.iter().copied())
    }

    fn checksum(headers: &[(&'static str, &[u8])]) -> Result<BodyChecksum, PromiseError> {
        read(headers).map(|promises| promises.checksum)
    }

    fn crc32() -> Checksum {
        Checksum::parse(Algorithm::Crc32, CRC32).expect("a checksum")
    }

    #[test]
    fn a_put_of_boto3_promises_its_trailer() {
        // Row 1: the headers of a PUT as boto3 sends it over TLS.
        let promises = read(&[
            ("host", b"bucket.s3.example.com"),
            ("content-encoding", b"aws-chunked"),
            ("transfer-encoding", b"chunked"),
            ("x-amz-content-sha256", b"STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
            ("x-amz-sdk-checksum-algorithm", b"CRC32"),
            ("x-amz-trailer", b"x-amz-checksum-crc32"),
            ("x-amz-decoded-content-length", b"11"),
        ])
        .expect("promises");
        let hint = Some(Algorithm::Crc32);
        assert_eq!(promises, Promises { checksum: BodyChecksum::Trailer(Algorithm::Crc32), md5: None, hint });
        assert_eq!(promises.algorithm(), Algorithm::Crc32);
        assert!(promises.prove_the_body());
        let line = (&b"x-amz-checksum-crc32"[..], CRC32);
        assert_eq!(trailer_checksum(Algorithm::Crc32, [line].into_iter()), Ok(crc32()));
    }

    #[test]
    fn a_checksum_header_is_a_promise_and_a_malformed_one_an_invalid_request() {
        // Row 11.
        assert_eq!(checksum(&[("x-amz-checksum-crc32", CRC32)]), Ok(BodyChecksum::Header(crc32())));
        for (value, why) in [
            (&b"DUoRhQ"[..], ChecksumError::NotBase64),
            (b"", ChecksumError::WrongLength),
            (b"AAAA", ChecksumError::WrongLength),
        ] {
            let error = PromiseError::InvalidChecksum(Algorithm::Crc32, why);
            assert_eq!(checksum(&[("x-amz-checksum-crc32", value)]), Err(error));
            assert_eq!(error.code(), "InvalidRequest");
        }
    }

    #[test]
    fn two_checksums_are_refused_even_if_they_are_empty() {
        let several = Err(PromiseError::SeveralChecksums);
        assert_eq!(checksum(&[("x-amz-checksum-crc32", CRC32), ("x-amz-checksum-crc32c", CRC32)]), several);
        assert_eq!(checksum(&[("x-amz-checksum-crc32", b""), ("x-amz-checksum-sha1", b"")]), several);
        assert_eq!(checksum(&[("x-amz-checksum-crc32", CRC32), ("x-amz-trailer", b"x-amz-checksum-crc32")]), several);
        assert_eq!(checksum(&[("x-amz-trailer", b"x-amz-checksum-crc32, x-amz-checksum-sha1")]), several);
        assert_eq!(PromiseError::SeveralChecksums.code(), "InvalidRequest");
    }

    #[test]
    fn the_hint_of_an_sdk_promises_nothing() {
        // Row 12: alone, and of an unknown algorithm.
        let hint = "x-amz-sdk-checksum-algorithm";
        let alone = read(&[(hint, b"crc32c")]).expect("promises");
        let expected = Promises { checksum: BodyChecksum::Absent, md5: None, hint: Some(Algorithm::Crc32c) };
        assert_eq!(alone, expected);
        assert!(!alone.prove_the_body());
        assert_eq!(read(&[(hint, b"XXHASH64")]).map(|promises| promises.hint), Ok(None));
    }

    /// A hint that says another algorithm than the checksum was passed over.
    #[test]
    fn a_hint_and_a_checksum_name_the_same_algorithm() {
        let with = |hint: &'static [u8], line| checksum(&[line, ("x-amz-sdk-checksum-algorithm", hint)]);
        let (header, trailer) = (("x-amz-checksum-crc32", CRC32), ("x-amz-trailer", &b"x-amz-checksum-crc32"[..]));
        assert_eq!(with(b"crc32", header), Ok(BodyChecksum::Header(crc32())));
        for hint in [&b"SHA256"[..], b"XXHASH64", b""] {
            assert_eq!(with(hint, header), Err(PromiseError::OtherHint));
            assert_eq!(with(hint, trailer), Err(PromiseError::OtherHint));
        }
        assert_eq!(with(b"SHA256", ("content-md5", MD5)), Ok(BodyChecksum::Absent));
    }

    #[test]
    fn without_a_checksum_the_server_adds_crc64nvme() {
        // Row 16.
        assert_eq!(read(&[]).map(|promises| promises.algorithm()), Ok(Algorithm::Crc64Nvme));
    }

    #[test]
    fn content_md5_is_base64_of_sixteen_bytes_or_an_error() {
        // Row 17.
        let md5 = read(&[("content-md5", MD5)]).map(|promises| promises.md5);
        assert_eq!(md5, Ok(Some(0xd41d_8cd9_8f00_b204_e980_0998_ecf8_427e_u128.to_be_bytes())));
        assert_eq!(read(&[]).map(|promises| promises.md5), Ok(None));
        let longer = [b'A'; 1000];
        for bad in [&b""[..], b"d41d8cd98f00b204e9800998ecf8427e", b"AAAA", b"1B2M2Y8AsgTpgAmY7PhCfg", b"?", &longer] {
            let error = read(&[("content-md5", bad)]);
            assert_eq!(error, Err(PromiseError::InvalidMd5), "{bad:?}");
        }
        assert_eq!(PromiseError::InvalidMd5.code(), "InvalidDigest");
        let twice = [("content-md5", MD5), ("content-md5", b"AAAAAAAAAAAAAAAAAAAAAA==")];
        assert_eq!(read(&twice), Err(PromiseError::InvalidMd5));
    }

    #[test]
    fn an_md5_or_any_checksum_proves_a_body() {
        // Row 18: old clients send an MD5, new ones a CRC32.
        for headers in
            [("content-md5", MD5), ("x-amz-checksum-crc32", CRC32), ("x-amz-trailer", b"x-amz-checksum-sha1")]
        {
            assert_eq!(read(&[headers]).map(|promises| promises.prove_the_body()), Ok(true));
        }
    }

    #[test]
    fn a_checksum_that_is_not_served_is_refused_and_other_headers_are_none() {
        assert_eq!(checksum(&[("x-amz-checksum-xxhash64", b"AA==")]), Err(PromiseError::UnknownChecksum));
        assert_eq!(checksum(&[("x-amz-trailer", b"x-amz-checksum-sha512")]), Err(PromiseError::UnknownTrailer));
        assert_eq!(checksum(&[("x-amz-trailer", b"expires")]), Err(PromiseError::UnknownTrailer));
        let none =
            [("x-amz-checksum-mode", &b"ENABLED"[..]), ("x-amz-checksum-algorithm", b"SHA1"), ("x-amz-trailer", b"")];
        assert_eq!(checksum(&none), Ok(BodyChecksum::Absent));
        assert_eq!(checksum(&[("x-amz-checksum-type", b"COMPOSITE")]), Ok(BodyChecksum::Absent));
    }

    #[test]
    fn a_claim_for_an_object_is_one_of_a_known_algorithm() {
        let claim = |headers: &[(&'static str, &'static [u8])]| object_claim(headers.iter().copied());
        assert_eq!(claim(&[("x-amz-checksum-type", b"COMPOSITE"), ("content-md5", MD5)]), Ok(None));
        let composite = [("x-amz-checksum-type", &b"COMPOSITE"[..]), ("x-amz-checksum-crc32", b" DUoRhQ==-3 ")];
        assert_eq!(claim(&composite), Ok(Some((Algorithm::Crc32, &b"DUoRhQ==-3"[..]))));
        let two = [("x-amz-checksum-crc32", CRC32), ("x-amz-checksum-sha1", b"")];
        assert_eq!(claim(&two), Err(PromiseError::SeveralChecksums));
        assert_eq!(claim(&[("x-amz-checksum-xxhash64", b"")]), Err(PromiseError::UnknownChecksum));
    }

    #[test]
    fn a_trailer_brings_what_was_announced_once() {
        let read = |lines: &[(&'static [u8], &'static [u8])]| trailer_checksum(Algorithm::Crc32, lines.iter().copied());
        let malformed = Err(PromiseError::MalformedTrailer);
        assert_eq!(read(&[(b"X-Amz-Checksum-Crc32", b" DUoRhQ== "), (b"x-amz-trailer-signature", b"00")]), Ok(crc32()));
        assert_eq!(read(&[(b"x-amz-checksum-crc32", CRC32), (b"x-amz-checksum-sha1", b"no")]), Ok(crc32()));
        assert_eq!(read(&[]), malformed);
        assert_eq!(read(&[(b"x-amz-checksum-crc32c", CRC32)]), malformed);
        assert_eq!(read(&[(b"x-amz-checksum-crc32", CRC32), (b"x-amz-checksum-crc32", CRC32)]), malformed);
        assert_eq!(PromiseError::MalformedTrailer.code(), "MalformedTrailerError");
        let invalid = PromiseError::InvalidChecksum(Algorithm::Crc32, ChecksumError::NotBase64);
        assert_eq!(read(&[(b"x-amz-checksum-crc32", b"no")]), Err(invalid));
    }

    #[test]
    fn an_upload_chooses_what_its_algorithm_allows() {
        // Row 15.
        use ChecksumType::{Composite, FullObject};
        let chosen = |algorithm, kind| Ok(Some(UploadChecksum { algorithm, kind }));
        assert_eq!(upload_checksum(None, None), Ok(None));
        assert_eq!(upload_checksum(Some(b"CRC32"), None), chosen(Algorithm::Crc32, Composite));
        assert_eq!(upload_checksum(Some(b"crc32c"), Some(b"FULL_OBJECT")), chosen(Algorithm::Crc32c, FullObject));
        assert_eq!(upload_checksum(Some(b"CRC64NVME"), None), chosen(Algorithm::Crc64Nvme, FullObject));
        assert_eq!(upload_checksum(Some(b"SHA256"), None), chosen(Algorithm::Sha256, Composite));
        for (algorithm, kind, error) in [
            (None, Some(&b"COMPOSITE"[..]), PromiseError::TypeWithoutAlgorithm),
            (Some(&b"MD5"[..]), None, PromiseError::UnknownAlgorithm),
            (Some(b""), None, PromiseError::UnknownAlgorithm),
            (Some(b"CRC32"), Some(b"FULL"), PromiseError::UnknownType),
            (Some(b"SHA256"), Some(b"FULL_OBJECT"), PromiseError::TypeNotAllowed(Algorithm::Sha256, FullObject)),
            (Some(b"CRC64NVME"), Some(b"COMPOSITE"), PromiseError::TypeNotAllowed(Algorithm::Crc64Nvme, Composite)),
        ] {
            assert_eq!(upload_checksum(algorithm, kind), Err(error));
            assert_eq!(error.code(), "InvalidRequest");
        }
    }
}
