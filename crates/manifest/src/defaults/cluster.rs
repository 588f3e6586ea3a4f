//! Services, namespaces, nodes, configuration, storage and rules (pkg/apis/*/*/defaults.go).

use super::{child, each, existing, has, set, set_zero, text};
use crate::value::{Map, Value};

pub(super) fn service(root: &mut Map) {
    load_balancer(root);
    let Some(spec) = child(root, "spec") else { return };
    set_zero(spec, "type", "ClusterIP");
    set_zero(spec, "sessionAffinity", "None");
    if text(spec, "sessionAffinity") == "ClientIP"
        && let Some(config) = child(spec, "sessionAffinityConfig")
        && let Some(client) = child(config, "clientIP")
    {
        set(client, "timeoutSeconds", 10_800);
    }
    for port in each(spec, "ports") {
        set_zero(port, "protocol", "TCP");
        // An absent port is the number 0 in Go, and so is the target port made from it.
        let number = port.get("port").cloned().unwrap_or(Value::Int(0));
        set_zero(port, "targetPort", number);
    }
    let kind = text(spec, "type").to_owned();
    if matches!(kind.as_str(), "NodePort" | "LoadBalancer") {
        set_zero(spec, "externalTrafficPolicy", "Cluster");
    }
    if matches!(kind.as_str(), "ClusterIP" | "NodePort" | "LoadBalancer") {
        set(spec, "internalTrafficPolicy", "Cluster");
        set(spec, "ipFamilies", vec!["IPv4".into()]);
        set(spec, "ipFamilyPolicy", "SingleStack");
    }
    if kind == "LoadBalancer" {
        set(spec, "allocateLoadBalancerNodePorts", true);
    }
}

/// Services and Ingresses show an empty load balancer from the start (the field is no pointer in Go).
pub(super) fn load_balancer(root: &mut Map) {
    if let Some(status) = child(root, "status") {
        set(status, "loadBalancer", Map::new());
    }
}

pub(super) fn namespace(root: &mut Map) {
    if let Some(metadata) = child(root, "metadata") {
        let name = text(metadata, "name").to_owned();
        if !name.is_empty()
            && let Some(labels) = child(metadata, "labels")
        {
            set(labels, "kubernetes.io/metadata.name", name);
        }
    }
    if let Some(spec) = child(root, "spec") {
        set(spec, "finalizers", vec!["kubernetes".into()]);
    }
    if let Some(status) = child(root, "status") {
        set_zero(status, "phase", "Active");
    }
}

pub(super) fn node(root: &mut Map) {
    if let Some(status) = existing(root, "status")
        && let Some(capacity) = status.get("capacity").cloned()
    {
        set(status, "allocatable", capacity);
    }
}

pub(super) fn secret(root: &mut Map) {
    set_zero(root, "type", "Opaque");
    let Some(Value::Map(texts)) = root.remove("stringData") else { return };
    let Some(data) = child(root, "data") else { return };
    for (key, value) in texts {
        if let Value::String(text) = value {
            data.insert(key, Value::String(crate::golang::base64(text.as_bytes())));
        }
    }
}

pub(super) fn volume(root: &mut Map) {
    if let Some(spec) = child(root, "spec") {
        set_zero(spec, "persistentVolumeReclaimPolicy", "Retain");
        set(spec, "volumeMode", "Filesystem");
        if let Some(path) = existing(spec, "hostPath") {
            set(path, "type", "");
        }
    }
    if let Some(status) = child(root, "status") {
        set_zero(status, "phase", "Pending");
    }
}

pub(super) fn claim(root: &mut Map) {
    if let Some(spec) = child(root, "spec") {
        set(spec, "volumeMode", "Filesystem");
    }
    if let Some(status) = child(root, "status") {
        set_zero(status, "phase", "Pending");
    }
}

/// `SetDefaults_LimitRangeItem`: defaults come from the maximum, default requests from defaults or the minimum.
pub(super) fn limit_range(root: &mut Map) {
    let Some(spec) = existing(root, "spec") else { return };
    for item in each(spec, "limits") {
        if text(item, "type") != "Container" {
            continue;
        }
        for (from, to) in [("max", "default"), ("default", "defaultRequest"), ("min", "defaultRequest")] {
            let Some(amounts) = item.get(from).and_then(Value::as_map).cloned() else { continue };
            if let Some(target) = child(item, to) {
                for (name, amount) in amounts {
                    target.entry(name).or_insert(amount);
                }
            }
        }
    }
}

pub(super) fn network_policy(root: &mut Map) {
    let Some(spec) = child(root, "spec") else { return };
    for direction in ["ingress", "egress"] {
        for rule in each(spec, direction) {
            for port in each(rule, "ports") {
                set(port, "protocol", "TCP");
            }
        }
    }
    let mut types = vec![Value::from("Ingress")];
    if has(spec, "egress") {
        types.push("Egress".into());
    }
    set(spec, "policyTypes", types);
}

pub(super) fn role_binding(root: &mut Map) {
    const RBAC: &str = "rbac.authorization.k8s.io";
    if let Some(role) = existing(root, "roleRef") {
        set_zero(role, "apiGroup", RBAC);
    }
    for subject in each(root, "subjects") {
        if matches!(text(subject, "kind"), "User" | "Group") {
            set_zero(subject, "apiGroup", RBAC);
        }
    }
}
