//! Scenarios for pools: what happens when two threads share the work.

use std::future::Future;
use std::sync::{Arc, Mutex};

use super::{Context, Measured, Trouble, memory, sample, tcp, wake};
use crate::runtimes::{FullPool, Pool};

mod mailbox;
mod tasks;
mod timers;

use mailbox::Mailbox;
use timers::Pending;

/// Measures the scenario called `id` on `P`.
pub(crate) fn measure<P: FullPool>(id: &'static str, cx: Context) -> Measured {
    let nanos = |value| Ok(vec![sample(id, "ns", value)]);
    match id {
        "mt/idle_bytes" => memory::idle_bytes_of_pool::<P, 5>(id),
        "mt/remote_wake" => wake::remote_wake_of_pool::<P>(cx),
        "mt/timer_cancel" => nanos(timers::cancel::<P>(cx, Pending::Nothing)),
        "mt/timer_cancel_busy" => nanos(timers::cancel::<P>(cx, Pending::Sooner)),
        "mt/timer_fire" => timers::fire::<P>(cx),
        "mt/sleep_idle" => timers::sleep_idle::<P>(cx),
        "mt/tick" => timers::tick::<P>(cx),
        "mt/tcp_1" | "mt/tcp_50" | "mt/tcp_1000" | "mt/accept" => tcp::measure(id, cx),
        _ => measure_tasks::<P>(id, cx),
    }
}

/// Measures the scenario called `id`, which is about tasks alone, on `P`.
pub(crate) fn measure_tasks<P: Pool>(id: &'static str, cx: Context) -> Measured {
    let nanos = |value| Ok(vec![sample(id, "ns", value)]);
    match id {
        "mt/spawn_many" => nanos(tasks::spawn_many::<P>(cx)),
        "mt/spawn_remote" => nanos(tasks::spawn_remote::<P>(cx)),
        "mt/fan_join" => nanos(tasks::fan_join::<P>(cx)),
        "mt/yield_many" => nanos(tasks::yield_many::<P>(cx)),
        "mt/ping_pong" => nanos(tasks::ping_pong::<P>(cx, 1)),
        "mt/ping_pong_100" => nanos(tasks::ping_pong::<P>(cx, 100)),
        "mt/skewed" => nanos(tasks::skewed::<P>(cx)),
        _ => Err(Trouble::Failed(format!(
            "{id} is listed, but nothing measures it"
        ))),
    }
}

/// Runs `body` in a task of a fresh pool, and waits for it on this thread.
pub(crate) fn in_task<P: Pool, T: Send + 'static>(
    body: impl Future<Output = T> + Send + 'static,
) -> T {
    let place = Arc::new(Mutex::new(None));
    let result = Arc::clone(&place);
    P::block_on(async {
        let done = Arc::new(Mailbox::default());
        let bell = Arc::clone(&done);
        P::spawn_detached(async move {
            let value = body.await;
            *result.lock().expect("nothing panics with it") = Some(value);
            bell.put(1);
        });
        done.take().await;
    });
    let value = place.lock().expect("nothing panics with it").take();
    value.expect("the task left its result before it rang")
}
