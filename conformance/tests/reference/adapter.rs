//! What the suite sees of the executor.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use executor_conformance::adapter::{
    Abort, Blocking, DropInside, Intervals, MissedTicks, NearWrap, NestedBlockOn, OnThread,
    Parallel, Remote, ResetTimers, SharedBlockOn, ShutdownTimeout, Spawn, SpawnLocal, Timers,
};
use executor_conformance::{Executor, JoinHandle};

use super::core::{Core, Why};
use super::fault::{Fault, broken};
use super::interval::Interval;
use super::job::Running;
use super::join::{self, Join};
use super::kinds::{self, Kind, OneThread, Workers};
use super::locals::Locals;
use super::task::Task;
use super::time::Sleep;
use super::{context, faults, unsound};

/// How many threads there are for closures that block, if nobody says.
const BLOCKING_THREADS: usize = 8;

/// The reference executor, turning in the way `K`.
pub(crate) struct Reference<K: Kind> {
    core: Arc<Core>,
    kind: K,
    /// How long to wait for blocking closures at the end.
    patience: Option<Duration>,
}

/// A way to the executor that does not keep it.
pub(crate) struct Handle<K> {
    pub(crate) core: Weak<Core>,
    locals: Option<OnThread<Locals>>,
    kind: PhantomData<fn() -> K>,
}

impl<K> Clone for Handle<K> {
    fn clone(&self) -> Self {
        Self {
            core: self.core.clone(),
            locals: self.locals.clone(),
            kind: PhantomData,
        }
    }
}

impl<K> Drop for Handle<K> {
    fn drop(&mut self) {
        let Some(core) = self.core.upgrade() else {
            return;
        };
        if broken(Fault::HandleDropEndsTasks) && core.owner == thread::current().id() {
            core.cancel_all(&Locals::default());
        }
    }
}

impl<K: Kind> Reference<K> {
    fn with(workers: usize, blocking_threads: usize) -> Self {
        let core = Core::new(blocking_threads);
        Self {
            kind: K::start(&core, workers),
            core,
            patience: None,
        }
    }
}

impl<K: Kind> Drop for Reference<K> {
    fn drop(&mut self) {
        assert!(
            !(broken(Fault::DropPanicsWhileUnwinding) && thread::panicking()),
            "dropped in a panic"
        );
        assert!(
            !(broken(Fault::DropInsidePanics) && context::is_entered()),
            "dropped inside of `block_on`"
        );
        if broken(Fault::DropUsesThreadLocal) {
            context::touch();
        }
        let patience = self.patience;
        let shut_down = move |core: &Core, locals: &Locals| core.shut_down(locals, patience);
        self.kind.stop(&self.core, shut_down);
    }
}

/// How far from their wrap the numbers of tasks are, if that is asked for.
const NEAR: u64 = 100;

impl<K: Kind> NearWrap for Reference<K> {
    fn near_wrap() -> Self {
        let executor = Self::new();
        executor.core.number_from(NEAR.wrapping_neg());
        executor
    }
}

impl<K: Kind> Executor for Reference<K> {
    const NAME: &'static str = K::NAME;
    type Handle = Handle<K>;

    fn new() -> Self {
        Self::with(2, BLOCKING_THREADS)
    }

    fn handle(&self) -> Handle<K> {
        Handle {
            core: Arc::downgrade(&self.core),
            locals: self.kind.locals(),
            kind: PhantomData,
        }
    }

    fn block_on<F: Future>(&mut self, root: F) -> F::Output {
        self.kind.block_on(&self.core, root)
    }
}

impl<K: Kind> Spawn for Reference<K> {
    const DROP_INSIDE: DropInside = DropInside::Works;

    fn spawn<F>(handle: &Handle<K>, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let size = size_of::<F>();
        assert!(
            !broken(Fault::LargeFuturePanics) || size <= 65_536,
            "no slot is large enough"
        );
        let join = Join::new();
        let job = Box::new(Running::new(future, Arc::clone(&join)));
        let task = Task::new(handle.core.clone(), job);
        start(&task, &Locals::default());
        join::Handle::wrap(join, task)
    }
}

