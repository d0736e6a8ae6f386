//! The list of an account's buckets, and the place of one.

use super::writer::{Owner, Writer};

/// A page of buckets.
#[derive(Clone, Copy, Debug)]
pub struct BucketList<'a> {
    /// Whose buckets they are.
    pub owner: &'a Owner,
    /// Ascending by name.
    pub buckets: &'a [ListedBucket<'a>],
    /// What the names were asked to begin with.
    pub prefix: Option<&'a str>,
    /// Where the next page begins; `None` if this is the last.
    pub next_token: Option<&'a str>,
}

/// One bucket.
#[derive(Clone, Copy, Debug)]
pub struct ListedBucket<'a> {
    /// Its name.
    pub name: &'a str,
    /// When it came to be.
    pub created_ms: u64,
    /// Where it is; written where pages were asked for, as S3 does.
    pub region: Option<&'a str>,
}

/// The document `ListAllMyBucketsResult`.
#[must_use]
pub fn bucket_list(list: &BucketList<'_>) -> Vec<u8> {
    let mut writer = Writer::new("ListAllMyBucketsResult", 256 + 160 * list.buckets.len());
    writer.owner("Owner", list.owner);
    writer.open("Buckets");
    for bucket in list.buckets {
        writer.open("Bucket");
        writer.text("Name", bucket.name);
        writer.time("CreationDate", bucket.created_ms);
        if let Some(region) = bucket.region {
            writer.text("BucketRegion", region);
        }
        writer.close("Bucket");
    }
    writer.close("Buckets");
    if let Some(prefix) = list.prefix {
        writer.text("Prefix", prefix);
    }
    if let Some(token) = list.next_token {
        writer.text("ContinuationToken", token);
    }
    writer.finish()
}

/// The document `LocationConstraint`. It is empty for the first region of S3, whose name older clients do not know.
#[must_use]
pub fn location(region: &str) -> Vec<u8> {
    let mut writer = Writer::new("LocationConstraint", 0);
    writer.bare_text(if region == "us-east-1" { "" } else { region });
    writer.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::leaves::{at, leaves};

    fn owner() -> Owner {
        Owner { id: "1f2e".to_owned(), display_name: "stratum".to_owned() }
    }

    #[test]
    fn the_list_of_buckets_is_that_of_s3() {
        let bucket = |name, created_ms| ListedBucket { name, created_ms, region: None };
        let buckets = [bucket("quotes", 1_138_985_109_123), bucket("samples", 1_138_985_110_000)];
        let list = BucketList { owner: &owner(), buckets: &buckets, prefix: None, next_token: None };
        let expected = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
            <ListAllMyBucketsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
            <Owner><ID>1f2e</ID><DisplayName>stratum</DisplayName></Owner><Buckets>\
            <Bucket><Name>quotes</Name><CreationDate>2006-02-03T16:45:09.000Z</CreationDate></Bucket>\
            <Bucket><Name>samples</Name><CreationDate>2006-02-03T16:45:10.000Z</CreationDate></Bucket>\
            </Buckets></ListAllMyBucketsResult>";
        assert_eq!(bucket_list(&list), expected.as_bytes());
    }

    #[test]
    fn a_page_says_where_the_next_one_begins() {
        let buckets = [ListedBucket { name: "a-1", created_ms: 0, region: Some("eu-central-1") }];
        let list = BucketList { owner: &owner(), buckets: &buckets, prefix: Some("a-"), next_token: Some("dG9rZW4") };
        let document = bucket_list(&list);
        assert_eq!(at(&document, "ListAllMyBucketsResult/Prefix"), ["a-"]);
        assert_eq!(at(&document, "ListAllMyBucketsResult/ContinuationToken"), ["dG9rZW4"]);
        assert_eq!(at(&document, "ListAllMyBucketsResult/Buckets/Bucket/BucketRegion"), ["eu-central-1"]);
    }

    #[test]
    fn no_buckets_are_an_empty_list() {
        let list = BucketList { owner: &owner(), buckets: &[], prefix: None, next_token: None };
        assert_eq!(at(&bucket_list(&list), "ListAllMyBucketsResult/Buckets"), [""]);
    }

    #[test]
    fn the_first_region_is_an_empty_place() {
        // Row 99.
        let leaf = |text: &str| vec![("LocationConstraint".to_owned(), text.to_owned())];
        assert_eq!(leaves(&location("us-east-1")), leaf(""));
        assert_eq!(leaves(&location("eu-central-1")), leaf("eu-central-1"));
    }
}
