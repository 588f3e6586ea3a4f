//! What containers use: what their image uses at rest, and the CPU of the requests they served. Metrics about requests
//! come from what was measured of them, as an adapter for Prometheus would have them.

use opscape_cluster::analysis::Answer;
use opscape_cluster::metrics::Window;
use opscape_cluster::{Store, Usage, Used};
use opscape_manifest::api::Pod;
use opscape_manifest::api::autoscaling::{CrossVersionObjectReference, MetricIdentifier};
use opscape_manifest::quantity::Quantity;
use opscape_network::telemetry::{Point, Subject};
use opscape_sim::Time;

use super::Traffic;
use super::view::serving;
use crate::images::LabImages;

/// Knows what containers use in a world.
#[derive(Clone, Copy)]
pub(crate) struct LabUsage<'a> {
    pub traffic: &'a Traffic,
    pub images: &'a LabImages,
}

/// Thousandths of a core of a process that nobody asks anything.
const AT_REST: i64 = 1;
/// Seconds over which rates of requests are averaged, as `rate(...[1m])`.
const RATE_SPAN: u32 = 60;
/// Names that people give to the rate of requests.
const RATES: &[&str] =
    &["http_requests", "http_requests_per_second", "requests_per_second", "requests-per-second"];

impl Usage for LabUsage<'_> {
    fn container(&self, pod: &Pod, name: &str, window: &Window, _store: &Store) -> Option<Used> {
        let container = pod.spec.containers.iter().find(|container| &*container.name == name)?;
        let said = self.images.said(&container.image).and_then(|said| said.cpu.as_ref());
        let rest = said.map_or(AT_REST, Quantity::milli_value);
        let mut nano_cpu = u64::try_from(rest).unwrap_or_default() * 1_000_000;
        let seconds = window.to.since(window.from).as_secs_f64();
        if serving(pod).is_some_and(|serving| serving.name == container.name) && seconds > 0.0 {
            let second = |time: Time| u32::try_from(time.0 / 1_000_000).unwrap_or(u32::MAX);
            let micros = self.traffic.cpu_between(pod.metadata.uid, second(window.from), second(window.to));
            nano_cpu += (micros as f64 * 1e3 / seconds) as u64;
        }
        Some(Used { nano_cpu, memory: self.images.memory_of(pod, container) })
    }

    fn has_custom_metrics(&self) -> bool {
        self.traffic.is_active()
    }

    fn query(&self, query: &str, store: &Store, now: Time) -> Result<Answer, String> {
        crate::prometheus::answer(query, self.traffic, store, now)
    }

    fn of_pod(&self, pod: &Pod, metric: &MetricIdentifier, now: Time) -> Option<i64> {
        self.rate(&Subject::Pod(pod.metadata.uid), metric, now)
    }

    fn of_object(
        &self,
        namespace: &str,
        object: &CrossVersionObjectReference,
        metric: &MetricIdentifier,
        now: Time,
    ) -> Option<i64> {
        let subject = match &*object.kind {
            "Service" => Subject::Service(namespace.into(), object.name.clone()),
            "Ingress" | "HTTPRoute" | "Gateway" => {
                Subject::Entry(object.kind.clone(), namespace.into(), object.name.clone())
            }
            _ => return None,
        };
        self.rate(&subject, metric, now)
    }
}

impl LabUsage<'_> {
    /// Requests per second, in thousandths.
    fn rate(&self, subject: &Subject, metric: &MetricIdentifier, now: Time) -> Option<i64> {
        if !self.traffic.is_active() || !RATES.contains(&&*metric.name) {
            return None;
        }
        let second = u32::try_from(now.0 / 1_000_000).unwrap_or(u32::MAX);
        let from = second.saturating_sub(RATE_SPAN);
        let series = self.traffic.telemetry().series(subject);
        let measured = series.map_or_else(Point::default, |series| series.between(from, second));
        Some((measured.count as f64 * 1e3 / f64::from(RATE_SPAN)) as i64)
    }
}
