//! A pipeline, run: which job waits, starts, is skipped, and how it ends.
//!
//! Source: gitlab `app/services/ci/pipeline_processing/atomic_processing_service.rb`, `app/services/ci/process_build_service.rb`
//! and `lib/gitlab/ci/status/composite.rb`, read, not run. [`Process`] decides, [`crate::run`] plays it on the clock. There are
//! as many runners as are asked for; what a job does is what [`crate::script`] understands of its commands.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use opscape_sim::Time;

use super::job::Need;
use super::pipeline::{Pipeline, PipelineJob};
use super::{Repository, glob};
use crate::run::{
    self, Answer, Course, Decision, Engine, Fleet, Group, JobId, Outcome, Plan, PlannedJob, PlannedStep,
    Serial, SoFar, State, System, Talk, Told, What, Wishes, outside,
};
use crate::script::{self, Files, Shell};

/// How a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Waits for others.
    Created,
    /// Waits for a person.
    Manual,
    /// Waits for its time.
    Scheduled,
    /// Waits for a runner, or for its resource group.
    Pending,
    /// Runs.
    Running,
    /// Succeeded.
    Success,
    /// Failed.
    Failed,
    /// Will not run.
    Skipped,
    /// Was stopped.
    Canceled,
}

impl Status {
    /// GitLab's word.
    pub fn name(self) -> &'static str {
        match self {
            Status::Created => "created",
            Status::Manual => "manual",
            Status::Scheduled => "scheduled",
            Status::Pending => "pending",
            Status::Running => "running",
            Status::Success => "success",
            Status::Failed => "failed",
            Status::Skipped => "skipped",
            Status::Canceled => "canceled",
        }
    }

    /// How a job stands that the clock knows.
    pub fn of(job: &run::JobRun) -> Status {
        match job.state {
            State::Waiting => Status::Created,
            State::Manual => Status::Manual,
            State::Delayed => Status::Scheduled,
            State::Queued => Status::Pending,
            State::Running => Status::Running,
            State::Over => match job.outcome {
                Some(Outcome::Success) | None => Status::Success,
                Some(Outcome::Failure) => Status::Failed,
                Some(Outcome::Cancelled) => Status::Canceled,
                Some(Outcome::Skipped) => Status::Skipped,
            },
        }
    }
}

/// How to run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// Manual jobs that a person starts as soon as they can be.
    pub play: BTreeSet<String>,
    /// Jobs that end with an exit code whatever their commands say.
    pub exit_codes: BTreeMap<String, i32>,
    /// What is said of durations and failures.
    pub wishes: Wishes,
    /// How many jobs may run at a time; nothing: any number.
    pub runners: Option<usize>,
}

/// What became of a job.
#[derive(Clone, Debug, PartialEq)]
pub struct JobRun {
    /// Its name.
    pub name: String,
    /// How it stands in the end.
    pub status: Status,
    /// Whether it may fail, exit codes considered.
    pub allow_failure: bool,
    /// When it could start, started and ended, in seconds from the pipeline's creation.
    pub queued: Option<u64>,
    /// When it started.
    pub start: Option<u64>,
    /// When it ended.
    pub end: Option<u64>,
    /// The exit code of its commands.
    pub exit_code: Option<i32>,
    /// Whether `after_script` failed, which changes nothing.
    pub after_script_failed: bool,
    /// How often it ran: `retry` runs it again.
    pub attempts: u32,
    /// What its commands printed.
    pub output: Vec<String>,
    /// Commands that are not understood and only took time.
    pub unknown: BTreeSet<String>,
}

/// What became of a pipeline.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Its jobs, in the order of the configuration.
    pub jobs: Vec<JobRun>,
    /// Which jobs started together.
    pub waves: Vec<Vec<String>>,
    /// How the whole stands.
    pub status: Status,
    /// How long it took, in seconds.
    pub seconds: u64,
}

/// What a job takes besides its commands: to get the sources.
const START: Duration = Duration::from_secs(1);

