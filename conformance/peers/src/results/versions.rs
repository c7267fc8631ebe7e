//! What the program was built with.

use std::env::consts;
use std::fs;
use std::process::Command;
use std::thread;

/// The lock file of the build, so that the versions are those that run.
const LOCK: &str = include_str!("../../../../Cargo.lock");

/// The packages that the adapters are made with, and their versions.
pub(super) fn packages() -> Vec<(&'static str, &'static str)> {
    let locked = || LOCK.split("[[package]]");
    let own = locked().find(|package| field(package, "name") == Some(env!("CARGO_PKG_NAME")));
    let (_, dependencies) = own
        .and_then(|own| own.split_once("dependencies = ["))
        .unwrap_or_default();
    let dependencies = dependencies.split('"').skip(1).step_by(2);
    let versioned = dependencies.filter_map(|dependency| {
        // The version follows where there are several of the same name.
        let (name, version) = match dependency.split_once(' ') {
            Some((name, version)) => (name, version),
            None => {
                let package = locked().find(|package| field(package, "name") == Some(dependency));
                (
                    dependency,
                    package.and_then(|package| field(package, "version"))?,
                )
            }
        };
        (!name.starts_with("anyloop")).then_some((name, version))
    });
    versioned.collect()
}

/// The version of one of them.
pub(super) fn version(package: &str) -> Option<&'static str> {
    let mut packages = packages().into_iter();
    let found = packages.find(|(name, _)| *name == package);
    found.map(|(_, version)| version)
}

/// The value of `key = "value"`.
fn field(package: &'static str, key: &str) -> Option<&'static str> {
    let mut lines = package.lines();
    lines.find_map(|line| {
        let value = line.strip_prefix(key)?.strip_prefix(" = \"")?;
        value.strip_suffix('"')
    })
}

/// The machine and the build, in words.
pub(super) fn surroundings() -> String {
    let rustc = Command::new("rustc").arg("--version").output();
    let rustc = rustc.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let profile = match cfg!(debug_assertions) {
        true => "debug",
        false => "release",
    };
    format!(
        "{}, {profile} build, {} {} on {}, {} processors",
        rustc.unwrap_or_else(|_| "an unknown compiler".to_owned()),
        consts::OS,
        kernel.trim(),
        consts::ARCH,
        thread::available_parallelism().map_or(1, usize::from)
    )
}
