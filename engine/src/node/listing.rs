//! Listing: every core gives a page of its shards, and the asking core makes one page of them.

use crate::error::Error;
use crate::index::{After, Page, PageRequest, merge};
use crate::limits::LIST_PAGE_MAX;
use crate::node::store::Store;
use crate::shard::Question;
use crate::types::BucketName;

impl Store {
    /// A page of objects and common prefixes, in byte order.
    ///
    /// # Errors
    /// `NoSuchBucket`, or the index's.
    pub async fn list(
        &self,
        bucket: &BucketName,
        prefix: &[u8],
        delimiter: Option<&[u8]>,
        after: Option<After>,
        limit: usize,
    ) -> Result<Page, Error> {
        let request = self.request(bucket, prefix, delimiter, after, limit)?;
        let pages = self.inner.peers.ask_all(|slot| Question::Objects(request.clone(), slot)).await?;
        Ok(merge(pages, request.limit))
    }

    /// A page of open uploads and common prefixes, by key, then in the order they were created.
    ///
    /// # Errors
    /// `NoSuchBucket`, or the index's.
    pub async fn list_uploads(
        &self,
        bucket: &BucketName,
        prefix: &[u8],
        delimiter: Option<&[u8]>,
        after: Option<After>,
        limit: usize,
    ) -> Result<Page, Error> {
        let request = self.request(bucket, prefix, delimiter, after, limit)?;
        let pages = self.inner.peers.ask_all(|slot| Question::Uploads(request.clone(), slot)).await?;
        Ok(merge(pages, request.limit))
    }

    fn request(
        &self,
        bucket: &BucketName,
        prefix: &[u8],
        delimiter: Option<&[u8]>,
        after: Option<After>,
        limit: usize,
    ) -> Result<PageRequest, Error> {
        let delimiter = delimiter.filter(|delimiter| !delimiter.is_empty()).map(<[u8]>::to_vec);
        let (bucket, prefix, limit) = (self.bucket_id(bucket)?, prefix.to_vec(), limit.min(LIST_PAGE_MAX));
        Ok(PageRequest { bucket, prefix, delimiter, after, limit })
    }
}
