//! Whose turn it is: groups begin, jobs get runners, and end.

use super::Outcome;
use super::engine::{Cause, Engine, Freed, JobRun, State, What};
use super::outside::{Answer, Asked};
use super::plan::{Course, GroupId, JobId};
use super::system::{Decision, System};
use opscape_sim::Time;

impl<S: System> Engine<S> {
    /// Begins every group whose time has come, skips those that do not run, and closes those whose parts have ended, until
    /// nothing changes.
    pub(super) fn decide(&mut self) {
        while !self.held {
            let mut changed = false;
            let plan = self.plan.clone();
            for (id, group) in plan.groups.iter().enumerate() {
                if self.result(id).is_some() {
                    continue;
                }
                if self.begun.get(id).copied().unwrap_or(true) {
                    if let Some(outcome) = self.outcome_of(id) {
                        changed = true;
                        self.close(id, outcome);
                    }
                    continue;
                }
                let around = group
                    .within
                    .map(|within| (self.begun.get(within).copied().unwrap_or(false), self.result(within)));
                let decision = match around {
                    Some((false, _)) => Decision::Wait,
                    Some((true, Some(_))) => {
                        if self.so_far().needs_ended(id) {
                            Decision::Skip
                        } else {
                            Decision::Wait
                        }
                    }
                    Some((true, None)) | None => self.system.decide(id, self.so_far()),
                };
                changed |= decision != Decision::Wait;
                match decision {
                    Decision::Wait => {}
                    Decision::Skip => self.close(id, Outcome::Skipped),
                    Decision::Run => self.begin(id, State::Queued),
                    Decision::Ask => self.begin(id, State::Manual),
                    Decision::Delay(delay) => {
                        let until = self.now + delay;
                        for job in &group.jobs {
                            if let Some(run) = self.jobs.get_mut(*job) {
                                run.delayed = Some(until);
                            }
                        }
                        self.begin(id, State::Delayed);
                    }
                }
            }
            if !changed {
                return;
            }
        }
    }

    fn begin(&mut self, id: GroupId, state: State) {
        if let Some(begun) = self.begun.get_mut(id) {
            *begun = true;
        }
        let so_far = super::system::SoFar { plan: &self.plan, jobs: &self.jobs, results: &self.results };
        if let Some(plan) = self.system.prepare(id, so_far) {
            self.jobs.resize(plan.jobs.len(), JobRun::default());
            self.results.resize(plan.groups.len(), None);
            self.begun.resize(plan.groups.len(), false);
            self.plan = plan;
        }
        let plan = self.plan.clone();
        let Some(group) = plan.groups.get(id) else { return };
        let cause = self.last_needed(id).map_or(Cause::Beginning, Cause::Needs);
        for job in &group.jobs {
            let Some(run) = self.jobs.get_mut(*job) else { continue };
            run.cause = cause;
            match state {
                State::Manual => {
                    run.state = state;
                    self.note(*job, What::Asked);
                }
                State::Delayed => {
                    run.state = state;
                    let until = run.delayed.unwrap_or(self.now);
                    self.due.insert((until, *job));
                    self.note(*job, What::Delayed(until));
                }
                _ => self.arrive(*job),
            }
        }
    }

    /// A job waits for a runner from now on.
    pub(super) fn enqueue(&mut self, job: JobId) {
        let Some(run) = self.jobs.get_mut(job) else { return };
        run.state = State::Queued;
        run.ready = Some(self.now);
        self.queue.push(job);
        if self.plan.in_order {
            self.queue.sort_unstable();
        }
        self.note(job, What::Queued);
        self.replace(job);
    }

    /// The job that ended last of all that a group needs, in what it stands in as well.
    fn last_needed(&self, id: GroupId) -> Option<JobId> {
        let mut found: Option<(Time, JobId)> = None;
        let mut open = vec![id];
        let mut seen = Vec::new();
        while let Some(id) = open.pop() {
            let Some(group) = self.plan.groups.get(id).filter(|_| !seen.contains(&id)) else { continue };
            seen.push(id);
            open.extend(group.within);
            for need in &group.needs {
                let jobs = self.jobs_in(*need);
                // What is skipped passes on what it waited for.
                if jobs.iter().all(|job| self.jobs.get(*job).is_none_or(|run| run.start.is_none())) {
                    open.push(*need);
                }
                for job in jobs {
                    if let Some(end) =
                        self.jobs.get(job).filter(|run| run.start.is_some()).and_then(|run| run.end)
                    {
                        found = found.max(Some((end, job)));
                    }
                }
            }
        }
        found.map(|(_, job)| job)
    }

