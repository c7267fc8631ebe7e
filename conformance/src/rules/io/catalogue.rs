//! What the rules of the group say.

use crate::Rule;

/// The rules of the group.
pub static RULES: &[Rule] = &[
    Rule {
        name: "i01_must_readiness_survives_a_racing_clear",
        statement: "Readiness that arrives while an operation finds nothing is not lost.",
        rationale: "Between a read that would block and the note that the socket is not ready, \
            data may arrive, and its event be wiped out by that note. A peer sends bytes in bursts \
            at random moments while the reader finds the socket empty, and sends on only when all \
            have arrived, so that nothing makes up for an event that was lost. Signals, where there \
            are any, lengthen the moment.",
        bugs: &["tokio#6133", "tokio#8331"],
    },
    Rule {
        name: "i02_must_clearing_one_direction_keeps_the_other",
        statement: "Finding nothing in one direction leaves the readiness of the other alone.",
        rationale: "One event may report both directions. Whoever uses up the first must not \
            clear the second, whose future has not looked yet. A reader and a writer wait, each \
            with a waker of its own; the peer sends a byte and makes room at one stroke, and \
            the two find their direction empty again in either order.",
        bugs: &["tokio#2886"],
    },
    Rule {
        name: "i03_must_half_close_ends_reads_only",
        statement: "When the peer stops writing, reads end, writes go on, and the executor is idle.",
        rationale: "The end of one direction is a state that the system goes on reporting: taken \
            for the end of the connection it loses data, taken for an event it keeps the loop \
            busy. The peer shuts its writing side while a read waits, once with data before the \
            end, and a full socket waits for room; the processor time of a tenth of a second is \
            measured, then the peer reads everything.",
        bugs: &["mio#939"],
    },
    Rule {
        name: "i04_must_a_hang_up_ends_reads",
        statement: "A hang-up ends a read that waits, also where nothing is readable.",
        rationale: "Systems report a hang-up by a flag of its own. A loop that wakes readers for \
            readable sockets alone leaves them waiting for ever. First both directions are shut \
            down; then, where the adapter gives a duplicate and the system allows it, the \
            connection is taken away under the reader, which reports a hang-up without input.",
        bugs: &["tokio-core#117"],
    },
    Rule {
        name: "i05_must_a_reset_wakes_both_directions",
        statement: "When the peer resets the connection, a waiting reader and a waiting writer end.",
        rationale: "An error belongs to neither direction, so it must wake both; and it is an \
            error, not the end of the stream, or a truncated message looks whole. The peer closes \
            a socket that holds unread data, while a reader, a writer, or both wait.",
        bugs: &["smol#131"],
    },
    Rule {
        name: "i06_must_reader_and_writer_share_a_stream",
        statement: "A future that reads and one that writes can use one stream at the same time.",
        rationale: "Each direction needs a place for its own waker: with one place for both, the \
            second future displaces the first. 4 MiB go to a peer that echoes them, written by one \
            future and read by another, and are compared byte for byte.",
        bugs: &[],
    },
    Rule {
        name: "i07_must_a_reused_descriptor_is_a_new_one",
        statement: "No event, data or removal meant for a closed socket reaches its successor.",
        rationale: "The system gives the number of a closed descriptor to the next one. An event \
            that is still on the way, or a removal that comes late, then hits the wrong socket. \
            Streams are dropped while their data arrives, others take their places, must not be \
            readable before their own peers have sent, and must be woken then.",
        bugs: &["tokio-core#172", "compio#229"],
    },
    Rule {
        name: "i08_must_duplicates_are_independent",
        statement: "Streams on duplicates of one descriptor work, and one survives the other.",
        rationale: "A duplicate keeps the socket open when its twin is closed, and with it the \
            twin's registration where nobody removed that: events then go to the dead, or turn \
            the loop for ever. One duplicate reads and the other writes; one is dropped and the \
            other must still be woken; data that nobody reads must leave the executor idle.",
        bugs: &[],
    },
    Rule {
        name: "i09_must_two_readers_of_one_socket_are_both_served",
        statement: "Two registrations of one socket work, or the second is refused; none is mute.",
        rationale: "A second registration that silently replaces the first leaves a future \
            without its wakes. Two streams of duplicated descriptors read the same connection; \
            each byte must go to one of them and the end to both. The very same descriptor cannot \
            be given twice by safe code, so duplicates stand for it.",
        bugs: &["polling#151"],
    },
    Rule {
        name: "i10_must_a_failed_connect_says_so",
        statement: "`connect` itself fails where nobody listens.",
        rationale: "A socket that is being connected becomes writable when the attempt has \
            failed, too; only the socket's error tells which it was. A stream that was never \
            connected surprises whoever uses it later. The port is held by a socket that does \
            not listen, so that nobody else can.",
        bugs: &["async-io#18"],
    },
    Rule {
        name: "i11_should_running_out_of_descriptors_is_an_error",
        statement: "Without descriptors each `accept` fails, nobody starves, and it recovers.",
        rationale: "A server under load meets this limit. An `accept` that hides the error, or is \
            not woken when descriptors are free again, stops the server for good; one that fails \
            at once for ever and never gives way lets a retrying loop starve its neighbours. \
            The limit of the process is lowered and all descriptors are used up.",
        bugs: &["tokio#3529"],
    },
    Rule {
        name: "i12_must_a_buffer_outlives_its_dropped_read",
        statement: "What the system writes for a dropped read does not land in others' memory.",
        rationale: "Where the system writes into buffers by itself, a read that is dropped must \
            keep its buffer until the system has let go of it. Reads are dropped with their \
            streams, memory of the same size is taken and filled, the peers send, and the memory \
            must not change. Executors that wait for readiness pass by nature.",
        bugs: &["compio#943"],
    },
    Rule {
        name: "i13_must_dropped_operations_leak_nothing",
        statement: "Dropped operations leave no socket or buffer behind and lose no connection.",
        rationale: "An `accept` that was dropped may still succeed in the system; if nobody takes \
            its result, a client waits for ever and a descriptor is gone. Operations are polled \
            once and dropped; clients that come afterwards must be served, and descriptors and \
            memory must be the same after two times as many rounds.",
        bugs: &["compio#746"],
    },
    Rule {
        name: "i14_must_large_writes_arrive_byte_exact",
        statement: "What is written arrives byte for byte, whoever waits and however it is cut.",
        rationale: "Partial writes, vectored writes with empty slices and full sockets are where \
            bytes get lost or doubled. A writer fills the socket until it has to wait, which it \
            must; then a peer reads pieces of any size and compares each byte, to the very end.",
        bugs: &[],
    },
    Rule {
        name: "i15_must_datagrams_keep_their_bounds",
        statement: "A datagram is received as it was sent, cut as declared; an empty one is no end.",
        rationale: "Code shared with streams takes nothing for the end, and the rest of a \
            datagram for more data. Empty, short, too long and the largest datagrams pass in both \
            directions, and the one after each must be whole.",
        bugs: &[],
    },
    Rule {
        name: "i16_must_interrupted_calls_are_invisible",
        statement: "A signal that interrupts one of the executor's calls is invisible.",
        rationale: "Most waits end early when a handler has run, whatever the handler says \
            about restarting. Every thread of the process is sent signals all the time, while \
            connections are made, bytes exchanged and much is transferred.",
        bugs: &[],
    },
    Rule {
        name: "i17_must_a_unix_path_is_bound_once",
        statement: "A path in use is refused to a second listener, and removed as declared.",
        rationale: "A listener that removes whatever is at its path steals the clients of the \
            one that is there. The path is bound twice, then dropped and bound again; the file \
            stays or goes as the adapter says.",
        bugs: &[],
    },
    Rule {
        name: "i18_must_a_stream_after_shutdown_never_hangs",
        statement: "A socket that outlives its executor works or fails, but never hangs.",
        rationale: "Whatever waited has to be told, and what begins to wait refused, or its \
            future waits for a loop that is gone. Reads and an `accept`, before and after the \
            executor is dropped, are waited for on a plain thread; an executor whose sockets are \
            served elsewhere may go on serving them.",
        bugs: &["tokio#3546"],
    },
    Rule {
        name: "i19_must_every_descriptor_is_close_on_exec",
        statement: "No child process inherits a descriptor that the executor opened.",
        rationale: "A child that holds a connection keeps it open after the parent has closed \
            it, and may hold what it should not see. All descriptors that appear with an \
            executor, a listener and connections are looked at.",
        bugs: &["tokio#3809"],
    },
];
