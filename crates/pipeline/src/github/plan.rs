//! From a workflow to what runs on the clock.
//!
//! What is not known before it runs is assumed: a condition that asks for what other jobs give holds if their results let it;
//! a matrix that comes from another job is one job; the jobs of a workflow whose file is not there are one.

use std::collections::BTreeMap;
use std::time::Duration;

use opscape_sim::Rng;

use super::contexts::Contexts;
use super::expression::{Data, Environment, Object};
use super::matrix::{Combination, Unknown, expand};
use super::outcome::ancestors;
use super::token::{Expression, Token, Value};
use super::workflow::{Action, Job, Step, Work, Workflow};
use crate::run::{
    Decides, Ends, Group, GroupId, Kind, Outcome, Plan, PlannedJob, PlannedStep, Serial, duration,
};

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
}

/// A workflow that is ready to run.
#[derive(Clone, Debug)]
pub struct Planned {
    /// What runs.
    pub plan: Plan,
    /// Each group's job; the jobs of workflows that are called among them.
    jobs: Vec<Placed>,
    contexts: Contexts,
}

#[derive(Clone, Debug)]
struct Placed {
    /// The ids of the jobs that it needs.
    needs: Vec<String>,
    /// The condition as it is asked, and as written; none: nobody wrote one.
    condition: Option<(String, Token)>,
    /// The groups that end before, near and far ones.
    before: Vec<GroupId>,
}

/// Plans the jobs of a workflow.
pub fn plan(workflow: &Workflow, contexts: &Contexts, assumptions: &Assumptions) -> Planned {
    let mut planner = Planner {
        planned: Planned { plan: Plan::default(), jobs: Vec::new(), contexts: contexts.clone() },
        assumptions,
        random: assumptions.seed.map(|seed| Rng::stream(seed, "pipeline/durations")),
    };
    planner.jobs(workflow.jobs.as_deref().unwrap_or_default(), None, "");
    planner.planned
}

impl Decides for Planned {
    fn runs(&self, group: GroupId, results: &[Option<Outcome>]) -> bool {
        let Some(placed) = self.jobs.get(group) else { return false };
        let result = |group: &GroupId| results.get(*group).copied().flatten();
        let before: Vec<Outcome> = placed.before.iter().filter_map(result).collect();
        let mut needs = Object::default();
        let groups = self.plan.groups.get(group).map_or(&[][..], |group| &group.needs);
        for (need, group) in placed.needs.iter().zip(groups) {
            let outcome = result(group).map_or("", Outcome::name);
            let entry = Object::from_iter([("result", Data::from(outcome))]);
            needs.insert(need.as_str(), entry.into());
        }
        let contexts = self.contexts.with("needs", needs.into()).behind(before);
        match &placed.condition {
            None => contexts.call("success", &[]).is_some_and(|success| success.is_truthy()),
            // What cannot be evaluated fails the job: it does not run.
            Some((condition, written)) => {
                contexts.truth(condition, written).is_ok_and(|truth| truth.unwrap_or(true))
            }
        }
    }
}

struct Planner<'b> {
    planned: Planned,
    assumptions: &'b Assumptions,
    random: Option<Rng>,
}

