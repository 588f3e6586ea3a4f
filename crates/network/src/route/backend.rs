//! Services as backends: which port is meant, and who serves it.

use std::sync::Arc;

use opscape_manifest::api::core::ServicePort;
use opscape_manifest::api::discovery::EndpointPort;
use opscape_manifest::api::meta::{IntOrString, Str};
use opscape_manifest::api::pod::Phase;
use opscape_manifest::api::{EndpointSlice, Pod, Service};
use opscape_manifest::order::sort_by;

use super::objects::{Objects, namespace_of};

/// A port of a Service, and who serves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backend {
    /// The Service's namespace.
    pub namespace: Str,
    /// The Service's name.
    pub service: Str,
    /// The number of the Service's port; where the Service has no such port, the number that was asked for, or 0.
    pub port: u16,
    /// The port of the Pods, if it is a number.
    pub target_port: Option<u16>,
    /// Whether there is such a Service and port.
    pub state: State,
    /// Who serves.
    pub endpoints: Endpoints,
    /// Those that still serve though they are being deleted: kube-proxy's last resort.
    pub(super) draining: Vec<Endpoint>,
    pub(super) wanted: Wanted,
}

/// Whether a Service and its port exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Both do.
    Found,
    /// The Service does not.
    NoService,
    /// The Service has no such port.
    NoPort,
}

/// Who serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoints {
    /// Somebody; it is not known who.
    Assumed,
    /// These.
    Known(Vec<Endpoint>),
}

/// Somebody who serves.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Endpoint {
    /// An IP address, or the name behind an ExternalName.
    pub address: Str,
    /// Its port.
    pub port: u16,
    /// The node it is on, if it is on one.
    pub node: Str,
}

/// What a route asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub namespace: Str,
    pub service: Str,
    pub port: PortKey,
    pub lookup: Lookup,
}

/// How a port is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PortKey {
    Number(i32),
    Name(Str),
    /// The first one that the Service lists.
    First,
}

/// Who looks the port up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lookup {
    /// By the number or the name of the Service's port.
    Plain,
    /// As ingress-nginx: by the target port, too.
    Nginx,
    /// As ingress-nginx with `service-upstream`: the cluster IP stands for all.
    NginxClusterIp,
    /// Not at all: it is a target group outside of the cluster, under the Service's name.
    Outside,
}

impl Backend {
    /// Whether somebody serves.
    pub fn serves(&self) -> bool {
        match &self.endpoints {
            Endpoints::Assumed => true,
            Endpoints::Known(list) => !list.is_empty(),
        }
    }

    /// Those who serve, as far as they are known.
    pub fn known(&self) -> &[Endpoint] {
        match &self.endpoints {
            Endpoints::Assumed => &[],
            Endpoints::Known(list) => list,
        }
    }

    /// Whom kube-proxy connects to, on a node or on all of them: those that are ready, or else those that still serve
    /// (`CategorizeEndpoints`, pkg/proxy/topology.go).
    pub fn reached(&self, node: Option<&str>) -> Vec<&Endpoint> {
        let here = |one: &&Endpoint| node.is_none_or(|node| &*one.node == node);
        let ready: Vec<&Endpoint> = self.known().iter().filter(here).collect();
        if ready.is_empty() { self.draining.iter().filter(here).collect() } else { ready }
    }

    /// Looks up what a route asks for.
    pub(super) fn resolve(wanted: Wanted, objects: &Objects) -> Backend {
        let asked = if let PortKey::Number(number) = wanted.port { number } else { 0 };
        let mut backend = Backend {
            namespace: wanted.namespace.clone(),
            service: wanted.service.clone(),
            port: port_number(asked),
            target_port: None,
            state: State::NoService,
            endpoints: Endpoints::Known(Vec::new()),
            draining: Vec::new(),
            wanted,
        };
        if backend.wanted.lookup == Lookup::Outside {
            let endpoint = Endpoint { address: backend.service.clone(), port: 0, node: "".into() };
            return Backend { state: State::Found, endpoints: Endpoints::Known(vec![endpoint]), ..backend };
        }
        let Some(service) = objects.service(&backend.namespace, &backend.service) else { return backend };
        if &*service.spec.kind == "ExternalName" {
            return external_name(backend, service, asked);
        }
        let Some(port) = find_port(service, &backend.wanted) else {
            backend.state = State::NoPort;
            return backend;
        };
        backend.state = State::Found;
        backend.port = port_number(port.port);
        backend.target_port = target_number(port);
        let cluster_ip = &service.spec.cluster_ip;
        backend.endpoints = if objects.assumed {
            Endpoints::Assumed
        } else if backend.wanted.lookup == Lookup::NginxClusterIp && !matches!(&**cluster_ip, "" | "None") {
            let endpoint = Endpoint { address: cluster_ip.clone(), port: backend.port, node: "".into() };
            Endpoints::Known(vec![endpoint])
        } else {
            let all = candidates(objects, service, port, backend.wanted.lookup);
            let mut ready = Vec::new();
            for one in all {
                if one.ready {
                    ready.push(one.endpoint);
                } else if one.draining {
                    backend.draining.push(one.endpoint);
                }
            }
            Endpoints::Known(ready)
        };
        // A named target port may be another number in each Pod; where all agree, it is known.
        if let (None, [first, rest @ ..]) = (backend.target_port, backend.known())
            && rest.iter().all(|one| one.port == first.port)
        {
            backend.target_port = Some(first.port);
        }
        backend
    }
}

