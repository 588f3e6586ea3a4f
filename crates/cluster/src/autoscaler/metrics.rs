//! What each metric of an autoscaler asks for (pkg/controller/podautoscaler/horizontal.go: `computeReplicasForMetric`;
//! replica_calculator.go; metrics/client.go).

use std::sync::Arc;

use opscape_manifest::api::Pod;
use opscape_manifest::api::autoscaling::{Metric, MetricSource, MetricValue};
use opscape_manifest::api::meta::{LabelSelector, Str};
use opscape_manifest::api::pod::Phase;
use opscape_manifest::golang;
use opscape_manifest::quantity::Quantity;
use opscape_sim::Time;

use super::decision::{Asked, Target};
use super::pods::request;
use super::replicas::{self, Proposal, Tolerance};
use crate::Api;
use crate::metrics::Usage;
use crate::replica_set::is_ready;

/// What a metric is calculated from.
pub(super) struct Sources<'a> {
    pub namespace: &'a str,
    /// The pods that the scale's selector selects.
    pub pods: &'a [Arc<Pod>],
    /// The size wanted, and the pods there are.
    pub sizes: (i32, i32),
    pub tolerance: Tolerance,
    pub usage: &'a dyn Usage,
    pub now: Time,
    pub api: &'a Api,
}

/// A metric's answer.
pub(super) struct Answer {
    /// What it is called in the reason for a new size.
    pub name: String,
    /// For the status.
    pub current: Metric,
    /// With its numbers.
    pub asked: Asked,
}

/// Why a metric cannot be had.
pub(super) struct Failure {
    /// As `FailedGetResourceMetric`: of the event and the condition.
    pub reason: &'static str,
    /// Of the event.
    pub message: String,
    /// As it stands among several metrics.
    pub whole: String,
    pub asked: Asked,
}

