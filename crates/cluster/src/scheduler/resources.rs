//! What pods ask for and nodes have, and the scores made of it (plugins/noderesources).

use opscape_manifest::api::Pod;
use opscape_manifest::api::meta::Str;
use opscape_manifest::api::pod::{Container, PodSpec, ResourceList};
use opscape_manifest::quantity::Quantity;

/// What a container without a request of cpu counts as in LeastAllocated, in thousandths.
const DEFAULT_CPU: i64 = 100;
/// What a container without a request of memory counts as in LeastAllocated, in bytes.
const DEFAULT_MEMORY: i64 = 200 * 1024 * 1024;

/// Amounts of the resources that nodes always have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Amounts {
    /// Thousandths of a cpu.
    pub cpu: i64,
    /// Bytes.
    pub memory: i64,
    /// Bytes of ephemeral storage.
    pub storage: i64,
}

/// What a pod asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Request {
    /// As given.
    pub plain: Amounts,
    /// Cpu and memory with defaults for containers that ask for none.
    pub non_zero: Amounts,
    /// Other resources, in order of their names.
    pub others: Vec<(Str, i64)>,
}

impl Request {
    /// The request of a pod (`PodRequests`): the larger of what its containers need together and what the init containers
    /// need one after the other, sidecars counted with both, plus the overhead; what the pod itself asks for goes first.
    pub fn of(spec: &PodSpec) -> Request {
        let mut request = Request { plain: plain(spec), non_zero: non_zero(spec), others: Vec::new() };
        let mut names: Vec<&Str> = Vec::new();
        let containers = spec.containers.iter().chain(&spec.init_containers);
        for list in containers.map(|container| &container.resources.requests).chain([&spec.overhead]) {
            for name in list.keys().filter(|name| is_other(name)) {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        if !names.is_empty() {
            opscape_manifest::order::sort_by(&mut names, Ord::cmp);
            for name in names {
                let amount = total(spec, name, Quantity::value, 0);
                request.others.push((name.clone(), amount));
            }
        }
        request
    }

    /// Whether nothing is asked for.
    pub fn is_nothing(&self) -> bool {
        self.plain == Amounts::default() && self.others.iter().all(|(_, amount)| *amount == 0)
    }
}

fn plain(spec: &PodSpec) -> Amounts {
    Amounts {
        cpu: total(spec, "cpu", Quantity::milli_value, 0),
        memory: total(spec, "memory", Quantity::value, 0),
        storage: total(spec, "ephemeral-storage", Quantity::value, 0),
    }
}

fn non_zero(spec: &PodSpec) -> Amounts {
    Amounts {
        cpu: total(spec, "cpu", Quantity::milli_value, DEFAULT_CPU),
        memory: total(spec, "memory", Quantity::value, DEFAULT_MEMORY),
        storage: 0,
    }
}

fn total(spec: &PodSpec, name: &str, value: fn(&Quantity) -> i64, missing: i64) -> i64 {
    let own = |list: &ResourceList| list.get(name).map(value);
    let of = |container: &Container| own(&container.resources.requests).unwrap_or(missing);
    let overhead = own(&spec.overhead).unwrap_or(0);
    if matches!(name, "cpu" | "memory")
        && let Some(of_pod) = spec.resources.as_ref().and_then(|resources| own(&resources.requests))
    {
        return of_pod.saturating_add(overhead);
    }
    let mut sidecars = 0i64;
    let mut init = 0i64;
    for container in &spec.init_containers {
        let amount = of(container);
        if container.restart_policy.as_deref() == Some("Always") {
            sidecars = sidecars.saturating_add(amount);
            init = init.max(sidecars);
        } else {
            init = init.max(sidecars.saturating_add(amount));
        }
    }
    let running = spec.containers.iter().map(of).fold(sidecars, i64::saturating_add);
    running.max(init).saturating_add(overhead)
}

fn is_other(name: &str) -> bool {
    !matches!(name, "cpu" | "memory" | "ephemeral-storage" | "pods")
}

/// Amounts of a node's `allocatable`, how many pods it takes, and its other resources.
pub(crate) fn allocatable(list: &ResourceList) -> (Amounts, i64, Vec<(Str, i64)>) {
    let get = |name: &str, value: fn(&Quantity) -> i64| list.get(name).map_or(0, value);
    let amounts = Amounts {
        cpu: get("cpu", Quantity::milli_value),
        memory: get("memory", Quantity::value),
        storage: get("ephemeral-storage", Quantity::value),
    };
    let others = list.iter().filter(|(name, _)| is_other(name));
    (
        amounts,
        get("pods", Quantity::value),
        others.map(|(name, amount)| (name.clone(), amount.value())).collect(),
    )
}

/// `leastResourceScorer` over cpu and memory, each with weight 1: the mean of the free shares, 0 to 100.
pub(super) fn least_allocated(requested: &Amounts, pod: &Amounts, allocatable: &Amounts) -> i64 {
    let mut sum = 0;
    let mut count = 0;
    for (used, has) in [
        (requested.cpu.saturating_add(pod.cpu), allocatable.cpu),
        (requested.memory.saturating_add(pod.memory), allocatable.memory),
    ] {
        if has > 0 {
            count += 1;
            if used <= has {
                sum += share(has - used, has);
            }
        }
    }
    if count == 0 { 0 } else { sum / count }
}

/// `part * 100 / whole`; 64 bits suffice for all but absurd amounts and are much faster.
fn share(part: i64, whole: i64) -> i64 {
    match part.checked_mul(100) {
        Some(product) => product / whole,
        None => (i128::from(part) * 100 / i128::from(whole)) as i64,
    }
}

/// `balancedResourceScorer` of 1.36: how much the pod evens out the use of cpu and memory, 0 to 100; 75 if it changes nothing.
pub(super) fn balanced_allocation(requested: &Amounts, pod: &Amounts, allocatable: &Amounts) -> i64 {
    let after = Amounts {
        cpu: requested.cpu.saturating_add(pod.cpu),
        memory: requested.memory.saturating_add(pod.memory),
        storage: 0,
    };
    50 + (50 + balance(&after, allocatable) - balance(requested, allocatable)) / 2
}

/// 100 less the standard deviation of the used shares in hundredths, rounded down.
fn balance(used: &Amounts, allocatable: &Amounts) -> i64 {
    if allocatable.cpu == 0 || allocatable.memory == 0 {
        return 100;
    }
    let cpu = (used.cpu as f64 / allocatable.cpu as f64).min(1.0);
    let memory = (used.memory as f64 / allocatable.memory as f64).min(1.0);
    ((1.0 - ((cpu - memory) / 2.0).abs()) * 100.0) as i64
}

/// A host port that a pod takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPort {
    /// Address; empty or `0.0.0.0`: all.
    pub ip: Str,
    /// `TCP`, `UDP`, `SCTP`.
    pub protocol: Str,
    /// 1 to 65535.
    pub port: i32,
}

impl HostPort {
    /// Whether both cannot be had on one node.
    pub fn conflicts(&self, other: &HostPort) -> bool {
        let any = |ip: &str| matches!(ip, "" | "0.0.0.0");
        self.port == other.port
            && self.protocol == other.protocol
            && (any(&self.ip) || any(&other.ip) || self.ip == other.ip)
    }
}

/// The host ports of a pod.
pub(super) fn host_ports(pod: &Pod) -> Vec<HostPort> {
    let sidecars =
        pod.spec.init_containers.iter().filter(|init| init.restart_policy.as_deref() == Some("Always"));
    let ports = pod.spec.containers.iter().chain(sidecars).flat_map(|container| &container.ports);
    ports
        .filter(|port| port.host_port > 0)
        .map(|port| HostPort {
            ip: port.host_ip.clone(),
            protocol: if port.protocol.is_empty() { "TCP".into() } else { port.protocol.clone() },
            port: port.host_port,
        })
        .collect()
}
