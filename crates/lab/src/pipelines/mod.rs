//! The pipelines of a text, as part of its world: something happens in the repository, and what is configured for it runs,
//! on the clock of the world. What a job prints is not kept: it follows from how it went.

mod docker;
pub mod git;
mod layout;
mod questions;
mod read;
mod scene;
mod sharing;
mod telling;

use std::collections::BTreeMap;
use std::sync::Arc;

use opscape_manifest::api::Str;
use opscape_manifest::check::Checked;
use opscape_manifest::lab::pipelines::Pipelines as Settings;
use opscape_pipeline::github::{Planned, trigger};
use opscape_pipeline::gitlab::run::Process;
use opscape_pipeline::run::{
    Answer, Asked, Course, Decision, Engine, GroupId, Happened, JobId, Plan, SoFar, State, System, What,
};
use opscape_sim::{Context, EntryId, Time};

pub use opscape_pipeline::run::Outcome;

pub use git::GitAct;
use git::{Commit, Files, Git, Refusal};
pub use layout::{Arrangement, Box, Line, Picture, Sizes, layout};
pub use questions::CommandRecord;
pub(crate) use questions::{Busy, Work};
pub use read::{Definition, check};
pub(crate) use scene::build as scenes;
pub use scene::{GroupCard, JobCard, JobState, PipelineScene, RunCard, StepSpan};
pub use telling::{JobStory, story};
pub(crate) use telling::{headline, told_command};

use crate::world::{LabEvent, LabRecord};

/// Something that happens in the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepositoryEvent {
    /// Its name in the system's words: `push`, `pull_request`, `merge_request`, `schedule`.
    pub name: Str,
    /// The branch, or the tag.
    pub reference: Str,
    /// Whether that is a tag.
    pub tag: bool,
}

/// What a person does to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunAct {
    /// Stops all that waits and runs.
    Cancel,
    /// Begins a job that waits for a person, or for its time.
    Play(JobId),
    /// Runs a job once more, and what comes behind it.
    Rerun(JobId),
    /// Lets a job that runs fail.
    Fail(JobId),
    /// Lets a job through that deploys to an environment with reviewers, and all others that wait for the same one.
    Approve(JobId),
    /// Does not, so that they fail.
    Reject(JobId),
}

/// Something that happened in a run.
#[derive(Clone, Debug, PartialEq)]
pub struct PipelineRecord {
    /// The number of the run, from 1.
    pub run: u32,
    /// The file of its configuration.
    pub file: Str,
    /// To which job.
    pub job: JobId,
    /// What people see of it.
    pub name: Str,
    /// What.
    pub what: What,
}

impl PipelineRecord {
    /// Whether going through time in steps stops at it.
    pub(crate) fn is_visible(&self) -> bool {
        !matches!(self.what, What::Queued)
    }
}

/// Why a configuration runs nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Passed {
    /// GitHub's `on` does not let it.
    GitHub(trigger::Passed),
    /// In GitLab's words.
    GitLab(String),
}

/// A run of either system.
#[derive(Clone, Debug)]
pub enum Runs {
    /// Of GitHub Actions.
    GitHub(std::boxed::Box<Planned>),
    /// Of GitLab CI.
    GitLab(Process),
}

impl System for Runs {
    fn decide(&self, group: GroupId, so_far: SoFar<'_>) -> Decision {
        match self {
            Runs::GitHub(planned) => planned.decide(group, so_far),
            Runs::GitLab(process) => process.decide(group, so_far),
        }
    }

    fn prepare(&mut self, group: GroupId, so_far: SoFar<'_>) -> Option<Arc<Plan>> {
        match self {
            Runs::GitHub(planned) => planned.prepare(group, so_far),
            Runs::GitLab(process) => process.prepare(group, so_far),
        }
    }

    fn course(&mut self, job: JobId, speed: f64, so_far: SoFar<'_>) -> Course {
        match self {
            Runs::GitHub(planned) => planned.course(job, speed, so_far),
            Runs::GitLab(process) => process.course(job, speed, so_far),
        }
    }

    fn answered(&mut self, job: JobId, answer: Answer, speed: f64, so_far: SoFar<'_>) -> Course {
        match self {
            Runs::GitHub(planned) => planned.answered(job, answer, speed, so_far),
            Runs::GitLab(process) => process.answered(job, answer, speed, so_far),
        }
    }
}

/// A run of a configuration.
#[derive(Clone, Debug)]
pub(crate) struct RunState {
    number: u32,
    definition: Arc<Definition>,
    event: RepositoryEvent,
    /// What is built.
    commit: Arc<Commit>,
    /// The pull request that it checks.
    pull: Option<u32>,
    /// When it began.
    began: Time,
    engine: Engine<Runs>,
    /// The journal's last entry of each job, and of the whole.
    entries: BTreeMap<JobId, EntryId>,
    entry: Option<EntryId>,
    /// For when it is woken.
    woken_at: Option<Time>,
    /// Jobs that ask something of the world since it was looked at last.
    questions: Vec<JobId>,
}

