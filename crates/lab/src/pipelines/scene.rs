//! What is drawn of a pipeline: its jobs, what they wait for, and how they stand, as plain data.

use std::collections::BTreeMap;
use std::sync::Arc;

use opscape_manifest::api::Str;
use opscape_pipeline::run::{
    Cause, Fleet, JobId, JobRun, Kind, Outcome, Plan, State, Told, Verdict, outside,
};
use opscape_sim::Time;

use super::{Definition, Passed, Pipelines, RepositoryEvent, RunState, Runs};

/// A pipeline at one instant: the newest run of a configuration, or what it would run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PipelineScene {
    /// The path of the configuration.
    pub file: Str,
    /// What it is called.
    pub name: Str,
    /// The name of the system.
    pub system: &'static str,
    /// The line of the text at which it begins.
    pub line: u32,
    /// The run; none: nothing has happened that it runs on.
    pub run: Option<RunCard>,
    /// Why it ran nothing when something happened last.
    pub passed: Option<Passed>,
    /// What makes it run most simply.
    pub usual: Option<RepositoryEvent>,
    /// The names of the events that it runs on.
    pub events: Vec<Str>,
    /// The stages; none: it has no stages.
    pub stages: Vec<Str>,
    /// What waits and is waited for.
    pub groups: Vec<GroupCard>,
    /// What takes a runner.
    pub jobs: Vec<JobCard>,
    /// The jobs that decide when it ends, first to last.
    pub path: Vec<JobId>,
}

/// A run.
#[derive(Clone, Debug, PartialEq)]
pub struct RunCard {
    /// Its number, from 1.
    pub number: u32,
    /// What it runs on.
    pub event: RepositoryEvent,
    /// When it began.
    pub began: Time,
    /// When the last job ended; none: it still goes on, or waits for a person.
    pub ended: Option<Time>,
    /// How it ended, or how it stands: failed as soon as a job has that nobody excuses.
    pub outcome: Option<Outcome>,
    /// Whether it only goes on if a person says so.
    pub asks: bool,
    /// The name of which another run goes on, so that this one has not begun.
    pub held: Option<Str>,
}

/// A job of the configuration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GroupCard {
    /// Its id.
    pub id: Str,
    /// The name that several share which come from one job of the configuration.
    pub base: Str,
    /// What it stands for.
    pub kind: Kind,
    /// The groups that must end before.
    pub needs: Vec<usize>,
    /// Whether it needs them because it stands in a later stage.
    pub by_stage: bool,
    /// The group that it is a part of.
    pub within: Option<usize>,
    /// Its stage.
    pub stage: Option<usize>,
    /// Its jobs.
    pub jobs: Vec<JobId>,
    /// The condition as written; empty: there is none.
    pub condition: Str,
    /// The line of the text; 0: nobody knows.
    pub line: u32,
}

/// How a job stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum JobState {
    /// Nothing has happened yet.
    #[default]
    Planned,
    /// It waits for others.
    Waiting,
    /// It waits for a person.
    Manual,
    /// It waits for its time.
    Delayed,
    /// It waits for a runner, or for its turn.
    Queued,
    /// It runs.
    Running,
    /// It did all it should.
    Succeeded,
    /// It did not.
    Failed,
    /// It did not, which counts for nothing.
    Excused,
    /// It was stopped.
    Cancelled,
    /// It does not run.
    Skipped,
}

impl JobState {
    /// All of them.
    pub const ALL: [JobState; 11] = [
        JobState::Planned,
        JobState::Waiting,
        JobState::Manual,
        JobState::Delayed,
        JobState::Queued,
        JobState::Running,
        JobState::Succeeded,
        JobState::Failed,
        JobState::Excused,
        JobState::Cancelled,
        JobState::Skipped,
    ];

