//! S1 to S4, S7, S10: what yields gives way.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Poll, Waker};

use super::gates::open_all;
use super::load::{Caller, Load, crowds, join};
use crate::Case;
use crate::adapter::{Executor, JoinHandle, Remote, Spawn};
use crate::devices::{Opener, gate, join_all, yield_once};
use crate::lock::lock;

/// S1: a task that wakes itself does not starve its peers.
pub fn s01_should_self_wakers_do_not_starve_peers<E: Spawn>(case: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    executor.block_on(async {
        for crowd in crowds() {
            case.event(format_args!("{crowd} tasks yield"));
            let load = Load::until(6);
            let mut tasks: Vec<_> = (0..3).map(|_| load.yielder::<E>(&handle)).collect();
            tasks.extend(load.spawn::<E>(&handle, crowd));
            tasks.extend((0..3).map(|_| load.yielder::<E>(&handle)));
            load.finish(tasks, "a task that yields as well").await;

            case.event("and a thread wakes a task");
            let load = Load::until(1);
            let (woken, caller) = load.woken_by_a_thread();
            let mut tasks = load.spawn::<E>(&handle, crowd);
            tasks.push(E::spawn(&handle, woken));
            load.finish(tasks, "a task that another thread woke").await;
            caller.join();

            for (what, yielding) in [
                (
                    "a task that a yielding one spawned",
                    parent::<E> as Scene<E>,
                ),
                ("a task that a yielding one woke", waker::<E>),
            ] {
                case.event(what);
                let load = Load::until(crowd);
                let tasks = (0..crowd).flat_map(|_| yielding(&handle, &load));
                load.finish(tasks.collect(), what).await;
            }
        }
    });
}

/// Starts tasks that yield while a peer has something to do.
type Scene<E> = fn(&<E as Executor>::Handle, &Load) -> Vec<JoinHandle<()>>;

/// A task that spawns one, and yields.
fn parent<E: Spawn>(handle: &E::Handle, load: &Load) -> Vec<JoinHandle<()>> {
    let (load, spawner) = (load.clone(), handle.clone());
    let parent = E::spawn(handle, async move {
        let child = load.clone();
        let child = E::spawn(&spawner, async move { child.done() });
        load.spin().await;
        join(vec![child]).await;
    });
    vec![parent]
}

/// A task that waits, and one that wakes it and yields.
fn waker<E: Spawn>(handle: &E::Handle, load: &Load) -> Vec<JoinHandle<()>> {
    let (gate, opener) = gate();
    let woken = load.clone();
    let woken = E::spawn(handle, async move {
        gate.await;
        woken.done();
    });
    let load = load.clone();
    let waker = E::spawn(handle, async move {
        while !opener.is_awaited() && load.bear() {
            yield_once().await;
        }
        opener.open();
        load.spin().await;
    });
    vec![woken, waker]
}

/// S2: a task that wakes itself does not starve the root.
pub fn s02_should_self_wakers_do_not_starve_the_root<E: Spawn>(case: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    executor.block_on(async {
        for crowd in crowds() {
            case.event(format_args!("{crowd} tasks yield"));
            let load = Load::until(1);
            let tasks = load.spawn::<E>(&handle, crowd);
            for _ in 0..50 {
                yield_once().await;
                load.progress();
            }
            load.done();
            load.finish(tasks, "a root that yields as well").await;

            let load = Load::until(1);
            let (gate, opener) = gate();
            let yielding = load.clone();
            let opening = E::spawn(&handle, async move {
                opener.open();
                yielding.spin().await;
            });
            let mut tasks = load.spawn::<E>(&handle, crowd);
            tasks.push(opening);
            gate.await;
            load.done();
            load.finish(tasks, "a root that a task woke").await;

            let load = Load::until(1);
            let (woken, caller) = load.woken_by_a_thread();
            let tasks = load.spawn::<E>(&handle, crowd);
            woken.await;
            load.finish(tasks, "a root that another thread woke").await;
            caller.join();
        }
    });
}

/// S3: a root that wakes itself does not starve the tasks.
pub fn s03_should_self_waking_root_does_not_starve_tasks<E: Spawn>(case: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    executor.block_on(async {
        case.event("the root yields beside a task that does, and one that a thread wakes");
        let load = Load::until(2);
        let mut tasks = vec![load.yielder::<E>(&handle)];
        let (woken, caller) = load.woken_by_a_thread();
        tasks.push(E::spawn(&handle, woken));
        load.spin().await;
        load.judge("a task beside a root that yields");
        join(tasks).await;
        caller.join();
    });
}

/// S4: two tasks that wake each other do not starve a third.
pub fn s04_should_ping_pong_does_not_starve_a_third<E: Spawn>(case: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    executor.block_on(async {
        for pairs in crowds() {
            case.event(format_args!("{pairs} pairs; a third task yields"));
            let load = Load::until(2);
            let mut tasks = vec![load.yielder::<E>(&handle)];
            tasks.extend((0..pairs).flat_map(|_| rally::<E>(&handle, &load, Vec::new())));
            tasks.push(load.yielder::<E>(&handle));
            load.finish(tasks, "a task beside two that wake each other")
                .await;

            case.event(format_args!("{pairs} pairs; each wakes a third task"));
            let load = Load::until(pairs);
            let mut tasks = Vec::new();
            for _ in 0..pairs {
                let (gates, openers): (Vec<_>, Vec<_>) = (0..20).map(|_| gate()).unzip();
                let third = load.clone();
                tasks.push(E::spawn(&handle, async move {
                    for gate in gates {
                        gate.await;
                        third.progress();
                    }
                    third.done();
                }));
                tasks.extend(rally::<E>(&handle, &load, openers));
            }
            load.finish(
                tasks,
                "a task that was woken by one of two that wake each other",
            )
            .await;
        }
    });
}

