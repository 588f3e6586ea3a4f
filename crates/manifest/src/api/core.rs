//! `v1`: Node, Namespace, Service, ConfigMap, Secret, Event. Source: k8s.io/api/core/v1, Kubernetes v1.36.
//! Fields whose content is kept and printed but not acted on are plain [`Value`]s.

use std::collections::BTreeMap;

use super::meta::{IntOrString, MicroTime, ObjectMeta, Str, Timestamp, Uid};
use super::pod::ResourceList;
use crate::codec::fields;
use crate::value::Value;

/// A machine that runs pods.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Node {
    /// Name and labels.
    pub metadata: ObjectMeta,
    /// Taints, whether it takes new pods.
    pub spec: NodeSpec,
    /// Size and health.
    pub status: NodeStatus,
}

fields! {
    Node:
    metadata "metadata",
    spec "spec",
    status "status",
}

/// `spec` of a Node.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NodeSpec {
    /// Kept, not simulated.
    pub pod_cidr: Str,
    /// Kept, not simulated.
    pub pod_cidrs: Vec<Str>,
    /// Kept, not simulated.
    pub provider_id: Str,
    /// Cordoned.
    pub unschedulable: bool,
    /// Pods that do not tolerate them stay away.
    pub taints: Vec<Taint>,
}

fields! {
    NodeSpec:
    pod_cidr "podCIDR",
    pod_cidrs "podCIDRs",
    provider_id "providerID",
    unschedulable "unschedulable",
    taints "taints",
}

/// Keeps pods away that do not tolerate it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Taint {
    /// Name.
    pub key: Str,
    /// Value.
    pub value: Str,
    /// `NoSchedule`, `PreferNoSchedule`, `NoExecute`.
    pub effect: Str,
    /// Only for NoExecute.
    pub time_added: Option<Timestamp>,
}

fields! {
    Taint:
    key "!key",
    value "value",
    effect "!effect",
    time_added "timeAdded",
}

/// `status` of a Node.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NodeStatus {
    /// All of it.
    pub capacity: ResourceList,
    /// What pods may reserve.
    pub allocatable: ResourceList,
    /// Ready and the pressures.
    pub conditions: Vec<NodeCondition>,
    /// Names and addresses.
    pub addresses: Vec<Value>,
    /// Versions.
    pub node_info: Option<Value>,
    /// Images it has.
    pub images: Vec<Value>,
    /// Kept, not simulated.
    pub daemon_endpoints: Option<Value>,
}

fields! {
    NodeStatus:
    capacity "capacity",
    allocatable "allocatable",
    conditions "conditions",
    addresses "addresses",
    node_info "nodeInfo",
    images "images",
    daemon_endpoints "daemonEndpoints",
}

/// A condition of a Node.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NodeCondition {
    /// `Ready`, `MemoryPressure`, ....
    pub kind: Str,
    /// `True`, `False`, `Unknown`.
    pub status: Str,
    /// Last word of the kubelet.
    pub last_heartbeat_time: Option<Timestamp>,
    /// Last change.
    pub last_transition_time: Option<Timestamp>,
    /// One word.
    pub reason: Str,
    /// A sentence.
    pub message: Str,
}

fields! {
    NodeCondition:
    kind "!type",
    status "!status",
    last_heartbeat_time "lastHeartbeatTime",
    last_transition_time "lastTransitionTime",
    reason "reason",
    message "message",
}

/// A scope for names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Namespace {
    /// Name.
    pub metadata: ObjectMeta,
    /// Finalizers.
    pub spec: NamespaceSpec,
    /// Phase.
    pub status: NamespaceStatus,
}

fields! {
    Namespace:
    metadata "metadata",
    spec "spec",
    status "status",
}

/// `spec` of a Namespace.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NamespaceSpec {
    /// Who must clean up first.
    pub finalizers: Vec<Str>,
}

fields! {
    NamespaceSpec:
    finalizers "finalizers",
}

/// `status` of a Namespace.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NamespaceStatus {
    /// `Active` or `Terminating`.
    pub phase: Str,
    /// While terminating.
    pub conditions: Vec<Value>,
}

fields! {
    NamespaceStatus:
    phase "phase",
    conditions "conditions",
}

/// A name and an address for a set of pods.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Service {
    /// Name.
    pub metadata: ObjectMeta,
    /// Selector and ports.
    pub spec: ServiceSpec,
    /// Load balancer.
    pub status: Value,
}

fields! {
    Service:
    metadata "metadata",
    spec "spec",
    status "status",
}

/// `spec` of a Service.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServiceSpec {
    /// What it serves.
    pub ports: Vec<ServicePort>,
    /// Labels of its pods.
    pub selector: BTreeMap<Str, Str>,
    /// Its address, or `None`.
    pub cluster_ip: Str,
    /// Its addresses.
    pub cluster_ips: Vec<Str>,
    /// `ClusterIP` (default), `NodePort`, `LoadBalancer`, `ExternalName`.
    pub kind: Str,
    /// Kept, not simulated.
    pub external_ips: Vec<Str>,
    /// `None` (default) or `ClientIP`.
    pub session_affinity: Str,
    /// The address that its load balancer shall have.
    pub load_balancer_ip: Str,
    /// Kept, not simulated.
    pub load_balancer_source_ranges: Vec<Str>,
    /// For `ExternalName`.
    pub external_name: Str,
    /// `Cluster` or `Local`.
    pub external_traffic_policy: Str,
    /// Kept, not simulated.
    pub health_check_node_port: i32,
    /// Route to pods that are not ready, too.
    pub publish_not_ready_addresses: bool,
    /// Kept, not simulated.
    pub session_affinity_config: Option<Value>,
    /// Default `IPv4`.
    pub ip_families: Vec<Str>,
    /// Default `SingleStack`.
    pub ip_family_policy: Option<Str>,
    /// Default true.
    pub allocate_load_balancer_node_ports: Option<bool>,
    /// Somebody else makes its load balancer: it stays pending.
    pub load_balancer_class: Option<Str>,
    /// Default `Cluster`.
    pub internal_traffic_policy: Option<Str>,
    /// Kept, not simulated.
    pub traffic_distribution: Option<Str>,
}

