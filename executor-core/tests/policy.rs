//! Policies that misbehave are contained: no task is lost, none runs where it must not.

mod common;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::rc::Rc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex, mpsc};
use std::task::Waker;
use std::thread;
use std::time::{Duration, Instant};

use common::{BadPayload, Drops, Gate, Guarded, OnDrop, must_end, poll_with, runtime, turns};
use executor_core::{
    Cause, Fifo, PopContext, PushContext, Ran, Ready, RunEnd, Runtime, Scheduler, WokenBy, spawn,
    task, time,
};

type PopHook = Box<dyn FnMut(&mut VecDeque<Ready>) -> Option<Ready>>;

/// FIFO, but for what a test makes it do.
#[derive(Default)]
struct Hooked {
    /// Dropped first, so that what it does happens while there are tasks in the queue.
    _on_drop: Option<OnDrop<fn()>>,
    queue: VecDeque<Ready>,
    on_push: Option<Box<dyn FnMut(Ready) -> Option<Ready>>>,
    on_pop: Option<PopHook>,
    on_wake_at: Option<Box<dyn Fn() -> Option<Instant>>>,
}

impl Hooked {
    fn push(hook: impl FnMut(Ready) -> Option<Ready> + 'static) -> Self {
        Self {
            on_push: Some(Box::new(hook)),
            ..Self::default()
        }
    }

    fn pop(hook: impl FnMut(&mut VecDeque<Ready>) -> Option<Ready> + 'static) -> Self {
        Self {
            on_pop: Some(Box::new(hook)),
            ..Self::default()
        }
    }

    fn wake_at(hook: impl Fn() -> Option<Instant> + 'static) -> Self {
        Self {
            on_wake_at: Some(Box::new(hook)),
            ..Self::default()
        }
    }
}

impl Scheduler for Hooked {
    fn push(&mut self, task: Ready, _: &PushContext<'_>) {
        let task = match &mut self.on_push {
            Some(hook) => hook(task),
            None => Some(task),
        };
        self.queue.extend(task);
    }

    fn pop(&mut self, _: &PopContext<'_>) -> Option<Ready> {
        match &mut self.on_pop {
            Some(hook) => hook(&mut self.queue),
            None => self.queue.pop_front(),
        }
    }

    fn len(&self) -> usize {
        self.queue.len()
    }

    fn wake_at(&self) -> Option<Instant> {
        self.on_wake_at.as_ref().and_then(|hook| hook())
    }
}

