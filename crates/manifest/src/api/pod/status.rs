//! What became of a pod.

use crate::api::meta::{Str, Timestamp};
use crate::codec::fields;

/// `status` of a Pod.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PodStatus {
    /// The generation the kubelet has seen.
    pub observed_generation: i64,
    /// Where the pod is in its life.
    pub phase: Phase,
    /// PodScheduled, Initialized, ContainersReady, Ready, ....
    pub conditions: Vec<PodCondition>,
    /// For people.
    pub message: Str,
    /// For programs, as `Evicted`.
    pub reason: Str,
    /// Where a preemption makes room.
    pub nominated_node_name: Str,
    /// Address of the node.
    pub host_ip: Str,
    /// All addresses of the node.
    pub host_ips: Vec<PodIp>,
    /// Address of the pod.
    pub pod_ip: Str,
    /// All addresses of the pod.
    pub pod_ips: Vec<PodIp>,
    /// When the kubelet saw it.
    pub start_time: Option<Timestamp>,
    /// By init container.
    pub init_container_statuses: Vec<ContainerStatus>,
    /// By container.
    pub container_statuses: Vec<ContainerStatus>,
    /// `Guaranteed`, `Burstable`, `BestEffort`.
    pub qos_class: Str,
}

fields! {
    PodStatus:
    observed_generation "observedGeneration",
    phase "phase",
    conditions "conditions",
    message "message",
    reason "reason",
    nominated_node_name "nominatedNodeName",
    host_ip "hostIP",
    host_ips "hostIPs",
    pod_ip "podIP",
    pod_ips "podIPs",
    start_time "startTime",
    init_container_statuses "initContainerStatuses",
    container_statuses "containerStatuses",
    qos_class "qosClass",
}

/// An address; each pod has some, in each version that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PodIp {
    /// As text.
    pub ip: Str,
}

fields! {
    PodIp:
    ip "ip",
}

/// Where a pod is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Phase {
    /// Not all containers have been started.
    #[default]
    Pending,
    /// Bound, and at least one container runs or is being restarted.
    Running,
    /// All containers ended well and are not restarted.
    Succeeded,
    /// All containers ended, at least one badly.
    Failed,
    /// The node does not answer.
    Unknown,
}

/// A condition of a Pod.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PodCondition {
    /// `Ready`, `PodScheduled`, ....
    pub kind: Str,
    /// `True`, `False`, `Unknown`.
    pub status: Str,
    /// One word.
    pub reason: Str,
    /// A sentence.
    pub message: Str,
    /// Last change of the status.
    pub last_transition_time: Option<Timestamp>,
    /// The generation it speaks of.
    pub observed_generation: i64,
}

fields! {
    PodCondition:
    kind "!type",
    status "!status",
    reason "reason",
    message "message",
    last_transition_time "lastTransitionTime",
    observed_generation "observedGeneration",
}

/// State of one container.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ContainerStatus {
    /// Of the container.
    pub name: Str,
    /// Now.
    pub state: ContainerState,
    /// Before the last restart.
    pub last_state: ContainerState,
    /// Whether it passes its readiness probe.
    pub ready: bool,
    /// How often it was restarted.
    pub restart_count: i32,
    /// The image it runs.
    pub image: Str,
    /// Its digest.
    pub image_id: Str,
    /// Of the runtime.
    pub container_id: Str,
    /// Startup probe passed.
    pub started: Option<bool>,
}

fields! {
    ContainerStatus:
    name "name",
    state "state",
    last_state "lastState",
    ready "!ready",
    restart_count "!restartCount",
    image "!image",
    image_id "!imageID",
    container_id "containerID",
    started "started",
}

/// One of the three, or none: waiting.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ContainerState {
    /// Not running, will be.
    pub waiting: Option<ContainerStateWaiting>,
    /// Running.
    pub running: Option<ContainerStateRunning>,
    /// Ended.
    pub terminated: Option<ContainerStateTerminated>,
}

fields! {
    ContainerState:
    waiting "waiting",
    running "running",
    terminated "terminated",
}

/// Not running yet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ContainerStateWaiting {
    /// `ContainerCreating`, `CrashLoopBackOff`, `ImagePullBackOff`, ....
    pub reason: Str,
    /// A sentence.
    pub message: Str,
}

fields! {
    ContainerStateWaiting:
    reason "reason",
    message "message",
}

/// Running.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ContainerStateRunning {
    /// Since.
    pub started_at: Option<Timestamp>,
}

fields! {
    ContainerStateRunning:
    started_at "startedAt",
}

/// Ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ContainerStateTerminated {
    /// 0: well.
    pub exit_code: i32,
    /// The signal.
    pub signal: i32,
    /// `Completed`, `Error`, `OOMKilled`.
    pub reason: Str,
    /// A sentence.
    pub message: Str,
    /// From.
    pub started_at: Option<Timestamp>,
    /// To.
    pub finished_at: Option<Timestamp>,
    /// Of the runtime.
    pub container_id: Str,
}

fields! {
    ContainerStateTerminated:
    exit_code "!exitCode",
    signal "signal",
    reason "reason",
    message "message",
    started_at "startedAt",
    finished_at "finishedAt",
    container_id "containerID",
}