impl Pipeline {
    /// What runs: a group for each job.
    pub fn plan(&self) -> Plan {
        let stage_of = |job: &PipelineJob| {
            self.stages.iter().position(|stage| *stage == job.job.stage).unwrap_or(usize::MAX)
        };
        let mut plan = Plan {
            stages: self.stages.clone(),
            in_order: true,
            superseded: self.superseded,
            ..Plan::default()
        };
        for (id, job) in self.jobs.iter().enumerate() {
            let others = self.jobs.iter().enumerate();
            let needs = if let Some(needs) = &job.needs {
                let names: BTreeSet<&String> = needs.iter().flat_map(Need::jobs).collect();
                others.filter(|(_, other)| names.contains(&other.job.name)).map(|(id, _)| id).collect()
            } else {
                let own = stage_of(job);
                others.filter(|(_, other)| stage_of(other) < own).map(|(id, _)| id).collect()
            };
            let group = job.job.resource_group.as_ref().map(|group| job.variables.expand(group));
            plan.groups.push(Group {
                id: job.job.name.clone(),
                needs,
                jobs: vec![id],
                base: job.job.base.clone(),
                stage: Some(stage_of(job)).filter(|stage| *stage != usize::MAX),
                by_stage: job.needs.is_none(),
                condition: (job.when != "on_success").then(|| format!("when: {}", job.when)),
                place: Some(job.job.place.span).filter(|_| job.job.place.file == 0),
                ..Group::default()
            });
            plan.jobs.push(PlannedJob {
                name: job.job.name.clone(),
                group: id,
                labels: job.job.tags.clone(),
                steps: steps(job),
                timeout: job.job.timeout.map(Duration::from_secs),
                may_fail: job.allow_failure,
                serial: group.map(|name| Serial { name, cancels: false, replaces: false }),
                interruptible: job.job.interruptible,
                gate: None,
            });
        }
        plan
    }

    /// Runs the pipeline to where nothing goes on by itself.
    pub fn run(&self, repository: &Repository, options: &Options) -> Run {
        let process = Process::new(self.clone().into(), repository.clone().into(), options.clone().into());
        let fleet = Fleet::any(options.runners);
        let mut engine = Engine::new(self.plan().into(), fleet.into(), process);
        while let Some(next) = engine.next_at() {
            engine.advance(next);
        }
        let waves = waves(&mut engine);
        let seconds = engine.now().as_secs_f64() as u64;
        let jobs = self.jobs.iter().zip(engine.jobs()).enumerate().map(|(id, (job, run))| {
            let done = engine.system().done.get(&id);
            let time = |time: Option<Time>| time.map(|time| time.as_secs_f64() as u64);
            JobRun {
                name: job.job.name.clone(),
                status: Status::of(run),
                allow_failure: job.allow_failure || run.course.as_ref().is_some_and(|course| course.excused),
                queued: time(run.ready),
                start: time(run.start),
                end: time(run.end.filter(|_| run.state == State::Over)),
                exit_code: done.filter(|_| run.state == State::Over).map(|done| done.code),
                after_script_failed: done.is_some_and(|done| done.after_script_failed),
                attempts: run.course.as_ref().map_or(0, |course| course.attempts),
                output: done.map(|done| done.output.clone()).unwrap_or_default(),
                unknown: done.map(|done| done.unknown.clone()).unwrap_or_default(),
            }
        });
        let jobs: Vec<JobRun> = jobs.collect();
        let all: Vec<(Status, bool)> = jobs.iter().map(|job| (job.status, job.allow_failure)).collect();
        Run { status: composite(&all, false).unwrap_or(Status::Success), jobs, waves, seconds }
    }
}

/// Which jobs started together.
fn waves(engine: &mut Engine<Process>) -> Vec<Vec<String>> {
    let mut waves: Vec<Vec<String>> = Vec::new();
    let mut last = None;
    for happened in engine.take_happened() {
        let starts = happened.what == What::Started;
        if let Some(job) = engine.plan().jobs.get(happened.job).filter(|_| starts) {
            match waves.last_mut() {
                Some(wave) if last == Some(happened.at) => wave.push(job.name.clone()),
                _ => waves.push(vec![job.name.clone()]),
            }
        }
        last = starts.then_some(happened.at);
    }
    for wave in &mut waves {
        wave.sort();
    }
    waves
}

