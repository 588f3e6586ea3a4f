//! Which address a name has.

use opscape_cluster::Store;
use opscape_manifest::api::{Node, Object, Service};

/// Scheme, host, port, and path with query of a URL.
pub(super) struct Url<'a> {
    pub host: &'a str,
    pub port: u16,
    pub target: &'a str,
}

impl<'a> Url<'a> {
    pub fn of(url: &'a str) -> Option<Url<'a>> {
        let (scheme, rest) = url.split_once("://")?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        let usual = if scheme == "https" { 443 } else { 80 };
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().ok()?),
            None => (authority, usual),
        };
        Some(Url { host, port, target: if target.is_empty() { "/" } else { target } })
    }
}

/// The address of a host: of the Service it names, of what an Ingress says, else of a node.
pub(super) fn of(host: &str, store: &Store) -> String {
    if host.parse::<std::net::IpAddr>().is_ok() {
        return host.to_owned();
    }
    let name = host.strip_suffix(".cluster.local").unwrap_or(host);
    let name = name.strip_suffix(".svc").unwrap_or(name);
    let (service, namespace) = name.split_once('.').unwrap_or((name, "default"));
    if let Some(service) = store.get::<Service>(namespace, service)
        && !matches!(&*service.spec.cluster_ip, "" | "None")
    {
        return service.spec.cluster_ip.to_string();
    }
    let published = |object: &Object| {
        let value = object.to_value();
        let list = value.at(&["status", "loadBalancer", "ingress"])?.as_list()?;
        list.first()?.str_at(&["ip"]).map(str::to_owned)
    };
    if let Some(address) = store.objects("Ingress", None).iter().find_map(published) {
        return address;
    }
    let node = store.list::<Node>(None).find_map(|node| {
        let is_internal =
            |entry: &&opscape_manifest::value::Value| entry.str_at(&["type"]) == Some("InternalIP");
        node.status.addresses.iter().find(is_internal)?.str_at(&["address"]).map(str::to_owned)
    });
    node.unwrap_or_else(|| "127.0.0.1".to_owned())
}
