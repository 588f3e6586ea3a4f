//! What is compared: the lanes of a text, or futures of one world.

use opscape_lab::Session as Lab;
use opscape_lab::compare::MOST;
use opscape_lab::words::{Lang, fill, seconds};
use opscape_sim::Time;

/// What is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The lanes of a text.
    Text {
        text: String,
        /// None: the text's own.
        seed: Option<u64>,
        /// The name of a built-in one, for a short link.
        name: Option<String>,
    },
    /// Futures of the world that a text begins.
    Runs {
        text: String,
        seed: Option<u64>,
        runs: Vec<Run>,
        /// How far they were known.
        until: Time,
    },
}

/// A future.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Where it was left; none: it is the present one.
    pub left_at: Option<Time>,
    /// What is done in it and not in the others.
    pub about: String,
    /// What is done in it, as [`Lab::acts_text`] has it.
    pub acts: String,
}

/// Between the parts of a list in a link; acts have no control characters.
const PART: char = '\u{1e}';
const FIELD: char = '\u{1f}';

impl Run {
    /// What it is called.
    pub fn title(&self, lang: Lang) -> String {
        match self.left_at {
            None => fill(lang, "compare.this-future", &[]),
            Some(at) => fill(lang, "compare.left-future", &[("t", &seconds(lang, at))]),
        }
    }
}

impl Source {
    /// The text.
    pub fn text(&self) -> &str {
        match self {
            Source::Text { text, .. } | Source::Runs { text, .. } => text,
        }
    }

    /// The present run of a world with the futures of it that were left, the newest ones first. None: there are none.
    pub fn of_branches(lab: &Lab, seed: Option<u64>) -> Option<Source> {
        let branches = lab.branches();
        let here = Run { left_at: None, about: lab.acts_here().join("\n"), acts: lab.acts_text() };
        let mut until = lab.known_until();
        let mut runs = vec![here];
        for branch in branches.iter().rev().take(MOST - 1) {
            let Some(left) = lab.of_branch(branch.index) else { continue };
            until = until.max(branch.known_until);
            runs.push(Run {
                left_at: Some(branch.left_at),
                about: branch.acts.join("\n"),
                acts: left.acts_text(),
            });
        }
        (runs.len() > 1).then(|| Source::Runs { text: lab.opening_text().to_owned(), seed, runs, until })
    }

    /// The runs as one text, for a link.
    pub fn runs_text(runs: &[Run]) -> String {
        let parts: Vec<String> = runs
            .iter()
            .map(|run| {
                let field = |text: &str| text.replace([PART, FIELD], " ");
                let left_at = run.left_at.map(|at| at.0.to_string()).unwrap_or_default();
                [left_at, field(&run.about), run.acts.clone()].join(&FIELD.to_string())
            })
            .collect();
        parts.join(&PART.to_string())
    }

    /// The runs that a text holds; none: it is none of [`Source::runs_text`].
    pub fn runs_of(text: &str) -> Option<Vec<Run>> {
        text.split(PART)
            .take(MOST)
            .map(|part| {
                let mut fields = part.splitn(3, FIELD).map(str::to_owned);
                let left_at = fields.next()?;
                let left_at = if left_at.is_empty() { None } else { Some(Time(left_at.parse().ok()?)) };
                Some(Run { left_at, about: fields.next()?, acts: fields.next()? })
            })
            .collect()
    }
}
