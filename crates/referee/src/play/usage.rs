//! The pretend metrics.k8s.io of the recordings: always fresh, with a window of 15 s, and told what to say by annotations.

use std::time::Duration;

use opscape_cluster::Store;
use opscape_cluster::metrics::{Usage, Used, Window};
use opscape_manifest::api::pod::Phase;
use opscape_manifest::api::{Namespace, Pod};
use opscape_sim::Time;

/// The pretend metrics API.
pub struct PretendMetrics;

/// What a pod uses that no annotation speaks of.
const CPU: u64 = 10;
const MEMORY: u64 = 100;
const MI: u64 = 1 << 20;
const MILLI: u64 = 1_000_000;

impl Usage for PretendMetrics {
    fn container(&self, pod: &Pod, container: &str, _window: &Window, store: &Store) -> Option<Used> {
        let number = |text: Option<&str>| text.and_then(|text| text.parse::<u64>().ok());
        // All that a pod uses is its first container's.
        if pod.spec.containers.first().is_none_or(|first| *first.name != *container) {
            return Some(Used::default());
        }
        let namespace = store.get::<Namespace>("", &pod.metadata.namespace);
        let total = namespace.and_then(|namespace| namespace.metadata.annotation("ref/total-cpu"));
        let shared = pod.metadata.label("load") == Some("shared");
        let milli = match (number(pod.metadata.annotation("ref/cpu-use")), number(total)) {
            (Some(own), _) => own,
            (None, Some(total)) if shared => {
                let sharing = store.list::<Pod>(Some(&pod.metadata.namespace)).filter(|pod| shares(pod));
                if shares(pod) { total / (sharing.count() as u64).max(1) } else { 0 }
            }
            _ => CPU,
        };
        let memory = number(pod.metadata.annotation("ref/mem-use")).unwrap_or(MEMORY);
        Some(Used { nano_cpu: milli.saturating_mul(MILLI), memory: memory.saturating_mul(MI) })
    }

    fn window(&self, now: Time, _resolution: Duration) -> Option<Window> {
        Some(Window { from: now, to: now, length: Duration::from_secs(15) })
    }
}

/// Whether a pod has a share of its namespace's load: it is ready, and labelled so.
fn shares(pod: &Pod) -> bool {
    let ready = |kind: &str, status: &str| kind == "Ready" && status == "True";
    pod.status.phase == Phase::Running
        && pod.metadata.label("load") == Some("shared")
        && pod.status.conditions.iter().any(|condition| ready(&condition.kind, &condition.status))
}
