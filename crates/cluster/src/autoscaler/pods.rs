//! Which pods count, and what they request (pkg/controller/podautoscaler/replica_calculator.go: `groupPods`,
//! `calculateRequests`).

use std::sync::Arc;

use opscape_manifest::api::Pod;
use opscape_manifest::api::meta::MicroTime;
use opscape_manifest::api::pod::{Container, Phase};

use super::client::Sample;
use super::metrics::Sources;
use super::replicas::Groups;

/// `--horizontal-pod-autoscaler-cpu-initialization-period`, in seconds
const CPU_INITIALIZATION: i64 = 300;
/// `--horizontal-pod-autoscaler-initial-readiness-delay`, in seconds
const READINESS_DELAY: i64 = 30;
impl Sources<'_> {
    /// `groupPods`
    pub(super) fn group(&self, samples: &[Option<Sample>], is_cpu: bool) -> Sorted {
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
pub(super) struct Sorted {
    pub ready: Vec<(usize, i64)>,
    pub unready: Vec<usize>,
    pub missing: Vec<usize>,
    ignored: usize,
}

impl Sorted {
    /// Without what the pods request.
    pub fn plain(&self) -> Groups {
        Groups {
            ready: self.ready.iter().map(|(_, value)| (*value, 0)).collect(),
            unready: vec![0; self.unready.len()],
            missing: vec![0; self.missing.len()],
            ignored: self.ignored,
        }
    }

    /// With what each pod requests; every pod has to say it.
    pub fn with_requests(
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
pub(super) fn request(pod: &Pod, container: &str, resource: &str) -> Result<i64, String> {
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
