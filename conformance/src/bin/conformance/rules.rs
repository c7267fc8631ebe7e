//! Listing and explaining rules.

use executor_conformance::Rule;

use crate::args::Filter;

/// Lines are no longer than this, where words allow.
const WIDTH: usize = 96;

pub(crate) fn list(filter: &Filter, verbose: bool) -> String {
    let rules = Rule::all().filter(|rule| is_wanted(rule, filter));
    let listed = rules.map(|rule| {
        let mut line = format!("{:<4} {:<6} {}\n", rule.id(), rule.level(), rule.statement);
        if verbose {
            line.push_str(&reasons(rule));
            line.push('\n');
        }
        line
    });
    listed.collect()
}

fn is_wanted(rule: &Rule, filter: &Filter) -> bool {
    let group = rule.group().letter;
    let of_group = filter.groups.iter().any(|wanted| wanted.letter == group);
    let of_level = filter.level.is_none_or(|level| rule.level() == level);
    (of_group || filter.groups.is_empty()) && of_level
}

pub(crate) fn explain(rules: &[&Rule]) -> String {
    let explained = rules.iter().map(|rule| {
        let head = format!("{} {} {}", rule.id(), rule.level(), rule.name);
        let group = format!("group: {}, {}", rule.group().letter, rule.group().title);
        let statement = wrap(rule.statement, "");
        format!("{head}\n\n{statement}\n{}  {group}\n", reasons(rule))
    });
    explained.collect::<Vec<_>>().join("\n")
}

/// Why there is the rule, what it needs, and where it comes from.
fn reasons(rule: &Rule) -> String {
    let mut text = wrap(rule.rationale, "  ");
    text.push_str(&format!("  needs: {}\n", needs(rule)));
    for (bug, link) in rule.bugs.iter().zip(rule.links()) {
        text.push_str(&format!("  bug: {bug} {link}\n"));
    }
    text
}

fn needs(rule: &Rule) -> String {
    match (rule.needs(), rule.is_for_policies()) {
        ([], true) => "a policy".to_owned(),
        ([], false) => "`block_on` alone".to_owned(),
        (needs, _) => format!("`{}`", needs.join("`, `")),
    }
}

/// The text in lines, each after `indent`.
fn wrap(text: &str, indent: &str) -> String {
    let mut wrapped = String::new();
    let mut line = indent.to_owned();
    for word in text.split_whitespace() {
        if line.len() > indent.len() && line.chars().count() + 1 + word.chars().count() > WIDTH {
            wrapped.push_str(&line);
            wrapped.push('\n');
            line = indent.to_owned();
        }
        if line.len() > indent.len() {
            line.push(' ');
        }
        line.push_str(word);
    }
    wrapped + &line + "\n"
}
