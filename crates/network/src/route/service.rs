//! Connections to Services themselves: through their cluster IP or name from inside, through a node port from outside.
//! Who gets them is what kube-proxy decides (pkg/proxy/topology.go, `CategorizeEndpoints`, Kubernetes v1.36).

use std::collections::BTreeSet;
use std::sync::Arc;

use opscape_manifest::api::Service;
use opscape_manifest::api::core::ServicePort;
use opscape_manifest::api::meta::Str;
use opscape_manifest::order::sort_by;
use opscape_manifest::value::Value;

use super::backend::{Candidate, Endpoint, Endpoints, Lookup, PortKey, Wanted, candidates, port_number};
use super::decision::{Answer, Forward, Share};
use super::objects::{Objects, namespace_of};
use super::reason::{Reason, Why};
use super::table::{Builder, Table};
use super::{BackendId, Decision, Request};
use std::borrow::Cow;

/// The Services of a table.
#[derive(Debug, Clone, Default)]
pub struct Services {
    /// One for each port.
    ports: Vec<Entry>,
    /// Addresses and names of nodes with the node they are of, in order.
    nodes: Vec<(Str, Str)>,
}

#[derive(Debug, Clone)]
struct Entry {
    service: Arc<Service>,
    port: ServicePort,
    backend: BackendId,
    /// Its cluster IP and those of load balancers.
    addresses: Vec<String>,
}

/// Where a connection to a Service comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// A Pod, to the cluster IP.
    Inside,
    /// Outside of the cluster, to the node port.
    Outside,
}

/// Who may get a connection to a Service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// The port of the Service.
    pub port: u16,
    /// The port of the Pods, if it is a number.
    pub target_port: Option<u16>,
    /// Who may get it; none: it is dropped (`Local` without anybody on the node) or refused.
    pub endpoints: Vec<Endpoint>,
    /// Nothing is known of who serves, so somebody does.
    pub assumed: bool,
    /// `ClientIP`: a client stays with its endpoint.
    pub sticky: bool,
    /// Why.
    pub reasons: Vec<Reason>,
}

impl Services {
    pub(super) fn new(builder: &mut Builder<'_>) -> Services {
        let objects = builder.objects;
        let mut ports = Vec::new();
        for service in &objects.services {
            for port in &service.spec.ports {
                let wanted = Wanted {
                    namespace: namespace_of(&service.metadata),
                    service: service.metadata.name.clone(),
                    port: PortKey::Number(port.port),
                    lookup: Lookup::Plain,
                };
                let backend = builder.backend(wanted);
                let addresses = addresses(service);
                ports.push(Entry { service: service.clone(), port: port.clone(), backend, addresses });
            }
        }
        let mut nodes: Vec<(Str, Str)> = Vec::new();
        for (name, addresses) in &objects.nodes {
            nodes.extend(addresses.iter().chain([name]).map(|address| (address.clone(), name.clone())));
        }
        sort_by(&mut nodes, Ord::cmp);
        nodes.dedup();
        Services { ports, nodes }
    }

    /// The node with an address or a name.
    fn node(&self, host: &str) -> Option<&Str> {
        let at = self.nodes.binary_search_by(|(address, _)| (**address).cmp(host)).ok()?;
        self.nodes.get(at).map(|(_, node)| node)
    }

