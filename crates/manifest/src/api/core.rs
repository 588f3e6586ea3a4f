//! `v1`: Node, Namespace, Service, ConfigMap, Secret, Event. Source: k8s.io/api/core/v1, Kubernetes v1.36.
//! Fields whose content is kept and printed but not acted on are plain [`Value`]s.

use std::collections::BTreeMap;

use super::meta::{
    IntOrString, MicroTime, ObjectMeta, Str, Timestamp, Uid, is_false, is_zero_i32, str_is_empty,
};
use super::pod::ResourceList;
use crate::value::Value;

/// A machine that runs pods.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Node {
    /// Name and labels.
    pub metadata: ObjectMeta,
    /// Taints, whether it takes new pods.
    pub spec: NodeSpec,
    /// Size and health.
    pub status: NodeStatus,
}

/// `spec` of a Node.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeSpec {
    /// Kept, not simulated.
    #[serde(rename = "podCIDR", skip_serializing_if = "str_is_empty")]
    pub pod_cidr: Str,
    /// Kept, not simulated.
    #[serde(rename = "podCIDRs", skip_serializing_if = "Vec::is_empty")]
    pub pod_cidrs: Vec<Str>,
    /// Kept, not simulated.
    #[serde(rename = "providerID", skip_serializing_if = "str_is_empty")]
    pub provider_id: Str,
    /// Cordoned.
    #[serde(skip_serializing_if = "is_false")]
    pub unschedulable: bool,
    /// Pods that do not tolerate them stay away.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub taints: Vec<Taint>,
}

/// Keeps pods away that do not tolerate it.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Taint {
    /// Name.
    pub key: Str,
    /// Value.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub value: Str,
    /// `NoSchedule`, `PreferNoSchedule`, `NoExecute`.
    pub effect: Str,
    /// Only for NoExecute.
    pub time_added: Option<Timestamp>,
}

/// `status` of a Node.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeStatus {
    /// All of it.
    pub capacity: ResourceList,
    /// What pods may reserve.
    pub allocatable: ResourceList,
    /// Ready and the pressures.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<NodeCondition>,
    /// Names and addresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<Value>,
    /// Versions.
    pub node_info: Option<Value>,
    /// Images it has.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<Value>,
    /// Kept, not simulated.
    pub daemon_endpoints: Option<Value>,
}

/// A condition of a Node.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeCondition {
    /// `Ready`, `MemoryPressure`, ....
    #[serde(rename = "type")]
    pub kind: Str,
    /// `True`, `False`, `Unknown`.
    pub status: Str,
    /// Last word of the kubelet.
    pub last_heartbeat_time: Option<Timestamp>,
    /// Last change.
    pub last_transition_time: Option<Timestamp>,
    /// One word.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub reason: Str,
    /// A sentence.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub message: Str,
}

/// A scope for names.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Namespace {
    /// Name.
    pub metadata: ObjectMeta,
    /// Finalizers.
    pub spec: NamespaceSpec,
    /// Phase.
    pub status: NamespaceStatus,
}

/// `spec` of a Namespace.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NamespaceSpec {
    /// Who must clean up first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub finalizers: Vec<Str>,
}

/// `status` of a Namespace.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NamespaceStatus {
    /// `Active` or `Terminating`.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub phase: Str,
    /// While terminating.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Value>,
}

/// A name and an address for a set of pods.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Service {
    /// Name.
    pub metadata: ObjectMeta,
    /// Selector and ports.
    pub spec: ServiceSpec,
    /// Load balancer.
    pub status: Value,
}

