//! `v1`: Pod and what it is made of. Source: k8s.io/api/core/v1, Kubernetes v1.36.
//! Fields whose content is kept and printed but not acted on are plain [`Value`]s.

mod affinity;
mod status;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use affinity::{
    Affinity, NodeAffinity, NodeSelector, NodeSelectorTerm, PodAffinity, PodAffinityTerm,
    PreferredSchedulingTerm, TopologySpreadConstraint, WeightedPodAffinityTerm,
};
pub use status::{
    ContainerState, ContainerStateRunning, ContainerStateTerminated, ContainerStateWaiting, ContainerStatus,
    Phase, PodCondition, PodIp, PodStatus,
};

use super::meta::{ObjectMeta, Str};
use crate::codec::fields;
use crate::quantity::Quantity;
use crate::value::Value;

/// Amounts by resource name, such as `cpu: 250m`.
pub type ResourceList = BTreeMap<Str, Quantity>;

/// A Pod: containers that are scheduled, started and ended together on one node.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pod {
    /// Name, labels, owner.
    pub metadata: ObjectMeta,
    /// What is wanted; shared by the pods of one template until one of them is bound or patched.
    pub spec: Arc<PodSpec>,
    /// What the kubelet and the scheduler say of it.
    pub status: PodStatus,
}

fields! {
    Pod:
    metadata "metadata",
    spec "spec",
    status "status",
}

/// A pod to be made by a controller.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PodTemplateSpec {
    /// Labels and annotations of the pods.
    pub metadata: ObjectMeta,
    /// Their spec.
    pub spec: Arc<PodSpec>,
}

fields! {
    PodTemplateSpec:
    metadata "metadata",
    spec "spec",
}

/// `spec` of a Pod.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PodSpec {
    /// Volumes by name; validated, not mounted.
    pub volumes: Vec<Value>,
    /// Run one after the other before the containers.
    pub init_containers: Vec<Container>,
    /// At least one.
    pub containers: Vec<Container>,
    /// Kept, not simulated.
    pub ephemeral_containers: Vec<Value>,
    /// `Always` (default), `OnFailure`, `Never`.
    pub restart_policy: Option<Str>,
    /// Seconds between the TERM and the KILL signal; default 30.
    pub termination_grace_period_seconds: Option<i64>,
    /// Seconds the pod may run.
    pub active_deadline_seconds: Option<i64>,
    /// Default `ClusterFirst`.
    pub dns_policy: Option<Str>,
    /// Labels the node must have.
    pub node_selector: BTreeMap<Str, Str>,
    /// Default `default`.
    pub service_account_name: Str,
    /// Old name of `serviceAccountName`.
    pub service_account: Str,
    /// Kept, not simulated.
    pub automount_service_account_token: Option<bool>,
    /// Kept, not simulated.
    pub host_network: bool,
    /// Kept, not simulated.
    pub host_pid: bool,
    /// Kept, not simulated.
    pub host_ipc: bool,
    /// Kept, not simulated.
    pub share_process_namespace: Option<bool>,
    /// Kept, not simulated.
    pub security_context: Option<Value>,
    /// Kept, not simulated.
    pub image_pull_secrets: Vec<Value>,
    /// Kept, not simulated.
    pub hostname: Str,
    /// Kept, not simulated.
    pub subdomain: Str,
    /// Rules for choosing the node.
    pub affinity: Option<Affinity>,
    /// Default `default-scheduler`.
    pub scheduler_name: Str,
    /// Taints the pod accepts.
    pub tolerations: Vec<Toleration>,
    /// Kept, not simulated.
    pub host_aliases: Vec<Value>,
    /// Gives `priority`.
    pub priority_class_name: Str,
    /// Higher is scheduled first and may preempt.
    pub priority: Option<i32>,
    /// `PreemptLowerPriority` (default) or `Never`.
    pub preemption_policy: Option<Str>,
    /// Kept, not simulated.
    pub dns_config: Option<Value>,
    /// Kept, not simulated.
    pub readiness_gates: Vec<Value>,
    /// Kept, not simulated.
    pub runtime_class_name: Option<Str>,
    /// Kept, not simulated.
    pub enable_service_links: Option<bool>,
    /// Added to the requests.
    pub overhead: ResourceList,
    /// How evenly the pods spread over nodes, zones, ....
    pub topology_spread_constraints: Vec<TopologySpreadConstraint>,
    /// Kept, not simulated.
    pub set_hostname_as_fqdn: Option<bool>,
    /// Kept, not simulated.
    pub os: Option<Value>,
    /// Kept, not simulated.
    pub host_users: Option<bool>,
    /// The scheduler waits until this is empty.
    pub scheduling_gates: Vec<PodSchedulingGate>,
    /// Kept, not simulated.
    pub resource_claims: Vec<Value>,
    /// Requests and limits of the whole pod.
    pub resources: Option<ResourceRequirements>,
    /// Kept, not simulated.
    pub hostname_override: Option<Str>,
    /// Kept, not simulated.
    pub scheduling_group: Option<Value>,
    /// The node the pod is bound to; set by the scheduler.
    pub node_name: Str,
}

