//! What rules do to requests: HTTPRouteFilter, and where they send them: HTTPBackendRef
//! (gateway-api apis/v1/httproute_types.go, object_reference_types.go).

use std::borrow::Cow;

use opscape_manifest::api::gateway::{
    BackendRef, HeaderFilter, HttpRouteFilter, HttpRouteRule, PathModifier, RequestRedirect, UrlRewrite,
};
use opscape_manifest::api::meta::Str;
use opscape_manifest::duration::parse_go;

use super::attach::granted;
use super::matches::PathRule;
use crate::route::backend::{Lookup, PortKey, State, Wanted};
use crate::route::decision::{Change, Mirror, Policy, Share};
use crate::route::table::Builder;
use crate::route::{BackendId, Request};

/// What a rule does.
#[derive(Debug, Clone)]
pub(super) struct Action {
    pub changes: Vec<Change>,
    pub redirect: Option<RequestRedirect>,
    pub rewrite: Option<UrlRewrite>,
    pub mirrors: Vec<Mirror>,
    pub targets: Vec<Target>,
    pub policy: Policy,
    /// A filter that is not known: no request may pass.
    pub unknown_filter: Option<Str>,
}

/// A backendRef with a weight above 0.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub name: Str,
    pub weight: u32,
    /// The backend, or the key that says why it is none.
    pub backend: Result<BackendId, &'static str>,
    pub changes: Vec<Change>,
}

impl Action {
    pub(super) fn new(rule: &HttpRouteRule, namespace: &Str, builder: &mut Builder<'_>) -> Action {
        let mut action = Action {
            changes: Vec::new(),
            redirect: None,
            rewrite: None,
            mirrors: Vec::new(),
            targets: Vec::new(),
            policy: policy(rule),
            unknown_filter: None,
        };
        for filter in &rule.filters {
            action.add(filter, namespace, builder);
        }
        for reference in &rule.backend_refs {
            let weight = reference.weight.map_or(1, |weight| u32::try_from(weight).unwrap_or(0));
            if weight == 0 {
                continue;
            }
            let modifiers =
                reference.filters.iter().filter_map(|filter| filter.request_header_modifier.as_ref());
            let target = Target {
                name: reference.name.clone(),
                weight,
                backend: backend(reference, namespace, builder),
                changes: modifiers.flat_map(changes).collect(),
            };
            action.targets.push(target);
        }
        action
    }

    fn add(&mut self, filter: &HttpRouteFilter, namespace: &Str, builder: &mut Builder<'_>) {
        match &*filter.kind {
            "RequestHeaderModifier" => {
                self.changes.extend(filter.request_header_modifier.iter().flat_map(changes));
            }
            // It changes the answer, not where the request goes.
            "ResponseHeaderModifier" | "CORS" => {}
            "RequestRedirect" => self.redirect.clone_from(&filter.request_redirect),
            "URLRewrite" => self.rewrite.clone_from(&filter.url_rewrite),
            "RequestMirror" => {
                if let Some(mirror) = &filter.request_mirror
                    && let Ok(backend) = backend(&mirror.backend_ref, namespace, builder)
                {
                    let percent =
                        mirror.percent.and_then(|percent| u8::try_from(percent).ok()).unwrap_or(100);
                    self.mirrors.push(Mirror { backend, percent });
                }
            }
            kind => self.unknown_filter = Some(kind.into()),
        }
    }

    /// Its targets as shares of a random split.
    pub(super) fn shares(&self) -> Vec<Share> {
        let share = |target: &Target| Share {
            weight: target.weight,
            backend: target.backend.ok(),
            changes: target.changes.clone(),
            health: None,
            node: None,
        };
        self.targets.iter().map(share).collect()
    }
}

fn policy(rule: &HttpRouteRule) -> Policy {
    let millis =
        |text: &str| parse_go(text).ok().and_then(|micros| u32::try_from(micros / 1000).ok()).unwrap_or(0);
    let timeouts = rule.timeouts.as_ref();
    let whole = timeouts.map_or(0, |timeouts| millis(&timeouts.request));
    let attempt = timeouts.map_or(0, |timeouts| millis(&timeouts.backend_request));
    Policy { read_timeout: if attempt == 0 { whole } else { attempt }, ..Policy::default() }
}

