//! From a workflow to what runs on the clock.
//!
//! What is not known before it runs is assumed: a matrix that comes from another job is one job until that one has ended
//! (`process.rs`); the jobs of a workflow whose file is not there are one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use opscape_sim::Rng;

use super::action;
use super::contexts::Contexts;
use super::expression::{Data, Object};
use super::matrix::{Combination, Unknown, expand};
use super::outcome::ancestors;
use super::pattern::lets_in;
use super::perform::Performed;
use super::token::{Expression, Token, Value};
use super::workflow::{Action, Call, Job, Step, Work, Workflow};
use crate::run::{
    Answer, Ends, Gate, Group, GroupId, JobId, Kind, Outcome, Plan, PlannedJob, PlannedStep, Serial, Wishes,
    duration,
};
use crate::script::{Files, UNKNOWN};

/// How long a job may take if nothing is said.
const TIMEOUT: Duration = Duration::from_hours(6);
/// What a workflow takes whose file is not there.
const CALLED: Duration = Duration::from_mins(2);

/// What is to be assumed of a run.
#[derive(Clone, Debug, Default)]
pub struct Assumptions {
    /// Jobs that fail, by id or by name.
    pub fails: Vec<String>,
    /// Of the durations: up to a tenth more or less than usual; none: as usual.
    pub seed: Option<u64>,
    /// What is said of durations and failures.
    pub wishes: Arc<Wishes>,
    /// What stands before jobs that deploy to an environment.
    pub environments: Arc<Vec<Protection>>,
    /// The files of the repository, as far as they are known: actions in it, and what commands and `hashFiles` ask for.
    pub files: Arc<Files>,
    /// Whether there is a world that commands act on.
    pub acts: bool,
}

/// The rules of protection of an environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Protection {
    /// Its name; case does not count.
    pub name: String,
    /// Who may let jobs through; empty: nobody need.
    pub reviewers: Vec<String>,
    /// How long jobs wait at least.
    pub wait: Duration,
    /// Patterns of branches and tags that may deploy; empty: all.
    pub branches: Vec<String>,
}

/// A workflow that is ready to run, and what became of its jobs so far.
#[derive(Clone, Debug)]
pub struct Planned {
    /// What runs.
    pub plan: Arc<Plan>,
    /// Each group's job; the jobs of workflows that are called among them.
    pub(super) placed: Vec<Arc<Placed>>,
    /// What each job of the plan is made of.
    pub(super) made: Vec<Arc<Made>>,
    pub(super) performed: BTreeMap<JobId, Arc<Performed>>,
    /// What the world answered to what jobs asked.
    pub(super) answers: BTreeMap<JobId, Arc<Vec<Answer>>>,
    pub(super) assumptions: Arc<Assumptions>,
}

/// A job of the workflow, or of one that it calls.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub job: Arc<Job>,
    /// The ids of the jobs that it needs.
    pub needs: Vec<String>,
    /// The groups that end before, near and far ones.
    pub before: Vec<GroupId>,
    pub scope: Scope,
    /// In front of its names.
    prefix: String,
    /// Whether what it needs says what it is.
    pub later: bool,
    /// Of a call: the first group of each of its combinations.
    called: Vec<GroupId>,
}

/// What the jobs of one workflow know.
#[derive(Clone, Debug)]
pub(super) struct Scope {
    pub contexts: Contexts,
    /// `env` of the workflow.
    pub env: Option<Arc<Token>>,
}

/// What a job is made of.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub matrix: Data,
    /// Which of how many it is.
    pub at: (usize, usize),
    /// By how much each step takes longer than usual.
    pub spreads: Vec<f64>,
    /// What each step is called and does, and how long it usually takes.
    pub usual: Vec<(String, Duration)>,
}

/// Plans the jobs of a workflow.
pub fn plan(workflow: &Workflow, contexts: &Contexts, assumptions: &Assumptions) -> Planned {
    let mut planned = Planned {
        plan: Arc::default(),
        placed: Vec::new(),
        made: Vec::new(),
        performed: BTreeMap::new(),
        answers: BTreeMap::new(),
        assumptions: Arc::new(assumptions.clone()),
    };
    let contexts = contexts.among(assumptions.files.clone());
    let scope = Scope { contexts, env: workflow.env.clone().map(Arc::new) };
    if let Some(concurrency) = &workflow.concurrency {
        Arc::make_mut(&mut planned.plan).serial = serial(concurrency, &scope.contexts);
    }
    planned.add(workflow.jobs.as_deref().unwrap_or_default(), None, "", &scope);
    planned
}

