//! Z: stress.

mod hand;
mod histories;
mod interleavings;
mod run;
mod shrink;
mod signals;
mod world;

pub use interleavings::z02_should_survive_every_interleaving;
pub use signals::z03_should_survive_being_stopped;

use crate::adapter::{Abort, Spawn};
use crate::{Case, Rule};

/// The rules of the group.
pub static RULES: &[Rule] = &[
    Rule {
        name: "z01_must_random_histories_match_a_model",
        statement: "Random histories of spawning, waking, joining, dropping and shutdown end as a \
            model says.",
        rationale: "Bugs hide where features meet. Tasks follow scripts (they yield, wake and let \
            go of each other, and spawn) and take a step when they are granted one, by the root or by \
            another thread; the model knows what each has to have done when all is quiet, and what \
            its handle gives. A history that fails is made shorter for as long as it fails.",
        bugs: &["async-executor#163", "tokio#542", "compio#948"],
    },
    Rule {
        name: "z02_should_survive_every_interleaving",
        statement: "A task ends once, whatever the places at which its wakers and handle are used.",
        rationale: "All sequences of up to three operations of another thread (waking, dropping the \
            waker, dropping the handle) are tried at all places: during the task's polls, between \
            and after them. Only whole operations can be interleaved from outside; for the steps \
            inside of them build the executor with a model checker such as loom or shuttle.",
        bugs: &[],
    },
    Rule {
        name: "z03_should_survive_being_stopped",
        statement: "Tasks and wakes survive that the process is stopped and continued.",
        rationale: "Shells, debuggers and freezers stop processes, and then system calls that wait \
            end early. While tasks and the root wait, and while threads wake them, another process \
            sends SIGSTOP and SIGCONT; no wake may be lost and nothing may panic.",
        bugs: &["tokio#8342"],
    },
    Rule {
        name: "z04_must_random_cancels_match_a_model",
        statement: "Random histories in which tasks are cancelled end as a model says.",
        rationale: "As Z1, where tasks are also cancelled: by the root, by each other and by \
            themselves, at any time. A task that was cancelled must be dropped without another wake, \
            and its handle gives an output only if the future was ready.",
        bugs: &["tokio#3964"],
    },
];

/// Lists the rules with the capabilities that they need.
#[doc(hidden)]
#[macro_export]
macro_rules! __stress {
    ($($to:tt)*) => {
        $crate::__group! { { $($to)* } stress
            z01_must_random_histories_match_a_model [spawn];
            z02_should_survive_every_interleaving [spawn];
            z03_should_survive_being_stopped [spawn];
            z04_must_random_cancels_match_a_model [abort];
        }
    };
}

/// How many histories a rule runs.
const HISTORIES: usize = 300;

/// Z1: random histories of spawning, waking, joining, dropping and shutdown end as a model says.
pub fn z01_must_random_histories_match_a_model<E: Spawn>(case: &Case) {
    random_histories::<E>(case, false);
}

/// Z4: random histories in which tasks are cancelled end as a model says.
pub fn z04_must_random_cancels_match_a_model<E: Abort>(case: &Case) {
    random_histories::<E>(case, true);
}

fn random_histories<E: Spawn>(case: &Case, cancels: bool) {
    for number in 0..case.repeat(HISTORIES) {
        let history = histories::random(&mut case.rng(number as u64), cancels);
        case.event(format_args!("history {number}: {history:?}"));
        let Err(reason) = run::run::<E>(&history, None) else {
            continue;
        };
        case.event(format_args!("it failed, and is made shorter: {reason}"));
        let (shortest, reason) = shrink::shrink::<E>(history, reason);
        panic!(
            "history {number} failed (seed {}): {reason}\nthe shortest form found to fail has {} operations:\n  {}",
            case.seed(),
            shortest.len(),
            shortest
                .iter()
                .map(|op| format!("{op:?}"))
                .collect::<Vec<_>>()
                .join("\n  ")
        );
    }
}
