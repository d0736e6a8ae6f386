//! Listings of multipart uploads: a page of the open uploads of a bucket, and a page of the parts of one.
//!
//! What must hold: uploads ascend by key and then by id, which is by time; behind each the cursor seeks past its parts.

use super::cursor::Cursor;
use super::error::IndexError;
use super::keys::{self, Table};
use super::layers::Layers;
use super::listing::{common_prefix, first};
use super::page::{Item, Page, PageRequest, PartsPage};
use super::value::{PartEntry, UploadEntry, UploadState};
use crate::types::{BucketId, ObjectKey, UploadId};

/// The way to a page of the open uploads that a core's shards hold, in steps. Completed uploads are remembered for a
/// day and passed over one by one, however many they are.
#[derive(Clone, Debug)]
pub struct UploadsWalk {
    request: PageRequest,
    page: Page,
    /// Where the next step begins, `None` if there is nothing more to look at.
    from: Option<Vec<u8>>,
}

impl UploadsWalk {
    /// At the beginning.
    #[must_use]
    pub fn new(request: PageRequest) -> UploadsWalk {
        let prefix = keys::object_prefix(request.bucket, &request.prefix);
        let from = first(&request, &prefix);
        UploadsWalk { request, page: Page::default(), from }
    }

    /// Looks at up to `uploads_max` uploads more. Gives the page when it is whole. Between two steps the layers may
    /// change, as between two pages.
    ///
    /// # Errors
    /// Those of the stores.
    pub fn step(&mut self, layers: &Layers, uploads_max: usize) -> Result<Option<Page>, IndexError> {
        let UploadsWalk { request, page, from } = self;
        let Some(begin) = from.take() else { return Ok(Some(std::mem::take(page))) };
        let prefix = keys::object_prefix(request.bucket, &request.prefix);
        let mut cursor = Cursor::new(layers, Table::Uploads, &prefix, &begin)?;
        let mut looked = 0;
        while let Some((row, value)) = cursor.next()? {
            if looked == uploads_max {
                *from = Some(row.into_vec());
                return Ok(None);
            }
            looked += 1;
            let (_, key, upload, number) = keys::parse_part(&row).ok_or(IndexError::Corrupt)?;
            let open = match number {
                0 => Some(UploadEntry::decode(&value).ok_or(IndexError::Corrupt)?),
                // A part whose upload is gone: compaction has not reached it yet.
                _ => None,
            };
            let open = open.filter(|entry| entry.state == UploadState::Open);
            if open.is_some() && page.items.len() >= request.limit {
                page.more = request.limit > 0;
                break;
            }
            let passed = match (open, common_prefix(request, &key)) {
                (Some(_), Some(common)) => {
                    let passed = keys::object_prefix(request.bucket, &common);
                    page.items.push(Item::Prefix(common));
                    passed
                }
                (open, _) => {
                    let passed = keys::upload_prefix(request.bucket, key.as_bytes(), upload);
                    page.items.extend(open.map(|entry| Item::Upload { key, upload, entry }));
                    passed
                }
            };
            let Some(next) = keys::successor(&passed) else { break };
            cursor.seek(&next)?;
        }
        Ok(Some(std::mem::take(page)))
    }
}

/// A page of the parts of one upload with numbers above `after`.
///
/// # Errors
/// Those of the stores.
pub fn parts(
    layers: &Layers,
    bucket: BucketId,
    key: &ObjectKey,
    upload: UploadId,
    after: u16,
    limit: usize,
) -> Result<PartsPage, IndexError> {
    let mut page = PartsPage::default();
    let Some(number) = after.checked_add(1) else { return Ok(page) };
    let prefix = keys::upload_prefix(bucket, key.as_bytes(), upload);
    let mut cursor = Cursor::new(layers, Table::Uploads, &prefix, &keys::part(bucket, key, upload, number))?;
    while let Some((row, value)) = cursor.next()? {
        if page.parts.len() >= limit {
            page.more = limit > 0;
            break;
        }
        let (.., number) = keys::parse_part(&row).ok_or(IndexError::Corrupt)?;
        page.parts.push((number, PartEntry::decode(&value).ok_or(IndexError::Corrupt)?));
    }
    Ok(page)
}

#[cfg(test)]
mod tests {
    use proptest::collection::{btree_map, vec};
    use proptest::prelude::*;

    use super::*;
    use crate::index::After;
    use crate::types::{Etag, KillList, Location, Note, Sequence, ShardId};

    const BUCKET: BucketId = BucketId(7);

    fn key(bytes: &[u8]) -> ObjectKey {
        ObjectKey::new(bytes).expect("a good key")
    }

    fn entry(open: bool) -> UploadEntry {
        let position = Sequence(1);
        let state = match open {
            true => UploadState::Open,
            false => UploadState::Completed { etag: Etag::default(), size: 1 },
        };
        UploadEntry { position, sequence: position, location: Location::default(), time_ms: 1, state }
    }

