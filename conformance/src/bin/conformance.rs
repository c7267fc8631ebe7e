//! Lists and explains the rules of the suite.

fn main() {
    for rule in executor_conformance::Rule::all() {
        println!("{:<4} {:<6} {}", rule.id(), rule.level(), rule.statement);
    }
}