impl Planned {
    /// Adds the jobs of a workflow; gives the first of their groups.
    fn add(&mut self, jobs: &[Job], within: Option<GroupId>, prefix: &str, scope: &Scope) -> GroupId {
        let ancestors = ancestors(jobs);
        // Jobs of the same workflow come one behind the other, those that they call behind all of them.
        let first = self.plan.groups.len();
        let index: BTreeMap<String, GroupId> =
            jobs.iter().enumerate().map(|(at, job)| (job.id().to_lowercase(), first + at)).collect();
        for (job, before) in jobs.iter().zip(&ancestors) {
            let needs =
                job.needs.iter().filter_map(|need| index.get(&need.as_str()?.to_lowercase()).copied());
            Arc::make_mut(&mut self.plan).groups.push(Group {
                id: format!("{prefix}{}", job.id()),
                needs: needs.collect(),
                within,
                kind: match &job.work {
                    Work::Call(_) => Kind::Call,
                    Work::Steps(_) if job.strategy("matrix").is_some() => Kind::Matrix,
                    Work::Steps(_) => Kind::Single,
                },
                base: job.id().to_owned(),
                condition: job.get("if").map(Token::shown),
                place: job.id.place,
                ..Group::default()
            });
            self.placed.push(Arc::new(Placed {
                needs: job.needs.iter().map(|need| need.as_str().unwrap_or("").to_owned()).collect(),
                before: before.iter().map(|at| first + at).collect(),
                later: asks_for_needs(job),
                job: Arc::new(job.clone()),
                scope: scope.clone(),
                prefix: prefix.to_owned(),
                called: Vec::new(),
            }));
        }
        for group in first..first + jobs.len() {
            self.fill(group, &scope.contexts);
        }
        first
    }

    /// Makes the jobs of a group, as far as contexts say what they are; those that it has become them.
    pub(super) fn fill(&mut self, id: GroupId, contexts: &Contexts) {
        let Some(placed) = self.placed.get(id).cloned() else { return };
        let job = &*placed.job;
        let fail_fast = job.strategy("fail-fast").and_then(|token| contexts.value(token).ok());
        let most = job.strategy("max-parallel").and_then(|token| contexts.value(token).ok());
        let Some(group) = Arc::make_mut(&mut self.plan).groups.get_mut(id) else { return };
        group.fail_fast = fail_fast.is_none_or(|value| value.is_truthy());
        group.max_parallel =
            most.map(|most| most.to_number()).filter(|most| *most >= 1.0).map(|most| most as usize);
        let existing = group.jobs.clone();
        let name = || text(&job.name, contexts).unwrap_or_else(|| job.id().to_owned());
        let single = |name: String| vec![Combination { name, matrix: Object::default().into() }];
        let combinations = match expand(job, contexts) {
            Some(Ok(combinations)) if !combinations.is_empty() => combinations,
            Some(Err(Unknown::Wrong(message))) => return self.refuse(id, &name(), &message),
            Some(Err(Unknown::TooMany)) => {
                return self.refuse(id, &name(), "The maximum number of matrix combinations is 256");
            }
            Some(Ok(_)) => return self.refuse(id, &name(), "Matrix must define at least one combination"),
            None | Some(Err(Unknown::Later)) => single(name()),
        };
        let total = combinations.len();
        for (at, combination) in combinations.into_iter().enumerate() {
            let name = format!("{}{}", placed.prefix, combination.name);
            let contexts = &contexts.with("matrix", combination.matrix.clone());
            let inner = job.call().and_then(|call| Some((call, call.jobs.as_ref()?)));
            if let Some((call, jobs)) = inner.filter(|(_, jobs)| !jobs.is_empty()) {
                let scope = called(call, contexts);
                self.called(id, at, jobs, &format!("{name} / "), &scope);
                continue;
            }
            let planned = match &job.work {
                Work::Steps(steps) => self.steps(job, id, name, contexts, steps),
                Work::Call(call) => self.opaque(job, id, name, call),
            };
            let made = Made {
                matrix: combination.matrix,
                at: (at, total),
                usual: self.usual(job, &planned, contexts),
                spreads: (0..planned.steps.len()).map(|step| self.spread(&planned.name, step)).collect(),
            };
            self.put(existing.get(at).copied(), planned, made);
        }
    }