    /// A request whose URL names a Service, as in `http://web.shop.svc.cluster.local/`, or a node and a node port.
    pub(super) fn by_url<'r>(
        &self,
        table: &Table,
        request: &'r Request,
        why: &mut Why<'_>,
    ) -> Option<Decision<'r>> {
        let host = request.hostname();
        let name = host.strip_suffix(".cluster.local").unwrap_or(host);
        let name = name.strip_suffix(".svc").unwrap_or(name);
        // The search path of a pod begins with its own namespace.
        let own = request.namespace.as_deref().unwrap_or("default");
        let (service, namespace) = name.split_once('.').unwrap_or((name, own));
        let named = self.ports.iter().find(|port| {
            let here = &*port.service.metadata.name == service
                && &*namespace_of(&port.service.metadata) == namespace
                || port.addresses.iter().any(|address| address == host);
            // A headless Service's name stands for the pods, and their own port is asked.
            let headless = &*port.service.spec.cluster_ip == "None";
            let number = if headless { table.backend(port.backend).target_port } else { None };
            here && number.unwrap_or(port_number(port.port.port)) == request.port
        });
        let by_node = || {
            let node_port =
                |port: &&Entry| port.port.node_port != 0 && port_number(port.port.node_port) == request.port;
            self.ports.iter().find(node_port)
        };
        let at = self.node(host);
        if let Some(node) = at
            && let Some(port) = self.ports.iter().find(|port| checks_health_at(&port.service, request.port))
        {
            return Some(health(table, port, node, why));
        }
        let (port, key) = match (named, by_node()) {
            (Some(port), _) => (port, "route.service.name"),
            (None, Some(port)) => (port, "route.service.node-port"),
            _ => return None,
        };
        let spec = &port.service.spec;
        why.say(|| table.say(Reason::taken(key).with("host", request.host()), port.backend));
        let backend = table.backend(port.backend);
        // From a node outwards only `Local` counts; a pod that asks is on a node itself.
        let inside = named.is_some() && !port.is_outside(host);
        let local = if inside {
            spec.internal_traffic_policy.as_deref()
        } else {
            Some(&*spec.external_traffic_policy)
        };
        let local = local == Some("Local") && !matches!(backend.endpoints, Endpoints::Assumed);
        let node = match (local, inside) {
            (false, _) => None,
            (true, true) => request.node.as_deref(),
            (true, false) => at.map(|node| &**node),
        };
        if let Some(node) = node
            && backend.reached(Some(node)).is_empty()
            && !backend.reached(None).is_empty()
        {
            why.say(|| port.at_node("route.service.local-none", node, 0));
            return Some(Decision::Dropped);
        }
        if backend.reached(None).is_empty() && !matches!(backend.endpoints, Endpoints::Assumed) {
            why.say(|| table.say(Reason::taken("route.refused"), port.backend));
            return Some(Decision::Dropped);
        }
        let mut shares = vec![Share { node: node.map(Str::from), ..Share::all(port.backend) }];
        if local && node.is_none() && !inside && &*spec.kind == "LoadBalancer" {
            // It asks the nodes' health check ports, and spreads evenly over those that have somebody.
            let nodes: BTreeSet<&Str> = backend.reached(None).iter().map(|one| &one.node).collect();
            shares = nodes
                .iter()
                .map(|node| Share { node: Some((*node).clone()), ..Share::all(port.backend) })
                .collect();
            why.say(|| {
                let reason =
                    Reason::taken("route.service.local-balanced").with("count", nodes.len().to_string());
                table.say(reason.with("service", &*port.service.metadata.name), port.backend)
            });
        } else if let Some(node) = node {
            why.say(|| port.at_node("route.service.local", node, backend.reached(Some(node)).len()));
        } else {
            if local && inside {
                why.say(|| {
                    Reason::note("route.service.local-unknown").with("service", &*port.service.metadata.name)
                });
            }
            let key = if table.serves(port.backend) { "route.backend" } else { "route.service.draining" };
            why.say(|| {
                let reason = table.say(Reason::taken(key), port.backend);
                if key == "route.backend" {
                    reason
                } else {
                    reason.with("count", backend.reached(None).len().to_string())
                }
            });
        }
        Some(Decision::Forward(Forward {
            shares,
            path: Cow::Borrowed(request.path()),
            query: Cow::Borrowed(request.query()),
            ..Forward::default()
        }))
    }
}

impl Entry {
    /// Whether an address is one that leads in from outside.
    fn is_outside(&self, host: &str) -> bool {
        *self.service.spec.cluster_ip != *host && self.addresses.iter().any(|address| address == host)
    }

    fn at_node(&self, key: &'static str, node: &str, count: usize) -> Reason {
        Reason::taken(key)
            .with("service", &*self.service.metadata.name)
            .with("node", node)
            .with("count", count.to_string())
    }
}

/// Whether kube-proxy answers there for a Service on each node (`needsHealthCheck`).
fn checks_health_at(service: &Service, port: u16) -> bool {
    let own = service.spec.health_check_node_port;
    own != 0 && port_number(own) == port
}

/// What kube-proxy answers to the load balancer's health check (`hcInstance`, pkg/proxy/healthcheck/service_health.go).
fn health<'r>(table: &Table, port: &Entry, node: &Str, why: &mut Why<'_>) -> Decision<'r> {
    let count = table.backend(port.backend).known().iter().filter(|one| one.node == *node).count();
    why.say(|| port.at_node("route.service.health", node, count));
    let (namespace, name) = (namespace_of(&port.service.metadata), &port.service.metadata.name);
    let body = format!(
        "{{\n\t\"service\": {{\n\t\t\"namespace\": \"{namespace}\",\n\t\t\"name\": \"{name}\"\n\t}},\n\t\"localEndpoints\": {count},\n\t\"serviceProxyHealthy\": true\n}}"
    );
    let status = if count == 0 { 503 } else { 200 };
    Decision::Answer { kind: Answer::Fixed, status, body: body.into(), backend: None }
}

