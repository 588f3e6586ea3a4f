//! What proxies and kube-proxy have to take over: changes of routes and of endpoints.

use std::sync::Arc;

use opscape_cluster::{Change, Op, Store};
use opscape_manifest::api::meta::{Str, Uid};
use opscape_manifest::api::{Node, Object, Pod, Resource, Service};
use opscape_network::route::{Objects, Table};

use super::{Around, Traffic, addresses};
use crate::census::is_ready;

/// What is no longer as the table says.
#[derive(Debug, Clone, Default)]
pub(super) struct Dirty {
    /// The routes.
    all: bool,
    /// The endpoints of these Services, by namespace and name.
    services: Vec<(Str, Str)>,
}

/// Routes are made from these; what else matters is who serves.
const ROUTES: &[&str] = &[
    "Ingress",
    "IngressClass",
    "IngressClassParams",
    "Gateway",
    "GatewayClass",
    "HTTPRoute",
    "ReferenceGrant",
    "NetworkPolicy",
    "Namespace",
    "Node",
    "Secret",
];

impl Dirty {
    pub fn all() -> Dirty {
        Dirty { all: true, services: Vec::new() }
    }

    pub fn is_some(&self) -> bool {
        self.all || !self.services.is_empty()
    }

    fn service(&mut self, namespace: &Str, name: &Str) {
        if !self.services.iter().any(|(space, known)| space == namespace && known == name) {
            self.services.push((namespace.clone(), name.clone()));
        }
    }

    fn see(&mut self, change: &Change, store: &Store) {
        let meta = change.object.meta();
        match &change.object {
            Object::Service(service) => {
                let old = change.old.as_ref().and_then(Service::from_object);
                // Its status has the address of its load balancer.
                self.all |= change.op != Op::Modified
                    || old.is_none_or(|old| old.spec != service.spec || old.status != service.status);
            }
            Object::Pod(pod) if store.count("EndpointSlice") == 0 => {
                let old = change.old.as_ref().and_then(Pod::from_object);
                let same = old.is_some_and(|old| serves(old) == serves(pod));
                if !same || change.op != Op::Modified {
                    for service in store.list::<Service>(Some(&meta.namespace)) {
                        let selector = &service.spec.selector;
                        let selects = |pod: &Pod| {
                            selector.iter().all(|(key, value)| pod.metadata.label(key) == Some(value))
                        };
                        let selected = selects(pod) || old.is_some_and(|old| selects(old));
                        if !selector.is_empty() && selected {
                            self.service(&meta.namespace, &service.metadata.name);
                        }
                    }
                }
            }
            object if object.kind_name() == "EndpointSlice" => {
                if let Some(name) = meta.label("kubernetes.io/service-name") {
                    self.service(&meta.namespace, &name.into());
                }
            }
            Object::Node(node) => {
                let old = change.old.as_ref().and_then(Node::from_object);
                self.all |= change.op != Op::Modified
                    || old.is_none_or(|old| old.status.addresses != node.status.addresses);
            }
            object => {
                let spec_changed = change.op != Op::Modified
                    || change.old.as_ref().is_none_or(|old| old.meta().generation != meta.generation)
                    || change.old.as_ref().is_none_or(|old| old.meta().annotations != meta.annotations);
                self.all |= ROUTES.contains(&object.kind_name()) && spec_changed;
            }
        }
    }
}

/// What of a pod makes it an endpoint.
fn serves(pod: &Pod) -> (bool, bool, &Str, &Arc<std::collections::BTreeMap<Str, Str>>) {
    (is_ready(pod), pod.metadata.deletion_timestamp.is_some(), &pod.status.pod_ip, &pod.metadata.labels)
}

impl Traffic {
    /// Looks at what was written since the last time; the pods that are gone.
    pub(super) fn note(&mut self, store: &Store) -> Vec<Uid> {
        let from = std::mem::replace(&mut self.seen, store.version());
        if from == self.seen {
            return Vec::new();
        }
        if store.oldest_change().is_some_and(|oldest| oldest > from + 1) {
            // More was written in one instant than the watch log keeps.
            self.dirty.all = true;
        }
        let mut gone = Vec::new();
        for change in store.changes_since(from) {
            if change.op == Op::Deleted && Pod::from_object(&change.object).is_some() {
                gone.push(change.object.meta().uid);
            }
            self.dirty.see(change, store);
        }
        gone
    }

    /// Proxies take over what changed.
    pub(super) fn sync(&mut self, around: Around<'_>) {
        let store = around.cluster.store();
        let dirty = std::mem::take(&mut self.dirty);
        let slices = store.count("EndpointSlice") > 0;
        match &mut self.table {
            Some(table) if !dirty.all => {
                let table = Arc::make_mut(table);
                for (namespace, name) in &dirty.services {
                    let mut objects: Vec<Object> =
                        store.object("Service", namespace, name).into_iter().collect();
                    if slices {
                        let own = |object: &Object| {
                            object.meta().label("kubernetes.io/service-name") == Some(&**name)
                        };
                        objects
                            .extend(store.objects("EndpointSlice", Some(namespace)).into_iter().filter(own));
                    } else {
                        objects.extend(store.objects("Pod", Some(namespace)));
                    }
                    table.refresh_service(namespace, name, &Objects::of_cluster(objects));
                }
            }
            table => {
                let who = if slices { "EndpointSlice" } else { "Pod" };
                let kinds = ROUTES.iter().chain([&"Service", &who]);
                let objects = kinds.flat_map(|kind| store.objects(kind, None));
                let objects = Objects::of_cluster(objects);
                *table = Some(Arc::new(match table {
                    Some(before) => Table::compile_after(&objects, before),
                    None => Table::compile(&objects),
                }));
            }
        }
        self.addresses = Arc::new(addresses(store));
        self.load.routes_changed();
    }
}
