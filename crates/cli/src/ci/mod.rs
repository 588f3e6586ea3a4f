//! `opscape ci`: the jobs of a pipeline, and whether they run on what happens.

mod github;
mod gitlab;

use opscape_lab::Lang;

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
    /// Variables of the pipeline.
    pub variables: Vec<(String, String)>,
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
    GitLab,
}

/// By the place of the file, else by what is in it.
fn system(file: &str, text: &str) -> System {
    let path = file.replace('\\', "/");
    let has = |key: &str| {
        text.lines().any(|line| {
            let line = line.trim_start_matches('\u{feff}').trim_start_matches(['"', '\'', '{']);
            line.strip_prefix(key)
                .is_some_and(|rest| rest.trim_start_matches(['"', '\'']).trim_start().starts_with(':'))
        })
    };
    let runs = |key: &str| text.lines().any(|line| line.split([' ', '{', ',']).any(|word| word == key));
    if path.contains(".github/workflows/") || (has("jobs") && !path.contains(".gitlab-ci")) || has("on") {
        System::GitHub
    } else if path.contains(".gitlab-ci") || has("stages") || runs("script:") || runs("trigger:") {
        System::GitLab
    } else {
        System::GitHub
    }
}

/// Prints the jobs of a pipeline. Whether it is valid.
pub fn ci(file: &str, asked: &Asked, lang: Lang) -> Result<bool, Stopped> {
    let text = read(file, lang)?;
    match system(file, &text) {
        System::GitHub => Ok(github::ci(file, &text, asked, lang)),
        System::GitLab => Ok(gitlab::ci(file, &text, asked, lang)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipeline_is_known_by_its_place_or_its_content() {
        for (file, text) in [
            (".github/workflows/a.yml", ""),
            ("x.yml", "name: a\n'on': push\n"),
            ("x.yml", "jobs:\n"),
            ("x.yml", "stages: 1\njobs:\n"),
            ("x.yml", "{on: push, jobs: {}}"),
        ] {
            assert_eq!(system(file, text), System::GitHub, "{file} {text}");
        }
        for (file, text) in [
            ("repo/.gitlab-ci.yml", "include: x.yml\n"),
            ("x.yml", "stages: [a]\na:\n  script: x\n"),
            ("x.yml", "a: { script: x }\n"),
        ] {
            assert_eq!(system(file, text), System::GitLab, "{file} {text}");
        }
    }
}