/// Whether a command does something to a registry or a bucket.
pub(crate) fn docker_knows(words: &[String]) -> bool {
    docker::knows(words)
}

/// The files as a command finds them: by their paths from the directory that it runs in.
pub(crate) fn folder_of(asked: &Asked) -> Arc<BTreeMap<String, String>> {
    if asked.folder.is_empty() {
        return asked.files.clone();
    }
    let inside = asked.files.iter().filter_map(|(path, text)| {
        let rest = path.strip_prefix(asked.folder.as_str())?.strip_prefix('/')?;
        Some((rest.to_owned(), text.clone()))
    });
    Arc::new(inside.collect())
}

/// Lines that were printed, each at its time.
type Printed = Vec<(Time, String)>;

/// The most runs that are kept.
const MOST_RUNS: usize = 20;

/// The pipelines of a world.
#[derive(Clone, Debug, Default)]
pub struct Pipelines {
    definitions: Vec<Arc<Definition>>,
    runs: Vec<Arc<RunState>>,
    /// What ran nothing when something happened last, and why.
    passed: Vec<(Str, Passed)>,
    count: u32,
    /// What the Lab document says of them.
    settings: Arc<Settings>,
    /// The repository, and the files of the text.
    git: Git,
    text: Str,
    files: Arc<Files>,
    /// Commands of jobs that run in the world.
    busy: BTreeMap<(u32, JobId), Busy>,
    /// What commands of jobs printed that have ended, each line at its time, and which rerun of the job it was.
    printed: BTreeMap<(u32, JobId), (u32, Printed)>,
    /// What the runners of jobs have.
    machines: BTreeMap<(u32, JobId), docker::Machine>,
    buckets: BTreeMap<Str, docker::Bucket>,
}

type LabContext<'a> = Context<'a, LabEvent, LabRecord>;

impl Pipelines {
    /// Whether the text has a pipeline, or had one that ran.
    pub fn is_empty(&self) -> bool {
        self.definitions.is_empty() && self.runs.is_empty()
    }

    /// The configurations of the text, in its order.
    pub fn definitions(&self) -> impl Iterator<Item = &Definition> {
        self.definitions.iter().map(|definition| &**definition)
    }

    /// Whether a text is the one that was applied or pushed last.
    pub fn is_taken_up(&self, text: &str) -> bool {
        *self.text == *text
    }

    /// The repository.
    pub fn git(&self) -> &Git {
        &self.git
    }

    /// The checks of a pull request: each job that ran for it last, and how it ended; none: it has not.
    pub fn checks(&self, pull: u32) -> Vec<(Str, Option<Outcome>)> {
        let mut newest: BTreeMap<&Str, &RunState> = BTreeMap::new();
        for run in self.runs.iter().filter(|run| run.pull == Some(pull)) {
            newest.insert(&run.definition.file, run);
        }
        let jobs = newest.into_values().flat_map(|run| run.engine.plan().jobs.iter().zip(run.engine.jobs()));
        jobs.map(|(planned, job)| (planned.name.as_str().into(), job.ended())).collect()
    }

    /// A text was applied.
    pub(crate) fn read(&mut self, text: &str, checked: &Checked, now: Time) {
        self.take_up(text, checked);
        let lab = crate::session::lab_of(checked);
        self.settings = Arc::new(lab.and_then(|lab| lab.pipelines).unwrap_or_default());
        if self.git.commits().is_empty() && !self.definitions.is_empty() {
            let definitions = Arc::new(self.definitions.clone());
            self.git.add(git::MAIN, "Initial commit", self.files.clone(), definitions, now);
        }
    }

    /// A text is what is worked on.
    fn take_up(&mut self, text: &str, checked: &Checked) {
        self.definitions = read::definitions(text, checked).into_iter().map(Arc::new).collect();
        self.passed.clear();
        self.text = text.into();
        let mut files = read::files(text, checked);
        for definition in &self.definitions {
            definition.add_to(&mut files);
        }
        self.files = Arc::new(files);
    }