fields! {
    PodSpec:
    volumes "volumes",
    init_containers "initContainers",
    containers "containers",
    ephemeral_containers "ephemeralContainers",
    restart_policy "restartPolicy",
    termination_grace_period_seconds "terminationGracePeriodSeconds",
    active_deadline_seconds "activeDeadlineSeconds",
    dns_policy "dnsPolicy",
    node_selector "nodeSelector",
    service_account_name "serviceAccountName",
    service_account "serviceAccount",
    automount_service_account_token "automountServiceAccountToken",
    host_network "hostNetwork",
    host_pid "hostPID",
    host_ipc "hostIPC",
    share_process_namespace "shareProcessNamespace",
    security_context "securityContext",
    image_pull_secrets "imagePullSecrets",
    hostname "hostname",
    subdomain "subdomain",
    affinity "affinity",
    scheduler_name "schedulerName",
    tolerations "tolerations",
    host_aliases "hostAliases",
    priority_class_name "priorityClassName",
    priority "priority",
    preemption_policy "preemptionPolicy",
    dns_config "dnsConfig",
    readiness_gates "readinessGates",
    runtime_class_name "runtimeClassName",
    enable_service_links "enableServiceLinks",
    overhead "overhead",
    topology_spread_constraints "topologySpreadConstraints",
    set_hostname_as_fqdn "setHostnameAsFQDN",
    os "os",
    host_users "hostUsers",
    scheduling_gates "schedulingGates",
    resource_claims "resourceClaims",
    resources "resources",
    hostname_override "hostnameOverride",
    scheduling_group "schedulingGroup",
    node_name "nodeName",
}

/// A reason not to schedule the pod yet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PodSchedulingGate {
    /// Name of the gate.
    pub name: Str,
}

fields! {
    PodSchedulingGate:
    name "name",
}

/// A container of a pod.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Container {
    /// Unique in the pod; a DNS label.
    pub name: Str,
    /// Name and tag.
    pub image: Str,
    /// Replaces the entry point.
    pub command: Vec<Str>,
    /// Arguments.
    pub args: Vec<Str>,
    /// Kept, not simulated.
    pub working_dir: Str,
    /// Ports it serves.
    pub ports: Vec<ContainerPort>,
    /// Kept, not simulated.
    pub env_from: Vec<Value>,
    /// Environment.
    pub env: Vec<EnvVar>,
    /// What it reserves and may use at most.
    pub resources: ResourceRequirements,
    /// Kept, not simulated.
    pub resize_policy: Vec<Value>,
    /// `Always` makes an init container a sidecar.
    pub restart_policy: Option<Str>,
    /// Kept, not simulated.
    pub restart_policy_rules: Vec<Value>,
    /// Validated, not mounted.
    pub volume_mounts: Vec<Value>,
    /// Kept, not simulated.
    pub volume_devices: Vec<Value>,
    /// Failing restarts the container.
    pub liveness_probe: Option<Probe>,
    /// Failing takes the pod out of its Services.
    pub readiness_probe: Option<Probe>,
    /// Holds the others back until it succeeds.
    pub startup_probe: Option<Probe>,
    /// postStart and preStop.
    pub lifecycle: Option<Value>,
    /// Kept, not simulated.
    pub termination_message_path: Str,
    /// Kept, not simulated.
    pub termination_message_policy: Str,
    /// `Always`, `IfNotPresent`, `Never`; by the tag if not given.
    pub image_pull_policy: Str,
    /// Kept, not simulated.
    pub security_context: Option<Value>,
    /// Kept, not simulated.
    pub stdin: bool,
    /// Kept, not simulated.
    pub stdin_once: bool,
    /// Kept, not simulated.
    pub tty: bool,
}

