//! Affinity, tolerations and spreading (`validateAffinity`, `ValidateTolerations`, `validateTopologySpreadConstraints`).

use super::error::Errors;
use super::field::Field;
use super::meta::{label_name, label_selector};
use crate::golang::quote;
use crate::names;
use crate::value::Seen;

pub(super) fn affinity(field: &Field<'_>, errors: &mut Errors) {
    let node = field.child("nodeAffinity");
    let required = node.child("requiredDuringSchedulingIgnoredDuringExecution");
    if required.is_set() {
        node_selector(&required, errors);
    }
    for term in node.child("preferredDuringSchedulingIgnoredDuringExecution").items() {
        weight(&term.child("weight"), errors);
        node_term(&term.child("preference"), false, errors);
    }
    for side in ["podAffinity", "podAntiAffinity"] {
        let side = field.child(side);
        for term in side.child("requiredDuringSchedulingIgnoredDuringExecution").items() {
            pod_term(&term, errors);
        }
        for term in side.child("preferredDuringSchedulingIgnoredDuringExecution").items() {
            weight(&term.child("weight"), errors);
            pod_term(&term.child("podAffinityTerm"), errors);
        }
    }
}

fn weight(field: &Field<'_>, errors: &mut Errors) {
    let weight = field.int().unwrap_or(0);
    if !(1..=100).contains(&weight) {
        errors.invalid_raw(field, weight.to_string(), "must be in the range 1-100");
    }
}

/// `ValidateNodeSelector`
pub(super) fn node_selector(field: &Field<'_>, errors: &mut Errors) {
    let terms = field.child("nodeSelectorTerms");
    if terms.is_empty() {
        errors.required(&terms, "must have at least one node selector term");
    }
    for term in terms.items() {
        node_term(&term, true, errors);
    }
}

fn node_term(term: &Field<'_>, values_too: bool, errors: &mut Errors) {
    for requirement in term.child("matchExpressions").items() {
        let (operator, values) = (requirement.child("operator"), requirement.child("values"));
        match operator.text() {
            "In" | "NotIn" => {
                if values.is_empty() {
                    errors.required(&values, "must be specified when `operator` is 'In' or 'NotIn'");
                }
            }
            "Exists" | "DoesNotExist" => {
                if !values.is_empty() {
                    errors.forbidden(
                        &values,
                        "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
                    );
                }
            }
            "Gt" | "Lt" => {
                if values.len() != 1 {
                    errors
                        .required(&values, "must be specified single value when `operator` is 'Lt' or 'Gt'");
                }
            }
            word => errors.invalid_text(&operator, word, "not a valid selector operator"),
        }
        label_name(&requirement.child("key"), errors);
        if values_too {
            for value in values.items() {
                errors.each(&value, names::label_value(value.text()));
            }
        }
    }
    for requirement in term.child("matchFields").items() {
        let (operator, values, key) =
            (requirement.child("operator"), requirement.child("values"), requirement.child("key"));
        if matches!(operator.text(), "In" | "NotIn") {
            if values.len() != 1 {
                let detail =
                    "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
                errors.required(&values, detail);
            }
        } else {
            errors.invalid_text(&operator, operator.text(), "not a valid selector operator");
        }
        if key.text() == "metadata.name" {
            for value in values.items() {
                errors.each(&value, names::dns1123_subdomain(value.text()));
            }
        } else {
            errors.invalid_text(&key, key.text(), "not a valid field selector key");
        }
    }
}

fn pod_term(term: &Field<'_>, errors: &mut Errors) {
    label_selector(&term.child("labelSelector"), errors);
    label_selector(&term.child("namespaceSelector"), errors);
    for name in term.child("namespaces").items() {
        let field = term.child("namespace").with(name.value);
        errors.each(&field, names::dns1123_label(name.text()));
    }
    for keys in ["matchLabelKeys", "mismatchLabelKeys"] {
        let keys = term.child(keys);
        if keys.is_empty() {
            continue;
        }
        if !term.child("labelSelector").is_set() {
            errors.forbidden(&keys, "must not be specified when labelSelector is not set");
            continue;
        }
        for key in keys.items() {
            label_name(&key, errors);
        }
    }
    let topology = term.child("topologyKey");
    if topology.text().is_empty() {
        errors.required(&topology, "can not be empty");
    }
    label_name(&topology, errors);
}

