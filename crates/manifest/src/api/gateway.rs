//! `gateway.networking.k8s.io`: Gateways, HTTPRoutes, ReferenceGrants. Source: sigs.k8s.io/gateway-api apis/v1 (v1.5).
//!
//! Their objects are kept as [`Other`](super::Other); these are views of their `spec`.

use super::meta::{LabelSelector, Str};
use crate::codec::fields;
use crate::value::Value;

/// `spec` of a Gateway.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GatewaySpec {
    /// Who implements it.
    pub gateway_class_name: Str,
    /// Where it listens.
    pub listeners: Vec<Listener>,
    /// The addresses it asks for.
    pub addresses: Vec<GatewayAddress>,
}

fields! {
    GatewaySpec:
    gateway_class_name "!gatewayClassName",
    listeners "!listeners",
    addresses "addresses",
}

/// An address that a Gateway asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GatewayAddress {
    /// `IPAddress` (default), `Hostname`.
    pub kind: Str,
    /// The address; empty: any.
    pub value: Str,
}

fields! {
    GatewayAddress:
    kind "type",
    value "value",
}

/// A port that a Gateway listens on, for a host.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listener {
    /// Unique within the Gateway.
    pub name: Str,
    /// Empty: any host.
    pub hostname: Str,
    /// Several listeners may share it.
    pub port: i32,
    /// `HTTP`, `HTTPS`, ....
    pub protocol: Str,
    /// The certificates.
    pub tls: Option<ListenerTls>,
    /// Which routes may attach.
    pub allowed_routes: AllowedRoutes,
}

fields! {
    Listener:
    name "!name",
    hostname "hostname",
    port "!port",
    protocol "!protocol",
    tls "tls",
    allowed_routes "allowedRoutes",
}

/// How a listener ends TLS.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListenerTls {
    /// `Terminate` (default) or `Passthrough`.
    pub mode: Str,
    /// Secrets.
    pub certificate_refs: Vec<BackendRef>,
}

fields! {
    ListenerTls:
    mode "mode",
    certificate_refs "certificateRefs",
}

/// Which routes may attach to a listener.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AllowedRoutes {
    /// By their namespace.
    pub namespaces: RouteNamespaces,
    /// By their kind; empty: all that fit the protocol.
    pub kinds: Vec<RouteKind>,
}

fields! {
    AllowedRoutes:
    namespaces "namespaces",
    kinds "kinds",
}

/// The namespaces that routes may come from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RouteNamespaces {
    /// `Same` (default), `All`, `Selector`, `None`.
    pub from: Str,
    /// For `Selector`.
    pub selector: Option<LabelSelector>,
}

fields! {
    RouteNamespaces:
    from "from",
    selector "selector",
}

/// A kind of routes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RouteKind {
    /// Default `gateway.networking.k8s.io`.
    pub group: Option<Str>,
    /// As `HTTPRoute`.
    pub kind: Str,
}

fields! {
    RouteKind:
    group "group",
    kind "!kind",
}

/// `spec` of an HTTPRoute.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HttpRouteSpec {
    /// The Gateways it wants to be attached to.
    pub parent_refs: Vec<ParentReference>,
    /// Empty: those of the listener.
    pub hostnames: Vec<Str>,
    /// What it does.
    pub rules: Vec<HttpRouteRule>,
}

fields! {
    HttpRouteSpec:
    parent_refs "parentRefs",
    hostnames "hostnames",
    rules "rules",
}

/// A Gateway, or one of its listeners.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ParentReference {
    /// Default `gateway.networking.k8s.io`.
    pub group: Option<Str>,
    /// Default `Gateway`.
    pub kind: Option<Str>,
    /// Default that of the route.
    pub namespace: Option<Str>,
    /// Its name.
    pub name: Str,
    /// A listener by its name.
    pub section_name: Option<Str>,
    /// The listeners on a port.
    pub port: Option<i32>,
}

fields! {
    ParentReference:
    group "group",
    kind "kind",
    namespace "namespace",
    name "!name",
    section_name "sectionName",
    port "port",
}

/// Requests, what is done to them, and where they go.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HttpRouteRule {
    /// For people.
    pub name: Str,
    /// One must hold; empty: all requests.
    pub matches: Vec<HttpRouteMatch>,
    /// What is done to them.
    pub filters: Vec<HttpRouteFilter>,
    /// Where they go, by weight.
    pub backend_refs: Vec<BackendRef>,
    /// How long they may last.
    pub timeouts: Option<HttpRouteTimeouts>,
}

fields! {
    HttpRouteRule:
    name "name",
    matches "matches",
    filters "filters",
    backend_refs "backendRefs",
    timeouts "timeouts",
}

/// How long a request may last.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HttpRouteTimeouts {
    /// The whole of it, as `10s`.
    pub request: Str,
    /// One attempt at a backend.
    pub backend_request: Str,
}

fields! {
    HttpRouteTimeouts:
    request "request",
    backend_request "backendRequest",
}

/// What all must hold of a request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HttpRouteMatch {
    /// Default: prefix `/`.
    pub path: Option<PathMatch>,
    /// Each must hold.
    pub headers: Vec<NameMatch>,
    /// Each must hold.
    pub query_params: Vec<NameMatch>,
    /// Empty: any.
    pub method: Str,
}

fields! {
    HttpRouteMatch:
    path "path",
    headers "headers",
    query_params "queryParams",
    method "method",
}

