//! The addresses that load balancers may have.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::time::Duration;

use opscape_manifest::api::meta::Str;
use opscape_manifest::api::{Object, Service};
use opscape_manifest::value::{Map, Value};

use crate::Store;

/// What a cloud, or what stands in for one (MetalLB, kube-vip, ...), gives load balancers of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// First and last addresses of ranges, as in an `IPAddressPool` of MetalLB; none: nobody makes load balancers with
    /// addresses.
    pub ranges: Vec<(Ipv4Addr, Ipv4Addr)>,
    /// How long it takes to make a load balancer, and to take it away again.
    pub create_time: Duration,
}

impl Pool {
    /// The first free address; the one that is asked for, if any is.
    ///
    /// # Errors
    /// Why there is none, as the event says it.
    pub fn allocate(&self, wanted: &str, store: &Store) -> Result<Ipv4Addr, String> {
        let taken = taken(store);
        let is_free = |address: &Ipv4Addr| !taken.contains(address.to_string().as_str());
        if wanted.is_empty() {
            let mut all = self.ranges.iter().flat_map(|(first, last)| first.to_bits()..=last.to_bits());
            let free = all.by_ref().map(Ipv4Addr::from_bits).find(is_free);
            return free.ok_or_else(|| "no available addresses".to_owned());
        }
        let address = wanted
            .parse()
            .ok()
            .filter(|address| self.ranges.iter().any(|(first, last)| (first..=last).contains(&address)));
        match address {
            None => Err(format!("address {wanted} is not in the pool")),
            Some(address) if !is_free(&address) => Err(format!("address {wanted} is already in use")),
            Some(address) => Ok(address),
        }
    }
}

/// The addresses that anybody has: Services, Ingresses, Gateways.
fn taken(store: &Store) -> BTreeSet<String> {
    let mut taken = BTreeSet::new();
    for service in store.list::<Service>(None) {
        taken.extend(points(&service.status).map(str::to_owned));
    }
    for kind in ["Ingress", "Gateway"] {
        for object in store.objects(kind, None) {
            let Object::Other(other) = &object else { continue };
            let Some(status) = other.body.get("status") else { continue };
            taken.extend(points(status).map(str::to_owned));
            let addresses = status.get("addresses").and_then(Value::as_list).unwrap_or_default();
            taken.extend(addresses.iter().filter_map(|one| one.str_at(&["value"])).map(str::to_owned));
        }
    }
    taken
}

/// The addresses in the status of a Service or an Ingress (`status.loadBalancer.ingress`).
pub fn points(status: &Value) -> impl Iterator<Item = &str> {
    let all = status.at(&["loadBalancer", "ingress"]).and_then(Value::as_list).unwrap_or_default();
    all.iter().filter_map(|point| point.str_at(&["ip"]).or(point.str_at(&["hostname"])))
}

/// `status` of a Service or an Ingress with these addresses: numbers are IPs, else names.
pub fn status(addresses: &[Str], of_service: bool) -> Value {
    let point = |address: &Str| {
        let is_ip = address.parse::<std::net::IpAddr>().is_ok();
        let mut point = Map::new();
        point.insert(if is_ip { "ip" } else { "hostname" }.to_owned(), (&**address).into());
        // The API server's default for Services.
        if is_ip && of_service {
            point.insert("ipMode".to_owned(), "VIP".into());
        }
        Value::Map(point)
    };
    let list = Value::List(addresses.iter().map(point).collect());
    let balancer = match addresses {
        [] => Map::new(),
        _ => Map::from([("ingress".to_owned(), list)]),
    };
    Value::Map(Map::from([("loadBalancer".to_owned(), Value::Map(balancer))]))
}
