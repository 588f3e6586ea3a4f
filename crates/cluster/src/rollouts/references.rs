//! What a Rollout refers to must be there (`getReferencedServices` and others in rollout/controller.go,
//! pkg/apis/rollouts/validation/validation_references.go).

use opscape_manifest::api::rollout::RolloutAnalysis;
use opscape_manifest::api::{Object, Service};
use opscape_manifest::golang::quote;
use opscape_manifest::value::Value;

use super::reconcile::Reconcile;
use super::services::MANAGED_BY;
use super::sets;

fn invalid(path: &str, value: &str, detail: &str) -> String {
    format!("{path}: Invalid value: {}: {detail}", quote(value))
}

/// The first thing that is missing, or does not fit.
pub(super) fn first_error(reconcile: &Reconcile<'_, '_>) -> Option<String> {
    let strategy = &reconcile.rollout.spec.strategy;
    let mut services: Vec<(String, &str)> = Vec::new();
    let mut analyses: Vec<(String, &RolloutAnalysis)> = Vec::new();
    if let Some(one) = &strategy.blue_green {
        let path = |name: &str| ["spec.strategy.blueGreen.", name].concat();
        services.push((path("activeService"), &one.active_service));
        services.push((path("previewService"), &one.preview_service));
        let runs = [
            ("prePromotionAnalysis.templates", &one.pre_promotion_analysis),
            ("postPromotionAnalysis.templates", &one.post_promotion_analysis),
        ];
        for (name, run) in runs {
            analyses.extend(run.as_ref().map(|run| (path(name), run)));
        }
    }
    if let Some(one) = &strategy.canary {
        let path = |name: &str| ["spec.strategy.canary.", name].concat();
        services.push((path("stableService"), &one.stable_service));
        services.push((path("canaryService"), &one.canary_service));
        for (index, step) in one.steps.iter().enumerate() {
            let name = format!("steps[{index}].analysis.templates");
            analyses.extend(step.analysis.as_ref().map(|run| (path(&name), run)));
        }
        analyses.extend(one.analysis.as_ref().map(|run| (path("analysis.templates"), run)));
    }
    let service = services.iter().find_map(|(path, name)| service_error(reconcile, path, name));
    let analysis = || analyses.iter().find_map(|(path, run)| analysis_error(reconcile, path, run));
    service.or_else(analysis).or_else(|| ingress_error(reconcile))
}

fn service_error(reconcile: &Reconcile<'_, '_>, path: &str, name: &str) -> Option<String> {
    if name.is_empty() {
        return None;
    }
    let meta = &reconcile.rollout.metadata;
    let Some(service) = reconcile.api.store().get::<Service>(&meta.namespace, name) else {
        return Some(invalid(path, name, &format!("service {} not found", quote(name))));
    };
    let owner = service.metadata.annotation(MANAGED_BY);
    if owner.is_some_and(|owner| *owner != *meta.name) {
        let detail = format!("Service {} is managed by another Rollout", quote(name));
        return Some(invalid(path, name, &detail));
    }
    let labels = &reconcile.rollout.spec.template.metadata.labels;
    let wrong = service
        .spec
        .selector
        .iter()
        .find(|(key, value)| &***key != sets::HASH && labels.get(*key) != Some(value));
    wrong.map(|(key, _)| {
        let detail = format!("Service {} has unmatch label {} in rollout", quote(name), quote(key));
        invalid(path, name, &detail)
    })
}

fn analysis_error(reconcile: &Reconcile<'_, '_>, path: &str, run: &RolloutAnalysis) -> Option<String> {
    run.templates.iter().find_map(|template| {
        let name = &*template.template_name;
        let found = reconcile.template(name, template.cluster_scope);
        let kind = if template.cluster_scope { "ClusterAnalysisTemplate" } else { "AnalysisTemplate" };
        found.is_none().then(|| invalid(path, name, &format!("{kind} '{name}' not found")))
    })
}

fn ingress_error(reconcile: &Reconcile<'_, '_>) -> Option<String> {
    let canary = reconcile.rollout.spec.strategy.canary.as_ref()?;
    let nginx = canary.traffic_routing.as_ref()?.nginx.as_ref()?;
    let path = "spec.strategy.canary.trafficRouting.nginx.stableIngress";
    let namespace = &reconcile.rollout.metadata.namespace;
    nginx.ingresses().iter().find_map(|name| {
        let Some(Object::Other(ingress)) = reconcile.api.store().object("Ingress", namespace, name) else {
            let detail = format!("ingress.networking.k8s.io {} not found", quote(name));
            return Some(invalid(path, name, &detail));
        };
        let rules = ingress.body.get("spec").and_then(|spec| spec.get("rules")).and_then(Value::as_list);
        let leads = rules.unwrap_or_default().iter().any(|rule| {
            let paths = rule.at(&["http", "paths"]).and_then(Value::as_list).unwrap_or_default();
            paths
                .iter()
                .any(|path| path.str_at(&["backend", "service", "name"]) == Some(&canary.stable_service))
        });
        let detail = format!("ingress `{name}` has no rules using service {} backend", canary.stable_service);
        (!leads).then(|| invalid(path, name, &detail))
    })
}
