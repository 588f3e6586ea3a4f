//! Ingresses as networking.k8s.io/v1 promises them, for controllers of which no more is known: hosts with wildcards of
//! one label, `Exact` and `Prefix` by path elements, the longest path first, default backends
//! (kubernetes.io/docs/concepts/services-networking/ingress, ingress-controller-conformance).

use std::borrow::Cow;
use std::cmp::Ordering;

use opscape_manifest::api::ingress::{HttpIngressPath, IngressBackend, IngressSpec};
use opscape_manifest::api::meta::Str;
use opscape_manifest::order::sort_by;

use super::backend::{Lookup, PortKey, Wanted};
use super::decision::{Forward, Share};
use super::objects::{Found, by_age};
use super::reason::{Reason, Why};
use super::table::{Builder, Claim, Source, Table};
use super::{BackendId, Decision, Request};

/// All Ingresses of a controller, merged.
#[derive(Debug, Clone)]
pub(super) struct Plain {
    /// Exact hosts, sorted; then wildcards; then the rules without a host.
    hosts: Vec<Host>,
    default: Option<(Option<BackendId>, Source)>,
}

#[derive(Debug, Clone)]
struct Host {
    name: Str,
    /// In order of precedence.
    paths: Vec<Path>,
}

#[derive(Debug, Clone)]
struct Path {
    /// As written.
    written: Str,
    /// Without a slash at its end.
    trimmed: Str,
    exact: bool,
    /// `None`: a resource, which no controller here knows.
    backend: Option<BackendId>,
    source: Source,
}

impl Plain {
    pub(super) fn new(ingresses: &[&Found<IngressSpec>], builder: &mut Builder<'_>) -> Plain {
        let mut ingresses = ingresses.to_vec();
        sort_by(&mut ingresses, |a, b| by_age(&a.meta, &b.meta));
        let mut plain = Plain { hosts: Vec::new(), default: None };
        for ingress in ingresses {
            let source = |field: String| Source { origin: ingress.origin.clone(), field: field.into() };
            if let Some(backend) = &ingress.spec.default_backend
                && plain.default.is_none()
            {
                let id = backend_of(backend, &ingress.meta.namespace, builder);
                plain.default = Some((id, source("spec.defaultBackend".to_owned())));
            }
            for (r, rule) in ingress.spec.rules.iter().enumerate() {
                let name: Str = rule.host.to_ascii_lowercase().into();
                let at = plain.hosts.iter().position(|host| host.name == name).unwrap_or_else(|| {
                    plain.hosts.push(Host { name, paths: Vec::new() });
                    plain.hosts.len() - 1
                });
                for (p, path) in rule.http.iter().flat_map(|http| &http.paths).enumerate() {
                    let backend = backend_of(&path.backend, &ingress.meta.namespace, builder);
                    let source = source(format!("spec.rules[{r}].http.paths[{p}]"));
                    if let Some(host) = plain.hosts.get_mut(at) {
                        host.paths.push(Path::new(path, backend, source));
                    }
                }
            }
        }
        for host in &mut plain.hosts {
            // The longest first; of the same length, Exact before Prefix.
            sort_by(&mut host.paths, |a, b| {
                b.trimmed.len().cmp(&a.trimmed.len()).then_with(|| b.exact.cmp(&a.exact))
            });
        }
        sort_by(&mut plain.hosts, |a, b| rank(&a.name).cmp(&rank(&b.name)).then_with(|| a.name.cmp(&b.name)));
        plain
    }

    pub(super) fn claim(&self, request: &Request) -> Claim {
        let host = request.hostname();
        let fits = self.hosts.iter().find(|one| fits(&one.name, host));
        fits.map_or(Claim::Any, |host| match rank(&host.name) {
            0 => Claim::Host,
            1 => Claim::Wildcard,
            _ => Claim::Any,
        })
    }

