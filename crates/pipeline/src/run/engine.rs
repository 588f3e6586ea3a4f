//! The clock.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use opscape_sim::Time;

use super::Outcome;
use super::fleet::Fleet;
use super::gate::Verdict;
use super::plan::{Course, GroupId, JobId, Plan, Serial};
use super::shared::Elsewhere;
use super::system::{SoFar, System};

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

/// How a job stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It waits for others.
    #[default]
    Waiting,
    /// It waits for a person.
    Manual,
    /// It waits for its time.
    Delayed,
    /// It waits for a runner, or for its turn.
    Queued,
    /// It has a runner.
    Running,
    /// It has ended, or does not run.
    Over,
}

/// How a job went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobRun {
    /// How it stands.
    pub state: State,
    /// When all that it needs had ended, and it waited for a runner; none: it is skipped, or was never its turn.
    pub ready: Option<Time>,
    /// Of one that waits for its time: until when.
    pub delayed: Option<Time>,
    /// When it got its runner.
    pub start: Option<Time>,
    /// When its first step began.
    pub steps: Option<Time>,
    /// When it ended; of one that runs: when it will, if nobody stops it.
    pub end: Option<Time>,
    /// How it ended, or will; none: it waits.
    pub outcome: Option<Outcome>,
    /// The kind of its runner, and which of them.
    pub runner: Option<(usize, usize)>,
    /// What it waited for last.
    pub cause: Cause,
    /// How its steps went, cut off where it was cancelled.
    pub course: Option<Course>,
    /// How often a person had it run again.
    pub reruns: u32,
    /// What became of it before its gate.
    pub verdict: Option<Verdict>,
    /// When it asks something of the world.
    pub asks: Option<Time>,
    /// When it is stopped if it still waits for the answer.
    pub cut: Option<Time>,
}

impl JobRun {
    /// How it ended; none: it has not.
    pub fn ended(&self) -> Option<Outcome> {
        self.outcome.filter(|_| self.state == State::Over)
    }
}

/// What decided when a job began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cause {
    /// Nothing: it could begin at once.
    #[default]
    Beginning,
    /// A job that had to end before.
    Needs(JobId),
    /// A job that had the runner.
    Runner(JobId),
    /// A job of its group, of which only so many run at once.
    MaxParallel(JobId),
    /// A job that may not run beside it.
    Serial(JobId),
    /// A job of another run that had the runner.
    RunnerElsewhere,
    /// Another run that may not go on beside it.
    SerialElsewhere,
}

impl Cause {
    /// The job that it waited for.
    pub fn job(self) -> Option<JobId> {
        match self {
            Cause::Beginning | Cause::RunnerElsewhere | Cause::SerialElsewhere => None,
            Cause::Needs(job) | Cause::Runner(job) | Cause::MaxParallel(job) | Cause::Serial(job) => {
                Some(job)
            }
        }
    }
}

/// Something that happened to a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Happened {
    /// When, since the pipeline began.
    pub at: Time,
    /// To which.
    pub job: JobId,
    /// What.
    pub what: What,
}

/// What may happen to a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// All that it needs has ended, and it waits for a runner.
    Queued,
    /// It waits for a person.
    Asked,
    /// It waits for this time.
    Delayed(Time),
    /// It got its runner.
    Started,
    /// It asks something of the world, and goes on with the answer.
    Asks,
    /// It ended, or does not run.
    Ended(Outcome),
}

impl Run {
    /// The chain of jobs that made it take as long as it did, first to last.
    pub fn critical_path(&self) -> Vec<JobId> {
        critical_path(&self.jobs)
    }
}

/// The chain of jobs that decides when the last of those that began ends, first to last.
fn critical_path(jobs: &[JobRun]) -> Vec<JobId> {
    let ended = |job: &JobId| jobs.get(*job).and_then(|job| job.end);
    let started = (0..jobs.len()).filter(|job| jobs.get(*job).is_some_and(|job| job.start.is_some()));
    // One that waits for the world ends nobody knows when.
    let last = started.max_by_key(|job| (ended(job).is_none(), ended(job), Reverse(*job)));
    let Some(mut at) = last else { return Vec::new() };
    let mut path = vec![at];
    while let Some(job) = jobs.get(at).and_then(|job| job.cause.job()) {
        if path.contains(&job) {
            break;
        }
        path.push(job);
        at = job;
    }
    path.reverse();
    path
}

/// Runs a plan to where nothing goes on by itself. The same plan, fleet and system give the same run.
pub fn run<S: System>(plan: &Plan, fleet: &Fleet, system: S) -> Run {
    let mut engine = Engine::new(Arc::new(plan.clone()), Arc::new(fleet.clone()), system);
    while let Some(next) = engine.next_at() {
        engine.advance(next);
    }
    engine.into_run()
}

