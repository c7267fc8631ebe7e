//! System calls per round trip, counted by strace.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::client::Echo;
use super::server::Server;
use super::{Context, Measured, Place, Service, Trouble, sample};

/// Two runs of different length: their difference knows nothing of starting and stopping.
const SHORT: u64 = 25;
const LONG: u64 = 125;
/// Before each message. A traced server is slow; without a pause the next message would be there
/// before it has come to wait, and the waiting would go uncounted.
const PAUSE: Duration = Duration::from_millis(2);

/// Counts on one connection.
pub(super) fn measure(cx: Context) -> Measured {
    let strace = Command::new("strace")
        .arg("-V")
        .stdout(Stdio::null())
        .status();
    if !strace.is_ok_and(|status| status.success()) {
        return Err(Trouble::Skipped(
            "there is no strace here to count with".to_owned(),
        ));
    }
    let cpus = Place::Apart.take()?;
    let short = count(cx, &cpus, SHORT)?;
    let long = count(cx, &cpus, LONG)?;
    let each = (long as f64 - short as f64) / (LONG - SHORT) as f64;
    Ok(vec![sample("st/tcp_1_syscalls", "syscalls", each)])
}

/// All system calls of a server that lives for `round_trips`.
fn count(cx: Context, cpus: &[usize], round_trips: u64) -> Result<u64, Trouble> {
    let summary = Scratch::new(round_trips);
    let server = Server::start_traced(cx.runtime, Service::Echo, cpus, &summary.0)?;
    Echo::connect(server.address(), 1)?.run_count(round_trips, PAUSE)?;
    server.stop()?;
    let text = fs::read_to_string(&summary.0)?;
    total_calls(&text).ok_or_else(|| {
        Trouble::Failed(format!(
            "strace printed no total that can be read: {text:?}"
        ))
    })
}

/// The number of calls in the last line of `strace -c`: percent, seconds, usecs/call, calls, …
fn total_calls(summary: &str) -> Option<u64> {
    let total = summary.lines().rev().find(|line| line.ends_with("total"))?;
    total.split_whitespace().nth(3)?.parse().ok()
}

/// A file in the temporary folder, removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(tag: u64) -> Self {
        let name = format!("anyloop-bench-{}-{tag}.strace", std::process::id());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // It is not there when strace did not come to write it.
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::total_calls;

    #[test]
    fn reads_the_total_with_and_without_errors() {
        let with = "% time ...\n100.00    0.002277           0      1234         1 total\n";
        let without = "% time ...\n100.00    0.002277           0       987           total\n";
        assert_eq!(total_calls(with), Some(1234));
        assert_eq!(total_calls(without), Some(987));
        assert_eq!(total_calls("strace: died\n"), None);
    }
}
