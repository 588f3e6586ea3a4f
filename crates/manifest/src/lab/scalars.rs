//! Durations and texts in two languages.

use std::fmt;

use crate::duration::format_go;

/// A span of time in microseconds, written as a Go duration (`1m30s`) or a number of seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration(pub i64);

impl Duration {
    /// Whole seconds.
    pub const fn seconds(seconds: i64) -> Self {
        Self(seconds * 1_000_000)
    }

    /// Milliseconds.
    pub const fn millis(millis: i64) -> Self {
        Self(millis * 1_000)
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format_go(self.0))
    }
}

/// A text for a person; written plain it is the same in both languages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// English.
    pub en: String,
    /// Korean.
    pub ko: String,
}

impl Text {
    /// The text in a language (`ko` or anything else); the other one where it is missing.
    pub fn in_language(&self, language: &str) -> &str {
        let (first, second) = if language == "ko" { (&self.ko, &self.en) } else { (&self.en, &self.ko) };
        if first.is_empty() { second } else { first }
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.en.is_empty() && self.ko.is_empty()
    }
}