/// `spec` of a Service.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ServiceSpec {
    /// What it serves.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<ServicePort>,
    /// Labels of its pods.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub selector: BTreeMap<Str, Str>,
    /// Its address, or `None`.
    #[serde(rename = "clusterIP", skip_serializing_if = "str_is_empty")]
    pub cluster_ip: Str,
    /// Its addresses.
    #[serde(rename = "clusterIPs", skip_serializing_if = "Vec::is_empty")]
    pub cluster_ips: Vec<Str>,
    /// `ClusterIP` (default), `NodePort`, `LoadBalancer`, `ExternalName`.
    #[serde(rename = "type", skip_serializing_if = "str_is_empty")]
    pub kind: Str,
    /// Kept, not simulated.
    #[serde(rename = "externalIPs", skip_serializing_if = "Vec::is_empty")]
    pub external_ips: Vec<Str>,
    /// `None` (default) or `ClientIP`.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub session_affinity: Str,
    /// Kept, not simulated.
    #[serde(rename = "loadBalancerIP", skip_serializing_if = "str_is_empty")]
    pub load_balancer_ip: Str,
    /// Kept, not simulated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub load_balancer_source_ranges: Vec<Str>,
    /// For `ExternalName`.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub external_name: Str,
    /// `Cluster` or `Local`.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub external_traffic_policy: Str,
    /// Kept, not simulated.
    #[serde(skip_serializing_if = "is_zero_i32")]
    pub health_check_node_port: i32,
    /// Route to pods that are not ready, too.
    #[serde(skip_serializing_if = "is_false")]
    pub publish_not_ready_addresses: bool,
    /// Kept, not simulated.
    pub session_affinity_config: Option<Value>,
    /// Default `IPv4`.
    #[serde(rename = "ipFamilies", skip_serializing_if = "Vec::is_empty")]
    pub ip_families: Vec<Str>,
    /// Default `SingleStack`.
    #[serde(rename = "ipFamilyPolicy")]
    pub ip_family_policy: Option<Str>,
    /// Default true.
    pub allocate_load_balancer_node_ports: Option<bool>,
    /// Kept, not simulated.
    pub load_balancer_class: Option<Str>,
    /// Default `Cluster`.
    pub internal_traffic_policy: Option<Str>,
    /// Kept, not simulated.
    pub traffic_distribution: Option<Str>,
}

/// A port of a Service.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ServicePort {
    /// Needed when there are several.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub name: Str,
    /// Default `TCP`.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub protocol: Str,
    /// Kept, not simulated.
    pub app_protocol: Option<Str>,
    /// 1 to 65535.
    pub port: i32,
    /// Port or port name of the pods; default `port`.
    pub target_port: Option<IntOrString>,
    /// 30000 to 32767; 0: none.
    #[serde(skip_serializing_if = "is_zero_i32")]
    pub node_port: i32,
}

/// Configuration as texts.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ConfigMap {
    /// Name.
    pub metadata: ObjectMeta,
    /// Texts by key.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub data: BTreeMap<Str, Str>,
    /// Base64 by key.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub binary_data: BTreeMap<Str, Str>,
    /// No more changes.
    pub immutable: Option<bool>,
}

/// Configuration that is not to be shown.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Secret {
    /// Name.
    pub metadata: ObjectMeta,
    /// Base64 by key.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub data: BTreeMap<Str, Str>,
    /// Texts by key; moved into `data` when stored.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub string_data: BTreeMap<Str, Str>,
    /// Default `Opaque`.
    #[serde(rename = "type", skip_serializing_if = "str_is_empty")]
    pub kind: Str,
    /// No more changes.
    pub immutable: Option<bool>,
}

/// Which object an Event is about.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ObjectReference {
    /// For example `apps/v1`.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub api_version: Str,
    /// For example `Deployment`.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub kind: Str,
    /// Its name.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub name: Str,
    /// Its namespace.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub namespace: Str,
    /// Its identity.
    pub uid: Uid,
    /// Kept, not simulated.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub resource_version: Str,
    /// As `spec.containers{web}`.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub field_path: Str,
}

/// Something a component wants people to know.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Event {
    /// Name.
    pub metadata: ObjectMeta,
    /// About what.
    pub involved_object: ObjectReference,
    /// One word.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub reason: Str,
    /// A sentence.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub message: Str,
    /// Who said it (old recorder).
    pub source: EventSource,
    /// First time (old recorder).
    pub first_timestamp: Option<Timestamp>,
    /// Last time (old recorder).
    pub last_timestamp: Option<Timestamp>,
    /// How often (old recorder).
    #[serde(skip_serializing_if = "is_zero_i32")]
    pub count: i32,
    /// `Normal` or `Warning`.
    #[serde(rename = "type", skip_serializing_if = "str_is_empty")]
    pub kind: Str,
    /// First time (new recorder).
    pub event_time: Option<MicroTime>,
    /// Repeats (new recorder).
    pub series: Option<EventSeries>,
    /// What was done (new recorder).
    #[serde(skip_serializing_if = "str_is_empty")]
    pub action: Str,
    /// Kept, not simulated.
    pub related: Option<Value>,
    /// Who said it.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub reporting_component: Str,
    /// Which one of them.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub reporting_instance: Str,
}

/// Who said it.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EventSource {
    /// Name of the component.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub component: Str,
    /// Its node.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub host: Str,
}

/// Repeats of an event.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EventSeries {
    /// How often.
    #[serde(skip_serializing_if = "is_zero_i32")]
    pub count: i32,
    /// Last time.
    pub last_observed_time: Option<MicroTime>,
}