impl Planner<'_> {
    fn jobs(&mut self, jobs: &[Job], within: Option<GroupId>, prefix: &str) {
        let ancestors = ancestors(jobs);
        // Jobs of the same workflow come one behind the other, those that they call behind all of them.
        let first = self.planned.plan.groups.len();
        let index: BTreeMap<String, GroupId> =
            jobs.iter().enumerate().map(|(at, job)| (job.id().to_lowercase(), first + at)).collect();
        for (job, before) in jobs.iter().zip(&ancestors) {
            let needs =
                job.needs.iter().filter_map(|need| index.get(&need.as_str()?.to_lowercase()).copied());
            self.planned.plan.groups.push(Group {
                id: format!("{prefix}{}", job.id()),
                needs: needs.collect(),
                within,
                jobs: Vec::new(),
                fail_fast: self.flag(job, "fail-fast", true),
                max_parallel: self.number(job.strategy("max-parallel")).map(|most| most as usize),
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
            self.planned.jobs.push(Placed {
                needs: job.needs.iter().map(|need| need.as_str().unwrap_or("").to_owned()).collect(),
                condition: job.get("if").map(|written| (job.condition.clone(), written.clone())),
                before: before.iter().map(|at| first + at).collect(),
            });
        }
        for (at, job) in jobs.iter().enumerate() {
            self.job(job, first + at, prefix);
        }
    }

    fn job(&mut self, job: &Job, group: GroupId, prefix: &str) {
        let combinations = if let Some(Ok(combinations)) = expand(job, &self.planned.contexts) {
            combinations
        } else {
            let name = text(&job.name, &self.planned.contexts).unwrap_or_else(|| job.id().to_owned());
            vec![Combination { name, matrix: Object::default().into() }]
        };
        for combination in combinations {
            let name = format!("{prefix}{}", combination.name);
            match &job.work {
                Work::Steps(steps) => self.steps(job, group, &name, &combination.matrix, steps),
                Work::Call(call) => match &call.jobs {
                    Some(jobs) if !jobs.is_empty() => self.jobs(jobs, Some(group), &format!("{name} / ")),
                    _ => {
                        let uses = call.uses.shown();
                        let step = PlannedStep {
                            name: uses,
                            duration: CALLED,
                            ends: self.ends(job, &name),
                            on_success: true,
                            opaque: true,
                            ..PlannedStep::default()
                        };
                        let labels = vec!["ubuntu-latest".to_owned()];
                        self.push(PlannedJob {
                            name,
                            group,
                            labels,
                            steps: vec![step],
                            ..PlannedJob::default()
                        });
                    }
                },
            }
        }
    }

    fn push(&mut self, job: PlannedJob) {
        let id = self.planned.plan.jobs.len();
        if let Some(group) = self.planned.plan.groups.get_mut(job.group) {
            group.jobs.push(id);
        }
        self.planned.plan.jobs.push(job);
    }

    fn steps(&mut self, job: &Job, group: GroupId, name: &str, matrix: &Data, steps: &[Step]) {
        let contexts = self.planned.contexts.with("matrix", matrix.clone());
        let mut planned: Vec<PlannedStep> = steps.iter().map(|step| self.step(step, &contexts)).collect();
        if self.ends(job, name) == Ends::Failing {
            // The one that does most of the work.
            let main = planned.iter_mut().filter(|step| step.on_success).max_by_key(|step| step.duration);
            if let Some(main) = main {
                main.ends = if main.ends == Ends::Excused { Ends::Excused } else { Ends::Failing };
            }
        }
        let minutes = |token: Option<&Token>| {
            let minutes = token.and_then(|token| contexts.value(token).ok())?.to_number();
            (minutes > 0.0).then(|| Duration::from_secs_f64((minutes * 60.0).min(1e9)))
        };
        let timeout = minutes(job.get("timeout-minutes")).unwrap_or(TIMEOUT);
        let may_fail = job
            .get("continue-on-error")
            .and_then(|token| contexts.value(token).ok())
            .is_some_and(|value| value.is_truthy());
        let serial = job.concurrency.as_ref().and_then(|concurrency| serial(concurrency, &contexts));
        let labels = job.get("runs-on").map(|token| labels(token, &contexts)).unwrap_or_default();
        self.push(PlannedJob {
            name: name.to_owned(),
            group,
            labels,
            steps: planned,
            timeout: Some(timeout),
            may_fail,
            serial,
        });
    }

    fn step(&mut self, step: &Step, contexts: &Contexts) -> PlannedStep {
        let (name, (usual, opaque)) = match &step.action {
            Action::Run(run) => {
                // Nobody sees the value of an expression in a script, so that it counts as written.
                let script = match &run.value {
                    Value::Expression(Expression { source: Some(source), .. }) => source.clone(),
                    _ => run.shown(),
                };
                let first = script.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("");
                (format!("Run {first}"), duration::script(&script))
            }
            Action::Uses(uses) => {
                let uses = uses.shown();
                (format!("Run {uses}"), duration::action(&uses))
            }
            Action::Parallel(steps) => {
                let steps: Vec<PlannedStep> = steps.iter().map(|step| self.step(step, contexts)).collect();
                let longest = steps.iter().map(|step| step.duration).max().unwrap_or_default();
                ("Parallel group".to_owned(), (longest, steps.iter().any(|step| step.opaque)))
            }
        };
        let name = step.name.as_ref().and_then(|name| text(name, contexts)).unwrap_or(name);
        let excused = step.continue_on_error.as_ref().and_then(|token| contexts.value(token).ok());
        let spread = self.random.as_mut().map_or(1.0, |random| random.between(0.9, 1.1));
        let on = |before: Outcome| match (&step.condition, step.written.get("if")) {
            (Some(condition), Some(written)) => {
                let truth = contexts.behind(vec![before]).truth(condition, written);
                truth.is_ok_and(|truth| truth.unwrap_or(true))
            }
            _ => before == Outcome::Success,
        };
        PlannedStep {
            name,
            duration: usual.mul_f64(spread),
            ends: if excused.is_some_and(|value| value.is_truthy()) { Ends::Excused } else { Ends::Well },
            on_success: on(Outcome::Success),
            on_failure: on(Outcome::Failure),
            opaque,
        }
    }

    fn ends(&self, job: &Job, name: &str) -> Ends {
        let fails =
            self.assumptions.fails.iter().any(|fails| fails.eq_ignore_ascii_case(job.id()) || fails == name);
        if fails { Ends::Failing } else { Ends::Well }
    }

    fn flag(&self, job: &Job, key: &str, default: bool) -> bool {
        let value = job.strategy(key).and_then(|token| self.planned.contexts.value(token).ok());
        value.map_or(default, |value| value.is_truthy())
    }

    fn number(&self, token: Option<&Token>) -> Option<f64> {
        let number = self.planned.contexts.value(token?).ok()?.to_number();
        (number >= 1.0).then_some(number)
    }
}

/// A text that is there.
fn text(token: &Token, contexts: &Contexts) -> Option<String> {
    let text = contexts.value(token).ok()?.to_text().into_owned();
    Some(text).filter(|text| !text.is_empty())
}

/// `concurrency`.
fn serial(token: &Token, contexts: &Contexts) -> Option<Serial> {
    let group = token.get("group").unwrap_or(token);
    let name = contexts.value(group).ok()?.to_text().into_owned();
    let value = |key: &str| token.get(key).and_then(|token| contexts.value(token).ok());
    let cancels = value("cancel-in-progress").is_some_and(|value| value.is_truthy());
    let queues = value("queue").is_some_and(|value| value.to_text() == "max");
    Some(Serial { name, cancels, replaces: !queues }).filter(|serial| !serial.name.is_empty())
}

/// What a job asks of its runner.
fn labels(token: &Token, contexts: &Contexts) -> Vec<String> {
    let value = match contexts.value(token) {
        Ok(value) => value,
        // Nobody knows yet: any runner.
        Err(Unknown::Later | Unknown::TooMany | Unknown::Wrong(_)) => return Vec::new(),
    };
    let labels = value.get("labels").cloned().unwrap_or(value);
    match labels {
        Data::Array(items, _) => items.iter().map(|item| item.to_text().into_owned()).collect(),
        Data::Object(_) => Vec::new(),
        text => vec![text.to_text().into_owned()],
    }
}
