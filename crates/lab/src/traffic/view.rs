//! The network as the load sees it: routes by the table that proxies have, processes by what kubelets know.

use std::sync::Arc;
use std::time::Duration;

use opscape_manifest::api::meta::{Str, Uid};
use opscape_manifest::api::pod::Container;
use opscape_manifest::api::{Node, Pod, Service};
use opscape_manifest::quantity::Quantity;
use opscape_network::load::{
    Backend, Balance, Call, Limit, Network, Process, ProcessState, Proxy, Route, Serve, To,
};
use opscape_network::route::policy::End;
use opscape_network::route::{Answer, BackendId, Decision, Policy, Reason, Request, Share, Table, Verdict};
use opscape_network::telemetry::{Outcome, Subject};
use opscape_sim::Time;

use super::Around;
use super::ends::has_no_way_out;

/// Network time there and back, from outside through a proxy and from pod to pod.
const FROM_OUTSIDE: Duration = Duration::from_micros(1_500);
const INSIDE: Duration = Duration::from_micros(400);
/// How long a proxy waits for a connection, and for an answer, where nothing is said.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const NO_TIMEOUT: Duration = Duration::from_secs(1 << 32);
/// A pod that is not there.
const NOBODY: Uid = Uid(0);
/// Marks a pod to which the network lets no connection through: whoever connects waits in vain.
const BLOCKED: u64 = 1 << 63;

pub(super) struct View<'a> {
    pub now: Time,
    pub around: Around<'a>,
    pub table: Option<&'a Table>,
    /// In order.
    pub addresses: &'a [(Str, Uid)],
}

