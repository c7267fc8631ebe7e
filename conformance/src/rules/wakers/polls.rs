//! How many polls follow wakes: W13, W20.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;

use super::kit::{Bell, Patient, joined};
use crate::adapter::Spawn;
use crate::devices::turns;
use crate::lock::lock;
use crate::{Case, JoinHandle};

/// W13: a task that is woken n times is polled at most n times, once at least after the last.
pub fn w13_must_n_wakes_are_at_most_n_polls<E: Spawn>(case: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    case.watch("a task was not polled after the last of its wakes", || {
        executor.block_on(async {
            // Counts of wakes that may be kept in a byte or two, among others.
            let rounds = [1, 1, 1, 2, 3, 10, 100, 255, 256, 257].into_iter();
            for wakes in rounds.cycle().take(50).chain([65_536]) {
                for from_threads in [false, true] {
                    wake_times::<E>(&handle, wakes, from_threads).await;
                }
                wake_themselves::<E>(&handle).await;
            }
        });
    });
}

/// Wakes a task so often, by two threads or here, and counts its polls.
async fn wake_times<E: Spawn>(handle: &E::Handle, wakes: usize, from_threads: bool) {
    let patient = Patient::new(|_| ());
    let task = E::spawn(handle, patient.clone());
    patient.polled.heard(1).await;
    let before_the_last = wakes - 1;
    if from_threads {
        let half = before_the_last / 2;
        let threads = [half, before_the_last - half].map(|wakes| {
            let patient = patient.clone();
            thread::spawn(move || wake_in_a_row(&patient, wakes))
        });
        for thread in threads {
            joined(thread);
        }
    } else {
        wake_in_a_row(&patient, before_the_last);
    }
    let mark = patient.mark();
    patient.waker().wake();
    patient.sees(mark).await;
    polled_at_most::<E>(handle, patient, task, wakes).await;
}

fn wake_in_a_row(patient: &Patient, wakes: usize) {
    for wake in 0..wakes {
        if wake % 2 == 0 {
            patient.waker().wake_by_ref();
        } else {
            patient.waker().wake();
        }
    }
}

/// Tasks that wake themselves once, in their first poll, while others are queued.
async fn wake_themselves<E: Spawn>(handle: &E::Handle) {
    let patients = [(); 3].map(|()| Patient::new(Waker::wake_by_ref));
    let tasks = patients.map(|patient| (E::spawn(handle, patient.clone()), patient));
    for (task, patient) in tasks {
        patient.polled.heard(2).await;
        polled_at_most::<E>(handle, patient, task, 1).await;
    }
}

/// Ends the task by another wake, when a poll too many has had the time to come.
async fn polled_at_most<E: Spawn>(
    handle: &E::Handle,
    patient: Patient,
    task: JoinHandle<()>,
    wakes: usize,
) {
    turns::<E>(handle, 3).await;
    patient.ends.store(true, SeqCst);
    patient.waker().wake();
    task.await.expect("the task ends");
    // The first poll needs no wake, and there was another wake to end the task.
    let polls = patient.polled.rings().saturating_sub(2);
    assert!(
        polls <= wakes,
        "{wakes} wake(s) were followed by {polls} polls of the task"
    );
}

/// W20: wakes that came before a poll do not cause another poll after it.
pub fn w20_should_wakes_are_merged<E: Spawn>(case: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    let merged = Merged::default();
    case.watch("a task was not polled after the last of its wakes", || {
        executor.block_on(async {
            let task = E::spawn(&handle, merged.clone());
            merged.polled.heard(1).await;
            for wakes in [1, 2, 3, 10].into_iter().cycle().take(40) {
                let polls = merged.polled.rings();
                (0..wakes).for_each(|_| merged.wake());
                merged.polled.heard(polls + 1).await;
                turns::<E>(&handle, 3).await;
            }
            merged.ends.store(true, SeqCst);
            merged.wake();
            task.await.expect("the task ends");
        });
    });
    let vain = merged.vain.load(SeqCst);
    assert!(
        vain == 0,
        "{vain} polls followed no wake but those that came before the poll before"
    );
}

/// A task that counts the polls for which it knows no wake.
#[derive(Clone, Default)]
struct Merged {
    polled: Bell,
    ends: Arc<AtomicBool>,
    waker: Arc<Mutex<Option<Waker>>>,
    /// How many wakes have begun, and how many have returned.
    begun: Arc<AtomicUsize>,
    returned: Arc<AtomicUsize>,
    /// How many had begun when the latest poll did, if all of them had returned.
    answered: Option<usize>,
    vain: Arc<AtomicUsize>,
}

impl Merged {
    fn wake(&self) {
        let waker = {
            let waker = lock(&self.waker);
            waker.clone().expect("the task was polled")
        };
        self.begun.fetch_add(1, SeqCst);
        waker.wake();
        self.returned.fetch_add(1, SeqCst);
    }
}

impl Future for Merged {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // In this order: a wake that begins in between counts as under way.
        let returned = self.returned.load(SeqCst);
        let begun = self.begun.load(SeqCst);
        if self.answered == Some(begun) {
            self.vain.fetch_add(1, SeqCst);
        }
        self.answered = (begun == returned).then_some(begun);
        let former = {
            let mut waker = lock(&self.waker);
            waker.replace(cx.waker().clone())
        };
        drop(former);
        let ends = self.ends.load(SeqCst);
        self.polled.ring();
        if ends { Poll::Ready(()) } else { Poll::Pending }
    }
}
