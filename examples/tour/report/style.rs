//! Colours, where they are wanted.

use std::env;
use std::io::{self, IsTerminal};

/// Whether to colour what is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    Coloured,
}

/// ANSI colours that can be told apart, and read, on dark and on light.
const COLOURS: [u8; 6] = [36, 32, 33, 35, 34, 31];

impl Style {
    /// Coloured if standard output is a terminal whose owner has not set `NO_COLOR`.
    pub(crate) fn of_stdout() -> Self {
        let refused = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        if io::stdout().is_terminal() && !refused {
            Self::Coloured
        } else {
            Self::Plain
        }
    }

    pub(crate) fn bold(self, text: &str) -> String {
        self.paint(1, text)
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.paint(2, text)
    }

    /// The text in the colour of the coroutine with this index.
    pub(crate) fn coroutine(self, who: usize, text: &str) -> String {
        self.paint(COLOURS[who % COLOURS.len()], text)
    }

    fn paint(self, code: u8, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Coloured => format!("\x1b[{code}m{text}\x1b[0m"),
        }
    }
}