/// Two tasks that wake each other until the load stops; at each turn, the one opens the next gate
/// if somebody waits at it.
fn rally<E: Spawn>(handle: &E::Handle, load: &Load, openers: Vec<Opener>) -> [JoinHandle<()>; 2] {
    let court = Arc::new(Mutex::new(Court::default()));
    let ping = side(0, &court, load, openers);
    let pong = side(1, &court, load, Vec::new());
    [E::spawn(handle, ping), E::spawn(handle, pong)]
}

#[derive(Default)]
struct Court {
    /// The side whose turn it is.
    turn: usize,
    wakers: [Option<Waker>; 2],
}

fn side(
    me: usize,
    court: &Arc<Mutex<Court>>,
    load: &Load,
    openers: Vec<Opener>,
) -> impl Future<Output = ()> + Send + 'static {
    let (court, load) = (Arc::clone(court), load.clone());
    let mut openers = VecDeque::from(openers);
    poll_fn(move |cx| {
        let other = {
            let mut court = lock(&court);
            court.wakers[me] = Some(cx.waker().clone());
            if court.turn != me && !load.has_stopped() {
                return Poll::Pending;
            }
            court.turn = 1 - me;
            court.wakers[1 - me].take()
        };
        if openers.front().is_some_and(Opener::is_awaited) {
            let opener = openers.pop_front().expect("there is a front");
            opener.open();
        }
        let ends = !load.bear();
        if ends {
            // Whoever waits there would do so for ever.
            open_all(&openers);
            openers.clear();
        }
        if let Some(other) = other {
            other.wake();
        }
        if ends { Poll::Ready(()) } else { Poll::Pending }
    })
}

/// S7: what other threads spawn and wake runs although the executor is busy.
pub fn s07_should_injected_work_runs_under_load<E: Remote>(case: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    executor.block_on(async {
        for crowd in crowds() {
            case.event(format_args!(
                "{crowd} tasks yield; a thread spawns one after the other"
            ));
            let load = Load::until(1);
            let tasks = load.spawn::<E>(&handle, crowd);
            let injector = inject::<E>(&handle, &load, 20, 1);
            load.finish(tasks, "a task that another thread spawned")
                .await;
            injector.join();

            case.event("it spawns many at once");
            let load = Load::until(1);
            let tasks = load.spawn::<E>(&handle, crowd);
            let injector = inject::<E>(&handle, &load, 1, 500);
            load.finish(tasks, "one of 500 tasks that another thread spawned")
                .await;
            injector.join();

            case.event("it wakes");
            let load = Load::until(2);
            let (first, one) = load.woken_by_a_thread();
            let (second, other) = load.woken_by_a_thread();
            let mut tasks = vec![E::spawn(&handle, first)];
            tasks.extend(load.spawn::<E>(&handle, crowd));
            tasks.push(E::spawn(&handle, second));
            load.finish(tasks, "a task that another thread woke").await;
            one.join();
            other.join();
        }
    });
}

/// A thread that spawns `burst` tasks and waits until they ran, `times` times.
fn inject<E: Remote>(handle: &E::Handle, load: &Load, times: usize, burst: usize) -> Caller {
    let (handle, load) = (handle.clone(), load.clone());
    Caller::new(move || {
        for _ in 0..times {
            let (tell, hear) = mpsc::channel();
            let tasks: Vec<_> = (0..burst)
                .map(|_| {
                    let (tell, load) = (tell.clone(), load.clone());
                    E::spawn(&handle, async move {
                        load.progress();
                        // Nobody listens if the rule has already failed.
                        let _ = tell.send(());
                    })
                })
                .collect();
            // Only the tasks can still tell.
            drop(tell);
            assert_eq!(hear.iter().take(burst).count(), burst, "a task was dropped");
            drop(tasks);
        }
        load.done();
    })
}

/// S10: a task whose children wake themselves yields as one that wakes itself does.
pub fn s10_should_self_waking_children_yield<E: Spawn>(case: &Case) {
    const CHILDREN: usize = 20;
    let mut executor = E::new();
    let handle = executor.handle();
    executor.block_on(async {
        for crowd in crowds() {
            case.event(format_args!(
                "{crowd} tasks have {CHILDREN} children that yield"
            ));
            let load = Load::until(3);
            let mut tasks = vec![load.yielder::<E>(&handle)];
            for _ in 0..crowd {
                let children = join_all((0..CHILDREN).map(|_| load.spin()));
                tasks.push(E::spawn(&handle, async {
                    children.await;
                }));
            }
            tasks.push(load.yielder::<E>(&handle));
            for _ in 0..20 {
                yield_once().await;
                load.progress();
            }
            load.done();
            load.finish(
                tasks,
                "a task, or the root, beside one whose children yield",
            )
            .await;
        }
    });
}
