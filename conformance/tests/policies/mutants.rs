//! Each broken policy, the rule that it fails by, and what that says.

use std::time::Duration;

use executor_conformance::harness::{self, Settings, Verdict};

use crate::broken::*;
use crate::orders::*;

/// A test for each line: the policy with this fault fails by this rule, with these words.
macro_rules! mutants {
    ($($test:ident: $fault:ident fails by $rule:literal: $says:literal;)*) => {
        $(
            #[test]
            fn $test() {
                let entries = executor_conformance::scheduler_entries!(Broken<$fault>);
                let entry = entries.iter().find(|entry| entry.rule.id() == $rule);
                let path = concat!(module_path!(), "::", stringify!($test));
                fails(path, entry.expect("the rule is checked"), $says);
            }
        )*
    };
}

/// A test for each line: the loop makes good what the policy with this fault does when it closes.
macro_rules! contained {
    ($($test:ident: $fault:ident passes $rule:literal;)*) => {
        $(
            #[test]
            fn $test() {
                let entries = executor_conformance::scheduler_entries!(Broken<$fault>);
                let entry = entries.iter().find(|entry| entry.rule.id() == $rule);
                let path = concat!(module_path!(), "::", stringify!($test));
                passes(path, entry.expect("the rule is checked"));
            }
        )*
    };
}

fn passes(path: &str, entry: &harness::Entry) {
    let mut settings = Settings::default();
    settings.seed = 7;
    settings.timeout = Duration::from_secs(60);
    let record = harness::check(path, entry, &settings);
    assert_eq!(record.verdict, Verdict::Pass, "{record}");
}

fn fails(path: &str, entry: &harness::Entry, says: &str) {
    let mut settings = Settings::default();
    settings.seed = 7;
    settings.timeout = Duration::from_secs(60);
    let record = harness::check(path, entry, &settings);
    assert_eq!(record.verdict, Verdict::Fail, "{record}");
    assert!(record.note.contains(says), "no word of `{says}`: {record}");
}

mutants! {
    a_task_is_dropped_in_push: DropsInPush fails by "Q1": "dropped the `Ready` of TaskId(";
    a_task_is_dropped_in_pop: DropsInPop fails by "Q1": "dropped the `Ready` of TaskId(";
    a_task_is_leaked: Leaks fails by "Q1": "lost 1 task(s) (TaskId(";
    a_full_ring_overwrites: Overwrites fails by "Q1": "has lost";
    a_priority_has_no_line: ForgetsThePriority255 fails by "Q1": "holds back 1 task(s)";
    the_last_task_stays: KeepsOne fails by "Q1": "holds back 1 task(s)";
    there_is_none_but_there_are: SaysNone fails by "Q1": "`pop` gave `None` while `len` is";
    a_count_saturates: CountsTo64 fails by "Q1": "`len` is 64, but";
    a_count_is_not_lowered: CountsOneTooMany fails by "Q1": "after a pop, `len` is 1, but";
    a_policy_is_never_empty: NeverEmpty fails by "Q1": "`is_empty` is false";
    a_task_is_put_off_for_ever: PutsOff fails by "Q1": "put off 1 task(s)";
    push_panics: PanicsInPush fails by "Q1": "panicked in `push`: the queue is full";
    pop_panics: PanicsInPop fails by "Q1": "panicked in `pop`: a task";
    ran_panics: PanicsInRan fails by "Q1": "panicked in `ran`: few polls";
    wake_at_panics: PanicsInWakeAt fails by "Q4": "panicked in `wake_at`: nobody";
    drop_panics: PanicsInDrop fails by "Q7": "panicked in `drop`: tasks are left";
    tasks_that_closing_wakes_are_leaked: LeaksWhenClosed fails by "Q3": "has not given back";
    an_idle_policy_is_deaf: DeafWhenIdle fails by "Q4": "ready by Remote): `pop` gave `None`";
    many_from_elsewhere_count_as_one: OneFromElsewhere fails by "Q6": "ready by Remote";
    a_lone_task_that_yields_is_forgotten: ForgetsWhoYielded fails by "Q6": "ready by Yield";
    an_order_is_fatal: LeaksInOneOrder fails by "Q8": "the shortest that fails, ";
    a_count_is_fatal: LosesCount fails by "Q8": "the shortest that fails, ";
}

// A loop that closes ends the tasks whose tokens its policy has lost.
contained! {
    tasks_outlive_their_policy: KeepsAfterDrop passes "Q7";
    tasks_are_leaked_with_their_policy: LeaksInDrop passes "Q7";
}
