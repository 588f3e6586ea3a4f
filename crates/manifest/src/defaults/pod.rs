//! Pods and pod templates (pkg/apis/core/v1/defaults.go).

use super::{child, each, existing, has, set, set_zero, text};
use crate::value::{Map, Value};

/// Mode bits of files in projected volumes, 0644.
const FILE_MODE: i64 = 420;

/// `SetDefaults_Pod` and the pod's spec.
pub(super) fn whole(pod: &mut Map) {
    if let Some(spec) = child(pod, "spec") {
        self::spec(spec);
        set(spec, "enableServiceLinks", true);
        for list in ["containers", "initContainers"] {
            for container in each(spec, list) {
                requests_from_limits(container);
            }
        }
        if let Some(resources) = existing(spec, "resources") {
            copy_limits(resources);
        }
    }
}

fn requests_from_limits(container: &mut Map) {
    if let Some(resources) = existing(container, "resources") {
        copy_limits(resources);
    }
}

fn copy_limits(resources: &mut Map) {
    let Some(limits) =
        resources.get("limits").and_then(Value::as_map).filter(|limits| !limits.is_empty()).cloned()
    else {
        return;
    };
    if let Some(requests) = child(resources, "requests") {
        for (name, amount) in limits {
            requests.entry(name).or_insert(amount);
        }
    }
}

/// The spec of a pod template at a path, made if it is missing.
pub(super) fn spec_of(root: &mut Map, path: &[&str]) {
    let mut map = root;
    for key in path {
        let Some(next) = child(map, key) else { return };
        map = next;
    }
    spec(map);
}

/// `SetDefaults_PodSpec` and everything below it.
pub(super) fn spec(spec: &mut Map) {
    set_zero(spec, "dnsPolicy", "ClusterFirst");
    set_zero(spec, "restartPolicy", "Always");
    set(spec, "securityContext", Map::new());
    set(spec, "terminationGracePeriodSeconds", 30);
    set_zero(spec, "schedulerName", "default-scheduler");
    // The deprecated alias of the account's name is kept in step (conversion.go).
    let account = [text(spec, "serviceAccountName"), text(spec, "serviceAccount")].concat();
    if !account.is_empty() && text(spec, "serviceAccountName") != text(spec, "serviceAccount") {
        set_zero(spec, "serviceAccountName", account.clone());
        set_zero(spec, "serviceAccount", account);
    }
    let host_network = spec.get("hostNetwork") == Some(&Value::Bool(true));
    for list in ["containers", "initContainers"] {
        for container in each(spec, list) {
            self::container(container);
            if host_network {
                for port in each(container, "ports") {
                    if let Some(number) = port.get("containerPort").cloned() {
                        set_zero(port, "hostPort", number);
                    }
                }
            }
        }
    }
    for container in each(spec, "ephemeralContainers") {
        self::container(container);
    }
    for volume in each(spec, "volumes") {
        self::volume(volume);
    }
}

fn container(container: &mut Map) {
    let latest = tag(text(container, "image")) == "latest";
    set_zero(container, "imagePullPolicy", if latest { "Always" } else { "IfNotPresent" });
    set_zero(container, "terminationMessagePath", "/dev/termination-log");
    set_zero(container, "terminationMessagePolicy", "File");
    set(container, "resources", Map::new());
    for port in each(container, "ports") {
        set_zero(port, "protocol", "TCP");
    }
    for variable in each(container, "env") {
        if let Some(from) = existing(variable, "valueFrom")
            && let Some(field) = existing(from, "fieldRef")
        {
            set_zero(field, "apiVersion", "v1");
        }
    }
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(probe) = existing(container, name) {
            set_zero(probe, "timeoutSeconds", 1);
            set_zero(probe, "periodSeconds", 10);
            set_zero(probe, "successThreshold", 1);
            set_zero(probe, "failureThreshold", 3);
            http_get(probe);
            if let Some(grpc) = existing(probe, "grpc") {
                set(grpc, "service", "");
            }
        }
    }
    if let Some(lifecycle) = existing(container, "lifecycle") {
        for hook in ["postStart", "preStop"] {
            if let Some(hook) = existing(lifecycle, hook) {
                http_get(hook);
            }
        }
    }
}

fn http_get(handler: &mut Map) {
    if let Some(get) = existing(handler, "httpGet") {
        set_zero(get, "path", "/");
        set_zero(get, "scheme", "HTTP");
    }
}

/// The tag of an image reference, `latest` where neither tag nor digest is given (`parsers.ParseImageName`).
fn tag(image: &str) -> &str {
    let last = image.rsplit('/').next().unwrap_or(image);
    if let Some((name, _digest)) = last.split_once('@') {
        return name.split_once(':').map_or("", |(_, tag)| tag);
    }
    last.split_once(':').map_or("latest", |(_, tag)| tag)
}

fn volume(volume: &mut Map) {
    let has_source = volume.iter().any(|(key, value)| key != "name" && !value.is_null());
    if !has_source {
        set(volume, "emptyDir", Map::new());
    }
    for source in ["secret", "configMap", "downwardAPI", "projected"] {
        if let Some(source) = existing(volume, source) {
            set(source, "defaultMode", FILE_MODE);
            downward_items(source);
            for projection in each(source, "sources") {
                if let Some(token) = existing(projection, "serviceAccountToken") {
                    set(token, "expirationSeconds", 3600);
                }
                if let Some(downward) = existing(projection, "downwardAPI") {
                    downward_items(downward);
                }
            }
        }
    }
    if let Some(path) = existing(volume, "hostPath") {
        set(path, "type", "");
    }
    if let Some(ephemeral) = existing(volume, "ephemeral")
        && has(ephemeral, "volumeClaimTemplate")
        && let Some(template) = existing(ephemeral, "volumeClaimTemplate")
        && let Some(spec) = child(template, "spec")
    {
        set(spec, "volumeMode", "Filesystem");
    }
}

fn downward_items(source: &mut Map) {
    for item in each(source, "items") {
        if let Some(field) = existing(item, "fieldRef") {
            set_zero(field, "apiVersion", "v1");
        }
    }
}
