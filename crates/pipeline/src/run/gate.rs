//! Environments with rules of protection: a job waits until somebody lets it through, or until its time has come.
//!
//! Source: GitHub's documentation, "Deployments and environments" and "Reviewing deployments": one of the reviewers is enough,
//! the wait timer counts from when the job is triggered, a rejected job fails, and so does one whose branch may not deploy.
//! That a job nobody lets through fails after 30 days is left out.

use std::time::Duration;

use super::Outcome;
use super::engine::{Cause, Engine, State, What};
use super::plan::JobId;
use super::system::System;

/// What stands before a job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gate {
    /// The environment that it deploys to.
    pub environment: String,
    /// Who may let it through; empty: nobody need.
    pub reviewers: Vec<String>,
    /// How long it waits at least.
    pub wait: Duration,
    /// Whether its branch or tag may not deploy there.
    pub refused: bool,
}

/// What became of a job before its gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Somebody let it through.
    Approved,
    /// Somebody did not.
    Rejected,
    /// Its branch or tag may not deploy there.
    Refused,
}

impl<S: System> Engine<S> {
    /// A job whose turn has come, and that may have a gate before it.
    pub(super) fn arrive(&mut self, job: JobId) {
        let plan = self.plan.clone();
        let Some(gate) = plan.jobs.get(job).and_then(|job| job.gate.as_ref()) else {
            return self.enqueue(job);
        };
        let until = self.now + gate.wait;
        let Some(run) = self.jobs.get_mut(job) else { return };
        if gate.refused {
            run.verdict = Some(Verdict::Refused);
            self.leave(job, Outcome::Failure);
        } else if !gate.reviewers.is_empty() {
            run.state = State::Manual;
            run.delayed = Some(until);
            self.note(job, What::Asked);
        } else if gate.wait.is_zero() {
            self.enqueue(job);
        } else {
            self.delay(job);
        }
    }

    /// A job waits for its time.
    fn delay(&mut self, job: JobId) {
        let plan = self.plan.clone();
        let wait =
            plan.jobs.get(job).and_then(|job| job.gate.as_ref()).map_or(Duration::ZERO, |gate| gate.wait);
        let Some(run) = self.jobs.get_mut(job) else { return };
        let until = run.delayed.unwrap_or(self.now + wait);
        run.state = State::Delayed;
        run.delayed = Some(until);
        self.due.insert((until, job));
        self.note(job, What::Delayed(until));
    }

    /// Whether a job waits for somebody who lets it through.
    pub fn is_reviewed(&self, job: JobId) -> bool {
        self.jobs.get(job).is_some_and(|run| run.state == State::Manual)
            && self.plan.jobs.get(job).is_some_and(|job| job.gate.is_some())
    }

    /// Lets a job through, and all others that wait for the same environment. False: it does not wait for that.
    pub fn approve(&mut self, job: JobId) -> bool {
        self.review(job, true)
    }

    /// Fails a job that waits, and all others that wait for the same environment. False: it does not wait for that.
    pub fn reject(&mut self, job: JobId) -> bool {
        self.review(job, false)
    }

    fn review(&mut self, job: JobId, lets: bool) -> bool {
        if !self.is_reviewed(job) {
            return false;
        }
        let plan = self.plan.clone();
        let environment = |job: JobId| {
            plan.jobs.get(job).and_then(|job| job.gate.as_ref()).map(|gate| gate.environment.as_str())
        };
        let same = |other: &JobId| environment(*other) == environment(job);
        let waiting: Vec<JobId> =
            (0..plan.jobs.len()).filter(|other| self.is_reviewed(*other)).filter(same).collect();
        for job in waiting {
            let Some(run) = self.jobs.get_mut(job) else { continue };
            run.cause = Cause::Beginning;
            run.verdict = Some(if lets { Verdict::Approved } else { Verdict::Rejected });
            if !lets {
                self.leave(job, Outcome::Failure);
            } else if run.delayed.is_some_and(|until| until > self.now) {
                self.delay(job);
            } else {
                self.enqueue(job);
            }
        }
        self.go_on();
        true
    }
}