/// A pipeline that runs. Times are since it began.
#[derive(Clone, Debug)]
pub struct Engine<S> {
    pub(super) plan: Arc<Plan>,
    pub(super) fleet: Arc<Fleet>,
    pub(super) system: S,
    pub(super) now: Time,
    pub(super) jobs: Vec<JobRun>,
    pub(super) results: Vec<Option<Outcome>>,
    pub(super) begun: Vec<bool>,
    /// Those whose turn it is, in the order in which they came.
    pub(super) queue: Vec<JobId>,
    /// When something happens to a job by itself: it ends, or its time has come.
    pub(super) due: BTreeSet<(Time, JobId)>,
    /// Runners in use: kind and number.
    pub(super) busy: BTreeMap<(usize, usize), JobId>,
    pub(super) last_runner: Option<Freed>,
    pub(super) last_of_group: BTreeMap<GroupId, Freed>,
    pub(super) last_of_name: BTreeMap<String, Freed>,
    pub(super) happened: Vec<Happened>,
    /// Whether it has not begun because another run of its name goes on.
    pub(super) held: bool,
    /// What other runs hold.
    pub(super) elsewhere: Elsewhere,
    /// Names under which jobs came.
    pub(super) entered: Vec<Serial>,
}

/// What frees what, to know what a job waited for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Freed {
    pub job: JobId,
    pub at: Time,
}

impl<S: System> Engine<S> {
    /// Begins a pipeline.
    pub fn new(plan: Arc<Plan>, fleet: Arc<Fleet>, system: S) -> Engine<S> {
        Engine::make(plan, fleet, system, false)
    }

    pub(super) fn make(plan: Arc<Plan>, fleet: Arc<Fleet>, system: S, held: bool) -> Engine<S> {
        let mut engine = Engine {
            jobs: vec![JobRun::default(); plan.jobs.len()],
            results: vec![None; plan.groups.len()],
            begun: vec![false; plan.groups.len()],
            plan,
            fleet,
            system,
            now: Time::ZERO,
            queue: Vec::new(),
            due: BTreeSet::new(),
            busy: BTreeMap::new(),
            last_runner: None,
            last_of_group: BTreeMap::new(),
            last_of_name: BTreeMap::new(),
            happened: Vec::new(),
            held,
            elsewhere: Elsewhere::default(),
            entered: Vec::new(),
        };
        engine.try_again();
        engine
    }

    /// The present instant.
    pub fn now(&self) -> Time {
        self.now
    }

    /// When something happens next by itself; none: never, unless a person does something.
    pub fn next_at(&self) -> Option<Time> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Goes on to an instant.
    pub fn advance(&mut self, until: Time) {
        while let Some(time) = self.next_at().filter(|at| *at <= until) {
            self.now = time;
            // All that ends at one instant ends before anything begins at it.
            while let Some((at, job)) = self.due.first().copied().filter(|(at, _)| *at == time) {
                self.due.remove(&(at, job));
                self.happen(job);
            }
            self.go_on();
        }
        self.now = self.now.max(until);
    }

    fn happen(&mut self, job: JobId) {
        let Some(run) = self.jobs.get(job) else { return };
        match run.state {
            State::Running if run.end == Some(self.now) => self.end(job),
            State::Running if run.asks == Some(self.now) => self.note(job, What::Asks),
            State::Running if run.cut == Some(self.now) => {
                let until = run.course.as_ref().and_then(|course| course.until);
                self.stop(job, until.map_or(Outcome::Cancelled, |(_, outcome)| outcome));
            }
            State::Delayed if run.delayed == Some(self.now) => self.enqueue(job),
            // It was cancelled, or begun by a person, since.
            _ => {}
        }
    }

    /// Begins, skips and starts all whose time has come.
    pub(super) fn go_on(&mut self) {
        self.decide();
        self.dispatch();
    }

    pub(super) fn note(&mut self, job: JobId, what: What) {
        self.happened.push(Happened { at: self.now, job, what });
    }

    /// What has happened since this was asked last, in order.
    pub fn take_happened(&mut self) -> Vec<Happened> {
        std::mem::take(&mut self.happened)
    }

    /// What runs.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// On which runners.
    pub fn fleet(&self) -> &Arc<Fleet> {
        &self.fleet
    }

    /// How each job stands.
    pub fn jobs(&self) -> &[JobRun] {
        &self.jobs
    }

    /// The result of each group that has ended.
    pub fn results(&self) -> &[Option<Outcome>] {
        &self.results
    }

    /// The system, with what it keeps.
    pub fn system(&self) -> &S {
        &self.system
    }

    /// What has happened so far.
    pub fn so_far(&self) -> SoFar<'_> {
        SoFar { plan: &self.plan, jobs: &self.jobs, results: &self.results }
    }

    /// The chain of jobs that decides when the last of those that began ends, first to last.
    pub fn critical_path(&self) -> Vec<JobId> {
        critical_path(&self.jobs)
    }

    /// How it went.
    pub fn into_run(self) -> Run {
        let end = self.jobs.iter().filter_map(|job| job.end).max().unwrap_or(Time::ZERO);
        Run { jobs: self.jobs, groups: self.results, end }
    }

    pub(super) fn is_over(&self, job: JobId) -> bool {
        self.jobs.get(job).is_none_or(|job| job.state == State::Over)
    }

    pub(super) fn result(&self, group: GroupId) -> Option<Outcome> {
        self.results.get(group).copied().flatten()
    }
}
