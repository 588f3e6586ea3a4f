//! A workflow as JSON, for programs: what the parser found, and what a matrix makes of it.

use serde_json::{Map, Value as Json, json};

use super::contexts::Contexts;
use super::expression::{Data, to_json};
use super::matrix::expand;
use super::token::{Token, Value};
use super::workflow::{Action, Call, Event, Input, InputDefault, Job, Secret, Step, Work, Workflow};

type Members = Map<String, Json>;

/// The whole workflow: `valid`, `errors`, `jobs` (null if the parser gives none), `events`, `concurrency`, `env`, `tree`,
/// `matrixExpansion`. Expressions are `{"$expr": text, "$source": as written}`.
pub fn workflow(workflow: &Workflow, contexts: &Contexts) -> Json {
    let mut out = Members::new();
    out.insert("valid".to_owned(), workflow.problems.is_empty().into());
    out.insert("errors".to_owned(), workflow.problems.iter().map(problem).collect());
    let jobs = workflow.jobs.as_ref().map(|jobs| jobs.iter().map(job).collect::<Json>());
    out.insert("jobs".to_owned(), jobs.unwrap_or_default());
    if let Some(events) = &workflow.events {
        let events = events.iter().map(|event| (event.name.clone(), self::event(event)));
        out.insert("events".to_owned(), Json::Object(events.collect()));
    }
    put(&mut out, "concurrency", workflow.concurrency.as_ref());
    put(&mut out, "env", workflow.env.as_ref());
    put(&mut out, "tree", workflow.root.as_ref());
    let expansion = workflow.jobs.iter().flatten().filter_map(|job| {
        let combinations = expand(job, contexts)?.ok()?;
        let values: Vec<Json> = combinations.iter().map(|one| data(&one.matrix)).collect();
        let names: Vec<&str> = combinations.iter().map(|one| one.name.as_str()).collect();
        let entry =
            json!({ "count": values.len(), "combinations": values, "displayNames": { "names": names } });
        Some((job.id().to_owned(), entry))
    });
    let expansion: Members = expansion.collect();
    if !expansion.is_empty() {
        out.insert("matrixExpansion".to_owned(), expansion.into());
    }
    out.into()
}

fn put(out: &mut Members, key: &str, value: Option<&Token>) {
    if let Some(value) = value {
        out.insert(key.to_owned(), token(value));
    }
}

/// A value; keys of mappings as they are written.
pub fn token(token: &Token) -> Json {
    match &token.value {
        Value::Null => Json::Null,
        Value::Bool(bool) => (*bool).into(),
        Value::Number(number) => self::number(*number),
        Value::String(text) => text.as_str().into(),
        Value::Expression(expression) => match &expression.source {
            Some(source) => json!({ "$expr": expression.text, "$source": source }),
            None => json!({ "$expr": expression.text }),
        },
        Value::Insert => json!({ "$expr": "insert" }),
        Value::Sequence(items) => items.iter().map(self::token).collect(),
        Value::Mapping(entries) => {
            Json::Object(entries.iter().map(|(key, value)| (key.shown(), self::token(value))).collect())
        }
    }
}

/// Whole numbers without a point; what JSON has no number for is null.
fn number(number: f64) -> Json {
    #[allow(clippy::cast_possible_truncation, reason = "whole and small enough")]
    if number.fract() == 0.0 && number.abs() < 9e15 {
        return (number as i64).into();
    }
    number.into()
}

fn data(data: &Data) -> Json {
    serde_json::from_str(&to_json(data)).unwrap_or_default()
}

fn problem(problem: &super::Problem) -> Json {
    let mut out = Members::new();
    out.insert("message".to_owned(), problem.message.as_str().into());
    out.insert("phase".to_owned(), problem.phase.name().into());
    let mut prefix = problem.file.to_string();
    if let Some(place) = problem.place {
        let (start, end) = (place.start, place.end);
        for (key, value) in
            [("line", start.line), ("column", start.column), ("endLine", end.line), ("endColumn", end.column)]
        {
            out.insert(key.to_owned(), value.into());
        }
        prefix = format!("{prefix} (Line: {}, Col: {})", start.line, start.column);
    }
    out.insert("prefix".to_owned(), prefix.into());
    out.into()
}

