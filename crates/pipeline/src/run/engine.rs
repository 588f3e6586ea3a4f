//! The clock.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use opscape_sim::Time;

use super::fleet::Fleet;
use super::plan::{Course, GroupId, JobId, Plan};
use super::{Decides, Outcome};

/// How a pipeline went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Each job of the plan, in its order.
    pub jobs: Vec<JobRun>,
    /// The result of each group; none: it waits for a runner that does not exist.
    pub groups: Vec<Option<Outcome>>,
    /// When the last job ended.
    pub end: Time,
}

/// How a job went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRun {
    /// When all that it needs had ended, and it waited for a runner; none: it is skipped, or was never its turn.
    pub ready: Option<Time>,
    /// When it got its runner.
    pub start: Option<Time>,
    /// When its first step began.
    pub steps: Option<Time>,
    /// When it ended.
    pub end: Option<Time>,
    /// How it ended; none: it waits for a runner that does not exist.
    pub outcome: Option<Outcome>,
    /// The kind of its runner, and which of them.
    pub runner: Option<(usize, usize)>,
    /// What it waited for last.
    pub cause: Cause,
    /// How its steps went, cut off where it was cancelled.
    pub course: Option<Course>,
}

/// What decided when a job began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Nothing: it could begin at once.
    Beginning,
    /// A job that had to end before.
    Needs(JobId),
    /// A job that had the runner.
    Runner(JobId),
    /// A job of its group, of which only so many run at once.
    MaxParallel(JobId),
    /// A job that may not run beside it.
    Serial(JobId),
}

impl Run {
    /// The chain of jobs that made it take as long as it did, first to last.
    pub fn critical_path(&self) -> Vec<JobId> {
        let ended = |job: &JobId| self.jobs.get(*job).and_then(|job| job.end);
        let started =
            (0..self.jobs.len()).filter(|job| self.jobs.get(*job).is_some_and(|job| job.start.is_some()));
        let Some(mut at) = started.max_by_key(|job| (ended(job), Reverse(*job))) else { return Vec::new() };
        let mut path = vec![at];
        while let Some(
            Cause::Needs(job) | Cause::Runner(job) | Cause::MaxParallel(job) | Cause::Serial(job),
        ) = self.jobs.get(at).map(|job| job.cause)
        {
            if path.contains(&job) {
                break;
            }
            path.push(job);
            at = job;
        }
        path.reverse();
        path
    }
}

/// Runs a plan. The same plan, fleet and decisions give the same run.
pub fn run(plan: &Plan, fleet: &Fleet, decides: &dyn Decides) -> Run {
    let mut engine = Engine::new(plan, fleet, decides);
    engine.decide();
    engine.dispatch();
    while let Some(Reverse((time, _))) = engine.ends.peek().copied() {
        engine.now = time;
        // All that ends at one instant ends before anything begins at it.
        while let Some(Reverse((next, job))) =
            engine.ends.peek().copied().filter(|Reverse((next, _))| *next == time)
        {
            engine.ends.pop();
            // Unless it was cancelled since.
            if engine.jobs.get(job).is_some_and(|run| run.end == Some(next)) && !engine.is_over(job) {
                engine.end(job);
            }
        }
        engine.decide();
        engine.dispatch();
    }
    let end = engine.jobs.iter().filter_map(|job| job.end).max().unwrap_or(Time::ZERO);
    Run { jobs: engine.jobs, groups: engine.results, end }
}

/// What frees what, to know what a job waited for.
#[derive(Clone, Copy, Debug)]
struct Freed {
    job: JobId,
    at: Time,
}

struct Engine<'a> {
    plan: &'a Plan,
    fleet: &'a Fleet,
    decides: &'a dyn Decides,
    now: Time,
    jobs: Vec<JobRun>,
    over: Vec<bool>,
    results: Vec<Option<Outcome>>,
    begun: Vec<bool>,
    /// Those whose turn it is, in the order in which they came.
    queue: Vec<JobId>,
    ends: BinaryHeap<Reverse<(Time, JobId)>>,
    /// Runners in use: kind and number.
    busy: BTreeMap<(usize, usize), JobId>,
    last_runner: Option<Freed>,
    last_of_group: BTreeMap<GroupId, Freed>,
    last_of_name: BTreeMap<&'a str, Freed>,
}

impl<'a> Engine<'a> {
    fn new(plan: &'a Plan, fleet: &'a Fleet, decides: &'a dyn Decides) -> Self {
        let job = JobRun {
            ready: None,
            start: None,
            steps: None,
            end: None,
            outcome: None,
            runner: None,
            cause: Cause::Beginning,
            course: None,
        };
        Engine {
            plan,
            fleet,
            decides,
            now: Time::ZERO,
            jobs: vec![job; plan.jobs.len()],
            over: vec![false; plan.jobs.len()],
            results: vec![None; plan.groups.len()],
            begun: vec![false; plan.groups.len()],
            queue: Vec::new(),
            ends: BinaryHeap::new(),
            busy: BTreeMap::new(),
            last_runner: None,
            last_of_group: BTreeMap::new(),
            last_of_name: BTreeMap::new(),
        }
    }

    fn is_over(&self, job: JobId) -> bool {
        self.over.get(job).copied().unwrap_or(true)
    }

    fn result(&self, group: GroupId) -> Option<Outcome> {
        self.results.get(group).copied().flatten()
    }

