//! Containers: names, images, ports, environment, mounts, probes, hooks (pkg/apis/core/validation).

use super::error::Errors;
use super::field::Field;
use super::resources;
use crate::golang::quote;
use crate::names;
use crate::value::{Map, Seen};

/// What containers are checked against.
pub(super) struct Pod {
    /// The volumes that are fine, by name.
    pub(super) volumes: Map,
    pub(super) grace: Option<i64>,
}

const FIELD_PATHS: &[&str] = &[
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];
const RESOURCE_PATHS: &[&str] = &[
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];

/// `validateContainers`
pub(super) fn regular(list: &Field<'_>, pod: &Pod, errors: &mut Errors) {
    if list.is_empty() {
        errors.required(list, "");
        return;
    }
    let mut seen = Seen::default();
    for container in list.items() {
        common(&container, pod, errors);
        let name = container.child("name");
        if !seen.insert(name.text()) {
            errors.duplicate(&name);
        }
        lifecycle(&container.child("lifecycle"), pod, errors);
        probes(&container, pod, errors);
        let policy = container.child("restartPolicy");
        if policy.is_set() && !container.child("restartPolicyRules").is_set() {
            errors.one_of(&policy, &["Always", "Never", "OnFailure"]);
        }
    }
    host_ports(list.items(), errors);
}

/// `validateInitContainers`
pub(super) fn init(list: &Field<'_>, regular: &Field<'_>, pod: &Pod, errors: &mut Errors) {
    let regular: Vec<Field<'_>> = regular.items().map(|c| c.child("name")).collect();
    let mut seen = Seen::default();
    for name in regular {
        seen.insert(name.text());
    }
    for container in list.items() {
        common(&container, pod, errors);
        let policy = container.child("restartPolicy");
        let sidecar = policy.text() == "Always";
        if policy.is_set() {
            errors.one_of(&policy, &["Always", "Never", "OnFailure"]);
        }
        let name = container.child("name");
        if !name.text().is_empty() && !seen.insert(name.text()) {
            errors.duplicate(&name);
        }
        host_ports(std::iter::once(container), errors);
        if sidecar {
            lifecycle(&container.child("lifecycle"), pod, errors);
            probes(&container, pod, errors);
        } else {
            for name in ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] {
                let field = container.child(name);
                if field.is_set() {
                    errors
                        .forbidden(&field, "may not be set for init containers without restartPolicy=Always");
                }
            }
        }
    }
}

/// `validateContainerCommon`
fn common(container: &Field<'_>, pod: &Pod, errors: &mut Errors) {
    let name = container.child("name");
    if name.text().is_empty() {
        errors.required(&name, "");
    } else {
        errors.each(&name, names::dns1123_label(name.text()));
    }
    let image = container.child("image");
    if image.text().is_empty() {
        errors.required(&image, "");
    }
    errors.one_of(&container.child("terminationMessagePolicy"), &["File", "FallbackToLogsOnError"]);
    ports(&container.child("ports"), errors);
    for variable in container.child("env").items() {
        let name = variable.child("name");
        if name.text().is_empty() {
            errors.required(&name, "");
        } else {
            errors.each(&name, names::env_var_name(name.text()));
        }
        value_from(&variable, errors);
    }
    env_from(&container.child("envFrom"), errors);
    mounts(container, pod, errors);
    devices(container, pod, errors);
    errors.one_of(&container.child("imagePullPolicy"), &["Always", "IfNotPresent", "Never"]);
    resources::requirements(&container.child("resources"), errors);
    security(&container.child("securityContext"), errors);
}

/// `IsValidPortNum`
pub(super) fn port_number(field: &Field<'_>, errors: &mut Errors) {
    let number = field.int().unwrap_or(0);
    if !(1..=65_535).contains(&number) {
        errors.invalid_raw(field, number.to_string(), "must be between 1 and 65535, inclusive");
    }
}

/// `ValidatePortNumOrName`
pub(super) fn port_number_or_name(field: &Field<'_>, errors: &mut Errors) {
    if field.value.as_str().is_some() {
        errors.each(field, names::port_name(field.text()));
    } else {
        port_number(field, errors);
    }
}

fn ports(list: &Field<'_>, errors: &mut Errors) {
    let mut seen = Seen::default();
    for port in list.items() {
        let name = port.child("name");
        if !name.text().is_empty() {
            let messages = names::port_name(name.text());
            if !messages.is_empty() {
                errors.each(&name, messages);
            } else if !seen.insert(name.text()) {
                errors.duplicate(&name);
            }
        }
        let number = port.child("containerPort");
        if number.int().unwrap_or(0) == 0 {
            errors.required(&number, "");
        } else {
            port_number(&number, errors);
        }
        let host = port.child("hostPort");
        if host.int().unwrap_or(0) != 0 {
            port_number(&host, errors);
        }
        errors.one_of(&port.child("protocol"), &["SCTP", "TCP", "UDP"]);
    }
}

