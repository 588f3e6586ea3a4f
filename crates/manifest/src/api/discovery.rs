//! `discovery.k8s.io/v1`: what is in an EndpointSlice. Source: k8s.io/api/discovery/v1, Kubernetes v1.36.

use super::meta::Str;
use crate::codec::fields;

/// What an EndpointSlice says beside its metadata.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SliceContent {
    /// `IPv4`, `IPv6` or `FQDN`.
    pub address_type: Str,
    /// Who serves.
    pub endpoints: Vec<SliceEndpoint>,
    /// On which ports.
    pub ports: Vec<SlicePort>,
}

fields! {
    SliceContent:
    address_type "!addressType",
    endpoints "!endpoints",
    ports "!ports",
}

/// One that serves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SliceEndpoint {
    /// Its addresses; all mean the same endpoint.
    pub addresses: Vec<Str>,
    /// Whether it can be used.
    pub conditions: SliceConditions,
    /// The node it is on.
    pub node_name: Option<Str>,
}

fields! {
    SliceEndpoint:
    addresses "!addresses",
    conditions "conditions",
    node_name "nodeName",
}

/// Whether an endpoint can be used. What is absent counts as true, but for `terminating`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SliceConditions {
    /// Serving and not terminating (or the Service wants those that are not ready, too).
    pub ready: Option<bool>,
    /// Passes its readiness probe.
    pub serving: Option<bool>,
    /// Being deleted.
    pub terminating: Option<bool>,
}

fields! {
    SliceConditions:
    ready "ready",
    serving "serving",
    terminating "terminating",
}

/// A port of all endpoints of a slice.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SlicePort {
    /// The name of the Service's port.
    pub name: Str,
    /// Default `TCP`.
    pub protocol: Str,
    /// Of the endpoints.
    pub port: i32,
}

fields! {
    SlicePort:
    name "name",
    protocol "protocol",
    port "port",
}
