//! Weights and headers of the Gateway API: the rules of HTTPRoutes (argoproj-labs/rollouts-plugin-trafficrouter-gatewayapi,
//! pkg/plugin/httproute.go).

use std::collections::BTreeMap;
use std::sync::Arc;

use opscape_manifest::api::meta::ObjectMeta;
use opscape_manifest::api::rollout::{HeaderRoutingMatch, SetHeaderRoute};
use opscape_manifest::api::{ConfigMap, Object, Other};
use opscape_manifest::print;
use opscape_manifest::value::{Map, Value};

use super::reconcile::{Reconcile, Retry};
use crate::Message;

impl Reconcile<'_, '_> {
    /// `setHTTPRouteWeight` for each route that the plugin's settings name.
    pub(super) fn set_gateway_weight(&mut self, settings: &Value, weight: i32) -> Result<(), Retry> {
        let namespace = self.namespace_of(settings);
        for (name, _) in routes_of(settings) {
            if let Err(message) = self.set_route_weight(&namespace, &name, weight) {
                self.tell(&Message::warning("TrafficRoutingError", &message));
                return Err(Retry);
            }
        }
        Ok(())
    }

    fn namespace_of(&self, settings: &Value) -> String {
        let namespace = settings.str_at(&["namespace"]).filter(|text| !text.is_empty());
        namespace.unwrap_or(&self.rollout.metadata.namespace).to_owned()
    }

    /// `setHTTPHeaderRoute`: a rule more, with the paths and filters of the one that leads to both Services.
    pub(super) fn add_header_route(
        &mut self,
        settings: &Value,
        header: &SetHeaderRoute,
    ) -> Result<(), Retry> {
        let namespace = self.namespace_of(settings);
        let Some(canary) = self.rollout.spec.strategy.canary.clone() else { return Ok(()) };
        for (name, _) in routes_of(settings).into_iter().filter(|(_, headers)| *headers) {
            let mut known = self.managed(settings, &namespace);
            if known.get(&*header.name).is_some_and(|routes| routes.contains_key(&name)) {
                continue;
            }
            let rule = |rules: &mut Vec<Value>| {
                let services = [&*canary.canary_service, &*canary.stable_service];
                let own = rules.iter().find(|rule| leads_to(rule, services))?;
                let added = header_rule(own, &canary.canary_service, &header.matches);
                rules.push(added);
                Some(rules.len() - 1)
            };
            let Some(at) = self.change_rules(&namespace, &name, rule)? else {
                let message = "backendRef was not found in httpRoute";
                self.tell(&Message::warning("TrafficRoutingError", message));
                return Err(Retry);
            };
            known.entry(header.name.to_string()).or_default().insert(name, at);
            self.keep_managed(settings, &namespace, &known)?;
        }
        Ok(())
    }

    /// `removeHTTPManagedRoutes`
    pub(super) fn remove_header_route(&mut self, settings: &Value, header: &str) -> Result<(), Retry> {
        let namespace = self.namespace_of(settings);
        let mut known = self.managed(settings, &namespace);
        let Some(routes) = known.remove(header) else { return Ok(()) };
        for (name, at) in routes {
            self.change_rules(&namespace, &name, |rules| {
                if at < rules.len() {
                    rules.remove(at);
                }
                Some(at)
            })?;
            for other in known.values_mut() {
                if let Some(index) = other.get_mut(&name).filter(|index| **index > at) {
                    *index -= 1;
                }
            }
        }
        self.keep_managed(settings, &namespace, &known)
    }

