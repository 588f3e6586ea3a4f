//! A pipeline, run: which job waits, starts, is skipped, and how it ends.
//!
//! Source: gitlab `app/services/ci/pipeline_processing/atomic_processing_service.rb`, `app/services/ci/process_build_service.rb`
//! and `lib/gitlab/ci/status/composite.rb`, read, not run. There are as many runners as are asked for; what a job does is
//! what [`super::script`] understands of its commands.

use std::collections::{BTreeMap, BTreeSet};

use super::job::Need;
use super::pipeline::{Pipeline, PipelineJob};
use super::script::{Files, Shell};
use super::{Repository, glob};

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
const START_SECONDS: u64 = 1;

impl Pipeline {
    /// Runs the pipeline to where nothing goes on by itself.
    pub fn run(&self, repository: &Repository, options: &Options) -> Run {
        let jobs = self.jobs.iter().map(|job| JobRun {
            name: job.job.name.clone(),
            status: Status::Created,
            allow_failure: job.allow_failure,
            queued: None,
            start: None,
            end: None,
            exit_code: None,
            after_script_failed: false,
            attempts: 0,
            output: Vec::new(),
            unknown: BTreeSet::new(),
        });
        let mut process = Process {
            pipeline: self,
            repository,
            options,
            jobs: jobs.collect(),
            artifacts: BTreeMap::new(),
            due: BTreeMap::new(),
            waves: Vec::new(),
            now: 0,
        };
        process.go();
        let all: Vec<(Status, bool)> =
            process.jobs.iter().map(|job| (job.status, job.allow_failure)).collect();
        Run {
            status: composite(&all, false).unwrap_or(Status::Success),
            jobs: process.jobs,
            waves: process.waves,
            seconds: process.now,
        }
    }
}

struct Process<'a> {
    pipeline: &'a Pipeline,
    repository: &'a Repository,
    options: &'a Options,
    jobs: Vec<JobRun>,
    /// Artifacts by the index of the job that made them.
    artifacts: BTreeMap<usize, Files>,
    /// When something happens to a job: a running one ends (with its exit code), a scheduled one may start.
    due: BTreeMap<(u64, usize), Option<i32>>,
    waves: Vec<Vec<String>>,
    now: u64,
}