/// `ValidateTolerations`
pub(super) fn tolerations(list: &Field<'_>, errors: &mut Errors) {
    for toleration in list.items() {
        let (key, operator) = (toleration.child("key"), toleration.child("operator"));
        let (value, effect) = (toleration.child("value"), toleration.child("effect"));
        if !key.text().is_empty() {
            label_name(&key, errors);
        }
        if key.text().is_empty() && operator.text() != "Exists" {
            let detail =
                "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
            errors.invalid_text(&operator, operator.text(), detail);
        }
        if toleration.child("tolerationSeconds").is_set() && effect.text() != "NoExecute" {
            errors.invalid_text(
                &effect,
                effect.text(),
                "effect must be 'NoExecute' when `tolerationSeconds` is set",
            );
        }
        match operator.text() {
            "" | "Equal" => {
                let messages = names::label_value(value.text());
                if !messages.is_empty() {
                    errors.invalid_text(&operator, value.text(), messages.join(";"));
                }
            }
            "Exists" => {
                if !value.text().is_empty() {
                    let detail = "value must be empty when `operator` is 'Exists'";
                    errors.invalid_text(&operator, value.text(), detail);
                }
            }
            _ => errors.not_supported(&operator, &["Equal", "Exists"]),
        }
        if !effect.text().is_empty() {
            taint_effect(&effect, errors);
        }
    }
}

/// `validateTaintEffect` of a taint that has one.
pub(super) fn taint_effect(field: &Field<'_>, errors: &mut Errors) {
    errors.one_of(field, &["NoSchedule", "PreferNoSchedule", "NoExecute"]);
}

/// `validateTopologySpreadConstraints`
pub(super) fn spread(list: &Field<'_>, errors: &mut Errors) {
    let all: Vec<Field<'_>> = list.items().collect();
    let pair = |constraint: &Field<'_>| {
        format!(
            "{{{}, {}}}",
            constraint.child("topologyKey").text(),
            constraint.child("whenUnsatisfiable").text()
        )
    };
    for (i, constraint) in all.iter().enumerate() {
        let skew = constraint.child("maxSkew");
        let size = skew.int().unwrap_or(0);
        if size <= 0 {
            errors.invalid_raw(&skew, size.to_string(), "must be greater than zero");
        }
        let key = constraint.child("topologyKey");
        if key.text().is_empty() {
            errors.required(&key, "can not be empty");
        }
        let when = constraint.child("whenUnsatisfiable");
        if !matches!(when.text(), "DoNotSchedule" | "ScheduleAnyway") {
            errors.not_supported_raw(&when, quote(when.text()), &["DoNotSchedule", "ScheduleAnyway"]);
        }
        if all.iter().skip(i + 1).any(|other| pair(other) == pair(constraint)) {
            let field = constraint.child("{topologyKey, whenUnsatisfiable}");
            errors.duplicate_raw(&field, quote(&pair(constraint)), "");
        }
        let domains = constraint.child("minDomains");
        if domains.is_set() {
            if domains.int().unwrap_or(0) <= 0 {
                errors.invalid(&domains, "must be greater than zero");
            }
            if when.text() != "DoNotSchedule" {
                let detail = format!(
                    "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {}",
                    when.text()
                );
                errors.invalid(&domains, detail);
            }
        }
        for policy in ["nodeAffinityPolicy", "nodeTaintsPolicy"] {
            let policy = constraint.child(policy);
            if policy.is_set() && !matches!(policy.text(), "Honor" | "Ignore") {
                errors.not_supported(&policy, &["Honor", "Ignore"]);
            }
        }
        let (keys, selector) = (constraint.child("matchLabelKeys"), constraint.child("labelSelector"));
        if !keys.is_empty() {
            if !selector.is_set() {
                errors.forbidden(&keys, "must not be specified when labelSelector is not set");
            }
            let mut used = Seen::default();
            for (key, _) in selector.child("matchLabels").entries() {
                used.insert(key);
            }
            for requirement in selector.child("matchExpressions").items() {
                used.insert(requirement.child("key").text());
            }
            for key in keys.items() {
                label_name(&key, errors);
                if used.contains(key.text()) {
                    errors.invalid(&key, "exists in both matchLabelKeys and labelSelector");
                }
            }
        }
        label_selector(&selector, errors);
    }
}