/// `checkHostPortConflicts`
fn host_ports<'a>(containers: impl Iterator<Item = Field<'a>>, errors: &mut Errors) {
    let mut seen = Seen::default();
    for container in containers {
        for port in container.child("ports").items() {
            let host = port.child("hostPort");
            let number = host.int().unwrap_or(0);
            if number == 0 {
                continue;
            }
            let key = format!("{}/{}/{number}", port.child("protocol").text(), port.child("hostIP").text());
            if !seen.insert(&key) {
                errors.duplicate_raw(&host, quote(&key), "");
            }
        }
    }
}

fn value_from(variable: &Field<'_>, errors: &mut Errors) {
    let from = variable.child("valueFrom");
    if !from.is_set() {
        return;
    }
    let mut sources = 0;
    let field = from.child("fieldRef");
    if field.is_set() {
        sources += 1;
        field_ref(&field, errors);
    }
    let resource = from.child("resourceFieldRef");
    if resource.is_set() {
        sources += 1;
        let name = resource.child("resource");
        let word = name.text();
        if word.is_empty() {
            errors.required(&name, "");
        } else if !RESOURCE_PATHS.contains(&word) && !word.contains(".hugepages-") {
            errors.not_supported(&name, RESOURCE_PATHS);
        }
    }
    for source in ["configMapKeyRef", "secretKeyRef"] {
        let source = from.child(source);
        if source.is_set() {
            sources += 1;
            let name = source.child("name");
            for message in names::dns1123_subdomain(name.text()) {
                errors.invalid_text(&name, name.text(), message);
            }
            let key = source.child("key");
            if key.text().is_empty() {
                errors.required(&key, "");
            } else {
                errors.each(&key, names::config_map_key(key.text()));
            }
        }
    }
    if from.child("fileKeyRef").is_set() {
        sources += 1;
    }
    if sources == 0 {
        let detail = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`";
        errors.invalid_text(&from, "", detail);
    } else if !variable.child("value").text().is_empty() {
        errors.invalid_text(&from, "", "may not be specified when `value` is not empty");
    } else if sources > 1 {
        errors.invalid_text(&from, "", "may not have more than one field specified at a time");
    }
}

fn field_ref(field: &Field<'_>, errors: &mut Errors) {
    let path = field.child("fieldPath");
    let word = path.text();
    if word.is_empty() {
        errors.required(&path, "");
    } else if let Some((map, _)) = word.split_once("['") {
        if !matches!(map, "metadata.labels" | "metadata.annotations") {
            errors.invalid_text(field, map, "does not support subscript");
        }
    } else if matches!(word, "metadata.labels" | "metadata.annotations") {
        errors.not_supported(&path, FIELD_PATHS);
    } else if !FIELD_PATHS.contains(&word) {
        let detail = format!("error converting fieldPath: field label not supported: {word}");
        errors.invalid(&path, detail);
    }
}

fn env_from(list: &Field<'_>, errors: &mut Errors) {
    for entry in list.items() {
        let prefix = entry.child("prefix");
        if !prefix.text().is_empty() {
            errors.each(&prefix, names::env_var_name(prefix.text()));
        }
        let mut sources = 0;
        for source in ["configMapRef", "secretRef"] {
            let source = entry.child(source);
            if source.is_set() {
                sources += 1;
                let name = source.child("name");
                if name.text().is_empty() {
                    errors.required(&name, "");
                } else {
                    errors.each(&name, names::dns1123_subdomain(name.text()));
                }
            }
        }
        if sources == 0 {
            errors.invalid_text(list, "", "must specify one of: `configMapRef` or `secretRef`");
        } else if sources > 1 {
            errors.invalid_text(list, "", "may not have more than one field specified at a time");
        }
    }
}

fn mounts(container: &Field<'_>, pod: &Pod, errors: &mut Errors) {
    let list = container.child("volumeMounts");
    let devices = container.child("volumeDevices");
    let mut paths = Seen::default();
    for mount in list.items() {
        let (name, path) = (mount.child("name"), mount.child("mountPath"));
        if name.text().is_empty() {
            errors.required(&name, "");
        }
        if !pod.volumes.contains_key(name.text()) {
            // Go's zero value of a missing name is the empty text.
            errors.not_found_raw(&name, quote(name.text()));
        }
        if path.text().is_empty() {
            errors.required(&path, "");
        }
        if !paths.insert(path.text()) {
            errors.invalid(&path, "must be unique");
        }
        for device in devices.items() {
            if device.child("name").text() == name.text() {
                errors.invalid(&name, "must not already exist in volumeDevices");
            }
            if device.child("devicePath").text() == path.text() {
                errors.invalid(&path, "must not already exist as a path in volumeDevices");
            }
        }
        let (sub, expression) = (mount.child("subPath"), mount.child("subPathExpr"));
        if !sub.text().is_empty() {
            local_path(&list.child("subPath").with(sub.value), errors);
        }
        if !expression.text().is_empty() {
            if !sub.text().is_empty() {
                errors.invalid(&expression, "subPathExpr and subPath are mutually exclusive");
            }
            local_path(&list.child("subPathExpr").with(expression.value), errors);
        }
    }
}

fn devices(container: &Field<'_>, pod: &Pod, errors: &mut Errors) {
    let (mut names, mut paths) = (Seen::default(), Seen::default());
    for device in container.child("volumeDevices").items() {
        let (name, path) = (device.child("name"), device.child("devicePath"));
        if name.text().is_empty() {
            errors.required(&name, "");
        }
        if !names.insert(name.text()) {
            errors.invalid(&name, "must be unique");
        }
        match pod.volumes.get(name.text()) {
            Some(volume)
                if volume.get("persistentVolumeClaim").is_none() && volume.get("ephemeral").is_none() =>
            {
                let detail =
                    "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode";
                errors.invalid(&name, detail);
            }
            Some(_) => {}
            None => errors.not_found(&name),
        }
        if path.text().is_empty() {
            errors.required(&path, "");
        }
        if !paths.insert(path.text()) {
            errors.invalid(&path, "must be unique");
        }
    }
}

/// `validateLocalDescendingPath`
pub(super) fn local_path(field: &Field<'_>, errors: &mut Errors) {
    if field.text().starts_with('/') {
        errors.invalid(field, "must be a relative path");
    }
    no_backsteps(field, errors);
}

/// `validatePathNoBacksteps`
pub(super) fn no_backsteps(field: &Field<'_>, errors: &mut Errors) {
    if field.text().split('/').any(|part| part == "..") {
        errors.invalid(field, "must not contain '..'");
    }
}

fn lifecycle(field: &Field<'_>, pod: &Pod, errors: &mut Errors) {
    for hook in ["postStart", "preStop"] {
        let hook = field.child(hook);
        if hook.is_set() {
            handler(&hook, pod, errors);
        }
    }
    let signal = field.child("stopSignal");
    if signal.is_set() && signal.text().is_empty() {
        errors.required(&signal, "");
    }
}

fn probes(container: &Field<'_>, pod: &Pod, errors: &mut Errors) {
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let probe = container.child(name);
        if !probe.is_set() {
            continue;
        }
        handler(&probe, pod, errors);
        for number in
            ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"]
        {
            errors.not_negative(&probe.child(number));
        }
        let grace = probe.child("terminationGracePeriodSeconds");
        if grace.int().is_some_and(|seconds| seconds <= 0) {
            errors.invalid(&grace, "must be greater than 0");
        }
        if name == "readinessProbe" {
            if grace.is_set() {
                errors.invalid(&grace, "must not be set for readinessProbes");
            }
        } else {
            let threshold = probe.child("successThreshold");
            if threshold.int() != Some(1) {
                errors.invalid(&threshold, "must be 1");
            }
        }
    }
}

fn handler(field: &Field<'_>, pod: &Pod, errors: &mut Errors) {
    let mut handlers = 0;
    for name in ["exec", "httpGet", "tcpSocket", "grpc", "sleep"] {
        let action = field.child(name);
        if !action.is_set() {
            continue;
        }
        handlers += 1;
        if handlers > 1 {
            errors.forbidden(&action, "may not specify more than 1 handler type");
            continue;
        }
        match name {
            "exec" => {
                let command = action.child("command");
                if command.is_empty() {
                    errors.required(&command, "");
                }
            }
            "httpGet" => {
                let path = action.child("path");
                if path.text().is_empty() {
                    errors.required(&path, "");
                }
                port_number_or_name(&action.child("port"), errors);
                let scheme = action.child("scheme");
                if !matches!(scheme.text(), "HTTP" | "HTTPS") {
                    errors.not_supported(&scheme, &["HTTP", "HTTPS"]);
                }
            }
            "sleep" => {
                let seconds = action.child("seconds").int().unwrap_or(0);
                if let Some(grace) = pod.grace.filter(|grace| seconds < 0 || seconds > *grace) {
                    let detail =
                        format!("must be non-negative and less than terminationGracePeriodSeconds ({grace})");
                    errors.invalid_raw(&action, seconds.to_string(), detail);
                }
            }
            _ => port_number_or_name(&action.child("port"), errors),
        }
    }
    if handlers == 0 {
        errors.required(field, "must specify a handler type");
    }
}

/// The parts of `ValidateSecurityContext` that a manifest commonly trips over.
fn security(field: &Field<'_>, errors: &mut Errors) {
    for name in ["runAsUser", "runAsGroup"] {
        user_id(&field.child(name), errors);
    }
    let mount = field.child("procMount");
    if mount.is_set() && !matches!(mount.text(), "Default" | "Unmasked") {
        errors.not_supported(&mount, &["Default", "Unmasked"]);
    }
}

/// `IsValidUserID`, `IsValidGroupID`
pub(super) fn user_id(field: &Field<'_>, errors: &mut Errors) {
    if field.int().is_some_and(|id| !(0..=i64::from(i32::MAX)).contains(&id)) {
        errors.invalid(field, "must be between 0 and 2147483647, inclusive");
    }
}