/// Takes up a new task, or drops its future if the executor is shutting down.
fn start(task: &Arc<Task>, locals: &Locals) {
    match task.core.upgrade() {
        Some(core) if core.register(task) => {
            if broken(Fault::SpawnPolls) {
                return task.run(locals);
            }
            if broken(Fault::EarlySpawnNotQueued) && !context::is_entered() {
                return;
            }
            core.push(Arc::clone(task), Why::Spawn);
        }
        _ => task.cancel_now(locals),
    }
}

impl<K: Kind> Remote for Reference<K> {}

impl<K: Kind> Abort for Reference<K> {}

impl SpawnLocal for Reference<OneThread> {
    fn spawn_local<F>(handle: &Handle<OneThread>, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        let join = Join::new();
        let mut job = Running::new(future, Arc::clone(&join));
        if faults::smuggles() {
            let job = unsound::smuggle(Box::new(job));
            let task = Task::smuggled(handle.core.clone(), job);
            start(&task, &Locals::default());
            return join::Handle::wrap(join, task);
        }
        let task = Task::local(handle.core.clone());
        match handle.locals.as_ref().and_then(OnThread::try_get) {
            Some(locals) => {
                locals.put(task.id, Box::new(job));
                start(&task, &locals);
            }
            // The executor has been dropped.
            None => super::job::Job::cancel(&mut job),
        }
        join::Handle::wrap(join, task)
    }
}

impl<K: Kind> Blocking for Reference<K> {
    fn spawn_blocking<F, T>(handle: &Handle<K>, closure: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        match handle.core.upgrade() {
            Some(core) => core.pool.spawn(closure),
            None => super::pool::refused(closure),
        }
    }

    fn with_blocking_threads(threads: usize) -> Option<Self> {
        Some(Self::with(2, threads))
    }
}

impl Parallel for Reference<Workers> {
    fn with_workers(workers: usize) -> Self {
        Self::with(workers, BLOCKING_THREADS)
    }
}

impl SharedBlockOn for Reference<Workers> {
    fn block_on_shared<F: Future>(&self, root: F) -> F::Output {
        self.kind.block_on(&self.core, root)
    }
}

impl NestedBlockOn for Reference<OneThread> {
    const WORKS: bool = true;

    fn nested_block_on<F: Future + 'static>(
        handle: &Handle<OneThread>,
        future: F,
    ) -> Result<F::Output, String>
    where
        F::Output: 'static,
    {
        let locals = handle.locals.as_ref().and_then(OnThread::try_get);
        let (Some(core), Some(locals)) = (handle.core.upgrade(), locals) else {
            return Err("the executor is gone".to_owned());
        };
        Ok(kinds::block_on(&core, &locals, future))
    }
}

impl<K: Kind> ShutdownTimeout for Reference<K> {
    fn shutdown_timeout(mut self, timeout: Duration) {
        self.patience = Some(timeout);
    }
}

impl<K: Kind> Timers for Reference<K> {
    type Sleep = Sleep;

    fn sleep_until(handle: &Handle<K>, deadline: Instant) -> Sleep {
        Sleep::until(handle.core.clone(), Some(deadline))
    }

    fn sleep(handle: &Handle<K>, duration: Duration) -> Sleep {
        Sleep::lasting(handle.core.clone(), duration)
    }
}

impl<K: Kind> ResetTimers for Reference<K> {
    fn reset(sleep: Pin<&mut Sleep>, deadline: Instant) {
        sleep.get_mut().reset(deadline);
    }
}

impl<K: Kind> Intervals for Reference<K> {
    type Interval = Interval;

    fn interval(handle: &Handle<K>, period: Duration, missed: MissedTicks) -> Option<Interval> {
        Some(Interval::new(handle.core.clone(), period, missed))
    }

    async fn tick(interval: &mut Interval) -> Option<Instant> {
        Some(interval.tick().await)
    }
}
