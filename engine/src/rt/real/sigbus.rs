//! A page of a mapped file that cannot be read: the kernel says so with SIGBUS, in the middle of the access, and there
//! is no way back. What is left to do is to leave a mark for the next start, tell the operator, and end.
//!
//! ```text
//!  fault at an address -> the watched map it lies in? -- no --> the default action: the process ends
//!                                  | yes
//!           the mark is made and flushed, the operator told -> the default action
//! ```
//!
//! What must hold: from the signal on nothing allocates, locks or panics; only calls that are safe in a handler are
//! made, with what was prepared when the watch began. A map that a handler may be looking at is never freed. A mark
//! counts by being there: what is in it is for people.
//!
//! Not here: what the mark means, and who looks for it. That is up to whoever watches.

use std::ffi::CString;
use std::fs::File;
use std::mem;
use std::ops::Range;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

use super::maps;
use crate::limits::WATCHED_MAPS_MAX;

static WATCHED: Table = Table::new();
static INSTALLED: Once = Once::new();

/// What is told of a map, whole sentences without an end of line.
#[derive(Clone, Debug)]
pub struct Words {
    /// When the mark is there. This is in the mark too.
    pub marked: String,
    /// When no mark could be made.
    pub unmarked: String,
}

/// Watches one map until it is dropped, which must be before the map ends.
#[derive(Debug)]
pub struct MapWatch {
    slot: usize,
    range: Range<usize>,
}

impl MapWatch {
    /// Watches the map of `file`. If one of its pages cannot be read, the file `mark` is made.
    ///
    /// `None` if it cannot be watched: the file is not mapped, the kernel does not say where, or too many maps are
    /// watched. Such a map is used as well; a page of it that cannot be read ends the process without a mark.
    #[must_use]
    pub fn begin(file: &Path, mark: &Path, words: &Words) -> Option<MapWatch> {
        let range = maps::range_of(file)?;
        let line = |text: &str| format!("{text}\n").into_bytes().into_boxed_slice();
        let map = Map {
            range: range.clone(),
            directory: File::open(mark.parent()?).ok()?,
            mark: CString::new(mark.file_name()?.as_bytes()).ok()?,
            marked: line(&words.marked),
            unmarked: line(&words.unmarked),
        };
        WATCHED.enter(map).map(|slot| MapWatch { slot, range })
    }

    /// The addresses that are watched.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.range.clone()
    }
}

impl Drop for MapWatch {
    fn drop(&mut self) {
        WATCHED.leave(self.slot);
    }
}

/// Has SIGBUS handled from now on, once for the process. False if the system does not let us.
pub(super) fn install() -> bool {
    let mut installed = true;
    INSTALLED.call_once(|| {
        let handler: extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void) = on_sigbus;
        // SAFETY: a sigaction is plain numbers and an optional function, for which all zeros is a value.
        let mut action: libc::sigaction = unsafe { mem::zeroed() };
        action.sa_sigaction = handler as libc::sighandler_t;
        // Rust gives every thread a stack of its own for signals.
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        // SAFETY: the action is ours, its handler has the form that SA_SIGINFO asks for, and lives as long as we do.
        installed = unsafe { libc::sigaction(libc::SIGBUS, &raw const action, ptr::null_mut()) } == 0;
    });
    installed
}

/// All that the handler needs to know of a map.
#[derive(Debug)]
struct Map {
    range: Range<usize>,
    /// Where the mark is made.
    directory: File,
    mark: CString,
    marked: Box<[u8]>,
    unmarked: Box<[u8]>,
}

/// The maps that are watched, to be read from a handler without a lock.
///
/// A slot is empty or owns its map. Whoever empties one frees the map only if no handler has begun to look: a handler
/// first says that it looks and then reads the slots, the other first empties the slot and then asks. All four are in
/// one order (`SeqCst`), so if the handler was not seen, it sees the empty slot.
struct Table {
    slots: [AtomicPtr<Map>; WATCHED_MAPS_MAX],
    /// A handler looks, or has looked: it never goes back to its program.
    looked_at: AtomicBool,
}

impl Table {
    const fn new() -> Table {
        let slots = [const { AtomicPtr::new(ptr::null_mut()) }; WATCHED_MAPS_MAX];
        Table { slots, looked_at: AtomicBool::new(false) }
    }

    /// Puts the map into a free slot, and says which; `None` if there is none.
    fn enter(&self, map: Map) -> Option<usize> {
        let map = Box::into_raw(Box::new(map));
        let free = |slot: &AtomicPtr<Map>| {
            slot.compare_exchange(ptr::null_mut(), map, Ordering::SeqCst, Ordering::SeqCst).is_ok()
        };
        let slot = self.slots.iter().position(free);
        if slot.is_none() {
            // SAFETY: no slot has taken the pointer, so it is still ours alone.
            drop(unsafe { Box::from_raw(map) });
        }
        slot
    }

