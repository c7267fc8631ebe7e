//! The targets.

use super::Bound::{self, AtLeast, AtMost};
use super::{Against, Target};
use crate::catalog::Row;

/// Counting starts and ends within a round trip, so a whole number is met to this far.
const SYSCALL_SLACK: f64 = 0.005;

/// In the order of the verdict.
pub(super) const TARGETS: &[Target] = &[
    ratio("st/yield_many", "ns", "epoll", "tokio-ct", AtMost(0.65)),
    ratio("st/spawn_many", "ns", "epoll", "tokio-ct", AtMost(0.25)),
    ratio("st/spawn_join", "ns", "epoll", "tokio-ct", AtMost(0.5)),
    ratio("st/ping_pong", "ns", "epoll", "tokio-ct", AtMost(0.95)),
    ratio("st/chained_spawn", "ns", "epoll", "tokio-ct", AtMost(0.5)),
    absolute("st/idle_bytes", "bytes", "epoll", AtMost(160.0)),
    ratio("st/timer_cancel", "ns", "epoll", "tokio-ct", AtMost(0.6)),
    ratio(
        "st/timer_cancel_10k",
        "ns",
        "epoll",
        "tokio-ct",
        AtMost(0.6),
    ),
    ratio("st/timer_fire", "p50_us", "epoll", "tokio-ct", AtMost(0.06)),
    ratio(
        "st/timer_fire_cpu",
        "cpu_us",
        "epoll",
        "tokio-ct",
        AtMost(1.5),
    ),
    ratio("st/sleep_idle", "p50_us", "epoll", "tokio-ct", AtMost(0.06)),
    ratio("st/tick", "p99_us", "epoll", "tokio-ct", AtMost(0.06)),
    ratio(
        "st/tcp_1_cpu",
        "cpu_us",
        "epoll-nospin",
        "floor",
        AtMost(1.03),
    ),
    ratio(
        "st/tcp_50_cpu",
        "cpu_us",
        "epoll-nospin",
        "floor",
        AtMost(1.05),
    ),
    absolute(
        "st/tcp_1_syscalls",
        "syscalls",
        "epoll-nospin",
        AtMost(3.0 + SYSCALL_SLACK),
    ),
    ratio("st/tcp_1", "rt_per_s", "epoll", "tokio-ct", AtLeast(1.5)),
    ratio(
        "st/tcp_1_shared",
        "rt_per_s",
        "epoll",
        "tokio-ct",
        AtLeast(0.97),
    ),
    ratio(
        "st/accept_cpu",
        "cpu_us",
        "epoll-nospin",
        "tokio-ct",
        AtMost(0.9),
    ),
    pool("mt/spawn_many", "ns", AtMost(0.35)),
    pool_best("mt/spawn_many", "ns", AtMost(1.1)),
    pool("mt/spawn_remote", "ns", AtMost(0.4)),
    pool("mt/fan_join", "ns", AtMost(0.4)),
    pool("mt/yield_many", "ns", AtMost(0.6)),
    pool("mt/ping_pong", "ns", AtMost(1.0)),
    pool("mt/ping_pong_100", "ns", AtMost(1.0)),
    pool_best("mt/skewed", "ns", AtMost(1.0)),
    pool("mt/remote_wake", "p50_us", AtMost(1.0)),
    pool("mt/remote_wake", "p99_us", AtMost(1.0)),
    pool("mt/timer_cancel", "ns", AtMost(0.25)),
    pool("mt/tick", "p99_us", AtMost(0.08)),
    pool("mt/tick_burn", "burns_per_s", AtLeast(0.97)),
    absolute("mt/idle_bytes", "bytes", "threadpool", AtMost(160.0)),
    pool("mt/sleep_idle", "p50_us", AtMost(0.06)),
    pool("mt/timer_fire", "p50_us", AtMost(0.06)),
    pool("mt/tcp_1", "rt_per_s", AtLeast(1.0)),
    pool("mt/tcp_1_cpu", "cpu_us", AtMost(1.0)),
    pool("mt/tcp_50", "rt_per_s", AtLeast(1.0)),
    pool("mt/tcp_50_cpu", "cpu_us", AtMost(1.0)),
    pool("mt/tcp_1000", "rt_per_s", AtLeast(1.0)),
    pool("mt/tcp_1000_cpu", "cpu_us", AtMost(1.0)),
    pool("mt/accept", "conn_per_s", AtLeast(1.0)),
];

const fn ratio(
    id: &'static str,
    metric: &'static str,
    ours: &'static str,
    peer: &'static str,
    bound: Bound,
) -> Target {
    Target {
        row: Row { id, metric },
        ours,
        against: Against::Runtime(peer),
        bound,
    }
}

const fn absolute(
    id: &'static str,
    metric: &'static str,
    ours: &'static str,
    bound: Bound,
) -> Target {
    Target {
        row: Row { id, metric },
        ours,
        against: Against::Nothing,
        bound,
    }
}

/// A row of the pool against tokio's.
const fn pool(id: &'static str, metric: &'static str, bound: Bound) -> Target {
    ratio(id, metric, "threadpool", "tokio-mt", bound)
}

/// A row of the pool, where less is better, against the best of the others.
const fn pool_best(id: &'static str, metric: &'static str, bound: Bound) -> Target {
    Target {
        against: Against::Best,
        ..pool(id, metric, bound)
    }
}
