//! How to test an executor of your own: a hundred lines of executor, an adapter of under forty, and
//! what the conformance suite says about them.
//!
//! `cargo run --release --example your_executor` prints the results: every MUST that applies holds,
//! and all but one of the SHOULDs. In a crate of your own the adapter and the one line at the end
//! of this file are enough: they make each rule a test.

// The executor: one thread, one queue, and nothing but the standard library.

use std::collections::HashMap;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, Weak, mpsc};
use std::task::{Context, Poll, Wake, Waker};

/// Turns the loop; the other end of its queue is in every spawner and waker.
struct Executor(Spawner, mpsc::Receiver<Arc<Task>>);

/// The queue, and the jobs by the numbers of their tasks.
#[derive(Clone)]
struct Spawner(mpsc::Sender<Arc<Task>>, Arc<Mutex<HashMap<u64, Job>>>);
type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What wakers hold: the task's number, whether it is queued, and the queue.
struct Task(u64, AtomicBool, mpsc::Sender<Arc<Task>>);

/// What became of a task: its output, what it panicked with, or `None` if it was dropped.
type Outcome<T> = Option<std::thread::Result<T>>;

/// Tells the handle of the outcome when it is dropped.
struct Promise<T>(Outcome<T>, Weak<Slot<T>>);
type Slot<T> = Mutex<(Option<Outcome<T>>, Option<Waker>)>;

impl Executor {
    fn new() -> Self {
        let (queue, ready) = mpsc::channel();
        Self(Spawner(queue, Arc::default()), ready)
    }

    /// Runs `root` among the tasks: it stands in line as they do, and nobody starves.
    fn block_on<F: Future>(&mut self, root: F) -> F::Output {
        let (mut root, root_id) = (pin!(root), self.0.enqueue(None));
        loop {
            let task = self.1.recv().expect("this very struct has a sender");
            task.1.store(false, SeqCst);
            let waker = Waker::from(Arc::clone(&task));
            let cx = &mut Context::from_waker(&waker);
            if task.0 != root_id {
                self.0.run(task.0, cx);
            } else if let Poll::Ready(output) = root.as_mut().poll(cx) {
                return output;
            }
        }
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        self.1 = mpsc::channel().1; // From here on nothing can be queued, so nothing spawned.
        let jobs = std::mem::take(&mut *self.0.1.lock().unwrap()).into_values();
        jobs.for_each(|job| _ = caught(|| drop(job)));
    }
}

impl Spawner {
    /// Starts a task. The future given back is for its outcome; dropping it changes nothing.
    fn spawn<F>(&self, future: F) -> impl Future<Output = Outcome<F::Output>> + use<F>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let slot = Arc::new(Slot::default());
        // A tuple is dropped in order: the future goes before anybody hears of its end.
        let mut job = (Box::pin(future), Promise(None, Arc::downgrade(&slot)));
        self.enqueue(Some(Box::pin(poll_fn(move |cx| {
            let (future, promise) = &mut job;
            promise.0 = match caught(|| future.as_mut().poll(cx)) {
                Ok(Poll::Pending) => return Poll::Pending,
                Ok(Poll::Ready(output)) => Some(Ok(output)),
                Err(panic) => Some(Err(panic)),
            };
            Poll::Ready(())
        }))));
        poll_fn(move |cx| {
            let (waker, mut slot) = (cx.waker().clone(), slot.lock().unwrap());
            let outcome = slot.0.take();
            slot.1 = outcome.is_none().then_some(waker);
            outcome.map_or(Poll::Pending, Poll::Ready)
        })
    }

    /// Makes a task and queues it; one without a job is a root's.
    fn enqueue(&self, job: Option<Job>) -> u64 {
        static IDS: AtomicU64 = AtomicU64::new(0);
        let id = IDS.fetch_add(1, SeqCst);
        self.1.lock().unwrap().extend(job.map(|job| (id, job)));
        let task = Task(id, AtomicBool::new(true), self.0.clone());
        let refused = self.0.send(Arc::new(task)).err();
        drop(refused.map(|_| self.1.lock().unwrap().remove(&id)));
        id
    }

    /// Polls a job, which is in nobody's hands but this function's meanwhile.
    fn run(&self, id: u64, cx: &mut Context<'_>) {
        let job = self.1.lock().unwrap().remove(&id);
        let poll = |mut job: Job| job.as_mut().poll(cx).is_pending().then_some((id, job));
        let left = caught(|| job.and_then(poll)).ok().flatten();
        self.1.lock().unwrap().extend(left);
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        if !self.1.swap(true, SeqCst) {
            let _ = self.2.clone().send(self); // It fails when the executor has gone.
        }
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        if let Some(slot) = self.1.upgrade() {
            let told = (Some(self.0.take()), None);
            let (_, waker) = std::mem::replace(&mut *slot.lock().unwrap(), told);
            waker.into_iter().for_each(Waker::wake);
        }
    }
}

fn caught<T>(f: impl FnOnce() -> T) -> std::thread::Result<T> {
    catch_unwind(AssertUnwindSafe(f))
}

// The adapter: what the suite calls things, in the executor's words.

use executor_conformance::adapter::{self, JoinError, JoinHandle};

struct Yours(Executor);

impl adapter::Executor for Yours {
    const NAME: &'static str = "your_executor";
    type Handle = Spawner;

    fn new() -> Self {
        Self(Executor::new())
    }

    fn handle(&self) -> Spawner {
        self.0.0.clone()
    }

    fn block_on<F: Future>(&mut self, root: F) -> F::Output {
        self.0.block_on(root)
    }
}

impl adapter::Spawn for Yours {
    fn spawn<F>(spawner: &Spawner, future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let task = spawner.spawn(future);
        JoinHandle::new(async {
            let output = task.await.ok_or(JoinError::Cancelled)?;
            output.map_err(|panic| JoinError::Panicked(Some(panic)))
        })
    }
}

/// Tasks can be spawned from any thread.
impl adapter::Remote for Yours {}

// The result.

use std::process::ExitCode;

use executor_conformance::harness::{self, Settings};
use executor_conformance::report::Report;

// With it, the rules about leaks can count.
executor_conformance::allocator!();

fn main() -> ExitCode {
    let rules = executor_conformance::entries!(Yours: spawn, remote);
    let records = harness::run_all(&rules, &Settings::from_env(), |record| {
        eprintln!("{:<4} {}", record.rule.id(), record.verdict);
    });
    let report: Report = records.into_iter().collect();
    println!("{}\n{}", report.to_markdown(), report.badge().trim_end());
    match report.is_acceptable(false) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

#[cfg(test)]
mod tests {
    /// How many lines of this file, from one heading to the next, hold code.
    fn lines_of_code(from: &str, to: &str) -> usize {
        let (_, part) = include_str!("your_executor.rs").split_once(from).unwrap();
        let (part, _) = part.split_once(to).unwrap();
        let lines = part.lines().skip(1).map(str::trim);
        lines
            .filter(|line| !line.is_empty() && !line.starts_with("//"))
            .count()
    }

    #[test]
    fn the_executor_is_a_hundred_lines() {
        let lines = lines_of_code("// The executor:", "// The adapter:");
        assert!((80..=100).contains(&lines), "{lines}");
    }

    #[test]
    fn the_adapter_is_under_forty() {
        let lines = lines_of_code("// The adapter:", "// The result.");
        assert!((20..40).contains(&lines), "{lines}");
    }

    executor_conformance::suite!(super::Yours: spawn, remote; expect = "your_executor.txt");
}
