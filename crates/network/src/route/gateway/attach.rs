//! Which routes belong to which listeners: parentRefs, allowedRoutes, hostnames, ReferenceGrants.

use opscape_manifest::api::gateway::{GatewaySpec, HttpRouteSpec, Listener, ParentReference};
use opscape_manifest::api::meta::{LabelSelector, Str};

use crate::route::objects::{Found, Objects};

pub(super) const GROUP: &str = "gateway.networking.k8s.io";

/// Whether a route names a Gateway and one of its listeners.
pub(super) fn names(
    parent: &ParentReference,
    route: &Found<HttpRouteSpec>,
    gateway: &Found<GatewaySpec>,
    listener: &Listener,
) -> bool {
    parent.group.as_deref().unwrap_or(GROUP) == GROUP
        && parent.kind.as_deref().unwrap_or("Gateway") == "Gateway"
        && *parent.namespace.as_ref().unwrap_or(&route.meta.namespace) == gateway.meta.namespace
        && parent.name == gateway.meta.name
        && parent.section_name.as_ref().is_none_or(|name| *name == listener.name)
        && parent.port.is_none_or(|port| port == listener.port)
}

/// `allowedRoutes`
pub(super) fn allows(
    objects: &Objects,
    listener: &Listener,
    gateway: &Found<GatewaySpec>,
    route: &Found<HttpRouteSpec>,
) -> bool {
    let allowed = &listener.allowed_routes;
    let kind = allowed.kinds.is_empty()
        || allowed
            .kinds
            .iter()
            .any(|kind| &*kind.kind == "HTTPRoute" && kind.group.as_deref().unwrap_or(GROUP) == GROUP);
    let namespace = match &*allowed.namespaces.from {
        "All" => true,
        "None" => false,
        "Selector" => {
            let labels = |key: &str| label(objects, &route.meta.namespace, key);
            allowed.namespaces.selector.as_ref().is_some_and(|selector| selects(selector, labels))
        }
        _ => route.meta.namespace == gateway.meta.namespace,
    };
    kind && namespace
}

/// A label of a namespace; every namespace carries its name.
fn label<'o>(objects: &'o Objects, namespace: &'o Str, key: &str) -> Option<&'o str> {
    if key == "kubernetes.io/metadata.name" {
        return Some(namespace);
    }
    objects.namespaces.iter().find(|meta| meta.name == *namespace)?.label(key)
}

fn selects<'o>(selector: &LabelSelector, label: impl Fn(&str) -> Option<&'o str>) -> bool {
    selector.match_labels.iter().all(|(key, value)| label(key) == Some(value))
        && selector.match_expressions.iter().all(|one| {
            let value = label(&one.key);
            let listed = || value.is_some_and(|value| one.values.iter().any(|wanted| **wanted == *value));
            match &*one.operator {
                "In" => listed(),
                "NotIn" => !listed(),
                "Exists" => value.is_some(),
                "DoesNotExist" => value.is_none(),
                _ => false,
            }
        })
}

/// The hosts that a listener and a route have in common; empty: none.
pub(super) fn common_hosts(listener: &str, route: &[Str]) -> Vec<Str> {
    if route.is_empty() {
        return vec![listener.to_ascii_lowercase().into()];
    }
    let listener = listener.to_ascii_lowercase();
    route
        .iter()
        .filter_map(|host| {
            let host = host.to_ascii_lowercase();
            if listener.is_empty() || covers(&listener, &host) {
                Some(host.into())
            } else if covers(&host, &listener) {
                Some(listener.as_str().into())
            } else {
                None
            }
        })
        .collect()
}

/// Whether a host name, maybe with a wildcard, stands for another one. A wildcard stands for any number of labels.
pub(super) fn covers(wide: &str, narrow: &str) -> bool {
    match wide.strip_prefix('*') {
        Some(suffix) => {
            let name = narrow.strip_prefix('*').unwrap_or(narrow);
            wide == narrow || name.len() > suffix.len() && name.ends_with(suffix)
        }
        None => wide.is_empty() || wide == narrow,
    }
}

/// How precisely a host name is meant: no wildcard before wildcards, longer before shorter.
pub(super) fn precision(host: &str) -> (bool, usize) {
    (!host.is_empty() && !host.starts_with('*'), host.len())
}

/// Whether a ReferenceGrant in the other namespace lets a route here name an object there.
pub(super) fn granted(
    objects: &Objects,
    from_kind: &str,
    from_namespace: &str,
    kind: &str,
    namespace: &str,
    name: &str,
) -> bool {
    objects.grants.iter().filter(|grant| &*grant.meta.namespace == namespace).any(|grant| {
        grant.spec.from.iter().any(|from| {
            &*from.group == GROUP && &*from.kind == from_kind && &*from.namespace == from_namespace
        }) && grant.spec.to.iter().any(|to| {
            to.group.is_empty()
                && &*to.kind == kind
                && to.name.as_deref().is_none_or(|wanted| wanted.is_empty() || wanted == name)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_in_common() {
        let common = |listener: &str, route: &[&str]| -> Vec<String> {
            let route: Vec<Str> = route.iter().map(|host| (*host).into()).collect();
            common_hosts(listener, &route).iter().map(ToString::to_string).collect()
        };
        assert_eq!(common("", &[]), [""]);
        assert_eq!(common("a.example", &[]), ["a.example"]);
        assert_eq!(
            common("*.zone.example", &["x.zone.example", "a.b.zone.example", "zone.example"]),
            ["x.zone.example", "a.b.zone.example"]
        );
        assert_eq!(common("exact.example", &["*.example"]), ["exact.example"]);
        assert_eq!(common("*.a.example", &["*.example"]), ["*.a.example"]);
        assert_eq!(common("*.example", &["*.a.example"]), ["*.a.example"]);
        assert!(common("a.example", &["b.example"]).is_empty());
    }
}
