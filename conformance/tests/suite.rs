//! The suite on the reference executor, which keeps every rule that applies to it.

#[allow(dead_code, reason = "what concerns faults is used by the mutants only")]
mod reference;

executor_conformance::allocator!();

mod one_thread {
    use super::reference::{OneThread, Reference};

    executor_conformance::suite!(Reference<OneThread>:
        spawn, remote, abort, local, timers, reset, intervals, tcp, udp, unix, blocking, nested,
        shutdown_timeout, wrap);
}

mod workers {
    use super::reference::{Reference, Workers};

    executor_conformance::suite!(Reference<Workers>:
        spawn, remote, abort, timers, reset, intervals, tcp, udp, unix, blocking, parallel, shared,
        shutdown_timeout, wrap);
}