/// What a job does: it gets the sources, then runs its commands.
fn steps(job: &PipelineJob) -> Vec<PlannedStep> {
    let step = |name: &str| PlannedStep {
        name: name.lines().next().unwrap_or_default().trim().to_owned(),
        on_success: true,
        ..PlannedStep::default()
    };
    let lines: Vec<&String> = job.job.before_script.iter().chain(&job.job.script).collect();
    let mut steps = vec![step("Getting source from Git repository")];
    steps.extend(lines.iter().map(|line| step(line)));
    if !job.job.after_script.is_empty() {
        steps.push(PlannedStep { on_failure: true, ..step("after_script") });
    }
    steps
}

/// GitLab, as it moves a pipeline on.
#[derive(Clone, Debug)]
pub struct Process {
    pipeline: Arc<Pipeline>,
    repository: Arc<Repository>,
    options: Arc<Options>,
    /// Artifacts by the job that made them.
    artifacts: BTreeMap<JobId, Arc<Files>>,
    /// What became of the commands of each job.
    done: BTreeMap<JobId, Arc<Done>>,
    /// What the jobs that began work with.
    open: BTreeMap<JobId, Open>,
    /// Whether there is a world that commands act on.
    acts: bool,
}

/// What a job works with.
#[derive(Clone, Debug)]
struct Open {
    files: Arc<Files>,
    answers: Arc<Vec<Answer>>,
    /// How often a person had it run before.
    reruns: u32,
}

impl Process {
    /// In a world that its commands act on.
    #[must_use]
    pub fn acting(self) -> Process {
        Process { acts: true, ..self }
    }

    /// For a pipeline of a commit.
    pub fn new(pipeline: Arc<Pipeline>, repository: Arc<Repository>, options: Arc<Options>) -> Process {
        Process {
            pipeline,
            repository,
            options,
            artifacts: BTreeMap::new(),
            done: BTreeMap::new(),
            open: BTreeMap::new(),
            acts: false,
        }
    }

    /// What became of the commands of a job that began.
    pub fn done(&self, job: JobId) -> Option<&Done> {
        self.done.get(&job).map(|done| &**done)
    }

    fn may_fail(&self, job: JobId, run: &run::JobRun) -> bool {
        self.pipeline.jobs.get(job).is_some_and(|job| job.allow_failure)
            || run.course.as_ref().is_some_and(|course| course.excused)
    }

    /// How what a job waits for stands, once it is decided.
    fn status_before(&self, index: JobId, job: &PipelineJob, so_far: SoFar<'_>) -> Option<Status> {
        let before = so_far.plan.groups.get(index).map_or(&[][..], |group| &group.needs);
        let statuses: Vec<(Status, bool)> = before
            .iter()
            .filter_map(|other| Some((*other, so_far.jobs.get(*other)?)))
            .map(|(other, run)| (Status::of(run), self.may_fail(other, run)))
            .collect();
        let status = composite(&statuses, job.needs.is_some()).unwrap_or(Status::Success);
        let decided = |status: &Status| {
            matches!(status, Status::Success | Status::Failed | Status::Skipped | Status::Canceled)
        };
        // One need that is skipped decides for jobs that it keeps from running. One that runs in spite of it waits for
        // the other needs: the composite alone would let it start beside them.
        let open = |status: &Status| !decided(status) && *status != Status::Manual;
        if job.when == "always" && statuses.iter().any(|(status, _)| open(status)) {
            return None;
        }
        Some(status).filter(decided)
    }

    /// The files that a job finds: those of the commit, and the artifacts it fetches.
    fn workspace(&self, index: JobId, job: &PipelineJob, so_far: SoFar<'_>) -> Files {
        let mut files = self.repository.files.clone();
        let before = so_far.plan.groups.get(index).map_or(&[][..], |group| &group.needs);
        for (other, made) in &self.artifacts {
            let Some(run) = so_far.jobs.get(*other).filter(|run| run.state == State::Over) else { continue };
            let Some(planned) = so_far.plan.jobs.get(*other).filter(|_| run.end.is_some()) else { continue };
            let needed = match &job.needs {
                Some(needs) => needs.iter().any(|need| need.artifacts && need.jobs().contains(&planned.name)),
                None => before.contains(other),
            };
            let depends = job.job.dependencies.as_ref().is_none_or(|names| names.contains(&planned.name));
            if needed && depends {
                files.extend(made.iter().map(|(path, text)| (path.clone(), text.clone())));
            }
        }
        files
    }
}

