//! What differs between systems: when a group of jobs runs, and how a job goes.

use std::sync::Arc;
use std::time::Duration;

use super::Outcome;
use super::engine::JobRun;
use super::outside::Answer;
use super::plan::{Course, GroupId, JobId, Plan};

/// What becomes of a group that has not begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is too early to say.
    Wait,
    /// It runs.
    Run,
    /// It does not run.
    Skip,
    /// It runs once a person says so.
    Ask,
    /// It runs after this time.
    Delay(Duration),
}

/// What has happened so far.
#[derive(Clone, Copy, Debug)]
pub struct SoFar<'a> {
    /// What runs.
    pub plan: &'a Plan,
    /// How each job stands.
    pub jobs: &'a [JobRun],
    /// The result of each group that has ended.
    pub results: &'a [Option<Outcome>],
}

impl SoFar<'_> {
    /// The result of a group, once it has ended.
    pub fn result(&self, group: GroupId) -> Option<Outcome> {
        self.results.get(group).copied().flatten()
    }

    /// Whether all that a group needs has ended.
    pub fn needs_ended(&self, group: GroupId) -> bool {
        let needs = self.plan.groups.get(group).map_or(&[][..], |group| &group.needs);
        needs.iter().all(|need| self.result(*need).is_some())
    }
}

/// A system that runs pipelines.
pub trait System {
    /// What becomes of a group that has not begun; asked again whenever something has happened.
    fn decide(&self, group: GroupId, so_far: SoFar<'_>) -> Decision;

    /// What runs, once a group begins: what it needs may say how many jobs it has, and what they are called. Groups and jobs
    /// keep their places; new ones come behind them. None: the plan stays as it is.
    fn prepare(&mut self, _group: GroupId, _so_far: SoFar<'_>) -> Option<Arc<Plan>> {
        None
    }

    /// How a job goes that now begins, on a runner that is so much faster than usual.
    fn course(&mut self, job: JobId, speed: f64, so_far: SoFar<'_>) -> Course {
        so_far.plan.jobs.get(job).map(|job| job.course(speed)).unwrap_or_default()
    }

    /// How a job goes on that asked something of the world and got this answer. Up to the question nothing is different.
    fn answered(&mut self, job: JobId, _answer: Answer, speed: f64, so_far: SoFar<'_>) -> Course {
        self.course(job, speed, so_far)
    }
}

/// A system whose groups wait until all has ended that they need, and then run or not.
pub trait Decides {
    /// Whether a group runs whose needs have ended; `results` are of all groups so far.
    fn runs(&self, group: GroupId, results: &[Option<Outcome>]) -> bool;
}

impl<D: Decides> Decides for &D {
    fn runs(&self, group: GroupId, results: &[Option<Outcome>]) -> bool {
        D::runs(self, group, results)
    }
}

impl<D: Decides> Decides for Arc<D> {
    fn runs(&self, group: GroupId, results: &[Option<Outcome>]) -> bool {
        D::runs(self, group, results)
    }
}

impl<D: Decides> System for D {
    fn decide(&self, group: GroupId, so_far: SoFar<'_>) -> Decision {
        if !so_far.needs_ended(group) {
            Decision::Wait
        } else if self.runs(group, so_far.results) {
            Decision::Run
        } else {
            Decision::Skip
        }
    }
}
