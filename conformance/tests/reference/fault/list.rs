//! All faults: what is broken, and which rules must notice.

use super::{On, faults};

faults! {
    // Those of the catalogue.

    /// A wake of a task that is being polled is lost (monoio#146).
    WakeWhileRunningLost: OneThread [W1];
    /// The root waits by a bare `park`, whose token the root itself can take (async-std#358).
    RootParksBarely: Workers [W15];
    /// A task that wakes itself is polled again at once (smol#171).
    RepolledInPlace: OneThread [S1 S10];
    /// A future lives until the last waker of its task is gone.
    KeptUntilLastWaker: OneThread [L5];
    /// A task's panic unwinds through the loop (futures-rs#1468).
    PanicEscapes: OneThread [P1];
    /// A waker panics when its executor is gone (glommio#229).
    LateWakePanics: OneThread [W7];
    /// The join handle keeps the waker of its first poll.
    FirstJoinWakerKept: OneThread [J2];
    /// A task is polled again after it was ready (wasm-bindgen#1598).
    PolledAfterReady: OneThread [L2 Z1];
    /// `wake` waits while the queue is full.
    WakeWaitsForRoom: OneThread [W9];
    /// Tasks that have ended stay on the list of live ones.
    NeverUnlinked: OneThread [X1];
    /// A waker panics on another thread than its executor's (glommio#194).
    ForeignWakePanics: OneThread [W10];
    /// Shutting down overlooks the tasks that wait for a wake (tokio#722).
    ShutdownSkipsIdle: OneThread [D1];
    /// A task that is woken while its executor is dropped is left alone (async-executor#163).
    WakeResurrects: OneThread [W8];

    // The life of a task.

    /// What is spawned outside of `block_on` is never queued.
    EarlySpawnNotQueued: OneThread [L1];
    /// A task that is woken while it is polled is polled by another worker too.
    PolledConcurrently: Workers [L3];
    /// A future is moved from one place to another between two polls.
    MovedBetweenPolls: OneThread [L4];
    /// A future that is larger than a slot panics.
    LargeFuturePanics: OneThread [L10];
    /// The output of a detached task is dropped twice.
    DetachedOutputDroppedTwice: OneThread [L7];
    /// `spawn` polls the future before it returns.
    SpawnPolls: OneThread [L8];
    /// Whenever a task is woken, all of them are polled (unicycle#5).
    PolledWithoutWake: OneThread [L9];
    /// Whoever joins a task is told before its future is dropped.
    JoinedBeforeDropped: Workers [L6];
    /// The output of a detached task is never dropped.
    DetachedOutputLeaked: OneThread [L7];
    /// An output that nobody took from its handle is never dropped.
    DroppedHandleLeaksOutput: OneThread [L7];
    /// Futures are dropped while the executor is borrowed (async-executor#60).
    DropsInBorrow: OneThread [L11 D4 N7];
    /// Futures that end are dropped while the executor is locked (tokio#1929).
    DropsUnderLock: OneThread [D5];
    /// When a batch is over and tasks are left, the first of them is lost.
    NextAfterBatchLost: OneThread [S12];
    /// The numbers of tasks wrap, so that the list of live ones confuses them.
    TaskNumbersWrap: OneThread [X3 J15];
    /// A task that is spawned into a full queue is lost.
    OverflowLost: OneThread [L12];

    // Wakers.

    /// A wake of a running task is lost if other tasks are queued.
    WakeWhileRunningLostIfOthersWait: OneThread [W13 Z1];
    /// The window between the last look at the queue and the sleep (compio#948).
    WakeBeforeSleepLost: OneThread [W2];
    /// A wake of a task from another thread does not end the executor's sleep (heph#437).
    ForeignWakeNoUnpark: OneThread [W3];
    /// A wake of the root from another thread does not end the executor's sleep.
    ForeignRootWakeNoUnpark: OneThread [W3];
    /// A wake does not end a sleep that has a deadline.
    TimedParkNotInterrupted: OneThread [W4];
    /// A wake does not end a wait for sockets.
    SocketParkNotInterrupted: OneThread [W17];
    /// Each wake of the root leaks some memory.
    RootWakerLeaks: OneThread [W18];
    /// All tasks have the same waker, which wakes the one that had it first.
    OneWakerForAll: OneThread [W19];
    /// `wake_by_ref` uses the waker up (glommio#379).
    WakeByRefConsumes: OneThread [W5];
    /// `wake_by_ref` takes a reference to the task that it never gives back (tokio#6424).
    WakeByRefLeaks: OneThread [W6];
    /// `wake` polls the task, on the thread that woke it (tokio#1972).
    WakePollsInline: OneThread [W11];
    /// `wake` uses a thread-local, which may be gone (tokio#6091).
    WakeUsesThreadLocal: OneThread [W12];
    /// A wake is not heard while the thread that calls it unwinds.
    WakeWhileUnwindingLost: OneThread [W12];
    /// A task that is queued is queued again by each wake.
    QueuedTwice: OneThread [W20];
    /// A waker of a task that has ended wakes the one that took its place.
    StaleWakerWakesOther: OneThread [L9];
    /// One wake in five hundred is lost.
    RareWakeLost: OneThread [W1 Z2];
    /// A task that was woken 256 times since its last poll counts as not woken.
    WakeCountWraps: OneThread [W13];
    /// Each clone of a waker is another waker (rust#121600).
    WakerForEachClone: OneThread [W14];
    /// A wake goes to the executor that the waking thread is inside of.
    WakesCurrentExecutor: OneThread [W16];

    // Scheduling.

    /// A task that woke itself comes first.
    SelfWakeFirst: OneThread [S1];
    /// A task that was woken comes first (tokio#5712).
    WokenFirst: OneThread [S4];
    /// Tasks are polled until none is ready.
    UnboundedBatch: OneThread [S2];
    /// The root is polled for as long as it wakes itself.
    RootRepolledInPlace: OneThread [S3];
    /// Timers are looked at when there is nothing else to do (tokio#5223).
    TimersOnlyWhenIdle: OneThread [S5];
    /// Sockets are looked at when there is nothing else to do (wasmtime#13040).
    SocketsOnlyWhenIdle: OneThread [S6];
    /// What other threads queue is looked at when there is nothing else to do.
    InjectedOnlyWhenIdle: OneThread [S7];
    /// What a worker's task spawns can run on that worker only (tokio#4941).
    ChildStranded: Workers [S8];
    /// One of the workers sees to timers and sockets, whether it has time or not (tokio#8010).
    DriverStranded: Workers [S9];
    /// An idle executor looks for work all the time (async-io#8).
    SpinsWhenIdle: OneThread [S11];

    /// An idle executor looks for work every millisecond.
    PollsWhenIdle: OneThread [S11];

    // Joining and cancelling.

    /// A panic looks like a cancellation.
    PanicIsCancelled: OneThread [J1];
    /// A join handle wakes the task that polled it, whatever waker it was polled with.
    JoinWakesOwnTaskOnly: OneThread [J3];
    /// Dropping the handle cancels, though the adapter says that it detaches.
    HandleDropCancels: OneThread [J4 J5];
    /// Cancelling marks the task and does not wake it.
    CancelDoesNotWake: OneThread [J6];
    /// Cancelling wakes the task before it marks it.
    CancelWakesFirst: OneThread [J7];
    /// A task that was cancelled before its first poll is polled all the same.
    CancelledPolledOnce: OneThread [J8];
    /// Cancelling a task that has ended leaks its output.
    LateCancelLeaksOutput: OneThread [J9];
    /// The output of a task that was cancelled in its last poll is lost, and nobody is told.
    CancelledOutputLost: OneThread [J10 J11];
    /// A task ends while another thread cancels it, and nobody is told of either.
    RacingCancelLosesOutput: Workers [J19];
    /// A handle looks for the output, and only then leaves its waker.
    JoinLooksTooEarly: Workers [J18];
    /// `is_finished` says yes before the output is there.
    FinishedTooEarly: Workers [J21];
    /// The handle of a cancelled task is ready before the future has been dropped.
    CancelTellsAtOnce: OneThread [J6 J8 J13];
    /// Cancelling a task that is being polled elsewhere takes effect at its next wake.
    CancelInPollUnseen: OneThread [J10 Z4];
    /// The future of a task that is cancelled before its first poll is never dropped.
    CancelledNewLeaked: OneThread [J8];
    /// A task that cancels itself runs on.
    CancelWhileRunningLost: OneThread [J11];
    /// A task cannot cancel itself.
    SelfCancelPanics: OneThread [J11];
    /// Dropping the handle takes the request to cancel back (tokio#3964).
    HandleDropForgetsCancel: OneThread [J12];
    /// Cancelling needs a current executor (tokio#3157).
    CancelNeedsContext: OneThread [J13];
    /// The join waker is kept when the task has ended (tokio#4724).
    JoinWakerKeptAtEnd: OneThread [J20];
    /// The wakers of former polls of a join handle are never dropped.
    FormerJoinWakerLeaks: OneThread [J22];
    /// The join waker is kept when the handle is dropped (tokio#6505).
    JoinWakerKeptOnDrop: OneThread [J14];
    /// Shutting down overlooks tasks of which somebody else holds a reference.
    ShutdownSkipsHeld: OneThread [J15 D2];
    /// `is_finished` says yes as soon as the task was asked to end (tokio#4709).
    FinishedWhenAsked: OneThread [J16];
    /// Nobody tells the handle that its task was dropped.
    CancelNotTold: OneThread [J17];
    /// A wake takes back the request to cancel.
    WakeForgetsCancel: OneThread [J6];

    // Panics.

    /// A panic's payload is lost.
    PayloadLost: OneThread [P2];
    /// A future that panicked is never dropped.
    PanickedFutureKept: OneThread [P3];
    /// When a task wakes itself and panics in the same poll, nobody is told.
    WakeThenPanicWedges: OneThread [P2];
    /// A task that wakes itself and ends in the same poll is queued without its future.
    WokenAtEndQueued: OneThread [P4];
    /// A task that is spawned while its thread unwinds poisons a lock (async-executor#135).
    SpawnPoisons: OneThread [P9];
    /// A panic of the root makes the executor forget its tasks.
    RootPanicForgetsTasks: OneThread [P12];
    /// A panic in the drop of a future unwinds through the loop.
    DropPanicEscapes: OneThread [P5];
    /// A panic in the drop of an output unwinds through the loop (tokio#4412).
    OutputDropPanicEscapes: OneThread [P6];
    /// A panic of the join waker unwinds through the loop.
    JoinWakerPanicEscapes: OneThread [P7];
    /// After a panic of the root the thread counts as being in `block_on` (tokio#5177).
    RootPanicPoisons: OneThread [P8 B8];
    /// An executor cannot be dropped while its thread unwinds (compio#888).
    DropPanicsWhileUnwinding: OneThread [P10];
    /// A panic in the drop of one future keeps shutting down from the others (futures-rs#2863).
    PanickingDropEndsShutdown: OneThread [P11];

    /// A panic in a task ends the worker that polled it (bevy#2302).
    PanicEndsWorker: Workers [P1];

    // Local tasks.

    /// A local task is polled by whoever wakes it.
    LocalPolledByWaker: OneThread [N1];
    /// Cancelling a local task drops its future on the thread that cancels (tokio#3929).
    LocalAbortedInPlace: OneThread [N2];
    /// A local future lives until the last waker of its task is gone, wherever that is dropped.
    LocalKeptByWakers: OneThread [N3];
    /// A local task is seen only when another task runs (tokio#3117).
    LocalSpawnNotSeen: OneThread [N5];
    /// Dropping the executor uses a thread-local, which may be gone (tokio#5162).
    DropUsesThreadLocal: OneThread [N6];
    /// Shutting down overlooks local tasks.
    ShutdownSkipsLocal: OneThread [N8];

    /// Timers are gone before the tasks that drop them (compio#494).
    TimersGoneFirst: OneThread [N9];
    /// The executor is `Send`, and takes its local tasks with it (tokio#2397).
    SentWithLocals: Sent [N4];

    // `block_on`.

    /// A wake that comes while the root is polled is lost.
    RootWakeInPollLost: OneThread [B1];
    /// `block_on` is refused on the threads for closures.
    BlockOnPanicsOnPool: OneThread [B3];
    /// A nested `block_on` throws the queue of the outer one away (async-std#644).
    NestedEmptiesQueue: OneThread [B2];
    /// A nested `block_on` runs tasks although its root is ready to go on (bevy#21954).
    NestedStacks: OneThread [B7];
    /// Tasks end with the `block_on` that they were spawned in.
    TasksEndWithBlockOn: OneThread [B4];
    /// One `block_on` waits for another.
    SharedBlockOnExcludes: Workers [B5];
    /// `block_on` waits for all tasks.
    BlockOnWaitsForTasks: OneThread [B6];

    // Shutting down.

    /// Shutting down overlooks tasks that are queued.
    ShutdownSkipsQueued: OneThread [D1];
    /// Shutting down overlooks tasks that were never polled.
    ShutdownSkipsNew: OneThread [D1];
    /// A task that is spawned while the executor shuts down is neither run nor dropped (tokio#3548).
    SpawnInDropLost: OneThread [D3];
    /// Dropping a handle ends all tasks (tokio#3869).
    HandleDropEndsTasks: OneThread [D6];
    /// Workers run on for a while when the executor has been dropped.
    WorkersOutliveDrop: Workers [D7];
    /// A task that is being polled when the executor is dropped is forgotten (tokio#2119).
    TaskInPollForgotten: Workers [D10];
    /// An executor cannot be dropped inside of another one (tokio#1950).
    DropInsidePanics: OneThread [D9];
    /// The threads for closures outlive the executor (tokio#3473).
    PoolThreadsLeaked: OneThread [K7];
    /// Each executor leaves a descriptor open.
    DescriptorLeaked: OneThread [D8];
    /// Each executor leaves some memory behind.
    BytesLeaked: OneThread [D8];
    /// Dropping a future drops those whose handles it holds, and theirs in turn.
    HandlesDropInTurn: OneThread [D11];
    /// A shutdown with a timeout waits for as long as it takes.
    ShutdownTimeoutIgnored: OneThread [D12];

    // Timers.

    /// A sleep whose deadline has passed before its first poll is never ready (tokio#3069).
    PastSleepHangs: OneThread [T1];
    /// A deadline too far away is an arithmetic overflow (tokio#5183).
    LongSleepPanics: OneThread [T2];
    /// A sleep too long for a deadline is ready at once (embassy#6141).
    LongSleepFires: OneThread [T2];
    /// Timers are a millisecond early.
    TimersEarly: OneThread [T3];
    /// Timers that are due together are woken in the wrong order.
    TimersOutOfOrder: OneThread [T4];
    /// A second timer at the same instant takes the place of the first.
    OneTimerAnInstant: OneThread [T5];
    /// A timer keeps the waker of its first poll.
    FirstTimerWakerKept: OneThread [T6];
    /// A sleep that is dropped stays among the timers.
    DroppedTimerStays: OneThread [T7];
    /// An earlier deadline is not taken up (tokio#849).
    ResetEarlierIgnored: OneThread [T8];
    /// A later deadline is not taken up.
    ResetLaterIgnored: OneThread [T8];
    /// A timer that has fired cannot be given another deadline.
    ResetAfterFiringIgnored: OneThread [T8];
    /// Dropping a timer takes another one with it that is due at the same instant.
    DroppedTimerTakesOther: OneThread [T9];
    /// Of many timers that are due at once some are lost.
    ManyTimersLost: OneThread [T5];
    /// A timer that fires and is dropped in the same turn panics (tokio#3229).
    DropOfFiredTimerPanics: OneThread [T9];
    /// Who sleeps until a deadline does not learn of an earlier one (tokio#3190).
    EarlierTimerUnseen: OneThread [T10];
    /// A deadline of exactly a power of two is put into the wrong level of the wheel (tokio#8334).
    WheelWraps: OneThread [T11];
    /// A sleep panics in its drop when its executor is gone (tokio#2789).
    LateTimerPanics: OneThread [T12];
    /// Ticks that were missed come at once, where they should be left out (tokio#3574).
    SkipIsBurst: OneThread [T13];
    /// Ticks after a late one stay at multiples of the period, where they should be delayed.
    DelayIsSkip: OneThread [T13];
    /// Ticks that were missed are delayed, where they should come at once.
    BurstIsDelay: OneThread [T13];
    /// The last part of a millisecond is waited for by spinning (smol#109).
    SpinsBeforeDeadline: OneThread [T14];

    // Sockets.

    /// A change that the system tells when nobody waits is forgotten (tokio#6133).
    EdgeForgotten: Workers [I1];
    /// After a short read the next one waits, though data and end may have come as one change.
    ShortReadMeansDrained: OneThread [I3];
    /// Waiting in one direction ends the wait in the other (tokio#2886).
    DirectionsExclude: OneThread [I2];
    /// A socket has room for one waker, whatever it waits for.
    OneWakerASocket: OneThread [I2 I5];
    /// What is neither readable nor writable is not told (tokio-core#117).
    HangUpIgnored: OneThread [I4];
    /// An error wakes who reads, and not who writes (smol#131).
    ErrorWakesReaderOnly: OneThread [I5];
    /// Sockets are known by their descriptors, also when these are used again (tokio-core#172).
    SocketsByDescriptor: OneThread [I7];
    /// Closing the write half closes the read half too.
    CloseClosesBoth: OneThread [I6];
    /// Dropping a stream ends the connection, also that of a duplicate.
    DropEndsConnection: OneThread [I8];
    /// Sockets are known by what duplicates share (polling#151).
    SocketsByFile: OneThread [I9];
    /// A connection that failed looks like one that was made (async-io#18).
    ConnectErrorLost: OneThread [I10];
    /// After one failure to accept, a listener gives no connection any more (tokio#3529).
    FailedAcceptEndsListener: OneThread [I11];
    /// A failure to accept is told at once, so that a loop which tries again starves the others.
    FailedAcceptHogs: OneThread [I11];
    /// The system goes on with a read that was dropped (compio#943).
    DroppedReadGoesOn: OneThread [I12];
    /// A `connect` that is dropped leaves its socket open.
    DroppedConnectLeaks: OneThread [I13];
    /// An `accept` that was dropped takes the next connection, and keeps it (compio#746).
    DroppedAcceptKeeps: OneThread [I13];
    /// A short write says that it wrote everything.
    ShortWriteClaimsAll: OneThread [I14];
    /// A vectored write writes its first part only, and says that it wrote everything.
    VectoredWritesFirstOnly: OneThread [I14];
    /// An empty datagram is an end.
    EmptyDatagramIsEnd: OneThread [I15];
    /// An empty datagram is passed over.
    EmptyDatagramSkipped: OneThread [I15];
    /// A signal during the wait for sockets ends the executor.
    InterruptedWaitPanics: OneThread [I16 Z3];
    /// Binding a Unix socket takes the path from whoever has it.
    BindUnlinks: OneThread [I17];
    /// A socket whose executor is gone waits for ever (tokio#3546).
    LateSocketHangs: OneThread [I18];
    /// Children inherit the sockets (tokio#3809).
    DescriptorsInherited: OneThread [I19];

    // The pool for closures.

    /// A closure's panic ends its thread, and nobody is told.
    BlockingPanicEscapes: OneThread [K1];
    /// What a closure gives to the pool is lost (tokio#1982).
    NestedClosureLost: OneThread [K2];
    /// A closure that no thread is free for is lost.
    ClosureBeyondMaximumLost: OneThread [K3];
    /// A closure waits for a thread that could not be started (tokio#8406).
    OrphanedByNoThread: OneThread [K4];
    /// A closure counts as cancelled and runs all the same (tokio#6571).
    CancelledClosureRuns: OneThread [K5];
    /// Nobody tells the handle that its closure will not run (tokio#1853).
    QueuedClosureNotTold: OneThread [K6];

    // Memory.

    /// Each wake of a queued task adds to the queue, though it is polled once.
    QueueGrows: OneThread [X2];
}
