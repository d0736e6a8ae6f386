//! Listings: every key once and in the order of its bytes, in pages, under prefixes; and removal of many at once.

use aws_sdk_s3::types::Delete;
use stratum_clients::odd_keys;

use super::stage::{Stage, exercise, identifier};

#[test]
fn the_rust_sdk_lists_odd_keys_and_removes_them_at_once() {
    exercise(async |stage| {
        let keys = odd_keys::all();
        for key in &keys {
            stage.put(key, key.as_bytes()).send().await.expect("it is put");
        }
        for size in [3, 1000] {
            assert_eq!(listed(stage, "", None, size).await, (odd_keys::in_order(), vec![]));
        }
        for delimiter in ["/", " ", "%", "ing"] {
            for prefix in ["", "folder/", "a"] {
                let expected = folded(prefix, delimiter);
                assert_eq!(listed(stage, prefix, Some(delimiter), 2).await, expected, "{prefix:?} {delimiter:?}");
            }
        }
        let delete = keys.iter().fold(Delete::builder(), |delete, key| delete.objects(identifier(key)));
        let delete = delete.build().expect("a list of keys");
        let answer = stage.client.delete_objects().bucket(&stage.bucket).delete(delete).send().await;
        let answer = answer.expect("many are removed");
        let mut gone: Vec<_> = answer.deleted().iter().filter_map(|one| one.key()).map(str::to_owned).collect();
        gone.sort();
        assert_eq!((gone, answer.errors().len()), (odd_keys::in_order(), 0));
        assert_eq!(listed(stage, "", None, 1000).await, (vec![], vec![]));
    });
}

/// Keys and common prefixes, from as many pages as there are.
async fn listed(stage: &Stage, prefix: &str, delimiter: Option<&str>, size: i32) -> (Vec<String>, Vec<String>) {
    let list = stage.client.list_objects_v2().bucket(&stage.bucket).prefix(prefix);
    let mut pages = list.set_delimiter(delimiter.map(str::to_owned)).into_paginator().page_size(size).send();
    let (mut keys, mut prefixes) = (Vec::new(), Vec::new());
    while let Some(page) = pages.next().await {
        let page = page.expect("a page is listed");
        keys.extend(page.contents().iter().filter_map(|object| object.key()).map(str::to_owned));
        prefixes.extend(page.common_prefixes().iter().filter_map(|common| common.prefix()).map(str::to_owned));
    }
    (keys, prefixes)
}

/// What a listing must say, by reading all keys.
fn folded(prefix: &str, delimiter: &str) -> (Vec<String>, Vec<String>) {
    let (mut keys, mut prefixes) = (Vec::new(), Vec::new());
    for key in odd_keys::in_order() {
        let Some(rest) = key.strip_prefix(prefix) else { continue };
        match rest.split_once(delimiter) {
            Some((head, _)) => prefixes.push(format!("{prefix}{head}{delimiter}")),
            None => keys.push(key),
        }
    }
    prefixes.dedup();
    (keys, prefixes)
}
