//! Argo Rollouts. The API server only looks at the schema of the custom resources; what else is wrong with a Rollout its
//! controller finds, and says in the condition InvalidSpec (argo-rollouts v1.8, pkg/apis/rollouts/validation/validation.go).

use super::error::{Errors, FieldError};
use super::field::{Field, Paths};
use super::meta::label_selector;
use super::workloads::{EMPTY_SELECTOR, number_of, template_of};
use crate::api::rollout::RolloutPause;
use crate::codec::from_value;
use crate::golang::quote;
use crate::value::Value;
use crate::{defaults, print};

/// What the schema of the custom resource refuses.
pub(super) fn schema(root: &Field<'_>, errors: &mut Errors) {
    let blue_green = root.at(&["spec", "strategy", "blueGreen"]);
    if blue_green.is_set() {
        needed(&blue_green, "activeService", errors);
    }
}

/// The same for AnalysisTemplates and AnalysisRuns.
pub(super) fn analysis_schema(root: &Field<'_>, errors: &mut Errors) {
    let spec = root.child("spec");
    for metric in spec.child("metrics").items() {
        needed(&metric, "name", errors);
        needed(&metric, "provider", errors);
    }
    for argument in spec.child("args").items() {
        needed(&argument, "name", errors);
    }
}

fn needed(parent: &Field<'_>, name: &'static str, errors: &mut Errors) {
    let field = parent.child(name);
    if !field.is_set() {
        errors.required(&field, "");
    }
}

/// What the controller finds wrong with a Rollout by itself, in its words and its order (`ValidateRollout`). What it
/// cannot do here is said as well, in ours.
pub fn rollout_spec(object: &Value) -> Vec<FieldError> {
    let mut object = object.clone();
    default_template(&mut object);
    let paths = Paths::default();
    let root = Field::root(&object, &paths);
    let mut errors = Errors::default();
    whole(&root.child("spec"), &mut errors);
    not_simulated(&root.child("spec"), &mut errors);
    errors.0
}

/// The checks of pods expect templates with defaults; a Rollout's has none.
fn default_template(object: &mut Value) {
    let Some(spec) = object.as_map_mut().and_then(|root| root.get_mut("spec")).and_then(Value::as_map_mut)
    else {
        return;
    };
    let template = spec.get("template").cloned().unwrap_or_default();
    let mut wrapped = Value::Map(
        [("apiVersion", Value::from("v1")), ("kind", "PodTemplate".into()), ("template", template)]
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect(),
    );
    defaults::apply(&mut wrapped);
    if let Some(template) = wrapped.get("template") {
        spec.insert("template".to_owned(), template.clone());
    }
}

fn whole(spec: &Field<'_>, errors: &mut Errors) {
    errors.not_negative(&spec.child("replicas"));
    let selector = spec.child("selector");
    if !spec.child("workloadRef").is_set() {
        if selector.is_set() {
            label_selector(&selector, errors);
            if selector.child("matchLabels").is_empty() && selector.child("matchExpressions").is_empty() {
                errors.invalid(&selector, EMPTY_SELECTOR);
            }
        } else {
            errors.required(&selector, "Rollout has missing field '.spec.selector'");
        }
        template_of(spec, errors);
    }
    let ready = spec.child("minReadySeconds");
    errors.not_negative(&ready);
    errors.not_negative(&spec.child("revisionHistoryLimit"));
    let deadline = spec.child("progressDeadlineSeconds");
    errors.not_negative(&deadline);
    let seconds = deadline.int().unwrap_or(600);
    if seconds <= ready.int().unwrap_or(0) {
        errors.invalid_raw(&deadline, seconds.to_string(), "must be greater than minReadySeconds");
    }
    strategy(spec, errors);
}

fn strategy(spec: &Field<'_>, errors: &mut Errors) {
    let strategy = spec.child("strategy");
    let (blue_green, canary) = (strategy.child("blueGreen"), strategy.child("canary"));
    // Upstream's paths leave out the name of the strategy.
    match (blue_green.is_set(), canary.is_set()) {
        (false, false) => errors.required(
            &strategy.child("strategy"),
            "Rollout has missing field '.spec.strategy.canary or .spec.strategy.blueGreen'",
        ),
        (true, true) => errors.invalid_text(
            &strategy.child("strategy"),
            "blueGreen: true canary: true",
            "Multiple Strategies can not be listed",
        ),
        (true, false) => self::blue_green(spec, &strategy.with(blue_green.value), errors),
        (false, true) => self::canary(&strategy.with(canary.value), errors),
    }
}

