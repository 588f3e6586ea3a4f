//! What is to run.

use std::time::Duration;

use opscape_manifest::diagnostic::Span;

use super::Outcome;
use super::gate::Gate;
use super::outside::Asked;

/// A job by its place in the plan.
pub type JobId = usize;
/// A group by its place in the plan.
pub type GroupId = usize;

/// A pipeline that is ready to run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// What waits and is waited for: the jobs of the configuration.
    pub groups: Vec<Group>,
    /// What takes a runner.
    pub jobs: Vec<PlannedJob>,
    /// The names of the stages, in order; none: the system has no stages.
    pub stages: Vec<String>,
    /// Whether of those that wait for a runner the first of the plan gets it, and not the one that waits longest.
    pub in_order: bool,
    /// One run at a time.
    pub serial: Option<Serial>,
    /// What becomes of it when a newer one of the same branch begins.
    pub superseded: Superseded,
}

/// What becomes of a pipeline when a newer one of the same branch begins (GitLab's `workflow:auto_cancel:on_new_commit`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Superseded {
    /// It goes on.
    #[default]
    GoesOn,
    /// It is cancelled, unless a job has started that may not be interrupted.
    Conservative,
    /// Its jobs are cancelled that may be interrupted.
    Interruptible,
}

/// What a group stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// One job.
    #[default]
    Single,
    /// The jobs that a matrix makes of one.
    Matrix,
    /// The jobs of a pipeline that it calls.
    Call,
}

/// A job of the configuration: one job, all that a matrix makes of it, or all of a pipeline that it calls.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Group {
    /// Its id in the configuration.
    pub id: String,
    /// The groups that must end before; whatever their results.
    pub needs: Vec<GroupId>,
    /// The group that it is a part of: it begins no earlier, and its result counts there.
    pub within: Option<GroupId>,
    /// Its jobs.
    pub jobs: Vec<JobId>,
    /// Whether the others are cancelled when one of its jobs fails.
    pub fail_fast: bool,
    /// The most of its jobs that run at once.
    pub max_parallel: Option<usize>,
    /// What it stands for.
    pub kind: Kind,
    /// The name that several groups share which come from one job of the configuration; else its id.
    pub base: String,
    /// Its stage, if there are stages.
    pub stage: Option<usize>,
    /// Whether it waits for its needs because it stands in a later stage, and nobody wrote them.
    pub by_stage: bool,
    /// The condition as written, if there is one.
    pub condition: Option<String>,
    /// Where it stands in the text.
    pub place: Option<Span>,
}

/// A job.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlannedJob {
    /// What people see.
    pub name: String,
    /// The group it belongs to.
    pub group: GroupId,
    /// What its runner must have.
    pub labels: Vec<String>,
    /// What it does, in order.
    pub steps: Vec<PlannedStep>,
    /// How long it may take; none: as long as it takes.
    pub timeout: Option<Duration>,
    /// Whether a failure counts as success for those that need it.
    pub may_fail: bool,
    /// One at a time.
    pub serial: Option<Serial>,
    /// Whether it may be cancelled when a newer pipeline begins.
    pub interruptible: bool,
    /// What stands before it; none: it begins when its turn has come.
    pub gate: Option<Gate>,
}

/// Jobs of the same name run one at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Serial {
    /// The name.
    pub name: String,
    /// Whether a new one cancels the one that runs.
    pub cancels: bool,
    /// Whether a new one cancels the one that waits (GitHub's `concurrency`), or queues behind it.
    pub replaces: bool,
}

/// A part of a job.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlannedStep {
    /// What people see.
    pub name: String,
    /// How long it takes.
    pub duration: Duration,
    /// How it ends.
    pub ends: Ends,
    /// Whether it runs while all before it went well.
    pub on_success: bool,
    /// Whether it runs after one before it failed.
    pub on_failure: bool,
    /// Whether nobody knows what it does, so that it just takes time.
    pub opaque: bool,
    /// How long it takes because a lab says so; none: as long as usual.
    pub takes: Option<Duration>,
}

/// How a step ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ends {
    /// Well.
    #[default]
    Well,
    /// Not well, and the job fails.
    Failing,
    /// Not well, which nobody minds.
    Excused,
}

impl PlannedJob {
    /// How long its steps take, how it ends, and when each step begins and ends. A job that takes too long is cancelled.
    pub fn course(&self, speed: f64) -> Course {
        let mut course = Course::default();
        let limit = self.timeout.unwrap_or(Duration::MAX);
        for step in &self.steps {
            let failed = course.outcome == Outcome::Failure;
            if !(if failed { step.on_failure } else { step.on_success }) {
                course.steps.push(None);
                continue;
            }
            let begin = course.length;
            let takes =
                if speed > 0.0 && speed.is_finite() { step.duration.div_f64(speed) } else { step.duration };
            let end = begin.saturating_add(takes);
            if end > limit {
                course.steps.push(Some((begin, limit)));
                course.length = limit;
                course.outcome = Outcome::Cancelled;
                return course;
            }
            course.steps.push(Some((begin, end)));
            course.length = end;
            if step.ends == Ends::Failing {
                course.outcome = Outcome::Failure;
            }
        }
        course
    }
}

/// How a job goes once it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Course {
    /// From when to when each step runs, since the first one began; none: it is skipped.
    pub steps: Vec<Option<(Duration, Duration)>>,
    /// How long all take.
    pub length: Duration,
    /// How it ends.
    pub outcome: Outcome,
    /// Whether that it failed counts for nothing, because of how it failed.
    pub excused: bool,
    /// How often it was tried: a job may be run again when it failed.
    pub attempts: u32,
    /// What it asks of the world before it can go on; then all else is said up to that instant.
    pub asks: Option<Box<Asked>>,
    /// Of one that asks: when it is stopped if no answer comes, and how it ends then.
    pub until: Option<(Duration, Outcome)>,
}

impl Default for Course {
    fn default() -> Self {
        Course {
            steps: Vec::new(),
            length: Duration::ZERO,
            outcome: Outcome::Success,
            excused: false,
            attempts: 1,
            asks: None,
            until: None,
        }
    }
}
