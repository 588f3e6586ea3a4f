//! What the pipelines of a text run on and what becomes of them (`spec.pipelines`).

use super::validate::not_negative;
use super::{Duration, LabSpec};
use crate::api::Str;
use crate::codec::fields;
use crate::quantity::Quantity;
use crate::validation::FieldError;
use crate::value::Value;

/// What pipelines run on, and what becomes of them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Pipelines {
    /// The rules of protection of environments.
    pub environments: Vec<Environment>,
    /// Runners that somebody set up.
    pub runners: Vec<Runners>,
    /// How long steps take, where that is not as usual; the first entry that fits counts.
    pub durations: Vec<StepTime>,
    /// What fails.
    pub failures: Vec<JobFailure>,
}

fields! {
    Pipelines:
    environments "environments",
    runners "runners",
    durations "durations",
    failures "failures",
}

/// The rules of protection of an environment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Environment {
    /// Its name; case does not count.
    pub name: Str,
    /// Who may let jobs through; one of them is enough. Empty: nobody need.
    pub reviewers: Vec<Str>,
    /// How long jobs wait at least.
    pub wait_timer: Option<Duration>,
    /// Patterns of branches and tags that may deploy, as `release/*`; empty: all.
    pub branches: Vec<Str>,
}

fields! {
    Environment:
    name "!name",
    reviewers "reviewers",
    wait_timer "waitTimer",
    branches "branches",
}

/// Runners of one kind.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Runners {
    /// What people see.
    pub name: Str,
    /// What they have: labels on GitHub, tags on GitLab.
    pub labels: Vec<Str>,
    /// Whether they take jobs that ask for nothing, too; default: if they have no labels.
    pub untagged: Option<bool>,
    /// How many; default 1.
    pub count: Option<i32>,
    /// From a job's turn to its first step; default 1s.
    pub boot_time: Option<Duration>,
    /// How much faster than usual steps run; default 1.
    pub speed: Option<Quantity>,
}

fields! {
    Runners:
    name "!name",
    labels "labels",
    untagged "untagged",
    count "count",
    boot_time "bootTime",
    speed "speed",
}

/// How long a step takes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StepTime {
    /// The job, by its id or name; none: any.
    pub job: Option<Str>,
    /// What its name or its commands contain; none: the whole job, in which each step takes its part.
    pub step: Option<Str>,
    /// How long it takes.
    pub takes: Duration,
}

fields! {
    StepTime:
    job "job",
    step "step",
    takes "!takes",
}

/// A job that fails.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct JobFailure {
    /// The job, by its id or name.
    pub job: Str,
    /// What the name of the step that fails contains; none: the one that does most of the work.
    pub step: Option<Str>,
    /// How often it fails before it goes well; none: always.
    pub attempts: Option<i32>,
}

fields! {
    JobFailure:
    job "!job",
    step "step",
    attempts "attempts",
}

/// The most runners of a kind.
const MAX_RUNNERS: i32 = 1_000;

pub(super) fn validate(spec: &LabSpec, errors: &mut Vec<FieldError>) {
    let Some(pipelines) = &spec.pipelines else { return };
    let path = "spec.pipelines";
    for (i, environment) in pipelines.environments.iter().enumerate() {
        not_negative(environment.wait_timer, &format!("{path}.environments[{i}].waitTimer"), errors);
        // GitHub's limit (Deployments and environments, "Required reviewers").
        if environment.reviewers.len() > 6 {
            let message = "must have at most 6 items".to_owned();
            errors.push(FieldError::forbidden(format!("{path}.environments[{i}].reviewers"), message));
        }
    }
    for (i, runners) in pipelines.runners.iter().enumerate() {
        let path = format!("{path}.runners[{i}]");
        not_negative(runners.boot_time, &format!("{path}.bootTime"), errors);
        if let Some(count) = runners.count.filter(|count| !(0..=MAX_RUNNERS).contains(count)) {
            let message = format!("must be between 0 and {MAX_RUNNERS}, inclusive");
            errors.push(FieldError::invalid(format!("{path}.count"), &Value::Int(count.into()), message));
        }
        if let Some(speed) = runners.speed.filter(|speed| speed.nano_value() <= 0) {
            let value = Value::from(&*speed.to_string());
            errors.push(FieldError::invalid(format!("{path}.speed"), &value, "must be greater than 0"));
        }
    }
    for (i, time) in pipelines.durations.iter().enumerate() {
        not_negative(Some(time.takes), &format!("{path}.durations[{i}].takes"), errors);
    }
    for (i, failure) in pipelines.failures.iter().enumerate() {
        if let Some(attempts) = failure.attempts.filter(|attempts| *attempts < 1) {
            let path = format!("{path}.failures[{i}].attempts");
            errors.push(FieldError::invalid(path, &Value::Int(attempts.into()), "must be greater than 0"));
        }
    }
}