    /// A person does something to the repository. Gives how many runs began, and what git says.
    pub(crate) fn git_act(
        &mut self,
        act: &GitAct,
        seed: u64,
        context: &mut LabContext<'_>,
    ) -> (usize, Result<String, Refusal>) {
        let now = context.now();
        let event = |name: &str, reference: &str, tag: bool| RepositoryEvent {
            name: name.into(),
            reference: reference.into(),
            tag,
        };
        let mut happened: Vec<(RepositoryEvent, Arc<Commit>, Option<u32>)> = Vec::new();
        let said = match act {
            GitAct::Push { branch, message, text } => {
                if let Some(text) = text {
                    let checked = read::check(text);
                    self.take_up(text, &checked);
                }
                let new = !self.git.branches().contains_key(branch);
                let definitions = Arc::new(self.definitions.clone());
                let made = self.git.add(branch, message, self.files.clone(), definitions, now);
                if made.is_none() && new {
                    self.git.begin(branch);
                }
                let open = self.git.pulls().iter().find(|pull| !pull.merged && pull.source == *branch);
                let open = open.map(|pull| (pull.target.clone(), pull.number));
                match made.clone().or_else(|| self.git.find(branch).filter(|_| new).cloned()) {
                    Some(commit) => {
                        let said = format!("[{branch} {}] {}\n", commit.short(), commit.message);
                        happened.push((event("push", branch, false), commit.clone(), None));
                        happened.extend(open.map(|(target, number)| {
                            (event("pull_request", &target, false), commit, Some(number))
                        }));
                        Ok(said)
                    }
                    None => Ok("Everything up-to-date\n".to_owned()),
                }
            }
            GitAct::Tag { name, branch } => self.git.tag(name, branch).map(|commit| {
                happened.push((event("push", name, true), commit, None));
                format!(" * [new tag]         {name} -> {name}\n")
            }),
            GitAct::Revert { commit, branch } => {
                self.git.revert(commit, branch, &read::definitions_of, now).map(|commit| {
                    let title = commit.message.lines().next().unwrap_or_default();
                    let said = format!("[{branch} {}] {title}\n", commit.short());
                    happened.push((event("push", branch, false), commit, None));
                    said
                })
            }
            GitAct::Open { source, target, title } => self.git.open(source, target, title).map(|pull| {
                let commit = self.git.find(&pull.source).cloned().unwrap_or_default();
                happened.push((event("pull_request", &pull.target, false), commit, Some(pull.number)));
                format!("https://github.com/acme/app/pull/{}\n", pull.number)
            }),
            GitAct::Merge { number } => {
                self.git.merge(*number, &read::definitions_of, now).map(|(pull, commit)| {
                    happened.push((event("push", &pull.target, false), commit, None));
                    format!("✓ Merged pull request acme/app#{number} ({})\n", pull.title)
                })
            }
        };
        let mut begun = 0;
        self.passed.clear();
        for (event, commit, pull) in happened {
            begun += self.run_on(&event, &commit, pull, seed, context);
        }
        (begun, said)
    }

    /// Something happens in the repository: what is configured for it begins. Gives how many runs did.
    pub(crate) fn happen(
        &mut self,
        event: &RepositoryEvent,
        seed: u64,
        context: &mut LabContext<'_>,
    ) -> usize {
        self.passed.clear();
        // What is in the text and was not pushed yet is pushed now.
        let branch = if event.tag || &*event.name != "push" { git::MAIN } else { &*event.reference };
        let definitions = Arc::new(self.definitions.clone());
        let made =
            self.git.add(branch, "Update from the editor", self.files.clone(), definitions, context.now());
        self.git.begin(branch);
        let commit = made.or_else(|| self.git.find(branch).cloned()).unwrap_or_default();
        if event.tag {
            // One that is there already is pushed again.
            let _ = self.git.tag(&event.reference, branch);
        }
        self.run_on(event, &commit, None, seed, context)
    }

    /// What is configured in a commit for something that happens with it begins.
    fn run_on(
        &mut self,
        event: &RepositoryEvent,
        commit: &Arc<Commit>,
        pull: Option<u32>,
        seed: u64,
        context: &mut LabContext<'_>,
    ) -> usize {
        let mut begun = 0;
        let pull_changed = pull.and_then(|number| self.git.pulls().iter().find(|pull| pull.number == number));
        let changed = match pull_changed {
            Some(pull) => Some(self.git.changed_by(pull)),
            // Of the first commit nobody asks.
            None => Some(commit.changed.to_vec()).filter(|_| !commit.parents.is_empty()),
        };
        for definition in commit.definitions.iter().cloned() {
            let seed = seed.wrapping_add(u64::from(self.count));
            let number = self.count + 1;
            let built = read::Built { commit, number, changed: changed.as_deref() };
            let made = definition.runs_on(event, &built, Some(seed), &self.settings);
            let (plan, fleet, runs) = match made {
                Ok(made) => made,
                Err(passed) => {
                    self.passed.push((definition.file.clone(), passed));
                    continue;
                }
            };
            self.count += 1;
            begun += 1;
            self.supersede(&definition.file, event, context);
            if let Some(serial) = &plan.serial {
                self.make_way_for(serial, context);
            }
            let mut run = RunState {
                number: self.count,
                definition,
                event: event.clone(),
                commit: commit.clone(),
                pull,
                began: context.now(),
                // It begins once it is known what others hold.
                engine: Engine::held(plan, Arc::new(fleet), runs),
                entries: BTreeMap::new(),
                entry: context.cause(),
                woken_at: None,
                questions: Vec::new(),
            };
            run.tell(context);
            self.runs.push(Arc::new(run));
            self.settle(context);
        }
        // The oldest that are over make room.
        while self.runs.len() > MOST_RUNS {
            let waits = |run: &RunState| self.busy.keys().any(|(number, _)| *number == run.number);
            let over = self.runs.iter().position(|run| run.engine.next_at().is_none() && !waits(run));
            let over = over.unwrap_or(0);
            self.runs.remove(over);
        }
        begun
    }