    /// The end of its keys in the texts.
    pub fn name(self) -> &'static str {
        match self {
            JobState::Planned => "planned",
            JobState::Waiting => "waiting",
            JobState::Manual => "manual",
            JobState::Delayed => "delayed",
            JobState::Queued => "queued",
            JobState::Running => "running",
            JobState::Succeeded => "succeeded",
            JobState::Failed => "failed",
            JobState::Excused => "excused",
            JobState::Cancelled => "cancelled",
            JobState::Skipped => "skipped",
        }
    }

    /// Whether nothing more happens to it.
    pub fn is_over(self) -> bool {
        self >= JobState::Succeeded
    }
}

/// A job.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobCard {
    /// What people see.
    pub name: Str,
    /// The same without the name of its group.
    pub short: Str,
    /// Its group.
    pub group: usize,
    /// How it stands.
    pub state: JobState,
    /// Since when it waits for a runner.
    pub ready: Option<Time>,
    /// When it got its runner.
    pub start: Option<Time>,
    /// When it ended, or will.
    pub end: Option<Time>,
    /// Of one that waits for its time: until when.
    pub until: Option<Time>,
    /// What it waited for last.
    pub cause: Cause,
    /// Its runner; empty: it has none.
    pub runner: Str,
    /// What it asks of a runner.
    pub labels: Vec<Str>,
    /// The environment that it deploys to, if that has rules of protection; and who may let it through.
    pub environment: Str,
    /// Who may let it through.
    pub reviewers: Vec<Str>,
    /// What became of it before it could deploy.
    pub verdict: Option<Verdict>,
    /// How often it was tried, and how often a person had it run again.
    pub tries: (u32, u32),
    /// What it does.
    pub steps: Vec<StepSpan>,
    /// Whether it is one of those that decide when the run ends.
    pub critical: bool,
}

/// A step of a job.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepSpan {
    /// What people see.
    pub name: Str,
    /// From when to when; none: it has no time, or is left out.
    pub span: Option<(Time, Time)>,
    /// Whether nobody knows what it does, so that it just takes time.
    pub opaque: bool,
    /// Commands of it that ran, and whether each did something to the world; else it only took its time.
    pub commands: Vec<(Str, bool)>,
}

/// The pipelines of a world.
pub(crate) fn build(pipelines: &Pipelines) -> Vec<Arc<PipelineScene>> {
    let shown = |definition: &Arc<Definition>| {
        let newest = pipelines.runs.iter().rev().find(|run| run.definition.file == definition.file);
        let mut scene = match newest {
            Some(run) => of_run(run),
            None => of_plan(&definition.preview, None, &[]),
        };
        scene.file = definition.file.clone();
        scene.name = definition.name.clone();
        scene.system = definition.system.name();
        scene.line = definition.start.line;
        scene.usual = Some(definition.usual_event());
        scene.events = definition.events();
        for (group, line) in scene.groups.iter_mut().map(|group| (group.line, &mut group.line)) {
            if group > 0 {
                *line = group + definition.start.line - 1;
            }
        }
        let passed = pipelines.passed.iter().find(|(file, _)| *file == definition.file);
        scene.passed = passed.map(|(_, passed)| passed.clone());
        Arc::new(scene)
    };
    pipelines.definitions.iter().map(shown).collect()
}

impl Pipelines {
    /// How a run ended; none: it still goes on, or there is none of this number.
    pub fn outcome(&self, number: u32) -> Option<Outcome> {
        let card = of_run(self.run(number)?).run?;
        card.outcome.filter(|_| card.ended.is_some() && !card.asks)
    }
}

