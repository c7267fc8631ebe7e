//! What can be broken on purpose, one thing in a process.

mod list;

use std::env;
use std::sync::OnceLock;

/// The variable that names the fault of this process.
pub(crate) const VARIABLE: &str = "EXECUTOR_CONFORMANCE_FAULT";

/// Whether this process has the fault.
pub(crate) fn broken(fault: Fault) -> bool {
    static FAULT: OnceLock<Option<Fault>> = OnceLock::new();
    let chosen = FAULT.get_or_init(|| {
        let name = env::var(VARIABLE).ok()?;
        let fault = Fault::ALL.iter().find(|fault| fault.name() == name);
        Some(*fault.unwrap_or_else(|| panic!("{VARIABLE}: there is no fault `{name}`")))
    });
    *chosen == Some(fault)
}

/// Which of the executors has a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum On {
    OneThread,
    Workers,
    /// The first of these in a type that is `Send`, which is its fault.
    Sent,
}

/// Declares the faults: on which executor, and the ids of the rules that must notice each.
macro_rules! faults {
    ($($(#[doc = $doc:literal])+ $name:ident: $on:ident [$($rule:ident)+];)+) => {
        /// Something that the reference executor does wrong if it is told to.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Fault {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Fault {
            pub(crate) const ALL: &[Self] = &[$(Self::$name),+];

            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)+
                }
            }

            /// The executor that is checked with the fault.
            pub(crate) fn on(self) -> On {
                match self {
                    $(Self::$name => On::$on,)+
                }
            }

            /// The rules of which each must notice the fault, by their ids.
            pub(crate) fn noticed_by(self) -> &'static [&'static str] {
                match self {
                    $(Self::$name => &[$(stringify!($rule)),+],)+
                }
            }

            /// What is broken.
            pub(crate) fn description(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($($doc),+),)+
                }
            }
        }
    };
}

use faults;
pub(crate) use list::Fault;