fn event(event: &Event) -> Json {
    if event.name == "schedule" && !event.schedule.is_empty() {
        let entries = event.schedule.iter().map(|(cron, zone)| match zone {
            Some(zone) => json!({ "cron": cron, "timezone": zone }),
            None => json!({ "cron": cron }),
        });
        return entries.collect();
    }
    let mut out = Members::new();
    for (key, patterns) in &event.filters {
        out.insert((*key).to_owned(), patterns.clone().into());
    }
    if let Some(inputs) = &event.inputs {
        let inputs = inputs.iter().map(|input| (input.name.clone(), self::input(input)));
        out.insert("inputs".to_owned(), Json::Object(inputs.collect()));
    }
    if let Some(secrets) = &event.secrets {
        let secrets = secrets.iter().map(|secret| (secret.name.clone(), self::secret(secret)));
        out.insert("secrets".to_owned(), Json::Object(secrets.collect()));
    }
    out.into()
}

fn without_nothing(json: Json) -> Json {
    match json {
        Json::Object(members) => {
            Json::Object(members.into_iter().filter(|(_, value)| !value.is_null()).collect())
        }
        other => other,
    }
}

fn input(input: &Input) -> Json {
    let default = input.default.as_ref().map(|default| match default {
        InputDefault::Bool(bool) => Json::Bool(*bool),
        InputDefault::Text(text) => text.as_str().into(),
    });
    without_nothing(json!({
        "type": input.kind, "description": input.description, "required": input.required, "default": default,
        "options": input.options,
    }))
}

fn secret(secret: &Secret) -> Json {
    without_nothing(json!({ "description": secret.description, "required": secret.required }))
}

fn job(job: &Job) -> Json {
    let mut out = Members::new();
    let kind = if job.call().is_some() { "reusableWorkflowJob" } else { "job" };
    out.insert("id".to_owned(), job.id().into());
    out.insert("type".to_owned(), kind.into());
    out.insert("name".to_owned(), token(&job.name));
    out.insert("needs".to_owned(), job.needs.iter().map(token).collect());
    out.insert("if".to_owned(), job.condition.as_str().into());
    for (key, written) in [("matrix", "matrix"), ("failFast", "fail-fast"), ("maxParallel", "max-parallel")] {
        put(&mut out, key, job.strategy(written));
    }
    if let Some(strategy) = job.strategy.as_ref().filter(|strategy| strategy.is_expression()) {
        out.insert("strategy".to_owned(), token(strategy));
    }
    put(&mut out, "concurrency", job.concurrency.as_ref());
    match &job.work {
        Work::Steps(steps) => {
            for (key, written) in [
                ("runsOn", "runs-on"),
                ("environment", "environment"),
                ("container", "container"),
                ("services", "services"),
                ("env", "env"),
                ("outputs", "outputs"),
            ] {
                put(&mut out, key, job.get(written));
            }
            out.insert("steps".to_owned(), steps.iter().map(step).collect());
        }
        Work::Call(call) => self::call(&mut out, call),
    }
    out.into()
}

fn call(out: &mut Members, call: &Call) {
    put(out, "uses", Some(&call.uses));
    put(out, "with", call.inputs.as_ref());
    put(out, "secrets", call.secrets.as_ref());
    if call.inherits {
        out.insert("inheritSecrets".to_owned(), true.into());
    }
    put(out, "outputs", call.outputs.as_ref());
    if let Some(jobs) = &call.jobs {
        out.insert("jobs".to_owned(), jobs.iter().map(job).collect());
    }
}

fn step(step: &Step) -> Json {
    let mut out = Members::new();
    out.insert("id".to_owned(), step.id.as_str().into());
    put(&mut out, "name", step.name.as_ref());
    if let Some(condition) = &step.condition {
        out.insert("if".to_owned(), condition.as_str().into());
    }
    match &step.action {
        Action::Run(run) => put(&mut out, "run", Some(run)),
        Action::Uses(uses) => put(&mut out, "uses", Some(uses)),
        Action::Parallel(steps) => {
            out.insert("parallel".to_owned(), steps.iter().map(self::step).collect());
        }
    }
    put(&mut out, "continueOnError", step.continue_on_error.as_ref());
    put(&mut out, "env", step.env.as_ref());
    out.into()
}
