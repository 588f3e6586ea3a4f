//! What is found in a text, at its place, in the real system's words.

use std::sync::Arc;

/// A place in a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
    /// Bytes from the start of the whole text.
    pub offset: u32,
}

/// A part of a text; the end is exclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// First character.
    pub start: Position,
    /// Behind the last character.
    pub end: Position,
}

impl Span {
    /// An empty part at a place.
    pub fn at(position: Position) -> Self {
        Self { start: position, end: position }
    }

    /// Whether a byte offset lies within it (its end included, so that a cursor behind it counts).
    pub fn contains(&self, offset: u32) -> bool {
        self.start.offset <= offset && offset <= self.end.offset
    }
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The real system would refuse the document.
    Error,
    /// The real system accepts it with a `Warning:`, or silently does what is hardly meant.
    Warning,
    /// Valid, but this field is not simulated here.
    NotSimulated,
}

/// Plain words for a person: a text of `static/texts/{en,ko}.txt` by its key, with what to put into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The key, e.g. `hint.did-you-mean`.
    pub key: &'static str,
    /// Names and values for the places in the text.
    pub values: Vec<(&'static str, String)>,
}

/// A change to the text that would solve the finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What is replaced.
    pub span: Span,
    /// By what.
    pub text: String,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// The real system's words, without the part kubectl puts in front.
    pub message: String,
    /// What to do about it.
    pub hint: Option<Hint>,
    /// A change that would solve it.
    pub fix: Option<Fix>,
    /// The named file it is in, if the text has named files.
    pub file: Option<Arc<str>>,
    /// Index of the document in the text.
    pub document: usize,
    /// The field, as `spec.template.spec.containers[0].image`; empty for the whole document.
    pub path: String,
    /// Where.
    pub span: Span,
}

impl Diagnostic {
    /// An error at a place, without hint, path and file.
    pub fn error(message: impl Into<String>, span: Span) -> Self {
        Self {
            severity: Severity::Error,
            message: message.into(),
            hint: None,
            fix: None,
            file: None,
            document: 0,
            path: String::new(),
            span,
        }
    }

    /// The same with another severity.
    #[must_use]
    pub fn with_severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// The same with the field it speaks of.
    #[must_use]
    pub fn with_path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// The same with words about what to do.
    #[must_use]
    pub fn with_hint(mut self, key: &'static str, values: &[(&'static str, &str)]) -> Self {
        let values = values.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self.hint = Some(Hint { key, values });
        self
    }
}
