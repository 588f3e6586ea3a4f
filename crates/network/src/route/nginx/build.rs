//! From Ingresses to servers, locations and upstreams: ingress-nginx' internal/ingress/controller/controller.go
//! (`createUpstreams`, `createServers`, `getBackendServers`, `mergeAlternativeBackends`), location.go and the
//! `enforceRegexModifier` and `buildLocation` of template.go.
//!
//! One thing is as it was recorded and not as the controller's store does: a path of type `ImplementationSpecific`
//! becomes a plain `location`, not a `Prefix`.

use std::sync::Arc;

use opscape_manifest::api::ingress::{IngressServiceBackend, IngressSpec};
use opscape_manifest::api::meta::Str;
use opscape_manifest::order::sort_by;

use super::annotations::{Affinity, Annotations, Canary};
use super::locations::{Location, Locations, Matcher};
use super::rewrite::Rewrite;
use super::{Controller, Pattern, Server, Shaping, Upstream};
use crate::route::backend::{Lookup, PortKey, Wanted};
use crate::route::objects::{Found, by_age};
use crate::route::reason::Origin;
use crate::route::regex::Regex;
use crate::route::table::Builder;

/// The catch-all server.
pub(super) const DEFAULT_SERVER: &str = "_";

/// An Ingress with its annotations read.
struct Source<'o> {
    ingress: &'o Found<IngressSpec>,
    settings: Arc<Annotations>,
}

/// A server as it grows.
struct Draft {
    hostname: String,
    aliases: Vec<String>,
    certificate: bool,
    from_to_www: bool,
    locations: Vec<DraftLocation>,
}

struct DraftLocation {
    path: String,
    path_type: Str,
    /// Stands in until a rule takes `/`.
    default: bool,
    upstream: Option<usize>,
    settings: Arc<Annotations>,
    origin: Option<Arc<Origin>>,
    field: String,
}

struct Build<'b, 'o> {
    builder: &'b mut Builder<'o>,
    upstreams: Vec<Upstream>,
    servers: Vec<Draft>,
}

pub(in crate::route) fn controller<'o>(
    ingresses: &[&'o Found<IngressSpec>],
    builder: &mut Builder<'o>,
) -> Controller {
    let sources: Vec<Source<'o>> = sorted(ingresses)
        .iter()
        .map(|ingress| Source { ingress, settings: Annotations::read(ingress) })
        .collect();
    let mut build = Build::servers_of(&sources, builder);
    for source in sources.iter().filter(|source| source.settings.canary.is_some()) {
        build.merge_canary(source);
    }
    build.render()
}

/// `sortIngressSlice`: oldest first; of the same age, the name that comes last.
fn sorted<'o>(ingresses: &[&'o Found<IngressSpec>]) -> Vec<&'o Found<IngressSpec>> {
    let mut ingresses = ingresses.to_vec();
    sort_by(&mut ingresses, |a, b| {
        let name = |one: &Found<IngressSpec>| [&*one.meta.namespace, "/", &*one.meta.name].concat();
        by_age(&a.meta, &b.meta).then_with(|| name(b).cmp(&name(a)))
    });
    ingresses
}

