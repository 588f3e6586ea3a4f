//! The Gateway API: what its custom resource definitions refuse by their schemas and rules (gateway-api v1.5,
//! config/crd/standard), in the words of the API server for custom resources.

use super::error::Errors;
use super::field::Field;
use crate::value::{Seen, Value};

/// A rule of an object or a list that does not hold.
fn rule(field: &Field<'_>, what: &str, message: &str, errors: &mut Errors) {
    errors.invalid_raw(field, ["\"", what, "\""].concat(), message);
}

fn range(field: &Field<'_>, least: i64, most: i64, errors: &mut Errors) {
    let Some(number) = field.int() else { return };
    let path = field.path();
    if number < least {
        errors.invalid(field, format!("{path} in body should be greater than or equal to {least}"));
    } else if number > most {
        errors.invalid(field, format!("{path} in body should be less than or equal to {most}"));
    }
}

fn needed(parent: &Field<'_>, names: &[&'static str], errors: &mut Errors) {
    for name in names {
        let field = parent.child(name);
        if !field.is_set() {
            errors.required(&field, "");
        }
    }
}

fn one_of(field: &Field<'_>, supported: &[&str], errors: &mut Errors) {
    if field.is_set() && !supported.contains(&field.text()) {
        errors.not_supported(field, supported);
    }
}

pub(super) fn class(root: &Field<'_>, errors: &mut Errors) {
    needed(&root.child("spec"), &["controllerName"], errors);
}

pub(super) fn gateway(root: &Field<'_>, errors: &mut Errors) {
    let spec = root.child("spec");
    needed(&spec, &["gatewayClassName", "listeners"], errors);
    let listeners = spec.child("listeners");
    let list: Vec<Field<'_>> = listeners.items().collect();
    let (mut names, mut places) = (Seen::default(), Seen::default());
    let (mut same_name, mut same_place) = (false, false);
    let (mut plain_tls, mut mode) = (false, false);
    for listener in &list {
        needed(listener, &["name", "port", "protocol"], errors);
        let (name, port, protocol) =
            (listener.child("name"), listener.child("port"), listener.child("protocol"));
        range(&port, 1, 65_535, errors);
        let from = listener.at(&["allowedRoutes", "namespaces", "from"]);
        one_of(&from, &["All", "Selector", "Same"], errors);
        if !names.insert(name.text()) {
            let key = format!("{{\"name\":{}}}", crate::golang::quote(name.text()));
            errors.duplicate_raw(listener, key, "");
            same_name = true;
        }
        let place =
            format!("{} {} {}", port.int().unwrap_or(0), protocol.text(), listener.child("hostname").text());
        same_place |= !places.insert(&place);
        let tls = listener.child("tls");
        plain_tls |= tls.is_set() && matches!(protocol.text(), "HTTP" | "TCP" | "UDP");
        mode |= protocol.text() == "HTTPS" && !matches!(tls.child("mode").text(), "" | "Terminate");
        let certificates = tls.child("certificateRefs");
        let terminates = matches!(tls.child("mode").text(), "" | "Terminate");
        if tls.is_set() && terminates && certificates.is_empty() && !tls.child("options").is_set() {
            rule(
                &tls,
                "object",
                "certificateRefs or options must be specified when mode is Terminate",
                errors,
            );
        }
    }
    for (broken, message) in [
        (plain_tls, "tls must not be specified for protocols ['HTTP', 'TCP', 'UDP']"),
        (mode, "tls mode must be Terminate for protocol HTTPS"),
        (same_name, "Listener name must be unique within the Gateway"),
        (same_place, "Combination of port, protocol and hostname must be unique for each listener"),
    ] {
        if broken {
            rule(&listeners, "array", message, errors);
        }
    }
}

pub(super) fn http_route(root: &Field<'_>, errors: &mut Errors) {
    let spec = root.child("spec");
    for parent in spec.child("parentRefs").items() {
        needed(&parent, &["name"], errors);
        range(&parent.child("port"), 1, 65_535, errors);
    }
    for one in spec.child("rules").items() {
        let matches = one.child("matches");
        for one in matches.items() {
            self::matches(&one, errors);
        }
        let (references, filters) = (one.child("backendRefs"), one.child("filters"));
        for reference in references.items() {
            backend(&reference, errors);
            range(&reference.child("weight"), 0, 1_000_000, errors);
            for one in reference.child("filters").items() {
                filter(&one, errors);
            }
        }
        let list: Vec<Field<'_>> = filters.items().collect();
        for one in &list {
            filter(one, errors);
        }
        let redirects = list.iter().any(|one| one.child("requestRedirect").is_set());
        if redirects && !references.is_empty() {
            rule(&one, "object", "RequestRedirect filter must not be used together with backendRefs", errors);
        }
        let first = matches.items().next();
        let kind = first.as_ref().map_or("", |first| {
            let kind = first.at(&["path", "type"]).text();
            if kind.is_empty() { "PathPrefix" } else { kind }
        });
        let by_prefix = matches.len() == 1 && kind == "PathPrefix";
        for (name, config) in [("RequestRedirect", "requestRedirect"), ("URLRewrite", "urlRewrite")] {
            let replaces =
                list.iter().any(|one| one.child(config).at(&["path", "type"]).text() == "ReplacePrefixMatch");
            if replaces && !by_prefix {
                let message = format!(
                    "When using {name} filter with path.replacePrefixMatch, exactly one PathPrefix match must be specified"
                );
                rule(&one, "object", &message, errors);
            }
        }
        if redirects && list.iter().any(|one| one.child("urlRewrite").is_set()) {
            let message = "May specify either httpRouteFilterRequestRedirect or httpRouteFilterRequestRewrite, but not both";
            rule(&filters, "array", message, errors);
        }
        for kind in ["RequestHeaderModifier", "ResponseHeaderModifier", "RequestRedirect", "URLRewrite"] {
            if list.iter().filter(|one| one.child("type").text() == kind).count() > 1 {
                rule(&filters, "array", &format!("{kind} filter cannot be repeated"), errors);
            }
        }
    }
}

