//! Commands of jobs that the world answers: what waits, what goes on, and what each has printed so far.

use std::sync::Arc;
use std::time::Duration;

use opscape_manifest::api::Str;
use opscape_pipeline::run::{Answer, Asked, JobId, duration, outside};
use opscape_sim::{EntryId, Time};

use super::docker::{self, Machine, Place};
use super::{LabContext, Pipelines};
use crate::images::{Built, LabImages};
use crate::world::Running;

/// A step of a job ran a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandRecord {
    /// The number of the run.
    pub run: u32,
    /// The file of its configuration.
    pub file: Str,
    /// The job.
    pub job: JobId,
    /// What people see of it.
    pub name: Str,
    /// The step.
    pub step: Str,
    /// The command, as it would be typed.
    pub line: Str,
}

/// A command that runs.
#[derive(Clone, Debug)]
pub(crate) struct Busy {
    pub asked: Arc<Asked>,
    /// The journal's entry about it; none: it does nothing.
    pub entry: Option<EntryId>,
    pub work: Work,
    /// What it printed so far, and when.
    pub shown: Vec<(Time, String)>,
    output: String,
    errors: String,
}

/// How a command goes on.
#[derive(Clone, Debug)]
pub(crate) enum Work {
    /// It takes its time, and then has done what it does here.
    Docker,
    /// It only takes its time.
    Nothing,
    /// It runs in the world.
    Runs(Box<dyn Running>),
}

impl Busy {
    /// Keeps what a command has written.
    pub fn hear(&mut self, now: Time, (output, errors): (String, String)) {
        for text in [&output, &errors] {
            self.shown.extend(text.lines().map(|line| (now, line.to_owned())));
        }
        self.output.push_str(&output);
        self.errors.push_str(&errors);
    }

    /// What it says in the end.
    pub fn answer(self, code: i32) -> (Answer, Vec<(Time, String)>) {
        let Busy { output, errors, shown, .. } = self;
        (Answer { code, output, errors, acts: true, ..Answer::default() }, shown)
    }
}

/// From the begin of kubectl to its first request: it reads its configuration and asks for the API's resources.
const CLIENT: Duration = Duration::from_millis(300);

impl Pipelines {
    /// A job that asks something that nobody has begun to answer.
    pub(crate) fn next_question(&mut self) -> Option<(u32, JobId)> {
        let run = self.runs.iter_mut().find(|run| !run.questions.is_empty())?;
        let run = Arc::make_mut(run);
        let job = run.questions.remove(0);
        Some((run.number, job))
    }

    /// What a job asks, what the journal says of it, and what led to it.
    pub(crate) fn question(&self, run: u32, job: JobId) -> Option<(Asked, CommandRecord, Option<EntryId>)> {
        let state = self.run(run)?;
        let asked = state.engine.asked(job)?.clone();
        let planned = state.engine.plan().jobs.get(job)?;
        let step = planned.steps.get(asked.step).map_or("", |step| step.name.as_str());
        let record = CommandRecord {
            run,
            file: state.definition.file.clone(),
            job,
            name: planned.name.as_str().into(),
            step: step.into(),
            line: outside::line(&asked.words).as_str().into(),
        };
        Some((asked, record, state.entries.get(&job).copied().or(state.entry)))
    }

    /// A command begins; gives how long it is until it goes on. `runs`: it runs in the world.
    pub(crate) fn begin(
        &mut self,
        (run, job): (u32, JobId),
        asked: Asked,
        entry: Option<EntryId>,
        runs: Option<Box<dyn Running>>,
    ) -> Duration {
        let (usual, _) = duration::script(&asked.words.join(" ").replace([';', '\n', '&'], " "));
        let (work, after) = match runs {
            Some(running) => (Work::Runs(running), CLIENT),
            None if docker::knows(&asked.words) => (Work::Docker, usual),
            None => (Work::Nothing, usual),
        };
        if let Some(entry) = entry
            && let Some(state) = self.run_mut(run)
        {
            state.entries.insert(job, entry);
        }
        let busy = Busy {
            asked: asked.into(),
            entry,
            work,
            shown: Vec::new(),
            output: String::new(),
            errors: String::new(),
        };
        self.busy.insert((run, job), busy);
        after
    }

    /// Takes a command out that shall go on. None: the job was stopped, and it with it.
    pub(crate) fn take(&mut self, run: u32, job: JobId) -> Option<Busy> {
        let busy = self.busy.remove(&(run, job))?;
        let state = self.run(run)?;
        state.engine.asked(job).filter(|asked| **asked == *busy.asked)?;
        Some(busy)
    }

    /// A command that still runs.
    pub(crate) fn put(&mut self, run: u32, job: JobId, busy: Busy) {
        self.busy.insert((run, job), busy);
    }

    /// The commands that run in the world.
    pub(crate) fn waiting(&self) -> Vec<(u32, JobId)> {
        let runs = self.busy.iter().filter(|(_, busy)| matches!(busy.work, Work::Runs(_)));
        runs.map(|(key, _)| *key).collect()
    }

    /// Whether a command runs in the world.
    pub(crate) fn waits(&self) -> bool {
        self.busy.values().any(|busy| matches!(busy.work, Work::Runs(_)))
    }

    /// Does a command that only needs a registry or a bucket; gives its answer and what was pushed.
    pub(crate) fn docker(
        &mut self,
        (run, job): (u32, JobId),
        asked: &Asked,
        images: &LabImages,
    ) -> (Answer, Vec<(Str, Built)>) {
        let commit = self.run(run).map(|state| state.commit.sha.clone()).unwrap_or_default();
        let machine: &mut Machine = self.machines.entry((run, job)).or_default();
        let mut place = Place { machine, images, buckets: &mut self.buckets, commit: &commit };
        let did = docker::act(asked, &mut place);
        (did.answer, did.pushed)
    }

    /// A job gets its answer and goes on.
    pub(crate) fn answer(
        &mut self,
        (run, job): (u32, JobId),
        answer: Answer,
        shown: Vec<(Time, String)>,
        context: &mut LabContext<'_>,
    ) {
        self.look_around(run);
        let Some(state) = self.run_mut(run) else { return };
        state.engine.advance(Time::ZERO + context.now().since(state.began));
        state.engine.answer(job, answer);
        let reruns = state.engine.jobs().get(job).map_or(0, |job| job.reruns);
        let printed = self.printed.entry((run, job)).or_default();
        if printed.0 != reruns {
            *printed = (reruns, Vec::new());
        }
        printed.1.extend(shown);
        self.tell(run, context);
    }
}