impl Network for View<'_> {
    fn route(&self, call: &Call) -> Route {
        let ends = |outcome| Route {
            entry: None,
            rule: None,
            target: call.url.clone(),
            round_trip: INSIDE,
            proxy: None,
            to: To::Ends(outcome),
        };
        let headers =
            call.headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let (Ok(mut request), Some(table)) = (Request::new(&call.method, &call.url, headers), self.table)
        else {
            return ends(Outcome::NoHost);
        };
        request.namespace = call.from.as_ref().map(ToString::to_string);
        request.node = call.from.as_ref().and_then(|_| self.node_of(&call.address));
        let limits = !table.policies().is_empty();
        let asking = self.asking(call).filter(|_| limits);
        if let Some(asking) = &asking
            && request.hostname().parse::<std::net::IpAddr>().is_err()
            && self.has_no_names(table, asking)
        {
            return ends(Outcome::NoHost);
        }
        if call.from.is_some()
            && let Some(route) = self.to_a_pod(table, call, &request, asking.as_ref())
        {
            return route;
        }
        let (decision, reasons) = table.explain(&request);
        let direct = reasons.iter().any(|reason| reason.key.starts_with("route.service."));
        let entry = reasons.iter().rev().find_map(entry_of).filter(|_| !direct);
        let rule = entry.as_ref().and_then(|_| rule_of(&reasons));
        let round_trip = if direct { INSIDE } else { FROM_OUTSIDE };
        let policy = match &decision {
            Decision::Forward(forward) => Some(forward.policy),
            _ => None,
        };
        let connecting = limits.then(|| self.connecting(call, policy.as_ref().filter(|_| !direct)));
        let cut_off =
            !direct && asking.as_ref().is_some_and(|asking| has_no_way_out(table, asking, request.port));
        let to = match &decision {
            _ if cut_off => To::Backends(vec![Backend {
                service: None,
                weight: 1,
                ends: None,
                pods: vec![Uid(BLOCKED)],
                balance: Balance::Random,
            }]),
            Decision::Forward(forward) => {
                let balance =
                    if forward.set_cookie.is_some() { Balance::Cookie } else { Balance::RoundRobin };
                let shares = forward.shares.iter().map(|share| match share.backend {
                    Some(id) => {
                        let kind = (balance, direct);
                        let mut backend = self.backend(table, id, share, kind, connecting.as_ref());
                        if let Some(check) = &share.health {
                            self.leave_out_unwell(&mut backend.pods, table.backend(id).known(), check);
                        }
                        backend
                    }
                    // A reference that leads nowhere: 500 (HTTPRoute's backendRefs).
                    None => Backend {
                        service: None,
                        weight: share.weight,
                        ends: Some(Outcome::Status(500)),
                        pods: Vec::new(),
                        balance,
                    },
                });
                To::Backends(shares.collect())
            }
            Decision::Answer { kind: Answer::Unavailable, status: 503, backend: Some(id), .. } => {
                let nobody = Share { weight: 1, backend: Some(*id), ..Share::default() };
                let mut backend = self.backend(table, *id, &nobody, (Balance::RoundRobin, direct), None);
                backend.pods.clear();
                To::Backends(vec![backend])
            }
            Decision::Answer { .. } if is_unknown(&request, &reasons) => return ends(Outcome::NoHost),
            Decision::Redirect { status, .. } | Decision::Answer { status, .. } => {
                To::Ends(Outcome::Status(*status))
            }
            // kube-proxy drops what it may send to nobody on the node, and refuses what nobody serves at all.
            Decision::Dropped if reasons.iter().any(|reason| reason.key == "route.service.local-none") => {
                To::Ends(Outcome::TimedOut)
            }
            Decision::Dropped if direct => To::Ends(Outcome::Refused),
            Decision::Dropped => To::Ends(Outcome::TimedOut),
        };
        let proxy = match &decision {
            _ if cut_off => None,
            Decision::Forward(forward) if !direct => Some(proxy(&forward.policy)),
            Decision::Answer { .. } if !direct => Some(Proxy::default()),
            _ => None,
        };
        let target = match &decision {
            Decision::Forward(forward) if forward.query.is_empty() => Str::from(&*forward.path),
            Decision::Forward(forward) => [&*forward.path, "?", &*forward.query].concat().into(),
            _ => request.target().into(),
        };
        Route { entry, rule, target, round_trip, proxy, to }
    }

    fn process(&self, uid: Uid) -> Option<Process> {
        if uid.0 & BLOCKED != 0 {
            let behind = self.process(Uid(uid.0 & !BLOCKED)).unwrap_or_else(nothing);
            return Some(Process { state: ProcessState::Silent, ..behind });
        }
        let pod = self.around.cluster.store().typed_by_uid::<Pod>(uid)?;
        let container = serving(pod)?;
        let known = self.around.cluster.process(uid, &container.name);
        let node = self.around.cluster.store().get::<Node>("", &pod.spec.node_name);
        let milli = |quantity: Option<&Quantity>| {
            quantity.map_or(0, |quantity| u64::try_from(quantity.milli_value()).unwrap_or_default())
        };
        let resources = &container.resources;
        Some(Process {
            life: known.map_or(0, |process| process.life),
            version: self.version(pod),
            node: pod.spec.node_name.clone(),
            node_cpu: milli(node.and_then(|node| node.status.allocatable.get("cpu"))),
            serve: self.serve(&container.image),
            cpu_limit: milli(resources.limits.get("cpu")),
            cpu_request: milli(resources.requests.get("cpu").or(resources.limits.get("cpu"))),
            listens_at: known.and_then(|process| process.listens_at),
            refuses_at: known.and_then(|process| process.term_at),
            hangs: known.and_then(|process| process.hangs),
            state: match known {
                None => ProcessState::Ended,
                Some(process) if process.away => ProcessState::Silent,
                Some(_) => ProcessState::Running,
            },
        })
    }
}

