//! What the API server accepts with a `Warning:` (pkg/api/pod/warnings.go and the kinds' strategies).

use super::field::{Field, Paths};
use super::resources::amount;
use crate::golang::quote;
use crate::names;
use crate::value::{Map, Seen, Value};

/// The warnings for an object with its defaults, in the server's order, each with its field.
pub fn warnings(object: &Value) -> Vec<(String, String)> {
    let paths = Paths::default();
    let root = Field::root(object, &paths);
    let mut found = Vec::new();
    let group = object.str_at(&["apiVersion"]).unwrap_or_default();
    let group = group.split_once('/').map_or("", |(group, _)| group);
    let kind = object.str_at(&["kind"]).unwrap_or_default();
    let template: Option<&[&str]> = match (group, kind) {
        ("", "Pod") => Some(&["spec"]),
        ("apps", "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet")
        | ("", "ReplicationController")
        | ("batch", "Job") => Some(&["spec", "template", "spec"]),
        ("batch", "CronJob") => Some(&["spec", "jobTemplate", "spec", "template", "spec"]),
        _ => None,
    };
    if let Some(path) = template {
        host_name(&root, &mut found);
        pod(&root.at(path), &mut found);
    }
    let class = root.at(&["metadata", "annotations"]).key("kubernetes.io/ingress.class");
    if kind == "Ingress" && class.is_set() {
        let words = "annotation \"kubernetes.io/ingress.class\" is deprecated, please use 'spec.ingressClassName' instead";
        found.push((class.path(), words.to_owned()));
    }
    for finalizer in root.at(&["metadata", "finalizers"]).items() {
        let text = finalizer.text();
        if !text.contains('/') && !matches!(text, "kubernetes" | "orphan" | "foregroundDeletion") {
            let words = format!(
                "metadata.finalizers: {}: prefer a domain-qualified finalizer name including a path (/) to avoid accidental conflicts with other finalizer writers",
                quote(text)
            );
            found.push(("metadata.finalizers".to_owned(), words));
        }
    }
    found
}

fn host_name(root: &Field<'_>, found: &mut Vec<(String, String)>) {
    let name = root.at(&["metadata", "name"]);
    if name.text().is_empty() {
        return;
    }
    let messages = names::dns1123_label(name.text());
    if !messages.is_empty() {
        let words = format!(
            "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [{}]",
            messages.join(" ")
        );
        found.push((name.path(), words));
    }
}

fn pod(spec: &Field<'_>, found: &mut Vec<(String, String)>) {
    let mut warn = |field: &Field<'_>, words: &str| {
        let path = field.path();
        let words = format!("{path}: {words}");
        found.push((path, words));
    };
    for (key, value) in spec.child("nodeSelector").entries() {
        let instead = match key {
            "beta.kubernetes.io/arch" => ("v1.14", "kubernetes.io/arch"),
            "beta.kubernetes.io/os" => ("v1.14", "kubernetes.io/os"),
            "failure-domain.beta.kubernetes.io/region" => ("v1.17", "topology.kubernetes.io/region"),
            "failure-domain.beta.kubernetes.io/zone" => ("v1.17", "topology.kubernetes.io/zone"),
            "beta.kubernetes.io/instance-type" => ("v1.17", "node.kubernetes.io/instance-type"),
            _ => continue,
        };
        warn(&value, &format!("deprecated since {}; use {} instead", instead.0, quote(instead.1)));
    }
    for constraint in spec.child("topologySpreadConstraints").items() {
        let selector = constraint.child("labelSelector");
        if !selector.is_set() {
            warn(&selector, "a null labelSelector results in matching no pod");
        }
    }
    let mut secrets = Vec::new();
    for secret in spec.child("imagePullSecrets").items() {
        let name = secret.child("name");
        if name.text().is_empty() {
            warn(&secret, &format!("invalid empty name {}", quote("")));
        } else if secrets.contains(&name.text()) {
            warn(&secret, &format!("duplicate name {}", quote(name.text())));
        }
        secrets.push(name.text());
    }
    let grace = spec.child("terminationGracePeriodSeconds");
    if grace.int().is_some_and(|seconds| seconds < 0) {
        warn(&grace, "must be >= 0; negative values are invalid and will be treated as 1");
    }
    let mut ports = Map::new();
    for list in ["initContainers", "containers"] {
        for container in spec.child(list).items() {
            for kind in ["limits", "requests"] {
                for (resource, value) in container.child("resources").child(kind).entries() {
                    let size = amount(value.value);
                    if matches!(resource, "memory" | "ephemeral-storage") && !size.is_whole() {
                        warn(
                            &value,
                            &format!(
                                "fractional byte value {} is invalid, must be an integer",
                                quote(&size.to_string())
                            ),
                        );
                    }
                }
            }
            let mut names = Seen::default();
            for variable in container.child("env").items() {
                let (name, value) = (variable.child("name"), variable.child("value"));
                if names.contains(name.text()) {
                    // A value that builds on the one before is meant.
                    if !value.text().contains(&format!("$({})", name.text())) {
                        warn(
                            &variable,
                            &format!(
                                "hides previous definition of {}, which may be dropped when using apply",
                                quote(name.text())
                            ),
                        );
                    }
                }
                names.insert(name.text());
            }
            if list == "containers" {
                for port in container.child("ports").items() {
                    let host = port.child("hostPort").int().unwrap_or(0);
                    let number = port.child("containerPort").int().unwrap_or(0);
                    let (protocol, address) = (port.child("protocol").text(), port.child("hostIP").text());
                    let key = format!("{protocol}/{number}/{address}/{host}");
                    if let Some(before) = ports.get(&key).and_then(Value::as_str) {
                        warn(&port, &format!("duplicate port definition with {before}"));
                    } else {
                        ports.insert(key, port.path().into());
                    }
                }
            }
        }
    }
}
