//! The real world held to the seam's promises: on the ring and on epoll, with real files, on two cores.

use std::cell::Cell;
use std::fs;
use std::future::Future;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;

use tempfile::TempDir;

use super::{Driver, RunOptions, StartError, directory, run, wall_ms};
use crate::limits::BLOCK_BYTES;
use crate::rt::{
    Buffer, BufferPool, Event, File, Helper, IoKind, Mailbox, OpenMode, Postman, ReplySlot, help, mailbox, reply,
    sleep, spawn, yield_now,
};
use crate::types::CoreId;

/// Runs the same story on both drivers, each time in an empty directory.
fn in_both<F, Fut>(cores: u16, story: F)
where
    F: Fn(CoreId, PathBuf) -> Fut + Send + Clone + 'static,
    Fut: Future<Output = ()> + 'static,
{
    for driver in [Driver::Auto, Driver::Epoll] {
        let home = TempDir::new().expect("a place for files");
        let (path, story) = (home.path().to_path_buf(), story.clone());
        let ran = run(RunOptions { cores, driver, notice: |_| {} }, move |core| story(core, path.clone()));
        assert_eq!(ran, Ok(()), "{driver:?}");
    }
}

fn filled(byte: u8, blocks: usize) -> Buffer {
    let mut buffer = Buffer::zeroed(blocks * BLOCK_BYTES);
    buffer.fill(byte);
    buffer
}

#[test]
fn what_is_written_and_flushed_is_read_back() {
    in_both(2, async |core, home| {
        let file = File::open(&home.join(core.to_string()), OpenMode::Create).await.expect("opens");
        let (written, _) = file.write_at(0, filled(1, 3)).await;
        let (durable, _) = file.write_durable_at(3 * BLOCK_BYTES as u64, filled(2, 1)).await;
        assert_eq!((written, durable, file.flush().await), (Ok(()), Ok(()), Ok(())));
        let (read, buffer) = file.read_at(BLOCK_BYTES as u64, filled(9, 3)).await;
        assert_eq!(read, Ok(()));
        assert!(buffer[..2 * BLOCK_BYTES].iter().all(|byte| *byte == 1));
        assert!(buffer[2 * BLOCK_BYTES..].iter().all(|byte| *byte == 2));
        assert_eq!(file.length().await, Ok(4 * BLOCK_BYTES as u64));
    });
}

#[test]
fn a_read_past_the_end_is_short_and_never_zeros() {
    in_both(1, async |_, home| {
        let path = home.join("odd");
        fs::write(&path, vec![7; BLOCK_BYTES + 100]).expect("a small file");
        let file = File::open(&path, OpenMode::Existing).await.expect("opens");
        let (read, buffer) = file.read_at(0, filled(0, 2)).await;
        assert_eq!(read.map_err(|error| error.kind), Err(IoKind::Short));
        assert_eq!(buffer.len(), 2 * BLOCK_BYTES, "the buffer comes back with an error too");
        let (read, _) = file.read_at(16 * BLOCK_BYTES as u64, filled(0, 1)).await;
        assert_eq!(read.map_err(|error| error.kind), Err(IoKind::Short));
    });
}

#[test]
fn opening_tells_absence_from_presence_and_files_are_private() {
    use std::os::unix::fs::PermissionsExt;
    in_both(1, async |_, home| {
        let path = home.join("file");
        let kind = async |mode| File::open(&path, mode).await.err().map(|error| error.kind);
        assert_eq!(kind(OpenMode::Existing).await, Some(IoKind::NotFound));
        assert_eq!(kind(OpenMode::Create).await, None);
        assert_eq!(kind(OpenMode::Create).await, Some(IoKind::Exists));
        assert_eq!(fs::metadata(&path).expect("it was made").permissions().mode() & 0o777, 0o600);
    });
}

#[test]
fn a_locked_range_is_busy_for_a_second_descriptor() {
    in_both(1, async |_, home| {
        let path = home.join("file");
        let first = File::open(&path, OpenMode::Create).await.expect("opens");
        let second = File::open(&path, OpenMode::Existing).await.expect("opens");
        assert_eq!(first.lock(0, 4096).await, Ok(()));
        assert_eq!(second.lock(4095, 1).await.map_err(|error| error.kind), Err(IoKind::Busy));
        assert_eq!(second.lock(4096, 4096).await, Ok(()));
    });
}

