//! The two ways of turning.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use executor_conformance::adapter::OnThread;

use super::core::Core;
use super::drive::wait;
use super::fault::{Fault, broken};
use super::locals::Locals;
use super::task::Task;
use super::{context, lock, unsound};

/// Which threads run tasks.
pub(crate) trait Kind: Sized + 'static {
    const NAME: &'static str;

    /// Starts the threads, if there are any.
    fn start(core: &Arc<Core>, workers: usize) -> Self;

    /// Where local tasks are, if there can be any.
    fn locals(&self) -> Option<OnThread<Locals>>;

    fn block_on<F: Future>(&self, core: &Arc<Core>, root: F) -> F::Output;

    /// Ends the threads, and drops all tasks where they belong.
    fn stop(&mut self, core: &Arc<Core>, shut_down: impl FnOnce(&Core, &Locals) + Send + 'static);
}

/// Tasks run on the thread that is in `block_on`.
pub(crate) struct OneThread {
    locals: Rc<Locals>,
}

impl Kind for OneThread {
    const NAME: &'static str = "reference";

    fn start(_: &Arc<Core>, _: usize) -> Self {
        Self {
            locals: Rc::default(),
        }
    }

    fn locals(&self) -> Option<OnThread<Locals>> {
        Some(OnThread::new(&self.locals))
    }

    fn block_on<F: Future>(&self, core: &Arc<Core>, root: F) -> F::Output {
        block_on(core, &self.locals, root)
    }

    fn stop(&mut self, core: &Arc<Core>, shut_down: impl FnOnce(&Core, &Locals)) {
        shut_down(core, &self.locals);
    }
}

/// Runs tasks, timers and sockets on this thread until the root is ready.
pub(crate) fn block_on<F: Future>(core: &Arc<Core>, locals: &Locals, root: F) -> F::Output {
    let mut root = pin!(root);
    let signal = Signal::new(core);
    let waker = signal.waker();
    let entered = context::enter_executor(core);
    loop {
        while signal.take() {
            if let Poll::Ready(output) = root.as_mut().poll(&mut Context::from_waker(&waker)) {
                after_root(core, locals);
                return output;
            }
            signal.forget_wake_in_poll();
            if !broken(Fault::RootRepolledInPlace) {
                break;
            }
        }
        // An inner call runs tasks only while its own root waits: each of them may make another
        // inner call, further down the stack.
        if entered.is_outermost() || !signal.is_set() || broken(Fault::NestedStacks) {
            core.run_batch(locals);
        }
        core.drive(|state| !state.has_work() && !signal.is_set());
    }
}

/// When the root is ready.
fn after_root(core: &Core, locals: &Locals) {
    if broken(Fault::TasksEndWithBlockOn) {
        core.cancel_all(locals);
    }
    while broken(Fault::BlockOnWaitsForTasks) && !lock(&core.state).live.is_empty() {
        core.run_batch(locals);
        core.drive(|state| !state.has_work());
    }
}

/// Tasks run on threads of the executor's own; the root on those that are in `block_on`.
pub(crate) struct Workers {
    threads: Vec<thread::JoinHandle<()>>,
    /// Held by `block_on`, if it is broken so that only one thread can be in it.
    alone: Mutex<()>,
}

impl Kind for Workers {
    const NAME: &'static str = "reference-workers";

    fn start(core: &Arc<Core>, workers: usize) -> Self {
        let threads = (0..workers).map(|number| {
            let core = Arc::clone(core);
            let thread = thread::Builder::new().name("reference-worker".to_owned());
            thread.spawn(move || work(&core, number)).expect("a thread")
        });
        Self {
            threads: threads.collect(),
            alone: Mutex::default(),
        }
    }

    fn locals(&self) -> Option<OnThread<Locals>> {
        None
    }

