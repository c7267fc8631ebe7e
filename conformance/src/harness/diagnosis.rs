//! What the threads of a process that hangs are waiting in.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// One line for each thread: its name, its state, and the system call that it is in.
///
/// Where the system has no `/proc`, it says so.
pub(super) fn threads(process: u32) -> String {
    let folder = format!("/proc/{process}/task");
    let Ok(tasks) = fs::read_dir(&folder) else {
        return "  (this system does not tell)\n".to_owned();
    };
    let mut lines = String::new();
    for task in tasks.flatten() {
        let path = task.path();
        let name = read(&path, "comm");
        let state = read(&path, "status");
        let state = state
            .lines()
            .find_map(|line| line.strip_prefix("State:"))
            .unwrap_or("?");
        let call = read(&path, "syscall");
        let call = call.split_whitespace().next().unwrap_or("?");
        // Writing to a string cannot fail.
        let _ = writeln!(
            lines,
            "  {:<18} {:<14} {}",
            name.trim(),
            state.trim(),
            call_name(call)
        );
    }
    lines
}

fn read(folder: &Path, file: &str) -> String {
    fs::read_to_string(folder.join(file)).unwrap_or_default()
}

/// The calls that executors wait in, by their numbers on this architecture.
fn call_name(number: &str) -> String {
    let calls: &[(&str, &str)] = if cfg!(target_arch = "x86_64") {
        &[
            ("running", "on a processor"),
            ("202", "futex: a lock, a condition or a park"),
            ("232", "epoll_wait"),
            ("281", "epoll_pwait"),
            ("441", "epoll_pwait2"),
            ("7", "poll"),
            ("271", "ppoll"),
            ("35", "nanosleep"),
            ("230", "clock_nanosleep"),
            ("426", "io_uring_enter"),
            ("0", "read"),
            ("61", "wait4"),
        ]
    } else {
        &[
            ("running", "on a processor"),
            ("98", "futex"),
            ("22", "epoll_pwait"),
        ]
    };
    let known = calls.iter().find(|(known, _)| *known == number);
    known.map_or_else(
        || format!("system call {number}"),
        |(_, name)| (*name).to_owned(),
    )
}