impl Sources<'_> {
    pub fn ask(&self, spec: &Metric) -> Result<Answer, Box<Failure>> {
        let none = MetricSource::default();
        let source = spec.source().unwrap_or(&none);
        let target = source.target.clone().unwrap_or_default();
        let asked = Asked {
            name: source.metric.as_ref().map_or(&source.name, |metric| &metric.name).clone(),
            kind: spec.kind.clone(),
            target: target_of(&spec.kind, &target),
            tolerance: self.tolerance,
            pods: (0, 0, 0),
            outcome: Err(Str::default()),
        };
        match &*spec.kind {
            "Resource" | "ContainerResource" => self.resource(spec, source, asked),
            "Pods" => self.pods(source, asked),
            "Object" => self.object(source, asked),
            "External" => self.external(source, &target, asked),
            other => {
                let message = format!("unknown metric source type {}", golang::quote(other));
                Err(failure("InvalidMetricSourceType", message.clone(), message, asked))
            }
        }
    }

    /// `computeStatusForResourceMetricGeneric`
    fn resource(
        &self,
        spec: &Metric,
        source: &MetricSource,
        mut asked: Asked,
    ) -> Result<Answer, Box<Failure>> {
        let (resource, whole_pod) = (&*source.name, &*spec.kind == "Resource");
        let container = if whole_pod { "" } else { &*source.container };
        let proposal = self.resource_samples(resource, container).and_then(|samples| {
            let groups = self.group(&samples, resource == "cpu");
            asked.pods = (groups.ready.len(), groups.unready.len(), groups.missing.len());
            match asked.target {
                Target::Average(average) => {
                    let groups = groups.plain();
                    replicas::by_average(self.sizes.0, average, self.tolerance, &groups)
                }
                Target::Percent(percent) => {
                    if groups.ready.is_empty() {
                        return Err(replicas::NO_METRICS.to_owned());
                    }
                    let groups = groups.with_requests(|pod| request(pod, container, resource), self.pods)?;
                    replicas::by_utilization(self.sizes.0, percent, self.tolerance, &groups)
                }
                Target::Value(_) => Err(String::new()),
            }
        });
        let (name, what) = match asked.target {
            Target::Average(_) => (format!("{resource} resource"), "usage"),
            _ if whole_pod => {
                (format!("{resource} resource utilization (percentage of request)"), "utilization")
            }
            _ => {
                (format!("{resource} container resource utilization (percentage of request)"), "utilization")
            }
        };
        let proposal = proposal.map_err(|error| {
            let message = match asked.target {
                Target::Value(_) => "invalid resource metric source: neither an average utilization target nor an average value (usage) target was set".to_owned(),
                _ => format!("failed to get {resource} {what}: {error}"),
            };
            let (reason, whole) = if whole_pod {
                ("FailedGetResourceMetric", format!("failed to get {resource} resource metric value: {message}"))
            } else {
                let whole = format!("failed to get {container} container metric value: {message}");
                ("FailedGetContainerResourceMetric", whole)
            };
            failure(reason, message, whole, asked.clone())
        })?;
        let current = MetricValue {
            average_utilization: matches!(asked.target, Target::Percent(_)).then_some(proposal.percent),
            average_value: Some(amount(resource, proposal.usage)),
            ..MetricValue::default()
        };
        let status = MetricSource {
            name: source.name.clone(),
            container: source.container.clone(),
            current: Some(current),
            ..MetricSource::default()
        };
        Ok(answer(name, Metric::with_source(&spec.kind, status), proposal, asked))
    }

    /// `computeStatusForPodsMetric`
    fn pods(&self, source: &MetricSource, mut asked: Asked) -> Result<Answer, Box<Failure>> {
        let metric = source.metric.clone().unwrap_or_default();
        let Target::Average(target) = asked.target else {
            let message = "invalid pods metric source".to_owned();
            return Err(failure("FailedGetPodsMetric", message.clone(), message, asked));
        };
        let proposal = self.custom_samples(&metric).and_then(|samples| {
            let groups = self.group(&samples, false);
            asked.pods = (groups.ready.len(), groups.unready.len(), groups.missing.len());
            replicas::by_average(self.sizes.0, target, self.tolerance, &groups.plain())
        });
        let proposal = proposal.map_err(|message| {
            let whole = format!("failed to get pods metric value: {message}");
            failure("FailedGetPodsMetric", message, whole, asked.clone())
        })?;
        let name = format!("pods metric {}", metric.name);
        let average_value = Some(Quantity::milli(proposal.usage));
        let status = MetricSource {
            metric: Some(metric),
            current: Some(MetricValue { average_value, ..MetricValue::default() }),
            ..MetricSource::default()
        };
        Ok(answer(name, Metric::with_source("Pods", status), proposal, asked))
    }

    /// `computeStatusForObjectMetric`
    fn object(&self, source: &MetricSource, asked: Asked) -> Result<Answer, Box<Failure>> {
        let metric = source.metric.clone().unwrap_or_default();
        let object = source.described_object.clone().unwrap_or_default();
        let by_value = matches!(asked.target, Target::Value(_));
        let proposal = match asked.target {
            Target::Percent(_) => Err(
                "invalid object metric source: neither a value target nor an average value target was set"
                    .to_owned(),
            ),
            target => self.object_value(&metric, &object).and_then(|usage| self.whole(target, usage)),
        };
        let proposal = proposal.map_err(|message| {
            let whole = if matches!(asked.target, Target::Average(_)) {
                format!(
                    "failed to get object metric value: failed to get {} object metric: {message}",
                    metric.name
                )
            } else {
                format!("failed to get object metric value: {message}")
            };
            failure("FailedGetObjectMetric", message, whole, asked.clone())
        })?;
        let name = if by_value {
            format!("{} metric {}", object.kind, metric.name)
        } else {
            format!("external metric {}({})", metric.name, selector_text(metric.selector.as_ref()))
        };
        let status = MetricSource {
            metric: Some(metric),
            described_object: by_value.then_some(object),
            current: Some(whole_or_share(asked.target, proposal.usage)),
            ..MetricSource::default()
        };
        Ok(answer(name, Metric::with_source("Object", status), proposal, asked))
    }

    /// `computeStatusForExternalMetric`
    fn external(
        &self,
        source: &MetricSource,
        target: &MetricValue,
        asked: Asked,
    ) -> Result<Answer, Box<Failure>> {
        let metric = source.metric.clone().unwrap_or_default();
        let shown = selector_text(metric.selector.as_ref());
        let prefix = match (&target.average_value, &target.value) {
            (Some(_), _) => format!("failed to get {} external metric: ", metric.name),
            (None, Some(_)) => format!("failed to get external metric {}: ", metric.name),
            (None, None) => String::new(),
        };
        let proposal = match asked.target {
            Target::Percent(_) => Err(
                "invalid external metric source: neither a value target nor an average value target was set"
                    .to_owned(),
            ),
            target => self
                .external_value(&metric)
                .map_err(|error| {
                    let place = format!("{}/{}/{shown}", self.namespace, metric.name);
                    format!("unable to get external metric {place}: {error}")
                })
                .and_then(|usage| self.whole(target, usage)),
        };
        let proposal = proposal.map_err(|message| {
            let whole = format!("failed to get {} external metric value: {prefix}{message}", metric.name);
            failure("FailedGetExternalMetric", message, whole, asked.clone())
        })?;
        let name = format!("external metric {}({shown})", metric.name);
        let status = MetricSource {
            metric: Some(metric),
            current: Some(whole_or_share(asked.target, proposal.usage)),
            ..MetricSource::default()
        };
        Ok(answer(name, Metric::with_source("External", status), proposal, asked))
    }

    /// What the value of something that is not a pod asks for.
    fn whole(&self, target: Target, usage: i64) -> Result<Proposal, String> {
        let (wanted, current) = self.sizes;
        match target {
            Target::Average(target) => Ok(replicas::by_share(current, target, self.tolerance, usage)),
            Target::Value(target) => {
                let ready =
                    self.pods.iter().filter(|pod| pod.status.phase == Phase::Running && is_ready(pod));
                let off = !self.tolerance.covers(usage as f64 / target as f64);
                if wanted != 0 && off && self.pods.is_empty() {
                    return Err("unable to calculate ready pods: no pods returned by selector while calculating replica count".to_owned());
                }
                Ok(replicas::by_value(wanted, target, self.tolerance, usage, ready.count()))
            }
            Target::Percent(_) => Err(String::new()),
        }
    }
}