/// What must hold of a path.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PathMatch {
    /// `PathPrefix` (default), `Exact`, `RegularExpression`.
    pub kind: Str,
    /// Default `/`.
    pub value: Option<Str>,
}

fields! {
    PathMatch:
    kind "type",
    value "value",
}

/// What must hold of a header or a query parameter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NameMatch {
    /// `Exact` (default) or `RegularExpression`.
    pub kind: Str,
    /// Its name.
    pub name: Str,
    /// Its value.
    pub value: Str,
}

fields! {
    NameMatch:
    kind "type",
    name "!name",
    value "!value",
}

/// Something done to a request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HttpRouteFilter {
    /// Which of the following.
    pub kind: Str,
    /// Changes headers for the backend.
    pub request_header_modifier: Option<HeaderFilter>,
    /// Changes headers of the answer.
    pub response_header_modifier: Option<HeaderFilter>,
    /// Sends the client elsewhere.
    pub request_redirect: Option<RequestRedirect>,
    /// Changes host and path for the backend.
    pub url_rewrite: Option<UrlRewrite>,
    /// Sends a copy elsewhere, too.
    pub request_mirror: Option<RequestMirror>,
    /// The implementation's own.
    pub extension_ref: Option<Value>,
}

fields! {
    HttpRouteFilter:
    kind "!type",
    request_header_modifier "requestHeaderModifier",
    response_header_modifier "responseHeaderModifier",
    request_redirect "requestRedirect",
    url_rewrite "urlRewrite",
    request_mirror "requestMirror",
    extension_ref "extensionRef",
}

/// Changes of headers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HeaderFilter {
    /// Replaced.
    pub set: Vec<HttpHeader>,
    /// Added to what is there.
    pub add: Vec<HttpHeader>,
    /// Taken out.
    pub remove: Vec<Str>,
}

fields! {
    HeaderFilter:
    set "set",
    add "add",
    remove "remove",
}

/// A header.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HttpHeader {
    /// Its name, whatever its case.
    pub name: Str,
    /// Its value.
    pub value: Str,
}

fields! {
    HttpHeader:
    name "!name",
    value "!value",
}

/// Where a client is sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RequestRedirect {
    /// Default that of the request.
    pub scheme: Option<Str>,
    /// Default that of the request.
    pub hostname: Option<Str>,
    /// Default that of the request.
    pub path: Option<PathModifier>,
    /// Default that of the scheme, or of the listener.
    pub port: Option<i32>,
    /// Default 302.
    pub status_code: Option<i32>,
}

fields! {
    RequestRedirect:
    scheme "scheme",
    hostname "hostname",
    path "path",
    port "port",
    status_code "statusCode",
}

/// Another host and path for the backend.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UrlRewrite {
    /// The `Host` header.
    pub hostname: Option<Str>,
    /// The path.
    pub path: Option<PathModifier>,
}

fields! {
    UrlRewrite:
    hostname "hostname",
    path "path",
}

/// How a path is changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PathModifier {
    /// `ReplaceFullPath` or `ReplacePrefixMatch`.
    pub kind: Str,
    /// The whole path.
    pub replace_full_path: Option<Str>,
    /// What stands in for the prefix that matched.
    pub replace_prefix_match: Option<Str>,
}

fields! {
    PathModifier:
    kind "!type",
    replace_full_path "replaceFullPath",
    replace_prefix_match "replacePrefixMatch",
}

/// Where a copy goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RequestMirror {
    /// A Service.
    pub backend_ref: BackendRef,
    /// Of the requests; default all.
    pub percent: Option<i32>,
}

fields! {
    RequestMirror:
    backend_ref "!backendRef",
    percent "percent",
}

/// A backend, or another object that is named.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BackendRef {
    /// Default: the core group.
    pub group: Option<Str>,
    /// Default `Service`.
    pub kind: Option<Str>,
    /// Default that of the route; another needs a ReferenceGrant.
    pub namespace: Option<Str>,
    /// Its name.
    pub name: Str,
    /// Needed for Services.
    pub port: Option<i32>,
    /// Its share of all weights; default 1.
    pub weight: Option<i32>,
    /// For requests that go there.
    pub filters: Vec<HttpRouteFilter>,
}

fields! {
    BackendRef:
    group "group",
    kind "kind",
    namespace "namespace",
    name "!name",
    port "port",
    weight "weight",
    filters "filters",
}

/// `spec` of a ReferenceGrant: who from elsewhere may name what is here.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReferenceGrantSpec {
    /// Who.
    pub from: Vec<GrantFrom>,
    /// What.
    pub to: Vec<GrantTo>,
}

fields! {
    ReferenceGrantSpec:
    from "!from",
    to "!to",
}

/// Who may name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GrantFrom {
    /// Empty: the core group.
    pub group: Str,
    /// As `HTTPRoute`.
    pub kind: Str,
    /// Where they are.
    pub namespace: Str,
}

fields! {
    GrantFrom:
    group "!group",
    kind "!kind",
    namespace "!namespace",
}

/// What may be named.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GrantTo {
    /// Empty: the core group.
    pub group: Str,
    /// As `Service`.
    pub kind: Str,
    /// Default: all of the kind.
    pub name: Option<Str>,
}

fields! {
    GrantTo:
    group "!group",
    kind "!kind",
    name "name",
}
