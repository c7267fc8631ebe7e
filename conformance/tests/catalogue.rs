//! The catalogue agrees with itself and with the macros, and the program that prints it works.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::{self, Command, Output};

use executor_conformance::rules::GROUPS;
use executor_conformance::{Level, Rule};

/// What `suite!` takes, and `pool` for policies.
const CAPABILITIES: &[&str] = &[
    "spawn",
    "remote",
    "abort",
    "local",
    "timers",
    "reset",
    "intervals",
    "tcp",
    "udp",
    "unix",
    "blocking",
    "parallel",
    "shared",
    "nested",
    "shutdown_timeout",
    "wrap",
    "pool",
];

const VERDICTS: &[&str] = &[
    "pass",
    "skip",
    "info",
    "non-strict",
    "fail",
    "hang",
    "abort",
    "expected-fail",
    "unexpected-pass",
];

const SETTINGS: &[&str] = &[
    "SEED",
    "STRESS",
    "TIMEOUT",
    "REPORT",
    "LENIENT",
    "IN_PROCESS",
];

#[test]
fn the_macros_list_the_rules_of_the_catalogue() {
    let mut listed: Vec<(&str, &[&str])> = Vec::new();
    executor_conformance::__groups! { @needs listed }
    executor_conformance::__policies! { @needs listed }
    let listed: BTreeSet<&str> = listed.iter().map(|(name, _)| *name).collect();
    let described: BTreeSet<&str> = Rule::all().map(|rule| rule.name).collect();
    let unlisted: Vec<_> = described.difference(&listed).collect();
    let undescribed: Vec<_> = listed.difference(&described).collect();
    assert!(unlisted.is_empty(), "no macro lists {unlisted:?}");
    assert!(undescribed.is_empty(), "no group describes {undescribed:?}");
}

#[test]
fn what_a_rule_needs_is_known_at_run_time() {
    let needs = |id| Rule::find(id).expect("a rule").needs();
    assert_eq!(needs("W1"), [""; 0]);
    assert_eq!(needs("W9"), ["spawn"]);
    assert_eq!(needs("Q2"), ["pool"]);
    for rule in Rule::all() {
        for need in rule.needs() {
            assert!(CAPABILITIES.contains(need), "{}: {need}", rule.name);
        }
    }
}

#[test]
fn ids_are_unique_in_order_and_of_their_group() {
    let mut seen = BTreeSet::new();
    for group in GROUPS {
        let mut last = 0;
        for rule in group.rules {
            let id = rule.id();
            assert!(seen.insert(id.clone()), "{id} is there twice");
            let number: u32 = id[1..].parse().expect("a number");
            assert!(id.starts_with(group.letter), "{id} is not in its group");
            assert!(number > last, "{id} comes after {last}");
            assert_eq!(rule.group().letter, group.letter);
            last = number;
        }
    }
}

#[test]
fn every_rule_is_named_and_told_as_the_reports_need_it() {
    for rule in Rule::all() {
        let name = rule.name;
        let parts: Vec<&str> = name.splitn(3, '_').collect();
        assert_eq!(parts.len(), 3, "{name}");
        let (prefix, level) = (parts[0], parts[1]);
        let digits = prefix.len() == 3 && prefix[1..].chars().all(|c| c.is_ascii_digit());
        assert!(digits, "{name}: an id is a letter and two digits");
        assert_eq!(level, rule.level().to_string().to_lowercase(), "{name}");
        assert!(rule.statement.ends_with('.'), "{name}: {}", rule.statement);
        assert!(!rule.statement.contains('\n'), "{name}");
        assert!(rule.rationale.len() > 60, "{name} is not explained");
        for key in [name, &rule.id(), prefix] {
            assert_eq!(Rule::find(key).map(|rule| rule.name), Some(name), "{key}");
        }
    }
}

#[test]
fn every_bug_has_an_address() {
    for rule in Rule::all() {
        for link in rule.links() {
            let path = link.strip_prefix("https://github.com/");
            let parts: Vec<_> = path.expect("a repository").split('/').collect();
            let number = parts.last().and_then(|number| number.parse::<u32>().ok());
            let whole = parts.len() == 4 && parts[2] == "issues" && number.is_some();
            assert!(whole, "{}: {link}; teach `rule.rs` the project", rule.name);
        }
    }
}

#[test]
fn the_readme_names_every_group_verdict_setting_and_capability() {
    let readme = include_str!("../README.md");
    let groups = GROUPS.iter().map(|group| format!("| {} | ", group.letter));
    let capabilities = CAPABILITIES.iter().filter(|name| **name != "pool");
    let code = capabilities.map(|name| format!("`{name}`"));
    let verdicts = VERDICTS.iter().map(|name| format!("| {name} | "));
    let settings = SETTINGS
        .iter()
        .map(|name| format!("| `EXECUTOR_CONFORMANCE_{name}` | "));
    for name in groups.chain(code).chain(verdicts).chain(settings) {
        assert!(readme.contains(&name), "no word of {name}");
    }
}

