//! What the programs under `repro/` show, read from their heads.

use std::fs;
use std::path::Path;

use executor_conformance::Rule;

/// A program that shows a fault by itself.
pub(super) struct Repro {
    /// The name of the program.
    pub(super) name: String,
    /// The package that it is about, with the version that it was tried on.
    pub(super) package: String,
    /// What it shows, as a sentence.
    pub(super) title: String,
    /// Where that comes from, as paragraphs.
    pub(super) text: String,
    /// The executors and the rules that find it.
    shows: Vec<(String, &'static Rule)>,
}

impl Repro {
    /// Whether it shows what a rule finds on an executor.
    pub(super) fn shows(&self, executor: &str, rule: &Rule) -> bool {
        let mut shows = self.shows.iter();
        shows.any(|(of, known)| of == executor && known.name == rule.name)
    }

    /// What it shows on `executor`.
    pub(super) fn rules<'a>(&'a self, executor: &'a str) -> impl Iterator<Item = &'static Rule> {
        let shows = self.shows.iter();
        shows.filter_map(move |(of, rule)| (of == executor).then_some(*rule))
    }

    fn parse(name: &str, source: &str, executors: &[&str]) -> Result<Self, String> {
        let head = source.lines().map_while(|line| line.strip_prefix("//!"));
        let head: Vec<&str> = head.map(str::trim).collect();
        let mut paragraphs = head.split(|line| line.is_empty());
        let title = paragraphs.next().unwrap_or_default().join(" ");
        let (package, title) = title
            .split_once(": ")
            .ok_or("no `package version: what` at its head")?;
        let mut shows = Vec::new();
        for line in paragraphs.next().unwrap_or_default() {
            let line = line
                .strip_prefix("Rules: ")
                .ok_or("no `Rules: ` in its second paragraph")?;
            shows.extend(rules(line, executors)?);
        }
        let text: Vec<_> = paragraphs.map(|paragraph| paragraph.join(" ")).collect();
        Ok(Self {
            name: name.to_owned(),
            package: package.to_owned(),
            title: sentence(title),
            text: text.join("\n\n"),
            shows,
        })
    }
}

/// Reads `EXECUTOR RULE RULE …`; the names of executors have spaces.
fn rules(line: &str, executors: &[&str]) -> Result<Vec<(String, &'static Rule)>, String> {
    let named = executors.iter().filter(|name| line.starts_with(**name));
    let executor = named.max_by_key(|name| name.len());
    let executor = executor.ok_or_else(|| format!("`{line}` names no executor"))?;
    let ids = line[executor.len()..].split_whitespace();
    let rules = ids.map(|id| {
        let rule = Rule::find(id).ok_or_else(|| format!("there is no rule {id}"))?;
        Ok(((*executor).to_owned(), rule))
    });
    rules.collect()
}

/// `title` with a capital letter and without its full stop.
fn sentence(title: &str) -> String {
    let title = title.trim_end_matches('.');
    let mut chars = title.chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string());
    format!("{}{}", first.unwrap_or_default(), chars.as_str())
}

/// All programs, in the order of their names.
///
/// # Errors
///
/// What cannot be read, or which head does not say what it must.
pub(super) fn all(executors: &[&str]) -> Result<Vec<Repro>, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("repro/src/bin");
    let cannot = |error| format!("cannot read {}: {error}", folder.display());
    let mut repros = Vec::new();
    for file in fs::read_dir(&folder).map_err(cannot)? {
        let path = file.map_err(cannot)?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let source = fs::read_to_string(&path).map_err(cannot)?;
        let repro = Repro::parse(&name, &source, executors);
        repros.push(repro.map_err(|what| format!("{}: {what}", path.display()))?);
    }
    repros.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(repros)
}
