//! Code that runs in the destructor of a thread-local.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::Sender;

use super::said;

/// Which of two thread-locals; the one that was used first is destroyed last, mostly.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Slot {
    First,
    Second,
}

struct AtExit {
    run: Option<Box<dyn FnOnce()>>,
    panics: Option<Sender<String>>,
}

impl Drop for AtExit {
    fn drop(&mut self) {
        let Some(run) = self.run.take() else { return };
        // A panic in such a destructor would abort the process, and nobody would know why.
        if let Err(payload) = catch_unwind(AssertUnwindSafe(run)) {
            if let Some(panics) = &self.panics {
                // Nobody listens when the rule has failed already.
                let _ = panics.send(said(payload.as_ref()).to_owned());
            }
        }
    }
}

const NOTHING: AtExit = AtExit {
    run: None,
    panics: None,
};

thread_local! {
    static FIRST: RefCell<AtExit> = const { RefCell::new(NOTHING) };
    static SECOND: RefCell<AtExit> = const { RefCell::new(NOTHING) };
}

/// Has `run` called by the destructor of a thread-local of this thread; a panic's message is sent.
pub(crate) fn at_exit(slot: Slot, panics: &Sender<String>, run: impl FnOnce() + 'static) {
    let at_exit = AtExit {
        run: Some(Box::new(run)),
        panics: Some(panics.clone()),
    };
    let slot = match slot {
        Slot::First => &FIRST,
        Slot::Second => &SECOND,
    };
    slot.with(|slot| slot.replace(at_exit));
}