    /// Changes the rules of an HTTPRoute; what `change` gives is given back, none: nothing was changed.
    fn change_rules(
        &mut self,
        namespace: &str,
        name: &str,
        change: impl FnOnce(&mut Vec<Value>) -> Option<usize>,
    ) -> Result<Option<usize>, Retry> {
        let Some(Object::Other(route)) = self.api.store().object("HTTPRoute", namespace, name) else {
            let message = format!("httproutes.gateway.networking.k8s.io \"{name}\" not found");
            self.tell(&Message::warning("TrafficRoutingError", &message));
            return Err(Retry);
        };
        let mut new = Other::clone(&route);
        let spec = new.body.get_mut("spec").and_then(Value::as_map_mut);
        let Some(Value::List(rules)) = spec.and_then(|spec| spec.get_mut("rules")) else { return Ok(None) };
        let Some(at) = change(rules) else { return Ok(None) };
        self.api.replace(&Object::Other(route), Object::Other(Arc::new(new)), self.context);
        Ok(Some(at))
    }

    /// Which rules were made: by the managed route and the HTTPRoute, its place among the rules. The plugin keeps this in a
    /// ConfigMap.
    fn managed(&self, settings: &Value, namespace: &str) -> Managed {
        let map = self.api.store().get::<ConfigMap>(namespace, config_map(settings));
        let text = map.and_then(|map| map.data.get(KEY)).map(ToString::to_string).unwrap_or_default();
        let checked = opscape_manifest::check(&text);
        let value = checked.documents.into_iter().next().map(|document| document.value);
        let mut managed = Managed::new();
        for (header, routes) in value.as_ref().and_then(Value::as_map).into_iter().flatten() {
            let places = routes
                .as_map()
                .into_iter()
                .flatten()
                .filter_map(|(name, at)| Some((name.clone(), usize::try_from(at.as_int()?).ok()?)));
            managed.insert(header.clone(), places.collect());
        }
        managed
    }

    fn keep_managed(&mut self, settings: &Value, namespace: &str, managed: &Managed) -> Result<(), Retry> {
        let places = |routes: &BTreeMap<String, usize>| {
            let place = |(name, at): (&String, &usize)| {
                (name.clone(), Value::Int(i64::try_from(*at).unwrap_or(i64::MAX)))
            };
            Value::Map(routes.iter().map(place).collect())
        };
        let whole: Map = managed.iter().map(|(header, routes)| (header.clone(), places(routes))).collect();
        let text = print::to_json(&Value::Map(whole));
        let name = config_map(settings);
        if self.api.store().get::<ConfigMap>(namespace, name).is_none() {
            let metadata =
                ObjectMeta { name: name.into(), namespace: namespace.into(), ..ObjectMeta::default() };
            let map = ConfigMap { metadata, ..ConfigMap::default() };
            self.api.create(Object::ConfigMap(Arc::new(map)), self.context).map_err(|_| Retry)?;
        }
        let written = self.api.modify::<ConfigMap>(namespace, name, self.context, |map| {
            map.data.insert(KEY.into(), text.as_str().into());
        });
        written.map(|_| ()).map_err(|_| Retry)
    }

    fn set_route_weight(&mut self, namespace: &str, name: &str, weight: i32) -> Result<(), String> {
        let Some(Object::Other(route)) = self.api.store().object("HTTPRoute", namespace, name) else {
            return Err(format!("httproutes.gateway.networking.k8s.io \"{name}\" not found"));
        };
        let Some(canary) = &self.rollout.spec.strategy.canary else { return Ok(()) };
        let mut new = Other::clone(&route);
        let rules =
            new.body.get_mut("spec").and_then(Value::as_map_mut).and_then(|spec| spec.get_mut("rules"));
        let mut found = false;
        if let Some(Value::List(rules)) = rules {
            for rule in rules {
                found |=
                    weigh(rule, (&canary.canary_service, weight), (&canary.stable_service, 100 - weight));
            }
        }
        if !found {
            return Err("backendRef was not found in httpRoute".to_owned());
        }
        if new != *route {
            self.api.replace(&Object::Other(route), Object::Other(Arc::new(new)), self.context);
        }
        Ok(())
    }
}

/// By the managed route, then by the HTTPRoute.
type Managed = BTreeMap<String, BTreeMap<String, usize>>;

/// The key of the plugin's ConfigMap (`HTTPConfigMapKey`).
const KEY: &str = "httpManagedRoutes";

