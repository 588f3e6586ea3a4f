//! What lets requests in from outside: Ingresses and HTTPRoutes, with a row for each of their rules.

use opscape_cluster::Store;
use opscape_manifest::api::gateway::{BackendRef, HttpRouteMatch, HttpRouteSpec};
use opscape_manifest::api::ingress::{IngressBackend, IngressSpec};
use opscape_manifest::api::meta::{ObjectMeta, Str};
use opscape_manifest::api::{Object, Service};
use opscape_manifest::codec::{self, Codec};

use super::ServiceCard;
use crate::world::addresses;

/// An object that lets requests in.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EntryCard {
    /// `Ingress` or `HTTPRoute`.
    pub kind: &'static str,
    /// Its namespace.
    pub namespace: Str,
    /// Its name.
    pub name: Str,
    /// Its IngressClass, or its Gateway; empty: it names none.
    pub via: Str,
    /// The address its load balancer has; for an HTTPRoute, that of its Gateway. Empty: none yet.
    pub address: Str,
    /// It stands in for a share of another one's requests (`nginx.ingress.kubernetes.io/canary`): which, as `10%`, and
    /// the header or cookie that asks for it.
    pub canary: Option<Str>,
    /// Its rules, in the order of the text.
    pub routes: Vec<RouteRow>,
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RouteRow {
    /// Where it stands in the object, as `spec.rules[0].http.paths[1]`.
    pub field: Str,
    /// The hosts it is for, separated by commas; empty: any.
    pub host: Str,
    /// The path, as written; empty: every request that no other rule takes.
    pub path: Str,
    /// `Prefix`, `Exact`, `PathPrefix`, ...; empty for a default backend.
    pub path_type: Str,
    /// What else must hold, verbatim: a method, `name: value` of a header, `?name=value` of the query.
    pub conditions: Vec<String>,
    /// Where it leads.
    pub backends: Vec<RouteBackend>,
}

/// Where a rule leads.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RouteBackend {
    /// Namespace of the Service.
    pub namespace: Str,
    /// Its name.
    pub service: Str,
    /// Its port, by number or name.
    pub port: String,
    /// Its share of all weights; none: it is the only one.
    pub weight: Option<u32>,
    /// Pods that serve there; none: there is no such Service.
    pub ready: Option<u32>,
}

/// All of them: Ingresses, then HTTPRoutes, by namespace and name.
pub(super) fn entries(store: &Store, services: &[ServiceCard]) -> Vec<EntryCard> {
    let mut cards = Vec::new();
    for object in store.objects("Ingress", None) {
        if let Some(spec) = spec::<IngressSpec>(&object) {
            cards.push(ingress(&object, &spec, &Known { store, services }));
        }
    }
    for object in store.objects("HTTPRoute", None) {
        if let Some(spec) = spec::<HttpRouteSpec>(&object) {
            cards.push(http_route(&object, &spec, &Known { store, services }));
        }
    }
    cards
}

/// The share of a canary Ingress in words.
fn canary(meta: &ObjectMeta) -> Option<Str> {
    let said = |name: &str| {
        let name = ["nginx.ingress.kubernetes.io/canary", name].concat();
        meta.annotation(&name).map(str::trim).filter(|text| !text.is_empty())
    };
    if said("") != Some("true") {
        return None;
    }
    let weight = said("-weight").and_then(|weight| weight.parse::<f64>().ok());
    let total =
        said("-weight-total").and_then(|total| total.parse::<f64>().ok()).filter(|total| *total > 0.0);
    let percent = |weight: f64| {
        let tenths = (weight / total.unwrap_or(100.0) * 1_000.0).round() / 10.0;
        [&tenths.to_string(), "%"].concat()
    };
    let parts =
        [weight.map(percent), said("-by-header").map(str::to_owned), said("-by-cookie").map(str::to_owned)];
    Some(parts.into_iter().flatten().collect::<Vec<_>>().join(", ").into())
}

fn first_address(object: &Object) -> Str {
    addresses(object).into_iter().next().unwrap_or_default()
}

fn spec<T: Codec + Default>(object: &Object) -> Option<T> {
    let Object::Other(other) = object else { return None };
    other.body.get("spec").map_or_else(|| Some(T::default()), |spec| codec::from_value(spec).ok())
}

struct Known<'a> {
    store: &'a Store,
    services: &'a [ServiceCard],
}

