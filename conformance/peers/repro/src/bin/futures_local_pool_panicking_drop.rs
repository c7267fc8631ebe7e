//! futures-executor 0.3.34: dropping a `LocalPool` leaks futures if the drop of one panics.
//!
//! Rules: futures-executor LocalPool P11
//!
//! The panic leaves the drop of `FuturesUnordered` (futures-util), which the pool is made of, in the
//! middle of its list; the rest of that is not visited again.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use futures_executor::LocalPool;
use futures_util::task::LocalSpawnExt;

const TASKS: usize = 8;

struct Pending {
    _alive: Rc<()>,
    panics: bool,
}

impl Future for Pending {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        assert!(!self.panics, "a destructor's panic");
    }
}

fn main() {
    let alive = Rc::new(());
    let mut pool = LocalPool::new();
    for number in 0..TASKS {
        let future = Pending {
            _alive: Rc::clone(&alive),
            panics: number == TASKS / 2,
        };
        pool.spawner()
            .spawn_local(future)
            .expect("the pool is there");
    }
    pool.run_until_stalled();
    let _ = catch_unwind(AssertUnwindSafe(|| drop(pool)));
    let leaked = Rc::strong_count(&alive) - 1;
    println!("expected: dropping the pool drops all futures, although one drop panics");
    println!("happened: {leaked} of {TASKS} were leaked");
    std::process::exit(i32::from(leaked > 0));
}