    fn part(size: u64) -> PartEntry {
        let (position, location, kills) = (Sequence(1), Location::default(), KillList::default());
        let (md5, note) = ([0; 16], Note::default());
        PartEntry { position, sequence: position, location, time_ms: 1, size, md5, note, kills }
    }

    fn put_upload(layers: &mut Layers, at: &[u8], upload: UploadId, open: bool, parts: u16) {
        let composite = keys::upload(BUCKET, &key(at), upload);
        let value = entry(open).encode(&composite);
        layers.active_mut().put(Table::Uploads, composite, ShardId(0), Sequence(1), value);
        for number in 1..=parts {
            let composite = keys::part(BUCKET, &key(at), upload, number);
            let value = part(u64::from(number)).encode(&composite);
            layers.active_mut().put(Table::Uploads, composite, ShardId(0), Sequence(1), value);
        }
    }

    /// The page, in steps of so many uploads.
    fn uploads(layers: &Layers, request: &PageRequest, step: usize) -> Result<Page, IndexError> {
        let mut walk = UploadsWalk::new(request.clone());
        loop {
            if let Some(page) = walk.step(layers, step)? {
                return Ok(page);
            }
        }
    }

    fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
        vec(prop_oneof![Just(b'a'), Just(b'/'), Just(b'b')], 1..most)
    }

    proptest! {
        #[test]
        fn pages_of_uploads_equal_those_of_the_slow_twin(
            model in btree_map((bytes(5), 0u8..3), (any::<bool>(), 0u16..40), 0..20),
            requests in vec((bytes(3), 0usize..2, any::<bool>(), bytes(4), 0u8..4, 1usize..6), 8),
            step in 1usize..5,
        ) {
            let mut layers = Layers::default();
            for ((at, id), (open, parts)) in &model {
                put_upload(&mut layers, at, UploadId([*id; 16]), *open, *parts);
            }
            for (prefix, shortened, delimited, after, id, limit) in requests {
                let prefix = prefix[..shortened].to_vec();
                let delimiter = delimited.then(|| b"/".to_vec());
                let marker = UploadId([id; 16]);
                let after = if id == 3 { After::Key(after) } else { After::Upload(after, marker) };
                let request = PageRequest { bucket: BUCKET, prefix, delimiter, after: Some(after.clone()), limit };
                let mut items: Vec<Item> = Vec::new();
                for ((at, id), (open, _)) in &model {
                    let upload = UploadId([*id; 16]);
                    let passed = match &after {
                        After::Key(after) | After::Prefix(after) => at <= after,
                        After::Upload(after, marker) => (at, upload) <= (after, *marker),
                    };
                    if !*open || passed || !at.starts_with(&request.prefix) {
                        continue;
                    }
                    let item = match at[request.prefix.len()..].iter().position(|byte| delimited && *byte == b'/') {
                        Some(found) => Item::Prefix(at[..request.prefix.len() + found + 1].to_vec()),
                        None => Item::Upload { key: key(at), upload, entry: entry(true) },
                    };
                    if items.last() != Some(&item) {
                        items.push(item);
                    }
                }
                let more = items.len() > limit;
                items.truncate(limit);
                prop_assert_eq!(uploads(&layers, &request, step), Ok(Page { items, more }), "{:?}", &request);
            }
        }
    }

    /// A day's completed uploads were walked over in one go, by a core that did nothing else meanwhile.
    #[test]
    fn a_step_ends_after_so_many_uploads_whatever_they_are() {
        let mut layers = Layers::default();
        for id in 0..100 {
            put_upload(&mut layers, b"a", UploadId([id; 16]), id == 99, 2);
        }
        let request = PageRequest { bucket: BUCKET, prefix: Vec::new(), delimiter: None, after: None, limit: 10 };
        let mut walk = UploadsWalk::new(request);
        for _ in 0..9 {
            assert_eq!(walk.step(&layers, 10), Ok(None));
        }
        let page = walk.step(&layers, 10).expect("memory").expect("the last ten");
        assert_eq!((page.items.len(), page.more), (1, false));
    }

    #[test]
    fn parts_are_those_of_one_upload_above_a_number() {
        let mut layers = Layers::default();
        for (at, id) in [(b"a", 1), (b"b", 1), (b"b", 2)] {
            put_upload(&mut layers, at, UploadId([id; 16]), true, 40);
        }
        let page = |after, limit| parts(&layers, BUCKET, &key(b"b"), UploadId([1; 16]), after, limit).expect("memory");
        let numbers = |page: &PartsPage| page.parts.iter().map(|(number, _)| *number).collect::<Vec<_>>();
        assert_eq!((numbers(&page(0, 3)), page(0, 3).more), (vec![1, 2, 3], true));
        assert_eq!((numbers(&page(38, 3)), page(38, 3).more), (vec![39, 40], false));
        assert_eq!(numbers(&page(0, 99)).len(), 40);
        assert_eq!(page(u16::MAX, 3), PartsPage::default());
        assert_eq!(page(0, 1).parts, [(1, part(1))]);
    }
}