#[test]
fn the_program_lists_by_group_and_level() {
    let all = text(conformance(&["list"]));
    assert_eq!(all.lines().count(), Rule::all().count());
    let wakers = text(conformance(&["list", "--group", "w", "--level=must"]));
    let expected = Rule::all().filter(|r| r.group().letter == 'W' && r.level() == Level::Must);
    assert_eq!(wakers.lines().count(), expected.count());
    assert!(wakers.contains("W9   MUST   `wake` returns although"));
    let verbose = text(conformance(&["list", "-v", "-g", "W"]));
    assert!(verbose.contains("https://github.com/bytedance/monoio/issues/146"));
    assert!(verbose.contains("needs: `spawn`"));
}

#[test]
fn the_program_explains_a_rule() {
    let explained = text(conformance(&["explain", "W9", "q2"]));
    let rule = Rule::find("W9").expect("a rule");
    assert!(explained.starts_with(&format!("W9 MUST {}\n", rule.name)));
    assert!(explained.contains(rule.statement));
    assert!(explained.contains("Q2 MUST"));
    assert!(explained.contains("needs: `pool`"));
}

#[test]
fn the_program_reports_in_each_format() {
    let file = Temporary::new(
        "{\"rule\":\"w09_must_wake_never_waits\",\"executor\":\"mine\",\"verdict\":\"fail\",\
         \"ms\":2,\"seed\":1,\"note\":\"it waited\"}\n",
    );
    let path = file.0.to_str().expect("a plain path");
    assert!(text(conformance(&["report", path])).contains("| W9 | MUST |"));
    let junit = text(conformance(&["report", path, "--format=junit"]));
    assert!(junit.contains("<failure message=\"fail: it waited\""));
    let badge = text(conformance(&["report", path, path, "--format", "badge"]));
    assert!(badge.starts_with("MUST 0/1, SHOULD 0/0 ("), "{badge}");
    let strict = conformance(&["report", path, "--strict"]);
    assert_eq!(strict.status.code(), Some(1));
    assert!(
        !strict.stdout.is_empty(),
        "the report is there all the same"
    );
}

#[test]
fn the_program_says_what_was_wrong_and_what_to_do() {
    let bad = Temporary::new("{\"rule\":\"w99_must_fly\"}\n");
    let empty = Temporary::new("\n");
    let path = |file: &Temporary| file.0.to_str().expect("a plain path").to_owned();
    let (bad_path, empty_path) = (path(&bad), path(&empty));
    for (args, says) in [
        (&["frob"] as &[&str], "no command \"frob\""),
        (&["list", "--group", "y"], "the groups are L W S"),
        (&["list", "--level", "shall"], "`must`, `should` and `info`"),
        (&["list", "--colour"], "'--colour'"),
        (&["explain"], "`conformance explain W9`"),
        (&["explain", "W99"], "group W has W1 "),
        (&["explain", "7"], "`conformance list` prints all"),
        (&["repeat", "50"], "`repeat` needs a number and a command"),
        (&["repeat", "0", "--", "true"], "1 or more"),
        (
            &["repeat", "1", "--", "/nowhere"],
            "cannot run \"/nowhere\"",
        ),
        (&["report"], "EXECUTOR_CONFORMANCE_REPORT="),
        (&["report", "/nowhere"], "`/nowhere` does not exist"),
        (&["report", "/"], "cannot read `/`"),
        (&["report", &bad_path], "line 1 is no record"),
        (&["report", &empty_path], "has no records; to write one"),
        (
            &["report", "-", "--format", "pdf"],
            "`markdown`, `junit` and `badge`",
        ),
    ] {
        let output = conformance(args);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
        assert!(said.contains(says), "{args:?}: {said}");
        assert!(output.stdout.is_empty(), "{args:?}");
    }
}

fn conformance(args: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_conformance"));
    program.args(args).output().expect("the program runs")
}

fn text(output: Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    String::from_utf8(output.stdout).expect("plain text")
}

/// A file that goes when it is dropped.
struct Temporary(PathBuf);

impl Temporary {
    fn new(text: &str) -> Self {
        let name = format!("conformance-catalogue-{}-{}", process::id(), text.len());
        let path = std::env::temp_dir().join(name);
        fs::write(&path, text).expect("room for a file");
        Self(path)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // Left-overs in the folder for temporary files harm nobody.
        let _ = fs::remove_file(&self.0);
    }
}