impl View<'_> {
    /// From a pod to the address of another one.
    fn to_a_pod(&self, table: &Table, call: &Call, request: &Request, from: Option<&End>) -> Option<Route> {
        // The Host header may say another name.
        let (_, rest) = call.url.split_once("://")?;
        let address: Str = rest.split([':', '/', '?', '#']).next().unwrap_or_default().into();
        let uid = self.pod_with(&address)?;
        let pod = self.around.cluster.store().typed_by_uid::<Pod>(uid)?;
        let blocked = from.is_some_and(|from| self.is_blocked(table, from, pod, request.port));
        let uid = if blocked { Uid(uid.0 | BLOCKED) } else { self.pod_at(&address, request.port, &mut None) };
        let only =
            Backend { service: None, weight: 1, ends: None, pods: vec![uid], balance: Balance::Random };
        let to = To::Backends(vec![only]);
        let target = request.target().into();
        Some(Route { entry: None, rule: None, target, round_trip: INSIDE, proxy: None, to })
    }

    fn backend(
        &self,
        table: &Table,
        id: BackendId,
        share: &Share,
        (balance, direct): (Balance, bool),
        from: Option<&End>,
    ) -> Backend {
        let backend = table.backend(id);
        let service = self.around.cluster.store().get::<Service>(&backend.namespace, &backend.service);
        let balance = match balance {
            Balance::RoundRobin if direct => {
                service.and_then(|service| affinity(service)).map_or(Balance::Random, Balance::ClientIp)
            }
            balance => balance,
        };
        let mut listens = None;
        let endpoints =
            if direct { backend.reached(share.node.as_deref()) } else { backend.known().iter().collect() };
        let pods = endpoints.into_iter().map(|endpoint| {
            let uid = self.pod_at(&endpoint.address, endpoint.port, &mut listens);
            let pod = from.and_then(|from| {
                let uid = self.pod_with(&endpoint.address)?;
                let pod = self.around.cluster.store().typed_by_uid::<Pod>(uid)?;
                self.is_blocked(table, from, pod, endpoint.port).then_some(uid)
            });
            pod.map_or(uid, |uid| Uid(uid.0 | BLOCKED))
        });
        Backend {
            service: Some(Subject::Service(backend.namespace.clone(), backend.service.clone())),
            weight: share.weight,
            ends: None,
            pods: pods.collect(),
            balance,
        }
    }

    /// The pod at an address that listens on a port. `listens`: whether the last image did, on its port; most have the same.
    fn pod_at(&self, address: &Str, port: u16, listens: &mut Option<(Str, u16, bool)>) -> Uid {
        let Some(uid) = self.pod_with(address) else { return NOBODY };
        let pod = self.around.cluster.store().typed_by_uid::<Pod>(uid);
        let container = pod.and_then(|pod| serving(pod));
        // A pod that is gone is asked, too: it refuses.
        let Some(container) = container else { return uid };
        let images = self.around.images;
        let known = listens.take().filter(|(image, at, _)| *at == port && *image == container.image);
        let (image, _, does) = known
            .unwrap_or_else(|| (container.image.clone(), port, images.listens_on(&container.image, port)));
        *listens = Some((image, port, does));
        if does || images.is_told(container) { uid } else { NOBODY }
    }

    /// The node of the pod with an address.
    fn node_of(&self, address: &Str) -> Option<String> {
        let pod = self.around.cluster.store().typed_by_uid::<Pod>(self.pod_with(address)?)?;
        Some(pod.spec.node_name.to_string())
    }

    pub fn pod_with(&self, address: &Str) -> Option<Uid> {
        let at = self.addresses.binary_search_by(|(known, _)| known.cmp(address)).ok()?;
        self.addresses.get(at).map(|(_, uid)| *uid)
    }

    /// How an image serves now: without what it needs of the database it answers 500.
    fn serve(&self, image: &str) -> Serve {
        let usual = self.around.images.serve(image);
        match self.around.images.missing(image, self.now) {
            Some(_) => Serve { error_rate: 1.0, ..usual },
            None => usual,
        }
    }

    fn version(&self, pod: &Arc<Pod>) -> Subject {
        let meta = &pod.metadata;
        let mark = self.around.census.mark(meta.uid).filter(|mark| !mark.version.workload.is_empty());
        match mark {
            Some(mark) => {
                let version = &mark.version;
                Subject::Version(version.namespace.clone(), version.workload.clone(), version.revision)
            }
            None => Subject::Version(meta.namespace.clone(), meta.name.clone(), 0),
        }
    }
}

