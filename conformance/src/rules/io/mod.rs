//! I: sockets.
//!
//! The rules run in the root future, since streams need not be `Send`; where two tasks are wanted,
//! two futures with wakers of their own stand for them. The peers are std's sockets, on threads
//! where they have to block, so that each scenario is exact: an executor is never tested against
//! itself.

mod catalogue;
mod connecting;
mod descriptors;
mod dropped;
mod ends;
mod faults;
mod readiness;
mod shutdown;
mod stream;
mod transfer;
mod udp;
mod unix;

pub use catalogue::RULES;
pub use connecting::i10_must_a_failed_connect_says_so;
pub use descriptors::{
    i07_must_a_reused_descriptor_is_a_new_one, i08_must_duplicates_are_independent,
    i09_must_two_readers_of_one_socket_are_both_served, i19_must_every_descriptor_is_close_on_exec,
};
pub use dropped::{
    i12_must_a_buffer_outlives_its_dropped_read, i13_must_dropped_operations_leak_nothing,
};
pub use ends::{
    i03_must_half_close_ends_reads_only, i04_must_a_hang_up_ends_reads,
    i05_must_a_reset_wakes_both_directions,
};
pub use faults::{
    i11_should_running_out_of_descriptors_is_an_error, i16_must_interrupted_calls_are_invisible,
};
pub use readiness::{
    i01_must_readiness_survives_a_racing_clear, i02_must_clearing_one_direction_keeps_the_other,
    i06_must_reader_and_writer_share_a_stream,
};
pub use shutdown::i18_must_a_stream_after_shutdown_never_hangs;
pub use transfer::i14_must_large_writes_arrive_byte_exact;
pub use udp::i15_must_datagrams_keep_their_bounds;
pub use unix::i17_must_a_unix_path_is_bound_once;

/// Lists the rules with the capabilities that they need.
#[doc(hidden)]
#[macro_export]
macro_rules! __io {
    ($($to:tt)*) => {
        $crate::__group! { { $($to)* } io
            i01_must_readiness_survives_a_racing_clear [tcp];
            i02_must_clearing_one_direction_keeps_the_other [tcp];
            i03_must_half_close_ends_reads_only [tcp];
            i04_must_a_hang_up_ends_reads [tcp];
            i05_must_a_reset_wakes_both_directions [tcp];
            i06_must_reader_and_writer_share_a_stream [tcp];
            i07_must_a_reused_descriptor_is_a_new_one [tcp];
            i08_must_duplicates_are_independent [tcp];
            i09_must_two_readers_of_one_socket_are_both_served [tcp];
            i10_must_a_failed_connect_says_so [tcp];
            i11_should_running_out_of_descriptors_is_an_error [tcp];
            i12_must_a_buffer_outlives_its_dropped_read [tcp];
            i13_must_dropped_operations_leak_nothing [tcp];
            i14_must_large_writes_arrive_byte_exact [tcp];
            i15_must_datagrams_keep_their_bounds [udp];
            i16_must_interrupted_calls_are_invisible [tcp];
            i17_must_a_unix_path_is_bound_once [unix];
            i18_must_a_stream_after_shutdown_never_hangs [tcp];
            i19_must_every_descriptor_is_close_on_exec [tcp];
        }
    };
}
