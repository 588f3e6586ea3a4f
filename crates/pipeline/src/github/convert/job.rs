//! Jobs (`converter/jobs.ts`, `converter/job.ts`, `converter/job/runs-on.ts`, `converter/job/environment.ts`).

use super::super::problem::Context;
use super::super::token::{Token, Unexpected, Value};
use super::super::workflow::{Call, Job, Work};
use super::condition::{SUCCESS, condition};
use super::ids::Ids;
use super::{concurrency, container, needs, steps};

/// The jobs of a workflow.
pub(super) fn jobs(context: &mut Context, token: &Token) -> Result<Vec<Job>, Unexpected> {
    let Value::Mapping(entries) = &token.value else {
        context.error(token, "Invalid format for jobs");
        return Ok(Vec::new());
    };
    let mut jobs = Vec::new();
    for (key, value) in entries {
        let id = key.assert_string("job name")?;
        value.assert_mapping(&format!("job {id}"))?;
        let job = job(context, key, value);
        jobs.extend(context.caught(job));
    }
    needs::validate(context, token, &jobs);
    Ok(jobs)
}

fn job(context: &mut Context, id: &Token, token: &Token) -> Result<Job, Unexpected> {
    if let Err(message) = Ids::default().add(id.as_str().unwrap_or("")) {
        context.error(id, message);
    }
    let mut job = Job {
        id: id.clone(),
        name: id.clone(),
        needs: Vec::new(),
        condition: SUCCESS.to_owned(),
        strategy: None,
        concurrency: None,
        written: token.clone(),
        work: Work::Steps(Vec::new()),
    };
    let mut steps = Vec::new();
    let (mut uses, mut inputs, mut secrets, mut inherits) = (None, None, None, false);
    for (key, value) in token.entries() {
        match key.assert_string("job property name")? {
            "concurrency" => {
                let result = concurrency(context, value);
                context.caught(result);
                job.concurrency = Some(value.clone());
            }
            "container" => container::container(context, value)?,
            "env" => drop(context.caught(value.assert_mapping("job env"))),
            "environment" => drop(context.caught(environment(value))),
            "if" => job.condition = condition(context, value)?.unwrap_or_else(|| SUCCESS.to_owned()),
            "name" => {
                let name = value.assert_scalar("job name")?;
                if name.as_str() != Some("") {
                    job.name = name.clone();
                }
            }
            "needs" => job.needs = needs_of(value)?,
            "outputs" => drop(context.caught(value.assert_mapping("job outputs"))),
            "runs-on" => {
                let result = runs_on(context, value);
                context.caught(result);
            }
            "services" => container::services(context, value)?,
            "steps" => steps = steps::steps(context, value)?,
            "strategy" => job.strategy = Some(value.clone()),
            "uses" => {
                value.assert_string("job uses value")?;
                uses = Some(value.clone());
            }
            "with" => inputs = context.caught(value.assert_mapping("uses-with value")).map(|_| value.clone()),
            "secrets" if value.as_str() == Some("inherit") => inherits = true,
            "secrets" => {
                secrets = context.caught(value.assert_mapping("uses-secrets value")).map(|_| value.clone());
            }
            _ => {}
        }
    }
    job.work = match uses {
        None => Work::Steps(steps),
        Some(uses) => Work::Call(Box::new(Call {
            uses,
            inputs,
            secrets,
            inherits,
            jobs: None,
            outputs: None,
            definitions: None,
            env: None,
        })),
    };
    Ok(job)
}

fn needs_of(token: &Token) -> Result<Vec<Token>, Unexpected> {
    if token.as_str().is_some() {
        return Ok(vec![token.clone()]);
    }
    for item in token.items() {
        item.assert_string("job needs id")?;
    }
    Ok(token.items().to_vec())
}

fn environment(token: &Token) -> Result<(), Unexpected> {
    if !matches!(token.value, Value::Sequence(_) | Value::Mapping(_)) {
        return Ok(());
    }
    for (key, value) in token.assert_mapping("job environment")? {
        let name = key.assert_string("job environment key")?;
        match name {
            _ if value.is_expression() => {}
            "name" => drop(value.assert_scalar("job environment name key")?),
            "deployment" => drop(value.assert_bool("job environment deployment")?),
            _ => {}
        }
    }
    Ok(())
}

fn runs_on(context: &mut Context, token: &Token) -> Result<(), Unexpected> {
    labels(token)?;
    for (key, value) in token.entries() {
        match key.assert_string("job runs-on property name")? {
            "group" if !value.is_expression() => group(context, value)?,
            "labels" => labels(value)?,
            _ => {}
        }
    }
    Ok(())
}

fn labels(token: &Token) -> Result<(), Unexpected> {
    for item in token.items().iter().filter(|item| !item.is_expression()) {
        item.assert_string("job runs-on label sequence item")?;
    }
    Ok(())
}

fn group(context: &mut Context, token: &Token) -> Result<(), Unexpected> {
    const PREFIXES: [&str; 4] = ["org", "organization", "ent", "enterprise"];
    let group = token.assert_string("job runs-on group name")?;
    let names: Vec<&str> = group.split('/').collect();
    match names.as_slice() {
        [_] => {}
        [prefix, name] if PREFIXES.contains(prefix) => {
            if name.is_empty() {
                context.error(token, format!("Invalid runs-on group name '{group}'."));
            }
        }
        _ => context.error(
            token,
            format!("Invalid runs-on group name '{group}. Please use 'organization/' or 'enterprise/' prefix to target a single runner group.'"),
        ),
    }
    Ok(())
}