async fn some_work(runs: usize) {
    let tasks: Vec<_> = (0..runs)
        .map(|n| {
            spawn(async move {
                for _ in 0..n % 4 {
                    task::yield_now().await;
                }
                spawn(async {}).await.unwrap();
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

#[test]
fn tasks_that_are_dropped_in_push_are_rescued_and_counted() {
    must_end(|| {
        let count = Cell::new(0);
        let runtime = Runtime::without_io(Hooked::push(move |task| {
            count.set(count.get() + 1);
            (count.get() % 3 != 0).then_some(task)
        }));
        runtime.block_on(some_work(100));
        assert!(runtime.policy_faults() >= 100);
        assert_eq!(runtime.live_tasks(), 0);
    });
}

#[test]
fn tasks_that_are_dropped_in_pop_are_rescued_and_counted() {
    must_end(|| {
        let count = Cell::new(0);
        let runtime = Runtime::without_io(Hooked::pop(move |queue| {
            count.set(count.get() + 1);
            let task = queue.pop_front();
            (count.get() % 3 != 0).then_some(task).flatten()
        }));
        runtime.block_on(some_work(100));
        assert!(runtime.policy_faults() > 0);
        assert_eq!(runtime.live_tasks(), 0);
    });
}

#[test]
fn a_policy_that_drops_everything_hangs_neither_the_root_nor_the_shutdown() {
    must_end(|| {
        let runtime = Runtime::without_io(Hooked::push(|_| None));
        let drops = Drops::new();
        runtime.spawn(Guarded::new(async {}, drops.sentinel()));
        runtime
            .block_on(time::sleep(Duration::from_millis(2)))
            .unwrap();
        assert!(runtime.policy_faults() > 0);
        drop(runtime);
        assert_eq!(drops.count(), 1);
    });
}

/// Whether a `block_on` panics with what a policy panicked with.
fn panics_as_told(runtime: &Runtime<impl Scheduler>, root: impl Future<Output = ()>) -> bool {
    match catch_unwind(AssertUnwindSafe(|| runtime.block_on(root))) {
        Ok(()) => false,
        Err(payload) => {
            assert_eq!(payload.downcast_ref::<&str>(), Some(&"the policy"));
            true
        }
    }
}

fn panicking_once(armed: &Rc<Cell<bool>>) -> impl FnMut(Ready) -> Option<Ready> + use<> {
    let armed = Rc::clone(armed);
    move |task| {
        assert!(!armed.take(), "the policy");
        Some(task)
    }
}

#[test]
fn a_panic_in_push_at_a_wake_in_a_task_propagates_and_loses_no_task() {
    must_end(|| {
        let armed = Rc::new(Cell::new(false));
        let runtime = Runtime::without_io(Hooked::push(panicking_once(&armed)));
        let gate = Gate::new();
        let waiter = runtime.spawn_local(gate.wait());
        runtime.block_on(gate.reached());
        let opener = gate.clone();
        let survivor = runtime.spawn_local(async move {
            armed.set(true);
            opener.open();
            7
        });
        assert!(panics_as_told(&runtime, pending()));
        assert_eq!(
            runtime.block_on(survivor).unwrap(),
            7,
            "the waking task is not to blame"
        );
        runtime.block_on(waiter).unwrap();
    });
}

#[test]
fn a_panic_in_push_at_the_wake_of_a_joiner_propagates_and_loses_no_task() {
    must_end(|| {
        let armed = Rc::new(Cell::new(false));
        let runtime = Runtime::without_io(Hooked::push(panicking_once(&armed)));
        let gate = Gate::new();
        let waiting = gate.wait();
        let joined = runtime.spawn_local(async move {
            waiting.await;
            armed.set(true);
        });
        let joiner = runtime.spawn_local(async { joined.await.unwrap() });
        runtime.block_on(gate.reached());
        runtime.block_on(turns(1));
        gate.open();
        assert!(panics_as_told(&runtime, pending()));
        runtime.block_on(joiner).unwrap();
        assert_eq!(runtime.live_tasks(), 0);
    });
}

#[test]
fn panics_in_push_with_bad_payloads_do_not_abort() {
    must_end(|| {
        let left = Rc::new(Cell::new(0));
        let drops = Arc::new(AtomicUsize::new(0));
        let policy = {
            let (left, drops) = (Rc::clone(&left), Arc::clone(&drops));
            Hooked::push(move |task| {
                if left.get() > 0 {
                    left.set(left.get() - 1);
                    panic_any(BadPayload(Arc::clone(&drops)));
                }
                Some(task)
            })
        };
        let runtime = Runtime::without_io(policy);
        let (one, two) = (Gate::new(), Gate::new());
        let first = runtime.spawn_local(one.wait());
        let joined = runtime.spawn_local(async {});
        let joiner = runtime.spawn_local({
            let two = two.wait();
            async move {
                two.await;
                first.await.unwrap();
            }
        });
        runtime.block_on(turns(2));
        drop(joined);
        let opener = runtime.spawn_local(async move {
            left.set(2);
            one.open();
            two.open();
        });
        let caught = catch_unwind(AssertUnwindSafe(|| runtime.block_on(pending::<()>())));
        std::mem::forget(caught);
        runtime.block_on(async {
            opener.await.unwrap();
            joiner.await.unwrap();
        });
        assert_eq!(drops.load(SeqCst), 1, "the second was disposed of");
    });
}

#[test]
fn a_panic_in_push_of_a_task_that_yields_loses_no_task() {
    must_end(|| {
        let armed = Rc::new(Cell::new(false));
        let runtime = Runtime::without_io(Hooked::push(panicking_once(&armed)));
        let task = runtime.spawn_local(async move {
            armed.set(true);
            task::yield_now().await;
            7
        });
        assert!(panics_as_told(&runtime, pending()));
        assert_eq!(runtime.block_on(task).unwrap(), 7);
    });
}

#[test]
fn a_panic_in_push_outside_of_the_loop_loses_no_task() {
    must_end(|| {
        let armed = Rc::new(Cell::new(true));
        let runtime = Runtime::without_io(Hooked::push(panicking_once(&armed)));
        let task = runtime.spawn_local(async { 7 });
        assert!(panics_as_told(&runtime, async { turns(1).await }));
        assert_eq!(runtime.block_on(task).unwrap(), 7);
    });
}

#[test]
fn a_panic_in_pop_propagates_and_loses_no_task() {
    must_end(|| {
        let mut count = 0;
        let runtime = Runtime::without_io(Hooked::pop(move |queue| {
            count += 1;
            let task = queue.pop_front();
            assert!(count != 3, "the policy");
            task
        }));
        let tasks: Vec<_> = (0..5).map(|n| runtime.spawn(async move { n })).collect();
        assert!(panics_as_told(&runtime, pending()));
        for (n, task) in tasks.into_iter().enumerate() {
            assert_eq!(runtime.block_on(task).unwrap(), n);
        }
        assert_eq!(runtime.live_tasks(), 0);
    });
}

#[test]
fn a_panic_in_wake_at_propagates() {
    must_end(|| {
        let armed = Cell::new(true);
        let runtime = Runtime::without_io(Hooked::wake_at(move || {
            assert!(!armed.take(), "the policy");
            None
        }));
        assert!(panics_as_told(&runtime, pending()));
        runtime.block_on(some_work(3));
    });
}

/// Panics when it is told of a poll that ended as given.
struct BadClerk {
    fifo: Fifo,
    on: RunEnd,
    armed: bool,
}

impl Scheduler for BadClerk {
    const NEEDS_CLOCK: bool = true;

    fn push(&mut self, task: Ready, cx: &PushContext<'_>) {
        self.fifo.push(task, cx);
    }

    fn pop(&mut self, cx: &PopContext<'_>) -> Option<Ready> {
        self.fifo.pop(cx)
    }

    fn len(&self) -> usize {
        self.fifo.len()
    }

    fn ran(&mut self, _: &executor_core::TaskHeader, ran: Ran) {
        if ran.end == self.on && std::mem::take(&mut self.armed) {
            panic!("the policy");
        }
    }
}

#[test]
fn a_panic_in_ran_propagates_and_loses_neither_the_task_nor_its_end() {
    for on in [RunEnd::Finished, RunEnd::Yielded, RunEnd::Waiting] {
        must_end(move || {
            let runtime = Runtime::without_io(BadClerk {
                fifo: Fifo::new(),
                on,
                armed: true,
            });
            let gate = Gate::new();
            let (waiting, opener) = (gate.wait(), gate.clone());
            let task = runtime.spawn(async {
                task::yield_now().await;
                waiting.await;
            });
            let first = runtime.spawn(async move {
                turns(5).await;
                opener.open();
            });
            assert!(panics_as_told(&runtime, async {
                first.await.unwrap();
                turns(3).await;
                pending().await
            }));
            runtime.block_on(task).unwrap();
            runtime.block_on(turns(2));
            assert_eq!(runtime.live_tasks(), 0, "{on:?}");
        });
    }
}

#[test]
fn a_policy_is_told_how_polls_ended() {
    #[derive(Default)]
    struct Clerk(Fifo, Arc<Mutex<Vec<RunEnd>>>);
    impl Scheduler for Clerk {
        const NEEDS_CLOCK: bool = true;
        fn push(&mut self, task: Ready, cx: &PushContext<'_>) {
            self.0.push(task, cx);
        }
        fn pop(&mut self, cx: &PopContext<'_>) -> Option<Ready> {
            self.0.pop(cx)
        }
        fn len(&self) -> usize {
            self.0.len()
        }
        fn ran(&mut self, _: &executor_core::TaskHeader, ran: Ran) {
            self.1.lock().unwrap().push(ran.end);
        }
    }
    let ends = Arc::new(Mutex::new(Vec::new()));
    let runtime = Runtime::without_io(Clerk(Fifo::new(), Arc::clone(&ends)));
    runtime.block_on(async {
        let gate = Gate::new();
        let waiting = gate.wait();
        let task = spawn(async {
            task::yield_now().await;
            waiting.await;
        });
        gate.reached().await;
        gate.open();
        task.await.unwrap();
    });
    use RunEnd::{Finished, Waiting, Yielded};
    assert_eq!(*ends.lock().unwrap(), [Yielded, Waiting, Finished]);
}

#[test]
fn a_policy_that_holds_back_is_asked_again_when_it_wants() {
    must_end(|| {
        let start = Instant::now();
        let until = start + Duration::from_millis(5);
        let runtime = Runtime::without_io(Hooked {
            on_pop: Some(Box::new(move |queue| {
                (Instant::now() >= until)
                    .then(|| queue.pop_front())
                    .flatten()
            })),
            on_wake_at: Some(Box::new(move || Some(until))),
            ..Hooked::default()
        });
        let task = runtime.spawn(async { Instant::now() });
        assert!(runtime.block_on(task).unwrap() >= until);
    });
}

#[test]
fn what_becomes_ready_inside_of_wake_at_is_not_slept_upon() {
    must_end(|| {
        // A task whose token is dropped there, a task that is woken there, and the root.
        let held = Rc::new(RefCell::new(None::<Ready>));
        let wakers = Rc::new(RefCell::new(Vec::<Waker>::new()));
        let policy = {
            let (for_push, for_wake_at) = (Rc::clone(&held), Rc::clone(&held));
            let wakers = Rc::clone(&wakers);
            let mut first = true;
            Hooked {
                on_push: Some(Box::new(move |task| {
                    if std::mem::take(&mut first) {
                        *for_push.borrow_mut() = Some(task);
                        return None;
                    }
                    Some(task)
                })),
                on_wake_at: Some(Box::new(move || {
                    for waker in wakers.take() {
                        waker.wake();
                    }
                    drop(for_wake_at.take());
                    None
                })),
                ..Hooked::default()
            }
        };
        let runtime = Runtime::without_io(policy);
        let task = runtime.spawn_local(async { 7 });
        assert_eq!(runtime.block_on(task).unwrap(), 7);

        let polls = Cell::new(0);
        let root_wakers = Rc::clone(&wakers);
        runtime.block_on(std::future::poll_fn(|cx| {
            polls.set(polls.get() + 1);
            if polls.get() == 2 {
                return std::task::Poll::Ready(());
            }
            root_wakers.borrow_mut().push(cx.waker().clone());
            std::task::Poll::Pending
        }));

        let task_wakers = Arc::new(Mutex::new(None::<Waker>));
        let left = Arc::clone(&task_wakers);
        let mut polled = false;
        let woken = runtime.spawn_local(std::future::poll_fn(move |cx| {
            if std::mem::replace(&mut polled, true) {
                return std::task::Poll::Ready(());
            }
            *left.lock().unwrap() = Some(cx.waker().clone());
            std::task::Poll::Pending
        }));
        runtime.block_on(turns(1));
        wakers
            .borrow_mut()
            .extend(task_wakers.lock().unwrap().take());
        runtime.block_on(woken).unwrap();
    });
}

#[test]
fn a_policy_that_wakes_and_spawns_while_it_is_called_is_not_reentered() {
    must_end(|| {
        let gate = Gate::new();
        let (in_push, in_pop) = (gate.clone(), gate.clone());
        let mut spawned = 0;
        let runtime = Runtime::without_io(Hooked {
            on_push: Some(Box::new(move |task| {
                common::not_nested(|| in_push.open());
                Some(task)
            })),
            on_pop: Some(Box::new(move |queue| {
                common::not_nested(|| {
                    in_pop.open();
                    if spawned < 10 {
                        spawned += 1;
                        spawn(async {});
                    }
                });
                queue.pop_front()
            })),
            ..Hooked::default()
        });
        let waiters: Vec<_> = (0..3).map(|_| runtime.spawn_local(gate.wait())).collect();
        runtime.block_on(async {
            for waiter in waiters {
                waiter.await.unwrap();
            }
            turns(20).await;
        });
        assert_eq!(runtime.live_tasks(), 0);
    });
}

#[test]
fn a_policy_that_panics_in_its_drop_does_not_keep_tasks_from_being_dropped() {
    let drops = Drops::new();
    let runtime = Runtime::without_io(Hooked {
        _on_drop: Some(OnDrop::new(|| panic!("as told"))),
        ..Hooked::default()
    });
    let gate = Gate::new();
    gate.open();
    runtime.spawn_local(Guarded::new(gate.wait(), drops.sentinel()));
    runtime.spawn(Guarded::new(pending::<()>(), drops.sentinel()));
    runtime.block_on(async {});
    drop(runtime);
    assert_eq!(drops.count(), 2);
}

#[test]
fn tokens_that_another_thread_drops_come_back() {
    must_end(|| {
        let (sender, receiver) = mpsc::channel::<Ready>();
        let dropper = thread::spawn(move || receiver.into_iter().count());
        let mut count = 0;
        let runtime = Runtime::without_io(Hooked::push(move |task| {
            count += 1;
            if count % 2 == 0 {
                return Some(task);
            }
            sender.send(task).unwrap();
            None
        }));
        runtime.block_on(some_work(50));
        drop(runtime);
        assert!(dropper.join().unwrap() >= 50);
    });
}

/// What two policies on two threads pass tokens through.
type Exchange = Arc<Mutex<VecDeque<Ready>>>;

#[test]
fn a_token_of_another_runtime_is_sent_home_and_not_run_here() {
    must_end(|| {
        let exchange = Exchange::default();
        let (smuggle, fence) = (Arc::clone(&exchange), Arc::clone(&exchange));
        let mut smuggled = false;
        let home = Runtime::without_io(Hooked::push(move |task| {
            if task.name() == Some("local") && !std::mem::replace(&mut smuggled, true) {
                smuggle.lock().unwrap().push_back(task);
                return None;
            }
            Some(task)
        }));
        let here = thread::current().id();
        let drops = Drops::new();
        let body = Guarded::new(
            async move {
                assert_eq!(thread::current().id(), here, "it left its thread");
                7
            },
            drops.sentinel(),
        );
        let options = executor_core::TaskOptions::new().name("local");
        let spawned = home.block_on(async { Some(executor_core::spawn_local_with(options, body)) });
        let task = spawned.unwrap();
        assert_eq!(exchange.lock().unwrap().len(), 1);
        thread::spawn(move || {
            let abroad = Runtime::without_io(Hooked::pop(move |queue| {
                fence
                    .lock()
                    .unwrap()
                    .pop_front()
                    .or_else(|| queue.pop_front())
            }));
            abroad.block_on(turns(3));
            assert_eq!(abroad.live_tasks(), 0);
        })
        .join()
        .unwrap();
        assert!(exchange.lock().unwrap().is_empty());
        assert_eq!(home.block_on(task).unwrap(), 7);
        assert_eq!(drops.threads(), [here]);
        assert_eq!(home.live_tasks(), 0);
    });
}

#[test]
fn a_policy_that_leaks_a_token_holds_the_shutdown_up_not_for_long_and_loses_no_task() {
    must_end(|| {
        let drops = Drops::new();
        let leaked_drops = Drops::new();
        let runtime = Runtime::without_io(Hooked::push(|task| {
            if task.name() == Some("leaked") {
                std::mem::forget(task);
                return None;
            }
            Some(task)
        }));
        let handle = runtime.handle();
        let other = handle.spawn(Guarded::new(pending::<()>(), drops.sentinel()));
        let leaked = Guarded::new(pending::<()>(), leaked_drops.sentinel());
        let options = executor_core::TaskOptions::new().name("leaked");
        let leaked = handle.spawn_with(options, leaked);
        runtime.block_on(turns(2));
        let start = Instant::now();
        drop(runtime);
        assert!(start.elapsed() < Duration::from_secs(5));
        assert!(other.is_finished());
        assert_eq!(drops.count(), 1);
        assert_eq!(leaked_drops.threads(), [thread::current().id()]);
        leaked.abort();
        let error = futures_lite::future::block_on(leaked).unwrap_err();
        assert!(error.is_cancelled());
        assert!(error.to_string().contains("has shut down"), "{error}");
        assert!(handle.spawn(async {}).is_finished());
    });
}

#[test]
fn a_policy_is_told_why_and_by_whom() {
    type Seen = Arc<Mutex<Vec<(Option<String>, Cause, WokenBy)>>>;
    struct Witness(Fifo, Seen);
    impl Scheduler for Witness {
        fn push(&mut self, task: Ready, cx: &PushContext<'_>) {
            let name = task.name().map(str::to_owned);
            self.1.lock().unwrap().push((name, cx.cause(), cx.by()));
            self.0.push(task, cx);
        }
        fn pop(&mut self, cx: &PopContext<'_>) -> Option<Ready> {
            self.0.pop(cx)
        }
        fn len(&self) -> usize {
            self.0.len()
        }
    }
    must_end(|| {
        let seen = Seen::default();
        let runtime = Runtime::without_io(Witness(Fifo::new(), Arc::clone(&seen)));
        let named = |name: &'static str| executor_core::TaskOptions::new().name(name);
        let ids = runtime.block_on(async {
            let gate = Gate::new();
            let (waiting, opener) = (gate.wait(), gate.clone());
            let waiter = executor_core::spawn_with(named("waiter"), waiting);
            turns(1).await;
            let waker = executor_core::spawn_with(named("waker"), async move {
                task::yield_now().await;
                opener.open();
            });
            let ids = (waiter.id(), waker.id());
            waiter.await.unwrap();
            waker.await.unwrap();
            let sleeper = executor_core::spawn_with(named("sleeper"), async {
                time::sleep(Duration::from_millis(1)).await.unwrap();
            });
            sleeper.await.unwrap();
            ids
        });
        let seen = seen.lock().unwrap();
        let of = |name: &str| {
            let of = seen.iter().filter(|(n, ..)| n.as_deref() == Some(name));
            of.map(|(_, cause, by)| (*cause, *by)).collect::<Vec<_>>()
        };
        let (_, waker) = ids;
        assert_eq!(
            of("waiter"),
            [
                (Cause::Spawn, WokenBy::Main),
                (Cause::Wake, WokenBy::Task(waker))
            ]
        );
        assert_eq!(
            of("waker"),
            [
                (Cause::Spawn, WokenBy::Main),
                (Cause::Yield, WokenBy::Itself)
            ]
        );
        assert_eq!(
            of("sleeper"),
            [(Cause::Spawn, WokenBy::Main), (Cause::Wake, WokenBy::Timer)]
        );
    });
}

#[test]
fn fifo_runs_tasks_in_the_order_in_which_they_became_ready() {
    runtime().block_on(async {
        let order = Arc::new(Mutex::new(Vec::new()));
        let tasks: Vec<_> = (0..4)
            .map(|n| {
                let order = Arc::clone(&order);
                spawn(async move {
                    for round in 0..3 {
                        order.lock().unwrap().push((round, n));
                        task::yield_now().await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let expected: Vec<_> = (0..3).flat_map(|r| (0..4).map(move |n| (r, n))).collect();
        assert_eq!(*order.lock().unwrap(), expected);
    });
}

#[test]
fn a_future_whose_drop_wakes_while_the_policy_rescues_it_is_dropped_once() {
    must_end(|| {
        let drops = Drops::new();
        let mut count = 0;
        let runtime = Runtime::without_io(Hooked::push(move |task| {
            count += 1;
            (count % 2 == 0).then_some(task)
        }));
        let gate = Gate::new();
        let mut handles = Vec::new();
        for _ in 0..10 {
            let (sentinel, opener) = (drops.sentinel(), gate.clone());
            let guard = OnDrop::new(move || {
                opener.open();
                drop(sentinel);
            });
            let mut handle = runtime.spawn_local(Guarded::new(gate.wait(), guard));
            assert!(poll_with(&mut handle, Waker::noop()).is_pending());
            handles.push(handle);
        }
        runtime.block_on(gate.reached());
        handles[0].abort();
        runtime.block_on(async {
            while drops.count() < 10 {
                task::yield_now().await;
            }
        });
        drop(runtime);
        assert_eq!(drops.count(), 10);
    });
}