#[test]
fn allocated_room_is_zeros_and_a_file_is_never_shortened() {
    in_both(1, async |_, home| {
        let file = File::open(&home.join("file"), OpenMode::Create).await.expect("opens");
        let (written, _) = file.write_at(0, filled(5, 1)).await;
        let len = 3 * 1024 * 1024 + BLOCK_BYTES as u64;
        assert_eq!((written, file.allocate(len).await, file.allocate(1).await), (Ok(()), Ok(()), Ok(())));
        assert_eq!(file.length().await, Ok(len));
        let (read, buffer) = file.read_at(0, Buffer::zeroed(2 * BLOCK_BYTES)).await;
        assert_eq!(read, Ok(()));
        assert!(buffer[..BLOCK_BYTES].iter().all(|byte| *byte == 5));
        assert!(buffer[BLOCK_BYTES..].iter().all(|byte| *byte == 0));
    });
}

#[test]
fn room_that_cannot_be_had_leaves_the_length_as_it_was() {
    in_both(1, async |_, home| {
        let file = File::open(&home.join("file"), OpenMode::Create).await.expect("opens");
        assert_eq!(file.allocate(BLOCK_BYTES as u64).await, Ok(()));
        // More than any file system here can give to one file.
        assert_eq!(file.allocate(1 << 60).await.map_err(|error| error.kind), Err(IoKind::NoSpace));
        assert_eq!(file.length().await, Ok(BLOCK_BYTES as u64));
    });
}

/// A question with the slot for its answer.
struct Question(u32, ReplySlot<u32>);

#[test]
fn cores_answer_each_others_messages() {
    for driver in [Driver::Auto, Driver::Epoll] {
        let (posts, boxes): (Vec<Postman<Question>>, Vec<Mailbox<Question>>) = (0..2).map(|_| mailbox(8)).unzip();
        let boxes = Arc::new(Mutex::new(boxes.into_iter().map(Some).collect::<Vec<_>>()));
        let ran = run(RunOptions { cores: 2, driver, notice: |_| {} }, move |core| {
            let own = boxes.lock().ok().and_then(|mut boxes| boxes[usize::from(core.0)].take()).expect("one each");
            let other = posts[usize::from(1 - core.0)].clone();
            async move {
                let serve = spawn(async move {
                    for _ in 0..1000 {
                        let Question(number, slot) = own.next().await.expect("the other core asks");
                        assert!(slot.answer(number + 1).is_none());
                    }
                });
                for number in 0..1000 {
                    let (slot, answer) = reply();
                    assert!(other.post(Question(number, slot)).await.is_ok());
                    assert_eq!(answer.await, Some(number + 1));
                }
                serve.await;
            }
        });
        assert_eq!(ran, Ok(()));
    }
}

/// A core that had ended was once torn down while others still wrote to it: a wake from there dropped its waiting task
/// on the wrong thread, inside of the mailbox's own lock, and the writer stood still for ever. Two hundred kills found
/// it.
#[test]
fn a_core_whose_main_has_ended_serves_the_others_until_theirs_have() {
    for driver in [Driver::Auto, Driver::Epoll] {
        let (posts, boxes): (Vec<Postman<Question>>, Vec<Mailbox<Question>>) = (0..2).map(|_| mailbox(8)).unzip();
        let boxes = Arc::new(Mutex::new(boxes.into_iter().map(Some).collect::<Vec<_>>()));
        let ran = run(RunOptions { cores: 2, driver, notice: |_| {} }, move |core| {
            let own = boxes.lock().ok().and_then(|mut boxes| boxes[usize::from(core.0)].take()).expect("one each");
            let posts = posts.clone();
            async move {
                let held = posts.clone();
                // Nobody waits for this task: it is left behind in its mailbox, with the senders to all of them.
                drop(spawn(async move {
                    while let Some(Question(number, slot)) = own.next().await {
                        assert!(slot.answer(number + 1).is_none() && held.len() == 2);
                    }
                }));
                for number in 0..if core.0 == 0 { 2000 } else { 0 } {
                    let (slot, answer) = reply();
                    assert!(posts[1].post(Question(number, slot)).await.is_ok());
                    assert_eq!(answer.await, Some(number + 1));
                }
            }
        });
        assert_eq!(ran, Ok(()));
    }
}

#[test]
fn helpers_work_on_threads_of_their_own_kind() {
    in_both(2, async |_, _| {
        for (helper, kind) in [(Helper::Lookup, "lookup"), (Helper::Commit, "commit"), (Helper::General, "general")] {
            let name = help(helper, || std::thread::current().name().map(str::to_owned)).await;
            assert!(name.is_some_and(|name| name.starts_with(kind)));
        }
    });
}