fields! {
    Container:
    name "name",
    image "image",
    command "command",
    args "args",
    working_dir "workingDir",
    ports "ports",
    env_from "envFrom",
    env "env",
    resources "resources",
    resize_policy "resizePolicy",
    restart_policy "restartPolicy",
    restart_policy_rules "restartPolicyRules",
    volume_mounts "volumeMounts",
    volume_devices "volumeDevices",
    liveness_probe "livenessProbe",
    readiness_probe "readinessProbe",
    startup_probe "startupProbe",
    lifecycle "lifecycle",
    termination_message_path "terminationMessagePath",
    termination_message_policy "terminationMessagePolicy",
    image_pull_policy "imagePullPolicy",
    security_context "securityContext",
    stdin "stdin",
    stdin_once "stdinOnce",
    tty "tty",
}

/// A port a container serves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ContainerPort {
    /// For named target ports.
    pub name: Str,
    /// A port of the node; 0: none.
    pub host_port: i32,
    /// 1 to 65535.
    pub container_port: i32,
    /// `TCP` (default), `UDP`, `SCTP`.
    pub protocol: Str,
    /// Kept, not simulated.
    pub host_ip: Str,
}

fields! {
    ContainerPort:
    name "name",
    host_port "hostPort",
    container_port "containerPort",
    protocol "protocol",
    host_ip "hostIP",
}

/// An environment variable.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EnvVar {
    /// Printable ASCII without `=`.
    pub name: Str,
    /// Its text.
    pub value: Str,
    /// Where the text comes from.
    pub value_from: Option<Value>,
}

fields! {
    EnvVar:
    name "name",
    value "value",
    value_from "valueFrom",
}

/// Requests and limits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResourceRequirements {
    /// May use at most.
    pub limits: ResourceList,
    /// Reserved on the node.
    pub requests: ResourceList,
    /// Kept, not simulated.
    pub claims: Vec<Value>,
}

fields! {
    ResourceRequirements:
    limits "limits",
    requests "requests",
    claims "claims",
}

/// A check of a container.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Probe {
    /// Run a command.
    pub exec: Option<Value>,
    /// GET a path.
    pub http_get: Option<Value>,
    /// Connect.
    pub tcp_socket: Option<Value>,
    /// Ask over gRPC.
    pub grpc: Option<Value>,
    /// Seconds after start.
    pub initial_delay_seconds: i32,
    /// Default 1.
    pub timeout_seconds: i32,
    /// Default 10.
    pub period_seconds: i32,
    /// Default 1.
    pub success_threshold: i32,
    /// Default 3.
    pub failure_threshold: i32,
    /// Kept, not simulated.
    pub termination_grace_period_seconds: Option<i64>,
}

fields! {
    Probe:
    exec "exec",
    http_get "httpGet",
    tcp_socket "tcpSocket",
    grpc "grpc",
    initial_delay_seconds "initialDelaySeconds",
    timeout_seconds "timeoutSeconds",
    period_seconds "periodSeconds",
    success_threshold "successThreshold",
    failure_threshold "failureThreshold",
    termination_grace_period_seconds "terminationGracePeriodSeconds",
}

/// A taint the pod accepts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Toleration {
    /// Empty with `Exists`: all.
    pub key: Str,
    /// `Equal` (default) or `Exists`.
    pub operator: Str,
    /// For `Equal`.
    pub value: Str,
    /// Empty: all effects.
    pub effect: Str,
    /// How long a NoExecute taint is accepted; none: for ever.
    pub toleration_seconds: Option<i64>,
}

fields! {
    Toleration:
    key "key",
    operator "operator",
    value "value",
    effect "effect",
    toleration_seconds "tolerationSeconds",
}