fn target_of(kind: &str, target: &MetricValue) -> Target {
    let average = target.average_value.map(|amount| Target::Average(amount.milli_value()));
    let value = target.value.map(|amount| Target::Value(amount.milli_value()));
    let percent = target.average_utilization.map(Target::Percent);
    let found = match (kind, &*target.kind) {
        ("Resource" | "ContainerResource", _) => average.or(percent),
        ("Object", "Value") => value,
        ("Object", "AverageValue") | ("Pods", _) => average,
        ("External", _) => average.or(value),
        _ => None,
    };
    // None is set: as good as no target.
    found.unwrap_or(if matches!(kind, "Object" | "External") { Target::Percent(0) } else { Target::Value(0) })
}

fn whole_or_share(target: Target, usage: i64) -> MetricValue {
    let amount = Some(Quantity::milli(usage));
    match target {
        Target::Average(_) => MetricValue { average_value: amount, ..MetricValue::default() },
        _ => MetricValue { value: amount, ..MetricValue::default() },
    }
}

/// Memory is told in `Mi`, everything else in decimal units.
fn amount(resource: &str, milli: i64) -> Quantity {
    if resource == "memory" && milli % 1000 == 0 {
        Quantity::bytes(milli / 1000)
    } else {
        Quantity::milli(milli)
    }
}

fn answer(name: String, current: Metric, proposal: Proposal, asked: Asked) -> Answer {
    Answer { name, current, asked: Asked { outcome: Ok(proposal), ..asked } }
}

#[allow(clippy::unnecessary_box_returns, reason = "large where pointers have 64 bits, small in the browser")]
fn failure(reason: &'static str, message: String, whole: String, asked: Asked) -> Box<Failure> {
    let asked = Asked { outcome: Err(message.as_str().into()), ..asked };
    Box::new(Failure { reason, message, whole, asked })
}

/// A selector as Go prints its pointer (`%+v`).
fn selector_text(selector: Option<&LabelSelector>) -> String {
    let Some(selector) = selector else { return "nil".to_owned() };
    let labels: Vec<String> =
        selector.match_labels.iter().map(|(key, value)| format!("{key}: {value},")).collect();
    let expressions: Vec<String> = selector
        .match_expressions
        .iter()
        .map(|requirement| {
            let values: Vec<&str> = requirement.values.iter().map(|value| &**value).collect();
            let (key, operator) = (&requirement.key, &requirement.operator);
            format!(
                "LabelSelectorRequirement{{Key:{key},Operator:{operator},Values:[{}],}},",
                values.join(" ")
            )
        })
        .collect();
    format!(
        "&LabelSelector{{MatchLabels:map[string]string{{{}}},MatchExpressions:[]LabelSelectorRequirement{{{}}},}}",
        labels.concat(),
        expressions.concat()
    )
}
