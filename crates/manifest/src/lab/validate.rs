//! What a `Lab` document may not say.

use super::validate_load::{address, one_of};
use super::{Action, Check, Duration, Lab, MAX_STEPS};
use crate::validation::FieldError;
use crate::value::Value;

/// The findings of a decoded lab, in the API server's form.
pub fn validate(lab: &Lab) -> Vec<FieldError> {
    let mut errors = Vec::new();
    super::validate_nodes::validate(&lab.spec, &mut errors);
    for (i, image) in lab.spec.images.iter().enumerate() {
        let path = format!("spec.images[{i}]");
        if image.name.is_empty() {
            errors.push(FieldError::required(format!("{path}.name"), ""));
        }
        let spans = [
            ("pullTime", image.pull_time),
            ("startTime", image.start_time),
            ("readyAfter", image.ready_after),
            ("exitAfter", image.exit_after),
            ("shutdownTime", image.shutdown_time),
            ("unhealthyAfter", image.unhealthy_after),
            ("unhealthyFor", image.unhealthy_for),
        ];
        for (name, span) in spans {
            not_negative(span, &format!("{path}.{name}"), &mut errors);
        }
        if image.unhealthy_after.is_none() {
            let needs = [
                ("unhealthyFor", image.unhealthy_for.is_some()),
                ("unhealthyTimes", image.unhealthy_times.is_some()),
                ("unhealthyPath", image.unhealthy_path.is_some()),
                ("hangs", image.hangs == Some(true)),
            ];
            for (name, _) in needs.into_iter().filter(|(_, set)| *set) {
                errors.push(FieldError::forbidden(
                    format!("{path}.{name}"),
                    "may only be set together with `unhealthyAfter`",
                ));
            }
        }
        for (j, point) in image.memory_over_time.iter().enumerate() {
            not_negative(Some(point.after), &format!("{path}.memoryOverTime[{j}].after"), &mut errors);
        }
    }
    super::registry::validate(&lab.spec, &mut errors);
    super::schema::validate(&lab.spec, &mut errors);
    if let Some(balancers) = &lab.spec.load_balancers {
        super::load_balancers::validate(balancers, &mut errors);
    }
    for (i, lane) in lab.spec.lanes.iter().enumerate() {
        let path = format!("spec.lanes[{i}].name");
        if lane.name.is_empty() {
            errors.push(FieldError::required(path, ""));
        } else if lab.spec.lanes.iter().take(i).any(|other| other.name == lane.name) {
            errors.push(FieldError::invalid(
                path,
                &Value::String(lane.name.to_string()),
                "another lane has this name",
            ));
        }
    }
    super::validate_load::validate(&lab.spec, &mut errors);
    super::pipelines::validate(&lab.spec, &mut errors);
    steps(lab, &mut errors);
    for (i, check) in lab.spec.checks.iter().enumerate() {
        let path = format!("spec.checks[{i}]");
        condition(check, &path, &mut errors);
        if check.at.is_some() && check.within.is_some() {
            errors.push(FieldError::forbidden(format!("{path}.within"), "may not be set together with `at`"));
        }
        not_negative(check.at, &format!("{path}.at"), &mut errors);
        not_negative(check.within, &format!("{path}.within"), &mut errors);
    }
    if lab.spec.checks.len() > MAX_STEPS {
        errors.push(FieldError::forbidden(
            "spec.checks".to_owned(),
            format!("must have at most {MAX_STEPS} items"),
        ));
    }
    errors
}

fn condition(check: &Check, path: &str, errors: &mut Vec<FieldError>) {
    let subjects = [!check.get.is_empty(), check.measure.is_some(), check.route.is_some()];
    match subjects.into_iter().filter(|set| *set).count() {
        0 => errors.push(FieldError::required(path.to_owned(), "must specify one of: get, measure, route")),
        1 => {}
        _ => errors.push(FieldError::forbidden(
            path.to_owned(),
            "may not specify more than 1 of: get, measure, route",
        )),
    }
    let [get, measure, route] = subjects;
    let needs = [
        ("selector", "get", check.selector.is_some() && !get),
        ("jsonPath", "get", check.json_path.is_some() && !get),
        ("of", "measure", check.of.is_some() && !measure),
        ("over", "measure", check.over.is_some() && !measure),
        ("since", "measure", check.since.is_some() && !measure),
        ("method", "route", check.method.is_some() && !route),
        ("headers", "route", !check.headers.is_empty() && !route),
    ];
    for (name, with, _) in needs.into_iter().filter(|(_, _, wrong)| *wrong) {
        let why = ["may only be set together with `", with, "`"].concat();
        errors.push(FieldError::forbidden([path, ".", name].concat(), why));
    }
    if let Some(measure) = &check.measure {
        one_of(Some(measure), Check::MEASURES, [path, ".measure"].concat(), errors);
        let (kind, name) = check.of.as_deref().unwrap_or_default().split_once('/').unwrap_or_default();
        if name.is_empty() {
            let what = "what is measured of, as load/shoppers, ingress/shop, service/web or deployment/web";
            errors.push(FieldError::required([path, ".of"].concat(), what));
        } else {
            one_of(Some(kind), Check::MEASURED, [path, ".of"].concat(), errors);
        }
    }
    if let Some(url) = &check.route {
        address(url, [path, ".route"].concat(), errors);
    }
    if check.over.is_some() && check.since.is_some() {
        errors.push(FieldError::forbidden([path, ".since"].concat(), "may not be set together with `over`"));
    }
    not_negative(check.over, &[path, ".over"].concat(), errors);
    not_negative(check.since, &[path, ".since"].concat(), errors);
    if let Some(selector) = &check.selector
        && let Err(message) = crate::selector::Selector::parse(selector)
    {
        errors.push(FieldError::invalid(format!("{path}.selector"), &Value::from(&**selector), message));
    }
    if check.value.is_none() {
        errors.push(FieldError::required(format!("{path}.value"), ""));
    }
}

fn steps(lab: &Lab, errors: &mut Vec<FieldError>) {
    if lab.spec.steps.len() > MAX_STEPS {
        errors.push(FieldError::forbidden(
            "spec.steps".to_owned(),
            format!("must have at most {MAX_STEPS} items"),
        ));
    }
    for (i, step) in lab.spec.steps.iter().enumerate() {
        let path = format!("spec.steps[{i}]");
        not_negative(Some(step.at), &format!("{path}.at"), errors);
        not_negative(step.after, &format!("{path}.after"), errors);
        match &step.when {
            Some(when) => condition(when, &format!("{path}.when"), errors),
            None if step.after.is_some() => {
                let why = "may only be set together with `when`";
                errors.push(FieldError::forbidden(format!("{path}.after"), why));
            }
            None => {}
        }
        for (j, action) in step.actions.iter().enumerate() {
            let Action { apply, run, stop_node, start_node, remove_node, text: _ } = action;
            let set = [apply, run, stop_node, start_node, remove_node].into_iter().flatten().count();
            let path = format!("{path}.actions[{j}]");
            if set == 0 {
                let choices = "must specify one of: apply, run, stopNode, startNode, removeNode";
                errors.push(FieldError::required(path, choices));
            } else if set > 1 {
                errors.push(FieldError::forbidden(path, "may not specify more than 1 action"));
            }
        }
    }
}

pub(super) fn not_negative(span: Option<Duration>, path: &str, errors: &mut Vec<FieldError>) {
    if let Some(span) = span.filter(|span| span.0 < 0) {
        errors.push(FieldError::invalid(
            path.to_owned(),
            &Value::from(span.to_string()),
            "must be greater than or equal to 0",
        ));
    }
}
