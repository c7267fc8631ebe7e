//! The conformance suite on every backend, each with the default policy and with another.
//!
//! There is no file of expectations: all that the suite demands holds.

mod adapter;
mod policies;

executor_conformance::allocator!();

mod epoll {
    use backend_epoll::Epoll;

    use super::adapter::On;

    executor_conformance::suite!(On<Epoll>:
        spawn, remote, abort, local, timers, reset, intervals, tcp, udp, unix, blocking, nested,
        shutdown_timeout);
}

mod epoll_random {
    use backend_epoll::Epoll;

    use super::adapter::On;
    use super::policies::Random;

    executor_conformance::suite!(On<Epoll<Random>>:
        spawn, remote, abort, local, timers, reset, intervals, tcp, udp, unix, blocking, nested,
        shutdown_timeout);
}

mod threadpool {
    use backend_threadpool::ThreadPool;

    use super::adapter::On;

    executor_conformance::suite!(On<ThreadPool>:
        spawn, remote, abort, timers, reset, intervals, tcp, udp, unix, blocking, parallel, shared,
        nested, shutdown_timeout);
}

mod threadpool_random {
    use backend_threadpool::ThreadPool;
    use executor_core::Sharded;

    use super::adapter::On;
    use super::policies::Random;

    executor_conformance::suite!(On<ThreadPool<Sharded<Random>>>:
        spawn, remote, abort, timers, reset, intervals, tcp, udp, unix, blocking, parallel, shared,
        nested, shutdown_timeout);
}
