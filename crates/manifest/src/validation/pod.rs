//! Pods and pod templates (`ValidatePodSpec`, `ValidatePodCreate`, `ValidatePodUpdate`).

use super::error::Errors;
use super::field::{Field, same};
use super::{affinity, container, meta, resources, volume};
use crate::golang::quote;
use crate::names;
use crate::value::{Map, Seen, Value};

/// What of a pod's spec may change (`ValidatePodUpdate`).
const MUTABLE: &str = "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

/// A pod; with an old one, its replacement.
pub(super) fn whole(root: &Field<'_>, old: Option<&Field<'_>>, errors: &mut Errors) {
    let spec = root.child("spec");
    self::spec(&spec, true, errors);
    for list in ["containers", "initContainers"] {
        for container in spec.child(list).items() {
            let image = container.child("image");
            if image.text().trim() != image.text() {
                errors.invalid(&image, "must not have leading or trailing whitespace");
            }
        }
    }
    if let Some(old) = old {
        update(&spec, &old.child("spec"), errors);
        return;
    }
    let ephemeral = spec.child("ephemeralContainers");
    if !ephemeral.is_empty() {
        errors.forbidden(&ephemeral, "cannot be set on create");
    }
    let node = spec.child("nodeName");
    if !node.text().is_empty() && !spec.child("schedulingGates").is_empty() {
        errors.forbidden(&node, "cannot be set until all schedulingGates have been cleared");
    }
}

/// `ValidatePodTemplateSpec`
pub(super) fn template(template: &Field<'_>, errors: &mut Errors) {
    meta::labels(&template.child("labels").or(&template.at(&["metadata", "labels"])), errors);
    meta::annotations(&template.child("annotations").or(&template.at(&["metadata", "annotations"])), errors);
    let spec = template.child("spec");
    self::spec(&spec, false, errors);
    if !spec.child("ephemeralContainers").is_empty() {
        errors.forbidden(
            &spec.child("ephemeralContainers"),
            "ephemeral containers not allowed in pod template",
        );
    }
}