fn of_run(run: &RunState) -> PipelineScene {
    let engine = &run.engine;
    let mut scene = of_plan(engine.plan(), Some((run, engine.fleet())), engine.jobs());
    scene.path = engine.critical_path();
    for job in &scene.path {
        if let Some(card) = scene.jobs.get_mut(*job) {
            card.critical = true;
        }
    }
    let states = || scene.jobs.iter().map(|job| job.state);
    let going =
        states().any(|state| matches!(state, JobState::Running | JobState::Queued | JobState::Delayed));
    let asks = !going && states().any(|state| state == JobState::Manual);
    let over = states().all(JobState::is_over);
    let last = scene.jobs.iter().filter_map(|job| job.end).max();
    let has = |wanted| states().any(|state| state == wanted);
    let outcome = if has(JobState::Failed) {
        Some(Outcome::Failure)
    } else if has(JobState::Cancelled) {
        Some(Outcome::Cancelled)
    } else if !(over || asks && engine.results().iter().any(Option::is_some)) {
        None
    } else if has(JobState::Succeeded) || has(JobState::Excused) {
        Some(Outcome::Success)
    } else {
        Some(Outcome::Skipped)
    };
    scene.run = Some(RunCard {
        number: run.number,
        event: run.event.clone(),
        began: run.began,
        ended: last.or(Some(run.began)).filter(|_| over || asks),
        outcome,
        asks,
        held: engine
            .plan()
            .serial
            .as_ref()
            .filter(|_| engine.is_held())
            .map(|serial| serial.name.as_str().into()),
    });
    scene
}

fn of_plan(plan: &Plan, run: Option<(&RunState, &Fleet)>, runs: &[JobRun]) -> PipelineScene {
    let began = run.map_or(Time::ZERO, |(run, _)| run.began);
    let at = |time: Option<Time>| time.map(|time| began + time.since(Time::ZERO));
    let groups = plan.groups.iter().map(|group| GroupCard {
        id: group.id.as_str().into(),
        base: group.base.as_str().into(),
        kind: group.kind,
        needs: group.needs.clone(),
        by_stage: group.by_stage,
        within: group.within,
        stage: group.stage,
        jobs: group.jobs.clone(),
        condition: group.condition.as_deref().unwrap_or_default().into(),
        line: group.place.map_or(0, |place| place.start.line),
    });
    let jobs = plan.jobs.iter().enumerate().map(|(id, planned)| {
        let one = runs.get(id);
        let group = plan.groups.get(planned.group);
        let excused =
            planned.may_fail || one.and_then(|one| one.course.as_ref()).is_some_and(|course| course.excused);
        let fleet = run.map(|(_, fleet)| fleet);
        let runner = one.and_then(|one| one.runner).and_then(|(kind, number)| {
            let pool = fleet?.pools.get(kind)?;
            Some([&pool.name, "-", &(number + 1).to_string()].concat())
        });
        let spans = one.and_then(|one| Some((at(one.steps)?, one.course.as_ref()?)));
        let commands = run.map(|(state, _)| commands(state, id)).unwrap_or_default();
        let steps = planned.steps.iter().enumerate().map(|(index, step)| StepSpan {
            name: step.name.as_str().into(),
            span: spans.and_then(|(begin, course)| {
                let (from, until) = course.steps.get(index).copied().flatten()?;
                // One that waits for the world ends nobody knows when.
                let open = course.asks.as_ref().is_some_and(|asked| asked.step == index);
                Some((begin + from, if open { Time::FAR } else { begin + until }))
            }),
            opaque: step.opaque,
            commands: commands.get(&index).cloned().unwrap_or_default(),
        });
        JobCard {
            name: planned.name.as_str().into(),
            short: short(&planned.name, group.map_or("", |group| &group.base)).into(),
            group: planned.group,
            state: one.map_or(JobState::Planned, |one| state(one, excused)),
            ready: at(one.and_then(|one| one.ready)),
            start: at(one.and_then(|one| one.start)),
            end: at(one.and_then(|one| one.end)),
            until: at(one.filter(|one| one.state == State::Delayed).and_then(|one| one.delayed)),
            cause: one.map_or(Cause::Beginning, |one| match run {
                Some((run, _)) if one.state == State::Queued => run.engine.held_by(id).unwrap_or(one.cause),
                _ => one.cause,
            }),
            runner: runner.unwrap_or_default().as_str().into(),
            labels: planned.labels.iter().map(|label| label.as_str().into()).collect(),
            environment: planned
                .gate
                .as_ref()
                .map(|gate| gate.environment.as_str())
                .unwrap_or_default()
                .into(),
            reviewers: planned
                .gate
                .iter()
                .flat_map(|gate| &gate.reviewers)
                .map(|name| name.as_str().into())
                .collect(),
            verdict: one.and_then(|one| one.verdict),
            tries: one
                .map_or((0, 0), |one| (one.course.as_ref().map_or(0, |course| course.attempts), one.reruns)),
            steps: steps.collect(),
            critical: false,
        }
    });
    let stages = plan.stages.iter().map(|stage| stage.as_str().into());
    PipelineScene {
        groups: groups.collect(),
        jobs: jobs.collect(),
        stages: stages.collect(),
        ..PipelineScene::default()
    }
}