    /// The jobs of a workflow that is called, which are there already or come now.
    fn called(&mut self, id: GroupId, at: usize, jobs: &[Job], prefix: &str, scope: &Scope) {
        let known = self.placed.get(id).and_then(|placed| placed.called.get(at).copied());
        let Some(first) = known else {
            let first = self.add(jobs, Some(id), prefix, scope);
            if let Some(placed) = self.placed.get_mut(id) {
                Arc::make_mut(placed).called.push(first);
            }
            return;
        };
        for group in first..first + jobs.len() {
            if let Some(placed) = self.placed.get_mut(group) {
                let placed = Arc::make_mut(placed);
                placed.scope = scope.clone();
                prefix.clone_into(&mut placed.prefix);
            }
            self.fill(group, &scope.contexts);
        }
    }

    /// A job in place of one of the plan, or behind all.
    fn put(&mut self, place: Option<JobId>, job: PlannedJob, made: Made) {
        let plan = Arc::make_mut(&mut self.plan);
        let slots = place.and_then(|id| Some((plan.jobs.get_mut(id)?, self.made.get_mut(id)?)));
        if let Some((planned, kept)) = slots {
            *planned = job;
            *kept = Arc::new(made);
            return;
        }
        let id = plan.jobs.len();
        if let Some(group) = plan.groups.get_mut(job.group) {
            group.jobs.push(id);
        }
        plan.jobs.push(job);
        self.made.push(Arc::new(made));
    }

    /// A job that fails before it does anything, because its strategy is none.
    fn refuse(&mut self, group: GroupId, name: &str, message: &str) {
        let name = [self.placed.get(group).map_or("", |placed| &placed.prefix), name].concat();
        let step = PlannedStep {
            name: format!("Error when evaluating 'strategy' for job '{name}'. {message}"),
            ends: Ends::Failing,
            on_success: true,
            ..PlannedStep::default()
        };
        let existing = self.plan.groups.get(group).and_then(|group| group.jobs.first().copied());
        let job = PlannedJob { name, group, steps: vec![step], ..PlannedJob::default() };
        let made =
            Made { matrix: Object::default().into(), at: (0, 1), spreads: vec![1.0], usual: Vec::new() };
        self.put(existing, job, made);
    }

    /// Up to a tenth more or less than usual; the same for the same step of the same job.
    fn spread(&self, job: &str, step: usize) -> f64 {
        let Some(seed) = self.assumptions.seed else { return 1.0 };
        Rng::stream(seed, &format!("pipeline/durations/{job}/{step}")).between(0.9, 1.1)
    }

    /// The jobs of a workflow whose file is not there.
    fn opaque(&self, job: &Job, group: GroupId, name: String, call: &Call) -> PlannedJob {
        let step = PlannedStep {
            name: call.uses.shown(),
            duration: CALLED,
            ends: self.ends(job, &name),
            on_success: true,
            opaque: true,
            ..PlannedStep::default()
        };
        let labels = vec!["ubuntu-latest".to_owned()];
        PlannedJob { name, group, labels, steps: vec![step], ..PlannedJob::default() }
    }

    fn steps(
        &self,
        job: &Job,
        group: GroupId,
        name: String,
        contexts: &Contexts,
        steps: &[Step],
    ) -> PlannedJob {
        let spread = |at| self.spread(&name, at);
        let mut planned: Vec<PlannedStep> =
            steps.iter().enumerate().map(|(at, step)| self.step(step, contexts, spread(at))).collect();
        let wishes = &self.assumptions.wishes;
        if !wishes.durations.is_empty() {
            let usual = planned.iter().zip(steps);
            let usual: Vec<(String, Duration)> =
                usual.map(|(step, written)| (about(step, written, contexts), step.duration)).collect();
            let lasting = wishes.lasting([job.id(), &name], &usual);
            for (step, takes) in planned.iter_mut().zip(lasting) {
                step.takes = (takes != step.duration).then_some(takes);
                step.duration = takes;
            }
        }
        if self.ends(job, &name) == Ends::Failing {
            // The one that does most of the work.
            let main = planned.iter_mut().filter(|step| step.on_success).max_by_key(|step| step.duration);
            if let Some(main) = main {
                main.ends = if main.ends == Ends::Excused { Ends::Excused } else { Ends::Failing };
            }
        }
        let may_fail = job
            .get("continue-on-error")
            .and_then(|token| contexts.value(token).ok())
            .is_some_and(|value| value.is_truthy());
        PlannedJob {
            group,
            labels: job.get("runs-on").map(|token| labels(token, contexts)).unwrap_or_default(),
            steps: planned,
            timeout: Some(minutes(job.get("timeout-minutes"), contexts).unwrap_or(TIMEOUT)),
            may_fail,
            serial: job.concurrency.as_ref().and_then(|concurrency| serial(concurrency, contexts)),
            gate: self.gate(job, contexts),
            name,
            interruptible: false,
        }
    }