/// ingress-nginx' `externalNamePorts`: a declared port leads to its target port, another one to itself.
fn external_name(mut backend: Backend, service: &Service, asked: i32) -> Backend {
    let declared = find_port(service, &backend.wanted);
    let target = declared.map(|port| target_number(port).unwrap_or(port_number(port.port)));
    let number = declared.map_or(asked, |port| port.port);
    backend.port = port_number(number);
    let target = target.unwrap_or(backend.port);
    if target == 0 {
        backend.state = State::NoPort;
        return backend;
    }
    backend.state = State::Found;
    backend.target_port = Some(target);
    let address = service.spec.external_name.trim_end_matches('.');
    // A name that leads back to the controller itself is refused.
    let own = address == "localhost" || address.starts_with("127.");
    if !own && !address.is_empty() {
        let endpoint = Endpoint { address: address.into(), port: target, node: "".into() };
        backend.endpoints = Endpoints::Known(vec![endpoint]);
    }
    backend
}

pub(super) fn port_number(number: i32) -> u16 {
    u16::try_from(number).unwrap_or(0)
}

fn find_port<'s>(service: &'s Service, wanted: &Wanted) -> Option<&'s ServicePort> {
    let nginx = wanted.lookup != Lookup::Plain;
    service.spec.ports.iter().find(|port| match &wanted.port {
        PortKey::First => true,
        PortKey::Number(number) => {
            port.port == *number
                || nginx && matches!(&port.target_port, Some(IntOrString::Int(target)) if target == number)
        }
        PortKey::Name(name) => {
            port.name == *name
                || nginx && matches!(&port.target_port, Some(IntOrString::String(target)) if target == name)
        }
    })
}

/// The target port, if it is a number; by default it is the port itself.
fn target_number(port: &ServicePort) -> Option<u16> {
    match &port.target_port {
        Some(IntOrString::Int(number)) if *number != 0 => Some(port_number(*number)),
        Some(IntOrString::String(_)) => None,
        _ => Some(port_number(port.port)),
    }
}

/// An endpoint and whether it can be used.
pub(super) struct Candidate {
    pub endpoint: Endpoint,
    pub ready: bool,
    /// Passes its probe, though it is being deleted.
    pub draining: bool,
}

/// All endpoints of a Service's port: of its EndpointSlices or, where nobody keeps those, of the Pods that it selects.
pub(super) fn candidates(
    objects: &Objects,
    service: &Arc<Service>,
    port: &ServicePort,
    lookup: Lookup,
) -> Vec<Candidate> {
    let namespace = namespace_of(&service.metadata);
    let own: Vec<_> = objects
        .slices
        .iter()
        .filter(|(name, slice)| *name == service.metadata.name && namespace_of(&slice.metadata) == namespace)
        .map(|(_, slice)| slice)
        .collect();
    if own.is_empty() {
        return of_pods(objects, service, port);
    }
    // Of both families, the first counts.
    let family = if own.iter().any(|slice| &*slice.address_type == "IPv4") { "IPv4" } else { "" };
    let mut found: Vec<Candidate> = Vec::new();
    for slice in own.into_iter().filter(|slice| family.is_empty() || &*slice.address_type == family) {
        let numbers = slice_ports(slice, port, lookup);
        for endpoint in &slice.endpoints {
            let conditions = &endpoint.conditions;
            let terminating = conditions.terminating == Some(true);
            let ready = conditions.ready.unwrap_or(true);
            let draining = terminating && conditions.serving.unwrap_or(ready);
            let Some(address) = endpoint.addresses.first() else { continue };
            for number in &numbers {
                let node = endpoint.node_name.clone().unwrap_or_default();
                let endpoint = Endpoint { address: address.clone(), port: *number, node };
                found.push(Candidate { endpoint, ready, draining });
            }
        }
    }
    without_repeats(found)
}