/// The commands of a job that ran, by the step: those that the world was asked for, and those that nobody knows.
fn commands(run: &RunState, job: JobId) -> BTreeMap<usize, Vec<(Str, bool)>> {
    let mut found: BTreeMap<usize, Vec<(Str, bool)>> = BTreeMap::new();
    let mut add = |step: usize, name: &str, acts: bool| {
        let commands = found.entry(step).or_default();
        if !commands.iter().any(|(known, did)| &**known == name && *did == acts) {
            commands.push((name.into(), acts));
        }
    };
    let told: &[Told] = match run.engine.system() {
        Runs::GitHub(planned) => {
            for (step, name) in planned.unknown(job) {
                add(*step, name, false);
            }
            planned.told(job)
        }
        Runs::GitLab(process) => {
            let Some(done) = process.done(job) else { return found };
            let steps = run.engine.plan().jobs.get(job).map_or(&[][..], |job| &job.steps);
            for (step, planned) in steps.iter().enumerate() {
                let words = || planned.name.split([' ', ';', '|', '&']);
                for name in done.unknown.iter().filter(|name| words().any(|word| word == *name)) {
                    add(step, name, false);
                }
            }
            &done.told
        }
    };
    for told in told {
        add(told.step, &told.name, told.acts);
    }
    if let Some(asked) = run.engine.asked(job) {
        add(asked.step, &outside::name(&asked.words), true);
    }
    found
}

fn state(run: &JobRun, excused: bool) -> JobState {
    match (run.state, run.outcome) {
        (State::Waiting, _) => JobState::Waiting,
        (State::Manual, _) => JobState::Manual,
        (State::Delayed, _) => JobState::Delayed,
        (State::Queued, _) => JobState::Queued,
        (State::Running, _) => JobState::Running,
        (State::Over, Some(Outcome::Failure)) if excused => JobState::Excused,
        (State::Over, Some(Outcome::Failure)) => JobState::Failed,
        (State::Over, Some(Outcome::Cancelled)) => JobState::Cancelled,
        (State::Over, Some(Outcome::Skipped)) => JobState::Skipped,
        (State::Over, _) => JobState::Succeeded,
    }
}

/// `test (ubuntu, 20)` in the group `test` is `ubuntu, 20`; `test: [a, b]` is `a, b`; `test 1/3` is `1/3`; what is called by
/// `deploy`, `deploy / push`, is `push`.
fn short(name: &str, base: &str) -> String {
    let last = name.rsplit(" / ").next().unwrap_or(name);
    let Some(rest) = last.strip_prefix(base).map(str::trim_start).filter(|rest| !rest.is_empty()) else {
        return last.to_owned();
    };
    let inner = rest
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'))
        .or_else(|| rest.strip_prefix(": [").and_then(|rest| rest.strip_suffix(']')));
    match inner {
        Some(inner) => inner.to_owned(),
        None if rest.starts_with(|c: char| c.is_ascii_digit()) => rest.to_owned(),
        None => last.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn names_in_a_group_leave_out_what_the_group_says() {
        assert_eq!(short("test (ubuntu, 20)", "test"), "ubuntu, 20");
        assert_eq!(short("test: [a, b]", "test"), "a, b");
        assert_eq!(short("test 1/3", "test"), "1/3");
        assert_eq!(short("deploy / push", "push"), "push");
        assert_eq!(short("tests", "test"), "tests");
        assert_eq!(short("Unit tests", "test"), "Unit tests");
    }
}
