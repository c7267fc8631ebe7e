//! Timers in a binary heap; dropped ones stay in it until they are in the majority.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::future::Future;
use std::num::NonZeroU64;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use rustix::thread::set_current_timer_slack;
use slab::Slab;

/// Fewer dead entries than this are never worth a sweep.
const SWEEP_AT_LEAST: usize = 64;

struct Timers {
    heap: BinaryHeap<Reverse<(Instant, u64, usize)>>,
    /// What the heap's entries refer to, if the number is still theirs.
    armed: Slab<(u64, Waker)>,
    next_number: u64,
}

thread_local! {
    static TIMERS: RefCell<Timers> = const {
        RefCell::new(Timers { heap: BinaryHeap::new(), armed: Slab::new(), next_number: 0 })
    };
    /// Whether the heap has entries, to be asked before every poll of a task.
    static ANY: Cell<bool> = const { Cell::new(false) };
}

/// Waits until a moment.
pub(crate) struct Sleep {
    deadline: Instant,
    armed: Option<(u64, usize)>,
}

/// Waits for `duration` from now.
pub(super) fn sleep(duration: Duration) -> Sleep {
    Sleep {
        deadline: Instant::now() + duration,
        armed: None,
    }
}

/// Asks the kernel to end this thread's sleeps when they are due, not up to 50 us later.
pub(super) fn be_punctual() {
    set_current_timer_slack(NonZeroU64::new(1)).expect("a thread may set its own timer slack");
}

/// Whether there may be a timer.
pub(super) fn any() -> bool {
    ANY.get()
}

/// Wakes whoever waits for a moment that has come.
pub(super) fn fire_due() {
    TIMERS.with_borrow_mut(|timers| {
        let now = Instant::now();
        while let Some(&Reverse((deadline, number, key))) = timers.heap.peek() {
            if deadline > now {
                break;
            }
            timers.heap.pop();
            if timers.is_armed(number, key) {
                timers.armed.remove(key).1.wake();
            }
        }
        ANY.set(!timers.heap.is_empty());
    });
}

/// How long until a timer may be due; `None` without timers.
pub(super) fn until_next() -> Option<Duration> {
    TIMERS.with_borrow(|timers| {
        let Reverse((deadline, ..)) = timers.heap.peek()?;
        Some(deadline.saturating_duration_since(Instant::now()))
    })
}

impl Timers {
    fn is_armed(&self, number: u64, key: usize) -> bool {
        self.armed.get(key).is_some_and(|(of, _)| *of == number)
    }

    fn sweep(&mut self) {
        if self.heap.len() > 2 * self.armed.len() + SWEEP_AT_LEAST {
            let armed = &self.armed;
            self.heap.retain(|Reverse((_, number, key))| {
                armed.get(*key).is_some_and(|(of, _)| of == number)
            });
        }
    }
}

impl Future for Sleep {
    type Output = ();

    /// Assumes that only a timer wakes whoever waits for one, which holds where the floor is used.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        TIMERS.with_borrow_mut(|timers| match self.armed {
            Some((number, key)) if timers.is_armed(number, key) => Poll::Pending,
            Some(_) => Poll::Ready(()),
            None => {
                let number = timers.next_number;
                timers.next_number += 1;
                let key = timers.armed.insert((number, cx.waker().clone()));
                timers.heap.push(Reverse((self.deadline, number, key)));
                ANY.set(true);
                self.armed = Some((number, key));
                Poll::Pending
            }
        })
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        let Some((number, key)) = self.armed else {
            return;
        };
        TIMERS.with_borrow_mut(|timers| {
            if timers.is_armed(number, key) {
                timers.armed.remove(key);
                timers.sweep();
            }
        });
    }
}