fn matches(field: &Field<'_>, errors: &mut Errors) {
    let path = field.child("path");
    let (kind, value) = (path.child("type"), path.child("value"));
    one_of(&kind, &["Exact", "PathPrefix", "RegularExpression"], errors);
    one_of(
        &field.child("method"),
        &["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"],
        errors,
    );
    if value.is_set() && matches!(kind.text(), "" | "Exact" | "PathPrefix") {
        let text = value.text();
        let say = |message: &str, errors: &mut Errors| {
            rule(&path, "object", &[message, " when type one of ['Exact', 'PathPrefix']"].concat(), errors);
        };
        if !text.starts_with('/') {
            say("value must be an absolute path and start with '/'", errors);
        }
        for bad in ["//", "/./", "/../", "%2f", "%2F", "#"] {
            if text.contains(bad) {
                say(&format!("must not contain '{bad}'"), errors);
            }
        }
        for bad in ["/..", "/."] {
            if text.ends_with(bad) {
                say(&format!("must not end with '{bad}'"), errors);
            }
        }
    }
    for list in ["headers", "queryParams"] {
        for one in field.child(list).items() {
            needed(&one, &["name", "value"], errors);
            one_of(&one.child("type"), &["Exact", "RegularExpression"], errors);
        }
    }
}

fn backend(field: &Field<'_>, errors: &mut Errors) {
    needed(field, &["name"], errors);
    let port = field.child("port");
    range(&port, 1, 65_535, errors);
    let service =
        matches!(field.child("kind").text(), "" | "Service") && field.child("group").text().is_empty();
    if service && !port.is_set() {
        rule(field, "object", "Must have port for Service reference", errors);
    }
}

fn filter(field: &Field<'_>, errors: &mut Errors) {
    const KINDS: [(&str, &str); 6] = [
        ("RequestHeaderModifier", "requestHeaderModifier"),
        ("ResponseHeaderModifier", "responseHeaderModifier"),
        ("RequestMirror", "requestMirror"),
        ("RequestRedirect", "requestRedirect"),
        ("URLRewrite", "urlRewrite"),
        ("ExtensionRef", "extensionRef"),
    ];
    let kind = field.child("type");
    if !kind.is_set() {
        errors.required(&kind, "");
        return;
    }
    let names: Vec<&str> = KINDS.iter().map(|(name, _)| *name).chain(["CORS"]).collect();
    one_of(&kind, &names, errors);
    for (name, config) in KINDS {
        let there = field.child(config).is_set();
        if there && kind.text() != name {
            let message = format!("filter.{config} must be nil if the filter.type is not {name}");
            rule(field, "object", &message, errors);
        } else if !there && kind.text() == name {
            let message = format!("filter.{config} must be specified for {name} filter.type");
            rule(field, "object", &message, errors);
        }
    }
    let redirect = field.child("requestRedirect");
    one_of(&redirect.child("scheme"), &["http", "https"], errors);
    let code = redirect.child("statusCode");
    if code.int().is_some_and(|code| !matches!(code, 301 | 302 | 303 | 307 | 308)) {
        let shown = code.int().unwrap_or(0).to_string();
        errors.not_supported_raw(&code, shown, &["301", "302", "303", "307", "308"]);
    }
    range(&redirect.child("port"), 1, 65_535, errors);
    for config in ["requestRedirect", "urlRewrite"] {
        path_modifier(&field.child(config).child("path"), errors);
    }
    let mirror = field.child("requestMirror");
    if mirror.is_set() {
        backend(&mirror.child("backendRef"), errors);
    }
}

fn path_modifier(field: &Field<'_>, errors: &mut Errors) {
    if !field.is_set() {
        return;
    }
    let kind = field.child("type");
    one_of(&kind, &["ReplaceFullPath", "ReplacePrefixMatch"], errors);
    for (name, config) in
        [("ReplaceFullPath", "replaceFullPath"), ("ReplacePrefixMatch", "replacePrefixMatch")]
    {
        let there = !matches!(field.child(config).value, Value::Null);
        if kind.text() == name && !there {
            rule(
                field,
                "object",
                &format!("{config} must be specified when type is set to '{name}'"),
                errors,
            );
        } else if there && kind.text() != name {
            rule(field, "object", &format!("type must be '{name}' when {config} is set"), errors);
        }
    }
}

pub(super) fn reference_grant(root: &Field<'_>, errors: &mut Errors) {
    let spec = root.child("spec");
    needed(&spec, &["from", "to"], errors);
    for from in spec.child("from").items() {
        needed(&from, &["kind", "namespace"], errors);
    }
    for to in spec.child("to").items() {
        needed(&to, &["kind"], errors);
    }
}