fn blue_green(spec: &Field<'_>, strategy: &Field<'_>, errors: &mut Errors) {
    let active = strategy.child("activeService");
    if active.text() == strategy.child("previewService").text() {
        let message = "This rollout uses the same service for the active and preview services, but two different services are required.";
        errors.invalid_text(&active, active.text(), message);
    }
    let limit = strategy.child("scaleDownDelayRevisionLimit");
    let history = spec.child("revisionHistoryLimit").int().unwrap_or(10);
    if limit.int().is_some_and(|limit| history < limit) {
        let message =
            "This rollout's revision history limit can not be smaller than the rollout's scale down limit";
        errors.invalid(&limit, message);
    }
    anti_affinity(&strategy.child("antiAffinity"), errors);
}

/// The 25 that stands for 25 % where nothing is said.
fn limit(field: &Field<'_>) -> i64 {
    if field.is_set() { number_of(field) } else { 25 }
}

fn canary(strategy: &Field<'_>, errors: &mut Errors) {
    let surge = strategy.child("maxSurge");
    if limit(&surge) == 0 && limit(&strategy.child("maxUnavailable")) == 0 {
        let shown = match surge.value {
            Value::String(text) => quote(text),
            value => print::to_json(value),
        };
        errors.invalid_raw(&surge, shown, "MaxSurge and MaxUnavailable both can not be zero");
    }
    let (stable, canary) = (strategy.child("stableService"), strategy.child("canaryService"));
    if !stable.text().is_empty() && stable.text() == canary.text() {
        let message = "This rollout uses the same service for the stable and canary services, but two different services are required.";
        errors.invalid(&stable, message);
    }
    let routing = strategy.child("trafficRouting");
    let (delay, dynamic) = (strategy.child("scaleDownDelaySeconds"), strategy.child("dynamicStableScale"));
    if routing.is_set() {
        for service in [&stable, &canary] {
            if service.text().is_empty() {
                let message = "Canary service and Stable service must to be set to use Traffic Routing";
                errors.invalid_text(service, "", message);
            }
        }
        if delay.is_set() && dynamic.is_true() {
            errors.invalid(&dynamic, "Canary dynamicStableScale cannot be used with scaleDownDelaySeconds");
        }
    } else {
        if delay.is_set() {
            errors.invalid(&delay, "Canary scaleDownDelaySeconds can only be used with traffic routing");
        }
        if dynamic.is_true() {
            errors.invalid(&dynamic, "Canary dynamicStableScale can only be used with traffic routing");
        }
    }
    for step in strategy.child("steps").items() {
        self::step(&step, &routing, errors);
    }
    anti_affinity(&strategy.child("antiAffinity"), errors);
}

const STEP: &str = "Step must have one of the following set: experiment, setWeight, setCanaryScale or pause";

fn step(step: &Field<'_>, routing: &Field<'_>, errors: &mut Errors) {
    let set = |name: &'static str| step.child(name).is_set();
    let one_of = ["setWeight", "pause", "experiment", "analysis"];
    if one_of.iter().filter(|name| set(name)).count() > 1 {
        let shown = format!(
            "step.Experiment: {} step.Pause: {} step.SetWeight: {} step.Analysis: {}",
            set("experiment"),
            set("pause"),
            set("setWeight"),
            set("analysis")
        );
        errors.invalid_text(step, &shown, STEP);
    }
    let others = ["setCanaryScale", "setHeaderRoute", "setMirrorRoute", "plugin"];
    if !one_of.iter().chain(&others).any(|name| set(name)) {
        // To the letter: it says of each whether it is missing.
        let shown = "step.Experiment: true step.Pause: true step.SetWeight: true step.Analysis: true step.SetCanaryScale: true step.SetHeaderRoute: true step.SetMirrorRoutes: true";
        errors.invalid_text(step, shown, STEP);
    }
    let weight = step.child("setWeight");
    if weight.int().is_some_and(|weight| !(0..=100).contains(&weight)) {
        errors.invalid(&weight, "SetWeight needs to be between 0 and 100");
    }
    let pause = step.child("pause");
    if pause.is_set() {
        let seconds = from_value::<RolloutPause>(pause.value).map_or(-1, |pause| pause.seconds());
        if seconds < 0 {
            let duration = pause.child("duration");
            errors.invalid_raw(&duration, seconds.to_string(), "Duration needs to be greater than 0");
        }
    }
    if set("setCanaryScale") && !routing.is_set() {
        errors.required(routing, "SetCanaryScale requires TrafficRouting to be set");
    }
    if set("setHeaderRoute") {
        header_route(&step.child("setHeaderRoute"), routing, errors);
    }
}

