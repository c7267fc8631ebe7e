//! The server's process, seen from the client's.

use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::Service;
use crate::sys;

/// A server that runs until it is dropped.
#[derive(Debug)]
pub(super) struct Server {
    /// The server itself, or the tracer it runs under.
    child: Child,
    pid: Pid,
    address: SocketAddr,
    running: bool,
}

impl Server {
    /// Starts a server on the cores `cpus` and waits until it listens.
    pub(super) fn start(runtime: &str, service: Service, cpus: &[usize]) -> io::Result<Self> {
        Self::launch(
            Command::new(std::env::current_exe()?),
            runtime,
            service,
            cpus,
        )
    }

    /// The same, with its system calls counted by strace into `summary`.
    pub(super) fn start_traced(
        runtime: &str,
        service: Service,
        cpus: &[usize],
        summary: &Path,
    ) -> io::Result<Self> {
        let mut strace = Command::new("strace");
        strace
            .args(["-f", "-c", "-o"])
            .arg(summary)
            .arg("--")
            .arg(std::env::current_exe()?);
        Self::launch(strace, runtime, service, cpus)
    }

    fn launch(
        mut command: Command,
        runtime: &str,
        service: Service,
        cpus: &[usize],
    ) -> io::Result<Self> {
        command
            .arg("--serve")
            .arg(service.name())
            .arg(runtime)
            .args(cpus.iter().map(usize::to_string));
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        match parse_greeting(&line) {
            Some((address, pid)) => Ok(Self {
                child,
                pid,
                address,
                running: true,
            }),
            None => {
                child.kill()?;
                child.wait()?;
                Err(io::Error::other(format!(
                    "the {runtime} server has not started; it said {line:?} in place of its address"
                )))
            }
        }
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its CPU time so far.
    pub(super) fn cpu(&self) -> io::Result<Duration> {
        sys::cpu_of(self.pid.as_raw_nonzero().get().unsigned_abs())
    }

    /// Ends it and waits until it, and the tracer if it has one, is gone.
    pub(super) fn stop(mut self) -> io::Result<()> {
        self.end()
    }

    fn end(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.running) {
            kill_process(self.pid, Signal::KILL)?;
            self.child.wait()?;
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            eprintln!(
                "anyloop-bench: cannot end the server {}: {error}",
                self.pid.as_raw_nonzero()
            );
        }
    }
}

fn parse_greeting(line: &str) -> Option<(SocketAddr, Pid)> {
    let (address, pid) = line.trim_end().split_once(' ')?;
    Some((address.parse().ok()?, Pid::from_raw(pid.parse().ok()?)?))
}
