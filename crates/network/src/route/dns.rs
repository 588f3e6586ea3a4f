//! Names in the cluster, as CoreDNS answers (plugin/kubernetes; the record types are those of the specification
//! "Kubernetes DNS-Based Service Discovery", 1.1.0), and the search path of a pod's resolver.

use std::net::Ipv4Addr;

use opscape_manifest::api::meta::Str;
use opscape_manifest::api::{EndpointSlice, Service};

use super::objects::{Objects, namespace_of};

/// The cluster's domain.
pub const ZONE: &str = "cluster.local";
/// Where pods ask: the Service kube-dns.
pub const SERVER: &str = "10.96.0.10";
/// Seconds that an answer may be kept (`ttl` in kubeadm's Corefile).
pub const TTL: u32 = 30;
/// Names with fewer dots are looked for in the search path first (`options ndots:5`).
const NDOTS: usize = 5;

/// How a question ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// The name exists, though it may have no record of the kind asked for.
    NoError,
    /// There is no such name.
    NxDomain,
    /// A name of another domain, and nobody to ask about it.
    ServFail,
}

impl Code {
    /// As tools print it.
    pub fn name(self) -> &'static str {
        match self {
            Code::NoError => "NOERROR",
            Code::NxDomain => "NXDOMAIN",
            Code::ServFail => "SERVFAIL",
        }
    }
}

/// A record of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Without a dot at its end.
    pub name: String,
    /// `A`, `CNAME`, `SRV`, `PTR`.
    pub kind: &'static str,
    /// As in a zone file.
    pub data: String,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// How it ended.
    pub code: Code,
    /// The records asked for.
    pub answers: Vec<Record>,
    /// Addresses of the names in them (of SRV records).
    pub additional: Vec<Record>,
}

impl Reply {
    fn of(code: Code) -> Reply {
        Reply { code, answers: Vec::new(), additional: Vec::new() }
    }

    /// The addresses in it.
    pub fn addresses(&self) -> impl Iterator<Item = &str> {
        self.answers.iter().filter(|record| record.kind == "A").map(|record| record.data.as_str())
    }
}

/// The domains that a resolver of a pod in a namespace looks in (`dnsPolicy: ClusterFirst`).
pub fn search_path(namespace: &str) -> [String; 3] {
    [[namespace, ".svc.", ZONE].concat(), ["svc.", ZONE].concat(), ZONE.to_owned()]
}

/// A name as a pod's resolver looks for it: through the search path, then as it is. The name that was found, or that was
/// asked for last, and the answer.
pub fn resolve(objects: &Objects, namespace: &str, name: &str, kind: &str) -> (String, Reply) {
    if let Some(whole) = name.strip_suffix('.') {
        return (whole.to_owned(), query(objects, whole, kind));
    }
    let whole = || (name.to_owned(), query(objects, name, kind));
    let dots = name.bytes().filter(|byte| *byte == b'.').count();
    let mut tried = if dots >= NDOTS { Some(whole()) } else { None };
    if let Some(found) = tried.take_if(|(_, reply)| reply.code == Code::NoError) {
        return found;
    }
    for domain in search_path(namespace) {
        let name = [name, ".", &domain].concat();
        let reply = query(objects, &name, kind);
        if reply.code == Code::NoError {
            return (name, reply);
        }
    }
    tried.unwrap_or_else(whole)
}

/// What CoreDNS answers. `name` is whole, without a dot at its end; `kind`: `A`, `AAAA`, `SRV`, `CNAME`, `PTR`, ...
pub fn query(objects: &Objects, name: &str, kind: &str) -> Reply {
    let name = name.to_ascii_lowercase();
    if let Some(address) = name.strip_suffix(".in-addr.arpa") {
        return reverse(objects, &name, address, kind);
    }
    let inside = match name.strip_suffix(ZONE) {
        Some("") => return Reply::of(Code::NoError),
        Some(inside) => inside.strip_suffix('.'),
        None => None,
    };
    let Some(inside) = inside else { return outside(objects, &name, kind) };
    let mut labels: Vec<&str> = inside.split('.').collect();
    // From the right: `svc` or `pod`, the namespace, the Service, an endpoint or `_port._protocol`.
    let space = labels.pop().unwrap_or_default();
    if !matches!(space, "svc" | "pod") {
        return Reply::of(Code::NxDomain);
    }
    let Some(namespace) = labels.pop() else { return Reply::of(Code::NoError) };
    if !objects.has_namespace(namespace) {
        return Reply::of(Code::NxDomain);
    }
    let Some(own) = labels.pop() else { return Reply::of(Code::NoError) };
    if space == "pod" {
        return pod(&name, own, kind, labels.is_empty());
    }
    let Some(service) = objects.service(namespace, own) else { return Reply::of(Code::NxDomain) };
    match labels.as_slice() {
        [] => of_service(objects, service, &name, None, kind),
        [endpoint] => of_endpoint(objects, service, &name, endpoint, kind),
        [port, protocol] => match (port.strip_prefix('_'), protocol.strip_prefix('_')) {
            (Some(port), Some(protocol)) => of_service(objects, service, &name, Some((port, protocol)), kind),
            _ => Reply::of(Code::NxDomain),
        },
        _ => Reply::of(Code::NxDomain),
    }
}

