//! Addresses of Services (pkg/registry/core/service/ipallocator, portallocator).

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::Arc;

use opscape_manifest::api::core::ServicePort;
use opscape_manifest::api::meta::Str;
use opscape_manifest::api::{Object, Service};

use super::Api;
use crate::Status;
use crate::status::{Cause, Details};

/// The lower part of the range is left for addresses that are asked for: min(max(16, size/16), 256).
const STATIC_BAND: u64 = 256;
const NODE_PORTS: (i32, i32) = (30_000, 32_767);
const STATIC_PORTS: i32 = 86;

impl Api {
    /// Gives a new Service its cluster IP and node ports.
    pub(super) fn allocate_address(&mut self, object: &mut Object) -> Result<(), Status> {
        let Object::Service(service) = object else { return Ok(()) };
        let service = Arc::make_mut(service);
        if &*service.spec.kind == "ExternalName" {
            return Ok(());
        }
        if service.spec.cluster_ip.is_empty() {
            service.spec.cluster_ip = self.free_address().to_string().into();
        } else if &*service.spec.cluster_ip != "None" && self.address_in_use(&service.spec.cluster_ip) {
            let address = &service.spec.cluster_ip;
            let value = format!("[\"{address}\"]");
            let detail = format!("failed to allocate IP {address}: provided IP is already allocated");
            return Err(refused(service, "spec.clusterIPs", &value, &detail));
        }
        service.spec.cluster_ips = vec![service.spec.cluster_ip.clone()];
        if matches!(&*service.spec.kind, "NodePort" | "LoadBalancer") {
            self.node_ports_free(service)?;
            self.allocate_node_ports(service);
        }
        Ok(())
    }

    /// Gives a changed Service the node ports it lacks, for example when it becomes one of type `NodePort`.
    pub(super) fn allocate_changed_ports(&mut self, object: &mut Object) -> Result<(), Status> {
        let Object::Service(service) = object else { return Ok(()) };
        if !matches!(&*service.spec.kind, "NodePort" | "LoadBalancer") {
            return Ok(());
        }
        self.node_ports_free(service)?;
        if service.spec.ports.iter().any(|port| port.node_port == 0) {
            self.allocate_node_ports(Arc::make_mut(service));
        }
        Ok(())
    }

    /// Node ports that are asked for may be another Service's already.
    fn node_ports_free(&self, service: &Service) -> Result<(), Status> {
        for (i, port) in service.spec.ports.iter().enumerate().filter(|(_, port)| port.node_port != 0) {
            let mut others =
                self.store.list::<Service>(None).filter(|other| other.metadata.uid != service.metadata.uid);
            let taken = others.any(|other| {
                let same =
                    |one: &ServicePort| one.node_port == port.node_port && one.protocol == port.protocol;
                other.spec.ports.iter().any(same)
            });
            if taken {
                let field = format!("spec.ports[{i}].nodePort");
                let value = port.node_port.to_string();
                return Err(refused(service, &field, &value, "provided port is already allocated"));
            }
        }
        Ok(())
    }

    /// A Service keeps its address when an update does not name one.
    pub(super) fn keep_addresses(old: &Object, new: &mut Object) {
        let (Object::Service(old), Object::Service(new)) = (old, new) else { return };
        if &*old.spec.kind == "ExternalName" || &*new.spec.kind == "ExternalName" {
            return;
        }
        let new = Arc::make_mut(new);
        if new.spec.cluster_ip.is_empty() {
            new.spec.cluster_ip = old.spec.cluster_ip.clone();
            new.spec.cluster_ips.clone_from(&old.spec.cluster_ips);
        }
        for port in &mut new.spec.ports {
            if port.node_port == 0
                && matches!(&*new.spec.kind, "NodePort" | "LoadBalancer")
                && let Some(was) =
                    old.spec.ports.iter().find(|was| was.port == port.port && was.protocol == port.protocol)
            {
                port.node_port = was.node_port;
            }
        }
    }

    fn address_in_use(&self, address: &Str) -> bool {
        self.store.list::<Service>(None).any(|service| service.spec.cluster_ip == *address)
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

    fn allocate_node_ports(&mut self, service: &mut Service) {
        let mut used: BTreeSet<i32> = self
            .store
            .list::<Service>(None)
            .flat_map(|service| service.spec.ports.iter())
            .chain(&service.spec.ports)
            .map(|port| port.node_port)
            .collect();
        let (low, high) = (NODE_PORTS.0 + STATIC_PORTS, NODE_PORTS.1);
        let size = high - low + 1;
        for port in service.spec.ports.iter_mut().filter(|port| port.node_port == 0) {
            let start = self.random.below(u64::from(size.unsigned_abs())) as i32;
            let free = (0..size).map(|step| low + (start + step) % size).find(|port| !used.contains(port));
            if let Some(free) = free {
                port.node_port = free;
                used.insert(free);
            }
        }
    }
}

/// The allocators' refusal of a field.
fn refused(service: &Service, field: &str, value: &str, detail: &str) -> Status {
    let name = &service.metadata.name;
    let message = format!("Service \"{name}\" is invalid: {field}: Invalid value: {value}: {detail}");
    let cause = Cause { reason: "FieldValueInvalid".into(), message: message.clone(), field: field.into() };
    let details =
        Details { name: name.clone(), kind: "Service".into(), causes: vec![cause], ..Details::default() };
    Status::invalid(message, details)
}
