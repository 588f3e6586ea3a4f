//! `networking.k8s.io/v1`: what is in a NetworkPolicy. Source: k8s.io/api/networking/v1, Kubernetes v1.36.
//!
//! Their objects are kept as [`Other`](super::Other); this is a view of their `spec`.

use super::meta::{IntOrString, LabelSelector, Str};
use crate::codec::fields;

/// `spec` of a NetworkPolicy.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NetworkPolicySpec {
    /// The pods of its namespace that it is about.
    pub pod_selector: LabelSelector,
    /// Who may come in.
    pub ingress: Vec<NetworkPolicyIngressRule>,
    /// Where they may go.
    pub egress: Vec<NetworkPolicyEgressRule>,
    /// `Ingress`, `Egress`: what it limits. The API server fills it in.
    pub policy_types: Vec<Str>,
}

fields! {
    NetworkPolicySpec:
    pod_selector "podSelector",
    ingress "ingress",
    egress "egress",
    policy_types "policyTypes",
}

/// Some who may come in. Empty lists: everybody, on every port.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NetworkPolicyIngressRule {
    /// Which ports.
    pub ports: Vec<NetworkPolicyPort>,
    /// Who.
    pub from: Vec<NetworkPolicyPeer>,
}

fields! {
    NetworkPolicyIngressRule:
    ports "ports",
    from "from",
}

/// Some places where pods may go. Empty lists: everywhere, on every port.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NetworkPolicyEgressRule {
    /// Which ports.
    pub ports: Vec<NetworkPolicyPort>,
    /// Where.
    pub to: Vec<NetworkPolicyPeer>,
}

fields! {
    NetworkPolicyEgressRule:
    ports "ports",
    to "to",
}

/// A port, or a range of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NetworkPolicyPort {
    /// `TCP` (default), `UDP`, `SCTP`.
    pub protocol: Option<Str>,
    /// Number, or name of a container's port; none: all.
    pub port: Option<IntOrString>,
    /// The last one of a range that begins with `port`.
    pub end_port: Option<i32>,
}

fields! {
    NetworkPolicyPort:
    protocol "protocol",
    port "port",
    end_port "endPort",
}

/// Somebody at the other end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NetworkPolicyPeer {
    /// Pods; without `namespace_selector`, of the policy's own namespace.
    pub pod_selector: Option<LabelSelector>,
    /// Namespaces; without `pod_selector`, all pods in them.
    pub namespace_selector: Option<LabelSelector>,
    /// Addresses.
    pub ip_block: Option<IpBlock>,
}

fields! {
    NetworkPolicyPeer:
    pod_selector "podSelector",
    namespace_selector "namespaceSelector",
    ip_block "ipBlock",
}

/// A range of addresses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IpBlock {
    /// As `10.0.0.0/8`.
    pub cidr: Str,
    /// Ranges in it that are not meant.
    pub except: Vec<Str>,
}

fields! {
    IpBlock:
    cidr "cidr",
    except "except",
}
