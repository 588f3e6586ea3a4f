//! What controllers say of Gateways and the HTTPRoutes attached to them, in the words of Envoy Gateway
//! (internal/gatewayapi/status, listener.go, route.go, helpers.go; v1.5): the conditions that the Gateway API asks for.

use std::sync::Arc;

use opscape_manifest::api::gateway::{GatewaySpec, HttpRouteSpec, Listener, ParentReference};
use opscape_manifest::api::meta::Str;
use opscape_manifest::codec;
use opscape_manifest::value::{Map, Value};

use super::attach::{GROUP, allows, common_hosts, granted, names};
use crate::route::backend::{Backend, Lookup, PortKey, State, Wanted};
use crate::route::entrance::unserved;
use crate::route::objects::{Found, Objects};
use crate::route::reason::Origin;

/// Who implements Gateways whose class nobody wrote down.
const ENVOY_GATEWAY: &str = "gateway.envoyproxy.io/gatewayclass-controller";

/// The status of each GatewayClass, Gateway and HTTPRoute that a controller looks after. Conditions have no
/// `lastTransitionTime` yet. `addresses`: those of a Gateway's load balancer.
pub fn statuses(objects: &Objects, addresses: &dyn Fn(&Origin) -> Vec<Str>) -> Vec<(Arc<Origin>, Map)> {
    let mut all = Vec::new();
    for class in &objects.gateway_classes {
        let accepted = conditions(vec![ok("Accepted", "Valid GatewayClass")], class.generation);
        all.push((class.origin.clone(), Map::from([accepted])));
    }
    for gateway in objects.gateways.iter().filter(|gateway| !unserved(objects, gateway)) {
        let addresses = addresses(&gateway.origin);
        all.push((gateway.origin.clone(), of_gateway(objects, gateway, &addresses)));
    }
    for route in &objects.routes {
        all.push((route.origin.clone(), of_route(objects, route)));
    }
    all
}

/// A condition, as `metav1.Condition`.
#[derive(Default)]
struct Condition {
    kind: &'static str,
    holds: bool,
    reason: &'static str,
    message: String,
}

fn ok(kind: &'static str, message: &str) -> Condition {
    Condition { kind, holds: true, reason: kind, message: message.to_owned() }
}

fn not(kind: &'static str, reason: &'static str, message: impl Into<String>) -> Condition {
    Condition { kind, holds: false, reason, message: message.into() }
}

fn conditions(list: Vec<Condition>, generation: i64) -> (String, Value) {
    let value = |one: Condition| {
        Value::Map(Map::from([
            ("type".to_owned(), one.kind.into()),
            ("status".to_owned(), if one.holds { "True" } else { "False" }.into()),
            ("reason".to_owned(), one.reason.into()),
            ("message".to_owned(), one.message.as_str().into()),
            ("observedGeneration".to_owned(), Value::Int(generation.max(1))),
        ]))
    };
    ("conditions".to_owned(), Value::List(list.into_iter().map(value).collect()))
}

