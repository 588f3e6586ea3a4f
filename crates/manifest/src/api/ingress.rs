//! `networking.k8s.io/v1`: what is in an Ingress and an IngressClass. Source: k8s.io/api/networking/v1, Kubernetes v1.36.
//!
//! Their objects are kept as [`Other`](super::Other); these are views of their `spec`.

use super::meta::Str;
use crate::codec::fields;
use crate::value::Value;

/// `spec` of an Ingress.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IngressSpec {
    /// The IngressClass that says which controller serves it.
    pub ingress_class_name: Option<Str>,
    /// For requests that no rule takes.
    pub default_backend: Option<IngressBackend>,
    /// Certificates.
    pub tls: Vec<IngressTls>,
    /// By host.
    pub rules: Vec<IngressRule>,
}

fields! {
    IngressSpec:
    ingress_class_name "ingressClassName",
    default_backend "defaultBackend",
    tls "tls",
    rules "rules",
}

/// Where a path leads.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IngressBackend {
    /// A Service.
    pub service: Option<IngressServiceBackend>,
    /// Another object.
    pub resource: Option<Value>,
}

fields! {
    IngressBackend:
    service "service",
    resource "resource",
}

/// A Service and one of its ports.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IngressServiceBackend {
    /// Its name, in the namespace of the Ingress.
    pub name: Str,
    /// By name or by number.
    pub port: ServiceBackendPort,
}

fields! {
    IngressServiceBackend:
    name "!name",
    port "port",
}

/// A port of a Service.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServiceBackendPort {
    /// Either its name
    pub name: Str,
    /// or its number.
    pub number: i32,
}

fields! {
    ServiceBackendPort:
    name "name",
    number "number",
}

/// The paths of a host.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IngressRule {
    /// Empty: any.
    pub host: Str,
    /// Its paths.
    pub http: Option<HttpIngressRuleValue>,
}

fields! {
    IngressRule:
    host "host",
    http "http",
}

/// A list of paths.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HttpIngressRuleValue {
    /// At least one.
    pub paths: Vec<HttpIngressPath>,
}

fields! {
    HttpIngressRuleValue:
    paths "!paths",
}

/// A path and where it leads.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HttpIngressPath {
    /// Absolute; empty only for `ImplementationSpecific`.
    pub path: Str,
    /// `Exact`, `Prefix` or `ImplementationSpecific`.
    pub path_type: Str,
    /// Where it leads.
    pub backend: IngressBackend,
}

fields! {
    HttpIngressPath:
    path "path",
    path_type "pathType",
    backend "!backend",
}

/// Hosts and their certificate.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IngressTls {
    /// The hosts.
    pub hosts: Vec<Str>,
    /// The Secret with the certificate.
    pub secret_name: Str,
}

fields! {
    IngressTls:
    hosts "hosts",
    secret_name "secretName",
}

/// `spec` of an IngressClass.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IngressClassSpec {
    /// As `k8s.io/ingress-nginx`.
    pub controller: Str,
    /// An object with the controller's own settings.
    pub parameters: Option<ClassParameters>,
}

fields! {
    IngressClassSpec:
    controller "controller",
    parameters "parameters",
}

/// The object with a controller's own settings.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClassParameters {
    /// Its kind.
    pub kind: Str,
    /// Its name.
    pub name: Str,
}

fields! {
    ClassParameters:
    kind "!kind",
    name "!name",
}