/// What is behind an address where nothing is known of what is there.
fn nothing() -> Process {
    Process {
        life: 0,
        version: Subject::Version(Str::default(), Str::default(), 0),
        node: Str::default(),
        node_cpu: 0,
        serve: Serve::default(),
        cpu_limit: 0,
        cpu_request: 0,
        listens_at: None,
        refuses_at: None,
        hangs: None,
        state: ProcessState::Silent,
    }
}

/// The container that serves requests: the first one that says on which port, else the first.
pub(crate) fn serving(pod: &Pod) -> Option<&Container> {
    let containers = &pod.spec.containers;
    containers.iter().find(|container| !container.ports.is_empty()).or(containers.first())
}

/// What let a request in, as far as a step of the decision says.
fn entry_of(reason: &Reason) -> Option<Subject> {
    let (origin, _) = reason.at.as_ref().filter(|_| reason.verdict == Verdict::Taken)?;
    matches!(&*origin.kind, "Ingress" | "HTTPRoute" | "Gateway")
        .then(|| Subject::Entry(origin.kind.clone(), origin.namespace.clone(), origin.name.clone()))
}

/// The rule that took a request: kind, namespace and name of the object, and the field.
pub(crate) fn rule_among(reasons: &[Reason]) -> Option<(Str, Str, Str, Str)> {
    let entry = reasons.iter().rev().find_map(entry_of)?;
    let same = reasons.iter().rev().filter(|reason| entry_of(reason).as_ref() == Some(&entry));
    let field = same.filter_map(|reason| reason.at.as_ref()).map(|(_, field)| field);
    let field =
        field.into_iter().find(|field| field.starts_with("spec.rules") || *field == "spec.defaultBackend")?;
    let Subject::Entry(kind, namespace, name) = entry else { return None };
    Some((kind, namespace, name, field.as_str().into()))
}

fn rule_of(reasons: &[Reason]) -> Option<Subject> {
    let (kind, namespace, name, field) = rule_among(reasons)?;
    Some(Subject::Rule(Box::new((Subject::Entry(kind, namespace, name), field))))
}

/// Whether a name has no address: nobody lets requests in, or it is a name of the cluster that no Service has.
fn is_unknown(request: &Request, reasons: &[Reason]) -> bool {
    let host = request.hostname();
    let inside = [".svc", ".cluster.local"].iter().any(|end| host.ends_with(end));
    inside || reasons.iter().any(|reason| reason.key == "route.nobody")
}

/// How long a Service keeps an address at its endpoint (`sessionAffinityConfig.clientIP.timeoutSeconds`, three hours).
fn affinity(service: &Service) -> Option<Duration> {
    if &*service.spec.session_affinity != "ClientIP" {
        return None;
    }
    let config = service.spec.session_affinity_config.as_ref();
    let seconds = config.and_then(|config| config.at(&["clientIP", "timeoutSeconds"])?.as_int());
    Some(Duration::from_secs(seconds.and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or(10_800)))
}

/// The limits of ingress-nginx: a rate, and so many times of it at once (`limit-burst-multiplier`).
fn limits(policy: &Policy) -> [Option<Limit>; 2] {
    let limit = |rate: u32, milli_rate: u64, per_minute| {
        (rate > 0).then(|| Limit { milli_rate, burst: u64::from(rate) * u64::from(policy.burst), per_minute })
    };
    let (rps, rpm) = (policy.rps, policy.rpm);
    [limit(rps, u64::from(rps) * 1_000, false), limit(rpm, u64::from(rpm) * 1_000 / 60, true)]
}

fn proxy(policy: &Policy) -> Proxy {
    let millis = |millis: u32, none: Duration| {
        if millis == 0 { none } else { Duration::from_millis(u64::from(millis)) }
    };
    let nginx = policy.tries > 0;
    Proxy {
        connect_timeout: millis(policy.connect_timeout, CONNECT_TIMEOUT),
        read_timeout: millis(policy.read_timeout, NO_TIMEOUT),
        tries: policy.tries.max(1),
        retries_errors: nginx,
        retries_timeouts: nginx,
        broken: if policy.envoy { 503 } else { 502 },
        unconnected: if policy.envoy { 503 } else { 504 },
        limits: limits(policy),
        connections: policy.connections,
    }
}
