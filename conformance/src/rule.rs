//! What a rule is: its name, its level, what it demands and why.

use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

use crate::rules::{self, Group};

/// A rule of the suite.
///
/// ```
/// use executor_conformance::{Level, Rule};
///
/// let rule = Rule::find("W9").unwrap();
/// assert_eq!(rule.id(), "W9");
/// assert_eq!(rule.level(), Level::Must);
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Rule {
    /// The name of the test and of the function that checks the rule: id, level, and a phrase.
    pub name: &'static str,
    /// What the executor must do, in one sentence.
    pub statement: &'static str,
    /// What goes wrong without it, and how the rule is checked.
    pub rationale: &'static str,
    /// Real bugs that the rule would have caught, as `project#number`.
    pub bugs: &'static [&'static str],
}

/// How much a rule binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// A correct future may go wrong on an executor that breaks it.
    Must,
    /// Users rely on it; an executor may differ if it says so.
    Should,
    /// Worth knowing; nothing is demanded.
    Info,
}

impl Rule {
    /// Every rule, in the order of the catalogue.
    pub fn all() -> impl Iterator<Item = &'static Rule> {
        rules::GROUPS.iter().flat_map(|group| group.rules)
    }

    /// The rule of an id (`W9`, `w09`) or of a test's name.
    pub fn find(name: &str) -> Option<&'static Rule> {
        let name = name.to_ascii_lowercase();
        Self::all().find(|rule| rule.name == name || same_id(&rule.id(), &name))
    }

    /// The rule's id, such as `W9`; an id is never used for another rule.
    pub fn id(&self) -> String {
        let (group, number) = self.prefix().split_at(1);
        let number = number.trim_start_matches('0');
        format!("{}{number}", group.to_ascii_uppercase())
    }

    /// How much the rule binds.
    pub fn level(&self) -> Level {
        match self.name.split('_').nth(1) {
            Some("must") => Level::Must,
            Some("should") => Level::Should,
            _ => Level::Info,
        }
    }

    /// The group that the rule is in.
    pub fn group(&self) -> &'static Group {
        let letter = self.prefix().get(..1).unwrap_or_default();
        let mut groups = rules::GROUPS.iter();
        groups
            .find(|group| letter.eq_ignore_ascii_case(group.letter.encode_utf8(&mut [0; 4])))
            .expect("every rule is in the group of its letter")
    }

    /// Whether the rule is about scheduling policies; all others are about executors.
    pub fn is_for_policies(&self) -> bool {
        self.group().letter == 'Q'
    }

    /// The capabilities that an adapter must declare for the rule to be checked on it.
    pub fn needs(&self) -> &'static [&'static str] {
        static NEEDS: LazyLock<HashMap<&str, &[&str]>> =
            LazyLock::new(|| rules::listed().into_iter().collect());
        NEEDS.get(self.name).copied().unwrap_or_default()
    }

    /// Where the bugs of [`Rule::bugs`] can be read.
    pub fn links(&self) -> impl Iterator<Item = String> {
        self.bugs.iter().map(|bug| link(bug))
    }

    fn prefix(&self) -> &'static str {
        self.name.split('_').next().unwrap_or(self.name)
    }
}

fn same_id(id: &str, asked: &str) -> bool {
    let Some(group) = asked.get(..1) else {
        return false;
    };
    let number = asked[1..].trim_start_matches('0');
    id.eq_ignore_ascii_case(&format!("{group}{number}"))
}

/// The address of `project#number`.
fn link(bug: &str) -> String {
    let (project, number) = bug.split_once('#').unwrap_or((bug, ""));
    let repository = match project {
        "tokio" | "mio" | "tokio-core" => format!("tokio-rs/{project}"),
        "smol" | "async-executor" | "async-io" | "polling" | "async-task" => {
            format!("smol-rs/{project}")
        }
        "rust" | "futures-rs" => format!("rust-lang/{project}"),
        "async-std" => "async-rs/async-std".to_owned(),
        "monoio" => "bytedance/monoio".to_owned(),
        "glommio" => "DataDog/glommio".to_owned(),
        "compio" => "compio-rs/compio".to_owned(),
        "bevy" => "bevyengine/bevy".to_owned(),
        "wasm-bindgen" => "rustwasm/wasm-bindgen".to_owned(),
        "wasmtime" => "bytecodealliance/wasmtime".to_owned(),
        "embassy" => "embassy-rs/embassy".to_owned(),
        "heph" => "Thomasdezeeuw/heph".to_owned(),
        "unicycle" => "udoprog/unicycle".to_owned(),
        other => other.to_owned(),
    };
    format!("https://github.com/{repository}/issues/{number}")
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
            Self::Info => "INFO",
        })
    }
}
