//! `metadata`, labels, annotations and label selectors (apimachinery `pkg/api/validation/objectmeta.go`).

use super::error::{Errors, IMMUTABLE};
use super::field::Field;
use crate::names;
use crate::selector::{Operator, Requirement, Selector};
use crate::value::Value;

/// All annotations together, in bytes.
const ANNOTATIONS_MAX: usize = 256 * 1024;

/// Whether the objects of a kind live in a namespace.
pub fn namespaced(group: &str, kind: &str) -> bool {
    !matches!(
        (group, kind),
        ("", "Node" | "Namespace" | "PersistentVolume")
            | ("rbac.authorization.k8s.io", "ClusterRole" | "ClusterRoleBinding")
            | ("scheduling.k8s.io", "PriorityClass")
            | ("storage.k8s.io", "StorageClass")
            | ("networking.k8s.io", "IngressClass")
            | ("argoproj.io", "ClusterAnalysisTemplate")
            | ("opscape.dev", _)
    )
}

/// `ValidateObjectMeta` or, with an old object, `ValidateObjectMetaUpdate`.
pub(super) fn object(
    root: &Field<'_>,
    old: Option<&Field<'_>>,
    group: &str,
    kind: &str,
    errors: &mut Errors,
) {
    let meta = root.child("metadata");
    if let Some(old) = old {
        let before = old.child("metadata");
        for name in ["name", "namespace", "uid", "creationTimestamp"] {
            let (new, old) = (meta.child(name), before.child(name));
            // What a client leaves out is filled in from the stored object.
            if new.is_set() && old.is_set() && new.value != old.value {
                errors.invalid(&new, IMMUTABLE);
            }
        }
    } else {
        let generate = meta.child("generateName");
        if !generate.text().is_empty() {
            // A prefix may end in what the suffix completes.
            let masked = format!("{}a", generate.text().trim_end_matches('-'));
            for message in name_messages(group, kind, &masked) {
                errors.invalid(&generate, message);
            }
        }
        let name = meta.child("name");
        if name.text().is_empty() {
            if generate.text().is_empty() {
                errors.required(&name, "name or generateName is required");
            }
        } else {
            errors.each(&name, name_messages(group, kind, name.text()));
        }
        let namespace = meta.child("namespace");
        if namespaced(group, kind) {
            if !namespace.text().is_empty() {
                errors.each(&namespace, names::dns1123_label(namespace.text()));
            }
        } else if !namespace.text().is_empty() {
            errors.forbidden(&namespace, "not allowed on this type");
        }
    }
    labels(&meta.child("labels"), errors);
    annotations(&meta.child("annotations"), errors);
    owners(&meta.child("ownerReferences"), errors);
    for finalizer in meta.child("finalizers").items() {
        let messages = names::qualified_name(finalizer.text());
        let field = meta.child("finalizers").with(finalizer.value);
        errors.each(&field, messages);
    }
}

fn name_messages(group: &str, kind: &str, name: &str) -> Vec<String> {
    match (group, kind) {
        ("", "Namespace" | "Service") | ("apps", "StatefulSet") => names::dns1123_label(name),
        ("autoscaling" | "rbac.authorization.k8s.io", _) => path_segment(name),
        _ => names::dns1123_subdomain(name),
    }
}

/// `IsValidPathSegmentName`.
fn path_segment(name: &str) -> Vec<String> {
    if name == "." || name == ".." {
        return vec![format!("may not be '{name}'")];
    }
    ["/", "%"]
        .iter()
        .filter(|bad| name.contains(**bad))
        .map(|bad| format!("may not contain '{bad}'"))
        .collect()
}

/// `ValidateLabelName`.
pub(super) fn label_name(field: &Field<'_>, errors: &mut Errors) {
    let name = field.text();
    for message in names::qualified_name(name) {
        errors.invalid_text(field, name, message);
    }
}

/// `ValidateLabels`: errors speak of the whole map.
pub(super) fn labels(field: &Field<'_>, errors: &mut Errors) {
    for (key, value) in field.map().into_iter().flatten() {
        for message in names::qualified_name(key) {
            errors.invalid_text(field, key, message);
        }
        let value = value.as_str().unwrap_or_default();
        for message in names::label_value(value) {
            errors.invalid_text(field, value, message);
        }
    }
}

/// `ValidateAnnotations`.
pub(super) fn annotations(field: &Field<'_>, errors: &mut Errors) {
    let mut size = 0;
    for (key, value) in field.map().into_iter().flatten() {
        for message in names::qualified_name(&key.to_ascii_lowercase()) {
            errors.invalid_text(field, key, message);
        }
        size += key.len() + value.as_str().map_or(0, str::len);
    }
    if size > ANNOTATIONS_MAX {
        errors.too_long(field, ANNOTATIONS_MAX);
    }
}

fn owners(field: &Field<'_>, errors: &mut Errors) {
    for owner in field.items() {
        let version = owner.child("apiVersion");
        if version.text().is_empty() {
            errors.invalid_text(&version, "", "version must not be empty");
        }
        for name in ["kind", "name", "uid"] {
            let part = owner.child(name);
            if part.text().is_empty() {
                errors.invalid_text(&part, "", "must not be empty");
            }
        }
    }
}

/// `ValidateLabelSelector`.
pub(super) fn label_selector(field: &Field<'_>, errors: &mut Errors) {
    labels(&field.child("matchLabels"), errors);
    for requirement in field.child("matchExpressions").items() {
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
            word => errors.invalid_text(&operator, word, "not a valid selector operator"),
        }
        label_name(&requirement.child("key"), errors);
        for value in values.items() {
            errors.each(&value, names::label_value(value.text()));
        }
    }
}

/// Whether a selector (a `LabelSelector`) selects labels. `None`: it is no valid selector
/// (`LabelSelectorAsSelector` refuses it).
pub(super) fn selects(selector: &Value, labels: &Value) -> Option<bool> {
    let mut requirements = Vec::new();
    for (key, value) in selector.get("matchLabels").and_then(Value::as_map).into_iter().flatten() {
        let value = value.as_str().unwrap_or_default().to_owned();
        requirements.push(Requirement::new(key, Operator::Equals, vec![value]).ok()?);
    }
    for requirement in selector.get("matchExpressions").and_then(Value::as_list).unwrap_or_default() {
        let operator = match requirement.str_at(&["operator"])? {
            "In" => Operator::In,
            "NotIn" => Operator::NotIn,
            "Exists" => Operator::Exists,
            "DoesNotExist" => Operator::DoesNotExist,
            _ => return None,
        };
        let values = requirement.get("values").and_then(Value::as_list).unwrap_or_default();
        let values = values.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        let key = requirement.str_at(&["key"]).unwrap_or_default();
        requirements.push(Requirement::new(key, operator, values).ok()?);
    }
    Some(Selector::new(requirements).matches_with(|key| labels.str_at(&[key])))
}
