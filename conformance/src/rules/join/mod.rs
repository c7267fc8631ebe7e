//! J: joining, cancelling, detaching.

mod cancel;
mod catalogue;
mod detach;
mod first_poll;
mod outcome;
mod races;
pub(super) mod support;

pub use cancel::{
    j06_must_cancel_without_a_wake, j09_must_drop_one_output_after_a_late_cancel,
    j10_must_drop_after_the_poll, j11_must_allow_to_cancel_oneself,
    j12_must_cancel_though_the_handle_is_dropped, j13_must_cancel_outside_a_runtime,
};
pub use catalogue::RULES;
pub use detach::{
    j04_must_drop_handles_as_declared, j05_must_finish_detached_tasks,
    j14_must_release_the_join_waker, j15_must_free_cycles_of_joins,
    j20_should_release_the_join_waker_at_completion, j22_should_drop_the_former_join_waker,
};
pub use first_poll::j08_must_not_poll_what_was_cancelled_first;
pub use outcome::{
    j01_must_outcomes_are_told_apart, j02_must_wake_the_latest_join_waker,
    j03_must_join_by_a_foreign_executor, j16_must_finished_means_ready,
    j17_must_resolve_after_shutdown, j21_must_finished_means_ready_without_cancelling,
};
pub use races::{
    j07_must_not_lose_a_remote_cancel, j18_must_not_lose_a_racing_join,
    j19_must_settle_a_racing_cancel,
};

/// Lists the rules with the capabilities that they need.
#[doc(hidden)]
#[macro_export]
macro_rules! __join {
    ($($to:tt)*) => {
        $crate::__group! { { $($to)* } join
            j01_must_outcomes_are_told_apart [spawn];
            j02_must_wake_the_latest_join_waker [spawn];
            j03_must_join_by_a_foreign_executor [spawn];
            j04_must_drop_handles_as_declared [spawn];
            j05_must_finish_detached_tasks [spawn];
            j06_must_cancel_without_a_wake [abort];
            j07_must_not_lose_a_remote_cancel [remote abort];
            j08_must_not_poll_what_was_cancelled_first [abort];
            j09_must_drop_one_output_after_a_late_cancel [abort];
            j10_must_drop_after_the_poll [remote abort];
            j11_must_allow_to_cancel_oneself [abort];
            j12_must_cancel_though_the_handle_is_dropped [abort];
            j13_must_cancel_outside_a_runtime [abort];
            j14_must_release_the_join_waker [spawn];
            j15_must_free_cycles_of_joins [spawn];
            j16_must_finished_means_ready [abort];
            j17_must_resolve_after_shutdown [spawn];
            j18_must_not_lose_a_racing_join [remote];
            j19_must_settle_a_racing_cancel [remote abort];
            j20_should_release_the_join_waker_at_completion [spawn];
            j21_must_finished_means_ready_without_cancelling [spawn];
            j22_should_drop_the_former_join_waker [spawn];
        }
    };
}
