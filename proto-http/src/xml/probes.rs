//! What tools ask of a bucket before they use it, answered as S3 answers for a bucket nobody has configured.
//!
//! Where S3 answers that nothing is configured with an error, as for a policy, tags or CORS, there is no document.

use super::writer::{Owner, Writer};

/// `VersioningConfiguration` of a bucket that never had versions: it is empty.
#[must_use]
pub fn versioning() -> Vec<u8> {
    Writer::new("VersioningConfiguration", 0).finish()
}

/// `RequestPaymentConfiguration`: the owner pays.
#[must_use]
pub fn request_payment() -> Vec<u8> {
    let mut writer = Writer::new("RequestPaymentConfiguration", 0);
    writer.text("Payer", "BucketOwner");
    writer.finish()
}

/// `AccessControlPolicy`, of a bucket or an object: the owner may do everything.
#[must_use]
pub fn access_control(owner: &Owner) -> Vec<u8> {
    let mut writer = Writer::new("AccessControlPolicy", 512);
    writer.owner("Owner", owner);
    writer.open("AccessControlList");
    writer.open("Grant");
    writer.markup("<Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"CanonicalUser\">");
    writer.account(owner);
    writer.close("Grantee");
    writer.text("Permission", "FULL_CONTROL");
    writer.close("Grant");
    writer.close("AccessControlList");
    writer.finish()
}

/// `AccelerateConfiguration`: it is empty.
#[must_use]
pub fn accelerate() -> Vec<u8> {
    Writer::new("AccelerateConfiguration", 0).finish()
}

/// `BucketLoggingStatus`: it is empty.
#[must_use]
pub fn logging() -> Vec<u8> {
    Writer::new("BucketLoggingStatus", 0).finish()
}

/// `NotificationConfiguration`: it is empty.
#[must_use]
pub fn notification() -> Vec<u8> {
    Writer::new("NotificationConfiguration", 0).finish()
}

/// `Tagging` of an object: it has no tags.
#[must_use]
pub fn tagging() -> Vec<u8> {
    let mut writer = Writer::new("Tagging", 0);
    writer.open("TagSet");
    writer.close("TagSet");
    writer.finish()
}

/// A list of configurations of one kind, named by its root: there are none.
#[must_use]
pub fn empty_list(root: &'static str) -> Vec<u8> {
    let mut writer = Writer::new(root, 0);
    writer.flag("IsTruncated", false);
    writer.finish()
}

/// `PolicyStatus`: whether the bucket's policy lets anybody in.
#[must_use]
pub fn policy_status(is_public: bool) -> Vec<u8> {
    let mut writer = Writer::new("PolicyStatus", 0);
    writer.flag("IsPublic", is_public);
    writer.finish()
}

/// `OwnershipControls` of a new bucket: objects belong to its owner, and access control lists are off.
#[must_use]
pub fn ownership_controls() -> Vec<u8> {
    let mut writer = Writer::new("OwnershipControls", 0);
    writer.open("Rule");
    writer.text("ObjectOwnership", "BucketOwnerEnforced");
    writer.close("Rule");
    writer.finish()
}

/// `PublicAccessBlockConfiguration` of a new bucket: everything is blocked.
#[must_use]
pub fn public_access_block() -> Vec<u8> {
    let mut writer = Writer::new("PublicAccessBlockConfiguration", 0);
    for rule in ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"] {
        writer.flag(rule, true);
    }
    writer.finish()
}

/// `ServerSideEncryptionConfiguration` of a new bucket of S3. To be answered only by a store that does encrypt; one
/// that does not has an error for it.
#[must_use]
pub fn encryption() -> Vec<u8> {
    let mut writer = Writer::new("ServerSideEncryptionConfiguration", 256);
    writer.open("Rule");
    writer.open("ApplyServerSideEncryptionByDefault");
    writer.text("SSEAlgorithm", "AES256");
    writer.close("ApplyServerSideEncryptionByDefault");
    writer.flag("BucketKeyEnabled", false);
    writer.close("Rule");
    writer.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::leaves::leaves;

    fn found(document: &[u8]) -> Vec<String> {
        leaves(document).into_iter().map(|(path, text)| format!("{path}={text}")).collect()
    }

    #[test]
    fn what_is_not_configured_is_answered_as_s3_does() {
        // Row 99.
        for (document, expected) in [
            (versioning(), &["VersioningConfiguration="][..]),
            (request_payment(), &["RequestPaymentConfiguration/Payer=BucketOwner"]),
            (accelerate(), &["AccelerateConfiguration="]),
            (logging(), &["BucketLoggingStatus="]),
            (notification(), &["NotificationConfiguration="]),
            (policy_status(false), &["PolicyStatus/IsPublic=false"]),
            (policy_status(true), &["PolicyStatus/IsPublic=true"]),
            (ownership_controls(), &["OwnershipControls/Rule/ObjectOwnership=BucketOwnerEnforced"]),
            (
                public_access_block(),
                &[
                    "PublicAccessBlockConfiguration/BlockPublicAcls=true",
                    "PublicAccessBlockConfiguration/IgnorePublicAcls=true",
                    "PublicAccessBlockConfiguration/BlockPublicPolicy=true",
                    "PublicAccessBlockConfiguration/RestrictPublicBuckets=true",
                ],
            ),
            (
                encryption(),
                &[
                    "ServerSideEncryptionConfiguration/Rule/ApplyServerSideEncryptionByDefault/SSEAlgorithm=AES256",
                    "ServerSideEncryptionConfiguration/Rule/BucketKeyEnabled=false",
                ],
            ),
        ] {
            assert_eq!(found(&document), expected);
        }
    }

    #[test]
    fn the_owner_may_do_everything() {
        let owner = Owner { id: "75aa".to_owned(), display_name: "a&b".to_owned() };
        let document = access_control(&owner);
        let expected = [
            "AccessControlPolicy/Owner/ID=75aa",
            "AccessControlPolicy/Owner/DisplayName=a&b",
            "AccessControlPolicy/AccessControlList/Grant/Grantee/ID=75aa",
            "AccessControlPolicy/AccessControlList/Grant/Grantee/DisplayName=a&b",
            "AccessControlPolicy/AccessControlList/Grant/Permission=FULL_CONTROL",
        ];
        assert_eq!(found(&document), expected);
        let text = String::from_utf8(document).expect("text");
        let grantee = "<Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"CanonicalUser\">";
        assert!(text.contains(grantee), "{text}");
    }
}
