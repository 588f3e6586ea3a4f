//! Ingresses, network policies, roles.

use super::container::{port_number, port_number_or_name};
use super::error::Errors;
use super::field::Field;
use super::meta::label_selector;
use crate::cidr::Cidr;
use crate::golang::quote;
use crate::names;

/// `ValidateIngressSpec`
pub(super) fn ingress(root: &Field<'_>, errors: &mut Errors) {
    let spec = root.child("spec");
    let (rules, backend) = (spec.child("rules"), spec.child("defaultBackend"));
    if rules.is_empty() && !backend.is_set() {
        errors.invalid_raw(
            &spec,
            super::error::go_value(spec.value),
            "either `defaultBackend` or `rules` must be specified",
        );
    }
    if backend.is_set() {
        self::backend(&backend, errors);
    }
    for rule in rules.items() {
        host(&rule.child("host"), errors);
        let http = rule.child("http");
        let paths = http.child("paths");
        if http.is_set() && paths.is_empty() {
            errors.required(&paths, "");
        }
        for path in paths.items() {
            self::path(&path, errors);
        }
    }
    for tls in spec.child("tls").items() {
        for host in tls.child("hosts").items() {
            self::host(&host, errors);
        }
    }
    let class = spec.child("ingressClassName");
    if class.is_set() {
        errors.each(&class, names::dns1123_subdomain(class.text()));
    }
}

fn host(field: &Field<'_>, errors: &mut Errors) {
    let text = field.text();
    if text.is_empty() {
        return;
    }
    if text.parse::<std::net::IpAddr>().is_ok() {
        errors.invalid(field, "must be a DNS name, not an IP address");
        return;
    }
    if text.contains('*') {
        errors.each(field, names::wildcard_dns1123_subdomain(text));
    } else {
        errors.each(field, names::dns1123_subdomain(text));
    }
}

fn path(field: &Field<'_>, errors: &mut Errors) {
    let (path, kind) = (field.child("path"), field.child("pathType"));
    match kind.text() {
        "" => errors.required(&kind, "pathType must be specified"),
        "Exact" | "Prefix" => {
            if !path.text().starts_with('/') {
                errors.invalid_text(&path, path.text(), "must be an absolute path");
            }
            for bad in ["//", "/./", "/../", "%2f", "%2F"] {
                if path.text().contains(bad) {
                    errors.invalid(&path, format!("must not contain '{bad}'"));
                }
            }
            for bad in ["/..", "/."] {
                if path.text().ends_with(bad) {
                    errors.invalid(&path, format!("cannot end with '{bad}'"));
                }
            }
        }
        "ImplementationSpecific" => {
            if !path.text().is_empty() && !path.text().starts_with('/') {
                errors.invalid(&path, "must be an absolute path");
            }
        }
        _ => errors.not_supported(&kind, &["Exact", "ImplementationSpecific", "Prefix"]),
    }
    backend(&field.child("backend"), errors);
}

fn backend(field: &Field<'_>, errors: &mut Errors) {
    let (service, resource) = (field.child("service"), field.child("resource"));
    match (service.is_set(), resource.is_set()) {
        (true, true) => errors.invalid_text(field, "", "cannot set both resource and service backends"),
        (false, true) => {}
        (false, false) => errors.required(&service.child("name"), ""),
        (true, false) => {
            let name = service.child("name");
            if name.text().is_empty() {
                errors.required(&name, "");
            } else {
                errors.each(&name, names::dns1123_label(name.text()));
            }
            let (port_name, number) = (service.at(&["port", "name"]), service.at(&["port", "number"]));
            let has_number = number.int().unwrap_or(0) != 0;
            if !port_name.text().is_empty() && has_number {
                errors.invalid_text(field, "", "cannot set both port name & port number");
            } else if has_number {
                port_number_or_name(&number, errors);
            } else if port_name.text().is_empty() {
                errors.required(field, "port name or number is required");
            } else {
                errors.each(&port_name, names::port_name(port_name.text()));
            }
        }
    }
}

/// `ValidateNetworkPolicySpec`
pub(super) fn policy(root: &Field<'_>, errors: &mut Errors) {
    let spec = root.child("spec");
    label_selector(&spec.child("podSelector"), errors);
    for (rules, peers) in [("ingress", "from"), ("egress", "to")] {
        for rule in spec.child(rules).items() {
            for port in rule.child("ports").items() {
                let protocol = port.child("protocol");
                if protocol.is_set() && !matches!(protocol.text(), "TCP" | "UDP" | "SCTP") {
                    errors.not_supported(&protocol, &["SCTP", "TCP", "UDP"]);
                }
                self::port(&port, errors);
            }
            for peer in rule.child(peers).items() {
                self::peer(&peer, errors);
            }
        }
    }
    let types = spec.child("policyTypes");
    if types.len() > 2 {
        errors.invalid(&types, "may not specify more than two policyTypes");
    }
    for kind in types.items() {
        if !matches!(kind.text(), "Ingress" | "Egress") {
            errors.not_supported_raw(&kind, quote(kind.text()), &["Egress", "Ingress"]);
        }
    }
}

