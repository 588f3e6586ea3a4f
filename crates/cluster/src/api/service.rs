//! Addresses of Services (pkg/registry/core/service/ipallocator, portallocator).

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::Arc;

use opscape_manifest::api::core::ServicePort;
use opscape_manifest::api::meta::{Str, Uid};
use opscape_manifest::api::{Object, Service};

use super::Api;
use crate::Status;
use crate::status::{Cause, Details};

/// The lower part of the range is left for addresses that are asked for: min(max(16, size/16), 256).
const STATIC_BAND: u64 = 256;
const NODE_PORTS: (i32, i32) = (30_000, 32_767);
const STATIC_PORTS: i32 = 86;

impl Api {
    /// Gives a Service the cluster IP and the node ports that it needs and does not have; refuses those that others have.
    pub(super) fn allocate(&mut self, object: &mut Object) -> Result<(), Status> {
        let Object::Service(service) = object else { return Ok(()) };
        if !needs_address(service) {
            return Ok(());
        }
        let service = Arc::make_mut(service);
        let uid = service.metadata.uid;
        let address = service.spec.cluster_ip.clone();
        if address.is_empty() {
            service.spec.cluster_ip = self.free_address().to_string().into();
        } else if let Some(why) = self.address_refused(&address, uid) {
            let shown = ["[\"", &address, "\"]"].concat();
            let why = format!("failed to allocate IP {address}: {why}");
            return Err(refuse(service, "spec.clusterIPs", &shown, &why));
        }
        if service.spec.cluster_ips.is_empty() {
            service.spec.cluster_ips = vec![service.spec.cluster_ip.clone()];
        }
        if needs_node_ports(service) { self.allocate_node_ports(service) } else { Ok(()) }
    }

