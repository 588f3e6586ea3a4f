//! What a person does to a pipeline that runs.

use super::Outcome;
use super::engine::{Cause, Engine, JobRun, State};
use super::plan::{GroupId, JobId, Superseded};
use super::system::System;

impl<S: System> Engine<S> {
    /// Begins a job that waits for a person, or for its time. False: it does neither.
    pub fn play(&mut self, job: JobId) -> bool {
        if self.is_reviewed(job) {
            return self.approve(job);
        }
        let waits = self.jobs.get(job).is_some_and(|run| matches!(run.state, State::Manual | State::Delayed));
        if waits {
            if let Some(run) = self.jobs.get_mut(job) {
                run.cause = Cause::Beginning;
                run.delayed = None;
            }
            // What was skipped because it waited gets another chance.
            if let Some(group) = self.plan.jobs.get(job).map(|job| job.group) {
                self.reopen_behind(group, &[Outcome::Skipped]);
            }
            self.enqueue(job);
            self.go_on();
        }
        waits
    }

    /// Stops all that waits and runs; none of it goes on. False: there is nothing to stop.
    pub fn cancel_all(&mut self) -> bool {
        self.held = false;
        let open: Vec<JobId> = (0..self.jobs.len()).filter(|job| !self.is_over(*job)).collect();
        for group in &mut self.begun {
            *group = true;
        }
        for job in &open {
            self.cancel(*job);
        }
        self.go_on();
        !open.is_empty()
    }

    /// A newer pipeline of the same branch begins. False: that changes nothing here.
    pub fn supersede(&mut self) -> bool {
        let plan = self.plan.clone();
        let may = |job: &JobId| plan.jobs.get(*job).is_some_and(|job| job.interruptible);
        match plan.superseded {
            Superseded::GoesOn => false,
            Superseded::Conservative => {
                let started = self.jobs.iter().enumerate().filter(|(_, run)| run.start.is_some());
                started.map(|(job, _)| job).all(|job| may(&job)) && self.cancel_all()
            }
            Superseded::Interruptible => {
                let open: Vec<JobId> =
                    (0..self.jobs.len()).filter(may).filter(|job| !self.is_over(*job)).collect();
                for job in &open {
                    let group = plan.jobs.get(*job).map(|job| job.group);
                    if let Some(begun) = group.and_then(|group| self.begun.get_mut(group)) {
                        *begun = true;
                    }
                    self.cancel(*job);
                }
                self.go_on();
                !open.is_empty()
            }
        }
    }

    /// Lets a job that runs fail at once. False: it does not run.
    pub fn fail(&mut self, job: JobId) -> bool {
        let runs = self.jobs.get(job).is_some_and(|run| run.state == State::Running);
        if runs {
            self.stop(job, Outcome::Failure);
            self.go_on();
        }
        runs
    }

    /// Runs a job that has ended once more, and all that comes behind it. False: it has not run, or still does.
    pub fn rerun(&mut self, job: JobId) -> bool {
        let ended = self
            .jobs
            .get(job)
            .is_some_and(|run| run.state == State::Over && (run.start.is_some() || run.verdict.is_some()));
        let group = self.plan.jobs.get(job).map(|job| job.group).filter(|_| ended);
        let Some(group) = group else { return false };
        self.reopen_behind(
            group,
            &[Outcome::Success, Outcome::Failure, Outcome::Cancelled, Outcome::Skipped],
        );
        self.reopen_group(group);
        self.reset(job);
        self.arrive(job);
        self.go_on();
        true
    }

    fn reset(&mut self, job: JobId) {
        if let Some(run) = self.jobs.get_mut(job) {
            let reruns = run.reruns + u32::from(run.start.is_some());
            *run = JobRun { reruns, ..JobRun::default() };
        }
    }

    /// A group that has ended may end anew, and those around it.
    fn reopen_group(&mut self, group: GroupId) {
        let mut at = Some(group);
        while let Some(group) = at {
            if let Some(result) = self.results.get_mut(group) {
                *result = None;
            }
            at = self.plan.groups.get(group).and_then(|group| group.within);
        }
    }

    /// What comes behind a group and ended like this is decided anew.
    fn reopen_behind(&mut self, group: GroupId, ended: &[Outcome]) {
        let plan = self.plan.clone();
        let around = |group: GroupId| {
            std::iter::successors(Some(group), |group| plan.groups.get(*group).and_then(|group| group.within))
        };
        let mut open: Vec<GroupId> = around(group).collect();
        while let Some(before) = open.pop() {
            for (id, later) in plan.groups.iter().enumerate() {
                let again = self.result(id).is_some_and(|result| ended.contains(&result));
                if again && later.needs.contains(&before) {
                    self.reopen_group(id);
                    self.reset_inside(id);
                    open.extend(around(id));
                }
            }
        }
    }

    /// A group and those in it are decided anew.
    fn reset_inside(&mut self, group: GroupId) {
        let plan = self.plan.clone();
        let mut open = vec![group];
        while let Some(id) = open.pop() {
            if let (Some(begun), Some(result)) = (self.begun.get_mut(id), self.results.get_mut(id)) {
                *begun = false;
                *result = None;
            }
            for job in plan.groups.get(id).map_or(&[][..], |group| &group.jobs) {
                self.reset(*job);
            }
            open.extend((0..plan.groups.len()).filter(|inner| {
                *inner != id && plan.groups.get(*inner).is_some_and(|inner| inner.within == Some(id))
            }));
        }
    }
}
