//! What is wrong with a workflow.

use std::sync::Arc;

use opscape_manifest::diagnostic::Span;

use super::expression::Failure;
use super::token::{FileId, Token, Unexpected};

/// Something that makes a workflow invalid.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// The official words.
    pub message: String,
    /// The file.
    pub file: Arc<str>,
    /// Where in the file, if the official parser tells a place.
    pub place: Option<Span>,
    /// What found it.
    pub phase: Phase,
}

/// What finds a problem; the later phases do not begin after a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// The text is no YAML.
    Yaml,
    /// A value is not of a kind that may stand there.
    Parse,
    /// The parts do not fit together.
    Convert,
}

impl Phase {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Yaml => "yaml",
            Phase::Parse => "parse",
            Phase::Convert => "convert",
        }
    }
}

/// What was found so far, and the files it was found in (`template-context.ts`).
#[derive(Debug)]
pub(super) struct Context {
    pub files: Vec<Arc<str>>,
    pub problems: Vec<Problem>,
    pub phase: Phase,
}

impl Context {
    pub(super) fn new() -> Self {
        Context { files: Vec::new(), problems: Vec::new(), phase: Phase::Yaml }
    }

    /// A number for a file.
    pub(super) fn file(&mut self, name: &str) -> FileId {
        if let Some(known) = self.files.iter().position(|file| file.eq_ignore_ascii_case(name)) {
            return known;
        }
        self.files.push(name.into());
        self.files.len() - 1
    }

    pub(super) fn at(&mut self, file: FileId, place: Option<Span>, message: impl Into<String>) {
        let file = self.files.get(file).cloned().unwrap_or_else(|| "".into());
        self.problems.push(Problem { message: message.into(), file, place, phase: self.phase });
    }

    pub(super) fn error(&mut self, token: &Token, message: impl Into<String>) {
        self.at(token.file, token.place, message);
    }

    pub(super) fn failure(&mut self, token: &Token, failure: Failure) {
        self.at(token.file, token.place, failure.message);
    }

    pub(super) fn unexpected(&mut self, unexpected: Unexpected) {
        self.at(unexpected.file, unexpected.place, unexpected.message);
    }

    /// The result, or nothing and a problem.
    pub(super) fn caught<T>(&mut self, result: Result<T, Unexpected>) -> Option<T> {
        result.map_err(|unexpected| self.unexpected(unexpected)).ok()
    }
}
