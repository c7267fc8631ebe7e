//! P: panics.

mod catalogue;
mod drops;
mod runtime;
mod tasks;

pub use catalogue::RULES;
pub use drops::{
    p05_should_survive_a_panicking_future_drop, p06_should_contain_a_panicking_output_drop,
    p11_must_drop_all_despite_a_panicking_drop,
};
pub use runtime::{
    p08_must_propagate_the_roots_panic, p09_must_not_be_poisoned_by_a_panic_in_spawn,
    p10_must_drop_while_unwinding, p12_must_keep_tasks_sound_after_the_roots_panic,
};
pub use tasks::{
    p01_should_contain_a_tasks_panic, p02_must_hand_on_the_payload,
    p03_must_drop_the_panicked_future, p04_must_not_wedge_on_wake_then_panic,
    p07_should_contain_a_panicking_join_waker,
};

/// Lists the rules with the capabilities that they need.
#[doc(hidden)]
#[macro_export]
macro_rules! __panics {
    ($($to:tt)*) => {
        $crate::__group! { { $($to)* } panics
            p01_should_contain_a_tasks_panic [spawn];
            p02_must_hand_on_the_payload [spawn];
            p03_must_drop_the_panicked_future [spawn];
            p04_must_not_wedge_on_wake_then_panic [spawn];
            p05_should_survive_a_panicking_future_drop [spawn];
            p06_should_contain_a_panicking_output_drop [spawn];
            p07_should_contain_a_panicking_join_waker [spawn];
            p08_must_propagate_the_roots_panic [];
            p09_must_not_be_poisoned_by_a_panic_in_spawn [spawn];
            p10_must_drop_while_unwinding [spawn];
            p11_must_drop_all_despite_a_panicking_drop [spawn];
            p12_must_keep_tasks_sound_after_the_roots_panic [spawn];
        }
    };
}
