//! From tokens to a workflow (`model/convert.ts` and `model/converter`).

mod call;
mod condition;
mod container;
mod cron;
mod ids;
mod inputs;
mod job;
mod needs;
mod on;
mod steps;

pub use cron::is_valid as is_valid_cron;

use super::problem::Context;
use super::token::{Token, Unexpected};
use super::workflow::{Files, Work, Workflow, parse};

/// Converts a document that fits the schema.
pub(super) fn workflow(
    context: &mut Context,
    root: &Token,
    files: Option<Files<'_>>,
    workflow: &mut Workflow,
) {
    let entries = match root.assert_mapping("root") {
        Ok(entries) => entries,
        Err(unexpected) => return context.unexpected(unexpected),
    };
    for (key, value) in entries {
        match key.as_str() {
            Some("on") => {
                let events = on::events(context, value);
                workflow.events = Some(context.caught(events).unwrap_or_default());
            }
            Some("jobs") => {
                let jobs = job::jobs(context, value);
                workflow.jobs = Some(context.caught(jobs).unwrap_or_default());
            }
            Some("concurrency") => {
                let result = concurrency(context, value);
                context.caught(result);
                workflow.concurrency = Some(value.clone());
            }
            Some("env") => workflow.env = Some(value.clone()),
            _ => {}
        }
    }
    let Some(files) = files else { return };
    for job in workflow.jobs.iter_mut().flatten() {
        let Work::Call(call) = &mut job.work else { continue };
        let uses = call.uses.as_str().unwrap_or("");
        let path = uses.strip_prefix("./").or_else(|| uses.strip_prefix("$/"));
        // The files of other repositories are not there.
        if path.is_none() && is_remote(uses) {
            continue;
        }
        let Some((path, text)) = path.and_then(|path| Some((path, files(path)?))) else {
            context.error(&call.uses, "Unable to find reusable workflow");
            continue;
        };
        if let Some(called) = parse(context, path, &text) {
            call::referenced(context, &called, call);
        }
    }
}

/// Whether it is `owner/repository/path@version` (`workflows/file-reference.ts`).
fn is_remote(uses: &str) -> bool {
    let mut parts = uses.split('@');
    let mut segments = parts.next().unwrap_or("").split('/').filter(|segment| !segment.is_empty());
    let version = parts.next().is_some_and(|version| !version.is_empty());
    segments.next().is_some() && segments.next().is_some() && version
}

/// Checks a `concurrency`.
fn concurrency(context: &mut Context, token: &Token) -> Result<(), Unexpected> {
    if token.is_expression() || token.as_str().is_some() {
        return Ok(());
    }
    for (key, value) in token.assert_mapping("concurrency group")? {
        let name = key.assert_string("concurrency group key")?;
        if value.is_expression() {
            continue;
        }
        match name {
            "group" => drop(value.assert_string("concurrency group")?),
            "cancel-in-progress" => drop(value.assert_bool("cancel-in-progress")?),
            "queue" => drop(value.assert_string("queue")?),
            _ => context.error(key, format!("Invalid property name: {name}")),
        }
    }
    Ok(())
}