fn found(name: &str, kind: &str, records: Vec<(&'static str, String)>) -> Reply {
    if records.is_empty() {
        return Reply::of(Code::NxDomain);
    }
    let mut reply = Reply::of(Code::NoError);
    for (own, data) in records {
        if own == kind || kind == "ANY" || own == "CNAME" && matches!(kind, "A" | "AAAA") {
            let record = Record { name: name.to_owned(), kind: own, data };
            if !reply.answers.contains(&record) {
                reply.answers.push(record);
            }
        }
    }
    reply
}

/// `10-244-0-5.shop.pod.cluster.local` (`pods insecure`): whatever is written there.
fn pod(name: &str, own: &str, kind: &str, alone: bool) -> Reply {
    match own.replace('-', ".").parse::<Ipv4Addr>() {
        Ok(address) if alone => found(name, kind, vec![("A", address.to_string())]),
        _ => Reply::of(Code::NxDomain),
    }
}

fn of_service(
    objects: &Objects,
    service: &Service,
    name: &str,
    port: Option<(&str, &str)>,
    kind: &str,
) -> Reply {
    let spec = &service.spec;
    if &*spec.kind == "ExternalName" {
        let target = spec.external_name.trim_end_matches('.');
        let mut reply = found(name, kind, vec![("CNAME", [target, "."].concat())]);
        // A name of the cluster is followed.
        if matches!(kind, "A" | "AAAA") && target != name && target.ends_with(ZONE) {
            reply.answers.extend(query(objects, target, kind).answers);
        }
        return reply;
    }
    let fits = |known: &str, protocol: &str| {
        port.is_none_or(|(wanted, of)| wanted == known && protocol.eq_ignore_ascii_case(of))
    };
    let of = || format!("{}.{}.svc.{ZONE}", service.metadata.name, namespace_of(&service.metadata));
    if &*spec.cluster_ip != "None" {
        let ports: Vec<_> =
            spec.ports.iter().filter(|port| fits(&port.name, protocol(&port.protocol))).collect();
        if ports.is_empty() {
            return Reply::of(Code::NxDomain);
        }
        if kind == "SRV" {
            let targets = ports.iter().map(|port| (of(), spec.cluster_ip.to_string(), port.port));
            return services(name, targets.collect());
        }
        return found(name, kind, vec![("A", spec.cluster_ip.to_string())]);
    }
    let mut all: Vec<(String, String, i32)> = Vec::new();
    for slice in objects.slices_of(service) {
        for (address, host) in ready(slice) {
            let ports = slice.ports.iter().filter(|port| {
                fits(
                    port.name.as_deref().unwrap_or_default(),
                    protocol(port.protocol.as_deref().unwrap_or_default()),
                )
            });
            let numbers: Vec<i32> = ports.map(|port| port.port.unwrap_or(-1)).collect();
            let numbers = if slice.ports.is_empty() && port.is_none() { vec![-1] } else { numbers };
            all.extend(
                numbers.into_iter().map(|number| ([&host, ".", &of()].concat(), address.clone(), number)),
            );
        }
    }
    if kind == "SRV" && !all.is_empty() {
        return services(name, all);
    }
    found(name, kind, all.into_iter().map(|(_, address, _)| ("A", address)).collect())
}

/// One endpoint of a headless Service: by its hostname, else by its address with dashes.
fn of_endpoint(objects: &Objects, service: &Service, name: &str, endpoint: &str, kind: &str) -> Reply {
    let slices = objects.slices_of(service);
    let all = slices.flat_map(|slice| ready(slice).collect::<Vec<_>>());
    let own = all.filter(|(_, host)| host == endpoint).map(|(address, _)| ("A", address));
    found(name, kind, own.collect())
}

/// Addresses and names of the endpoints that are ready.
fn ready(slice: &EndpointSlice) -> impl Iterator<Item = (String, String)> {
    let ready = slice.endpoints.iter().filter(|endpoint| endpoint.conditions.ready != Some(false));
    ready.filter_map(|endpoint| {
        let address = endpoint.addresses.first()?;
        let host = endpoint.hostname.as_ref().filter(|name| !name.is_empty());
        Some((
            address.to_string(),
            host.map_or_else(|| address.replace(['.', ':'], "-"), ToString::to_string),
        ))
    })
}

/// SRV records: priority 0, weights that make 100 together (`msg.SRV`).
fn services(name: &str, targets: Vec<(String, String, i32)>) -> Reply {
    let mut reply = Reply::of(Code::NoError);
    let weight = (100 / targets.len().max(1)).max(1);
    for (target, address, port) in targets {
        let data = format!("0 {weight} {} {target}.", port.max(0));
        reply.answers.push(Record { name: name.to_owned(), kind: "SRV", data });
        let record = Record { name: target, kind: "A", data: address };
        if !reply.additional.contains(&record) {
            reply.additional.push(record);
        }
    }
    reply
}

fn protocol(given: &str) -> &str {
    if given.is_empty() { "TCP" } else { given }
}

/// `9.0.96.10.in-addr.arpa`: the Service with the address, or the endpoint of a headless one.
fn reverse(objects: &Objects, name: &str, address: &str, kind: &str) -> Reply {
    let mut parts: Vec<&str> = address.split('.').collect();
    parts.reverse();
    let address = parts.join(".");
    let domain = |service: &Service| {
        format!("{}.{}.svc.{ZONE}.", service.metadata.name, namespace_of(&service.metadata))
    };
    if let Some(service) = objects.services.iter().find(|service| *service.spec.cluster_ip == *address) {
        return found(name, kind, vec![("PTR", domain(service))]);
    }
    for service in objects.services.iter().filter(|service| &*service.spec.cluster_ip == "None") {
        for slice in objects.slices_of(service) {
            if let Some((_, host)) = ready(slice).find(|(known, _)| *known == address) {
                return found(name, kind, vec![("PTR", [&host, ".", &domain(service)].concat())]);
            }
        }
    }
    Reply::of(Code::NxDomain)
}

/// A name of another domain: what lets requests for it in has an address; of others nothing is known here.
fn outside(objects: &Objects, name: &str, kind: &str) -> Reply {
    match objects.published(name) {
        Some(address) => found(name, kind, vec![("A", address)]),
        // There is no such top-level domain.
        None if !name.contains('.') => Reply::of(Code::NxDomain),
        None => Reply::of(Code::ServFail),
    }
}

impl Objects {
    fn has_namespace(&self, name: &str) -> bool {
        self.namespaces.iter().any(|meta| &*meta.name == name)
    }

    fn slices_of<'a>(&'a self, service: &'a Service) -> impl Iterator<Item = &'a EndpointSlice> {
        let namespace: Str = namespace_of(&service.metadata);
        let own = self.slices.iter().filter(move |(name, slice)| {
            *name == service.metadata.name && namespace_of(&slice.metadata) == namespace
        });
        own.map(|(_, slice)| &**slice)
    }

    /// The address of what takes requests for a host.
    fn published(&self, host: &str) -> Option<String> {
        let is = |known: &str| {
            known == host
                || known.strip_prefix('*').is_some_and(|rest| {
                    host.strip_suffix(rest).is_some_and(|first| !first.is_empty() && !first.contains('.'))
                })
        };
        let ruled = self.ingresses.iter().flat_map(|ingress| &ingress.spec.rules).any(|rule| is(&rule.host));
        let routed = self.routes.iter().flat_map(|route| &route.spec.hostnames).any(|name| is(name));
        (ruled || routed).then(|| ENTRY.to_owned())
    }
}

/// What lets requests in from outside (TEST-NET-3).
const ENTRY: &str = "203.0.113.10";
