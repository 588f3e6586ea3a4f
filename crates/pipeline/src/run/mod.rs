//! Pipelines on the clock: jobs that wait for others, for a runner and for their turn.
//!
//! It knows neither GitHub nor GitLab: each makes a [`Plan`] of its configuration and decides, when all that a group of jobs
//! waits for has ended, whether it runs ([`Decides`]).

pub mod duration;
mod engine;
mod fleet;
mod graph;
pub mod json;
mod plan;

pub use engine::{Cause, JobRun, Run, run};
pub use fleet::{Fleet, Pool};
pub use graph::{cycles, longest_path, order};
pub use plan::{Ends, Group, GroupId, JobId, Plan, PlannedJob, PlannedStep, Serial};

/// What became of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It did all it should.
    Success,
    /// It did not.
    Failure,
    /// Somebody or something stopped it.
    Cancelled,
    /// Its condition did not hold.
    Skipped,
}

impl Outcome {
    const ALL: [Outcome; 4] = [Outcome::Success, Outcome::Failure, Outcome::Cancelled, Outcome::Skipped];

    /// Its name, which is the same in both systems' words: `success`, `failure`, ...
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Success => "success",
            Outcome::Failure => "failure",
            Outcome::Cancelled => "cancelled",
            Outcome::Skipped => "skipped",
        }
    }

    /// The outcome of a name.
    pub fn of(name: &str) -> Option<Outcome> {
        Outcome::ALL.into_iter().find(|outcome| outcome.name() == name)
    }
}

/// Says whether a group of jobs runs.
pub trait Decides {
    /// Asked once for each group, when all groups that it needs have ended; `results` are of all groups so far.
    fn runs(&self, group: GroupId, results: &[Option<Outcome>]) -> bool;
}
