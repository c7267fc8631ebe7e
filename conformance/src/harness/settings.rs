//! What the environment says about a run.

use std::env;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::Record;

const SEED: &str = "EXECUTOR_CONFORMANCE_SEED";
const STRESS: &str = "EXECUTOR_CONFORMANCE_STRESS";
const TIMEOUT: &str = "EXECUTOR_CONFORMANCE_TIMEOUT";
const REPORT: &str = "EXECUTOR_CONFORMANCE_REPORT";
const LENIENT: &str = "EXECUTOR_CONFORMANCE_LENIENT";
const IN_PROCESS: &str = "EXECUTOR_CONFORMANCE_IN_PROCESS";

/// How rules are run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// The seed of stochastic rules.
    pub seed: u64,
    /// What their iterations are multiplied by.
    pub stress: u32,
    /// How long a rule may take.
    pub timeout: Duration,
    /// The file that records are added to.
    pub report: Option<PathBuf>,
    /// Whether what misses a SHOULD passes.
    pub lenient: bool,
    /// Whether rules run without a child process.
    pub in_process: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: seed_of_the_clock(),
            stress: 1,
            timeout: Duration::from_secs(30),
            report: None,
            lenient: false,
            in_process: cfg!(miri),
        }
    }
}

impl Settings {
    /// What the environment says.
    ///
    /// # Panics
    ///
    /// If a variable is set to something that it cannot be, with its name.
    pub fn from_env() -> Self {
        let default = Self::default();
        Self {
            seed: number(SEED).unwrap_or(default.seed),
            stress: positive(STRESS).unwrap_or(default.stress),
            timeout: positive(TIMEOUT).map_or(default.timeout, Duration::from_secs),
            report: env::var_os(REPORT).map(PathBuf::from),
            lenient: flag(LENIENT),
            in_process: flag(IN_PROCESS) || default.in_process,
        }
    }

    /// Adds a record to the report, if one is kept.
    ///
    /// # Panics
    ///
    /// If the file cannot be written.
    pub fn report(&self, record: &Record) {
        let Some(path) = &self.report else { return };
        let line = format!("{}\n", record.to_json());
        let file = OpenOptions::new().create(true).append(true).open(path);
        // One write, so that lines of processes that report at once do not mix.
        let written = file.and_then(|mut file| file.write_all(line.as_bytes()));
        if let Err(error) = written {
            panic!("{REPORT}={}: {error}", path.display());
        }
    }

    /// The variables that make a child process run by these settings.
    pub(super) fn to_env(&self) -> [(&'static str, String); 3] {
        // Rules give up, and say on what, after a part of the limit; it is told in whole seconds.
        let timeout = self.timeout.as_secs().max(1);
        [
            (SEED, self.seed.to_string()),
            (STRESS, self.stress.to_string()),
            (TIMEOUT, timeout.to_string()),
        ]
    }
}

fn seed_of_the_clock() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    // Seeds are typed by people: keep them short.
    since.map_or(1, |since| u64::from(since.subsec_nanos()))
}

fn number<T: FromStr>(variable: &str) -> Option<T> {
    let value = env::var_os(variable)?;
    match value.to_str().and_then(|value| value.parse().ok()) {
        Some(number) => Some(number),
        None => panic!("{variable} must be a number that fits, not {value:?}"),
    }
}

/// No trial at all would be a pass, and no time a hang.
fn positive<T: FromStr + Default + PartialEq>(variable: &str) -> Option<T> {
    let number = number(variable)?;
    assert!(number != T::default(), "{variable} must be 1 or more");
    Some(number)
}

fn flag(variable: &str) -> bool {
    let value = env::var_os(variable).unwrap_or_default();
    match value.to_str() {
        Some("" | "0") => false,
        Some("1") => true,
        _ => panic!("{variable} must be 0 or 1, not {value:?}"),
    }
}
