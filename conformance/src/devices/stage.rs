//! Noticing that nothing moves any more, and saying where.

use std::fmt::{self, Display};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, JoinHandle, Thread};
use std::time::{Duration, Instant};

use super::{JoinAll, join_all};
use crate::Case;
use crate::harness::{Others, watcher};
use crate::lock::lock;

/// How often the watch looks.
const PAUSE: Duration = Duration::from_millis(20);
/// How many looks in a row must find every thread asleep.
const LOOKS: usize = 25;
/// How long a stage may take where threads do move.
const LONGEST: Duration = Duration::from_secs(15);
/// How long it may take where threads cannot be looked at, as when descriptors have run out.
const LONGEST_UNSEEN: Duration = Duration::from_secs(5);

/// What a rule waits for, and a watch that ends the rule when that will never come.
///
/// A lost wake-up leaves every thread of the process asleep. That is a fact to be seen, unlike
/// lateness, and does not depend on how busy the machine is: a thread that only waits for its turn
/// does not count as asleep. So a rule under [`watch`](Self::watch) that hangs fails after half a
/// second, with the name of the stage, where the system shows its threads; else after some
/// seconds.
#[derive(Debug)]
pub struct Stage<'a> {
    case: &'a Case,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    stage: Mutex<(String, Instant)>,
    stalled: AtomicBool,
    stop: AtomicBool,
    root: Mutex<Option<Waker>>,
}

impl<'a> Stage<'a> {
    /// A stage that is logged among the events of `case`.
    pub fn new(case: &'a Case) -> Self {
        let shared = Shared {
            stage: Mutex::new((
                "what the rule needs first was never made".to_owned(),
                Instant::now(),
            )),
            stalled: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            root: Mutex::new(None),
        };
        Self {
            case,
            shared: Arc::new(shared),
        }
    }

    /// Says what is waited for now.
    pub fn at(&self, what: impl Display) {
        self.case.event(&what);
        *lock(&self.shared.stage) = (what.to_string(), Instant::now());
    }

    /// Runs `body`, which has a waker of its own, and panics when nothing moves any more.
    pub fn watch<F: Future>(&self, body: F) -> Watched<F> {
        Watched {
            body: join_all([body]),
            shared: Arc::clone(&self.shared),
            watch: None,
        }
    }

    /// Runs `body` on this thread, outside of any executor, under the watch.
    pub fn block_on<F: Future>(&self, body: F) -> F::Output {
        let mut body = self.watch(body);
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        loop {
            if let Poll::Ready(output) = Pin::new(&mut body).poll(&mut Context::from_waker(&waker))
            {
                return output;
            }
            thread::park();
        }
    }
}

/// A future under watch; made by [`Stage::watch`].
pub struct Watched<F: Future> {
    body: JoinAll<F>,
    shared: Arc<Shared>,
    watch: Option<JoinHandle<()>>,
}

impl<F: Future> Future for Watched<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        *lock(&this.shared.root) = Some(cx.waker().clone());
        if this.watch.is_none() {
            this.watch = Some(this.shared.start());
        }
        if this.shared.stalled.load(SeqCst) {
            panic!("nothing moves any more; {}", lock(&this.shared.stage).0);
        }
        let polled = Pin::new(&mut this.body).poll(cx);
        polled.map(|mut outputs| outputs.pop().expect("one body has one output"))
    }
}

impl<F: Future> Drop for Watched<F> {
    fn drop(&mut self) {
        let Some(watch) = self.watch.take() else {
            return;
        };
        self.shared.stop.store(true, SeqCst);
        watch.thread().unpark();
        // It panics on nothing; and if it did, the rule has its verdict from elsewhere.
        let _ = watch.join();
        self.shared.stop.store(false, SeqCst);
    }
}

impl<F: Future> fmt::Debug for Watched<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").finish_non_exhaustive()
    }
}

impl Shared {
    /// Starts the watching thread, and waits until it needs nothing more: a rule may go on to take
    /// the process's memory or descriptors away.
    fn start(self: &Arc<Self>) -> JoinHandle<()> {
        let (begun, begins) = mpsc::channel();
        let shared = Arc::clone(self);
        let watch = watcher(move || shared.look(&begun));
        begins.recv().expect("the watch begins");
        watch
    }

    /// The life of the watching thread, which says by `begun` that it has what it needs.
    fn look(&self, begun: &mpsc::Sender<()>) {
        Others::default().unmoved();
        // Nobody waits any more if the rule is over.
        let _ = begun.send(());
        let mut others = Others::default();
        loop {
            thread::park_timeout(PAUSE);
            if self.stop.load(SeqCst) {
                return;
            }
            let unmoved = others.unmoved();
            let longest = if others.are_hidden() {
                LONGEST_UNSEEN
            } else {
                LONGEST
            };
            if unmoved >= LOOKS || lock(&self.stage).1.elapsed() > longest {
                break;
            }
        }
        self.stalled.store(true, SeqCst);
        let root = lock(&self.root).take();
        if let Some(root) = root {
            root.wake();
        }
    }
}

/// Unparks the thread that waits in [`Stage::block_on`].
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