    /// Empties the slot that [`Table::enter`] has named, once.
    fn leave(&self, slot: usize) {
        let Some(slot) = self.slots.get(slot) else { return };
        let map = slot.swap(ptr::null_mut(), Ordering::SeqCst);
        if !map.is_null() && !self.looked_at.load(Ordering::SeqCst) {
            // SAFETY: the slot owned the map and is empty, and no handler has read it before or will: see `Table`.
            drop(unsafe { Box::from_raw(map) });
        }
    }

    /// The map that `address` lies in. To be called by a handler: no map is freed any more.
    fn look(&self, address: usize) -> Option<&Map> {
        self.looked_at.store(true, Ordering::SeqCst);
        self.slots.iter().find_map(|slot| {
            // SAFETY: what lies in a slot came out of a box, and since `looked_at` is set it is not freed: see `Table`.
            let map = unsafe { slot.load(Ordering::SeqCst).as_ref() }?;
            map.range.contains(&address).then_some(map)
        })
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        for slot in &mut self.slots {
            let map = mem::replace(slot.get_mut(), ptr::null_mut());
            if !map.is_null() {
                // SAFETY: the slot owned the map, and nobody has a table that is dropped.
                drop(unsafe { Box::from_raw(map) });
            }
        }
    }
}

extern "C" fn on_sigbus(_signal: libc::c_int, info: *mut libc::siginfo_t, _context: *mut libc::c_void) {
    // SAFETY: the kernel hands over what it knows of the signal, for as long as the handler runs.
    let code = unsafe { (*info).si_code };
    // What another process sends has no address, and a code that is not above zero.
    if code > 0 {
        // SAFETY: as above; SIGBUS from the kernel has an address.
        let address = unsafe { (*info).si_addr() }.addr();
        if let Some(map) = WATCHED.look(address) {
            let words = if mark(map) { &map.marked } else { &map.unmarked };
            tell(words);
        }
    }
    end();
}

/// Makes the mark, durable in its directory. False if it may not be there after a power cut.
fn mark(map: &Map) -> bool {
    let (directory, flags) = (map.directory.as_raw_fd(), libc::O_WRONLY | libc::O_CREAT | libc::O_CLOEXEC);
    // SAFETY: an open directory and a name that ends with a zero byte, both alive as long as the map.
    let file = unsafe { libc::openat(directory, map.mark.as_ptr(), flags, 0o600) };
    if file < 0 {
        return false;
    }
    // SAFETY: the descriptor was just opened, and the bytes live as long as the map. A disk without room for them takes
    // nothing from the mark.
    unsafe { libc::write(file, map.marked.as_ptr().cast(), map.marked.len()) };
    // SAFETY: both descriptors are open. The file's is left to the end of the process.
    unsafe { libc::fsync(file) == 0 && libc::fsync(directory) == 0 }
}

/// Says it on the standard error. If nobody listens there is nobody to tell.
fn tell(words: &[u8]) {
    // SAFETY: the pointer and the length are of one piece of memory that lives as long as its map.
    unsafe { libc::write(libc::STDERR_FILENO, words.as_ptr().cast(), words.len()) };
}