    fn jobs_in(&self, id: GroupId) -> Vec<JobId> {
        let mut jobs = self.plan.groups.get(id).map(|group| group.jobs.clone()).unwrap_or_default();
        for (inner, group) in self.plan.groups.iter().enumerate() {
            if group.within == Some(id) && inner != id {
                jobs.extend(self.jobs_in(inner));
            }
        }
        jobs
    }

    /// The result of a group that has begun, once all its parts have ended.
    fn outcome_of(&self, id: GroupId) -> Option<Outcome> {
        let group = self.plan.groups.get(id)?;
        let mut parts = Vec::new();
        for job in &group.jobs {
            let outcome = self.jobs.get(*job).filter(|_| self.is_over(*job))?.outcome?;
            let excused = self.is_excused(*job);
            parts.push(if excused && outcome == Outcome::Failure { Outcome::Success } else { outcome });
        }
        for (inner, part) in self.plan.groups.iter().enumerate() {
            if part.within == Some(id) {
                parts.push(self.result(inner)?);
            }
        }
        let has = |outcome| parts.contains(&outcome);
        Some(if has(Outcome::Failure) {
            Outcome::Failure
        } else if has(Outcome::Cancelled) {
            Outcome::Cancelled
        } else if has(Outcome::Success) || parts.is_empty() {
            Outcome::Success
        } else {
            Outcome::Skipped
        })
    }

    /// Whether a failure of a job counts as success for those that need it.
    fn is_excused(&self, job: JobId) -> bool {
        let course = self.jobs.get(job).and_then(|job| job.course.as_ref());
        course.is_some_and(|course| course.excused) || self.plan.jobs.get(job).is_some_and(|job| job.may_fail)
    }

    fn close(&mut self, id: GroupId, outcome: Outcome) {
        if let Some(result) = self.results.get_mut(id) {
            *result = Some(outcome);
        }
        if outcome == Outcome::Skipped && !self.begun.get(id).copied().unwrap_or(true) {
            if let Some(begun) = self.begun.get_mut(id) {
                *begun = true;
            }
            for job in self.plan.groups.get(id).map(|group| group.jobs.clone()).unwrap_or_default() {
                self.leave(job, Outcome::Skipped);
            }
        }
    }

    /// A job that does not run after all.
    pub(super) fn leave(&mut self, job: JobId, outcome: Outcome) {
        if let Some(run) = self.jobs.get_mut(job) {
            run.state = State::Over;
            run.outcome = Some(outcome);
        }
        self.queue.retain(|waiting| *waiting != job);
        self.note(job, What::Ended(outcome));
    }

    /// A job that comes under a name of which only one runs: it takes the place of the one that waits, or of the one that runs.
    fn replace(&mut self, job: JobId) {
        let plan = self.plan.clone();
        let Some(serial) = plan.jobs.get(job).and_then(|job| job.serial.as_ref()) else { return };
        self.entered.push(serial.clone());
        let same = |other: &JobId| {
            *other != job
                && plan
                    .jobs
                    .get(*other)
                    .and_then(|job| job.serial.as_ref())
                    .is_some_and(|other| other.name == serial.name)
        };
        if serial.replaces {
            for waiting in self.queue.clone().iter().filter(|other| same(other)) {
                self.leave(*waiting, Outcome::Cancelled);
            }
        }
        if serial.cancels {
            for running in self.running().iter().filter(|other| same(other)) {
                self.cancel(*running);
            }
        }
    }

    fn running(&self) -> Vec<JobId> {
        self.busy.values().copied().collect()
    }

