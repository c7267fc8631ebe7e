//! Noticing that nothing goes on any more.

use std::fs;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

/// How often the threads are looked at, and how often in a row they must be found unmoved.
const PAUSE: Duration = Duration::from_millis(100);
const LOOKS: usize = 10;
/// The name of threads that look now and then, and do nothing else.
const WATCHER: &str = "suite-watcher";

/// Watches the process until it is dropped.
pub(crate) struct Watch {
    // Dropping it tells the thread that the watch is over.
    _over: Sender<()>,
}

/// Calls `stalled` once if every other thread of the process has been asleep for a second.
///
/// A thread that is only slow, because the machine is busy, is not asleep: it is runnable. So this
/// finds that nobody is left to wake anybody, and not that something takes long. Where the system
/// does not tell about threads, nothing is noticed.
pub(crate) fn watch(stalled: impl FnOnce() + Send + 'static) -> Watch {
    let (over, watching) = mpsc::channel();
    watcher(move || {
        if nothing_moves(&watching) {
            stalled();
        }
    });
    Watch { _over: over }
}

/// Starts a thread that is not looked at when the others are, for it wakes again and again.
pub(crate) fn watcher(body: impl FnOnce() + Send + 'static) -> thread::JoinHandle<()> {
    let thread = thread::Builder::new().name(WATCHER.to_owned());
    thread.spawn(body).expect("a thread")
}

/// Waits until `condition` is true, or cannot come true: every other thread sleeps, or five seconds
/// have passed.
///
/// For what an executor's own threads do where nothing can be awaited, as after its drop.
pub(crate) fn eventually(mut condition: impl FnMut() -> bool) -> bool {
    const PAUSE: Duration = Duration::from_millis(20);
    let started = Instant::now();
    let deadline = started + Duration::from_secs(5);
    // By the clock: on a busy machine a single yield may take as long as a thousand elsewhere.
    while started.elapsed() < PAUSE {
        if condition() {
            return true;
        }
        thread::yield_now();
    }
    let mut others = Others::default();
    while !condition() {
        thread::sleep(PAUSE);
        if others.unmoved() == LOOKS || Instant::now() >= deadline {
            return condition();
        }
    }
    true
}

/// Whether nothing moved for long enough; `false` if the watch was over before.
fn nothing_moves(watching: &Receiver<()>) -> bool {
    let mut others = Others::default();
    while watching.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
        if others.unmoved() == LOOKS {
            return true;
        }
    }
    false
}

/// The other threads of the process, looked at again and again.
#[derive(Debug, Default)]
pub(crate) struct Others {
    before: Look,
    unmoved: usize,
}

/// What a look at the other threads showed.
#[derive(Debug, Default, PartialEq, Eq)]
enum Look {
    /// Nothing: the system does not tell, or descriptors have run out.
    #[default]
    Hidden,
    /// One of them does not sleep.
    Awake,
    /// All of them sleep, and have been switched to so often.
    Asleep(Vec<String>),
}

impl Others {
    /// How many looks in a row found all of them asleep, and none to have run in between.
    pub(crate) fn unmoved(&mut self) -> usize {
        let now = look().unwrap_or_default();
        let same = matches!(now, Look::Asleep(_)) && now == self.before;
        self.unmoved = if same { self.unmoved + 1 } else { 0 };
        self.before = now;
        self.unmoved
    }

    /// Whether the latest look showed nothing.
    pub(crate) fn are_hidden(&self) -> bool {
        self.before == Look::Hidden
    }
}

/// Looks at every other thread but watchers; `None` if they cannot be looked at.
fn look() -> Option<Look> {
    let own = fs::read_link("/proc/thread-self").ok()?;
    let mut threads = Vec::new();
    for task in fs::read_dir("/proc/self/task").ok()? {
        let task = task.ok()?.path();
        if task.file_name() == own.file_name() {
            continue;
        }
        let Ok(status) = fs::read_to_string(task.join("status")) else {
            // The thread has ended meanwhile.
            return Some(Look::Awake);
        };
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name));
        if field("Name:").is_some_and(|name| name.trim() == WATCHER) {
            continue;
        }
        if !field("State:")?.contains("S (sleeping)") {
            return Some(Look::Awake);
        }
        // Without the count a thread that is now awake and now asleep would look unmoved.
        field("voluntary_ctxt_switches:")?;
        let switches = status.lines().filter(|line| line.contains("ctxt_switches"));
        threads.extend(switches.map(|line| format!("{}: {line}", task.display())));
    }
    threads.sort();
    Some(Look::Asleep(threads))
}
