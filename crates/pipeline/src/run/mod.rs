//! Pipelines on the clock: jobs that wait for others, for a runner and for their turn.
//!
//! It knows neither GitHub nor GitLab: each makes a [`Plan`] of its configuration and is a [`System`], which decides what
//! becomes of a group of jobs while others go on. An [`Engine`] can be played to its end ([`run`]) or followed from instant to
//! instant, with what a person does in between.

mod acts;
pub mod duration;
mod engine;
mod fleet;
mod gate;
mod graph;
pub mod json;
pub mod outside;
mod plan;
mod shared;
mod system;
mod turns;
mod wishes;

pub use engine::{Cause, Engine, Happened, JobRun, Run, State, What, run};
pub use fleet::{Fleet, Pool};
pub use gate::{Gate, Verdict};
pub use graph::{cycles, longest_path, order};
pub use outside::{Answer, Asked, Talk, Told};
pub use plan::{
    Course, Ends, Group, GroupId, JobId, Kind, Plan, PlannedJob, PlannedStep, Serial, Superseded,
};
pub use shared::Elsewhere;
pub use system::{Decides, Decision, SoFar, System};
pub use wishes::{Failing, Lasting, Wishes};

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
