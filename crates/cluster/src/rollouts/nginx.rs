//! Weights of ingress-nginx: a second Ingress with the annotations of a canary (rollout/trafficrouting/nginx/nginx.go).

use std::sync::Arc;

use opscape_manifest::api::meta::ObjectMeta;
use opscape_manifest::api::rollout::NginxTrafficRouting;
use opscape_manifest::api::{Object, Other};
use opscape_manifest::value::{Map, Value};

use super::reconcile::{Reconcile, Retry};
use crate::Message;

const PREFIX: &str = "nginx.ingress.kubernetes.io";
const CLASS: &str = "kubernetes.io/ingress.class";

/// The longest name of an object, with room for the suffix.
const LONGEST_NAME: usize = 253;
const SUFFIX: &str = "-canary";

/// The name of the canary Ingress (`GetCanaryIngressName`).
fn canary_name(rollout: &str, stable: &str) -> String {
    let mut name = [rollout, "-", stable].concat();
    name.truncate(LONGEST_NAME - SUFFIX.len());
    name + SUFFIX
}

impl Reconcile<'_, '_> {
    /// `SetWeight`
    pub(super) fn set_nginx_weight(&mut self, nginx: &NginxTrafficRouting, weight: i32) -> Result<(), Retry> {
        for stable in nginx.ingresses() {
            if let Err(message) = self.set_weight_of(nginx, stable, weight) {
                self.tell(&Message::warning("TrafficRoutingError", &message));
                return Err(Retry);
            }
        }
        Ok(())
    }

    fn set_weight_of(
        &mut self,
        nginx: &NginxTrafficRouting,
        stable: &str,
        weight: i32,
    ) -> Result<(), String> {
        let meta = self.rollout.metadata.clone();
        let find = |name: &str, store: &crate::Store| store.object("Ingress", &meta.namespace, name);
        let Some(Object::Other(ingress)) = find(stable, self.api.store()) else {
            return Err(format!(
                "error retrieving stableIngress `{stable}` from cache: ingress.networking.k8s.io \"{stable}\" not found"
            ));
        };
        let name = canary_name(&meta.name, stable);
        let wanted = self.canary_ingress(nginx, &ingress, &name, weight)?;
        let Some(Object::Other(known)) = find(&name, self.api.store()) else {
            let text = format!("Creating canary ingress `{name}` with weight `{weight}`");
            self.tell(&Message::normal("CreatingCanaryIngress", &text));
            return self
                .api
                .create(Object::Other(Arc::new(wanted)), self.context)
                .map(|_| ())
                .map_err(|error| format!("error creating canary ingress `{name}`: {error}"));
        };
        if known.metadata.controller().is_none_or(|owner| owner.uid != meta.uid) {
            return Err(format!("canary ingress `{name}` controlled by different object"));
        }
        if known.metadata.annotations == wanted.metadata.annotations
            && known.body.get("spec") == wanted.body.get("spec")
        {
            return Ok(());
        }
        let text = format!("Updating Ingress `{name}` to desiredWeight '{weight}'");
        self.tell(&Message::normal("PatchingCanaryIngress", &text));
        let mut new = Other::clone(&known);
        new.metadata.annotations = wanted.metadata.annotations;
        if let Some(spec) = wanted.body.get("spec") {
            new.body.insert("spec".to_owned(), spec.clone());
        }
        self.api.replace(&Object::Other(known), Object::Other(Arc::new(new)), self.context);
        Ok(())
    }

    /// `buildCanaryIngress`: the rules of the stable Ingress that lead to the stable Service, to the canary Service.
    fn canary_ingress(
        &self,
        nginx: &NginxTrafficRouting,
        stable: &Other,
        name: &str,
        weight: i32,
    ) -> Result<Other, String> {
        let Some(canary) = &self.rollout.spec.strategy.canary else { return Err(String::new()) };
        let Some(Value::Map(from)) = stable.body.get("spec") else { return Err(String::new()) };
        let mut spec = Map::new();
        for key in ["tls", "ingressClassName"] {
            if let Some(value) = from.get(key) {
                spec.insert(key.to_owned(), value.clone());
            }
        }
        let mut rules = from.get("rules").and_then(Value::as_list).unwrap_or_default().to_vec();
        rules.retain_mut(|rule| redirect(rule, &canary.stable_service, &canary.canary_service));
        if rules.is_empty() {
            return Err(format!(
                "ingress `{}` has no rules using service {} backend",
                stable.metadata.name, canary.stable_service
            ));
        }
        spec.insert("rules".to_owned(), Value::List(rules));
        let prefix = if nginx.annotation_prefix.is_empty() { PREFIX } else { &nginx.annotation_prefix };
        let mut metadata = ObjectMeta {
            name: name.into(),
            namespace: self.rollout.metadata.namespace.clone(),
            owner_references: vec![self.reference()],
            ..ObjectMeta::default()
        };
        if let Some(class) = stable.metadata.annotation(CLASS) {
            metadata.set_annotation(CLASS, class);
        }
        for (key, value) in nginx.additional_ingress_annotations.iter() {
            let key = if key.starts_with(prefix) { key.to_string() } else { [prefix, "/", key].concat() };
            metadata.set_annotation(&key, value);
        }
        metadata.set_annotation(&[prefix, "/canary"].concat(), "true");
        metadata.set_annotation(&[prefix, "/canary-weight"].concat(), &weight.to_string());
        let total = canary.traffic_routing.as_ref().and_then(|routing| routing.max_traffic_weight);
        if let Some(total) = total {
            metadata.set_annotation(&[prefix, "/canary-weight-total"].concat(), &total.to_string());
        }
        let body = Map::from([("spec".to_owned(), Value::Map(spec))]);
        Ok(Other { api_version: "networking.k8s.io/v1".into(), kind: "Ingress".into(), metadata, body })
    }
}

/// Lets the paths of a rule lead to another Service; whether one of them led to the first.
fn redirect(rule: &mut Value, from: &str, to: &str) -> bool {
    let paths = rule
        .as_map_mut()
        .and_then(|rule| rule.get_mut("http"))
        .and_then(Value::as_map_mut)
        .and_then(|http| http.get_mut("paths"));
    let Some(Value::List(paths)) = paths else { return false };
    let mut found = false;
    for path in paths {
        let service = path
            .as_map_mut()
            .and_then(|path| path.get_mut("backend"))
            .and_then(Value::as_map_mut)
            .and_then(|backend| backend.get_mut("service"))
            .and_then(Value::as_map_mut);
        let Some(service) = service else { continue };
        if service.get("name").and_then(Value::as_str) == Some(from) {
            service.insert("name".to_owned(), to.into());
            found = true;
        }
    }
    found
}
