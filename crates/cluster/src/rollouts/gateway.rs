//! Weights of the Gateway API: the backendRefs of HTTPRoutes (argoproj-labs/rollouts-plugin-trafficrouter-gatewayapi,
//! pkg/plugin/httproute.go).

use std::sync::Arc;

use opscape_manifest::api::{Object, Other};
use opscape_manifest::value::Value;

use super::reconcile::{Reconcile, Retry};
use crate::Message;

impl Reconcile<'_, '_> {
    /// `setHTTPRouteWeight` for each route that the plugin's settings name.
    pub(super) fn set_gateway_weight(&mut self, settings: &Value, weight: i32) -> Result<(), Retry> {
        let namespace = settings.str_at(&["namespace"]).filter(|text| !text.is_empty());
        let namespace = namespace.unwrap_or(&self.rollout.metadata.namespace).to_owned();
        let many = settings.get("httpRoutes").and_then(Value::as_list).unwrap_or_default();
        let names = settings
            .str_at(&["httpRoute"])
            .into_iter()
            .chain(many.iter().filter_map(|route| route.str_at(&["name"])));
        let names: Vec<String> = names.map(str::to_owned).collect();
        for name in names {
            if let Err(message) = self.set_route_weight(&namespace, &name, weight) {
                self.tell(&Message::warning("TrafficRoutingError", &message));
                return Err(Retry);
            }
        }
        Ok(())
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
