//! The objects of the API that routes are made from.

use std::cmp::Ordering;
use std::sync::Arc;

use opscape_manifest::api::gateway::{GatewaySpec, HttpRouteSpec, ReferenceGrantSpec};
use opscape_manifest::api::ingress::{IngressClassSpec, IngressSpec};
use opscape_manifest::api::meta::{ObjectMeta, Str};
use opscape_manifest::api::network_policy::NetworkPolicySpec;
use opscape_manifest::api::{EndpointSlice, Object, Pod, Secret, Service};
use opscape_manifest::codec::{self, Codec};
use opscape_manifest::golang::base64_decode;
use opscape_manifest::order::sort_by;
use opscape_manifest::value::Value;

use super::reason::Origin;

/// An object's metadata and its `spec`.
#[derive(Debug, Clone)]
pub(super) struct Found<T> {
    pub meta: ObjectMeta,
    pub spec: T,
    pub origin: Arc<Origin>,
}

/// A class of Gateways and who implements it.
#[derive(Debug, Clone)]
pub(super) struct GatewayClass {
    pub name: Str,
    pub controller: Str,
    pub generation: i64,
    pub origin: Arc<Origin>,
}

/// The objects that routes are made from, sorted out by kind.
#[derive(Debug, Clone, Default)]
pub struct Objects {
    pub(super) services: Vec<Arc<Service>>,
    pub(super) pods: Vec<Arc<Pod>>,
    /// With the name of the Service.
    pub(super) slices: Vec<(Str, Arc<EndpointSlice>)>,
    pub(super) secrets: Vec<(Str, Str)>,
    /// The `clientID` of those Secrets that have one, in clear.
    pub(super) clients: Vec<((Str, Str), String)>,
    pub(super) namespaces: Vec<ObjectMeta>,
    /// With their names and addresses.
    pub(super) nodes: Vec<(Str, Vec<Str>)>,
    pub(super) ingresses: Vec<Found<IngressSpec>>,
    pub(super) classes: Vec<Found<IngressClassSpec>>,
    pub(super) class_groups: Vec<(Str, Str)>,
    pub(super) gateways: Vec<Found<GatewaySpec>>,
    pub(super) gateway_classes: Vec<GatewayClass>,
    pub(super) routes: Vec<Found<HttpRouteSpec>>,
    pub(super) grants: Vec<Found<ReferenceGrantSpec>>,
    pub(super) policies: Vec<Found<NetworkPolicySpec>>,
    /// Nothing is known of who serves: everybody does.
    pub(super) assumed: bool,
}

impl Objects {
    /// Sorts out the objects of a running cluster: who serves is what Pods and EndpointSlices say.
    pub fn of_cluster(objects: impl IntoIterator<Item = Object>) -> Objects {
        let mut sorted = Objects::default();
        for object in objects {
            sorted.add(&object);
        }
        sort_by(&mut sorted.services, |a, b| by_name(&a.metadata, &b.metadata));
        sort_by(&mut sorted.pods, |a, b| by_name(&a.metadata, &b.metadata));
        sort_by(&mut sorted.ingresses, |a, b| by_name(&a.meta, &b.meta));
        sort_by(&mut sorted.routes, |a, b| by_name(&a.meta, &b.meta));
        sort_by(&mut sorted.policies, |a, b| by_name(&a.meta, &b.meta));
        sort_by(&mut sorted.gateways, |a, b| by_name(&a.meta, &b.meta));
        sorted
    }

    /// Sorts out the objects of a text. Where it has neither Pods nor EndpointSlices, every Service is taken to have
    /// somebody who serves.
    pub fn of_text(objects: impl IntoIterator<Item = Object>) -> Objects {
        let mut sorted = Objects::of_cluster(objects);
        sorted.assumed = sorted.pods.is_empty() && sorted.slices.is_empty();
        sorted
    }

    /// Adds more objects.
    pub fn add_all(&mut self, objects: impl IntoIterator<Item = Object>) {
        for object in objects {
            self.add(&object);
        }
    }

    /// The pods behind some addresses: their own, or those of Services; with the port that is asked there.
    pub fn behind(&self, addresses: &[&str]) -> Vec<(Arc<Pod>, u16)> {
        let mut found = Vec::new();
        let mut add = |address: &str, port: i32| {
            if let Some(pod) = self.pods.iter().find(|pod| &*pod.status.pod_ip == address) {
                found.push((pod.clone(), u16::try_from(port).unwrap_or_default()));
            }
        };
        for service in self.services.iter().filter(|one| addresses.contains(&&*one.spec.cluster_ip)) {
            let own = self.slices.iter().filter(|(name, slice)| {
                *name == service.metadata.name && slice.metadata.namespace == service.metadata.namespace
            });
            for (_, slice) in own {
                let port = slice.ports.first().and_then(|port| port.port).unwrap_or_default();
                let all = slice.endpoints.iter().flat_map(|endpoint| &endpoint.addresses);
                all.for_each(|address| add(address, port));
            }
        }
        for address in addresses {
            let pod = self.pods.iter().find(|pod| &*pod.status.pod_ip == *address);
            let port = pod.and_then(|pod| pod.spec.containers.first()?.ports.first());
            add(address, port.map_or(80, |port| port.container_port));
        }
        found
    }