fn header_route(route: &Field<'_>, routing: &Field<'_>, errors: &mut Errors) {
    if routing.child("plugins").is_set() {
        for one in route.child("match").items() {
            let value = one.child("headerValue");
            let set = ["exact", "regex", "prefix"];
            match set.iter().filter(|name| !value.child(name).text().is_empty()).count() {
                0 => errors.invalid(&one, "StringMatch value missed, match value must have one of the following: exact, regex, prefix"),
                1 => {}
                _ => errors.invalid(&one, "StringMatch match value must have exactly one of the following: exact, regex, prefix"),
            }
        }
    } else {
        let message = "SetHeaderRoute requires TrafficRouting, supports Istio and ALB and Apisix";
        errors.invalid(route, message);
    }
    if !routing.is_set() {
        return;
    }
    let managed = routing.child("managedRoutes");
    if !managed.is_set() {
        let message = "Rollout has missing field 'spec.strategy.canary.trafficRouting.managedRoutes'";
        errors.required(&managed, message);
    } else if !managed.items().any(|one| one.child("name").text() == route.child("name").text()) {
        let message =
            "Steps define a route that does not exist in spec.strategy.canary.trafficRouting.managedRoutes";
        errors.invalid_text(route, route.child("name").text(), message);
    }
}

/// `ValidateRolloutStrategyAntiAffinity`
fn anti_affinity(rule: &Field<'_>, errors: &mut Errors) {
    if !rule.is_set() {
        return;
    }
    let preferred = rule.child("preferredDuringSchedulingIgnoredDuringExecution");
    let required = rule.child("requiredDuringSchedulingIgnoredDuringExecution");
    if preferred.is_set() == required.is_set() {
        let shown = format!(
            "antiAffinity.PreferredDuringSchedulingIgnoredDuringExecution: {} antiAffinity.RequiredDuringSchedulingIgnoredDuringExecution: {}",
            preferred.is_set(),
            required.is_set()
        );
        errors.invalid_text(rule, &shown, "AntiAffinity must have exactly one strategy listed");
    }
    let weight = preferred.child("weight").int().unwrap_or_default();
    if preferred.is_set() && !(1..=100).contains(&weight) {
        let message = "AntiAffinity weight must be between 1-100";
        errors.invalid_raw(&rule.child("weight"), weight.to_string(), message);
    }
}

/// What Argo Rollouts can do and Opscape cannot: the Rollout would wait for something that never happens.
fn not_simulated(spec: &Field<'_>, errors: &mut Errors) {
    let mut refuse = |field: &Field<'_>, what: &str| {
        if field.is_set() {
            errors.forbidden(field, &["Opscape does not simulate ", what].concat());
        }
    };
    let canary = spec.at(&["strategy", "canary"]);
    let routing = canary.child("trafficRouting");
    for name in ["istio", "alb", "smi", "ambassador", "appMesh", "traefik", "apisix"] {
        refuse(
            &routing.child(name),
            "this traffic router; nginx and the Gateway API plugin (argoproj-labs/gatewayAPI) are simulated",
        );
    }
    for (name, plugin) in routing.child("plugins").entries() {
        if name != crate::api::rollout::GATEWAY_PLUGIN {
            refuse(&plugin, "this plugin; argoproj-labs/gatewayAPI is simulated");
        }
    }
    refuse(&canary.child("pingPong"), "pingPong");
    for step in canary.child("steps").items() {
        for name in ["experiment", "setMirrorRoute", "plugin"] {
            refuse(
                &step.child(name),
                "this step; setWeight, pause, setCanaryScale, setHeaderRoute and analysis are simulated",
            );
        }
    }
}
