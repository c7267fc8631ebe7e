//! The rules about how the workspace is put together, as ARCHITECTURE.md states them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const BACKEND: &str = "anyloop-backend-";
const BENCH: &str = "anyloop-bench";
const CONFORMANCE: &str = "anyloop-conformance";
const CONFORMANCE_PEERS: &str = "anyloop-conformance-peers";
const CONFORMANCE_REPRO: &str = "anyloop-conformance-repro";
const CORE: &str = "anyloop-executor-core";
const FACADE: &str = "anyloop";
const IO: &str = "anyloop-io";
const REACTOR: &str = "anyloop-reactor";

/// A file longer than this is more than one thing.
const MOST_LINES: usize = 450;

/// The workspace packages that `package` may need when it is built; `None` if nobody has said.
///
/// Tests may use what they like, so development dependencies are not looked at.
fn allowed<'a>(package: &str, members: &BTreeSet<&'a str>) -> Option<BTreeSet<&'a str>> {
    let among = |wanted: fn(&str) -> bool| members.iter().copied().filter(|m| wanted(m)).collect();
    match package {
        CORE | CONFORMANCE_REPRO => Some(BTreeSet::new()),
        REACTOR | IO | CONFORMANCE => Some(among(|member| member == CORE)),
        FACADE => Some(among(|member| {
            ![FACADE, BENCH, CONFORMANCE_PEERS, CONFORMANCE_REPRO].contains(&member)
        })),
        CONFORMANCE_PEERS => Some(among(|member| member == CONFORMANCE)),
        BENCH => Some(among(|member| {
            ![BENCH, CONFORMANCE_PEERS, CONFORMANCE_REPRO].contains(&member)
        })),
        backend if backend.starts_with(BACKEND) => {
            Some(among(|member| [CORE, REACTOR, IO].contains(&member)))
        }
        _ => None,
    }
}

#[test]
fn dependencies_point_one_way() {
    let packages = packages();
    let members: BTreeSet<&str> = packages.iter().map(|p| p.name.as_str()).collect();
    let mut wrong = Vec::new();
    for package in &packages {
        let name = &package.name;
        let Some(allowed) = allowed(name, &members) else {
            wrong.push(format!("{name} has no place yet: give it one in `allowed`"));
            continue;
        };
        let needed = package.needs.iter().map(String::as_str);
        let extra = needed.filter(|need| members.contains(need) && !allowed.contains(need));
        wrong.extend(extra.map(|need| format!("{name} must not depend on {need}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let facade = packages.iter().find(|package| package.name == FACADE);
    let needs = &facade.expect("the facade is a member").needs;
    assert!(needs.contains(CORE), "the dependencies were not read");
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    for package in packages() {
        let manifest = read(&package.folder.join("Cargo.toml"));
        let inherits = manifest.contains("[lints]\nworkspace = true");
        assert!(inherits, "{}: add `[lints] workspace = true`", package.name);
    }
}

#[test]
fn unsafe_code_is_in_the_files_that_architecture_names() {
    let map = read(&Path::new(ROOT).join("ARCHITECTURE.md"));
    let section = map.split("\n## ").find(|part| part.starts_with("Unsafe"));
    let section = section.expect("ARCHITECTURE.md has a section `Unsafe`");
    let named: BTreeSet<&str> = section
        .lines()
        .filter(|line| line.starts_with("- "))
        .flat_map(|line| line.split('`').skip(1).step_by(2))
        .filter(|text| text.ends_with(".rs"))
        .collect();
    let sources = sources();
    let found: BTreeSet<&str> = sources
        .iter()
        .filter(|(_, text)| has_unsafe_code(text))
        .map(|(path, _)| path.as_str())
        .collect();
    assert_eq!(found, named, "found on the left, named on the right");
    for path in found {
        let opts_out = sources[path].contains("unsafe_code");
        assert!(opts_out, "{path} has unsafe code and no `allow` of it");
    }
}

#[test]
fn no_source_file_is_too_long() {
    let sources = sources();
    let long = sources
        .iter()
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|&(_, lines)| lines > MOST_LINES);
    let long: Vec<_> = long.collect();
    assert!(long.is_empty(), "more than {MOST_LINES} lines: {long:?}");
}

#[test]
fn the_core_knows_no_operating_system() {
    let sources = sources();
    let core = sources
        .iter()
        .filter(|(path, _)| path.starts_with("executor-core/"));
    for (path, text) in core {
        for word in ["target_os", "cfg(unix", "cfg(windows", "std::os::"] {
            let found = code_lines(text).any(|line| line.contains(word));
            assert!(!found, "{path} says `{word}`");
        }
    }
}

#[test]
fn unsafe_code_is_told_from_talk_about_it() {
    assert!(has_unsafe_code("    let x = unsafe { *pointer };"));
    assert!(has_unsafe_code("unsafe impl Send for X {}"));
    assert!(has_unsafe_code("    unsafe fn register(&self);"));
    assert!(!has_unsafe_code("// unsafe { never }\n//! unsafe impl"));
    assert!(!has_unsafe_code("#![allow(unsafe_code, reason = \"x\")]"));
}

struct Package {
    name: String,
    folder: PathBuf,
    /// By name, without what only tests use.
    needs: BTreeSet<String>,
}

/// The members of the workspace, as cargo sees them.
fn packages() -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--offline", "--no-deps", "--format-version=1"])
        .current_dir(ROOT)
        .output()
        .expect("cargo runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo metadata: {said}");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo writes JSON");
    let packages = metadata["packages"].as_array().expect("a list of packages");
    packages.iter().map(package).collect()
}

fn package(value: &Value) -> Package {
    let manifest = Path::new(text(&value["manifest_path"]));
    let dependencies = value["dependencies"].as_array().expect("a list");
    Package {
        name: text(&value["name"]).to_owned(),
        folder: manifest.parent().expect("a folder").to_owned(),
        needs: dependencies
            .iter()
            .filter(|dependency| dependency["kind"] != "dev")
            .map(|dependency| text(&dependency["name"]).to_owned())
            .collect(),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a string")
}

/// Every source file of every member, by its path from the root.
fn sources() -> BTreeMap<String, String> {
    let mut sources = BTreeMap::new();
    for package in packages() {
        collect(&package.folder.join("src"), &mut sources);
    }
    assert!(sources.contains_key("src/lib.rs"), "the sources were found");
    sources
}

fn collect(folder: &Path, into: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(ROOT).expect("inside the workspace");
            into.insert(name.display().to_string(), read(&path));
        }
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn has_unsafe_code(text: &str) -> bool {
    let forms = ["{", "impl", "fn", "extern", "trait"].map(|what| format!("unsafe {what}"));
    code_lines(text).any(|line| forms.iter().any(|form| line.contains(form)))
}

fn code_lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
}