    fn add(&mut self, object: &Object) {
        match object {
            Object::Service(service) => self.services.push(service.clone()),
            Object::Pod(pod) => self.pods.push(pod.clone()),
            Object::EndpointSlice(slice) => {
                let service = slice.metadata.label("kubernetes.io/service-name").unwrap_or_default();
                self.slices.push((service.into(), slice.clone()));
            }
            Object::Node(node) => {
                let address = |entry: &Value| entry.str_at(&["address"]).map(Str::from);
                let addresses = node.status.addresses.iter().filter_map(address).collect();
                self.nodes.push((node.metadata.name.clone(), addresses));
            }
            Object::Namespace(namespace) => self.namespaces.push(namespace.metadata.clone()),
            Object::Secret(secret) => {
                let key = (namespace_of(&secret.metadata), secret.metadata.name.clone());
                self.clients.extend(client_id(secret).map(|client| (key.clone(), client)));
                self.secrets.push(key);
            }
            _ => self.add_other(object),
        }
    }

    fn add_other(&mut self, object: &Object) {
        let meta = object.meta();
        match object.kind_name() {
            "Ingress" => push(&mut self.ingresses, object),
            "IngressClass" => push(&mut self.classes, object),
            "Gateway" => push(&mut self.gateways, object),
            "GatewayClass" => {
                let value = object.to_value();
                let controller = value.str_at(&["spec", "controllerName"]).unwrap_or_default();
                self.gateway_classes.push(GatewayClass {
                    name: meta.name.clone(),
                    controller: controller.into(),
                    generation: meta.generation,
                    origin: origin(object, Str::default()),
                });
            }
            "HTTPRoute" => push(&mut self.routes, object),
            "ReferenceGrant" => push(&mut self.grants, object),
            "NetworkPolicy" => push(&mut self.policies, object),
            "IngressClassParams" => {
                if let Some(group) = object.to_value().str_at(&["spec", "group", "name"]) {
                    self.class_groups.push((meta.name.clone(), group.into()));
                }
            }
            _ => {}
        }
    }

    /// A Service by its namespace and name.
    pub(super) fn service(&self, namespace: &str, name: &str) -> Option<&Arc<Service>> {
        let key = |service: &'_ Arc<Service>| {
            let meta = &service.metadata;
            namespace_text(meta).cmp(namespace).then_with(|| (*meta.name).cmp(name))
        };
        let at = self.services.binary_search_by(key).ok();
        self.services.get(at?)
    }
}

fn by_name(a: &ObjectMeta, b: &ObjectMeta) -> Ordering {
    (namespace_text(a), &a.name).cmp(&(namespace_text(b), &b.name))
}

/// Oldest first.
pub(super) fn by_age(a: &ObjectMeta, b: &ObjectMeta) -> Ordering {
    a.creation_timestamp.cmp(&b.creation_timestamp)
}

fn namespace_text(meta: &ObjectMeta) -> &str {
    if meta.namespace.is_empty() { "default" } else { &meta.namespace }
}

/// The namespace of an object; a text may leave `default` out.
pub(super) fn namespace_of(meta: &ObjectMeta) -> Str {
    if meta.namespace.is_empty() { "default".into() } else { meta.namespace.clone() }
}

fn found<T>(object: &Object, spec: T) -> Found<T> {
    let mut meta = object.meta().clone();
    meta.namespace = namespace_of(&meta);
    let origin = origin(object, meta.namespace.clone());
    Found { meta, spec, origin }
}

fn origin(object: &Object, namespace: Str) -> Arc<Origin> {
    Arc::new(Origin { kind: object.kind_name().into(), namespace, name: object.meta().name.clone() })
}

/// `clientID`, or as the first controller of AWS had it, `clientId`.
fn client_id(secret: &Secret) -> Option<String> {
    ["clientID", "clientId"].into_iter().find_map(|key| {
        let plain = secret.string_data.get(key).map(|text| text.as_bytes().to_vec());
        let bytes = plain.or_else(|| base64_decode(secret.data.get(key)?).ok())?;
        String::from_utf8(bytes).ok()
    })
}

/// An object that does not fit its type is passed over; the check of the text says so.
fn push<T: Codec + Default>(list: &mut Vec<Found<T>>, object: &Object) {
    let Object::Other(other) = object else { return };
    if let Ok(spec) = other.body.get("spec").map_or(Ok(T::default()), codec::from_value::<T>) {
        list.push(found(object, spec));
    }
}

impl<T> Found<T> {
    /// The value of an annotation.
    pub(super) fn annotation(&self, name: &str) -> Option<&str> {
        self.meta.annotation(name)
    }
}

/// A value of JSON text, as in annotations.
pub(super) fn json(text: &str) -> Option<Value> {
    use opscape_manifest::diagnostic::Position;
    use opscape_manifest::tree::{Limits, parse};
    let start = Position { line: 1, column: 1, offset: 0 };
    // JSON is YAML.
    let parsed = parse(text, start, Limits::default());
    parsed.diagnostics.is_empty().then_some(parsed.root?.to_value())
}
