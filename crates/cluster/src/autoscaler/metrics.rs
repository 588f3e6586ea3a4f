//! What each metric of an autoscaler asks for (pkg/controller/podautoscaler/horizontal.go: `computeReplicasForMetric`;
//! replica_calculator.go; metrics/client.go).

use std::sync::Arc;

use opscape_manifest::api::Pod;
use opscape_manifest::api::autoscaling::{
    CrossVersionObjectReference, Metric, MetricIdentifier, MetricSource, MetricValue,
};
use opscape_manifest::api::meta::{LabelSelector, MicroTime, Str};
use opscape_manifest::api::pod::{Container, Phase};
use opscape_manifest::golang;
use opscape_manifest::quantity::Quantity;
use opscape_sim::Time;

use super::decision::{Asked, Target};
use super::replicas::{self, Groups, Proposal, Tolerance};
use crate::Api;
use crate::metrics::{Usage, of_pod};
use crate::replica_set::is_ready;

/// `--horizontal-pod-autoscaler-cpu-initialization-period`, in seconds
const CPU_INITIALIZATION: i64 = 300;
/// `--horizontal-pod-autoscaler-initial-readiness-delay`, in seconds
const READINESS_DELAY: i64 = 30;
/// Of a custom metric that does not say what it covers (`metricServerDefaultMetricWindow`), in seconds.
const DEFAULT_WINDOW: i64 = 60;

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

/// A value of a pod.
struct Sample {
    value: i64,
    /// In seconds since 1970.
    timestamp: i64,
    window: i64,
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

    /// `GetResourceMetric`, for each pod.
    fn resource_samples(&self, resource: &str, container: &str) -> Result<Vec<Option<Sample>>, String> {
        let unable = |why: String| format!("unable to get metrics for resource {resource}: {why}");
        if !self.usage.has_metrics_server() {
            return Err(unable("unable to fetch metrics from resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)".to_owned()));
        }
        let mut any = false;
        let mut samples = Vec::with_capacity(self.pods.len());
        for pod in self.pods {
            let Some(metrics) = of_pod(pod, self.usage, self.now, self.api) else {
                samples.push(None);
                continue;
            };
            any = true;
            let mut sum = 0;
            let mut found = false;
            for (name, used) in &metrics.containers {
                if !container.is_empty() && **name != *container {
                    continue;
                }
                found = true;
                sum += match resource {
                    "cpu" => i64::try_from(used.nano_cpu.div_ceil(1_000_000)).unwrap_or(i64::MAX),
                    "memory" => i64::try_from(used.memory).unwrap_or(i64::MAX).saturating_mul(1000),
                    _ => {
                        found = false;
                        break;
                    }
                };
            }
            if !found && !container.is_empty() {
                let pod = &pod.metadata;
                return Err(unable(format!(
                    "failed to get container metrics: container {container} not present in metrics for pod {}/{}",
                    pod.namespace, pod.name
                )));
            }
            samples.push(found.then_some(Sample {
                value: sum,
                timestamp: metrics.timestamp.0,
                window: metrics.window,
            }));
        }
        if !any {
            return Err(unable("no metrics returned from resource metrics API".to_owned()));
        }
        Ok(samples)
    }

    /// `GetRawMetric`, for each pod.
    fn custom_samples(&self, metric: &MetricIdentifier) -> Result<Vec<Option<Sample>>, String> {
        let unable = |why: &str| Err(format!("unable to get metric {}: {why}", metric.name));
        if !self.usage.has_custom_metrics() {
            return unable(
                "unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered",
            );
        }
        let timestamp = self.api.timestamp(self.now).0;
        let sample = |pod: &Arc<Pod>| {
            let value = self.usage.of_pod(pod, metric, self.now)?;
            Some(Sample { value, timestamp, window: DEFAULT_WINDOW })
        };
        let samples: Vec<Option<Sample>> = self.pods.iter().map(sample).collect();
        if samples.iter().all(Option::is_none) {
            return unable("no metrics returned from custom metrics API");
        }
        Ok(samples)
    }

    /// `GetObjectMetric`; its error names the object in upstream's odd order.
    fn object_value(
        &self,
        metric: &MetricIdentifier,
        object: &CrossVersionObjectReference,
    ) -> Result<i64, String> {
        let unable = |why: String| {
            format!(
                "unable to get metric {}: {} on {} {}/unable to fetch metrics from custom metrics API: {why}",
                metric.name, object.kind, self.namespace, object.name
            )
        };
        if !self.usage.has_custom_metrics() {
            return Err(unable("no custom metrics API (custom.metrics.k8s.io) registered".to_owned()));
        }
        self.usage.of_object(self.namespace, object, metric, self.now).ok_or_else(|| {
            let kind = object.kind.to_ascii_lowercase();
            unable(format!("the server could not find the metric {} for {kind} {}", metric.name, object.name))
        })
    }

