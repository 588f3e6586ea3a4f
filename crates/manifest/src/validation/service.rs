//! Services (`ValidateService`, `ValidateServiceUpdate`).

use super::container::{port_number, port_number_or_name};
use super::error::Errors;
use super::field::Field;
use super::meta;
use super::pod::ip;
use crate::names;
use crate::value::{Seen, Value};

const DISTRIBUTIONS: &[&str] = &["PreferClose", "PreferSameZone", "PreferSameNode"];

const POLICIES: &[&str] = &["PreferDualStack", "RequireDualStack", "SingleStack"];

pub(super) fn whole(root: &Field<'_>, old: Option<&Field<'_>>, errors: &mut Errors) {
    let spec = root.child("spec");
    if let Some(old) = old {
        update(&spec, &old.child("spec"), errors);
    }
    let kind = spec.child("type");
    let headless = spec.child("clusterIP").text() == "None"
        || spec.child("clusterIPs").items().any(|ip| ip.text() == "None");
    let ports = spec.child("ports");
    if ports.is_empty() && !headless && kind.text() != "ExternalName" {
        errors.required(&ports, "");
    }
    match kind.text() {
        "LoadBalancer" | "NodePort" if headless => {
            let detail = format!("may not be set to 'None' for {} services", kind.text());
            errors.invalid_raw(&spec.child("clusterIPs").key("0"), "\"None\"".to_owned(), detail);
        }
        "ExternalName" => {
            for name in ["clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
                let field = spec.child(name);
                if field.is_set() && !(field.value.as_list().is_some_and(<[Value]>::is_empty)) {
                    errors.forbidden(&field, "may not be set for ExternalName services");
                }
            }
            let external = spec.child("externalName");
            let name = external.text().strip_suffix('.').unwrap_or(external.text());
            if name.is_empty() {
                errors.required(&external, "");
            } else {
                for message in names::dns1123_subdomain(name) {
                    errors.invalid_text(&external, name, message);
                }
            }
        }
        _ => {}
    }
    let mut seen = Seen::default();
    for port in ports.items() {
        let name = port.child("name");
        if name.text().is_empty() {
            if ports.len() > 1 {
                errors.required(&name, "");
            }
        } else {
            errors.each(&name, names::dns1123_label(name.text()));
            if !seen.insert(name.text()) {
                errors.duplicate(&name);
            }
        }
        port_number(&port.child("port"), errors);
        errors.one_of(&port.child("protocol"), &["SCTP", "TCP", "UDP"]);
        port_number_or_name(&port.child("targetPort"), errors);
        let protocol = port.child("appProtocol");
        if protocol.is_set() {
            errors.each(&protocol, names::qualified_name(protocol.text()));
        }
    }
    meta::labels(&spec.child("selector"), errors);
    let affinity = spec.child("sessionAffinity");
    errors.one_of(&affinity, &["ClientIP", "None"]);
    session(&spec, &affinity, errors);
    if kind.text() != "ExternalName" {
        addresses(&spec, errors);
    }
    for external in spec.child("externalIPs").items() {
        ip(&external, errors);
    }
    errors.one_of(&kind, &["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]);
    node_ports(&ports, kind.text(), errors);
    traffic(&spec, kind.text(), errors);
}

fn session(spec: &Field<'_>, affinity: &Field<'_>, errors: &mut Errors) {
    let config = spec.child("sessionAffinityConfig");
    match affinity.text() {
        "ClientIP" => {
            let seconds = config.at(&["clientIP", "timeoutSeconds"]);
            if seconds.int().is_some_and(|seconds| seconds <= 0 || seconds > 86_400) {
                errors.invalid(&seconds, "must be greater than 0 and less than 86400");
            }
        }
        "None" if config.is_set() => {
            errors.forbidden(&config, "must not be set when session affinity is None");
        }
        _ => {}
    }
}

fn addresses(spec: &Field<'_>, errors: &mut Errors) {
    let (one, all) = (spec.child("clusterIP"), spec.child("clusterIPs"));
    let first = all.items().next();
    if let Some(first) = &first
        && !one.text().is_empty()
        && first.text() != one.text()
    {
        errors.invalid(&all, "first value must match `clusterIP`");
    }
    for family in spec.child("ipFamilies").items() {
        if !matches!(family.text(), "IPv4" | "IPv6") {
            errors.not_supported(&family, &["IPv4", "IPv6"]);
        }
    }
    let policy = spec.child("ipFamilyPolicy");
    if policy.is_set() && !POLICIES.contains(&policy.text()) {
        errors.not_supported(&policy, POLICIES);
    }
    if all.is_empty() {
        // The server copies clusterIP into clusterIPs before it looks.
        if !matches!(one.text(), "" | "None") {
            ip(&spec.child("clusterIPs").key("0").with(one.value), errors);
        }
    } else {
        for address in all.items().filter(|address| address.text() != "None") {
            ip(&address, errors);
        }
    }
}

fn node_ports(ports: &Field<'_>, kind: &str, errors: &mut Errors) {
    let list: Vec<Field<'_>> = ports.items().collect();
    for port in &list {
        let node = port.child("nodePort");
        if kind == "ClusterIP" && node.int().unwrap_or(0) != 0 {
            errors.forbidden(&node, "may not be used when `type` is 'ClusterIP'");
        }
    }
    let mut seen = Seen::default();
    for port in &list {
        let node = port.child("nodePort");
        if node.int().unwrap_or(0) != 0 && !seen.insert(&key(port, node.int())) {
            errors.duplicate(&node);
        }
    }
    let mut seen = Seen::default();
    for port in &list {
        let (protocol, number) = (port.child("protocol"), port.child("port").int().unwrap_or(0));
        if !seen.insert(&key(port, Some(number))) {
            let shown = format!(
                "{{\"Name\":\"\",\"Protocol\":{},\"AppProtocol\":null,\"Port\":{number},\"TargetPort\":0,\"NodePort\":0}}",
                crate::golang::quote(protocol.text())
            );
            errors.duplicate_raw(port, shown, "");
        }
    }
    if matches!(kind, "NodePort" | "LoadBalancer") && errors.0.is_empty() {
        // The port allocator's complaint comes only for services that are valid otherwise.
        for port in &list {
            let node = port.child("nodePort");
            if node.int().is_some_and(|number| number != 0 && !(30_000..=32_767).contains(&number)) {
                errors.invalid(
                    &node,
                    "provided port is not in the valid range. The range of valid ports is 30000-32767",
                );
            }
        }
    }
}

/// A protocol and a number as one text.
fn key(port: &Field<'_>, number: Option<i64>) -> String {
    [port.child("protocol").text(), "/", &number.unwrap_or(0).to_string()].concat()
}

fn traffic(spec: &Field<'_>, kind: &str, errors: &mut Errors) {
    let ranges = spec.child("loadBalancerSourceRanges");
    if !ranges.is_empty() && kind != "LoadBalancer" {
        errors.forbidden(
            &spec.child("LoadBalancerSourceRanges"),
            "may only be used when `type` is 'LoadBalancer'",
        );
    }
    for name in ["allocateLoadBalancerNodePorts", "loadBalancerClass"] {
        let field = spec.child(name);
        if field.is_set() && kind != "LoadBalancer" {
            errors.forbidden(&field, "may only be used when `type` is 'LoadBalancer'");
        }
    }
    let external = spec.child("externalTrafficPolicy");
    let accessible = matches!(kind, "LoadBalancer" | "NodePort")
        || (kind == "ClusterIP" && !spec.child("externalIPs").is_empty());
    if !accessible {
        if !external.text().is_empty() {
            errors.invalid(&external, "may only be set for externally-accessible services");
        }
    } else if !external.text().is_empty() && !matches!(external.text(), "Cluster" | "Local") {
        errors.not_supported(&external, &["Cluster", "Local"]);
    }
    let check = spec.child("healthCheckNodePort");
    let needs = kind == "LoadBalancer" && external.text() == "Local";
    if !needs && check.int().unwrap_or(0) != 0 {
        errors.invalid(
            &check,
            "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
        );
    }
    let internal = spec.child("internalTrafficPolicy");
    if internal.is_set() && !matches!(internal.text(), "Cluster" | "Local") {
        errors.not_supported(&internal, &["Cluster", "Local"]);
    }
    let distribution = spec.child("trafficDistribution");
    if distribution.is_set() && !DISTRIBUTIONS.contains(&distribution.text()) {
        errors.not_supported(&distribution, DISTRIBUTIONS);
    }
}

/// `validateUpgradeDowngradeClusterIPs`: the address stays.
fn update(spec: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    let external = |spec: &Field<'_>| spec.child("type").text() == "ExternalName";
    if external(spec) || external(old) {
        return;
    }
    let first = |spec: &Field<'_>| spec.child("clusterIP").value.clone();
    let (new, before) = (first(spec), first(old));
    let given = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
    if given(&new) && given(&before) && new != before {
        let shown = crate::print::to_json(&Value::List(vec![new]));
        errors.invalid_raw(&spec.child("clusterIPs").key("0"), shown, "may not change once set");
    }
}
