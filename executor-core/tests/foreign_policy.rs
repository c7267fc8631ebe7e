//! A policy that hands tasks to the policy of another loop: they still run at home only.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use executor_core::{
    Fifo, JoinHandle, PopContext, PushContext, Ready, Runtime, Scheduler, spawn_local, task,
};

/// Sends each new task away once, and keeps those that come back.
struct Smuggler {
    away: Sender<Ready>,
    sent: bool,
    kept: Fifo,
}

impl Scheduler for Smuggler {
    fn push(&mut self, task: Ready, cx: &PushContext<'_>) {
        if self.sent {
            self.kept.push(task, cx);
        } else {
            self.sent = true;
            self.away.send(task).expect("the other loop is there");
        }
    }

    fn pop(&mut self, cx: &PopContext<'_>) -> Option<Ready> {
        self.kept.pop(cx)
    }

    fn len(&self) -> usize {
        self.kept.len()
    }
}

/// Gives its loop whatever arrives from the other one.
struct Receiving(Receiver<Ready>, Fifo);

impl Scheduler for Receiving {
    fn push(&mut self, task: Ready, cx: &PushContext<'_>) {
        self.1.push(task, cx);
    }

    fn pop(&mut self, cx: &PopContext<'_>) -> Option<Ready> {
        self.0.try_recv().ok().or_else(|| self.1.pop(cx))
    }

    fn len(&self) -> usize {
        self.1.len()
    }
}

#[test]
fn a_local_task_in_the_hands_of_another_loop_runs_on_its_own_thread() {
    let (away, arrives) = channel();
    let (done, is_done) = channel::<()>();
    let other = thread::spawn(move || {
        let runtime = Runtime::without_io(Receiving(arrives, Fifo::new()));
        runtime.block_on(async {
            while is_done.try_recv().is_err() {
                task::yield_now().await;
            }
        });
    });
    let home = thread::current().id();
    let runtime = Runtime::without_io(Smuggler {
        away,
        sent: false,
        kept: Fifo::new(),
    });
    let ran_on = runtime.block_on(async {
        let task: JoinHandle<_> = spawn_local(async { thread::current().id() });
        task.await.unwrap()
    });
    assert_eq!(ran_on, home);
    assert_eq!(runtime.live_tasks(), 0);
    done.send(()).unwrap();
    other.join().unwrap();
}
