//! Addresses of Services (pkg/registry/core/service/ipallocator, portallocator).

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::Arc;

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
            let message = format!(
                "Service \"{}\" is invalid: spec.clusterIPs: Invalid value: [\"{}\"]: failed to allocate IP {}: provided IP is already allocated",
                service.metadata.name, service.spec.cluster_ip, service.spec.cluster_ip
            );
            let cause = Cause {
                reason: "FieldValueInvalid".into(),
                message: message.clone(),
                field: "spec.clusterIPs".into(),
            };
            let details = Details {
                name: service.metadata.name.clone(),
                kind: "Service".into(),
                causes: vec![cause],
                ..Details::default()
            };
            return Err(Status::invalid(message, details));
        }
        service.spec.cluster_ips = vec![service.spec.cluster_ip.clone()];
        if matches!(&*service.spec.kind, "NodePort" | "LoadBalancer") {
            self.allocate_node_ports(service);
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
