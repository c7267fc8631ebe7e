//! The suite for scheduling policies, written against anyloop's [`Scheduler`].
//!
//! A policy is held against the contract of the trait by the rules of group Q. The policy is
//! driven by a real loop through the public interface of `executor_core` alone, inside a [`Watch`]
//! that compares what it is given with what it gives back.
//!
//! ```
//! use executor_core::{PopContext, PushContext, Ready, Scheduler};
//!
//! #[derive(Default)]
//! struct Lifo(Vec<Ready>);
//!
//! impl Scheduler for Lifo {
//!     fn push(&mut self, task: Ready, _: &PushContext<'_>) {
//!         self.0.push(task);
//!     }
//!     fn pop(&mut self, _: &PopContext<'_>) -> Option<Ready> {
//!         self.0.pop()
//!     }
//!     fn len(&self) -> usize {
//!         self.0.len()
//!     }
//! }
//!
//! // One test for each rule.
//! executor_conformance::scheduler_suite!(Lifo);
//! # fn main() {}
//! ```
//!
//! Any order is legal, and so is holding tasks back for as long as
//! [`wake_at`](Scheduler::wake_at) says. What the rules ask is that no task is lost, kept or
//! miscounted, whatever happens and in whatever order.

mod history;
mod rig;
mod rules;
mod shrink;
mod watch;

use executor_core::Scheduler;

pub use history::q08_must_random_histories_match_a_model;
pub use rules::{
    q01_must_each_task_comes_back_once, q03_must_tasks_pushed_while_closing_are_let_go,
    q04_must_a_push_before_the_park_is_kept, q06_must_all_ways_in_lead_to_one_count,
    q07_must_drop_drains,
};
pub use watch::{Log, Watch};

/// A policy under test: its name, and how to make one. [`scheduler_suite!`](crate::scheduler_suite)
/// implements it.
pub trait MakePolicy: 'static {
    /// The name that reports show.
    const NAME: &'static str;

    /// The policy.
    type Policy: Scheduler;

    /// A policy that holds no tasks.
    fn make() -> Self::Policy;
}

/// Makes one `#[test]` for each rule about policies.
///
/// Give the policy's type, and how to make one unless it is `Default`. Its name in reports is what
/// was given last.
///
/// ```text
/// executor_conformance::scheduler_suite!(MyPolicy);
/// executor_conformance::scheduler_suite!(MyPolicy => MyPolicy::with_slice(8));
/// executor_conformance::scheduler_suite!(MyPolicy; expect = "expectations/my_policy.txt");
/// ```
///
/// `expect` is as in [`suite!`](crate::suite). Put two suites in one file into two modules. The
/// rules about policies that several threads share are ignored.
#[macro_export]
macro_rules! scheduler_suite {
    ($policy:ty $(=> $make:expr)? $(; expect = $file:literal)?) => {
        const __EXPECTED: &str = concat!($(include_str!($file))?);
        $crate::__make_policy! { $policy $(=> $make)? }
        $crate::__policies! { @policy_tests }
    };
}

/// All rules about policies, as a list to run from a program or a test of one's own.
///
/// The arguments are those of [`scheduler_suite!`]; the value is a `Vec` of
/// [`harness::Entry`](crate::harness::Entry).
#[macro_export]
macro_rules! scheduler_entries {
    ($policy:ty $(=> $make:expr)?) => {{
        $crate::__make_policy! { $policy $(=> $make)? }
        let mut entries = ::std::vec::Vec::<$crate::harness::Entry>::new();
        $crate::__policies! { @policy_entries entries }
        entries
    }};
}

/// Defines `__Policy`, which makes the policy.
#[doc(hidden)]
#[macro_export]
macro_rules! __make_policy {
    (@named $name:expr, $policy:ty => $make:expr) => {
        struct __Policy;

        impl $crate::policy::MakePolicy for __Policy {
            const NAME: &'static str = $name;
            type Policy = $policy;

            fn make() -> $policy {
                $make
            }
        }
    };
    ($policy:ty) => {
        $crate::__make_policy! {
            @named stringify!($policy), $policy => ::std::default::Default::default()
        }
    };
    ($policy:ty => $make:expr) => {
        $crate::__make_policy! { @named stringify!($make), $policy => $make }
    };
}

/// A test, or an entry, of one rule about policies.
#[doc(hidden)]
#[macro_export]
macro_rules! __policy_rule {
    (@test $name:ident []) => {
        #[test]
        fn $name() {
            $crate::harness::test(
                concat!(module_path!(), "::", stringify!($name)),
                $crate::__policy_rule!(@entry $name []),
                __EXPECTED,
            );
        }
    };
    (@test $name:ident [pool]) => {
        #[test]
        #[ignore = "needs the capability `pool`"]
        fn $name() {}
    };
    (@entry $name:ident []) => {
        $crate::harness::Entry::new(
            stringify!($name),
            <__Policy as $crate::policy::MakePolicy>::NAME,
            $crate::policy::$name::<__Policy>,
        )
    };
    (@entry $name:ident [pool]) => {
        $crate::harness::Entry::missing(
            stringify!($name),
            <__Policy as $crate::policy::MakePolicy>::NAME,
            "pool",
        )
    };
}