impl<'a> Field<'a> {
    /// This field's path with another's value: templates name their labels without `metadata`.
    fn or(&self, other: &Field<'a>) -> Field<'a> {
        self.with(other.value)
    }
}

/// `ValidatePodSpec`
fn spec(spec: &Field<'_>, is_pod: bool, errors: &mut Errors) {
    let grace = spec.child("terminationGracePeriodSeconds");
    if !grace.is_set() {
        errors.required(&grace, "");
    }
    let volumes = volume::volumes(&spec.child("volumes"), errors);
    let pod = container::Pod { volumes, grace: grace.int() };
    let containers = spec.child("containers");
    container::regular(&containers, &pod, errors);
    container::init(&spec.child("initContainers"), &containers, &pod, errors);
    let total = spec.child("resources");
    if total.is_set() {
        resources::requirements(&total, errors);
    }
    if spec.child("hostNetwork").is_true() {
        host_network(&containers, is_pod, errors);
    }
    errors.one_of(&spec.child("restartPolicy"), &["Always", "OnFailure", "Never"]);
    errors.one_of(&spec.child("dnsPolicy"), &["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"]);
    meta::labels(&spec.child("nodeSelector"), errors);
    security(&spec.child("securityContext"), errors);
    affinity::affinity(&spec.child("affinity"), errors);
    dns(spec, errors);
    for gate in spec.child("readinessGates").items() {
        let kind = gate.child("conditionType");
        for message in names::qualified_name(kind.text()) {
            errors.invalid_text(&kind, kind.text(), message);
        }
    }
    let mut seen = Seen::default();
    for gate in spec.child("schedulingGates").items() {
        let name = gate.child("name").text();
        for message in names::qualified_name(name) {
            errors.invalid_text(&gate, name, message);
        }
        if !seen.insert(name) {
            errors.duplicate_raw(&gate, quote(name), "");
        }
    }
    affinity::spread(&spec.child("topologySpreadConstraints"), errors);
    for name in ["serviceAccountName", "nodeName"] {
        let field = spec.child(name);
        if !field.text().is_empty() {
            errors.each(&field, names::dns1123_subdomain(field.text()));
        }
    }
    let deadline = spec.child("activeDeadlineSeconds");
    if deadline.int().is_some_and(|seconds| !(1..=i64::from(i32::MAX)).contains(&seconds)) {
        errors.invalid(&deadline, "must be between 1 and 2147483647, inclusive");
    }
    for name in ["hostname", "subdomain"] {
        let field = spec.child(name);
        if !field.text().is_empty() {
            errors.each(&field, names::dns1123_label(field.text()));
        }
    }
    affinity::tolerations(&spec.child("tolerations"), errors);
    for alias in spec.child("hostAliases").items() {
        ip(&alias.child("ip"), errors);
        for host in alias.child("hostnames").items() {
            errors.each(&host, names::dns1123_subdomain(host.text()));
        }
    }
    for name in ["priorityClassName", "runtimeClassName"] {
        let field = spec.child(name);
        if !field.text().is_empty() {
            errors.each(&field, names::dns1123_subdomain(field.text()));
        }
    }
    let preemption = spec.child("preemptionPolicy");
    if preemption.is_set() {
        errors.one_of(&preemption, &["PreemptLowerPriority", "Never"]);
    }
    for (resource, amount) in spec.child("overhead").entries() {
        resources::container_name(&amount, resource, errors);
        resources::quantity(&amount, resource, errors);
    }
    let os = spec.child("os");
    if os.is_set() {
        errors.one_of(&os.child("name"), &["linux", "windows"]);
    }
}

fn host_network(containers: &Field<'_>, is_pod: bool, errors: &mut Errors) {
    for port in containers.items().flat_map(|container| container.child("ports").items()) {
        let host = port.child("hostPort");
        let (number, wanted) = (host.int().unwrap_or(0), port.child("containerPort").int().unwrap_or(0));
        if (is_pod || number != 0) && number != wanted {
            let detail = "must match `containerPort` when `hostNetwork` is true";
            errors.invalid_raw(&host, number.to_string(), detail);
        }
    }
}

fn security(field: &Field<'_>, errors: &mut Errors) {
    for name in ["fsGroup", "runAsUser", "runAsGroup"] {
        container::user_id(&field.child(name), errors);
    }
    for group in field.child("supplementalGroups").items() {
        container::user_id(&group, errors);
    }
    let change = field.child("fsGroupChangePolicy");
    if change.is_set() && !matches!(change.text(), "Always" | "OnRootMismatch") {
        errors.not_supported(&change, &["Always", "OnRootMismatch"]);
    }
}

fn dns(spec: &Field<'_>, errors: &mut Errors) {
    let config = spec.child("dnsConfig");
    let servers = config.child("nameservers");
    if spec.child("dnsPolicy").text() == "None" {
        if !config.is_set() {
            errors.required(&config, "must provide `dnsConfig` when `dnsPolicy` is None");
            return;
        }
        if servers.is_empty() {
            errors.required(&servers, "must provide at least one DNS nameserver when `dnsPolicy` is None");
            return;
        }
    }
    if servers.len() > 3 {
        errors.invalid(&servers, "must not have more than 3 nameservers");
    }
    for server in servers.items() {
        ip(&server, errors);
    }
}

/// `IsValidIP`
pub(super) fn ip(field: &Field<'_>, errors: &mut Errors) {
    if field.text().parse::<std::net::IpAddr>().is_err() {
        errors.invalid_text(
            field,
            field.text(),
            "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",
        );
    }
}

/// `ValidatePodUpdate` behind the checks of the new pod itself.
fn update(spec: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    for list in ["containers", "initContainers"] {
        let (new, before) = (spec.child(list), old.child(list));
        if new.len() != before.len() {
            errors.forbidden(&new, "pod updates may not add or remove containers");
            return;
        }
    }
    let (deadline, before) = (spec.child("activeDeadlineSeconds"), old.child("activeDeadlineSeconds"));
    match (deadline.int(), before.int()) {
        (Some(new), Some(old)) if new > old => {
            errors.invalid(&deadline, "must be less than or equal to previous value");
            return;
        }
        (None, Some(_)) => errors.invalid(&deadline, "must not update from a positive integer to nil value"),
        _ => {}
    }
    let tolerations = spec.child("tolerations");
    let without_seconds = |field: &Field<'_>| {
        let mut map = field.map().cloned().unwrap_or_default();
        map.remove("tolerationSeconds");
        map
    };
    let kept: Vec<Map> = tolerations.items().map(|toleration| without_seconds(&toleration)).collect();
    if old.child("tolerations").items().any(|old| !kept.contains(&without_seconds(&old))) {
        errors
            .forbidden(&tolerations, "existing toleration can not be modified except its tolerationSeconds");
    }
    let gates = spec.child("schedulingGates");
    let known: Vec<Value> =
        old.child("schedulingGates").items().map(|gate| gate.child("name").value.clone()).collect();
    for gate in gates.items() {
        let name = gate.child("name");
        if !known.contains(name.value) {
            let detail = format!("only deletion is allowed, but found new scheduling gate '{}'", name.text());
            errors.forbidden(&name, &detail);
        }
    }
    let (new, before) = (munged(spec.value), munged(old.value));
    let gated = !known.is_empty();
    let differs = new.keys().chain(before.keys()).any(|key| {
        let relaxed = key == "terminationGracePeriodSeconds"
            && before.get(key).and_then(Value::as_int).is_some_and(|seconds| seconds < 0)
            && new.get(key) == Some(&Value::Int(1));
        let added = gated && matches!(key.as_str(), "nodeSelector" | "affinity");
        !relaxed
            && !added
            && !same(new.get(key).unwrap_or(&Value::Null), before.get(key).unwrap_or(&Value::Null))
    });
    if differs {
        errors.forbidden(spec, MUTABLE);
    }
}

/// The spec without what may change.
fn munged(spec: &Value) -> Map {
    let mut map = spec.as_map().cloned().unwrap_or_default();
    for key in ["activeDeadlineSeconds", "tolerations", "schedulingGates"] {
        map.remove(key);
    }
    for key in ["containers", "initContainers"] {
        if let Some(Value::List(list)) = map.get_mut(key) {
            for container in list.iter_mut().filter_map(Value::as_map_mut) {
                container.remove("image");
            }
        }
    }
    map
}
