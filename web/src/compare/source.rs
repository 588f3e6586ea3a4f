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
    /// Another comparison with more lanes.
    More {
        /// The other one; none of these.
        base: Box<Source>,
        more: Vec<Added>,
    },
}

/// A lane that was added to a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Added {
    /// A lane of a built-in comparison.
    Way {
        /// The comparison.
        name: String,
        /// The lane.
        lane: String,
        /// The comparison's text.
        text: String,
    },
    /// A future of the world that a text begins.
    Future {
        text: String,
        seed: Option<u64>,
        run: Run,
        /// How far it was known.
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
            Source::More { base, .. } => base.text(),
        }
    }

    /// The seed that was asked for; none: that of the text.
    pub fn seed(&self) -> Option<u64> {
        match self {
            Source::Text { seed, .. } | Source::Runs { seed, .. } => *seed,
            Source::More { base, .. } => base.seed(),
        }
    }

    /// The built-in comparison that it is, or begins with.
    pub fn built_in(&self) -> Option<&str> {
        match self {
            Source::Text { name, .. } => name.as_deref(),
            Source::Runs { .. } => None,
            Source::More { base, .. } => base.built_in(),
        }
    }

    /// The lanes that were added.
    pub fn added(&self) -> &[Added] {
        if let Source::More { more, .. } = self { more } else { &[] }
    }

    /// With these lanes added instead of those that were.
    pub fn with(&self, more: Vec<Added>) -> Source {
        let base = if let Source::More { base, .. } = self { base.clone() } else { Box::new(self.clone()) };
        if more.is_empty() { *base } else { Source::More { base, more } }
    }

    /// Whether a lane that could be added is there already.
    pub fn has(&self, added: &Added) -> bool {
        let base = if let Source::More { base, .. } = self { base } else { self };
        self.added().contains(added)
            || match (base, added) {
                (Source::Text { name, .. }, Added::Way { name: other, .. }) => name.as_ref() == Some(other),
                (
                    Source::Runs { text, seed, runs, .. },
                    Added::Future { text: other, seed: also, run, .. },
                ) => text == other && seed == also && runs.iter().any(|known| known.acts == run.acts),
                _ => false,
            }
    }

    /// The futures of a world, the present one first, as lanes to be added.
    pub fn futures(lab: &Lab, seed: Option<u64>) -> Vec<Added> {
        let (runs, until) = runs_of(lab);
        let text = lab.opening_text();
        runs.into_iter().map(|run| Added::Future { text: text.to_owned(), seed, run, until }).collect()
    }

    /// The present run of a world with the futures of it that were left, the newest ones first. None: there are none.
    pub fn of_branches(lab: &Lab, seed: Option<u64>) -> Option<Source> {
        let (runs, until) = runs_of(lab);
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

/// The present run of a world and those of it that were left, the newest ones first; and how far they are known.
fn runs_of(lab: &Lab) -> (Vec<Run>, Time) {
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
    (runs, until)
}

/// Between lanes that were added, and between what is said of one; runs and acts have neither.
const LANE: char = '\u{1c}';
const WORD: char = '\u{1d}';

impl Added {
    /// Lanes that were added as one text, for a link.
    pub fn text_of(more: &[Added]) -> String {
        let word = |text: &str| text.replace([LANE, WORD], " ");
        let lanes: Vec<String> = more
            .iter()
            .map(|added| match added {
                Added::Way { name, lane, .. } => {
                    ["way".to_owned(), name.clone(), word(lane)].join(&WORD.to_string())
                }
                Added::Future { text, seed, run, until } => {
                    let seed = seed.map(|seed| seed.to_string()).unwrap_or_default();
                    let run = Source::runs_text(std::slice::from_ref(run));
                    ["future".to_owned(), word(text), seed, until.0.to_string(), word(&run)]
                        .join(&WORD.to_string())
                }
            })
            .collect();
        lanes.join(&LANE.to_string())
    }

    /// The lanes that a text holds, of which ways have no text yet; none: it is none of [`Added::text_of`].
    pub fn of_text(text: &str) -> Option<Vec<Added>> {
        let lanes = text.split(LANE).filter(|lane| !lane.is_empty()).take(MOST);
        lanes
            .map(|lane| {
                let mut words = lane.splitn(5, WORD).map(str::to_owned);
                match words.next()?.as_str() {
                    "way" => {
                        Some(Added::Way { name: words.next()?, lane: words.next()?, text: String::new() })
                    }
                    "future" => {
                        let text = words.next()?;
                        let seed = words.next()?;
                        let seed = if seed.is_empty() { None } else { Some(seed.parse().ok()?) };
                        let until = Time(words.next()?.parse().ok()?);
                        let run = Source::runs_of(&words.next()?)?.into_iter().next()?;
                        Some(Added::Future { text, seed, run, until })
                    }
                    _ => None,
                }
            })
            .collect()
    }
}