/// Each endpoint once, where it stood first.
fn without_repeats(found: Vec<Candidate>) -> Vec<Candidate> {
    let mut places: Vec<(&Endpoint, usize)> =
        found.iter().enumerate().map(|(place, candidate)| (&candidate.endpoint, place)).collect();
    sort_by(&mut places, Ord::cmp);
    let again = places.windows(2).filter_map(|pair| match pair {
        [(first, _), (second, place)] if first == second => Some(*place),
        _ => None,
    });
    let again: Vec<usize> = again.collect();
    if again.is_empty() {
        return found;
    }
    let kept = found.into_iter().enumerate().filter(|(place, _)| !again.contains(place));
    kept.map(|(_, candidate)| candidate).collect()
}

/// The ports of a slice that belong to a Service's port: those of its name. ingress-nginx
/// (`getEndpointsFromSlices`) falls back on the target port.
fn slice_ports(slice: &EndpointSlice, port: &ServicePort, lookup: Lookup) -> Vec<u16> {
    let protocol = |text: &str| if text.is_empty() { Str::from("TCP") } else { Str::from(text) };
    let mut numbers = Vec::new();
    let fallback = || if lookup == Lookup::Plain { None } else { target_number(port) };
    if slice.ports.is_empty() {
        numbers.extend(fallback());
    }
    let same = |one: &&EndpointPort| {
        protocol(one.protocol.as_deref().unwrap_or_default()) == protocol(&port.protocol)
    };
    for one in slice.ports.iter().filter(same) {
        let name = one.name.as_deref().unwrap_or_default();
        let number = if *name == *port.name || port.name.is_empty() {
            Some(port_number(one.port.unwrap_or_default()))
        } else {
            fallback()
        };
        if let Some(number) = number.filter(|number| *number != 0 && !numbers.contains(number)) {
            numbers.push(number);
        }
    }
    numbers
}

/// What the EndpointSlice controller would make of the Pods that a Service selects.
fn of_pods(objects: &Objects, service: &Arc<Service>, port: &ServicePort) -> Vec<Candidate> {
    if service.spec.selector.is_empty() {
        return Vec::new();
    }
    let namespace = namespace_of(&service.metadata);
    let selected = objects.pods.iter().filter(|pod| {
        namespace_of(&pod.metadata) == namespace
            && service.spec.selector.iter().all(|(key, value)| pod.metadata.label(key) == Some(value))
            && !matches!(pod.status.phase, Phase::Succeeded | Phase::Failed)
            && !pod.status.pod_ip.is_empty()
    });
    selected
        .filter_map(|pod| {
            let number = pod_port(pod, port)?;
            let passes =
                pod.status.conditions.iter().any(|one| &*one.kind == "Ready" && &*one.status == "True");
            let terminating = pod.metadata.deletion_timestamp.is_some();
            let node = pod.spec.node_name.clone();
            let endpoint = Endpoint { address: pod.status.pod_ip.clone(), port: number, node };
            let ready = service.spec.publish_not_ready_addresses || passes && !terminating;
            Some(Candidate { endpoint, ready, draining: passes && terminating })
        })
        .collect()
}

/// The port of a Pod that a Service's port leads to (`podutil.FindPort`).
fn pod_port(pod: &Pod, port: &ServicePort) -> Option<u16> {
    let Some(IntOrString::String(name)) = &port.target_port else { return target_number(port) };
    let protocol = |text: &Str| if text.is_empty() { Str::from("TCP") } else { text.clone() };
    let ports = pod.spec.containers.iter().flat_map(|container| &container.ports);
    ports
        .into_iter()
        .find(|one| one.name == *name && protocol(&one.protocol) == protocol(&port.protocol))
        .map(|one| port_number(one.container_port))
}

impl Wanted {
    /// What nobody asks for.
    pub(super) fn nothing() -> Wanted {
        Wanted { namespace: "".into(), service: "".into(), port: PortKey::First, lookup: Lookup::Plain }
    }

    /// The port as it is asked for.
    pub(super) fn port_text(&self) -> String {
        match &self.port {
            PortKey::Number(number) => number.to_string(),
            PortKey::Name(name) => name.to_string(),
            PortKey::First => String::new(),
        }
    }
}