/// `checkOverlap`: the host and path of an Ingress that another one has already, and which. `others` are those of the same
/// controller; the new one comes after them, whatever its age.
pub(in crate::route) fn overlap<'o>(
    new: &'o Found<IngressSpec>,
    others: &[&'o Found<IngressSpec>],
    builder: &mut Builder<'o>,
) -> Option<(String, String, Arc<Origin>)> {
    let ingresses = sorted(others).into_iter().chain([new]);
    let sources: Vec<Source<'o>> =
        ingresses.map(|ingress| Source { ingress, settings: Annotations::read(ingress) }).collect();
    let build = Build::servers_of(&sources, builder);
    let canary = |ingress: &Found<IngressSpec>| Annotations::canary(ingress);
    let own = canary(new);
    for (host, path, ..) in sources.last()?.paths() {
        let Some(server) = build.server(host).and_then(|at| build.servers.get(at)) else { continue };
        let mut existing = server.locations.iter().filter(|one| one.path == path && !one.default).peekable();
        if existing.peek().is_none() {
            continue;
        }
        let existing: Vec<&Arc<Origin>> = existing.filter_map(|one| one.origin.as_ref()).collect();
        if existing.contains(&&new.origin) {
            return None;
        }
        let clashes = |origin: &&&Arc<Origin>| {
            let other = others.iter().find(|one| one.origin == ***origin);
            let other = other.and_then(|other| canary(other));
            matches!((own, other), (Some(true), Some(true)) | (None, None))
        };
        // Whatever comes of the first path that somebody has, the others are not looked at.
        return existing
            .iter()
            .find(clashes)
            .map(|origin| (host.to_owned(), path.to_owned(), Arc::clone(origin)));
    }
    None
}

/// `upstreamName`
fn upstream_name(namespace: &str, service: &IngressServiceBackend) -> String {
    let port = match service.port.number {
        0 => service.port.name.to_string(),
        number => number.to_string(),
    };
    [namespace, "-", &service.name, "-", &port].concat()
}

fn host_of(host: &str) -> &str {
    if host.is_empty() { DEFAULT_SERVER } else { host }
}

fn path_of(path: &str) -> &str {
    if path.is_empty() { "/" } else { path }
}

impl Source<'_> {
    /// Its paths with their host, the Service they lead to, and where they stand.
    fn paths(&self) -> impl Iterator<Item = (&str, &str, &Str, &IngressServiceBackend, String)> {
        self.ingress.spec.rules.iter().enumerate().flat_map(|(r, rule)| {
            let paths = rule.http.iter().flat_map(|http| &http.paths).enumerate();
            paths.filter_map(move |(p, path)| {
                let service = path.backend.service.as_ref()?;
                let field = format!("spec.rules[{r}].http.paths[{p}]");
                Some((host_of(&rule.host), path_of(&path.path), &path.path_type, service, field))
            })
        })
    }

    fn default_backend(&self) -> Option<&IngressServiceBackend> {
        self.ingress.spec.default_backend.as_ref()?.service.as_ref()
    }
}

impl<'b, 'o> Build<'b, 'o> {
    /// `createUpstreams`, `createServers`, `getBackendServers`
    fn servers_of(sources: &[Source<'o>], builder: &'b mut Builder<'o>) -> Build<'b, 'o> {
        let mut build = Build { builder, upstreams: Vec::new(), servers: Vec::new() };
        for source in sources {
            build.create_upstreams(source);
        }
        build.create_servers(sources);
        for source in sources {
            build.fill_servers(source);
        }
        build
    }
}

impl Build<'_, '_> {
    fn upstream(&self, source: &Source<'_>, service: &IngressServiceBackend) -> Option<usize> {
        let name = upstream_name(&source.ingress.meta.namespace, service);
        self.upstreams.iter().position(|upstream| upstream.name == name && !upstream.removed)
    }

    fn server(&self, host: &str) -> Option<usize> {
        self.servers.iter().position(|server| server.hostname == host)
    }

    fn new_upstream(&mut self, source: &Source<'_>, service: &IngressServiceBackend) -> Upstream {
        let namespace = &source.ingress.meta.namespace;
        let port = match service.port.number {
            0 => PortKey::Name(service.port.name.clone()),
            number => PortKey::Number(number),
        };
        let lookup = if source.settings.service_upstream { Lookup::NginxClusterIp } else { Lookup::Nginx };
        let wanted = Wanted { namespace: namespace.clone(), service: service.name.clone(), port, lookup };
        Upstream {
            name: upstream_name(namespace, service),
            backend: self.builder.backend(wanted),
            shaping: source.settings.canary.as_ref().map(Shaping::new),
            removed: false,
            alternative: None,
            affinity: None,
            cookie_paths: Vec::new(),
        }
    }

