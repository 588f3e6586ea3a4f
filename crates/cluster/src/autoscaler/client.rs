//! The metrics APIs as the autoscaler asks them (pkg/controller/podautoscaler/metrics/client.go).

use std::sync::Arc;

use opscape_manifest::api::Pod;
use opscape_manifest::api::autoscaling::{CrossVersionObjectReference, MetricIdentifier};

use super::metrics::Sources;
use crate::metrics::of_pod;

/// Of a custom metric that does not say what it covers (`metricServerDefaultMetricWindow`), in seconds.
const DEFAULT_WINDOW: i64 = 60;

/// A value of a pod.
pub(super) struct Sample {
    pub value: i64,
    /// In seconds since 1970.
    pub timestamp: i64,
    pub window: i64,
}

impl Sources<'_> {
    /// `GetResourceMetric`, for each pod.
    pub(super) fn resource_samples(
        &self,
        resource: &str,
        container: &str,
    ) -> Result<Vec<Option<Sample>>, String> {
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
    pub(super) fn custom_samples(&self, metric: &MetricIdentifier) -> Result<Vec<Option<Sample>>, String> {
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
    pub(super) fn object_value(
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
    pub(super) fn external_value(&self, metric: &MetricIdentifier) -> Result<i64, String> {
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
}