impl System for Process {
    fn decide(&self, group: JobId, so_far: SoFar<'_>) -> Decision {
        let Some(job) = self.pipeline.jobs.get(group) else { return Decision::Skip };
        let Some(before) = self.status_before(group, job, so_far) else { return Decision::Wait };
        let wanted = match job.when.as_str() {
            "on_failure" => before == Status::Failed,
            "always" => before != Status::Canceled,
            _ => before == Status::Success || (job.needs.is_none() && before == Status::Skipped),
        };
        let play = self.options.play.contains(&job.job.name) || self.options.play.contains(&job.job.base);
        match job.when.as_str() {
            _ if !wanted => Decision::Skip,
            "manual" if !play => Decision::Ask,
            "delayed" => Decision::Delay(Duration::from_secs(job.start_in.unwrap_or(0))),
            _ => Decision::Run,
        }
    }

    fn course(&mut self, index: JobId, speed: f64, so_far: SoFar<'_>) -> Course {
        let Some(job) = self.pipeline.jobs.get(index) else { return Course::default() };
        let files = self.workspace(index, job, so_far);
        let reruns = so_far.jobs.get(index).map_or(0, |run| run.reruns);
        self.open.insert(index, Open { files: files.into(), answers: Arc::default(), reruns });
        self.perform(index, speed)
    }

    fn answered(&mut self, index: JobId, answer: Answer, speed: f64, _: SoFar<'_>) -> Course {
        if let Some(open) = self.open.get_mut(&index) {
            Arc::make_mut(&mut open.answers).push(answer);
        }
        self.perform(index, speed)
    }
}

impl Process {
    /// Runs the commands of a job, as far as the world has answered.
    fn perform(&mut self, index: JobId, speed: f64) -> Course {
        let (Some(job), Some(open)) = (self.pipeline.jobs.get(index), self.open.get(&index)) else {
            return Course::default();
        };
        let scaled =
            |span: Duration| if speed > 0.0 && speed.is_finite() { span.div_f64(speed) } else { span };
        let mut course = Course { attempts: 0, ..Course::default() };
        let mut begin = Duration::ZERO;
        let mut talk = self.acts.then(|| Talk::new(&open.answers));
        loop {
            course.attempts += 1;
            if let Some(talk) = &mut talk {
                talk.before = begin + START;
            }
            let mut done = perform(job, Files::clone(&open.files), talk.take());
            talk = done.shell.talk.take();
            done.told = talk.as_ref().map(|talk| talk.told.clone()).unwrap_or_default();
            let tries = open.reruns + course.attempts - 1;
            if talk.as_ref().is_none_or(|talk| talk.open.is_none()) {
                done.wish(job, &self.options.wishes, tries);
            }
            done.code = self.options.exit_codes.get(&job.job.name).copied().unwrap_or(done.code);
            let most = job.job.timeout.map(Duration::from_secs);
            let limit = most.filter(|limit| done.shell.elapsed > *limit);
            let asks = talk.as_ref().and_then(|talk| talk.open.clone()).filter(|_| limit.is_none());
            if limit.is_some() {
                done.code = 1;
            }
            let took = limit.unwrap_or(done.shell.elapsed);
            if asks.is_none() && done.code != 0 && course.attempts <= job.job.retry {
                begin += START + took;
                continue;
            }
            let mut at = begin;
            course.steps = std::iter::once(START)
                .chain(done.ends.iter().map(|end| START + *end))
                .map(|end| begin + end.min(START + took))
                .map(|end| {
                    let span = (scaled(at), scaled(end));
                    at = end;
                    Some(span)
                })
                .collect();
            course.length = scaled(begin + START + took);
            for (at, _) in &mut done.log {
                *at = begin + START + (*at).min(took);
            }
            if let Some(mut asked) = asks {
                asked.at = scaled(asked.at);
                // The step that asks goes on.
                let last = job.job.before_script.len() + job.job.script.len() + 1;
                asked.step = asked.step.min(last);
                course.steps.truncate(asked.step);
                let from = course.steps.last().copied().flatten().map_or(Duration::ZERO, |(_, end)| end);
                course.steps.push(Some((from.min(asked.at), asked.at)));
                course.asks = Some(Box::new(asked));
                course.until = most.map(|most| (scaled(begin + START + most), Outcome::Failure));
                done.finish();
                self.done.insert(index, done.into());
                return course;
            }
            let excused = job.exit_codes.contains(&i64::from(done.code));
            course.excused = done.code != 0 && (job.allow_failure || excused);
            course.outcome = if done.code == 0 { Outcome::Success } else { Outcome::Failure };
            let keeps = match job.job.artifacts_when.as_str() {
                "always" => true,
                "on_failure" => done.code != 0,
                _ => done.code == 0,
            };
            if keeps {
                self.artifacts.insert(index, artifacts(job, &done.shell.files).into());
            }
            done.finish();
            self.done.insert(index, done.into());
            return course;
        }
    }
}

