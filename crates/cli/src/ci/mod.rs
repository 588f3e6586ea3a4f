//! `opscape ci`: the jobs of a pipeline, and whether they run on what happens.

mod github;

use opscape_lab::Lang;

use crate::say::say;
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
    /// How many runners for any job; none: those that the system lends.
    pub runners: Option<usize>,
    /// Of the durations.
    pub seed: Option<u64>,
    /// For programs.
    pub json: bool,
}

/// Whose configuration a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum System {
    GitHub,
}

/// By the place of the file, else by what is in it.
fn system(file: &str, text: &str) -> Option<System> {
    let path = file.replace('\\', "/");
    let has = |key: &str| {
        text.lines().any(|line| {
            let line = line.trim_start_matches('\u{feff}').trim_start_matches(['"', '\'', '{']);
            line.strip_prefix(key)
                .is_some_and(|rest| rest.trim_start_matches(['"', '\'']).trim_start().starts_with(':'))
        })
    };
    let gitlab = path.contains(".gitlab-ci") || (has("stages") && !has("jobs"));
    let github = path.contains(".github/workflows/") || has("jobs") || has("on");
    (github || !gitlab).then_some(System::GitHub)
}

/// Prints the jobs of a pipeline. Whether it is valid.
pub fn ci(file: &str, asked: &Asked, lang: Lang) -> Result<bool, Stopped> {
    let text = read(file, lang)?;
    match system(file, &text) {
        Some(System::GitHub) => Ok(github::ci(file, &text, asked, lang)),
        None => {
            eprintln!("{}", say(lang, "error.pipeline", &[("file", file)]));
            Err(Stopped(2))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workflow_is_known_by_its_place_or_its_content() {
        for (file, text) in [
            (".github/workflows/a.yml", ""),
            ("x.yml", "name: a\n'on': push\n"),
            ("x.yml", "jobs:\n"),
            ("x.yml", "stages: 1\njobs:\n"),
            ("x.yml", "{on: push, jobs: {}}"),
        ] {
            assert_eq!(system(file, text), Some(System::GitHub), "{file} {text}");
        }
        assert_eq!(system("repo/.gitlab-ci.yml", "a:\n  script: x\n"), None);
        assert_eq!(system("x.yml", "stages: [a]\na:\n  script: x\n"), None);
    }
}
