//! "To change it": what would help, in one sentence.

use opscape_manifest::api::{Node, Object, Pod};

use super::Teller;
use super::state::failing_container;
use crate::scene::{NodeHealth, health};
use crate::words::{self, Rich};

pub(super) fn to_change(teller: Teller<'_>, object: &Object) -> Option<Rich> {
    match object {
        Object::Pod(pod) => of_pod(teller, pod),
        Object::Node(node) => {
            let key = match health(teller.model(), node).0 {
                NodeHealth::Ready if node.spec.unschedulable => "fix.cordoned",
                NodeHealth::Ready => return None,
                _ => "fix.node",
            };
            Some(teller.rich(key, &[("node", &node.metadata.name)]))
        }
        Object::Deployment(deployment) => {
            if deployment.spec.paused {
                return Some(teller.rich("fix.paused", &[]));
            }
            let stuck = deployment
                .status
                .conditions
                .iter()
                .any(|condition| &*condition.kind == "Progressing" && &*condition.status == "False");
            stuck.then(|| teller.rich("fix.stuck", &[]))
        }
        Object::Rollout(rollout) => {
            let status = &rollout.status;
            if status.abort {
                return Some(teller.rich("fix.rollout-aborted", &[("name", &rollout.metadata.name)]));
            }
            let waits = !status.pause_conditions.is_empty();
            waits.then(|| teller.rich("fix.rollout-paused", &[("name", &rollout.metadata.name)]))
        }
        Object::Service(service) if !service.spec.selector.is_empty() => {
            match super::state::endpoints(teller, service) {
                (0, _) => Some(teller.rich("fix.service", &[])),
                (_, 0) => Some(teller.rich("fix.service-not-ready", &[])),
                _ => None,
            }
        }
        _ => None,
    }
}

fn of_pod(teller: Teller<'_>, pod: &Pod) -> Option<Rich> {
    if pod.metadata.deletion_timestamp.is_some() {
        return None;
    }
    if pod.spec.node_name.is_empty() {
        return unscheduled(teller, pod);
    }
    let node = teller.model().cluster().store().get::<Node>("", &pod.spec.node_name);
    if node.is_some_and(|node| health(teller.model(), node).0 == NodeHealth::Unknown) {
        return Some(teller.rich("fix.node", &[("node", &pod.spec.node_name)]));
    }
    let container = failing_container(pod)?;
    // Only what belongs to a workload can be rolled back.
    let alone = pod.metadata.controller().is_none();
    let reason = container.state.waiting.as_ref().map(|waiting| &*waiting.reason).unwrap_or_default();
    if matches!(reason, "ImagePullBackOff" | "ErrImagePull" | "InvalidImageName" | "ErrImageNeverPull") {
        return Some(teller.rich(if alone { "fix.image-alone" } else { "fix.image" }, &[]));
    }
    let ended = container.last_state.terminated.as_ref().or(container.state.terminated.as_ref())?;
    if &*ended.reason == "OOMKilled" {
        let (_, most) = teller.model().images().memory(&container.image);
        let need = words::memory(i64::try_from(most).unwrap_or(i64::MAX));
        return Some(teller.rich(if alone { "fix.memory-alone" } else { "fix.memory" }, &[("need", &need)]));
    }
    let key = match ended.exit_code {
        0 => "fix.completed",
        _ if alone => "fix.crash-alone",
        _ => "fix.crash",
    };
    Some(teller.rich(key, &[("container", &container.name)]))
}

/// By what the scheduler says most often.
fn unscheduled(teller: Teller<'_>, pod: &Pod) -> Option<Rich> {
    let scheduled = pod.status.conditions.iter().find(|condition| &*condition.kind == "PodScheduled")?;
    let words = scheduled.message.split(" preemption:").next().unwrap_or_default();
    if let Some(rest) = words.split_once("Insufficient ") {
        let resource = rest.1.split([',', '.', ' ']).next().unwrap_or_default();
        return Some(teller.rich("fix.room", &[("resource", resource)]));
    }
    let key = if words.contains("untolerated taint") {
        "fix.taint"
    } else if words.contains("affinity/selector") {
        "fix.selector"
    } else if words.contains("unschedulable") {
        "fix.all-cordoned"
    } else if words.contains("Too many pods") {
        "fix.too-many"
    } else {
        return None;
    };
    Some(teller.rich(key, &[]))
}
