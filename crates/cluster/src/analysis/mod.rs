//! Argo Rollouts' controller of AnalysisRuns (argo-rollouts v1.8, analysis/): measures, and says whether what was measured is
//! well. Of the providers, Prometheus is simulated: the owner of the cluster answers its queries ([`crate::Usage::query`]).

mod assess;
mod condition;
mod measure;

use std::time::Duration;

use opscape_manifest::api::analysis::{AnalysisRunStatus, is_completed};
use opscape_manifest::api::meta::{Timestamp, Uid};
use opscape_manifest::api::{AnalysisRun, Object};
use opscape_manifest::codec;

pub use condition::holds;

use crate::{Api, Change, Context, Event, Message, Options, Reporter, Usage, Weight, WorkQueue};

/// What Prometheus answers.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// A number.
    Scalar(f64),
    /// One number for each series.
    Vector(Vec<f64>),
}

/// The controller of AnalysisRuns.
#[derive(Clone)]
pub(crate) struct AnalysisRuns {
    queue: WorkQueue,
    latency: Duration,
    reporter: Reporter,
}

/// What is said about a run: reason, message, whether it is a warning.
type Said = (String, String, bool);

impl AnalysisRuns {
    pub(crate) fn new(options: &Options) -> Self {
        AnalysisRuns {
            queue: WorkQueue::new(Event::AnalysisRun),
            latency: options.latency.rollout,
            reporter: Reporter::new("rollouts-controller"),
        }
    }

    pub(crate) fn on_change(&mut self, change: &Change, context: &mut Context<'_>) {
        if let Object::AnalysisRun(run) = &change.object {
            self.queue.add(run.metadata.uid, Weight::Status, self.latency, context);
        }
    }

    pub(crate) fn handle(&mut self, uid: Uid, usage: &dyn Usage, api: &mut Api, context: &mut Context<'_>) {
        if !self.queue.take(uid, context) {
            return;
        }
        let Some(run) = api.store().typed_by_uid::<AnalysisRun>(uid).cloned() else {
            self.queue.forget(uid);
            return;
        };
        if is_completed(&run.status.phase) || run.metadata.deletion_timestamp.is_some() {
            return;
        }
        let now = api.timestamp(context.now());
        let mut said: Vec<Said> = Vec::new();
        let mut run = AnalysisRun::clone(&run);
        let next = match measure::resolved(&run) {
            Ok(metrics) => {
                let exact = api.micro_time(context.now());
                measure::measure(&mut run, &metrics, usage, api, exact, context.now());
                assess::assess(&mut run, &metrics, now, &mut said);
                measure::keep_last(&mut run.status);
                measure::next_look(&run, &metrics)
            }
            Err(message) => {
                end(&mut run.status, "Error", &message, now, &mut said);
                None
            }
        };
        if let Some(at) = next.filter(|_| !is_completed(&run.status.phase)) {
            let left = api.time_of(at).since(context.now()).max(Duration::from_millis(1));
            self.queue.add_after(uid, left, context);
        }
        let current = api.store().typed_by_uid::<AnalysisRun>(uid).cloned();
        if current.as_deref() != Some(&run) {
            let Some(written) = api.put_modified(run, context) else { return };
            for (reason, message, warning) in said {
                let said = Message { warning, reason: &reason, message: &message, field_path: "" };
                api.tell(&self.reporter, &Object::AnalysisRun(written.clone()), &said, context);
            }
        }
    }
}

/// The run is over (`recordAnalysisRunCompletionEvent`).
fn end(status: &mut AnalysisRunStatus, phase: &str, message: &str, now: Timestamp, said: &mut Vec<Said>) {
    status.phase = phase.into();
    status.message = message.into();
    status.completed_at = Some(now);
    let text = format!("Analysis Completed. Result: {phase}");
    said.push((["AnalysisRun", phase].concat(), text, matches!(phase, "Error" | "Failed")));
}

/// Fills `{{args.NAME}}` into every text of a value (`ResolveMetricArgs`).
///
/// # Errors
/// For a name that is no argument.
fn fill<T: codec::Codec + Default>(value: &T, values: &[(&str, &str)]) -> Result<T, String> {
    use opscape_manifest::value::Value;
    fn walk(value: &mut Value, values: &[(&str, &str)]) -> Result<(), String> {
        match value {
            Value::String(text) => *text = filled(text, values)?,
            Value::List(list) => list.iter_mut().try_for_each(|item| walk(item, values))?,
            Value::Map(map) => map.values_mut().try_for_each(|item| walk(item, values))?,
            _ => {}
        }
        Ok(())
    }
    let mut tree = codec::to_value(value);
    walk(&mut tree, values)?;
    codec::from_value(&tree).map_err(|error| error.0)
}

fn filled(text: &str, values: &[(&str, &str)]) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, tail)) = rest.split_once("{{") {
        let Some((name, after)) = tail.split_once("}}") else { break };
        out.push_str(before);
        let name = name.trim();
        let value =
            name.strip_prefix("args.").and_then(|name| values.iter().find(|(known, _)| *known == name));
        match value {
            Some((_, value)) => out.push_str(value),
            None => return Err(format!("failed to resolve {{{{{name}}}}}")),
        }
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}
