//! What steps ask of the world around their runner: a registry, a cluster, a bucket. A run on its own has no such world; then
//! these commands take their usual time and do nothing.
//!
//! A job's course is worked out anew, from its beginning, each time an answer comes: with the same files and answers its
//! commands do the same again, so that nothing of a shell that is half through a script has to be kept.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A command that waits for the world.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// The words, expanded.
    pub words: Vec<String>,
    /// What it reads from standard input.
    pub input: String,
    /// The files of the working directory, by path.
    pub files: Arc<BTreeMap<String, String>>,
    /// The shell's variables.
    pub variables: Arc<BTreeMap<String, String>>,
    /// The directory that it runs in; empty: that of the checkout.
    pub folder: String,
    /// Which step.
    pub step: usize,
    /// When, since the first step began.
    pub at: Duration,
}

/// What the world made of a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The exit code.
    pub code: i32,
    /// What it printed.
    pub output: String,
    /// The same on standard error.
    pub errors: String,
    /// How long it took.
    pub took: Duration,
    /// Whether it did something; else it only took its time.
    pub acts: bool,
}

/// A command that was answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The step.
    pub step: usize,
    /// What it is called: the program and what it is to do.
    pub name: String,
    /// As it would be typed.
    pub line: String,
    /// Its exit code.
    pub code: i32,
    /// Whether it did something; else it only took its time.
    pub acts: bool,
    /// When it began and ended, since the first step began.
    pub begin: Duration,
    /// When it ended.
    pub end: Duration,
}

/// What stands in the output of a shell where a command began that was answered: a line that nobody prints.
pub fn mark(told: usize) -> String {
    format!("{MARK}{told}\n")
}

/// The command that such a line stands for.
pub fn marked(line: &str) -> Option<usize> {
    line.strip_prefix(MARK)?.parse().ok()
}

const MARK: char = '\u{1}';

/// The talk of a job with the world, as far as it has come.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Talk {
    answers: Arc<Vec<Answer>>,
    next: usize,
    /// What was asked last, if there is no answer to it yet.
    pub open: Option<Asked>,
    /// What was asked and answered.
    pub told: Vec<Told>,
    /// The step that asks.
    pub step: usize,
    /// What went on before the shell that asks began.
    pub before: Duration,
}

impl Talk {
    /// With the answers that came so far.
    pub fn new(answers: &Arc<Vec<Answer>>) -> Talk {
        Talk { answers: answers.clone(), ..Talk::default() }
    }

    /// Asks. None: there is no answer yet, and nothing more can be done.
    pub fn ask(&mut self, mut asked: Asked) -> Option<Answer> {
        if self.open.is_some() {
            return None;
        }
        let Some(answer) = self.answers.get(self.next).cloned() else {
            asked.step = self.step;
            asked.at += self.before;
            self.open = Some(asked);
            return None;
        };
        self.next += 1;
        self.told.push(Told {
            step: self.step,
            name: name(&asked.words),
            line: line(&asked.words),
            code: answer.code,
            acts: answer.acts,
            begin: self.before + asked.at,
            end: self.before + asked.at + answer.took,
        });
        Some(answer)
    }
}

/// What a command is called: the program and what it is to do.
pub fn name(words: &[String]) -> String {
    let mut shown: Vec<&str> = Vec::new();
    for word in words {
        let plain = !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || "-3".contains(c));
        let most = match shown.first() {
            Some(&("kubectl" | "k")) if matches!(shown.get(1), Some(&("rollout" | "set" | "argo"))) => 3,
            Some(&"docker" | &"podman") if matches!(shown.get(1), Some(&("buildx" | "image"))) => 3,
            Some(&"aws") => 3,
            _ => 2,
        };
        if shown.len() >= most || (!shown.is_empty() && (!plain || word.starts_with('-'))) {
            break;
        }
        shown.push(word);
    }
    shown.join(" ")
}

/// Words as they would be typed.
pub fn line(words: &[String]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,{}".contains(c);
    let shown: Vec<String> = words
        .iter()
        .map(|word| {
            if !word.is_empty() && word.chars().all(plain) {
                word.clone()
            } else {
                ["'", &word.replace('\'', "'\\''"), "'"].concat()
            }
        })
        .collect();
    let line = shown.join(" ");
    if line.chars().count() > MOST_SHOWN {
        return [&line.chars().take(MOST_SHOWN).collect::<String>(), "…"].concat();
    }
    line
}

/// The most characters of a command that are told.
const MOST_SHOWN: usize = 160;

/// Whether a command is one that the world is asked about.
pub fn is_outside(words: &[String]) -> bool {
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    match word(0) {
        "kubectl" | "k" | "docker" | "podman" | "helm" | "kustomize" => words.len() > 1,
        "aws" => matches!(word(1), "s3" | "ecr"),
        _ => false,
    }
}