impl Known<'_> {
    fn backend(&self, namespace: &Str, service: &Str, port: String, weight: Option<u32>) -> RouteBackend {
        let card = self.services.iter().find(|card| card.name == *service && card.namespace == *namespace);
        let ready = card.map(|card| card.ready);
        let ready = ready.or_else(|| self.store.get::<Service>(namespace, service).map(|_| 0));
        RouteBackend { namespace: namespace.clone(), service: service.clone(), port, weight, ready }
    }

    fn of_ingress(&self, namespace: &Str, backend: &IngressBackend) -> Vec<RouteBackend> {
        let Some(service) = &backend.service else { return Vec::new() };
        let port = match service.port.number {
            0 => service.port.name.to_string(),
            number => number.to_string(),
        };
        vec![self.backend(namespace, &service.name, port, None)]
    }

    fn of_route(&self, namespace: &Str, backend: &BackendRef, only: bool) -> RouteBackend {
        let port = backend.port.map(|port| port.to_string()).unwrap_or_default();
        let weight = u32::try_from(backend.weight.unwrap_or(1)).unwrap_or_default();
        let namespace = backend.namespace.as_ref().unwrap_or(namespace);
        self.backend(namespace, &backend.name, port, (!only).then_some(weight))
    }
}

fn ingress(object: &Object, spec: &IngressSpec, known: &Known<'_>) -> EntryCard {
    let meta = object.meta();
    let mut routes = Vec::new();
    for (r, rule) in spec.rules.iter().enumerate() {
        for (p, path) in rule.http.iter().flat_map(|http| &http.paths).enumerate() {
            routes.push(RouteRow {
                field: format!("spec.rules[{r}].http.paths[{p}]").into(),
                host: rule.host.clone(),
                path: if path.path.is_empty() { "/".into() } else { path.path.clone() },
                path_type: path.path_type.clone(),
                conditions: Vec::new(),
                backends: known.of_ingress(&meta.namespace, &path.backend),
            });
        }
    }
    if let Some(backend) = &spec.default_backend {
        routes.push(RouteRow {
            field: "spec.defaultBackend".into(),
            backends: known.of_ingress(&meta.namespace, backend),
            ..RouteRow::default()
        });
    }
    let class = spec.ingress_class_name.clone();
    let class = class.or_else(|| meta.annotation("kubernetes.io/ingress.class").map(Str::from));
    EntryCard {
        kind: "Ingress",
        namespace: meta.namespace.clone(),
        name: meta.name.clone(),
        via: class.unwrap_or_default(),
        address: first_address(object),
        canary: canary(meta),
        routes,
    }
}

fn http_route(object: &Object, spec: &HttpRouteSpec, known: &Known<'_>) -> EntryCard {
    let meta = object.meta();
    let host = spec.hostnames.iter().map(|host| &**host).collect::<Vec<_>>().join(", ");
    let all = HttpRouteMatch::default();
    let routes = spec.rules.iter().enumerate().map(|(r, rule)| {
        let first = rule.matches.first().unwrap_or(&all);
        let path = first.path.as_ref();
        let kind = path.map(|path| &*path.kind).filter(|kind| !kind.is_empty());
        let only = rule.backend_refs.len() == 1;
        RouteRow {
            field: format!("spec.rules[{r}]").into(),
            host: host.as_str().into(),
            path: path.and_then(|path| path.value.clone()).unwrap_or_else(|| "/".into()),
            path_type: kind.unwrap_or("PathPrefix").into(),
            conditions: conditions(first),
            backends: rule
                .backend_refs
                .iter()
                .map(|backend| known.of_route(&meta.namespace, backend, only))
                .collect(),
        }
    });
    let parent = spec.parent_refs.first();
    let gateway = parent.and_then(|parent| {
        let namespace = parent.namespace.as_ref().unwrap_or(&meta.namespace);
        known.store.object("Gateway", namespace, &parent.name)
    });
    EntryCard {
        kind: "HTTPRoute",
        namespace: meta.namespace.clone(),
        name: meta.name.clone(),
        via: parent.map(|parent| parent.name.clone()).unwrap_or_default(),
        address: gateway.as_ref().map(first_address).unwrap_or_default(),
        canary: None,
        routes: routes.collect(),
    }
}

fn conditions(one: &HttpRouteMatch) -> Vec<String> {
    let method = (!one.method.is_empty()).then(|| one.method.to_string());
    let headers = one.headers.iter().map(|header| [&*header.name, ": ", &header.value].concat());
    let query = one.query_params.iter().map(|param| ["?", &*param.name, "=", &param.value].concat());
    method.into_iter().chain(headers).chain(query).collect()
}
