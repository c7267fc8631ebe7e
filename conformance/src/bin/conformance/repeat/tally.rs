//! What became of the rules in each of many runs.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use executor_conformance::harness::Record;

/// A rule on an executor, as it is written.
type Key = String;
/// The verdicts of one run; a rule that has several records there, as under several suites of one
/// executor, has all of them.
type Run = BTreeMap<Key, Vec<String>>;

/// The verdicts of all runs so far.
#[derive(Default)]
pub(super) struct Tally {
    runs: Vec<Run>,
    /// How many runs had a failure.
    failed: usize,
    /// The first failure of each rule, in full.
    first_failures: BTreeMap<Key, String>,
}

impl Tally {
    /// Adds the records of a run, and says how it went; a failure in full when it is the first.
    pub(super) fn add(&mut self, records: Vec<Record>, alike: bool) -> String {
        let mut run = Run::new();
        let mut failed = BTreeSet::new();
        let mut news = String::new();
        for record in &records {
            let key = format!("{} on {}", record.rule.id(), record.executor);
            if record.verdict.is_failure() {
                failed.insert(key.clone());
                if let Entry::Vacant(first) = self.first_failures.entry(key.clone()) {
                    news.push_str(&format!("\n{record}"));
                    first.insert(record.to_string());
                }
            }
            run.entry(key).or_default().push(record.verdict.to_string());
        }
        // Tests that run side by side report in any order.
        run.values_mut().for_each(|verdicts| verdicts.sort());
        self.failed += usize::from(!failed.is_empty());
        self.runs.push(run);
        let told = match alike {
            true => self.differing(),
            false => failed.into_iter().collect(),
        };
        let count = records.len();
        let told = match (told.is_empty(), alike) {
            (true, true) => format!("{count} verdicts, the same as ever"),
            (true, false) => format!("{count} verdicts, no failure"),
            (false, true) => format!("{count} verdicts; so far these differ: {}", told.join(", ")),
            (false, false) => format!("{count} verdicts; these failed: {}", told.join(", ")),
        };
        // Where failures are accepted, the first run would tell all of them.
        told + if alike { "" } else { &news }
    }

    /// Whether all went well, and in how many runs; then each rule that was in the way.
    pub(super) fn sum_up(&self, alike: bool) -> (bool, String) {
        let all = self.runs.len();
        let (well, what, told) = match alike {
            true => (
                self.most_alike(),
                "with the same verdicts",
                self.differing(),
            ),
            false => (all - self.failed, "without a failure", self.failures()),
        };
        let mut summary = format!("{well} of {all} runs {what}");
        for key in told {
            summary.push_str(&format!("\n\n{key}: {}", self.history(&key)));
            if let Some(failure) = self.first_failures.get(&key) {
                summary.push_str(&format!("\n{failure}"));
            }
        }
        (well == all, summary)
    }

    fn failures(&self) -> Vec<Key> {
        self.first_failures.keys().cloned().collect()
    }

    /// The rules whose verdicts are not the same in all runs.
    fn differing(&self) -> Vec<Key> {
        let keys: BTreeSet<&Key> = self.runs.iter().flat_map(Run::keys).collect();
        let differs = |key: &&Key| {
            let mut verdicts = self.runs.iter().map(|run| run.get(*key));
            let first = verdicts.next();
            verdicts.any(|other| Some(other) != first)
        };
        keys.into_iter().filter(differs).cloned().collect()
    }

    /// How many runs the largest set of runs has that are alike.
    fn most_alike(&self) -> usize {
        let mut counts = BTreeMap::<&Run, usize>::new();
        for run in &self.runs {
            *counts.entry(run).or_default() += 1;
        }
        counts.into_values().max().unwrap_or(0)
    }

    /// Each verdict of a rule, and in how many runs it was reached.
    fn history(&self, key: &Key) -> String {
        let mut counts = BTreeMap::<String, usize>::new();
        for run in &self.runs {
            let verdict = run.get(key).map(|verdicts| verdicts.join(" and "));
            *counts
                .entry(verdict.unwrap_or_else(|| "no record".to_owned()))
                .or_default() += 1;
        }
        let told = counts
            .iter()
            .map(|(verdict, count)| format!("{verdict} in {count}"));
        let all = self.runs.len();
        format!("{} of {all} runs", told.collect::<Vec<_>>().join(", "))
    }
}