/// What became of the commands of a job.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Done {
    /// The exit code.
    pub code: i32,
    /// Whether `after_script` failed.
    pub after_script_failed: bool,
    /// What was printed.
    pub output: Vec<String>,
    /// The log: what was run and what was printed, each at its time since the job began.
    pub log: Vec<(Duration, String)>,
    /// Commands that are not understood and only took time.
    pub unknown: BTreeSet<String>,
    /// What was asked of the world.
    pub told: Vec<Told>,
    /// When each step ended.
    ends: Vec<Duration>,
    shell: Shell,
}

impl Done {
    /// What a lab says of it: how long its commands take, and which of them fails.
    fn wish(&mut self, job: &PipelineJob, wishes: &Wishes, tries: u32) {
        let names = [job.job.base.as_str(), job.job.name.as_str()];
        let lines =
            job.job.before_script.iter().chain(&job.job.script).map(String::as_str).chain(["after_script"]);
        let mut begin = Duration::ZERO;
        let spans = lines.zip(&self.ends).map(|(line, end)| {
            let took = end.saturating_sub(begin);
            begin = *end;
            (line.to_owned(), took)
        });
        let steps: Vec<(String, Duration)> = spans.collect();
        // What the world has answered took what it took.
        if !wishes.durations.is_empty() && self.told.is_empty() {
            let before = std::mem::take(&mut self.ends);
            let mut end = Duration::ZERO;
            for takes in wishes.lasting(names, &steps) {
                end += takes;
                self.ends.push(end);
            }
            // What was printed moves with its command.
            let moved = |at: Duration| {
                let step = before.iter().position(|end| at <= *end).unwrap_or(before.len().saturating_sub(1));
                let from = |ends: &[Duration]| {
                    step.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or_default()
                };
                let until = self.ends.get(step).copied().unwrap_or(at);
                (from(&self.ends) + at.saturating_sub(from(&before))).min(until)
            };
            for (at, _) in &mut self.log {
                *at = moved(*at);
            }
            self.shell.elapsed = end;
        }
        if let Some(step) = wishes.failing(names, &steps, tries) {
            self.code = 1;
            self.ends.truncate(step + 1);
            self.shell.elapsed = self.ends.last().copied().unwrap_or_default();
        }
    }

    /// Forgets what nobody asks for any more.
    fn finish(&mut self) {
        let shell = std::mem::take(&mut self.shell);
        self.output = shell.output;
        self.unknown = shell.unknown;
    }
}

/// Runs the commands of a job.
fn perform(job: &PipelineJob, files: Files, talk: Option<Talk>) -> Done {
    let variables = job.variables.for_runner();
    let mut shell = Shell::new(files, variables.clone()).talking(talk);
    let lines: Vec<String> = job.job.before_script.iter().chain(&job.job.script).cloned().collect();
    // The first step gets the sources.
    let (code, mut ends) = script::run_items(&mut shell, &lines, 1);
    let mut done = Done { code, ..Done::default() };
    done.write(&lines, &ends, &shell, Duration::ZERO, 0);
    if !job.job.after_script.is_empty() && !shell.waits() {
        // A shell of its own, in the same directory.
        let mut after = Shell::new(shell.files.clone(), variables).talking(shell.talk.take());
        if let Some(talk) = &mut after.talk {
            talk.before += shell.elapsed;
        }
        let status = if code == 0 { "success" } else { "failed" };
        after.variables.insert("CI_JOB_STATUS".to_owned(), status.to_owned());
        let (failed, after_ends) = script::run_items(&mut after, &job.job.after_script, lines.len() + 1);
        done.after_script_failed = failed != 0;
        done.write(&job.job.after_script, &after_ends, &after, shell.elapsed, 0);
        // Commands that a failure kept from running have no step.
        ends.resize(lines.len(), (shell.elapsed, 0));
        shell.files = after.files;
        shell.elapsed += after.elapsed;
        shell.output.extend(after.output);
        shell.unknown.extend(after.unknown);
        shell.talk = after.talk;
        ends.push((shell.elapsed, 0));
    }
    done.ends = ends.into_iter().map(|(end, _)| end).collect();
    done.shell = shell;
    done
}

