//! `opscape ci`: the jobs of a pipeline, and whether they run on what happens.

mod github;
mod gitlab;

use opscape_lab::Lang;
use opscape_manifest::diagnostic::{Diagnostic, Severity};
use opscape_pipeline::System;
use opscape_pipeline::advice::Advice;

use crate::world::{Stopped, read};

/// What happens in the repository, as the command line has it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Asked {
    /// Like `push`; none: nobody asks whether the pipeline runs.
    pub event: Option<String>,
    /// The branch.
    pub branch: Option<String>,
    /// The tag.
    pub tag: Option<String>,
    /// Like `opened`.
    pub action: Option<String>,
    /// The files that change; none: nobody says.
    pub changed: Vec<String>,
    /// Of the commit.
    pub message: Option<String>,
    /// Whether to run it on the clock.
    pub run: bool,
    /// Jobs that fail.
    pub fails: Vec<String>,
    /// Manual jobs that somebody starts.
    pub plays: Vec<String>,
    /// Environments with a reviewer, and whether that one lets jobs through; none: nobody says.
    pub reviews: Vec<(String, Option<bool>)>,
    /// Variables of the pipeline.
    pub variables: Vec<(String, String)>,
    /// How many runners for any job; none: those that the system lends.
    pub runners: Option<usize>,
    /// Of the durations.
    pub seed: Option<u64>,
    /// For programs.
    pub json: bool,
}

/// Advice as a warning, with what to do.
fn advised(advice: &Advice) -> Diagnostic {
    let warning = Diagnostic::error(advice.message.as_str(), advice.place).with_severity(Severity::Warning);
    warning.with_hint(advice.hint, &[("name", advice.name.as_str())])
}

/// Prints the jobs of a pipeline. Whether it is valid.
pub fn ci(file: &str, asked: &Asked, lang: Lang) -> Result<bool, Stopped> {
    let text = read(file, lang)?;
    match System::of(file, &text) {
        System::GitHub => Ok(github::ci(file, &text, asked, lang)),
        System::GitLab => Ok(gitlab::ci(file, &text, asked, lang)),
    }
}
