//! Measuring (`generateMetricTasks`, `runMeasurements`, `calculateNextReconcileTime`, metricproviders/prometheus).

use opscape_manifest::api::AnalysisRun;
use opscape_manifest::api::analysis::{AnalysisRunStatus, Measurement, Metric, MetricResult, is_completed};
use opscape_manifest::api::meta::{IntOrString, MicroTime, Timestamp};
use opscape_manifest::duration::parse_go;
use opscape_manifest::golang;
use opscape_sim::Time;

use super::condition::holds;
use super::{Answer, fill};
use crate::{Api, Usage};

/// Measurements kept of a metric (`DefaultMeasurementHistoryLimit`).
const KEPT: usize = 10;
/// Seconds after which a measurement that could not be made is tried again (`DefaultErrorRetryInterval`).
const RETRY: i64 = 10;

/// A count or a limit.
pub(super) fn number(value: Option<&IntOrString>) -> Option<i32> {
    match value? {
        IntOrString::Int(int) => Some(*int),
        IntOrString::String(text) => Some(text.parse().unwrap_or(0)),
    }
}

/// `EffectiveCount`: one measurement without an interval.
pub(super) fn effective_count(metric: &Metric) -> Option<i32> {
    if metric.interval.is_empty() {
        Some(1)
    } else {
        number(metric.count.as_ref()).filter(|count| *count != 0)
    }
}

fn seconds(text: &str) -> Option<i64> {
    parse_go(text).ok().map(|micros| micros.div_euclid(1_000_000))
}

/// The metrics with the values of their arguments (`getResolvedMetricsWithoutSecrets`, `ValidateMetrics`).
pub(super) fn resolved(run: &AnalysisRun) -> Result<Vec<Metric>, String> {
    let values: Vec<(&str, &str)> =
        run.spec.args.iter().filter_map(|arg| Some((&*arg.name, &**arg.value.as_ref()?))).collect();
    let mut metrics = Vec::new();
    for metric in &run.spec.metrics {
        let metric =
            fill(metric, &values).map_err(|error| format!("Unable to resolve metric arguments: {error}"))?;
        check(&metric)
            .map_err(|error| format!("Analysis spec invalid: metrics[{}]: {error}", metrics.len()))?;
        metrics.push(metric);
    }
    if metrics.is_empty() {
        return Err("Analysis spec invalid: no metrics specified".to_owned());
    }
    Ok(metrics)
}

/// `ValidateMetric`
fn check(metric: &Metric) -> Result<(), String> {
    for (name, text) in [("interval", &metric.interval), ("startDelay", &metric.initial_delay)] {
        if !text.is_empty() && parse_go(text).is_err() {
            return Err(format!("invalid {name} string: {}", parse_go(text).err().unwrap_or_default()));
        }
    }
    let count = number(metric.count.as_ref()).unwrap_or(0);
    if count > 1 && metric.interval.is_empty() {
        return Err("interval must be specified when count > 1".to_owned());
    }
    for (name, limit) in
        [("failureLimit", &metric.failure_limit), ("inconclusiveLimit", &metric.inconclusive_limit)]
    {
        if number(limit.as_ref()).is_some_and(|limit| limit < 0) {
            return Err(format!("{name} must be >= 0"));
        }
        if count > 0 && number(limit.as_ref()).is_some_and(|limit| limit > count) {
            return Err(format!("count must be >= {name}"));
        }
    }
    if metric.provider.prometheus.is_none() {
        return Err("no provider specified, or one that Opscape does not simulate: prometheus is".to_owned());
    }
    Ok(())
}

/// `IsTerminating`
pub(super) fn is_terminating(run: &AnalysisRun) -> bool {
    let bad = |result: &MetricResult| {
        !result.dry_run && matches!(&*result.phase, "Failed" | "Error" | "Inconclusive")
    };
    run.spec.terminate || run.status.metric_results.iter().any(bad)
}

pub(super) fn result<'a>(run: &'a AnalysisRun, metric: &Metric) -> Option<&'a MetricResult> {
    run.status.metric_results.iter().find(|result| result.name == metric.name)
}

