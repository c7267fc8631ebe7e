//! I12, I13: operations that are dropped before they are complete.

use std::future::Future;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::pin::{Pin, pin};

use super::stream::{on_thread, once, pair, read, read_byte, write_all};
use crate::Case;
use crate::adapter::Tcp;
use crate::devices::{Allocated, Stage, allocated, descriptor_count, yield_once};
use crate::rules::system::Full;

/// I12: what the system writes for a read that was dropped does not land in others' memory.
pub fn i12_must_a_buffer_outlives_its_dropped_read<E: Tcp>(case: &Case) {
    const SIZES: [usize; 3] = [64, 4 << 10, 64 << 10];
    const OURS: u8 = 0x5a;
    const THEIRS: u8 = 0xa5;
    let mut executor = E::new();
    let handle = executor.handle();
    let stage = Stage::new(case);
    executor.block_on(stage.watch(async {
        for (round, size) in (0..case.repeat(8)).flat_map(|round| SIZES.map(|size| (round, size))) {
            stage.at(format_args!(
                "round {round}: reads of {size} bytes are dropped"
            ));
            let (mut stream, mut peer) = pair::<E>(&handle).await;
            let mut buffer = vec![OURS; size];
            let reading = once(pin!(read(&mut stream, &mut buffer))).await;
            assert!(reading.is_pending(), "nothing was sent: {reading:?}");
            drop(stream);
            // Whoever gave memory back too early gives it to these.
            let blocks = vec![vec![OURS; size]; 64];
            // The stream may be closed already, and the peer be told so.
            let _ = peer.write_all(&vec![THEIRS; size]);
            for _ in 0..5 {
                exchange::<E>(&handle).await;
            }
            let untouched = vec![OURS; size];
            let changed = blocks.iter().chain([&buffer]);
            let changed = changed.filter(|&block| *block != untouched).count();
            assert_eq!(changed, 0, "blocks of other memory were overwritten");
        }
    }));
}

/// A byte to and fro, so that the executor looks at what the system has to tell.
async fn exchange<E: Tcp>(handle: &E::Handle) {
    let (mut stream, mut peer) = pair::<E>(handle).await;
    write_all(&mut stream, b"x").await.expect("no error");
    peer.read_exact(&mut [0]).expect("a byte was written");
    let mut reading = pin!(read_byte(&mut stream));
    let early = once(reading.as_mut()).await;
    assert!(early.is_pending(), "nothing was sent: {early:?}");
    peer.write_all(b"y").expect("there is room");
    assert_eq!(reading.await.expect("no error"), Some(b'y'));
}

/// How often each operation is dropped between two counts.
const ROUNDS: usize = 60;

/// I13: operations that are dropped leave no socket and no buffer behind, and lose no connection.
pub fn i13_must_dropped_operations_leak_nothing<E: Tcp>(case: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    let stage = Stage::new(case);
    executor.block_on(stage.watch(async {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut listener = E::listen(&handle, any).await.expect("a port is free");
        let mut counts = Vec::new();
        // The first rounds let tables and pools reach their size.
        for _ in 0..3 {
            for round in 0..ROUNDS {
                drop_accept::<E>(&mut listener, &stage, round).await;
                drop_connect_and_read::<E>(&handle, &stage, round).await;
            }
            counts.push(settled(counts.last()).await);
        }
        let [_, before, after] = counts[..] else {
            unreachable!("three counts were taken")
        };
        before.compare(after);
    }));
}

/// Drops an `accept` that waits; the connection that comes then must find the next one.
async fn drop_accept<E: Tcp>(listener: &mut E::Listener, stage: &Stage<'_>, round: usize) {
    stage.at(format_args!(
        "round {round}: an `accept` is dropped while it waits"
    ));
    let address = E::local_addr(listener).expect("a listener has an address");
    {
        let early = once(pin!(E::accept(listener))).await;
        assert!(
            early.is_pending(),
            "nobody has connected, and somebody came"
        );
    }
    let client = on_thread(move || persistent_client(address));
    stage.at(format_args!(
        "round {round}: a connection was lost to an `accept` that had been dropped before it came"
    ));
    loop {
        let mut stream = E::accept(listener).await.expect("a client comes");
        // A client whose first connection was closed has come again.
        if let Ok(Some(byte)) = read_byte(&mut stream).await {
            write_all(&mut stream, &[byte])
                .await
                .expect("it waits for this");
            break;
        }
    }
    client.await;
}

/// Connects until a byte was answered: an `accept` that was just dropped may close a connection,
/// but may not keep it.
fn persistent_client(address: SocketAddr) {
    for _ in 0..10 {
        let mut client = TcpStream::connect(address).expect("it listens");
        let mut answer = [0];
        let asked = client.write_all(b"x");
        if asked.and_then(|()| client.read_exact(&mut answer)).is_ok() {
            assert_eq!(answer, *b"x");
            return;
        }
    }
    panic!("ten connections in a row were closed without an answer");
}

/// Drops a `connect` and a read that wait, the latter with its stream and a large buffer.
async fn drop_connect_and_read<E: Tcp>(handle: &E::Handle, stage: &Stage<'_>, round: usize) {
    stage.at(format_args!(
        "round {round}: a `connect` and a read are dropped"
    ));
    if let Some(full) = Full::new() {
        let full = full.expect("a port is free");
        // No answer comes while the listener's queue is full.
        drop(once(pin!(E::connect(handle, full.address))).await);
    }
    let (mut stream, mut peer) = pair::<E>(handle).await;
    let mut buffer = vec![0; 32 << 10];
    let early = once(pin!(read(&mut stream, &mut buffer))).await;
    assert!(early.is_pending(), "nothing was sent: {early:?}");
    drop(stream);
    // It may be closed already.
    let _ = peer.write_all(b"late");
}

/// What the process holds.
#[derive(Clone, Copy, Debug)]
struct Held {
    descriptors: Option<usize>,
    memory: Option<Allocated>,
}

/// Counts when the executor had the turns that it may need to close what was dropped.
fn settled(former: Option<&Held>) -> Pin<Box<dyn Future<Output = Held>>> {
    let wanted = former.and_then(|held| held.descriptors);
    Box::pin(async move {
        for _ in 0..1_000 {
            yield_once().await;
            if wanted.is_some() && descriptor_count() <= wanted {
                break;
            }
        }
        Held {
            descriptors: descriptor_count(),
            memory: allocated(),
        }
    })
}

impl Held {
    /// Panics if there is more for every other round, at least, than there was.
    fn compare(self, later: Self) {
        let growth = |before: usize, after: usize| after.saturating_sub(before);
        if let (Some(before), Some(after)) = (self.descriptors, later.descriptors) {
            assert!(
                growth(before, after) < ROUNDS / 2,
                "{ROUNDS} rounds more, and {after} descriptors instead of {before}"
            );
        }
        if let (Some(before), Some(after)) = (self.memory, later.memory) {
            assert!(
                growth(before.blocks, after.blocks) < ROUNDS / 2
                    && growth(before.bytes, after.bytes) < ROUNDS * 512,
                "{ROUNDS} rounds more, and {after:?} instead of {before:?}"
            );
        }
    }
}
