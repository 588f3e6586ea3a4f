//! Judging what was measured (`assessRunStatus`, `assessMetricStatus`).

use opscape_manifest::api::AnalysisRun;
use opscape_manifest::api::analysis::{Metric, MetricResult, RunSummary, is_completed};
use opscape_manifest::api::meta::Timestamp;

use super::measure::{effective_count, is_terminating, number, result};
use super::{Said, end};

/// From best to worst (`analysisStatusOrder`).
const ORDER: &[&str] = &["Successful", "Running", "Pending", "Inconclusive", "Error", "Failed"];

fn badness(phase: &str) -> usize {
    ORDER.iter().position(|known| *known == phase).unwrap_or(0)
}

/// Sets the phases of the metrics and of the run.
pub(super) fn assess(run: &mut AnalysisRun, metrics: &[Metric], now: Timestamp, said: &mut Vec<Said>) {
    let terminating = is_terminating(run);
    run.status.started_at.get_or_insert(now);
    let mut worst: Option<(&'static str, String)> = None;
    let mut all_done = true;
    let (mut summary, mut dry_summary) = (RunSummary::default(), RunSummary::default());
    for metric in metrics {
        let Some(known) = result(run, metric).cloned() else {
            all_done = false;
            continue;
        };
        let sums = if known.dry_run { &mut dry_summary } else { &mut summary };
        sums.count += 1;
        let phase = status_of(metric, &known, terminating);
        let mut new = known.clone();
        if *new.phase != *phase {
            if is_completed(phase) {
                let text = format!("Metric '{}' Completed. Result: {phase}", metric.name);
                let bad = matches!(phase, "Error" | "Failed");
                said.push((["Metric", phase].concat(), text, bad));
            }
            new.message = new.measurements.last().map(|last| last.message.clone()).unwrap_or_default();
            new.phase = phase.into();
        }
        if is_completed(phase) {
            let (judged, why) = failure_of(metric, &new);
            match judged {
                Some("Error") => sums.error += 1,
                Some("Failed") => sums.failed += 1,
                Some("Inconclusive") => sums.inconclusive += 1,
                _ => sums.successful += 1,
            }
            if new.dry_run {
                worst.get_or_insert(("Successful", String::new()));
                if !why.is_empty() {
                    new.message = format!("Metric assessed {phase} due to {why}").as_str().into();
                }
            } else if worst.as_ref().is_none_or(|(known, _)| badness(phase) > badness(known)) {
                let mut message = String::new();
                if !why.is_empty() {
                    message = format!("Metric \"{}\" assessed {phase} due to {why}", metric.name);
                    if !new.message.is_empty() {
                        message = format!("{message}: \"Error Message: {}\"", new.message);
                    }
                }
                worst = Some((phase, message));
            }
        } else {
            all_done = false;
        }
        if let Some(slot) = run.status.metric_results.iter_mut().find(|result| result.name == new.name) {
            *slot = new;
        }
    }
    run.status.run_summary = summary;
    run.status.dry_run_summary = Some(dry_summary);
    // A run that ends because of one metric ends the others as well, with what they measured so far.
    let terminating = terminating || is_terminating(run);
    let stopped = if run.spec.terminate { "Run Terminated" } else { "" };
    let (phase, message) = match worst {
        Some((phase, message)) if all_done || terminating => {
            (phase, if message.is_empty() { stopped.to_owned() } else { message })
        }
        None if terminating => ("Successful", stopped.to_owned()),
        _ => ("Running", String::new()),
    };
    if *run.status.phase == *phase {
        return;
    }
    if is_completed(phase) {
        end(&mut run.status, phase, &message, now, said);
    } else {
        run.status.phase = phase.into();
        run.status.message = message.as_str().into();
    }
}

fn status_of(metric: &Metric, result: &MetricResult, terminating: bool) -> &'static str {
    if let Some(done) = ORDER.iter().find(|known| ***known == *result.phase && is_completed(known)) {
        return done;
    }
    if result.measurements.is_empty() {
        return if terminating { "Successful" } else { "Pending" };
    }
    if let (Some(phase), _) = failure_of(metric, result) {
        return phase;
    }
    let enough = number(metric.consecutive_success_limit.as_ref()).filter(|limit| *limit > 0);
    let succeeded = enough.is_some_and(|limit| result.consecutive_success >= limit);
    let counted = effective_count(metric).is_some_and(|count| result.count >= count);
    if succeeded || counted || terminating { "Successful" } else { "Running" }
}

/// `assessMetricFailureInconclusiveOrError`
fn failure_of(metric: &Metric, result: &MetricResult) -> (Option<&'static str>, String) {
    let limit = |value, default| number(value).unwrap_or(default);
    let failures = limit(metric.failure_limit.as_ref(), 0);
    let inconclusive = limit(metric.inconclusive_limit.as_ref(), 0);
    let errors = limit(metric.consecutive_error_limit.as_ref(), 4);
    let mut found = (None, String::new());
    if result.failed > failures && failures >= 0 {
        found = (Some("Failed"), format!("failed ({}) > failureLimit ({failures})", result.failed));
    }
    if result.inconclusive > inconclusive {
        let text = format!("inconclusive ({}) > inconclusiveLimit ({inconclusive})", result.inconclusive);
        found = (Some("Inconclusive"), text);
    }
    if result.consecutive_error > errors {
        let text =
            format!("consecutiveErrors ({}) > consecutiveErrorLimit ({errors})", result.consecutive_error);
        found = (Some("Error"), text);
    }
    found
}