    /// Starts what can start, in the order in which it came.
    pub(super) fn dispatch(&mut self) {
        let plan = self.plan.clone();
        for job in self.queue.clone() {
            let Some(planned) = plan.jobs.get(job).filter(|_| self.queue.contains(&job)) else {
                continue;
            };
            let group = plan.groups.get(planned.group);
            let running = self.running();
            let beside = running.iter().filter(|other| {
                self.plan.jobs.get(**other).is_some_and(|other| other.group == planned.group)
            });
            if group.and_then(|group| group.max_parallel).is_some_and(|most| beside.count() >= most.max(1)) {
                continue;
            }
            let name = planned.serial.as_ref().map(|serial| serial.name.as_str());
            let taken = running.iter().any(|other| {
                let other = self.plan.jobs.get(*other).and_then(|other| other.serial.as_ref());
                name.is_some() && other.map(|serial| serial.name.as_str()) == name
            });
            let taken = taken || name.is_some_and(|name| self.elsewhere.names.contains(name));
            let busy = self.busy.len() + self.elsewhere.runners.len();
            if taken || self.fleet.limit.is_some_and(|limit| busy >= limit) {
                continue;
            }
            if let Some(runner) = self.free(&planned.labels) {
                self.start(job, runner);
            }
        }
    }

    /// What keeps a job in the queue: one that runs in its place, or a runner.
    pub fn held_by(&self, job: JobId) -> Option<Cause> {
        let planned = self.plan.jobs.get(job)?;
        let running = self.running();
        let name = planned.serial.as_ref().map(|serial| serial.name.as_str());
        let serial = running.iter().find(|other| {
            let other = self.plan.jobs.get(**other).and_then(|other| other.serial.as_ref());
            name.is_some() && other.map(|serial| serial.name.as_str()) == name
        });
        let most = self.plan.groups.get(planned.group).and_then(|group| group.max_parallel);
        let in_group =
            |other: &&JobId| self.plan.jobs.get(**other).is_some_and(|other| other.group == planned.group);
        let full = most.is_some_and(|most| running.iter().filter(in_group).count() >= most.max(1));
        let parallel = running.iter().find(in_group).filter(|_| full);
        let serial = serial.map(|job| Cause::Serial(*job));
        let parallel = parallel.map(|job| Cause::MaxParallel(*job));
        let named = name.filter(|name| self.elsewhere.names.contains(*name)).map(|_| Cause::SerialElsewhere);
        let runner = running.first().map(|job| Cause::Runner(*job));
        let others = (!self.elsewhere.runners.is_empty()).then_some(Cause::RunnerElsewhere);
        serial.or(named).or(parallel).or(runner).or(others)
    }

    /// A runner that has these labels and nothing to do: kind and number.
    fn free(&self, labels: &[String]) -> Option<(usize, usize)> {
        let pools = self.fleet.pools.iter().enumerate();
        let (named, others): (Vec<_>, Vec<_>) =
            pools.filter(|(_, pool)| pool.fits(labels)).partition(|(_, pool)| pool.labels.is_some());
        let fitting = if named.is_empty() { others } else { named };
        fitting.into_iter().find_map(|(kind, pool)| {
            let mut numbers = 0..pool.count.unwrap_or(usize::MAX);
            let is_free = |number: &usize| {
                let runner = (kind, *number);
                !self.busy.contains_key(&runner) && !self.elsewhere.runners.contains(&runner)
            };
            numbers.find(is_free).map(|number| (kind, number))
        })
    }

    fn start(&mut self, job: JobId, runner: (usize, usize)) {
        self.queue.retain(|waiting| *waiting != job);
        self.busy.insert(runner, job);
        let cause = self.waited_for(job);
        let Some((boot, speed)) = self.fleet.pools.get(runner.0).map(|pool| (pool.boot, pool.speed)) else {
            return;
        };
        let so_far = super::system::SoFar { plan: &self.plan, jobs: &self.jobs, results: &self.results };
        let course = self.system.course(job, speed, so_far);
        let steps = self.now + boot;
        if let Some(run) = self.jobs.get_mut(job) {
            run.state = State::Running;
            run.start = Some(self.now);
            run.steps = Some(steps);
            run.runner = Some(runner);
            run.cause = cause.unwrap_or(run.cause);
        }
        self.takes(job, steps, course);
        self.note(job, What::Started);
    }

    /// A job goes like this from now on: it ends, or asks something of the world first.
    fn takes(&mut self, job: JobId, steps: Time, course: Course) {
        let Some(run) = self.jobs.get_mut(job) else { return };
        let asks = course.asks.as_ref().map(|asked| steps + asked.at);
        run.asks = asks;
        run.cut = course.until.filter(|_| asks.is_some()).map(|(until, _)| steps + until);
        run.end = if asks.is_some() { None } else { Some(steps + course.length) };
        run.outcome = run.end.map(|_| course.outcome);
        self.due.extend([run.end, run.asks, run.cut].into_iter().flatten().map(|at| (at, job)));
        run.course = Some(course);
    }

