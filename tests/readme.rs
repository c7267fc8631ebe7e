//! What the documents say can be found: files, tests, examples, crates.
//!
//! The programs in the README are compiled and run by the facade's documentation tests.

use std::fs;
use std::path::Path;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const DOCUMENTS: [&str; 3] = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"];

#[test]
fn links_lead_somewhere() {
    let mut links = 0;
    for document in DOCUMENTS {
        let text = read(document);
        for link in text.split("](").skip(1) {
            let (target, _) = link.split_once(')').expect("a link is closed");
            if !target.contains("://") {
                links += 1;
                assert!(exists(target), "{document} links to {target}");
            }
        }
    }
    assert!(links > 5, "only {links} links were found");
}

#[test]
fn named_files_and_tests_are_there() {
    let mut tests = 0;
    for document in DOCUMENTS {
        let text = read(document);
        for name in text.split('`').skip(1).step_by(2) {
            let (path, test) = name.split_once("::").unwrap_or((name, ""));
            if !path.ends_with(".rs") || path.contains(char::is_whitespace) {
                continue;
            }
            assert!(exists(path), "{document} names {path}");
            if !test.is_empty() {
                tests += 1;
                let function = format!("fn {test}(");
                assert!(read(path).contains(&function), "{path} has no `{test}`");
            }
        }
    }
    assert!(tests > 10, "only {tests} tests were named");
}

#[test]
fn each_invariant_names_a_test() {
    let text = read("ARCHITECTURE.md");
    for number in 1..=6 {
        let start = format!("| L{number} |");
        let row = text.lines().find(|line| line.starts_with(&start));
        let row = row.unwrap_or_else(|| panic!("ARCHITECTURE.md has no row for L{number}"));
        assert!(row.contains(".rs::"), "L{number} names no test");
    }
}

#[test]
fn the_map_stays_short() {
    let lines = read("ARCHITECTURE.md").lines().count();
    assert!(lines <= 150, "ARCHITECTURE.md has {lines} lines");
}

#[test]
fn examples_that_are_to_be_run_are_there() {
    let text = read("README.md");
    let examples: Vec<_> = text.split("--example ").skip(1).collect();
    assert!(!examples.is_empty(), "the README runs an example");
    for example in examples {
        let name = example.split(|c: char| !c.is_alphanumeric()).next();
        let name = name.expect("a split has a first part");
        let file = format!("examples/{name}.rs");
        let folder = format!("examples/{name}/main.rs");
        assert!(exists(&file) || exists(&folder), "no example `{name}`");
    }
}

#[test]
fn every_member_of_the_workspace_is_in_the_readme() {
    let manifest = read("Cargo.toml");
    let (_, members) = manifest.split_once("members = [").expect("members");
    let (members, _) = members.split_once(']').expect("the list is closed");
    let readme = read("README.md");
    let folders = members.split('"').skip(1).step_by(2);
    for folder in folders.filter(|folder| *folder != ".") {
        let link = format!("[{folder}]({folder})");
        assert!(readme.contains(&link), "the README does not show {folder}");
    }
}

fn exists(path: &str) -> bool {
    Path::new(ROOT).join(path).exists()
}

fn read(path: &str) -> String {
    let path = Path::new(ROOT).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