    /// What was waited for in a run has come.
    pub(crate) fn wake(&mut self, number: u32, context: &mut LabContext<'_>) {
        self.look_around(number);
        let Some(run) = self.run_mut(number) else { return };
        run.woken_at = None;
        let passed = context.now().since(run.began);
        run.engine.advance(Time::ZERO + passed);
        self.tell(number, context);
    }

    /// Writes into the journal what has happened in a run.
    pub(crate) fn tell(&mut self, number: u32, context: &mut LabContext<'_>) {
        let Some(run) = self.run_mut(number) else { return };
        run.tell(context);
        let over: Vec<JobId> = (0..run.engine.jobs().len())
            .filter(|job| run.engine.jobs().get(*job).is_none_or(|job| job.state == State::Over))
            .collect();
        self.machines.retain(|(run, job), _| *run != number || !over.contains(job));
        self.busy.retain(|(run, job), _| *run != number || !over.contains(job));
        self.settle(context);
    }

    /// A person does something to a run. False: it changes nothing.
    pub(crate) fn act(&mut self, number: u32, act: RunAct, context: &mut LabContext<'_>) -> bool {
        self.look_around(number);
        let Some(run) = self.run_mut(number) else { return false };
        run.engine.advance(Time::ZERO + context.now().since(run.began));
        let done = match act {
            RunAct::Cancel => run.engine.cancel_all(),
            RunAct::Play(job) => run.engine.play(job),
            RunAct::Rerun(job) => run.engine.rerun(job),
            RunAct::Fail(job) => run.engine.fail(job),
            RunAct::Approve(job) => run.engine.approve(job),
            RunAct::Reject(job) => run.engine.reject(job),
        };
        if done {
            run.entry = context.cause();
            run.entries.clear();
        }
        self.tell(number, context);
        done
    }

    fn run_mut(&mut self, number: u32) -> Option<&mut RunState> {
        self.runs.iter_mut().find(|run| run.number == number).map(Arc::make_mut)
    }

    /// The run with this number.
    pub(crate) fn run(&self, number: u32) -> Option<&RunState> {
        self.runs.iter().find(|run| run.number == number).map(|run| &**run)
    }
}

impl RunState {
    /// Writes into the journal what has happened, and sees to it that it goes on.
    fn tell(&mut self, context: &mut LabContext<'_>) {
        let before = context.cause();
        for Happened { job, what, .. } in self.engine.take_happened() {
            if what == What::Asks {
                self.questions.push(job);
                continue;
            }
            let name = self.engine.plan().jobs.get(job).map_or("", |job| job.name.as_str()).into();
            context.because(self.cause_of(job, what));
            let file = self.definition.file.clone();
            let record = PipelineRecord { run: self.number, file, job, name, what };
            let entry = context.record(LabRecord::Pipeline(Arc::new(record)));
            self.entries.insert(job, entry);
        }
        let next = self.engine.next_at().map(|at| self.began + at.since(Time::ZERO));
        if let Some(next) = next
            && self.woken_at != Some(next)
        {
            self.woken_at = Some(next);
            context.because(self.entry);
            context.at(next, LabEvent::Pipeline(self.number));
        }
        context.because(before);
    }

    /// The entry that led to what happens to a job.
    fn cause_of(&self, job: JobId, what: What) -> Option<EntryId> {
        let own = self.entries.get(&job).copied();
        let other = |job: JobId| self.entries.get(&job).copied();
        let run = self.engine.jobs().get(job);
        let waited = run.and_then(|run| run.cause.job()).and_then(other);
        let found = match what {
            What::Started | What::Queued => waited.max(own),
            What::Ended(_) if own.is_none() => {
                let group = self.engine.plan().jobs.get(job).map(|job| job.group);
                let group = group.and_then(|group| self.engine.plan().groups.get(group));
                let needs = group.map_or(&[][..], |group| &group.needs).iter();
                let jobs =
                    needs.filter_map(|need| self.engine.plan().groups.get(*need)).flat_map(|need| &need.jobs);
                jobs.filter_map(|job| other(*job)).max()
            }
            What::Asked | What::Delayed(_) => waited,
            What::Ended(_) | What::Asks => own,
        };
        found.or(self.entry)
    }
}