/// Ends the process as SIGBUS does without a handler. The signal waits until the handler returns.
fn end() {
    // SAFETY: a sigaction is plain numbers and an optional function, for which all zeros is a value.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    action.sa_sigaction = libc::SIG_DFL;
    // SAFETY: the action is ours and names no function.
    unsafe { libc::sigaction(libc::SIGBUS, &raw const action, ptr::null_mut()) };
    // SAFETY: it sends a signal to this thread. Without it a page that reads the second time would let it go on.
    unsafe { libc::raise(libc::SIGBUS) };
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, Output};

    use tempfile::TempDir;

    use super::*;

    /// Names, to a process of its own, the directory in which it is to die.
    const DEATH_BED: &str = "STRATUM_SIGBUS_TEST";
    const PAGE: usize = 4096;

    /// Runs the test of this name again in a process of its own, in which `die` is called, and says how that ended.
    fn alone(test: &str, die: impl FnOnce(&Path)) -> (Output, TempDir) {
        if let Some(directory) = std::env::var_os(DEATH_BED) {
            install();
            die(Path::new(&directory));
            // Whoever lives on must not run the test a third time.
            std::process::exit(0);
        }
        let home = tempfile::tempdir().expect("a temporary directory");
        let mut command = Command::new(std::env::current_exe().expect("this test is a program"));
        command.args(["--exact", &format!("rt::real::sigbus::tests::{test}"), "--nocapture"]);
        let output = command.env(DEATH_BED, home.path()).output().expect("it starts");
        assert_eq!(output.status.signal(), Some(libc::SIGBUS), "{output:?}");
        (output, home)
    }

    fn words(of: &str) -> Words {
        Words { marked: format!("{of} is marked"), unmarked: format!("{of} is not marked") }
    }

    /// Maps two pages of a file that has one.
    fn map(path: &Path) -> *const u8 {
        fs::write(path, [7; PAGE]).expect("a small file");
        let file = File::open(path).expect("it was made");
        // SAFETY: a new map at an address of the system's choice.
        let map =
            unsafe { libc::mmap(ptr::null_mut(), 2 * PAGE, libc::PROT_READ, libc::MAP_SHARED, file.as_raw_fd(), 0) };
        assert_ne!(map, libc::MAP_FAILED);
        map.cast_const().cast()
    }

    fn touch(map: *const u8, page: usize) -> u8 {
        // SAFETY: the address lies in a map. That there is nothing to read there is what is tested.
        unsafe { ptr::read_volatile(map.add(page * PAGE)) }
    }

    /// Two maps, both watched; the first page of each reads.
    fn two_watched(directory: &Path) -> Vec<(*const u8, MapWatch)> {
        let watched = ["a", "b"].map(|name| {
            let (file, mark) = (directory.join(name), directory.join(format!("{name}.damaged")));
            let map = map(&file);
            let watch = MapWatch::begin(&file, &mark, &words(name)).expect("there is room");
            assert_eq!((watch.range(), touch(map, 0)), (map.addr()..map.addr() + 2 * PAGE, 7));
            (map, watch)
        });
        watched.into()
    }

    fn told(output: &Output, ending: &str) -> bool {
        String::from_utf8_lossy(&output.stderr).ends_with(ending)
    }

    #[test]
    fn a_page_of_a_watched_map_that_does_not_read_is_marked_and_ends_the_process() {
        let test = "a_page_of_a_watched_map_that_does_not_read_is_marked_and_ends_the_process";
        let (output, home) = alone(test, |directory| {
            let watched = two_watched(directory);
            touch(watched[1].0, 1);
        });
        assert!(told(&output, "b is marked\n"), "{output:?}");
        assert_eq!(fs::read_to_string(home.path().join("b.damaged")).expect("the mark"), "b is marked\n");
        assert!(!home.path().join("a.damaged").exists(), "the other map is whole");
    }

    #[test]
    fn a_mark_that_cannot_be_made_is_said_to_be_missing() {
        let (output, _home) = alone("a_mark_that_cannot_be_made_is_said_to_be_missing", |directory| {
            let watched = two_watched(directory);
            fs::remove_dir_all(directory).expect("our own directory");
            touch(watched[0].0, 1);
        });
        assert!(told(&output, "a is not marked\n"), "{output:?}");
    }

    #[test]
    fn a_fault_elsewhere_ends_the_process_and_marks_nothing() {
        let (output, home) = alone("a_fault_elsewhere_ends_the_process_and_marks_nothing", |directory| {
            let mut watched = two_watched(directory);
            let (unwatched, watch) = watched.remove(0);
            drop(watch);
            touch(unwatched, 1);
        });
        assert!(!told(&output, "marked\n"), "{output:?}");
        assert!(["a.damaged", "b.damaged"].iter().all(|mark| !home.path().join(mark).exists()));
    }

    #[test]
    fn a_signal_that_was_sent_ends_the_process_and_marks_nothing() {
        let (output, home) = alone("a_signal_that_was_sent_ends_the_process_and_marks_nothing", |directory| {
            let _watched = two_watched(directory);
            // SAFETY: it sends a signal to this thread.
            unsafe { libc::raise(libc::SIGBUS) };
        });
        assert!(!told(&output, "marked\n"), "{output:?}");
        assert!(["a.damaged", "b.damaged"].iter().all(|mark| !home.path().join(mark).exists()));
    }

    #[test]
    fn an_address_finds_its_map_until_the_slot_is_left_and_a_full_table_takes_no_more() {
        let table = Box::new(Table::new());
        let map = |number: usize| Map {
            range: number * PAGE..(number + 1) * PAGE,
            directory: File::open("/").expect("a directory"),
            mark: CString::new(number.to_string()).expect("no zero byte"),
            marked: Box::default(),
            unmarked: Box::default(),
        };
        let slots: Vec<_> = (0..WATCHED_MAPS_MAX).map(|number| table.enter(map(number))).collect();
        assert!(slots.iter().all(Option::is_some));
        assert_eq!(table.enter(map(WATCHED_MAPS_MAX)), None, "it is full");
        table.leave(slots[3].expect("there was room"));
        let again = table.enter(map(WATCHED_MAPS_MAX));
        assert_eq!(again, slots[3], "what is left is free again");
        let found = |address| table.look(address).map(|map| map.mark.to_str().map(str::to_owned));
        assert_eq!(found(PAGE - 1), Some(Ok("0".to_owned())));
        assert_eq!(found(PAGE), Some(Ok("1".to_owned())));
        assert_eq!(found(3 * PAGE), None, "it was left");
        assert_eq!(found(WATCHED_MAPS_MAX * PAGE), Some(Ok(WATCHED_MAPS_MAX.to_string())));
        assert_eq!(found((WATCHED_MAPS_MAX + 1) * PAGE), None, "it is nobody's");
        let held = table.look(0).expect("it is there");
        table.leave(slots[0].expect("there was room"));
        assert_eq!(found(0), None);
        assert_eq!(held.mark.to_bytes(), b"0", "what a handler looks at is not freed");
        // SAFETY: it was in a box, nothing else has it, and this table has no handler.
        drop(unsafe { Box::from_raw(ptr::from_ref(held).cast_mut()) });
    }
}