    /// `GetExternalMetric`, the sum of all.
    fn external_value(&self, metric: &MetricIdentifier) -> Result<i64, String> {
        if !self.usage.has_external_metrics() {
            return Err(format!(
                "unable to fetch metrics from external metrics API: the server could not find the requested resource (get {}.external.metrics.k8s.io)",
                metric.name
            ));
        }
        let values = self.usage.external(self.namespace, metric, self.now);
        if values.is_empty() {
            return Err("no metrics returned from external metrics API".to_owned());
        }
        Ok(values.into_iter().fold(0, i64::saturating_add))
    }

    /// `groupPods`
    fn group(&self, samples: &[Option<Sample>], is_cpu: bool) -> Sorted {
        let now = self.api.micro_time(self.now);
        let mut sorted = Sorted::default();
        for (at, (pod, sample)) in self.pods.iter().zip(samples).enumerate() {
            if pod.metadata.deletion_timestamp.is_some() || pod.status.phase == Phase::Failed {
                sorted.ignored += 1;
            } else if pod.status.phase == Phase::Pending {
                sorted.unready.push(at);
            } else if let Some(sample) = sample {
                if is_cpu && too_young(pod, sample, now) {
                    sorted.unready.push(at);
                } else {
                    sorted.ready.push((at, sample.value));
                }
            } else {
                sorted.missing.push(at);
            }
        }
        sorted
    }
}

/// Whether the cpu of a pod says nothing yet: it is not ready, or was not for one whole window of its metric.
fn too_young(pod: &Pod, sample: &Sample, now: MicroTime) -> bool {
    let ready = pod.status.conditions.iter().find(|condition| &*condition.kind == "Ready");
    let (Some(ready), Some(start)) = (ready, pod.status.start_time) else { return true };
    let is_false = &*ready.status == "False";
    let since = ready.last_transition_time.unwrap_or_default().0;
    if (start.0 + CPU_INITIALIZATION) * 1_000_000 > now.0 {
        is_false || sample.timestamp < since + sample.window
    } else {
        // It has never been ready.
        is_false && start.0 + READINESS_DELAY > since
    }
}

/// The pods by group, as places in the list of all.
#[derive(Default)]
struct Sorted {
    ready: Vec<(usize, i64)>,
    unready: Vec<usize>,
    missing: Vec<usize>,
    ignored: usize,
}

impl Sorted {
    /// Without what the pods request.
    fn plain(&self) -> Groups {
        Groups {
            ready: self.ready.iter().map(|(_, value)| (*value, 0)).collect(),
            unready: vec![0; self.unready.len()],
            missing: vec![0; self.missing.len()],
            ignored: self.ignored,
        }
    }

    /// With what each pod requests; every pod has to say it.
    fn with_requests(
        &self,
        request: impl Fn(&Pod) -> Result<i64, String>,
        pods: &[Arc<Pod>],
    ) -> Result<Groups, String> {
        let requests: Vec<i64> = pods.iter().map(|pod| request(pod)).collect::<Result<_, _>>()?;
        let of = |at: &usize| requests.get(*at).copied().unwrap_or(0);
        Ok(Groups {
            ready: self.ready.iter().map(|(at, value)| (*value, of(at))).collect(),
            unready: self.unready.iter().map(of).collect(),
            missing: self.missing.iter().map(of).collect(),
            ignored: self.ignored,
        })
    }
}

/// `calculatePodRequestsFromContainers`, in thousandths.
fn request(pod: &Pod, container: &str, resource: &str) -> Result<i64, String> {
    let is_sidecar = |init: &&Container| init.restart_policy.as_deref() == Some("Always");
    let sidecars = pod.spec.init_containers.iter().filter(is_sidecar);
    let mut sum = 0i64;
    for found in pod.spec.containers.iter().chain(sidecars) {
        if !container.is_empty() && *found.name != *container {
            continue;
        }
        let Some(amount) = found.resources.requests.get(resource) else {
            return Err(format!(
                "missing request for {resource} in container {} of Pod {}",
                found.name, pod.metadata.name
            ));
        };
        sum = sum.saturating_add(amount.milli_value());
        if !container.is_empty() {
            return Ok(sum);
        }
    }
    if container.is_empty() {
        Ok(sum)
    } else {
        Err(format!("container {container} not found in Pod {}", pod.metadata.name))
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
