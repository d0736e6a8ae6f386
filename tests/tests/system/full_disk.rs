//! A disk fills up. Puts are refused with "no space", reads and deletes go on, and after the deletes upkeep makes room,
//! so that puts succeed again, without a restart.

use std::time::Duration;

use stratum_engine::rt;
use stratum_tests::history::Heard;
use stratum_tests::stage::Stage;

#[test]
fn a_full_disk_refuses_puts_lets_deletes_through_and_has_room_again() {
    let stage = Stage::new(11, 2, |options| {
        options.disk.bytes_max = Some(options.disk.geometry.container_bytes() * 3);
    });
    stage.act(async |stores| {
        let mut there = Vec::new();
        for number in 0..200 {
            let key = format!("large/{number}");
            match stage.put(&stores[number % 2], &key, 150_000).await {
                Heard::Answer(_) => there.push(key),
                Heard::Untouched => break,
            }
        }
        assert!((5..150).contains(&there.len()), "the disk was full after {} bodies", there.len());
        stage.inspect_from(&stores[1]).await;
        for key in &there {
            assert!(matches!(stage.delete(&stores[0], key).await, Heard::Answer(_)), "a delete works on a full disk");
        }
        let mut tries = 0;
        while matches!(stage.put(&stores[1], "after", 150_000).await, Heard::Untouched) {
            tries += 1;
            assert!(tries < 1000, "no room comes back");
            rt::sleep(Duration::from_millis(100)).await;
        }
    });
    stage.lose_index();
    stage.inspect();
}

/// A core turns to a segment in a container that it has not opened yet, and the process has no descriptor left: that
/// ended the core's writes for good.
#[test]
fn a_core_that_gets_no_descriptor_refuses_writes_until_there_is_one() {
    for cores in [1, 2] {
        let stage = Stage::new(12, cores, |options| options.upkeep_ms = 0);
        stage.act(async |stores| {
            let grown = || stage.world.files().iter().any(|(path, _)| path.ends_with("container-0001"));
            let mut number = 0;
            while !grown() {
                stage.put(&stores[number % stores.len()], &format!("key/{number}"), 4000).await;
                number += 1;
            }
            stage.world.refuse_descriptors(true);
            let mut refused = 0;
            while refused < 20 {
                let put = stage.put(&stores[number % stores.len()], &format!("key/{number}"), 4000).await;
                refused += usize::from(matches!(put, Heard::Untouched));
                number += 1;
            }
            stage.world.refuse_descriptors(false);
            for store in stores {
                let mut tries = 0;
                while matches!(stage.put(store, "after", 4000).await, Heard::Untouched) {
                    tries += 1;
                    assert!(tries < 1000, "writes do not come back");
                    rt::sleep(Duration::from_millis(100)).await;
                }
            }
            stage.inspect_from(&stores[0]).await;
        });
        stage.inspect();
    }
}