fn addresses(service: &Service) -> Vec<String> {
    let spec = &service.spec;
    let own = std::iter::once(&spec.cluster_ip).chain(&spec.external_ips).map(ToString::to_string);
    let balancers =
        service.status.at(&["loadBalancer", "ingress"]).and_then(Value::as_list).unwrap_or_default();
    let outside = balancers.iter().filter_map(|one| one.str_at(&["ip"]).or(one.str_at(&["hostname"])));
    let all = own.chain(outside.map(str::to_owned));
    all.filter(|address| !matches!(address.as_str(), "" | "None")).collect()
}

/// Who may get a connection to a Service's port: `CategorizeEndpoints`. `node`: where it arrives.
pub fn connect(
    objects: &Objects,
    service: &Arc<Service>,
    port: &ServicePort,
    via: Via,
    node: Option<&str>,
) -> Connection {
    let spec = &service.spec;
    let wanted = Wanted {
        namespace: namespace_of(&service.metadata),
        service: service.metadata.name.clone(),
        port: PortKey::Number(port.port),
        lookup: Lookup::Plain,
    };
    let backend = super::Backend::resolve(wanted, objects);
    let mut connection = Connection {
        port: backend.port,
        target_port: backend.target_port,
        endpoints: Vec::new(),
        assumed: false,
        sticky: &*spec.session_affinity == "ClientIP",
        reasons: Vec::new(),
    };
    let reachable = match via {
        Via::Inside => true,
        Via::Outside => match &*spec.kind {
            "NodePort" => true,
            "LoadBalancer" => spec.allocate_load_balancer_node_ports != Some(false) || port.node_port != 0,
            _ => false,
        },
    };
    if !reachable {
        connection.reasons.push(Reason::taken("route.service.inside-only").with("kind", &*spec.kind));
        return connection;
    }
    if &*spec.kind == "ExternalName" {
        connection.endpoints = backend.known().to_vec();
        return connection;
    }
    let local = match via {
        Via::Inside => spec.internal_traffic_policy.as_deref() == Some("Local"),
        Via::Outside => &*spec.external_traffic_policy == "Local",
    };
    if objects.assumed {
        connection.assumed = true;
        return connection;
    }
    let all = candidates(objects, service, port, Lookup::Plain);
    let here = |one: &Candidate| !local || node.is_some_and(|node| &*one.endpoint.node == node);
    let pick = |wanted: fn(&Candidate) -> bool| -> Vec<Endpoint> {
        let picked = all.iter().filter(|one| here(one) && wanted(one));
        picked.map(|one| one.endpoint.clone()).collect()
    };
    connection.endpoints = pick(|one| one.ready);
    let mut key = if local { "route.service.local" } else { "route.service.all" };
    if connection.endpoints.is_empty() {
        // Those that are ending still serve until others are ready.
        connection.endpoints = pick(|one| one.draining);
        if !connection.endpoints.is_empty() {
            key = "route.service.draining";
        } else if local {
            key = "route.service.local-none";
        } else {
            key = "route.service.none";
        }
    }
    let reason = Reason::taken(key)
        .with("service", &*service.metadata.name)
        .with("node", node.unwrap_or_default())
        .with("count", connection.endpoints.len().to_string());
    connection.reasons.push(reason);
    connection
}

/// The first Service of a set, for a connection that names none.
pub fn first(objects: &Objects) -> Option<(&Arc<Service>, &ServicePort)> {
    let service = objects.services.first()?;
    Some((service, service.spec.ports.first()?))
}

/// Node ports that several Services ask for: the second one is refused ("provided port is already allocated").
pub fn node_port_conflicts(objects: &Objects) -> Vec<(Str, i32)> {
    let mut seen: Vec<(i32, Str)> = Vec::new();
    let mut conflicts = Vec::new();
    for service in &objects.services {
        for port in service.spec.ports.iter().filter(|port| port.node_port != 0) {
            let key = (port.node_port, port.protocol.clone());
            if seen.contains(&key) {
                conflicts.push((service.metadata.name.clone(), port.node_port));
            } else {
                seen.push(key);
            }
        }
    }
    conflicts
}