fn config_map(settings: &Value) -> &str {
    settings.str_at(&["configMap"]).unwrap_or("argo-gatewayapi-configmap")
}

/// The HTTPRoutes that the plugin's settings name, and whether steps may add rules for headers to them.
fn routes_of(settings: &Value) -> Vec<(String, bool)> {
    let one = settings.str_at(&["httpRoute"]).map(|name| (name.to_owned(), true));
    let many = settings.get("httpRoutes").and_then(Value::as_list).unwrap_or_default();
    let many = many.iter().filter_map(|route| {
        let headers = route.get("useHeaderRoutes").and_then(Value::as_bool).unwrap_or_default();
        Some((route.str_at(&["name"])?.to_owned(), headers))
    });
    one.into_iter().chain(many).collect()
}

fn leads_to(rule: &Value, services: [&str; 2]) -> bool {
    let references = rule.get("backendRefs").and_then(Value::as_list).unwrap_or_default();
    let named = |name: &&str| references.iter().any(|one| one.str_at(&["name"]) == Some(name));
    services.iter().all(named)
}

/// A rule that sends requests with these headers to the canary, and else is as another one.
fn header_rule(own: &Value, canary: &str, headers: &[HeaderRoutingMatch]) -> Value {
    let map = |pairs: Vec<(&str, Value)>| -> Value {
        Value::Map(pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<Map>())
    };
    let header = |one: &HeaderRoutingMatch| {
        let value = one.header_value.clone().unwrap_or_default();
        let (kind, value) = if !value.exact.is_empty() {
            ("Exact", value.exact.to_string())
        } else if !value.prefix.is_empty() {
            ("RegularExpression", [&*value.prefix, ".*"].concat())
        } else {
            ("RegularExpression", value.regex.to_string())
        };
        map(vec![("name", Value::from(&*one.header_name)), ("type", kind.into()), ("value", value.into())])
    };
    let headers = Value::List(headers.iter().map(header).collect());
    // The API's default where nothing is said.
    let everything =
        vec![map(vec![("path", map(vec![("type", "PathPrefix".into()), ("value", "/".into())]))])];
    let matches = own.get("matches").and_then(Value::as_list).filter(|list| !list.is_empty());
    let matches = matches.unwrap_or(&everything).iter().map(|one| {
        let mut pairs = vec![("headers", headers.clone())];
        for key in ["path", "queryParams"] {
            pairs.extend(one.get(key).map(|value| (key, value.clone())));
        }
        map(pairs)
    });
    let references = own.get("backendRefs").and_then(Value::as_list).unwrap_or_default();
    let port =
        references.iter().find(|one| one.str_at(&["name"]) == Some(canary)).and_then(|one| one.get("port"));
    let mut backend = vec![
        ("group", Value::from("")),
        ("kind", "Service".into()),
        ("name", canary.into()),
        ("weight", Value::Int(1)),
    ];
    backend.extend(port.map(|port| ("port", port.clone())));
    let mut rule =
        vec![("matches", Value::List(matches.collect())), ("backendRefs", Value::List(vec![map(backend)]))];
    rule.extend(own.get("filters").map(|filters| ("filters", filters.clone())));
    map(rule)
}

/// Sets the weights of a rule that leads to both Services; whether it does.
fn weigh(rule: &mut Value, canary: (&str, i32), stable: (&str, i32)) -> bool {
    let references = rule.as_map_mut().and_then(|rule| rule.get_mut("backendRefs"));
    let Some(Value::List(references)) = references else { return false };
    let named = |name: &str, list: &[Value]| list.iter().any(|one| one.str_at(&["name"]) == Some(name));
    if !named(canary.0, references) || !named(stable.0, references) {
        return false;
    }
    for reference in references {
        for (name, weight) in [canary, stable] {
            if reference.str_at(&["name"]) == Some(name)
                && let Some(reference) = reference.as_map_mut()
            {
                reference.insert("weight".to_owned(), Value::Int(i64::from(weight)));
            }
        }
    }
    true
}