    pub(super) fn answer<'r>(&self, table: &Table, request: &'r Request, why: &mut Why<'_>) -> Decision<'r> {
        for host in self.hosts.iter().filter(|host| fits(&host.name, request.hostname())) {
            let key = match rank(&host.name) {
                0 => "route.host.exact",
                1 => "route.host.wildcard",
                _ => "route.host.any",
            };
            why.say(|| Reason::taken(key).with("host", request.hostname()).with("server", &*host.name));
            if let Some(path) = host.find(request.path(), why) {
                return forward(table, request, path.backend, why);
            }
        }
        for host in &self.hosts {
            if !fits(&host.name, request.hostname()) {
                why.say(|| {
                    Reason::passed("route.host.not")
                        .with("host", request.hostname())
                        .with("server", &*host.name)
                });
            }
        }
        let Some((backend, source)) = &self.default else {
            why.say(|| Reason::taken("route.default.none"));
            return Decision::not_found();
        };
        why.say(|| source.mark(Reason::taken("route.default.ingress")));
        forward(table, request, *backend, why)
    }
}

fn rank(host: &str) -> u8 {
    match host {
        "" => 2,
        host if host.starts_with("*.") => 1,
        _ => 0,
    }
}

/// A wildcard stands for one label.
fn fits(rule: &str, host: &str) -> bool {
    match rule.strip_prefix('*') {
        Some(suffix) => {
            host.strip_suffix(suffix).is_some_and(|label| !label.is_empty() && !label.contains('.'))
        }
        None => rule.is_empty() || rule == host,
    }
}

fn forward<'r>(
    table: &Table,
    request: &'r Request,
    backend: Option<BackendId>,
    why: &mut Why<'_>,
) -> Decision<'r> {
    let Some(backend) = backend else {
        why.say(|| Reason::taken("route.resource"));
        return Decision::answer(super::decision::Answer::Unavailable, 503);
    };
    if !table.serves(backend) {
        why.say(|| table.say(Reason::taken("route.unavailable"), backend));
        return Decision::unavailable(backend);
    }
    why.say(|| table.say(Reason::taken("route.backend"), backend));
    Decision::Forward(Forward {
        shares: vec![Share::all(backend)],
        path: Cow::Borrowed(request.path()),
        query: Cow::Borrowed(request.query()),
        forwarded: true,
        ..Forward::default()
    })
}

pub(super) fn backend_of(
    backend: &IngressBackend,
    namespace: &Str,
    builder: &mut Builder<'_>,
) -> Option<BackendId> {
    let service = backend.service.as_ref()?;
    let port = match service.port.number {
        0 => PortKey::Name(service.port.name.clone()),
        number => PortKey::Number(number),
    };
    let (namespace, service) = (namespace.clone(), service.name.clone());
    Some(builder.backend(Wanted { namespace, service, port, lookup: Lookup::Plain }))
}

impl Path {
    fn new(path: &HttpIngressPath, backend: Option<BackendId>, source: Source) -> Path {
        let exact = &*path.path_type == "Exact";
        let written: Str = if path.path.is_empty() { "/".into() } else { path.path.clone() };
        let trimmed = if exact { &*written } else { written.trim_end_matches('/') };
        Path { trimmed: trimmed.into(), written, exact, backend, source }
    }

    fn matches(&self, path: &str) -> bool {
        if self.exact {
            return *self.trimmed == *path;
        }
        path.strip_prefix(&*self.trimmed).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl Host {
    fn find(&self, path: &str, why: &mut Why<'_>) -> Option<&Path> {
        let mut found: Option<&Path> = None;
        for one in &self.paths {
            let reason =
                |reason: Reason| one.source.mark(reason.with("path", path).with("location", &*one.written));
            match (one.matches(path), found) {
                (true, None) => {
                    let key = if one.exact { "route.path.exact" } else { "route.path.prefix" };
                    why.say(|| reason(Reason::taken(key)));
                    found = Some(one);
                    if !why.asked() {
                        break;
                    }
                }
                (true, Some(before)) => {
                    let key = match before.trimmed.len().cmp(&one.trimmed.len()) {
                        Ordering::Equal if before.exact && !one.exact => "route.path.exact-first",
                        Ordering::Equal => "route.path.older",
                        _ => "route.path.shorter",
                    };
                    why.say(|| reason(Reason::passed(key)));
                }
                (false, _) => {
                    let key = if one.exact { "route.path.exact-not" } else { "route.path.prefix-not" };
                    why.say(|| reason(Reason::passed(key)));
                }
            }
        }
        found
    }
}