    fn block_on<F: Future>(&self, core: &Arc<Core>, root: F) -> F::Output {
        let _alone = broken(Fault::SharedBlockOnExcludes).then(|| lock(&self.alone));
        let mut root = pin!(root);
        let signal = Signal::new(core);
        let waker = signal.waker();
        loop {
            if signal.take() {
                if let Poll::Ready(output) = root.as_mut().poll(&mut Context::from_waker(&waker)) {
                    return output;
                }
                signal.forget_wake_in_poll();
            }
            if broken(Fault::RootParksBarely) {
                thread::park();
                continue;
            }
            let mut state = lock(&core.state);
            while !signal.is_set() {
                state = wait(&core.changed, state);
            }
        }
    }

    fn stop(&mut self, core: &Arc<Core>, shut_down: impl FnOnce(&Core, &Locals) + Send + 'static) {
        let threads = std::mem::take(&mut self.threads);
        let core = Arc::clone(core);
        let stop = move || {
            core.close();
            if broken(Fault::TaskInPollForgotten) {
                core.cancel_all(&Locals::default());
            }
            for thread in threads {
                // Tasks' panics do not get here.
                let _ = thread.join();
            }
            shut_down(&core, &Locals::default());
        };
        if broken(Fault::WorkersOutliveDrop) {
            thread::spawn(stop);
            return;
        }
        stop();
    }
}

thread_local! {
    /// The number of the worker that this thread is.
    static WORKER: Cell<Option<usize>> = const { Cell::new(None) };
    /// Tasks that only this worker can see; it has them only by a fault.
    static PRIVATE: RefCell<VecDeque<Arc<Task>>> = const { RefCell::new(VecDeque::new()) };
}

/// What a worker does until the executor is dropped.
fn work(core: &Arc<Core>, number: usize) {
    WORKER.set(Some(number));
    let locals = Locals::default();
    while !lock(&core.state).closed {
        if broken(Fault::DriverStranded) && number > 0 {
            // The one that drives is quicker than those that it wakes.
            (0..20).for_each(|_| thread::yield_now());
        }
        core.run_batch(&locals);
        while let Some(task) = take_private() {
            task.run(&locals);
        }
        core.drive(|state| !state.has_work() && !state.closed);
    }
}

/// Keeps a task to this worker; says whether this thread is one.
pub(crate) fn keep_private(task: &Arc<Task>) -> bool {
    let worker = WORKER.get().is_some();
    if worker {
        PRIVATE.with(|private| private.borrow_mut().push_back(Arc::clone(task)));
    }
    worker
}

fn take_private() -> Option<Arc<Task>> {
    PRIVATE.with(|private| private.borrow_mut().pop_front())
}

pub(crate) fn is_first_worker() -> bool {
    WORKER.get() == Some(0)
}

/// The root's waker: a flag, and a call to those who sleep.
struct Signal {
    core: Weak<Core>,
    set: AtomicBool,
    root: thread::Thread,
}

impl Signal {
    /// A signal that is set, as the root is to be polled.
    fn new(core: &Arc<Core>) -> Arc<Self> {
        Arc::new(Self {
            core: Arc::downgrade(core),
            set: AtomicBool::new(true),
            root: thread::current(),
        })
    }

    fn waker(self: &Arc<Self>) -> Waker {
        match broken(Fault::WakerForEachClone) {
            true => unsound::distinct_waker(self),
            false => Waker::from(Arc::clone(self)),
        }
    }

    // SeqCst throughout: this executor does not show how little is enough.
    fn take(&self) -> bool {
        self.set.swap(false, SeqCst)
    }

    fn is_set(&self) -> bool {
        self.set.load(SeqCst)
    }

    fn forget_wake_in_poll(&self) {
        if broken(Fault::RootWakeInPollLost) {
            self.set.store(false, SeqCst);
        }
    }
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.set.store(true, SeqCst);
        if broken(Fault::RootWakerLeaks) {
            std::mem::forget(Arc::clone(self));
        }
        if broken(Fault::RootParksBarely) {
            self.root.unpark();
        }
        if broken(Fault::ForeignRootWakeNoUnpark) && thread::current().id() != self.root.id() {
            return;
        }
        if let Some(core) = self.core.upgrade() {
            core.unpark();
        }
    }
}
