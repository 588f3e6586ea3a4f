//! The metrics APIs: metrics.k8s.io, which metrics-server answers from what containers use, and custom.metrics.k8s.io and
//! external.metrics.k8s.io, which an adapter answers where there is one.
//!
//! What containers use is known to the owner of the cluster alone: it answers for [`Usage`]. Nothing is scraped ahead of time:
//! metrics-server scrapes at fixed times, so what it knows now is what was used between its last two scrapes.

use std::sync::Arc;
use std::time::Duration;

use opscape_manifest::api::autoscaling::{CrossVersionObjectReference, MetricIdentifier};
use opscape_manifest::api::meta::{Str, Timestamp};
use opscape_manifest::api::pod::{ContainerStatus, Phase};
use opscape_manifest::api::{Node, Pod};
use opscape_sim::Time;

use crate::Api;
use crate::Store;
use crate::analysis::Answer;

/// What a container uses: on average over a window (cpu), and at its end (memory).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Used {
    /// Billionths of a cpu.
    pub nano_cpu: u64,
    /// Bytes of its working set.
    pub memory: u64,
}

/// The time a sample of metrics covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Containers that started later have no metrics yet.
    pub from: Time,
    /// When the sample was taken.
    pub to: Time,
    /// How long it is, as the API says.
    pub length: Duration,
}

/// Knows what containers use, and what the custom and external metrics are.
pub trait Usage: Send + Sync {
    /// What a running container used in a window; none: nothing is known of it.
    fn container(&self, pod: &Pod, container: &str, window: &Window, store: &Store) -> Option<Used>;

    /// The window whose sample is the newest at an instant. metrics-server scrapes every kubelet once in each `resolution`
    /// (`--metric-resolution`), and needs two scrapes for a rate; none: it has not seen two yet.
    fn window(&self, now: Time, resolution: Duration) -> Option<Window> {
        let period = u64::try_from(resolution.as_micros()).ok().filter(|period| *period > 0)?;
        let to = now.0 - now.0 % period;
        let from = to.checked_sub(period)?;
        Some(Window { from: Time(from), to: Time(to), length: resolution })
    }

    /// Whether there is a metrics-server.
    fn has_metrics_server(&self) -> bool {
        true
    }

    /// Whether an adapter answers custom.metrics.k8s.io.
    fn has_custom_metrics(&self) -> bool {
        false
    }

    /// Whether an adapter answers external.metrics.k8s.io.
    fn has_external_metrics(&self) -> bool {
        false
    }

    /// A custom metric of a pod, in thousandths.
    fn of_pod(&self, _pod: &Pod, _metric: &MetricIdentifier, _now: Time) -> Option<i64> {
        None
    }

    /// A custom metric of another object of a namespace, in thousandths.
    fn of_object(
        &self,
        _namespace: &str,
        _object: &CrossVersionObjectReference,
        _metric: &MetricIdentifier,
        _now: Time,
    ) -> Option<i64> {
        None
    }

    /// What Prometheus answers to a query in PromQL.
    ///
    /// # Errors
    /// In words: there is no Prometheus, or the query is not understood.
    fn query(&self, _query: &str, _store: &Store, _now: Time) -> Result<Answer, String> {
        Err("this cluster has no Prometheus".to_owned())
    }

    /// All values of an external metric, in thousandths.
    fn external(&self, _namespace: &str, _metric: &MetricIdentifier, _now: Time) -> Vec<i64> {
        Vec::new()
    }
}

/// Containers that do next to nothing: 1 thousandth of a cpu, 10 Mi.
#[derive(Debug, Clone, Copy, Default)]
pub struct Idle;

impl Usage for Idle {
    fn container(&self, _pod: &Pod, _container: &str, _window: &Window, _store: &Store) -> Option<Used> {
        Some(Used { nano_cpu: 1_000_000, memory: 10 << 20 })
    }
}

/// What metrics.k8s.io says of a pod.
#[derive(Debug, Clone, PartialEq)]
pub struct PodMetrics {
    /// When the sample was taken.
    pub timestamp: Timestamp,
    /// What it covers, in seconds.
    pub window: i64,
    /// By container.
    pub containers: Vec<(Str, Used)>,
}

/// The metrics of a pod; none: it does not run, or does not run for long enough.
pub fn of_pod(pod: &Pod, usage: &dyn Usage, now: Time, api: &Api) -> Option<PodMetrics> {
    if pod.status.phase != Phase::Running || !usage.has_metrics_server() {
        return None;
    }
    let window = usage.window(now, api.options().flags.metric_resolution)?;
    let mut containers = Vec::with_capacity(pod.spec.containers.len());
    for container in &pod.spec.containers {
        let status = pod.status.container_statuses.iter().find(|status| status.name == container.name)?;
        if started(status).is_none_or(|started| api.time_of(started) > window.from) {
            return None;
        }
        containers
            .push((container.name.clone(), usage.container(pod, &container.name, &window, api.store())?));
    }
    let seconds = i64::try_from(window.length.as_secs()).unwrap_or(i64::MAX);
    Some(PodMetrics { timestamp: api.timestamp(window.to), window: seconds, containers })
}

/// What the pods of a node use together, and the node's own share; none: it has not been scraped twice.
pub fn of_node(node: &Node, usage: &dyn Usage, now: Time, api: &Api) -> Option<Used> {
    usage.window(now, api.options().flags.metric_resolution).filter(|_| usage.has_metrics_server())?;
    let mut sum = Used::default();
    for pod in api.store().pods_on(&node.metadata.name) {
        for (_, used) in of_pod(pod, usage, now, api).into_iter().flat_map(|metrics| metrics.containers) {
            sum.nano_cpu = sum.nano_cpu.saturating_add(used.nano_cpu);
            sum.memory = sum.memory.saturating_add(used.memory);
        }
    }
    Some(sum)
}

fn started(status: &ContainerStatus) -> Option<Timestamp> {
    status.state.running.as_ref()?.started_at
}

/// The usage that an owner without one of its own gives.
pub fn idle() -> Arc<dyn Usage> {
    Arc::new(Idle)
}