    /// Begins every group whose time has come, skips those that do not run, and closes those whose parts have ended, until
    /// nothing changes.
    fn decide(&mut self) {
        loop {
            let mut changed = false;
            for (id, group) in self.plan.groups.iter().enumerate() {
                if self.result(id).is_some() {
                    continue;
                }
                let begun = self.begun.get(id).copied().unwrap_or(true);
                let around = group
                    .within
                    .map(|within| (self.begun.get(within).copied().unwrap_or(false), self.result(within)));
                let due = group.needs.iter().all(|need| self.result(*need).is_some())
                    && around.is_none_or(|(begun, _)| begun);
                if !begun && due {
                    changed = true;
                    if around.is_some_and(|(_, result)| result.is_some())
                        || !self.decides.runs(id, &self.results)
                    {
                        self.close(id, Outcome::Skipped);
                    } else {
                        self.begin(id);
                    }
                } else if begun && let Some(outcome) = self.outcome_of(id) {
                    changed = true;
                    self.close(id, outcome);
                }
            }
            if !changed {
                return;
            }
        }
    }

    fn begin(&mut self, id: GroupId) {
        if let Some(begun) = self.begun.get_mut(id) {
            *begun = true;
        }
        let Some(group) = self.plan.groups.get(id) else { return };
        let cause = self.last_needed(id).map_or(Cause::Beginning, Cause::Needs);
        for job in &group.jobs {
            if let Some(run) = self.jobs.get_mut(*job) {
                run.ready = Some(self.now);
                run.cause = cause;
            }
            self.queue.push(*job);
            self.replace(*job);
        }
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
            let excused = self.plan.jobs.get(*job).is_some_and(|job| job.may_fail);
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
    fn leave(&mut self, job: JobId, outcome: Outcome) {
        if let Some(over) = self.over.get_mut(job) {
            *over = true;
        }
        if let Some(run) = self.jobs.get_mut(job) {
            run.outcome = Some(outcome);
        }
        self.queue.retain(|waiting| *waiting != job);
    }

    /// A job that comes under a name of which only one runs: it takes the place of the one that waits, or of the one that runs.
    fn replace(&mut self, job: JobId) {
        let plan = self.plan;
        let Some(serial) = plan.jobs.get(job).and_then(|job| job.serial.as_ref()) else { return };
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
    fn dispatch(&mut self) {
        for job in self.queue.clone() {
            let Some(planned) = self.plan.jobs.get(job).filter(|_| self.queue.contains(&job)) else {
                continue;
            };
            let group = self.plan.groups.get(planned.group);
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
            if taken || self.fleet.limit.is_some_and(|limit| self.busy.len() >= limit) {
                continue;
            }
            if let Some(runner) = self.free(&planned.labels) {
                self.start(job, runner);
            }
        }
    }

    /// A runner that has these labels and nothing to do: kind and number.
    fn free(&self, labels: &[String]) -> Option<(usize, usize)> {
        let pools = self.fleet.pools.iter().enumerate();
        let (named, others): (Vec<_>, Vec<_>) =
            pools.filter(|(_, pool)| pool.fits(labels)).partition(|(_, pool)| pool.labels.is_some());
        let fitting = if named.is_empty() { others } else { named };
        fitting.into_iter().find_map(|(kind, pool)| {
            let mut numbers = 0..pool.count.unwrap_or(usize::MAX);
            numbers.find(|number| !self.busy.contains_key(&(kind, *number))).map(|number| (kind, number))
        })
    }

    fn start(&mut self, job: JobId, runner: (usize, usize)) {
        self.queue.retain(|waiting| *waiting != job);
        self.busy.insert(runner, job);
        let cause = self.waited_for(job);
        let (Some(pool), Some(planned)) = (self.fleet.pools.get(runner.0), self.plan.jobs.get(job)) else {
            return;
        };
        let course = planned.course(pool.speed);
        let steps = self.now + pool.boot;
        let end = steps + course.length;
        if let Some(run) = self.jobs.get_mut(job) {
            run.start = Some(self.now);
            run.steps = Some(steps);
            run.end = Some(end);
            run.runner = Some(runner);
            run.outcome = Some(course.outcome);
            run.course = Some(course);
            run.cause = cause.unwrap_or(run.cause);
        }
        self.ends.push(Reverse((end, job)));
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
    fn end(&mut self, job: JobId) {
        if let Some(over) = self.over.get_mut(job) {
            *over = true;
        }
        let plan = self.plan;
        let Some(planned) = plan.jobs.get(job) else { return };
        let run = self.jobs.get(job);
        if let Some(runner) = run.and_then(|run| run.runner) {
            self.busy.remove(&runner);
        }
        let failed = run.and_then(|run| run.outcome) == Some(Outcome::Failure);
        let freed = Freed { job, at: self.now };
        self.last_runner = Some(freed);
        self.last_of_group.insert(planned.group, freed);
        if let Some(serial) = &planned.serial {
            self.last_of_name.insert(&serial.name, freed);
        }
        let Some(group) = plan.groups.get(planned.group).filter(|group| group.fail_fast) else { return };
        if failed && !planned.may_fail {
            for other in group.jobs.iter().filter(|other| **other != job) {
                self.cancel(*other);
            }
        }
    }

    /// Stops a job that waits or runs.
    fn cancel(&mut self, job: JobId) {
        if self.is_over(job) {
            return;
        }
        if self.queue.contains(&job) {
            self.leave(job, Outcome::Cancelled);
            return;
        }
        let now = self.now;
        if let Some(run) = self.jobs.get_mut(job) {
            run.outcome = Some(Outcome::Cancelled);
            run.end = Some(now);
            let ran = run.steps.map(|steps| now.since(steps)).unwrap_or_default();
            if let Some(course) = &mut run.course {
                course.outcome = Outcome::Cancelled;
                course.length = ran;
                for step in &mut course.steps {
                    *step = step.filter(|(begin, _)| *begin < ran).map(|(begin, end)| (begin, end.min(ran)));
                }
            }
        }
        self.end(job);
    }
}