fields! {
    ServiceSpec:
    ports "ports",
    selector "selector",
    cluster_ip "clusterIP",
    cluster_ips "clusterIPs",
    kind "type",
    external_ips "externalIPs",
    session_affinity "sessionAffinity",
    load_balancer_ip "loadBalancerIP",
    load_balancer_source_ranges "loadBalancerSourceRanges",
    external_name "externalName",
    external_traffic_policy "externalTrafficPolicy",
    health_check_node_port "healthCheckNodePort",
    publish_not_ready_addresses "publishNotReadyAddresses",
    session_affinity_config "sessionAffinityConfig",
    ip_families "ipFamilies",
    ip_family_policy "ipFamilyPolicy",
    allocate_load_balancer_node_ports "allocateLoadBalancerNodePorts",
    load_balancer_class "loadBalancerClass",
    internal_traffic_policy "internalTrafficPolicy",
    traffic_distribution "trafficDistribution",
}

/// A port of a Service.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServicePort {
    /// Needed when there are several.
    pub name: Str,
    /// Default `TCP`.
    pub protocol: Str,
    /// Kept, not simulated.
    pub app_protocol: Option<Str>,
    /// 1 to 65535.
    pub port: i32,
    /// Port or port name of the pods; default `port`.
    pub target_port: Option<IntOrString>,
    /// 30000 to 32767; 0: none.
    pub node_port: i32,
}

fields! {
    ServicePort:
    name "name",
    protocol "protocol",
    app_protocol "appProtocol",
    port "!port",
    target_port "targetPort",
    node_port "nodePort",
}

/// Configuration as texts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConfigMap {
    /// Name.
    pub metadata: ObjectMeta,
    /// Texts by key.
    pub data: BTreeMap<Str, Str>,
    /// Base64 by key.
    pub binary_data: BTreeMap<Str, Str>,
    /// No more changes.
    pub immutable: Option<bool>,
}

fields! {
    ConfigMap:
    metadata "metadata",
    data "data",
    binary_data "binaryData",
    immutable "immutable",
}

/// Configuration that is not to be shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Secret {
    /// Name.
    pub metadata: ObjectMeta,
    /// Base64 by key.
    pub data: BTreeMap<Str, Str>,
    /// Texts by key; moved into `data` when stored.
    pub string_data: BTreeMap<Str, Str>,
    /// Default `Opaque`.
    pub kind: Str,
    /// No more changes.
    pub immutable: Option<bool>,
}

fields! {
    Secret:
    metadata "metadata",
    data "data",
    string_data "stringData",
    kind "type",
    immutable "immutable",
}

/// Which object an Event is about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ObjectReference {
    /// For example `apps/v1`.
    pub api_version: Str,
    /// For example `Deployment`.
    pub kind: Str,
    /// Its name.
    pub name: Str,
    /// Its namespace.
    pub namespace: Str,
    /// Its identity.
    pub uid: Uid,
    /// Kept, not simulated.
    pub resource_version: Str,
    /// As `spec.containers{web}`.
    pub field_path: Str,
}

fields! {
    ObjectReference:
    api_version "apiVersion",
    kind "kind",
    name "name",
    namespace "namespace",
    uid "uid",
    resource_version "resourceVersion",
    field_path "fieldPath",
}

/// Something a component wants people to know.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Event {
    /// Name.
    pub metadata: ObjectMeta,
    /// About what.
    pub involved_object: ObjectReference,
    /// One word.
    pub reason: Str,
    /// A sentence.
    pub message: Str,
    /// Who said it (old recorder).
    pub source: EventSource,
    /// First time (old recorder).
    pub first_timestamp: Option<Timestamp>,
    /// Last time (old recorder).
    pub last_timestamp: Option<Timestamp>,
    /// How often (old recorder).
    pub count: i32,
    /// `Normal` or `Warning`.
    pub kind: Str,
    /// First time (new recorder).
    pub event_time: Option<MicroTime>,
    /// Repeats (new recorder).
    pub series: Option<EventSeries>,
    /// What was done (new recorder).
    pub action: Str,
    /// Kept, not simulated.
    pub related: Option<Value>,
    /// Who said it.
    pub reporting_component: Str,
    /// Which one of them.
    pub reporting_instance: Str,
}

fields! {
    Event:
    metadata "metadata",
    involved_object "involvedObject",
    reason "reason",
    message "message",
    source "source",
    first_timestamp "firstTimestamp",
    last_timestamp "lastTimestamp",
    count "count",
    kind "type",
    event_time "eventTime",
    series "series",
    action "action",
    related "related",
    reporting_component "reportingComponent",
    reporting_instance "reportingInstance",
}

/// Who said it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventSource {
    /// Name of the component.
    pub component: Str,
    /// Its node.
    pub host: Str,
}

fields! {
    EventSource:
    component "component",
    host "host",
}

/// Repeats of an event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventSeries {
    /// How often.
    pub count: i32,
    /// Last time.
    pub last_observed_time: Option<MicroTime>,
}

fields! {
    EventSeries:
    count "count",
    last_observed_time "lastObservedTime",
}
