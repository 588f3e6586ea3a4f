//! NetworkPolicies: which connections the network lets through, and which policy does not (networking.k8s.io/v1; its
//! documentation and the network policy API's conformance tests say what rules mean).
//!
//! A pod that no policy selects for a direction is open there. One that is selected gets only what some rule of some of
//! these policies allows; everything else is dropped without an answer, so that whoever connects waits for it in vain. A
//! connection has to be allowed at both ends.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use opscape_manifest::api::Pod;
use opscape_manifest::api::meta::{IntOrString, LabelSelector, Str, StrMap};
use opscape_manifest::api::network_policy::{
    IpBlock, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec,
};
use opscape_manifest::cidr::Cidr;

use super::Decision;
use super::objects::{Found, Objects};
use super::reason::{Origin, Reason};
use super::table::Table;

/// The policies of a cluster.
#[derive(Debug, Clone, Default)]
pub struct Policies(Arc<Vec<Policy>>);

#[derive(Debug, Clone)]
struct Policy {
    namespace: Str,
    selector: LabelSelector,
    origin: Arc<Origin>,
    /// What may come in, and go out; none: the policy does not limit that direction.
    ways: [Option<Vec<Rule>>; 2],
}

#[derive(Debug, Clone)]
struct Rule {
    ports: Vec<NetworkPolicyPort>,
    peers: Vec<NetworkPolicyPeer>,
}

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Into a pod.
    Ingress,
    /// Out of a pod.
    Egress,
}

/// One end of a connection.
#[derive(Debug, Clone, Default)]
pub struct End {
    /// Namespace, and labels of it, of a pod; none: it is outside of the cluster, or a node.
    pub namespace: Option<(Str, StrMap)>,
    /// The pod's labels.
    pub labels: StrMap,
    /// Its address; empty: not known.
    pub address: Str,
}

/// What decides about a connection at one of its ends.
#[derive(Debug, Clone)]
pub enum Ruling {
    /// No policy is about it.
    Open,
    /// A rule lets it through.
    Allowed {
        /// The policy.
        policy: Arc<Origin>,
        /// The field of the rule, as `spec.ingress[0]`.
        rule: String,
    },
    /// No rule lets it through: the policies that are about it.
    Denied(Vec<Arc<Origin>>),
}

impl Ruling {
    /// Whether the connection is dropped.
    pub fn denies(&self) -> bool {
        matches!(self, Ruling::Denied(_))
    }
}

impl Policies {
    pub(super) fn new(objects: &Objects) -> Policies {
        Policies(Arc::new(objects.policies.iter().map(policy).collect()))
    }

    /// Whether there are none: everything is let through.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What the policies say at one end, `own`, of a connection with `other`. `to`: the pod that is connected to, if it is
    /// one (names of ports are those of its containers); `port`: its port there.
    pub fn rule(
        &self,
        direction: Direction,
        own: &End,
        other: &End,
        to: Option<&Pod>,
        (protocol, port): (&str, u16),
    ) -> Ruling {
        let Some((namespace, _)) = &own.namespace else { return Ruling::Open };
        let mut about = Vec::new();
        for policy in self.0.iter() {
            let way = policy.ways.get(direction as usize);
            let Some(Some(rules)) = way else { continue };
            if policy.namespace != *namespace || !policy.selector.matches(&own.labels) {
                continue;
            }
            let fits = |rule: &Rule| {
                (rule.ports.is_empty() || rule.ports.iter().any(|one| is_port(one, to, protocol, port)))
                    && (rule.peers.is_empty()
                        || rule.peers.iter().any(|peer| is_peer(peer, &policy.namespace, other)))
            };
            if let Some(at) = rules.iter().position(fits) {
                let name = if direction == Direction::Ingress { "ingress" } else { "egress" };
                return Ruling::Allowed { policy: policy.origin.clone(), rule: format!("spec.{name}[{at}]") };
            }
            about.push(policy.origin.clone());
        }
        if about.is_empty() { Ruling::Open } else { Ruling::Denied(about) }
    }

    /// What is to be said of it: which rule lets it through, or which policies do not.
    pub fn reason(direction: Direction, ruling: &Ruling, pod: &str) -> Option<Reason> {
        let ingress = direction == Direction::Ingress;
        match ruling {
            Ruling::Open => None,
            Ruling::Allowed { policy, rule } => {
                let key = if ingress { "route.policy.lets-in" } else { "route.policy.lets-out" };
                let reason = Reason::taken(key).with("policy", policy.to_string()).with("pod", pod);
                Some(reason.at(policy, rule))
            }
            Ruling::Denied(policies) => {
                let key = if ingress { "route.policy.keeps-out" } else { "route.policy.keeps-in" };
                let names: Vec<String> = policies.iter().map(ToString::to_string).collect();
                let reason = Reason::taken(key).with("policy", names.join(", ")).with("pod", pod);
                Some(match policies.first() {
                    Some(first) => reason.at(first, "spec.podSelector"),
                    None => reason,
                })
            }
        }
    }
}

/// The network of the nodes, where load balancers and other machines are, too.
pub const OUTSIDE: &str = "10.0.255.10";