    /// What stands before a job that deploys to an environment.
    fn gate(&self, job: &Job, contexts: &Contexts) -> Option<Gate> {
        let token = job.get("environment")?;
        let environment = text(token.get("name").unwrap_or(token), contexts)?;
        let rules = self.assumptions.environments.iter();
        let rules = rules.into_iter().find(|rules| rules.name.eq_ignore_ascii_case(&environment))?;
        let reference = contexts.get("github").and_then(|github| github.get("ref_name"));
        let reference = reference.map(|name| name.to_text().into_owned()).unwrap_or_default();
        Some(Gate {
            environment,
            reviewers: rules.reviewers.clone(),
            wait: rules.wait,
            refused: !rules.branches.is_empty() && !lets_in(&rules.branches, &reference),
        })
    }

    fn step(&self, step: &Step, contexts: &Contexts, spread: f64) -> PlannedStep {
        let (usual, opaque) = usual(step, contexts, &self.assumptions.files);
        let excused = step.continue_on_error.as_ref().and_then(|token| contexts.value(token).ok());
        let on = |before: Outcome| match (&step.condition, step.written.get("if")) {
            (Some(condition), Some(written)) => {
                let truth = contexts.behind(vec![before]).truth(condition, written);
                truth.is_ok_and(|truth| truth.unwrap_or(true))
            }
            _ => before == Outcome::Success,
        };
        PlannedStep {
            name: title(step, contexts),
            duration: usual.mul_f64(spread),
            ends: if excused.is_some_and(|value| value.is_truthy()) { Ends::Excused } else { Ends::Well },
            on_success: on(Outcome::Success),
            on_failure: on(Outcome::Failure),
            opaque,
            takes: None,
        }
    }

    /// What is said of steps is said by their names and commands.
    fn usual(&self, job: &Job, planned: &PlannedJob, contexts: &Contexts) -> Vec<(String, Duration)> {
        if self.assumptions.wishes.failures.is_empty() {
            return Vec::new();
        }
        let steps = planned.steps.iter().zip(job.steps());
        steps.map(|(step, written)| (about(step, written, contexts), step.duration)).collect()
    }

    fn ends(&self, job: &Job, name: &str) -> Ends {
        let fails =
            self.assumptions.fails.iter().any(|fails| fails.eq_ignore_ascii_case(job.id()) || fails == name);
        if fails { Ends::Failing } else { Ends::Well }
    }
}

/// What the jobs of a workflow know that is called: what they are given, else the defaults.
fn called(call: &Call, contexts: &Contexts) -> Scope {
    let mut inner = contexts.with("inputs", Data::Null);
    let mut inputs = Object::default();
    for (key, definition) in call.definitions.as_ref().map_or(&[][..], Token::entries) {
        let name = key.shown();
        let given = call.inputs.as_ref().map_or(&[][..], Token::entries);
        let given = given.iter().find(|(key, _)| key.shown().eq_ignore_ascii_case(&name));
        let value = match given {
            Some((_, value)) => contexts.value(value),
            None => definition.get("default").map_or(Ok(Data::Null), |value| contexts.value(value)),
        };
        if let Ok(value) = value {
            inputs.insert(name, value);
        } else {
            inner.forget(&["inputs", &name]);
            inputs.insert(name, UNKNOWN.into());
        }
    }
    inner.set("inputs", inputs.into());
    Scope { contexts: inner, env: call.env.clone().map(Arc::new) }
}