impl Process<'_> {
    fn go(&mut self) {
        loop {
            while self.advance_created() {}
            self.start_pending();
            let Some(((at, index), ended)) = self.due.pop_first() else { return };
            self.now = self.now.max(at);
            self.happen(index, ended);
            // What happens at the same time happens before anything starts.
            while let Some((&(next, index), &ended)) = self.due.first_key_value() {
                if next > self.now {
                    break;
                }
                self.due.pop_first();
                self.happen(index, ended);
            }
        }
    }

    fn happen(&mut self, index: usize, ended: Option<i32>) {
        let now = self.now;
        let codes = self.pipeline.jobs.get(index).map(|job| job.exit_codes.clone()).unwrap_or_default();
        let Some(job) = self.jobs.get_mut(index) else { return };
        let Some(code) = ended else {
            job.status = Status::Pending;
            job.queued = Some(now);
            return;
        };
        job.end = Some(now);
        job.exit_code = Some(code);
        job.status = if code == 0 { Status::Success } else { Status::Failed };
        job.allow_failure |= code != 0 && codes.contains(&i64::from(code));
    }

    /// Moves jobs on for which all is decided that they wait for; whether there were any.
    fn advance_created(&mut self) -> bool {
        let mut any = false;
        let mut order: Vec<usize> = (0..self.jobs.len()).collect();
        order.sort_by_key(|index| self.stage_of(*index));
        for index in order {
            let (Some(run), Some(job)) = (self.jobs.get(index), self.pipeline.jobs.get(index)) else {
                continue;
            };
            if run.status != Status::Created {
                continue;
            }
            let Some(before) = self.status_before(index, job) else { continue };
            let by_needs = job.needs.is_some();
            let wanted = match job.when.as_str() {
                "on_failure" => before == Status::Failed,
                "always" => true,
                _ => before == Status::Success || (!by_needs && before == Status::Skipped),
            };
            let play = self.options.play.contains(&run.name) || self.options.play.contains(&job.job.base);
            let now = self.now;
            let status = match job.when.as_str() {
                _ if !wanted => Status::Skipped,
                "manual" if !play => Status::Manual,
                "delayed" => Status::Scheduled,
                _ => Status::Pending,
            };
            if status == Status::Scheduled {
                self.due.insert((now + job.start_in.unwrap_or(0), index), None);
            }
            if let Some(run) = self.jobs.get_mut(index) {
                run.status = status;
                run.queued = (status == Status::Pending).then_some(now);
                any = true;
            }
        }
        any
    }

    fn stage_of(&self, index: usize) -> usize {
        let stage = self.pipeline.jobs.get(index).map(|job| job.job.stage.as_str());
        self.pipeline.stages.iter().position(|other| Some(other.as_str()) == stage).unwrap_or(usize::MAX)
    }

    /// How what a job waits for stands, once it is decided.
    fn status_before(&self, index: usize, job: &PipelineJob) -> Option<Status> {
        let statuses: Vec<(Status, bool)> = if let Some(needs) = &job.needs {
            let names: Vec<&String> = needs.iter().flat_map(Need::jobs).collect();
            let needed = self.jobs.iter().filter(|other| names.contains(&&other.name));
            needed.map(|other| (other.status, other.allow_failure)).collect()
        } else {
            let own = self.stage_of(index);
            let before = self.jobs.iter().enumerate().filter(|(other, _)| self.stage_of(*other) < own);
            before.map(|(_, other)| (other.status, other.allow_failure)).collect()
        };
        let status = composite(&statuses, job.needs.is_some()).unwrap_or(Status::Success);
        // One need that is skipped decides for jobs that it keeps from running. One that runs in spite of it waits for
        // the other needs: the composite alone would let it start beside them.
        let open = |status: &Status| {
            !matches!(status, Status::Success | Status::Failed | Status::Skipped | Status::Manual)
        };
        if job.when == "always" && statuses.iter().any(|(status, _)| open(status)) {
            return None;
        }
        matches!(status, Status::Success | Status::Failed | Status::Skipped).then_some(status)
    }

    fn start_pending(&mut self) {
        let mut wave = Vec::new();
        let mut running = self.jobs.iter().filter(|job| job.status == Status::Running).count();
        let mut groups: BTreeSet<String> = BTreeSet::new();
        let group =
            |job: &PipelineJob| job.job.resource_group.as_ref().map(|group| job.variables.expand(group));
        for (run, job) in self.jobs.iter().zip(&self.pipeline.jobs) {
            if run.status == Status::Running {
                groups.extend(group(job));
            }
        }
        for index in 0..self.jobs.len() {
            let (Some(run), Some(job)) = (self.jobs.get(index), self.pipeline.jobs.get(index)) else {
                continue;
            };
            if run.status != Status::Pending || self.options.runners.is_some_and(|runners| running >= runners)
            {
                continue;
            }
            if let Some(group) = group(job)
                && !groups.insert(group)
            {
                continue;
            }
            running += 1;
            wave.push(run.name.clone());
            self.start(index);
        }
        if !wave.is_empty() {
            wave.sort();
            self.waves.push(wave);
        }
    }

    fn start(&mut self, index: usize) {
        let Some(job) = self.pipeline.jobs.get(index) else { return };
        let files = self.workspace(index, job);
        let mut attempts = 0;
        let mut seconds = 0;
        let (mut code, mut done);
        loop {
            attempts += 1;
            done = perform(job, files.clone());
            code = self.options.exit_codes.get(&job.job.name).copied().unwrap_or(done.code);
            let limit = job.job.timeout.filter(|limit| done.shell.seconds > *limit);
            if limit.is_some() {
                code = 1;
            }
            seconds += START_SECONDS + limit.unwrap_or(done.shell.seconds);
            if code == 0 || attempts > job.job.retry {
                break;
            }
        }
        let keeps = match job.job.artifacts_when.as_str() {
            "always" => true,
            "on_failure" => code != 0,
            _ => code == 0,
        };
        if keeps {
            self.artifacts.insert(index, artifacts(job, &done.shell.files));
        }
        let now = self.now;
        if let Some(run) = self.jobs.get_mut(index) {
            run.status = Status::Running;
            run.start = Some(now);
            run.attempts = attempts;
            run.output = done.shell.output;
            run.unknown = done.shell.unknown;
            run.after_script_failed = done.after_script_failed;
        }
        self.due.insert((now + seconds, index), Some(code));
    }

    /// The files that a job finds: those of the commit, and the artifacts it fetches.
    fn workspace(&self, index: usize, job: &PipelineJob) -> Files {
        let mut files = self.repository.files.clone();
        let own = self.stage_of(index);
        for (other, run) in self.jobs.iter().enumerate() {
            let Some(made) = self.artifacts.get(&other).filter(|_| run.end.is_some()) else { continue };
            let needed = match &job.needs {
                Some(needs) => needs.iter().any(|need| need.artifacts && need.jobs().contains(&run.name)),
                None => self.stage_of(other) < own,
            };
            let depends = job.job.dependencies.as_ref().is_none_or(|names| names.contains(&run.name));
            if needed && depends {
                files.extend(made.iter().map(|(path, text)| (path.clone(), text.clone())));
            }
        }
        files
    }
}

struct Done {
    shell: Shell,
    code: i32,
    after_script_failed: bool,
}

/// Runs the commands of a job.
fn perform(job: &PipelineJob, files: Files) -> Done {
    let variables = job.variables.for_runner();
    let mut shell = Shell::new(files, variables.clone());
    let lines: Vec<String> = job.job.before_script.iter().chain(&job.job.script).cloned().collect();
    let code = shell.run(&lines);
    let mut after_script_failed = false;
    if !job.job.after_script.is_empty() {
        // A shell of its own, in the same directory.
        let mut after = Shell::new(shell.files.clone(), variables);
        let status = if code == 0 { "success" } else { "failed" };
        after.variables.insert("CI_JOB_STATUS".to_owned(), status.to_owned());
        after_script_failed = after.run(&job.job.after_script) != 0;
        shell.files = after.files;
        shell.seconds += after.seconds;
        shell.output.extend(after.output);
        shell.unknown.extend(after.unknown);
    }
    Done { shell, code, after_script_failed }
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
            (Status::Failed, true) => SuccessWithWarnings,
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
    Some(if dag && (any(skipped) || any(Ignored)) {
        Status::Skipped
    } else if dag && !only(&[success, failed, skipped, SuccessWithWarnings]) {
        Status::Pending
    } else if only(&[skipped, Ignored]) {
        Status::Skipped
    } else if only(&[success, skipped, SuccessWithWarnings, Ignored]) {
        Status::Success
    } else if only(&[created, SuccessWithWarnings, Ignored]) {
        Status::Created
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
