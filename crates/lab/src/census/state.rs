//! The state of a pod in one word, as its glyph and `kubectl get` show it.

use opscape_manifest::api::Pod;
use opscape_manifest::api::meta::Str;
use opscape_manifest::api::pod::{ContainerStatus, Phase};

use crate::scene::PodState;

/// Waiting reasons that are not part of a normal start (pkg/kubelet/images, pkg/kubelet/container).
const FAILING: &[&str] = &[
    "CrashLoopBackOff",
    "ImagePullBackOff",
    "ErrImagePull",
    "ErrImageNeverPull",
    "InvalidImageName",
    "ImageInspectError",
    "RegistryUnavailable",
    "CreateContainerError",
    "CreateContainerConfigError",
    "RunContainerError",
    "StartError",
];

/// Whether the pod's Ready condition is True.
pub fn is_ready(pod: &Pod) -> bool {
    pod.status.conditions.iter().any(|condition| &*condition.kind == "Ready" && &*condition.status == "True")
}

/// The state of a pod. Whether an image is being pulled does not stand in its status; the caller knows from the Events.
pub fn pod_state(pod: &Pod, pulling: bool) -> PodState {
    let status = &pod.status;
    if pod.metadata.deletion_timestamp.is_some() {
        return PodState::Terminating;
    }
    match status.phase {
        Phase::Succeeded => return PodState::Succeeded,
        Phase::Failed => return PodState::Failing,
        Phase::Unknown => return PodState::Unknown,
        Phase::Pending | Phase::Running => {}
    }
    if pod.spec.node_name.is_empty() {
        return PodState::Pending;
    }
    let statuses = || status.init_container_statuses.iter().chain(&status.container_statuses);
    if statuses().any(is_failing) {
        return PodState::Failing;
    }
    if is_ready(pod) {
        return PodState::Ready;
    }
    if pulling {
        return PodState::Pulling;
    }
    if status.container_statuses.is_empty() {
        return if status.start_time.is_some() { PodState::Starting } else { PodState::Pending };
    }
    if status.container_statuses.iter().all(|container| container.state.running.is_some()) {
        PodState::NotReady
    } else {
        PodState::Starting
    }
}

fn is_failing(container: &ContainerStatus) -> bool {
    let waiting = container.state.waiting.as_ref().is_some_and(|waiting| FAILING.contains(&&*waiting.reason));
    let ended = container.state.terminated.as_ref().is_some_and(|ended| ended.exit_code != 0);
    waiting || ended
}

/// The STATUS column of `kubectl get pods` (printPod in pkg/printers/internalversion/printers.go).
pub fn pod_word(pod: &Pod) -> Str {
    let status = &pod.status;
    if pod.metadata.deletion_timestamp.is_some() {
        return if &*status.reason == "NodeLost" { "Unknown".into() } else { "Terminating".into() };
    }
    let inits = pod.spec.init_containers.len();
    for (index, container) in status.init_container_statuses.iter().enumerate() {
        let state = &container.state;
        if state.terminated.as_ref().is_some_and(|ended| ended.exit_code == 0)
            || container.started == Some(true)
        {
            continue;
        }
        let word = match (&state.terminated, &state.waiting) {
            (Some(ended), _) if !ended.reason.is_empty() => ended.reason.to_string(),
            (Some(ended), _) => format!("ExitCode:{}", ended.exit_code),
            (None, Some(waiting)) if !waiting.reason.is_empty() && &*waiting.reason != "PodInitializing" => {
                waiting.reason.to_string()
            }
            _ => format!("{index}/{inits}"),
        };
        return ["Init:", &word].concat().into();
    }
    let mut word: Str =
        if status.reason.is_empty() { phase_word(status.phase).into() } else { status.reason.clone() };
    let mut running = false;
    for container in status.container_statuses.iter().rev() {
        match (&container.state.waiting, &container.state.terminated) {
            (Some(waiting), _) if !waiting.reason.is_empty() => word = waiting.reason.clone(),
            (_, Some(ended)) if !ended.reason.is_empty() => word = ended.reason.clone(),
            (_, Some(ended)) => word = format!("ExitCode:{}", ended.exit_code).into(),
            _ => running |= container.ready && container.state.running.is_some(),
        }
    }
    if running && &*word == "Completed" {
        word = if is_ready(pod) { "Running".into() } else { "NotReady".into() };
    }
    word
}

fn phase_word(phase: Phase) -> &'static str {
    match phase {
        Phase::Pending => "Pending",
        Phase::Running => "Running",
        Phase::Succeeded => "Succeeded",
        Phase::Failed => "Failed",
        Phase::Unknown => "Unknown",
    }
}