    /// Why a Service cannot have an address, if it cannot.
    fn address_refused(&self, address: &Str, own: Uid) -> Option<&'static str> {
        if &**address == "None" {
            return None;
        }
        let (network, prefix) = self.options.flags.service_range;
        // What is no address was refused before.
        let number = u32::from(address.parse::<Ipv4Addr>().ok()?);
        let host_bits = u32::from(32u8.saturating_sub(prefix).min(31));
        if number >> host_bits != u32::from_be_bytes(network) >> host_bits {
            return Some("the provided network does not match the current range");
        }
        let mut others = self.store.list::<Service>(None).filter(|other| other.metadata.uid != own);
        let taken = others.any(|other| other.spec.cluster_ip == *address);
        taken.then_some("provided IP is already allocated")
    }

    /// An update takes over what it does not say (`patchAllocatedValues`), and what only its old type needed goes
    /// (`dropTypeDependentFields`).
    pub(super) fn keep_addresses(old: &Object, new: &mut Object) {
        let (Object::Service(old), Object::Service(new)) = (old, new) else { return };
        let new = Arc::make_mut(new);
        if needs_address(old) && needs_address(new) && new.spec.cluster_ip.is_empty() {
            new.spec.cluster_ip = old.spec.cluster_ip.clone();
            new.spec.cluster_ips.clone_from(&old.spec.cluster_ips);
        }
        let (had, has) = (needs_node_ports(old), needs_node_ports(new));
        if had && has {
            for port in new.spec.ports.iter_mut().filter(|port| port.node_port == 0) {
                let same = |was: &&ServicePort| was.port == port.port && was.protocol == port.protocol;
                if let Some(was) = old.spec.ports.iter().find(same) {
                    port.node_port = was.node_port;
                }
            }
        }
        if needs_address(old) && !needs_address(new) {
            if new.spec.cluster_ip == old.spec.cluster_ip {
                new.spec.cluster_ip = Str::default();
                new.spec.cluster_ips.clear();
            }
            if new.spec.ip_families == old.spec.ip_families {
                new.spec.ip_families.clear();
            }
            if new.spec.ip_family_policy == old.spec.ip_family_policy {
                new.spec.ip_family_policy = None;
            }
        }
        let ports = |service: &Service| -> Vec<i32> {
            service.spec.ports.iter().map(|port| port.node_port).collect()
        };
        if had && !has && ports(old) == ports(new) {
            for port in &mut new.spec.ports {
                port.node_port = 0;
            }
        }
        if had && !has && new.spec.external_traffic_policy == old.spec.external_traffic_policy {
            new.spec.external_traffic_policy = Str::default();
        }
        if is_balancer(old) && !is_balancer(new) {
            if new.spec.allocate_load_balancer_node_ports == old.spec.allocate_load_balancer_node_ports {
                new.spec.allocate_load_balancer_node_ports = None;
            }
            if new.spec.load_balancer_class == old.spec.load_balancer_class {
                new.spec.load_balancer_class = None;
            }
        }
        let check = old.spec.health_check_node_port;
        if needs_health_check(old) && !needs_health_check(new) && new.spec.health_check_node_port == check {
            new.spec.health_check_node_port = 0;
        } else if needs_health_check(old) && needs_health_check(new) && new.spec.health_check_node_port == 0 {
            new.spec.health_check_node_port = check;
        }
    }

    fn free_address(&mut self) -> Ipv4Addr {
        let (network, prefix) = self.options.flags.service_range;
        let size = 1u64 << (32 - u32::from(prefix.min(30)));
        let band = STATIC_BAND.min((size / 16).max(16)).min(size / 2);
        let used: BTreeSet<Str> =
            self.store.list::<Service>(None).map(|service| service.spec.cluster_ip.clone()).collect();
        let base = u32::from_be_bytes(network);
        let start = self.random.below(size - band - 1);
        let mut offsets = (0..size - band - 1).map(|step| band + (start + step) % (size - band - 1));
        let free = offsets.find_map(|offset| {
            let address = Ipv4Addr::from(base.wrapping_add(offset as u32));
            (!used.contains(address.to_string().as_str())).then_some(address)
        });
        free.unwrap_or(Ipv4Addr::from(network))
    }

    fn allocate_node_ports(&mut self, service: &mut Service) -> Result<(), Status> {
        let own = service.metadata.uid;
        let others = self.store.list::<Service>(None).filter(|other| other.metadata.uid != own);
        let mut used: BTreeSet<i32> = others.flat_map(|other| node_ports(other)).collect();
        for (at, port) in service.spec.ports.iter().enumerate() {
            if port.node_port != 0 && used.contains(&port.node_port) {
                let (field, shown) = (format!("spec.ports[{at}].nodePort"), port.node_port.to_string());
                return Err(refuse(service, &field, &shown, PORT_TAKEN));
            }
        }
        let check = service.spec.health_check_node_port;
        if check != 0 && used.contains(&check) {
            let why = format!("failed to allocate requested HealthCheck NodePort {check}: {PORT_TAKEN}");
            return Err(Status { code: 500, reason: "InternalError", message: why, details: None });
        }
        used.extend(node_ports(service));
        let wanted = service.spec.ports.iter().map(|port| port.node_port).collect::<Vec<_>>();
        for (at, _) in wanted.into_iter().enumerate().filter(|(_, port)| *port == 0) {
            // The same port of another protocol shares its node port.
            let number = service.spec.ports.get(at).map(|port| port.port);
            let same = |port: &&ServicePort| Some(port.port) == number && port.node_port != 0;
            let shared = service.spec.ports.iter().find(same).map(|port| port.node_port);
            let free = shared.unwrap_or_else(|| self.free_port(&mut used, 0));
            if let Some(slot) = service.spec.ports.get_mut(at) {
                slot.node_port = free;
            }
        }
        if needs_health_check(service) && check == 0 {
            service.spec.health_check_node_port = self.free_port(&mut used, check);
        }
        Ok(())
    }

    /// A port that nobody has; the one given if all are taken.
    fn free_port(&mut self, used: &mut BTreeSet<i32>, otherwise: i32) -> i32 {
        let (low, high) = (NODE_PORTS.0 + STATIC_PORTS, NODE_PORTS.1);
        let size = high - low + 1;
        let start = self.random.below(u64::from(size.unsigned_abs())) as i32;
        let free = (0..size).map(|step| low + (start + step) % size).find(|port| !used.contains(port));
        // The lower part is for those that are asked for, and taken when nothing else is left.
        let free = free.or_else(|| (NODE_PORTS.0..low).find(|port| !used.contains(port)));
        used.extend(free);
        free.unwrap_or(otherwise)
    }
}

const PORT_TAKEN: &str = "provided port is already allocated";

fn needs_address(service: &Service) -> bool {
    &*service.spec.kind != "ExternalName"
}

/// A load balancer may do without (`allocateLoadBalancerNodePorts`).
fn needs_node_ports(service: &Service) -> bool {
    match &*service.spec.kind {
        "NodePort" => true,
        "LoadBalancer" => service.spec.allocate_load_balancer_node_ports != Some(false),
        _ => false,
    }
}

fn is_balancer(service: &Service) -> bool {
    &*service.spec.kind == "LoadBalancer"
}

fn needs_health_check(service: &Service) -> bool {
    is_balancer(service) && &*service.spec.external_traffic_policy == "Local"
}

fn node_ports(service: &Service) -> impl Iterator<Item = i32> {
    let ports = service.spec.ports.iter().map(|port| port.node_port);
    ports.chain([service.spec.health_check_node_port]).filter(|port| *port != 0)
}

fn refuse(service: &Service, field: &str, shown: &str, why: &str) -> Status {
    let name = &service.metadata.name;
    let message = format!("Service \"{name}\" is invalid: {field}: Invalid value: {shown}: {why}");
    let cause = Cause {
        reason: "FieldValueInvalid".into(),
        message: format!("Invalid value: {shown}: {why}"),
        field: field.to_owned(),
    };
    let details =
        Details { name: name.clone(), kind: "Service".into(), causes: vec![cause], ..Details::default() };
    Status::invalid(message, details)
}
