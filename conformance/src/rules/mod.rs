//! The rules, by group. A group's file has its catalogue and the functions that check its rules.
//!
//! Each function has the name of its test and panics where the executor breaks the rule. The macro
//! beside it lists the functions with the capabilities that they need.

pub mod block_on;
pub mod blocking;
pub mod io;
pub mod join;
pub mod lifecycle;
pub mod local;
pub mod memory;
pub mod panics;
pub mod policies;
pub mod scheduling;
pub mod shutdown;
pub mod stress;
mod system;
pub mod timers;
pub mod wakers;

use crate::Rule;

/// A group of rules.
#[derive(Debug)]
#[non_exhaustive]
pub struct Group {
    /// The letter with which the ids begin.
    pub letter: char,
    /// What the group is about.
    pub title: &'static str,
    /// Its rules, by number.
    pub rules: &'static [Rule],
}

/// All groups, in the order of the catalogue.
pub static GROUPS: &[Group] = &[
    Group {
        letter: 'L',
        title: "Lifecycle of a task",
        rules: lifecycle::RULES,
    },
    Group {
        letter: 'W',
        title: "Wakers",
        rules: wakers::RULES,
    },
    Group {
        letter: 'S',
        title: "Scheduling",
        rules: scheduling::RULES,
    },
    Group {
        letter: 'J',
        title: "Joining, cancelling, detaching",
        rules: join::RULES,
    },
    Group {
        letter: 'P',
        title: "Panics",
        rules: panics::RULES,
    },
    Group {
        letter: 'N',
        title: "Local tasks",
        rules: local::RULES,
    },
    Group {
        letter: 'B',
        title: "`block_on`",
        rules: block_on::RULES,
    },
    Group {
        letter: 'D',
        title: "Shutdown",
        rules: shutdown::RULES,
    },
    Group {
        letter: 'T',
        title: "Timers",
        rules: timers::RULES,
    },
    Group {
        letter: 'I',
        title: "Sockets",
        rules: io::RULES,
    },
    Group {
        letter: 'K',
        title: "The pool for blocking closures",
        rules: blocking::RULES,
    },
    Group {
        letter: 'X',
        title: "Memory",
        rules: memory::RULES,
    },
    Group {
        letter: 'Q',
        title: "Scheduling policies",
        rules: policies::RULES,
    },
    Group {
        letter: 'Z',
        title: "Stress",
        rules: stress::RULES,
    },
];

/// A rule's name, and the capabilities that it needs.
type Listed = (&'static str, &'static [&'static str]);

/// The rules as the macros list them.
pub(crate) fn listed() -> Vec<Listed> {
    let mut listed: Vec<Listed> = Vec::new();
    crate::__groups! { @needs listed }
    crate::__policies! { @needs listed }
    listed
}

/// Hands the rules of every group to `__group!`, with what it was given; those of policies are
/// not among them.
#[doc(hidden)]
#[macro_export]
macro_rules! __groups {
    ($($to:tt)*) => {
        $crate::__lifecycle! { $($to)* }
        $crate::__wakers! { $($to)* }
        $crate::__scheduling! { $($to)* }
        $crate::__join! { $($to)* }
        $crate::__panics! { $($to)* }
        $crate::__local! { $($to)* }
        $crate::__block_on! { $($to)* }
        $crate::__shutdown! { $($to)* }
        $crate::__timers! { $($to)* }
        $crate::__io! { $($to)* }
        $crate::__blocking! { $($to)* }
        $crate::__memory! { $($to)* }
        $crate::__stress! { $($to)* }
    };
}
