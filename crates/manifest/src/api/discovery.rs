//! `discovery.k8s.io/v1`: EndpointSlice. Source: k8s.io/api/discovery/v1, Kubernetes v1.36.

use std::sync::Arc;

use super::core::ObjectReference;
use super::meta::{ObjectMeta, Str};
use crate::codec::fields;
use crate::value::Value;

/// A part of the endpoints of a Service: those of one address type with one set of ports.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EndpointSlice {
    /// Its label `kubernetes.io/service-name` names the Service.
    pub metadata: ObjectMeta,
    /// `IPv4`, `IPv6`, `FQDN`.
    pub address_type: Str,
    /// At most 1000; the controller puts in 100. Shared, because a slice is written anew whenever one of them changes.
    pub endpoints: Vec<Arc<Endpoint>>,
    /// Ports of every endpoint in it.
    pub ports: Vec<EndpointPort>,
}

fields! {
    EndpointSlice:
    metadata "metadata",
    address_type "!addressType",
    endpoints "?endpoints",
    ports "?ports",
}

/// A pod, or another address.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Endpoint {
    /// All of the same pod.
    pub addresses: Vec<Str>,
    /// Whether it takes requests.
    pub conditions: EndpointConditions,
    /// Of pods with `spec.hostname` and `spec.subdomain`: the name in DNS.
    pub hostname: Option<Str>,
    /// The pod.
    pub target_ref: Option<ObjectReference>,
    /// Where it runs.
    pub node_name: Option<Str>,
    /// The node's zone.
    pub zone: Option<Str>,
    /// Kept, not simulated.
    pub hints: Option<Value>,
}

fields! {
    Endpoint:
    addresses "!addresses",
    conditions "conditions",
    hostname "hostname",
    target_ref "targetRef",
    node_name "nodeName",
    zone "zone",
    hints "hints",
}

/// The state of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EndpointConditions {
    /// It takes requests: it serves and does not end (or the Service publishes addresses that are not ready).
    pub ready: Option<bool>,
    /// Its pod is ready, even while it ends.
    pub serving: Option<bool>,
    /// Its pod is being deleted.
    pub terminating: Option<bool>,
}

fields! {
    EndpointConditions:
    ready "ready",
    serving "serving",
    terminating "terminating",
}

/// A port of all endpoints of a slice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct EndpointPort {
    /// The name of the Service's port.
    pub name: Option<Str>,
    /// `TCP`, `UDP`, `SCTP`.
    pub protocol: Option<Str>,
    /// The pods' port.
    pub port: Option<i32>,
    /// Kept, not simulated.
    pub app_protocol: Option<Str>,
}

fields! {
    EndpointPort:
    name "name",
    protocol "protocol",
    port "port",
    app_protocol "appProtocol",
}