impl Done {
    /// Writes the log of commands: each as typed, then what it printed.
    fn write(
        &mut self,
        items: &[String],
        ends: &[(Duration, usize)],
        shell: &Shell,
        begin: Duration,
        first: usize,
    ) {
        let (mut at, mut printed) = (begin, first);
        for (item, (end, lines)) in items.iter().zip(ends) {
            self.log.push((at, ["$ ", item.trim_end()].concat()));
            at = begin + *end;
            let new = shell.output.get(printed..*lines).unwrap_or_default();
            self.log.extend(
                new.iter().filter(|line| outside::marked(line).is_none()).map(|line| (at, line.clone())),
            );
            printed = printed.max(*lines);
        }
        let rest = shell.output.get(printed..).unwrap_or_default();
        let rest = rest.iter().filter(|line| outside::marked(line).is_none());
        self.log.extend(rest.map(|line| (begin + shell.elapsed, line.clone())));
    }
}

/// The files that a job's `artifacts:paths` name.
fn artifacts(job: &PipelineJob, files: &Files) -> Files {
    let patterns: Vec<String> = job
        .job
        .artifacts
        .iter()
        .map(|path| job.variables.expand(path).trim_start_matches("./").trim_end_matches('/').to_owned())
        .collect();
    let named = |path: &str| {
        patterns.iter().any(|pattern| {
            glob::fits(pattern, path)
                || path.strip_prefix(pattern.as_str()).is_some_and(|rest| rest.starts_with('/'))
                || glob::fits(&format!("{pattern}/**/*"), path)
        })
    };
    files.iter().filter(|(path, _)| named(path)).map(|(path, text)| (path.clone(), text.clone())).collect()
}

/// `Gitlab::Ci::Status::Composite`: how several jobs stand together, with whether each may fail; `dag`: they are needed.
fn composite(jobs: &[(Status, bool)], dag: bool) -> Option<Status> {
    /// As the composite counts them.
    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
    enum Kind {
        Is(Status),
        SuccessWithWarnings,
        Ignored,
    }
    use Kind::{Ignored, Is, SuccessWithWarnings};
    let kinds: BTreeSet<Kind> = jobs
        .iter()
        .map(|(status, may_fail)| match (status, may_fail) {
            (Status::Failed | Status::Canceled, true) => SuccessWithWarnings,
            (Status::Manual, true) => Ignored,
            (status, _) => Is(*status),
        })
        .collect();
    if kinds.is_empty() {
        return None;
    }
    let any = |kind: Kind| kinds.contains(&kind);
    let only = |allowed: &[Kind]| kinds.iter().all(|kind| allowed.contains(kind));
    let (success, failed, skipped, created) =
        (Is(Status::Success), Is(Status::Failed), Is(Status::Skipped), Is(Status::Created));
    let canceled = Is(Status::Canceled);
    Some(if dag && (any(skipped) || any(Ignored)) {
        Status::Skipped
    } else if dag && !only(&[success, failed, canceled, skipped, SuccessWithWarnings]) {
        Status::Pending
    } else if only(&[skipped, Ignored]) {
        Status::Skipped
    } else if only(&[success, skipped, SuccessWithWarnings, Ignored]) {
        Status::Success
    } else if only(&[created, SuccessWithWarnings, Ignored]) {
        Status::Created
    } else if only(&[canceled, success, skipped, SuccessWithWarnings, Ignored]) {
        Status::Canceled
    } else if only(&[Is(Status::Pending), created, skipped, SuccessWithWarnings, Ignored]) {
        Status::Pending
    } else if any(Is(Status::Running)) || any(Is(Status::Pending)) {
        Status::Running
    } else if any(Is(Status::Manual)) {
        Status::Manual
    } else if any(Is(Status::Scheduled)) {
        Status::Scheduled
    } else if any(created) {
        Status::Running
    } else {
        Status::Failed
    })
}