/// Whether the results of other jobs say how many jobs it makes, what they are called, or what they are given.
fn asks_for_needs(job: &Job) -> bool {
    let asks = |token: &Token| {
        token.any(&|part| {
            matches!(&part.value, Value::Expression(expression) if expression.text.to_lowercase().contains("needs"))
        })
    };
    let keys = ["runs-on", "continue-on-error", "timeout-minutes", "environment"];
    let call = job.call().and_then(|call| call.inputs.as_ref());
    let parts = [job.strategy.as_ref(), job.concurrency.as_ref(), call, Some(&job.name)];
    parts.into_iter().chain(keys.map(|key| job.get(key))).flatten().any(asks)
}

/// What a step is called, and what it does.
fn about(planned: &PlannedStep, step: &Step, contexts: &Contexts) -> String {
    let does = match &step.action {
        Action::Run(run) => contexts.text(run),
        Action::Uses(uses) => uses.shown(),
        Action::Parallel(_) => String::new(),
    };
    [&planned.name, "\n", &does].concat()
}

/// What a step is called.
pub(super) fn title(step: &Step, contexts: &Contexts) -> String {
    let named = step.name.as_ref().and_then(|name| text(name, contexts));
    named.unwrap_or_else(|| match &step.action {
        Action::Run(run) => {
            // Nobody sees the value of an expression in a script, so that it counts as written.
            let script = written(run);
            let first = script.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("");
            format!("Run {first}")
        }
        Action::Uses(uses) => format!("Run {}", uses.shown()),
        Action::Parallel(_) => "Parallel group".to_owned(),
    })
}

/// A text as it is written.
fn written(token: &Token) -> String {
    match &token.value {
        Value::Expression(Expression { source: Some(source), .. }) => source.clone(),
        _ => token.shown(),
    }
}

/// How long a step usually takes, and whether nobody knows what it does.
pub(super) fn usual(step: &Step, contexts: &Contexts, files: &Files) -> (Duration, bool) {
    match &step.action {
        Action::Run(run) => duration::script(&contexts.text(run)),
        Action::Uses(uses) => {
            let uses = uses.shown();
            match action::composite(&uses, files) {
                Some(composite) => {
                    let parts = composite.steps.iter().map(|step| usual(step, contexts, files));
                    parts.fold((Duration::ZERO, false), |all, part| (all.0 + part.0, all.1 || part.1))
                }
                None => duration::action(&uses),
            }
        }
        Action::Parallel(steps) => {
            let parts = steps.iter().map(|step| usual(step, contexts, files));
            parts.fold((Duration::ZERO, false), |all, part| (all.0.max(part.0), all.1 || part.1))
        }
    }
}

/// A number of minutes above zero.
pub(super) fn minutes(token: Option<&Token>, contexts: &Contexts) -> Option<Duration> {
    let minutes = token.and_then(|token| contexts.value(token).ok())?.to_number();
    (minutes > 0.0).then(|| Duration::from_secs_f64((minutes * 60.0).min(1e9)))
}

/// A text that is there.
fn text(token: &Token, contexts: &Contexts) -> Option<String> {
    let text = contexts.value(token).ok()?.to_text().into_owned();
    Some(text).filter(|text| !text.is_empty())
}

/// `concurrency`.
fn serial(token: &Token, contexts: &Contexts) -> Option<Serial> {
    let group = token.get("group").unwrap_or(token);
    // Case does not count.
    let name = contexts.value(group).ok()?.to_text().to_lowercase();
    let value = |key: &str| token.get(key).and_then(|token| contexts.value(token).ok());
    let cancels = value("cancel-in-progress").is_some_and(|value| value.is_truthy());
    let queues = value("queue").is_some_and(|value| value.to_text() == "max");
    Some(Serial { name, cancels, replaces: !queues }).filter(|serial| !serial.name.is_empty())
}

/// What a job asks of its runner.
fn labels(token: &Token, contexts: &Contexts) -> Vec<String> {
    // Nobody knows yet: any runner.
    let Ok(value) = contexts.value(token) else { return Vec::new() };
    let labels = value.get("labels").cloned().unwrap_or(value);
    match labels {
        Data::Array(items, _) => items.iter().map(|item| item.to_text().into_owned()).collect(),
        Data::Object(_) => Vec::new(),
        text => vec![text.to_text().into_owned()],
    }
}
