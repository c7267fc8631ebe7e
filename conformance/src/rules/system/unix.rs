//! Limits, signals and sockets in states that std cannot bring about, by rustix.

use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::process;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::net::{AddressFamily, SocketType, bind, connect_unspec, getsockname, listen, socket};
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};
use rustix::time::{ClockId, clock_gettime};

/// The processor time that this process has used.
pub(super) fn processor_time() -> Option<Duration> {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).ok()
}

/// An address whose port is taken by a socket that does not listen, so that it refuses.
pub(crate) struct Refusing {
    pub(crate) address: SocketAddr,
    socket: OwnedFd,
}

impl Refusing {
    pub(crate) fn new() -> io::Result<Self> {
        let socket = socket(AddressFamily::INET, SocketType::STREAM, None)?;
        bind(&socket, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        let address = SocketAddr::try_from(getsockname(&socket)?)?;
        Ok(Self { address, socket })
    }
}

/// A listener whose queue is full: connecting to it takes for ever, and disturbs nobody.
pub(crate) struct Full {
    pub(crate) address: SocketAddr,
    _queued: TcpStream,
    _listener: OwnedFd,
}

impl Full {
    /// `None` where a system answers all the same.
    pub(crate) fn new() -> Option<io::Result<Self>> {
        cfg!(target_os = "linux").then(Self::try_new)
    }

    fn try_new() -> io::Result<Self> {
        let Refusing { address, socket } = Refusing::new()?;
        // One may wait to be accepted although nobody may.
        listen(&socket, 0)?;
        Ok(Self {
            address,
            _queued: TcpStream::connect(address)?,
            _listener: socket,
        })
    }
}

/// Takes a stream's connection away: its socket then reports an error and a hang-up, but nothing
/// to read. `None` where the system does otherwise.
pub(crate) fn disconnect(stream: &TcpStream) -> Option<io::Result<()>> {
    cfg!(target_os = "linux").then(|| Ok(connect_unspec(stream)?))
}

/// A limit of this process, put back when it is dropped.
struct Limit {
    resource: Resource,
    former: Rlimit,
}

impl Limit {
    fn lower(resource: Resource, current: u64) -> io::Result<Self> {
        let former = getrlimit(resource);
        let current = former.maximum.map_or(current, |most| most.min(current));
        let lowered = Rlimit {
            current: Some(current),
            ..former
        };
        setrlimit(resource, lowered)?;
        Ok(Self { resource, former })
    }
}

impl Drop for Limit {
    fn drop(&mut self) {
        // It was allowed before, so it is allowed again.
        let _ = setrlimit(self.resource, self.former);
    }
}

/// All descriptors that this process may have; they are free again when this is dropped.
pub(crate) struct Descriptors {
    _files: Vec<File>,
    _limit: Limit,
}

impl Descriptors {
    /// Opens files until no more can be; `None` where that cannot be brought about.
    pub(crate) fn exhaust() -> Option<io::Result<Self>> {
        /// Enough to be above those that are open already.
        const LIMIT: u64 = 256;
        let limit = match Limit::lower(Resource::Nofile, LIMIT) {
            Ok(limit) => limit,
            Err(error) => return Some(Err(error)),
        };
        let mut files = Vec::with_capacity(LIMIT as usize);
        for _ in 0..LIMIT {
            match File::open("/dev/null") {
                Ok(file) => files.push(file),
                Err(_) => {
                    return Some(Ok(Self {
                        _files: files,
                        _limit: limit,
                    }));
                }
            }
        }
        None
    }
}

/// No room in this process's memory for the stack of another thread, until this is dropped.
pub(crate) struct AddressSpace {
    _limit: Limit,
}

impl AddressSpace {
    /// Forbids the process to grow; `None` where that cannot be brought about.
    pub(crate) fn exhaust() -> Option<io::Result<Self>> {
        /// For what the heap takes meanwhile, by steps of 132 KiB, and for the signal stack of a
        /// thread that starts on the stack of an ended one: without them std aborts the process.
        /// It is less than a stack.
        const ROOM: u64 = 512 << 10;
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let size = status
            .lines()
            .find_map(|line| line.strip_prefix("VmSize:"))?;
        let size: u64 = size.trim().strip_suffix("kB")?.trim().parse().ok()?;
        let limit = Limit::lower(Resource::As, (size << 10) + ROOM);
        Some(limit.map(|limit| Self { _limit: limit }))
    }
}

/// Signals to every thread of this process, one after the other, until it is dropped.
pub(crate) struct SignalStorm {
    stop: Arc<AtomicBool>,
    delivered: Arc<AtomicUsize>,
    sender: Option<JoinHandle<()>>,
}

impl SignalStorm {
    pub(crate) fn start() -> Option<io::Result<Self>> {
        Some(Self::try_start())
    }

    fn try_start() -> io::Result<Self> {
        let arrived = Arc::new(AtomicBool::new(false));
        signal_hook::flag::register(signal_hook::consts::SIGUSR1, Arc::clone(&arrived))?;
        let stop = Arc::new(AtomicBool::new(false));
        let delivered = Arc::new(AtomicUsize::new(0));
        let sender = thread::spawn({
            let (stop, delivered) = (Arc::clone(&stop), Arc::clone(&delivered));
            move || {
                while !stop.load(SeqCst) {
                    signal_every_thread();
                    if arrived.swap(false, SeqCst) {
                        delivered.fetch_add(1, SeqCst);
                    }
                    // Between two signals the process has to get on.
                    thread::sleep(Duration::from_micros(50));
                }
            }
        });
        Ok(Self {
            stop,
            delivered,
            sender: Some(sender),
        })
    }

    /// Calls `then` on another thread when `more` signals have been delivered.
    pub(crate) fn after(&self, more: usize, then: impl FnOnce() + Send + 'static) {
        let delivered = Arc::clone(&self.delivered);
        let enough = delivered.load(SeqCst) + more;
        thread::spawn(move || {
            while delivered.load(SeqCst) < enough {
                thread::yield_now();
            }
            then();
        });
    }

    /// In how many rounds a signal was delivered so far.
    pub(crate) fn delivered(&self) -> usize {
        self.delivered.load(SeqCst)
    }
}

impl Drop for SignalStorm {
    fn drop(&mut self) {
        self.stop.store(true, SeqCst);
        if let Some(sender) = self.sender.take() {
            // It has nothing to panic on.
            let _ = sender.join();
        }
    }
}

/// A signal goes to any thread of a process, but on Linux preferably to the one that is named.
fn signal_every_thread() {
    let named = fs::read_dir("/proc/self/task").map(|tasks| {
        let names = tasks.flatten().map(|task| task.file_name());
        names
            .filter_map(|name| name.to_str()?.parse().ok())
            .collect()
    });
    let threads: Vec<i32> = named.unwrap_or_else(|_| vec![process::id() as i32]);
    for pid in threads.into_iter().filter_map(Pid::from_raw) {
        // The thread may have ended meanwhile.
        let _ = kill_process(pid, Signal::USR1);
    }
}
