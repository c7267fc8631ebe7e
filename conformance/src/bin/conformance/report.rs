//! Making a report of files of records.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use executor_conformance::harness::Record;
use executor_conformance::report::{self, Report};

use crate::args::{self, Format, HOW_TO_RECORD};

/// A report that was made.
pub(crate) struct Made {
    pub(crate) text: String,
    /// Whether the exit status tells of failures.
    pub(crate) failed: bool,
}

pub(crate) fn make(asked: &args::Report) -> Result<Made, String> {
    let mut records = Vec::new();
    for file in &asked.files {
        records.extend(read(file)?);
    }
    let report: Report = records.into_iter().collect();
    Ok(Made {
        text: match asked.format {
            Format::Markdown => report.to_markdown(),
            Format::Junit => report.to_junit(asked.strict),
            Format::Badge => report.badge(),
        },
        failed: asked.strict && !report.is_acceptable(true),
    })
}

fn read(file: &Path) -> Result<Vec<Record>, String> {
    let from_input = file == Path::new("-");
    let name = match from_input {
        true => "standard input".to_owned(),
        false => format!("`{}`", file.display()),
    };
    let text = match from_input {
        true => read_input(),
        false => fs::read_to_string(file),
    };
    let text = text.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => format!("{name} does not exist; {HOW_TO_RECORD}"),
        io::ErrorKind::InvalidData => format!("{name} is no file of records: {error}"),
        _ => format!("cannot read {name}: {error}"),
    })?;
    let records = report::parse(&text).map_err(|error| format!("{name}: {error}"))?;
    if records.is_empty() {
        return Err(format!("{name} has no records; {HOW_TO_RECORD}"));
    }
    Ok(records)
}

fn read_input() -> io::Result<String> {
    let mut text = String::new();
    io::stdin().read_to_string(&mut text)?;
    Ok(text)
}
