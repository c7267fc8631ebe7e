//! Every scenario there is: its id, the rows it yields, and what they mean.

/// Scenarios that ask the same of a runtime; a runtime lists those it can take part in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// Spawning, yielding, waking on one thread.
    Tasks,
    /// Memory of idle tasks.
    Memory,
    /// Wakes from another thread.
    Wake,
    /// Sleeps.
    Timers,
    /// A server process under load.
    Tcp,
    /// Tasks of several threads.
    PoolTasks,
    /// Memory of a pool's idle tasks.
    PoolMemory,
    /// Wakes from a thread that is no worker.
    PoolWake,
    /// Sleeps on several threads.
    PoolTimers,
    /// A server process of several threads under load.
    PoolTcp,
}

impl Family {
    /// The runtimes to which ratios are given, where they were measured.
    pub(crate) fn yardsticks(self) -> [&'static str; 2] {
        match self {
            Self::Tasks | Self::Memory | Self::Wake | Self::Timers | Self::Tcp => {
                ["tokio-ct", "floor"]
            }
            Self::PoolTasks
            | Self::PoolMemory
            | Self::PoolWake
            | Self::PoolTimers
            | Self::PoolTcp => ["tokio-mt", "smol-mt"],
        }
    }
}

/// One number that a scenario measures: the id and metric under which it is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) id: &'static str,
    pub(crate) metric: &'static str,
}

/// One measurement, made by one child process, yielding one or more rows.
#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) id: &'static str,
    pub(crate) family: Family,
    pub(crate) rows: &'static [Row],
    pub(crate) about: &'static str,
    /// The result hardly depends on the moment it is taken, so `--quick` takes it once.
    pub(crate) steady: bool,
}

const fn row(id: &'static str, metric: &'static str) -> Row {
    Row { id, metric }
}

const fn scenario(
    id: &'static str,
    family: Family,
    rows: &'static [Row],
    about: &'static str,
) -> Scenario {
    Scenario {
        id,
        family,
        rows,
        about,
        steady: false,
    }
}

const fn steady(scenario: Scenario) -> Scenario {
    Scenario {
        steady: true,
        ..scenario
    }
}