/// `ValidateNetworkPolicyPort`
fn port(port: &Field<'_>, errors: &mut Errors) {
    let (first, last) = (port.child("port"), port.child("endPort"));
    if first.is_set() {
        port_number_or_name(&first, errors);
    }
    let Some(end) = last.int() else { return };
    match first.int() {
        None if first.is_set() => {
            errors.invalid(&last, "may not be specified when `port` is non-numeric");
        }
        None => errors.invalid(&last, "may not be specified when `port` is not specified"),
        Some(begin) => {
            if end < begin {
                // The API server shows the first port here.
                errors.invalid_raw(&last, begin.to_string(), "must be greater than or equal to `port`");
            }
            port_number(&last, errors);
        }
    }
}

fn peer(peer: &Field<'_>, errors: &mut Errors) {
    let (pods, namespaces, block) =
        (peer.child("podSelector"), peer.child("namespaceSelector"), peer.child("ipBlock"));
    label_selector(&pods, errors);
    label_selector(&namespaces, errors);
    if block.is_set() {
        let range = block.child("cidr");
        if range.text().is_empty() {
            errors.required(&range, "");
        } else {
            cidr(&range, errors);
        }
        let whole = Cidr::parse(range.text());
        for except in block.child("except").items() {
            cidr(&except, errors);
            let parts = whole.zip(Cidr::parse(except.text()));
            if parts.is_some_and(|(whole, part)| !whole.is_larger_than(&part)) {
                errors.invalid(&except, "must be a strict subset of `cidr`");
            }
        }
    }
    if block.is_set() && (pods.is_set() || namespaces.is_set()) {
        errors.forbidden(peer, "may not specify both ipBlock and another peer");
    } else if !block.is_set() && !pods.is_set() && !namespaces.is_set() {
        errors.required(peer, "must specify a peer");
    }
}

fn cidr(field: &Field<'_>, errors: &mut Errors) {
    if Cidr::parse(field.text()).is_none() {
        errors.invalid(field, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
    }
}

/// `ValidateRole`
pub(super) fn role(root: &Field<'_>, kind: &str, errors: &mut Errors) {
    for rule in root.child("rules").items() {
        let verbs = rule.child("verbs");
        if verbs.is_empty() {
            errors.required(&verbs, "verbs must contain at least one value");
        }
        let (groups, resources, urls) =
            (rule.child("apiGroups"), rule.child("resources"), rule.child("nonResourceURLs"));
        if !urls.is_empty() {
            if kind == "Role" {
                errors.invalid(&urls, "namespaced rules cannot apply to non-resource URLs");
            }
            if !groups.is_empty() || !resources.is_empty() {
                errors.invalid(&urls, "rules cannot apply to both regular resources and non-resource URLs");
            }
            continue;
        }
        if groups.is_empty() {
            errors.required(&groups, "resource rules must supply at least one api group");
        }
        if resources.is_empty() {
            errors.required(&resources, "resource rules must supply at least one resource");
        }
    }
}

/// `ValidateRoleBinding`
pub(super) fn role_binding(root: &Field<'_>, kind: &str, old: Option<&Field<'_>>, errors: &mut Errors) {
    let reference = root.child("roleRef");
    if let Some(old) = old
        && !reference.same(&old.child("roleRef"))
    {
        errors.invalid(&reference, "cannot change roleRef");
    }
    let group = reference.child("apiGroup");
    if group.text() != "rbac.authorization.k8s.io" {
        errors.not_supported(&group, &["rbac.authorization.k8s.io"]);
    }
    let role = reference.child("kind");
    let allowed: &[&str] = if kind == "RoleBinding" { &["Role", "ClusterRole"] } else { &["ClusterRole"] };
    if !allowed.contains(&role.text()) {
        errors.not_supported_raw(&role, quote(role.text()), allowed);
    }
    let name = reference.child("name");
    if name.text().is_empty() {
        errors.required(&name, "");
    }
    for subject in root.child("subjects").items() {
        let name = subject.child("name");
        if name.text().is_empty() {
            errors.required(&name, "");
        }
        let kind = subject.child("kind");
        match kind.text() {
            "ServiceAccount" if !name.text().is_empty() => {
                errors.each(&name, names::dns1123_subdomain(name.text()));
            }
            "ServiceAccount" | "User" | "Group" => {}
            _ => {
                errors.not_supported_raw(&kind, quote(kind.text()), &["ServiceAccount", "User", "Group"]);
            }
        }
    }
}
