//! `v1` Endpoints, as the Endpoints controller (pkg/controller/endpoint) would keep them. Everything of interest reads
//! EndpointSlices; Endpoints are made from those when somebody asks for them.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use opscape_manifest::api::discovery::Endpoint;
use opscape_manifest::api::meta::{ObjectMeta, Str};
use opscape_manifest::api::{Object, Other, Service};
use opscape_manifest::codec::to_value;
use opscape_manifest::value::{Map, Value};

use super::endpoint;
use crate::{Store, words};

/// Addresses of an object at most.
const MOST: usize = 1000;

/// The Endpoints of all Services that have a selector, in order of namespace and name; those that somebody made by hand are
/// not among them.
pub(crate) fn endpoints(store: &Store, namespace: Option<&str>) -> Vec<Object> {
    let services = store.list::<Service>(namespace);
    services
        .filter(|service| !service.spec.selector.is_empty() && &*service.spec.kind != "ExternalName")
        .map(|service| of_service(store, service))
        .collect()
}

fn of_service(store: &Store, service: &Service) -> Object {
    let meta = &service.metadata;
    let mut subsets = Vec::new();
    // Slices with the same ports make one subset.
    let mut by_ports: BTreeMap<_, Vec<Arc<Endpoint>>> = BTreeMap::new();
    for object in store.owned_by(meta.uid) {
        if let Object::EndpointSlice(slice) = object
            && endpoint::is_managed(slice)
        {
            by_ports.entry(&slice.ports).or_default().extend(slice.endpoints.iter().cloned());
        }
    }
    for (ports, mut all) in by_ports {
        all.retain(|one| {
            one.conditions.terminating != Some(true) || service.spec.publish_not_ready_addresses
        });
        all.sort_by_key(|one| {
            let address = one.addresses.first().and_then(|address| address.parse::<Ipv4Addr>().ok());
            (address, one.target_ref.as_ref().map(|target| target.uid))
        });
        all.truncate(MOST);
        if all.is_empty() {
            continue;
        }
        let ports = ports.iter().map(to_value).map(|mut port| {
            if let Value::Map(port) = &mut port
                && port.get("name").and_then(Value::as_str) == Some("")
            {
                port.remove("name");
            }
            port
        });
        let mut subset = Map::new();
        for (field, ready) in [("addresses", true), ("notReadyAddresses", false)] {
            let some: Vec<Value> = all
                .iter()
                .filter(|one| (one.conditions.ready != Some(false)) == ready)
                .map(|one| address(one))
                .collect();
            if !some.is_empty() {
                subset.insert(field.to_owned(), Value::List(some));
            }
        }
        subset.insert("ports".to_owned(), Value::List(ports.collect()));
        subsets.push(Value::Map(subset));
    }
    let mut labels: BTreeMap<Str, Str> = (*meta.labels).clone();
    labels.insert("endpoints.kubernetes.io/managed-by".into(), "endpoint-controller".into());
    let mut body = Map::new();
    if !subsets.is_empty() {
        body.insert("subsets".to_owned(), Value::List(subsets));
    }
    Object::Other(Arc::new(Other {
        api_version: words::v1(),
        kind: "Endpoints".into(),
        metadata: ObjectMeta {
            name: meta.name.clone(),
            namespace: meta.namespace.clone(),
            labels: Arc::new(labels),
            uid: meta.uid,
            resource_version: meta.resource_version,
            creation_timestamp: meta.creation_timestamp,
            ..ObjectMeta::default()
        },
        body,
    }))
}

fn address(endpoint: &Endpoint) -> Value {
    let mut map = Map::new();
    if let Some(address) = endpoint.addresses.first() {
        map.insert("ip".to_owned(), (&**address).into());
    }
    for (field, text) in [("hostname", &endpoint.hostname), ("nodeName", &endpoint.node_name)] {
        if let Some(text) = text {
            map.insert(field.to_owned(), (&**text).into());
        }
    }
    if let Some(target) = &endpoint.target_ref {
        map.insert("targetRef".to_owned(), to_value(target));
    }
    Value::Map(map)
}

/// The Endpoints of one Service.
pub(crate) fn named(store: &Store, namespace: &str, name: &str) -> Option<Object> {
    let service = store.get::<Service>(namespace, name)?;
    let kept = !service.spec.selector.is_empty() && &*service.spec.kind != "ExternalName";
    kept.then(|| of_service(store, service))
}