    /// `createUpstreams`: one for each Service and port; who comes first decides what it is.
    fn create_upstreams(&mut self, source: &Source<'_>) {
        if let Some(service) = source.default_backend() {
            let upstream = self.new_upstream(source, service);
            match self.upstream(source, service).and_then(|at| self.upstreams.get_mut(at)) {
                Some(known) => *known = upstream,
                None => self.upstreams.push(upstream),
            }
        }
        for (_, _, _, service, _) in source.paths() {
            if self.upstream(source, service).is_none() {
                let upstream = self.new_upstream(source, service);
                self.upstreams.push(upstream);
            }
        }
    }

    /// `createServers`: one for each host, with a `location /` to the default backend.
    fn create_servers(&mut self, sources: &[Source<'_>]) {
        let root = |upstream: Option<usize>, settings: Arc<Annotations>| DraftLocation {
            path: "/".to_owned(),
            path_type: "Prefix".into(),
            default: true,
            upstream,
            settings,
            origin: None,
            field: String::new(),
        };
        let draft = |host: &str, location: DraftLocation| Draft {
            hostname: host.to_owned(),
            aliases: Vec::new(),
            certificate: false,
            from_to_www: false,
            locations: vec![location],
        };
        self.servers.push(draft(DEFAULT_SERVER, root(None, Arc::default())));
        let own = |source: &&Source<'_>| source.settings.canary.is_none();
        for source in sources.iter().filter(own) {
            let default = source.default_backend().and_then(|service| self.upstream(source, service));
            let origin = Some(source.ingress.origin.clone());
            let field = "spec.defaultBackend".to_owned();
            if source.ingress.spec.rules.is_empty()
                && default.is_some()
                && let Some(catch_all) =
                    self.servers.first_mut().and_then(|server| server.locations.first_mut())
                && catch_all.default
            {
                // Redirects and rewrites do not hold for it.
                let settings = Annotations {
                    redirect: None,
                    rewrite_target: "".into(),
                    use_regex: false,
                    app_root: "".into(),
                    ssl_redirect: false,
                    force_ssl_redirect: false,
                    ..(*source.settings).clone()
                };
                *catch_all = DraftLocation {
                    default: false,
                    origin: origin.clone(),
                    field: field.clone(),
                    ..root(default, Arc::new(settings))
                };
            }
            for rule in &source.ingress.spec.rules {
                let host = host_of(&rule.host);
                if self.server(host).is_none() {
                    let mut location = root(default, source.settings.clone());
                    if default.is_some() {
                        (location.origin, location.field) = (origin.clone(), field.clone());
                    }
                    self.servers.push(draft(host, location));
                }
            }
        }
        for source in sources.iter().filter(own) {
            for rule in &source.ingress.spec.rules {
                let Some(at) = self.server(host_of(&rule.host)) else { continue };
                let Some(server) = self.servers.get_mut(at) else { continue };
                if server.aliases.is_empty() {
                    server.aliases.clone_from(&source.settings.aliases);
                }
                // Whatever is wrong with the Secret, a default certificate stands in.
                server.certificate |= !source.ingress.spec.tls.is_empty();
            }
        }
        let hosts: Vec<String> = self.servers.iter().map(|server| server.hostname.clone()).collect();
        for server in &mut self.servers {
            server.aliases.retain(|alias| !hosts.contains(alias));
            sort_by(&mut server.aliases, Ord::cmp);
            server.aliases.dedup();
        }
    }

    /// `getBackendServers`: the locations of the rules.
    fn fill_servers(&mut self, source: &Source<'_>) {
        for (host, path, path_type, service, field) in source.paths() {
            let Some(upstream) = self.upstream(source, service) else { continue };
            if self.upstreams.get(upstream).is_none_or(|upstream| upstream.shaping.is_some()) {
                continue;
            }
            let server = self.server(host).or_else(|| self.server(DEFAULT_SERVER));
            let Some(server) = server.and_then(|at| self.servers.get_mut(at)) else { continue };
            let location = DraftLocation {
                path: path.to_owned(),
                path_type: path_type.clone(),
                default: false,
                upstream: Some(upstream),
                settings: source.settings.clone(),
                origin: Some(source.ingress.origin.clone()),
                field,
            };
            let known =
                server.locations.iter_mut().find(|known| known.path == path && known.path_type == *path_type);
            let added = match known {
                Some(known) if known.default => {
                    *known = location;
                    true
                }
                // Who comes first keeps it.
                Some(_) => false,
                None => {
                    server.locations.push(location);
                    true
                }
            };
            server.from_to_www |= added && source.settings.from_to_www;
            let hosts: Vec<String> =
                server.aliases.iter().cloned().chain([server.hostname.clone()]).collect();
            if let Some(affinity) = &source.settings.affinity
                && let Some(upstream) = self.upstreams.get_mut(upstream)
            {
                upstream.affinity = Some(affinity.clone());
                upstream.cookie_paths.extend(hosts.into_iter().map(|host| (host, path.to_owned())));
            }
        }
    }

    /// `mergeAlternativeBackends`: a canary belongs to the upstream of the same host, path and type.
    fn merge_canary(&mut self, source: &Source<'_>) {
        let legacy = source.settings.affinity.as_ref().is_some_and(|affinity: &Affinity| affinity.legacy);
        if let Some(service) = source.default_backend() {
            self.merge(source, service, DEFAULT_SERVER, None, legacy);
        }
        for (host, path, path_type, service, _) in source.paths() {
            self.merge(source, service, host, Some((path, path_type)), legacy);
        }
    }

    fn merge(
        &mut self,
        source: &Source<'_>,
        service: &IngressServiceBackend,
        host: &str,
        wanted: Option<(&str, &Str)>,
        legacy: bool,
    ) {
        let Some(canary) = self.upstream(source, service) else { return };
        let Some(server) = self.server(host).and_then(|at| self.servers.get(at)) else { return };
        let mut primary = None;
        for location in &server.locations {
            if location.upstream == Some(canary) {
                // It is a primary of its own.
                return;
            }
            let fits = wanted.is_none_or(|(path, kind)| location.path == path && location.path_type == *kind);
            let takes = |at: usize| self.upstreams.get(at).is_some_and(|upstream| upstream.shaping.is_none());
            if fits && primary.is_none() {
                primary = location.upstream.filter(|at| takes(*at));
            }
        }
        let Some(primary) = primary else {
            if let Some(upstream) = self.upstreams.get_mut(canary) {
                upstream.removed = true;
            }
            return;
        };
        let Some(upstream) = self.upstreams.get_mut(primary) else { return };
        // Only the first canary of an upstream counts.
        upstream.alternative.get_or_insert(canary);
        let (affinity, paths) = (upstream.affinity.clone(), upstream.cookie_paths.clone());
        if !legacy && let Some(upstream) = self.upstreams.get_mut(canary) {
            (upstream.affinity, upstream.cookie_paths) = (affinity, paths);
        }
    }

    fn render(mut self) -> Controller {
        let drafts = std::mem::take(&mut self.servers);
        let names: Vec<String> = drafts.iter().map(|draft| draft.hostname.clone()).collect();
        let mut servers = Vec::with_capacity(drafts.len());
        for draft in drafts {
            let mut redirect_from = None;
            if draft.from_to_www {
                let from = match draft.hostname.strip_prefix("www.") {
                    Some(bare) => bare.to_owned(),
                    None => ["www.", &draft.hostname].concat(),
                };
                redirect_from = (!names.contains(&from)).then_some(from);
            }
            servers.push(self.server_of(draft, redirect_from));
        }
        Controller::new(servers, self.upstreams)
    }

    fn server_of(&mut self, draft: Draft, redirect_from: Option<String>) -> Server {
        let mut drafts = draft.locations;
        sort_by(&mut drafts, |a, b| b.path.len().cmp(&a.path.len()).then_with(|| b.path.cmp(&a.path)));
        let exact: Vec<String> = drafts
            .iter()
            .filter(|location| &*location.path_type == "Exact")
            .map(|location| location.path.clone())
            .collect();
        // `enforceRegexModifier`: one of them makes regular expressions of all.
        let enforces = |one: &&DraftLocation| one.rewrites() || one.settings.use_regex;
        let regex = drafts.iter().any(|one| enforces(&one));
        let regex_because = drafts.iter().filter(enforces).find_map(|one| one.origin.clone());
        let mut all = Vec::new();
        let mut app_roots = Vec::new();
        for location in drafts {
            if !location.settings.app_root.is_empty() {
                app_roots.push((location.settings.app_root.clone(), location.origin.clone()));
            }
            let custom_default = self.custom_default(&location);
            let render = |path: &str, exact: bool| {
                let matcher = match (regex, exact) {
                    (true, _) => Matcher::Regex(Regex::new(&["^", path].concat(), true)),
                    (false, true) => Matcher::Exact,
                    (false, false) => Matcher::Prefix,
                };
                let target = &location.settings.rewrite_target;
                let rewrites = !target.is_empty() && **target != *path;
                Location {
                    path: path.into(),
                    ingress_path: location.path.as_str().into(),
                    matcher,
                    upstream: location.upstream,
                    settings: location.settings.clone(),
                    rewrite: if rewrites { Rewrite::new(path, target) } else { None },
                    custom_default,
                    origin: location.origin.clone(),
                    field: location.field.clone(),
                }
            };
            // location.go, `updateServerLocations`
            let plain = location.path == "/"
                || &*location.path_type != "Prefix"
                || location.rewrites()
                || location.settings.use_regex;
            if plain {
                all.push(render(&location.path, &*location.path_type == "Exact"));
                continue;
            }
            let slashed = if location.path.ends_with('/') {
                location.path.clone()
            } else {
                [&location.path, "/"].concat()
            };
            all.push(render(&slashed, false));
            // Rendered as `=` of the path as written; with a slash at its end it adds nothing.
            if !exact.contains(&location.path) && slashed != location.path {
                all.push(render(&location.path, true));
            }
        }
        // nginx refuses two plain locations of one path; the default backend gives way.
        if !regex && all.iter().filter(|one| &*one.path == "/" && one.matcher == Matcher::Prefix).count() > 1
        {
            all.retain(|one| &*one.path != "/" || one.matcher != Matcher::Prefix || one.origin.is_some());
        }
        Server {
            hostname: draft.hostname,
            aliases: draft.aliases,
            certificate: draft.certificate,
            redirect_from,
            app_roots,
            regex_because,
            locations: Locations::new(all),
        }
    }

    /// `default-backend`, for a location whose Service has nobody who serves.
    fn custom_default(&mut self, location: &DraftLocation) -> Option<crate::route::BackendId> {
        let name = &location.settings.default_backend;
        let namespace = location.origin.as_ref()?.namespace.clone();
        location.upstream?;
        self.builder.objects.service(&namespace, name)?;
        let wanted = Wanted { namespace, service: name.clone(), port: PortKey::First, lookup: Lookup::Nginx };
        Some(self.builder.backend(wanted))
    }
}

impl DraftLocation {
    /// `needsRewrite`
    fn rewrites(&self) -> bool {
        !self.settings.rewrite_target.is_empty() && *self.settings.rewrite_target != *self.path
    }
}

impl Shaping {
    fn new(canary: &Canary) -> Shaping {
        Shaping {
            weight: canary.weight,
            // A total of 100 or less counts as 100.
            total: canary.total.max(100),
            header: canary.header.clone(),
            value: canary.header_value.clone(),
            pattern: match &*canary.header_pattern {
                "" => Pattern::None,
                pattern => Regex::new(pattern, false).map_or(Pattern::Bad, Pattern::Regex),
            },
            cookie: canary.cookie.clone(),
        }
    }
}