/// Takes the measurements that are due.
pub(super) fn measure(
    run: &mut AnalysisRun,
    metrics: &[Metric],
    usage: &dyn Usage,
    api: &Api,
    exact: MicroTime,
    at: Time,
) {
    let now = Timestamp(exact.0.div_euclid(1_000_000));
    let terminating = is_terminating(run);
    for metric in metrics {
        if terminating || !is_due(run, metric, exact) {
            continue;
        }
        let mut measured =
            Measurement { started_at: Some(now), finished_at: Some(now), ..Measurement::default() };
        let query = metric.provider.prometheus.as_ref().map(|prometheus| prometheus.query.clone());
        let query = query.unwrap_or_default();
        let phase = match usage.query(&query, api.store(), at) {
            Ok(answer) => {
                measured.value = shown(&answer).as_str().into();
                judge(metric, &answer)
            }
            Err(error) => Err(error),
        };
        let dry_run =
            run.spec.dry_run.iter().any(|one| *one.metric_name == *metric.name || &*one.metric_name == ".*");
        let results = &mut run.status.metric_results;
        let at = results.iter().position(|result| result.name == metric.name).unwrap_or_else(|| {
            let mut new = MetricResult {
                name: metric.name.clone(),
                phase: "Running".into(),
                dry_run,
                ..MetricResult::default()
            };
            new.metadata.insert("ResolvedPrometheusQuery".into(), query.clone());
            results.push(new);
            results.len() - 1
        });
        let Some(result) = results.get_mut(at) else { continue };
        let word = match phase {
            Ok(word) => {
                result.count += 1;
                result.consecutive_error = 0;
                let counter = match word {
                    "Successful" => &mut result.successful,
                    "Failed" => &mut result.failed,
                    _ => &mut result.inconclusive,
                };
                *counter += 1;
                result.consecutive_success =
                    if word == "Successful" { result.consecutive_success + 1 } else { 0 };
                word
            }
            Err(error) => {
                measured.message = error.as_str().into();
                result.error += 1;
                result.consecutive_error += 1;
                result.consecutive_success = 0;
                "Error"
            }
        };
        measured.phase = word.into();
        result.measurements.push(measured);
    }
}

/// `EvaluateResult`
fn judge(metric: &Metric, answer: &Answer) -> Result<&'static str, String> {
    let ask = |condition: &str| {
        if condition.is_empty() { Ok(None) } else { holds(condition, answer).map(Some) }
    };
    let (success, failure) = (ask(&metric.success_condition)?, ask(&metric.failure_condition)?);
    Ok(match (success, failure) {
        (_, Some(true)) | (Some(false), None) => "Failed",
        (Some(false), Some(false)) => "Inconclusive",
        _ => "Successful",
    })
}

/// An answer as Prometheus' client writes it.
fn shown(answer: &Answer) -> String {
    match answer {
        Answer::Scalar(number) => golang::float(*number),
        Answer::Vector(list) => {
            let list: Vec<String> = list.iter().map(|number| golang::float(*number)).collect();
            format!("[{}]", list.join(","))
        }
    }
}

fn is_due(run: &AnalysisRun, metric: &Metric, now: MicroTime) -> bool {
    let known = result(run, metric);
    if known.is_some_and(|known| is_completed(&known.phase)) {
        return false;
    }
    let is_past = |at: Timestamp| at.0.saturating_mul(1_000_000) <= now.0;
    let Some((known, last)) = known.and_then(|known| Some((known, known.measurements.last()?))) else {
        let delay = seconds(&metric.initial_delay).filter(|_| !metric.initial_delay.is_empty());
        return match (delay, run.status.started_at) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(delay), Some(started)) => is_past(Timestamp(started.0 + delay)),
        };
    };
    if effective_count(metric).is_some_and(|count| known.count >= count) {
        return false;
    }
    last.finished_at.is_some_and(|finished| is_past(Timestamp(finished.0 + interval(metric, last))))
}

/// Seconds between a measurement and the next one.
fn interval(metric: &Metric, last: &Measurement) -> i64 {
    if &*last.phase == "Error" { RETRY } else { seconds(&metric.interval).unwrap_or(RETRY) }
}

/// `garbageCollectMeasurements`
pub(super) fn keep_last(status: &mut AnalysisRunStatus) {
    for result in &mut status.metric_results {
        let surplus = result.measurements.len().saturating_sub(KEPT);
        result.measurements.drain(..surplus);
    }
}

/// When to look again.
pub(super) fn next_look(run: &AnalysisRun, metrics: &[Metric]) -> Option<Timestamp> {
    let mut next: Option<i64> = None;
    for metric in metrics {
        let known = result(run, metric);
        if known.is_some_and(|known| is_completed(&known.phase)) {
            continue;
        }
        let at = match known.and_then(|known| known.measurements.last()) {
            None => seconds(&metric.initial_delay).and_then(|delay| Some(run.status.started_at?.0 + delay)),
            Some(last) => last.finished_at.map(|finished| finished.0 + interval(metric, last)),
        };
        next = match (next, at) {
            (Some(next), Some(at)) => Some(next.min(at)),
            (next, at) => next.or(at),
        };
    }
    next.map(Timestamp)
}