/// All scenarios, in the order they are run.
pub(crate) const ALL: &[Scenario] = &[
    scenario(
        "st/spawn_join",
        Family::Tasks,
        &[row("st/spawn_join", "ns")],
        "spawn an empty task and await it; ns per task",
    ),
    scenario(
        "st/spawn_many",
        Family::Tasks,
        &[row("st/spawn_many", "ns")],
        "spawn 100,000 empty tasks, then await them all; ns per task",
    ),
    scenario(
        "st/yield_one",
        Family::Tasks,
        &[row("st/yield_one", "ns")],
        "one task alone yields again and again; ns per yield",
    ),
    scenario(
        "st/yield_many",
        Family::Tasks,
        &[row("st/yield_many", "ns")],
        "1,000 tasks yield in turn; ns per yield",
    ),
    scenario(
        "st/ping_pong",
        Family::Tasks,
        &[row("st/ping_pong", "ns")],
        "two tasks hand a value to and fro through Rc slots; ns per hand-over",
    ),
    scenario(
        "st/chained_spawn",
        Family::Tasks,
        &[row("st/chained_spawn", "ns")],
        "each task spawns the next and ends; ns per link",
    ),
    steady(scenario(
        "st/idle_bytes",
        Family::Memory,
        &[
            row("st/idle_bytes", "bytes"),
            row("st/idle_bytes", "rss_bytes"),
        ],
        "1,000,000 tasks wait on a 48-byte future; bytes per task by malloc, and by RSS",
    )),
    steady(scenario(
        "st/idle_bytes_tiny",
        Family::Memory,
        &[
            row("st/idle_bytes_tiny", "bytes"),
            row("st/idle_bytes_tiny", "rss_bytes"),
        ],
        "the same with an 8-byte future",
    )),
    scenario(
        "st/remote_wake",
        Family::Wake,
        &[
            row("st/remote_wake", "p50_us"),
            row("st/remote_wake", "p99_us"),
        ],
        "another thread wakes a task of a parked runtime; us from wake to poll",
    ),
    scenario(
        "st/timer_cancel",
        Family::Timers,
        &[row("st/timer_cancel", "ns")],
        "create a sleep, poll it once, drop it, with none pending but a sooner one; ns",
    ),
    scenario(
        "st/timer_cancel_10k",
        Family::Timers,
        &[row("st/timer_cancel_10k", "ns")],
        "the same with 10,000 other sleeps pending; ns",
    ),
    scenario(
        "st/timer_fire",
        Family::Timers,
        &[
            row("st/timer_fire", "p50_us"),
            row("st/timer_fire_cpu", "cpu_us"),
            row("st/timer_fire_cpu", "fire_cpu_us"),
        ],
        "100,000 sleeps due evenly over 1 s; us late, CPU us per timer in all and without arming",
    ),
    scenario(
        "st/sleep_idle",
        Family::Timers,
        &[row("st/sleep_idle", "p50_us")],
        "one sleep of 1 to 4 ms in an idle runtime; us late",
    ),
    scenario(
        "st/tick",
        Family::Timers,
        &[row("st/tick", "p99_us")],
        "a 1 kHz tick beside four tasks that burn 100 us and wake themselves; us late",
    ),
    scenario(
        "st/tick_own_yield",
        Family::Timers,
        &[row("st/tick_own_yield", "p99_us")],
        "the same with tasks that call the runtime's own yield_now",
    ),
    scenario(
        "st/tcp_1",
        Family::Tcp,
        &[row("st/tcp_1", "rt_per_s"), row("st/tcp_1_cpu", "cpu_us")],
        "TCP echo of 64 bytes, 1 connection, server on its own core; rate, server CPU per round trip",
    ),
    scenario(
        "st/tcp_1_shared",
        Family::Tcp,
        &[row("st/tcp_1_shared", "rt_per_s")],
        "the same with server and client sharing one core",
    ),
    scenario(
        "st/tcp_50",
        Family::Tcp,
        &[row("st/tcp_50", "rt_per_s"), row("st/tcp_50_cpu", "cpu_us")],
        "TCP echo, 50 connections",
    ),
    scenario(
        "st/tcp_1000",
        Family::Tcp,
        &[
            row("st/tcp_1000", "rt_per_s"),
            row("st/tcp_1000_cpu", "cpu_us"),
        ],
        "TCP echo, 1,000 connections",
    ),
    steady(scenario(
        "st/tcp_1_syscalls",
        Family::Tcp,
        &[row("st/tcp_1_syscalls", "syscalls")],
        "system calls of the server per round trip, 1 connection, counted by strace",
    )),
    scenario(
        "st/accept",
        Family::Tcp,
        &[
            row("st/accept", "conn_per_s"),
            row("st/accept_cpu", "cpu_us"),
        ],
        "accept a connection and close it, one after another; rate, server CPU per connection",
    ),
    scenario(
        "mt/spawn_many",
        Family::PoolTasks,
        &[row("mt/spawn_many", "ns")],
        "a task spawns 100,000 empty ones, then awaits them all; ns per task",
    ),
    scenario(
        "mt/spawn_remote",
        Family::PoolTasks,
        &[row("mt/spawn_remote", "ns")],
        "the same spawned by a thread that is no worker; ns per task",
    ),
    scenario(
        "mt/fan_join",
        Family::PoolTasks,
        &[row("mt/fan_join", "ns")],
        "a task spawns 100 empty ones and awaits them, again and again; ns per task",
    ),
    scenario(
        "mt/yield_many",
        Family::PoolTasks,
        &[row("mt/yield_many", "ns")],
        "1,000 tasks yield; ns per yield",
    ),
    scenario(
        "mt/ping_pong",
        Family::PoolTasks,
        &[row("mt/ping_pong", "ns")],
        "two tasks hand a number to and fro; ns per hand-over",
    ),
    scenario(
        "mt/ping_pong_100",
        Family::PoolTasks,
        &[row("mt/ping_pong_100", "ns")],
        "100 such pairs at once; ns per hand-over",
    ),
    scenario(
        "mt/skewed",
        Family::PoolTasks,
        &[row("mt/skewed", "ns")],
        "a task spawns 200 that burn 1 to 10 us and awaits them, again and again; ns per child",
    ),
    steady(scenario(
        "mt/idle_bytes",
        Family::PoolMemory,
        &[
            row("mt/idle_bytes", "bytes"),
            row("mt/idle_bytes", "rss_bytes"),
        ],
        "1,000,000 tasks wait on a 48-byte future; bytes per task by malloc, and by RSS",
    )),
    scenario(
        "mt/remote_wake",
        Family::PoolWake,
        &[
            row("mt/remote_wake", "p50_us"),
            row("mt/remote_wake", "p99_us"),
        ],
        "a thread that is no worker wakes a task of a parked pool; us from wake to poll",
    ),
    scenario(
        "mt/timer_cancel",
        Family::PoolTimers,
        &[row("mt/timer_cancel", "ns")],
        "create a sleep, poll it once, drop it, with none pending; ns",
    ),
    scenario(
        "mt/timer_cancel_busy",
        Family::PoolTimers,
        &[row("mt/timer_cancel_busy", "ns")],
        "the same with a sooner one pending; ns",
    ),
    scenario(
        "mt/timer_fire",
        Family::PoolTimers,
        &[
            row("mt/timer_fire", "p50_us"),
            row("mt/timer_fire_cpu", "cpu_us"),
        ],
        "100,000 sleeps due evenly over 1 s; us late, CPU us per timer",
    ),
    scenario(
        "mt/sleep_idle",
        Family::PoolTimers,
        &[row("mt/sleep_idle", "p50_us")],
        "one sleep of 1 to 4 ms in an idle pool; us late",
    ),
    scenario(
        "mt/tick",
        Family::PoolTimers,
        &[row("mt/tick", "p99_us"), row("mt/tick_burn", "burns_per_s")],
        "a 1 kHz tick beside eight tasks that burn 100 us and wake themselves; us late, burns",
    ),
    scenario(
        "mt/tcp_1",
        Family::PoolTcp,
        &[row("mt/tcp_1", "rt_per_s"), row("mt/tcp_1_cpu", "cpu_us")],
        "TCP echo of 64 bytes, 1 connection; rate, server CPU per round trip",
    ),
    scenario(
        "mt/tcp_50",
        Family::PoolTcp,
        &[row("mt/tcp_50", "rt_per_s"), row("mt/tcp_50_cpu", "cpu_us")],
        "TCP echo, 50 connections",
    ),
    scenario(
        "mt/tcp_1000",
        Family::PoolTcp,
        &[
            row("mt/tcp_1000", "rt_per_s"),
            row("mt/tcp_1000_cpu", "cpu_us"),
        ],
        "TCP echo, 1,000 connections",
    ),
    scenario(
        "mt/accept",
        Family::PoolTcp,
        &[
            row("mt/accept", "conn_per_s"),
            row("mt/accept_cpu", "cpu_us"),
        ],
        "accept a connection and close it, one after another; rate, server CPU per connection",
    ),
];

/// The scenario called `id`, if there is one.
pub(crate) fn find(id: &str) -> Option<&'static Scenario> {
    ALL.iter().find(|scenario| scenario.id == id)
}