/// The proxy that let a request in, as the pods behind it see it: the controller of ingress-nginx, an Envoy of a Gateway, a
/// load balancer of the cloud. `labels_of`: the labels of a namespace.
pub fn proxy_end(policy: &super::Policy, labels_of: &dyn Fn(&Str) -> StrMap) -> End {
    let (namespace, name) = match policy {
        policy if policy.envoy => ("envoy-gateway-system", "envoy"),
        policy if policy.tries > 0 => ("ingress-nginx", "ingress-nginx"),
        _ => return End { address: OUTSIDE.into(), ..End::default() },
    };
    let namespace: Str = namespace.into();
    let labels = [("app.kubernetes.io/component", "controller"), ("app.kubernetes.io/name", name)];
    End {
        labels: labelled(&labels),
        address: Str::default(),
        namespace: Some((namespace.clone(), labels_of(&namespace))),
    }
}

/// The labels of a namespace: those it has, and its name.
pub fn namespace_labels(name: &Str, known: Option<&StrMap>) -> StrMap {
    match known {
        Some(labels) if labels.contains_key(NAME_LABEL) => labels.clone(),
        known => {
            let mut labels = known.map(|labels| BTreeMap::clone(labels)).unwrap_or_default();
            labels.insert(NAME_LABEL.into(), name.clone());
            Arc::new(labels)
        }
    }
}

const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// What the policies say of a pod's questions to the cluster's DNS. `labels`: those of kube-system.
pub fn resolving(policies: &Policies, from: &End, labels: StrMap) -> Ruling {
    let dns = End {
        namespace: Some(("kube-system".into(), labels)),
        labels: labelled(&[("k8s-app", "kube-dns")]),
        address: super::dns::SERVER.into(),
    };
    policies.rule(Direction::Egress, from, &dns, None, ("UDP", 53))
}

/// Labels of a few pairs.
pub fn labelled(labels: &[(&str, &str)]) -> StrMap {
    Arc::new(labels.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect())
}

/// What the policies say of a request from outside that was decided: of each pod that may get it.
pub fn explain(table: &Table, objects: &Objects, decision: &Decision<'_>) -> Vec<Reason> {
    let policies = table.policies();
    let Decision::Forward(forward) = decision else { return Vec::new() };
    if policies.is_empty() {
        return Vec::new();
    }
    let labels_of = |name: &Str| {
        let known = objects.namespaces.iter().find(|meta| meta.name == *name);
        namespace_labels(name, known.map(|meta| &meta.labels))
    };
    let from = proxy_end(&forward.policy, &labels_of);
    let mut reasons = Vec::new();
    for backend in forward.shares.iter().filter_map(|share| share.backend) {
        for endpoint in table.backend(backend).known() {
            let Some(pod) = objects.pods.iter().find(|pod| pod.status.pod_ip == endpoint.address) else {
                continue;
            };
            let namespace = super::objects::namespace_of(&pod.metadata);
            let to = End {
                namespace: Some((namespace.clone(), labels_of(&namespace))),
                labels: pod.metadata.labels.clone(),
                address: endpoint.address.clone(),
            };
            let ruling = policies.rule(Direction::Ingress, &to, &from, Some(pod), ("TCP", endpoint.port));
            reasons.extend(Policies::reason(Direction::Ingress, &ruling, &pod.metadata.name));
        }
    }
    reasons
}

fn policy(found: &Found<NetworkPolicySpec>) -> Policy {
    let spec = &found.spec;
    // What the API server fills in: Ingress always, Egress where there are rules for it.
    let is_of = |kind: &str| match spec.policy_types.as_slice() {
        [] => kind == "Ingress" || !spec.egress.is_empty(),
        types => types.iter().any(|one| &**one == kind),
    };
    let ingress =
        spec.ingress.iter().map(|rule| Rule { ports: rule.ports.clone(), peers: rule.from.clone() });
    let egress = spec.egress.iter().map(|rule| Rule { ports: rule.ports.clone(), peers: rule.to.clone() });
    Policy {
        namespace: found.meta.namespace.clone(),
        selector: spec.pod_selector.clone(),
        origin: found.origin.clone(),
        ways: [is_of("Ingress").then(|| ingress.collect()), is_of("Egress").then(|| egress.collect())],
    }
}

fn is_port(wanted: &NetworkPolicyPort, to: Option<&Pod>, protocol: &str, port: u16) -> bool {
    if wanted.protocol.as_deref().unwrap_or("TCP") != protocol {
        return false;
    }
    let port = i32::from(port);
    match &wanted.port {
        None => true,
        Some(IntOrString::Int(first)) => (*first..=wanted.end_port.unwrap_or(*first)).contains(&port),
        Some(IntOrString::String(name)) => to.is_some_and(|pod| {
            let ports = pod.spec.containers.iter().flat_map(|container| &container.ports);
            let own = |given: &str| if given.is_empty() { "TCP" } else { given }.to_owned();
            ports
                .filter(|one| one.name == *name && own(&one.protocol) == protocol)
                .any(|one| one.container_port == port)
        }),
    }
}

fn is_peer(peer: &NetworkPolicyPeer, own: &Str, other: &End) -> bool {
    if let Some(block) = &peer.ip_block {
        return is_in_block(block, &other.address);
    }
    let Some((namespace, labels)) = &other.namespace else { return false };
    let there = match &peer.namespace_selector {
        Some(selector) => selector.matches(labels),
        None => namespace == own,
    };
    there && peer.pod_selector.as_ref().is_none_or(|selector| selector.matches(&other.labels))
}

fn is_in_block(block: &IpBlock, address: &str) -> bool {
    is_in(&block.cidr, address) && !block.except.iter().any(|except| is_in(except, address))
}

/// Whether an address is in a range, as `10.0.0.0/8`.
fn is_in(range: &str, address: &str) -> bool {
    let address = address.parse::<IpAddr>();
    Cidr::parse(range).zip(address.ok()).is_some_and(|(range, address)| range.contains(address))
}