/// Whether a listener can be used, and its certificates are there.
enum Fitness {
    Fit,
    Protocol,
    Conflict,
    Certificate(&'static str, String),
}

fn fitness(objects: &Objects, gateway: &Found<GatewaySpec>, listener: &Listener) -> Fitness {
    if !matches!(&*listener.protocol, "HTTP" | "HTTPS") {
        return Fitness::Protocol;
    }
    let others = || gateway.spec.listeners.iter().filter(|one| one.port == listener.port);
    if others().any(|one| one.protocol != listener.protocol) {
        return Fitness::Conflict;
    }
    if &*listener.protocol == "HTTP" {
        return Fitness::Fit;
    }
    let own = &gateway.meta.namespace;
    for reference in listener.tls.iter().flat_map(|tls| &tls.certificate_refs) {
        let namespace = reference.namespace.as_ref().unwrap_or(own);
        let name = &reference.name;
        if namespace != own && !granted(objects, "Gateway", own, "Secret", namespace, name) {
            let message =
                format!("Certificate ref to secret {namespace}/{name} not permitted by any ReferenceGrant.");
            return Fitness::Certificate("RefNotPermitted", message);
        }
        if !objects.secrets.contains(&(namespace.clone(), name.clone())) {
            let message = format!("Secret {namespace}/{name} does not exist.");
            return Fitness::Certificate("InvalidCertificateRef", message);
        }
    }
    Fitness::Fit
}

/// Whether a listener serves requests.
pub(super) fn serves(objects: &Objects, gateway: &Found<GatewaySpec>, listener: &Listener) -> bool {
    matches!(fitness(objects, gateway, listener), Fitness::Fit)
}

fn of_gateway(objects: &Objects, gateway: &Found<GatewaySpec>, addresses: &[Str]) -> Map {
    let generation = gateway.meta.generation;
    let mut valid = false;
    let listeners: Vec<Value> = gateway
        .spec
        .listeners
        .iter()
        .map(|listener| {
            let fitness = fitness(objects, gateway, listener);
            valid |= matches!(fitness, Fitness::Fit);
            let attached = objects.routes.iter().filter(|route| attaches(objects, route, gateway, listener));
            let kind = |kind: &str| {
                Value::Map(Map::from([("group".to_owned(), GROUP.into()), ("kind".to_owned(), kind.into())]))
            };
            let list = of_listener(fitness);
            let attached = i64::try_from(attached.count()).unwrap_or(i64::MAX);
            Value::Map(Map::from([
                ("name".to_owned(), (&*listener.name).into()),
                ("attachedRoutes".to_owned(), Value::Int(attached)),
                ("supportedKinds".to_owned(), Value::List(vec![kind("HTTPRoute"), kind("GRPCRoute")])),
                conditions(list, generation),
            ]))
        })
        .collect();
    let class = objects.gateway_classes.iter().find(|class| class.name == gateway.spec.gateway_class_name);
    let is_envoy_gateway = class.is_none_or(|class| &*class.controller == ENVOY_GATEWAY);
    // What all say is in conditions and reasons; of the sentences there is one for each controller.
    let [scheduled, programmed] = if is_envoy_gateway {
        [
            "The Gateway has been scheduled by Envoy Gateway",
            "Address assigned to the Gateway, 1/1 envoy replicas available",
        ]
    } else {
        ["The Gateway is accepted", "The Gateway is programmed"]
    };
    let mut list = vec![if valid {
        ok("Accepted", scheduled)
    } else {
        not("Accepted", "ListenersNotValid", "No valid listener in the Gateway")
    }];
    list.push(match (valid, addresses) {
        (false, _) => not("Programmed", "Invalid", "No valid listener in the Gateway"),
        (true, []) => {
            not("Programmed", "AddressNotAssigned", "No addresses have been assigned to the Gateway")
        }
        (true, _) => ok("Programmed", programmed),
    });
    let point = |address: &Str| {
        let is_ip = address.parse::<std::net::IpAddr>().is_ok();
        let kind = if is_ip { "IPAddress" } else { "Hostname" };
        Value::Map(Map::from([("type".to_owned(), kind.into()), ("value".to_owned(), (&**address).into())]))
    };
    let mut status =
        Map::from([conditions(list, generation), ("listeners".to_owned(), Value::List(listeners))]);
    if !addresses.is_empty() {
        status.insert("addresses".to_owned(), Value::List(addresses.iter().map(point).collect()));
    }
    status
}

fn of_listener(fitness: Fitness) -> Vec<Condition> {
    let invalid = |reason, message: &str| {
        vec![
            not("Accepted", reason, message),
            not("Programmed", "Invalid", "Listener is invalid, see other Conditions for details."),
        ]
    };
    match fitness {
        Fitness::Fit => vec![
            ok("Programmed", "Sending translated listener configuration to the data plane"),
            ok("Accepted", "Listener has been successfully translated"),
            ok("ResolvedRefs", "Listener references have been resolved"),
        ],
        Fitness::Protocol => {
            let message = "Protocol is unsupported, must be HTTP or HTTPS.";
            invalid("UnsupportedProtocol", message)
        }
        Fitness::Conflict => {
            let message = "All listeners for a given port must use a compatible protocol";
            let mut list = invalid("ProtocolConflict", message);
            list.push(Condition { holds: true, ..not("Conflicted", "ProtocolConflict", message) });
            list
        }
        Fitness::Certificate(reason, message) => vec![
            not("ResolvedRefs", reason, message),
            not("Programmed", "Invalid", "Listener is invalid, see other Conditions for details."),
            ok("Accepted", "Listener has been successfully translated"),
        ],
    }
}

fn attaches(
    objects: &Objects,
    route: &Found<HttpRouteSpec>,
    gateway: &Found<GatewaySpec>,
    listener: &Listener,
) -> bool {
    route.spec.parent_refs.iter().any(|parent| names(parent, route, gateway, listener))
        && allows(objects, listener, gateway, route)
        && !common_hosts(&listener.hostname, &route.spec.hostnames).is_empty()
}

fn of_route(objects: &Objects, route: &Found<HttpRouteSpec>) -> Map {
    let parents = route.spec.parent_refs.iter().filter_map(|parent| {
        let namespace = parent.namespace.as_ref().unwrap_or(&route.meta.namespace);
        let is_gateway = parent.kind.as_deref().unwrap_or("Gateway") == "Gateway";
        let gateway = objects.gateways.iter().find(|gateway| {
            is_gateway && gateway.meta.name == parent.name && gateway.meta.namespace == *namespace
        })?;
        if unserved(objects, gateway) {
            return None;
        }
        let class =
            objects.gateway_classes.iter().find(|class| class.name == gateway.spec.gateway_class_name);
        let controller = class.map_or(ENVOY_GATEWAY, |class| &*class.controller);
        let list = vec![accepted(objects, route, parent, gateway), resolved(objects, route)];
        Some(Value::Map(Map::from([
            ("parentRef".to_owned(), codec::to_value(parent)),
            ("controllerName".to_owned(), controller.into()),
            conditions(list, route.meta.generation),
        ])))
    });
    Map::from([("parents".to_owned(), Value::List(parents.collect()))])
}

/// Whether a route is attached to the listeners that a reference names.
fn accepted(
    objects: &Objects,
    route: &Found<HttpRouteSpec>,
    parent: &ParentReference,
    gateway: &Found<GatewaySpec>,
) -> Condition {
    let listeners: Vec<&Listener> =
        gateway.spec.listeners.iter().filter(|one| names(parent, route, gateway, one)).collect();
    let allowed: Vec<&Listener> =
        listeners.iter().copied().filter(|one| allows(objects, one, gateway, route)).collect();
    let mut ready = allowed.iter().filter(|one| serves(objects, gateway, one)).peekable();
    if listeners.is_empty() {
        not("Accepted", "NoMatchingParent", "No listeners match this parent ref")
    } else if allowed.is_empty() {
        let message = "No listeners included by this parent ref allowed this attachment.";
        not("Accepted", "NotAllowedByListeners", message)
    } else if ready.peek().is_none() {
        not("Accepted", "NoReadyListeners", "There are no ready listeners for this parent ref")
    } else if ready.all(|one| common_hosts(&one.hostname, &route.spec.hostnames).is_empty()) {
        let message =
            "There were no hostname intersections between the HTTPRoute and this parent ref's Listener(s).";
        not("Accepted", "NoMatchingListenerHostname", message)
    } else {
        ok("Accepted", "Route is accepted")
    }
}

/// Whether all backends of a route are there; else the first one that is not.
fn resolved(objects: &Objects, route: &Found<HttpRouteSpec>) -> Condition {
    let own = &route.meta.namespace;
    for (r, rule) in route.spec.rules.iter().enumerate() {
        for (b, reference) in rule.backend_refs.iter().enumerate() {
            let kind = reference.kind.as_deref().unwrap_or("Service");
            let namespace = reference.namespace.as_ref().unwrap_or(own);
            let name = &reference.name;
            let problem = if !reference.group.as_deref().unwrap_or_default().is_empty() || kind != "Service" {
                let message = "Kind is invalid, only Service is supported".to_owned();
                Some(("InvalidKind", message))
            } else if namespace != own && !granted(objects, "HTTPRoute", own, kind, namespace, name) {
                let message =
                    format!("Backend ref to Service {namespace}/{name} not permitted by any ReferenceGrant");
                Some(("RefNotPermitted", message))
            } else {
                let port = reference.port.unwrap_or_default();
                let wanted = Wanted {
                    namespace: namespace.clone(),
                    service: name.clone(),
                    port: PortKey::Number(port),
                    lookup: Lookup::Plain,
                };
                match (reference.port, Backend::resolve(wanted, objects).state) {
                    (_, State::NoService) => {
                        Some(("BackendNotFound", format!("service {namespace}/{name} not found")))
                    }
                    (None, _) => {
                        let message =
                            "A valid port number corresponding to a port on the Service must be specified";
                        Some(("PortNotSpecified", message.to_owned()))
                    }
                    (_, State::NoPort) => {
                        let message = format!("TCP Port {port} not found on Service {namespace}/{name}");
                        Some(("PortNotFound", message))
                    }
                    _ => None,
                }
            };
            if let Some((reason, message)) = problem {
                let message = format!("Failed to process route rule {r} backendRef {b}: {message}.");
                return not("ResolvedRefs", reason, message);
            }
        }
    }
    ok("ResolvedRefs", "Resolved all the Object references for the Route")
}