#[test]
fn a_dropped_write_keeps_its_buffer_until_the_kernel_lets_go_and_the_end_waits_for_it() {
    let pool = BufferPool::new(1024 * BLOCK_BYTES);
    let whole = pool.free();
    let pool_of_core = pool.clone();
    in_both(1, move |_, home| {
        let pool = pool_of_core.clone();
        async move {
            let file = File::open(&home.join("file"), OpenMode::Create).await.expect("opens");
            let mut write = Box::pin(file.write_at(0, pool.take(512 * BLOCK_BYTES).await.expect("there is room")));
            let _answered = write.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready();
            drop(write);
            // The ring is heard only when this task waits; a helper may be done by now.
            let ring = super::core::Core::current().ring;
            assert!(!ring || pool.free() < whole, "the kernel may still read the buffer");
        }
    });
    assert_eq!(pool.free(), whole, "nothing is under way after the end");
}

#[test]
fn the_end_waits_for_helpers_and_for_no_task_that_begins_anew() {
    let done = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&done);
    in_both(2, move |_, home| {
        let done = Arc::clone(&counted);
        async move {
            let file = File::open(&home.join("end"), OpenMode::Create).await;
            drop(spawn(async move {
                let Ok(file) = file else { return };
                loop {
                    assert!(file.write_at(0, filled(1, 1)).await.0.is_ok());
                }
            }));
            let mut work = Box::pin(help(Helper::General, move || done.fetch_add(1, Ordering::SeqCst)));
            // One poll hands the work over; the helper may even have answered by then. Nobody waits for the answer.
            let _answered = work.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready();
        }
    });
    assert_eq!(done.load(Ordering::SeqCst), 4, "two cores, two drivers");
}

#[test]
fn a_busy_core_still_hears_the_kernel_and_yields_fairly() {
    in_both(1, async |_, home| {
        let file = File::open(&home.join("file"), OpenMode::Create).await.expect("opens");
        let written = Rc::new(Cell::new(false));
        let seen = Rc::clone(&written);
        let write = spawn(async move {
            let (answer, _) = file.write_durable_at(0, filled(1, 1)).await;
            seen.set(true);
            answer
        });
        let began = super::now();
        while !written.get() && super::now() - began < 10_000_000_000 {
            yield_now().await;
        }
        assert!(written.get(), "a task that yields in a loop starves the others");
        assert_eq!(write.await, Ok(()));
    });
}

#[test]
fn sleep_takes_its_time_and_events_wake() {
    in_both(1, async |_, _| {
        let began = super::now();
        let event = Rc::new(Event::default());
        let (wait, notifier) = (event.wait(), Rc::clone(&event));
        drop(spawn(async move {
            sleep(Duration::from_millis(5)).await;
            notifier.notify();
        }));
        wait.await;
        assert!(super::now() - began >= 4_000_000 && wall_ms() > 0);
    });
}

#[test]
fn directories_list_replace_and_forget() {
    in_both(1, async |_, home| {
        let inner = home.join("a/b");
        assert_eq!(directory::entries(&inner).await, Ok(None));
        assert_eq!(directory::create(&inner).await, Ok(()));
        assert_eq!(directory::create(&inner).await, Ok(()));
        let (one, two) = (inner.join("one"), inner.join("two"));
        assert_eq!(directory::read(&one).await, Ok(None));
        for text in [b"first".as_slice(), b"second"] {
            assert_eq!(directory::write(&one, text).await, Ok(()));
            assert_eq!(directory::read(&one).await, Ok(Some(text.to_vec())));
        }
        assert_eq!(directory::rename(&one, &two).await, Ok(()));
        assert_eq!(directory::flush(&inner).await, Ok(()));
        assert_eq!(directory::entries(&inner).await, Ok(Some(vec!["two".to_owned()])));
        let onto = directory::rename(&two, &inner).await;
        assert_eq!(onto.map_err(|error| error.kind), Err(IoKind::Exists));
        assert!(directory::free_bytes(&home).await.is_ok_and(|bytes| bytes > 0));
        assert_eq!(directory::remove(&home.join("a")).await, Ok(()));
        assert_eq!(directory::remove(&home.join("a")).await, Ok(()));
        assert_eq!(directory::entries(&home).await, Ok(Some(Vec::new())));
    });
}

#[test]
fn no_cores_are_refused_and_no_main_runs() {
    let ran = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&ran);
    let answer = run(RunOptions { cores: 0, driver: Driver::Auto, notice: |_| {} }, move |_| {
        seen.store(true, Ordering::SeqCst);
        std::future::ready(())
    });
    assert_eq!((answer, ran.load(Ordering::SeqCst)), (Err(StartError::NoCores), false));
}

#[test]
fn a_start_error_says_what_to_do() {
    assert!(StartError::Ring { code: libc::ENOMEM }.to_string().contains("ulimit -l"));
    assert!(StartError::Thread { code: libc::EAGAIN }.to_string().contains("TasksMax"));
}