    /// What a job asks of the world at this instant, or asked and still waits for.
    pub fn asked(&self, job: JobId) -> Option<&Asked> {
        let run = self.jobs.get(job).filter(|run| run.state == State::Running)?;
        run.asks.filter(|asks| *asks <= self.now)?;
        run.course.as_ref()?.asks.as_deref()
    }

    /// The world's answer to what a job asked. How long that took is known here.
    pub fn answer(&mut self, job: JobId, mut answer: Answer) {
        let Some(run) = self.jobs.get(job).filter(|_| self.asked(job).is_some()) else { return };
        let (Some(asks), Some(steps)) = (run.asks, run.steps) else { return };
        answer.took = self.now.since(asks);
        for at in [run.asks, run.cut].into_iter().flatten() {
            self.due.remove(&(at, job));
        }
        let pool = run.runner.and_then(|(kind, _)| self.fleet.pools.get(kind));
        let speed = pool.map_or(1.0, |pool| pool.speed);
        let so_far = super::system::SoFar { plan: &self.plan, jobs: &self.jobs, results: &self.results };
        let course = self.system.answered(job, answer, speed, so_far);
        self.takes(job, steps, course);
    }

    /// What a job waited for after its turn had come: what became free at this instant.
    fn waited_for(&self, job: JobId) -> Option<Cause> {
        let run = self.jobs.get(job)?;
        if run.ready == Some(self.now) {
            return None;
        }
        let now = |freed: &&Freed| freed.at == self.now;
        let planned = self.plan.jobs.get(job)?;
        let name = planned.serial.as_ref().map_or("", |serial| serial.name.as_str());
        let serial = self.last_of_name.get(name).filter(now).map(|freed| Cause::Serial(freed.job));
        let limited = self.plan.groups.get(planned.group).is_some_and(|group| group.max_parallel.is_some());
        let group = self.last_of_group.get(&planned.group).filter(now).filter(|_| limited);
        let group = group.map(|freed| Cause::MaxParallel(freed.job));
        let runner = self.last_runner.as_ref().filter(now).map(|freed| Cause::Runner(freed.job));
        serial.or(group).or(runner)
    }

    /// The end of a job: its runner is free.
    pub(super) fn end(&mut self, job: JobId) {
        let plan = self.plan.clone();
        let Some(planned) = plan.jobs.get(job) else { return };
        let Some(run) = self.jobs.get_mut(job) else { return };
        run.state = State::Over;
        let (runner, outcome) = (run.runner, run.outcome.unwrap_or(Outcome::Success));
        if let Some(runner) = runner {
            self.busy.remove(&runner);
        }
        let failed = outcome == Outcome::Failure;
        self.note(job, What::Ended(outcome));
        let freed = Freed { job, at: self.now };
        self.last_runner = Some(freed);
        self.last_of_group.insert(planned.group, freed);
        if let Some(serial) = &planned.serial {
            self.last_of_name.insert(serial.name.clone(), freed);
        }
        let Some(group) = plan.groups.get(planned.group).filter(|group| group.fail_fast) else { return };
        if failed && !self.is_excused(job) {
            for other in group.jobs.iter().filter(|other| **other != job) {
                self.cancel(*other);
            }
        }
    }

    /// Stops a job that waits or runs.
    pub(super) fn cancel(&mut self, job: JobId) {
        self.stop(job, Outcome::Cancelled);
    }

    pub(super) fn stop(&mut self, job: JobId, outcome: Outcome) {
        let Some(run) = self.jobs.get(job).filter(|run| run.state != State::Over) else { return };
        if run.state != State::Running {
            self.leave(job, outcome);
            return;
        }
        let now = self.now;
        if let Some(run) = self.jobs.get_mut(job) {
            run.outcome = Some(outcome);
            (run.asks, run.cut) = (None, None);
            if let Some(end) = run.end {
                self.due.remove(&(end, job));
            }
            run.end = Some(now);
            let ran = run.steps.map(|steps| now.since(steps)).unwrap_or_default();
            if let Some(course) = &mut run.course {
                course.outcome = outcome;
                course.length = ran;
                (course.asks, course.until) = (None, None);
                for step in &mut course.steps {
                    *step = step.filter(|(begin, _)| *begin < ran).map(|(begin, end)| (begin, end.min(ran)));
                }
            }
        }
        self.end(job);
    }
}