/// `set`, `add`, `remove`, in this order.
fn changes(filter: &HeaderFilter) -> Vec<Change> {
    let set = filter.set.iter().map(|one| Change::Set(one.name.clone(), one.value.clone()));
    let add = filter.add.iter().map(|one| Change::Add(one.name.clone(), one.value.clone()));
    set.chain(add).chain(filter.remove.iter().map(|name| Change::Remove(name.clone()))).collect()
}

/// The Service that a reference names, or why there is none: then requests are answered with 500.
fn backend(reference: &BackendRef, own: &Str, builder: &mut Builder<'_>) -> Result<BackendId, &'static str> {
    let kind = reference.kind.as_deref().unwrap_or("Service");
    if kind != "Service" || !reference.group.as_deref().unwrap_or_default().is_empty() {
        return Err("route.gateway.backend-kind");
    }
    let namespace = reference.namespace.clone().unwrap_or_else(|| own.clone());
    if namespace != *own && !granted(builder.objects, "HTTPRoute", own, kind, &namespace, &reference.name) {
        return Err("route.gateway.no-grant");
    }
    let Some(port) = reference.port else { return Err("route.gateway.no-port") };
    let wanted = Wanted {
        namespace,
        service: reference.name.clone(),
        port: PortKey::Number(port),
        lookup: Lookup::Plain,
    };
    let id = builder.backend(wanted);
    match builder.known(id).map(|backend| backend.state) {
        Some(State::Found) => Ok(id),
        Some(State::NoPort) => Err("route.gateway.no-such-port"),
        _ => Err("route.gateway.no-service"),
    }
}

/// A path changed as a rule says (`HTTPPathModifier`, its table).
pub(super) fn modified<'r>(modifier: Option<&PathModifier>, rule: &PathRule, path: &'r str) -> Cow<'r, str> {
    let Some(modifier) = modifier else { return Cow::Borrowed(path) };
    if &*modifier.kind == "ReplaceFullPath" {
        return Cow::Owned(modifier.replace_full_path.as_deref().unwrap_or("/").to_owned());
    }
    let (Some(replacement), PathRule::Prefix(prefix)) = (&modifier.replace_prefix_match, rule) else {
        return Cow::Borrowed(path);
    };
    let rest = path.strip_prefix(&**prefix).unwrap_or(path);
    let new = [replacement.trim_end_matches('/'), rest].concat();
    Cow::Owned(if new.is_empty() { "/".to_owned() } else { new })
}

/// The `Location` of a redirect (`HTTPRequestRedirectFilter`).
pub(super) fn location(
    redirect: &RequestRedirect,
    rule: &PathRule,
    request: &Request,
    listener: u16,
) -> String {
    let scheme = redirect.scheme.as_deref().unwrap_or(request.scheme());
    let host = redirect.hostname.as_deref().unwrap_or(request.hostname());
    let well_known = match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    };
    let port = match (redirect.port, &redirect.scheme) {
        (Some(port), _) => u16::try_from(port).unwrap_or(0),
        (None, Some(_)) => well_known.unwrap_or(listener),
        (None, None) => listener,
    };
    let port = if well_known == Some(port) { String::new() } else { format!(":{port}") };
    let path = modified(redirect.path.as_ref(), rule, request.path());
    let mark = if request.query().is_empty() { "" } else { "?" };
    [scheme, "://", host, &port, &path, mark, request.query()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_replaced_as_the_table_says() {
        for (path, prefix, replacement, want) in [
            ("/foo/bar", "/foo", "/xyz", "/xyz/bar"),
            ("/foo/bar", "/foo", "/xyz/", "/xyz/bar"),
            ("/foo/bar", "/foo/", "/xyz", "/xyz/bar"),
            ("/foo/bar", "/foo/", "/xyz/", "/xyz/bar"),
            ("/foo", "/foo", "/xyz", "/xyz"),
            ("/foo/", "/foo", "/xyz", "/xyz/"),
            ("/foo/bar", "/foo", "", "/bar"),
            ("/foo/", "/foo", "", "/"),
            ("/foo", "/foo", "", "/"),
            ("/foo/", "/foo", "/", "/"),
            ("/foo", "/foo", "/", "/"),
            ("/foo", "/", "/xyz", "/xyz/foo"),
        ] {
            let modifier = PathModifier {
                kind: "ReplacePrefixMatch".into(),
                replace_full_path: None,
                replace_prefix_match: Some(replacement.into()),
            };
            let rule = PathRule::Prefix(prefix.trim_end_matches('/').into());
            assert_eq!(modified(Some(&modifier), &rule, path), want, "{path} {prefix} {replacement}");
        }
    }
}
