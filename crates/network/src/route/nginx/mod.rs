//! ingress-nginx with its default ConfigMap: what its controller renders from Ingresses, and what nginx and the
//! controller's Lua code then do with a request. Follows ingress-nginx v1.x (internal/ingress/controller,
//! rootfs/etc/nginx/lua) and nginx 1.22+.
//!
//! The order is nginx': the server by the host, what the server itself answers (`from-to-www`, `app-root`), the location,
//! the location's redirect or rewrite, the redirect to HTTPS, the upstream with its canary.

mod annotations;
mod build;
mod canary;
mod locations;
mod rewrite;
mod uri;

use std::sync::Arc;

use opscape_manifest::api::meta::Str;
use opscape_manifest::order::sort_by;

use super::decision::{Answer, Change, Decision, Forward};
use super::reason::{Origin, Reason, Why};
use super::regex::Regex;
use super::table::{Claim, Table};
use super::{BackendId, Request};
use annotations::Affinity;
use build::DEFAULT_SERVER;
pub(in crate::route) use build::{controller, overlap};
use locations::{Hit, Location, Locations};
use rewrite::{Rewritten, Variables};
use std::borrow::Cow;
use uri::Uri;

/// Of how many other servers it is said that they do not take a host.
const MAX_OTHERS: usize = 8;

/// What the controller has rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Controller {
    servers: Vec<Server>,
    upstreams: Vec<Upstream>,
    /// Exact host names and their servers, sorted.
    names: Vec<(String, usize)>,
    /// Aliases as `*.example.com`: what follows the `*`.
    wildcards: Vec<(String, usize)>,
    /// Host names of certificates.
    certificates: Vec<String>,
    /// Hosts that lead to another (`from-to-www-redirect`).
    www: Vec<(String, String)>,
}

/// A `server` block.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Server {
    hostname: String,
    aliases: Vec<String>,
    certificate: bool,
    redirect_from: Option<String>,
    app_roots: Vec<(Str, Option<Arc<Origin>>)>,
    /// The Ingress that makes regular expressions of all locations.
    regex_because: Option<Arc<Origin>>,
    locations: Locations,
}

/// An upstream: a Service and port that paths lead to.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Upstream {
    name: String,
    backend: BackendId,
    /// It is a canary.
    shaping: Option<Shaping>,
    /// No primary was found for it.
    removed: bool,
    /// Its canary.
    alternative: Option<usize>,
    affinity: Option<Affinity>,
    /// Hosts and paths whose answers set the cookie.
    cookie_paths: Vec<(String, String)>,
}

/// `TrafficShapingPolicy` of a canary.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Shaping {
    weight: u32,
    total: u32,
    header: Str,
    value: Str,
    pattern: Pattern,
    cookie: Str,
}

/// `canary-by-header-pattern`
#[derive(Debug, Clone, PartialEq, Eq)]
enum Pattern {
    None,
    /// It cannot be read.
    Bad,
    Regex(Regex),
}

impl Controller {
    fn new(servers: Vec<Server>, upstreams: Vec<Upstream>) -> Controller {
        let mut names = Vec::new();
        let mut wildcards = Vec::new();
        let (mut certificates, mut www) = (Vec::new(), Vec::new());
        for (at, server) in servers.iter().enumerate() {
            if server.hostname != DEFAULT_SERVER {
                names.push((server.hostname.to_ascii_lowercase(), at));
            }
            for alias in &server.aliases {
                match alias.strip_prefix('*') {
                    Some(suffix) => wildcards.push((suffix.to_ascii_lowercase(), at)),
                    None => names.push((alias.to_ascii_lowercase(), at)),
                }
            }
            if server.certificate {
                certificates.push(server.hostname.to_ascii_lowercase());
            }
            if let Some(from) = &server.redirect_from {
                www.push((from.clone(), server.hostname.clone()));
            }
        }
        sort_by(&mut names, |a, b| a.0.cmp(&b.0));
        sort_by(&mut wildcards, |a, b| b.0.len().cmp(&a.0.len()));
        Controller { servers, upstreams, names, wildcards, certificates, www }
    }

    /// The server of a host, and whether it has a name of its own there.
    fn server(&self, host: &str) -> Option<(&Server, Claim)> {
        let named = |name: &str| {
            let at = self.names.binary_search_by(|(known, _)| known.as_str().cmp(name)).ok()?;
            self.servers.get(self.names.get(at)?.1)
        };
        if let Some(server) = named(host) {
            return Some((server, Claim::Host));
        }
        let by_alias =
            self.wildcards.iter().find(|(suffix, _)| host.len() > suffix.len() && host.ends_with(suffix));
        if let Some(server) = by_alias.and_then(|(_, at)| self.servers.get(*at)) {
            return Some((server, Claim::Wildcard));
        }
        // `buildServerName`: a wildcard stands for one label of word characters.
        if let Some((label, rest)) = host.split_once('.')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
            && !label.is_empty()
            && let Some(server) = named(&["*.", rest].concat())
        {
            return Some((server, Claim::Wildcard));
        }
        self.servers.first().map(|server| (server, Claim::Any))
    }

    /// How much a request is this controller's.
    pub(super) fn claim(&self, request: &Request) -> Claim {
        let host = request.hostname();
        if self.www.iter().any(|(from, _)| from == host) {
            return Claim::Host;
        }
        self.server(host).map_or(Claim::Any, |(_, claim)| claim)
    }

    /// certificate.lua, `configured_for_current_request`
    fn has_certificate(&self, host: &str) -> bool {
        let parent = host.split_once('.').map(|(_, rest)| rest);
        self.certificates
            .iter()
            .any(|known| known == host || parent.is_some() && known.strip_prefix("*.") == parent)
    }

    /// What becomes of a request.
    pub(super) fn answer<'r>(&self, table: &Table, request: &'r Request, why: &mut Why<'_>) -> Decision<'r> {
        let Some(uri) = uri::normalise(request.path()) else {
            why.say(|| Reason::taken("route.bad-path").with("path", request.path()));
            return Decision::answer(Answer::BadRequest, 400);
        };
        if uri.path != request.path().as_bytes() {
            let path = String::from_utf8_lossy(&uri.path).into_owned();
            why.say(|| {
                Reason::note("route.nginx.normalised").with("from", request.path()).with("path", path)
            });
        }
        let host = request.hostname();
        if let Some((from, to)) = self.www.iter().find(|(from, _)| from == host) {
            why.say(|| Reason::taken("route.nginx.www").with("from", from).with("to", to));
            let target = without_slash(request.target());
            let location = [request.scheme(), "://", to, target].concat();
            return Decision::Redirect { status: 308, location };
        }
        let Some((server, claim)) = self.server(host) else { return Decision::not_found() };
        why.say(|| {
            let key = match claim {
                Claim::Any => "route.host.any",
                Claim::Wildcard => "route.host.wildcard",
                _ if server.hostname.eq_ignore_ascii_case(host) => "route.host.exact",
                _ => "route.nginx.alias",
            };
            Reason::taken(key).with("host", host).with("server", &*server.hostname)
        });
        let others = self.servers.iter().filter(|other| !std::ptr::eq(*other, server));
        for other in others.filter(|other| other.hostname != DEFAULT_SERVER).take(MAX_OTHERS) {
            why.say(|| Reason::passed("route.host.not").with("host", host).with("server", &*other.hostname));
        }
        if let Some((root, origin)) = server.app_roots.first().filter(|_| *uri.path == *b"/") {
            why.say(|| {
                let reason = Reason::taken("route.nginx.app-root").with("to", &**root);
                match origin {
                    Some(origin) => reason.at(origin, "metadata.annotations"),
                    None => reason,
                }
            });
            let location = [request.scheme(), "://", request.host(), root].concat();
            return Decision::Redirect { status: 302, location };
        }
        if let Some(origin) = &server.regex_because {
            why.say(|| {
                Reason::note("route.nginx.regex-host")
                    .with("host", &*server.hostname)
                    .with("from", origin.to_string())
                    .at(origin, "metadata.annotations")
            });
        }
        let hit = server.locations.find(&uri.path);
        server.locations.explain(&uri.path, hit, why);
        match hit {
            Hit::None => Decision::not_found(),
            Hit::Slash(location) => {
                let query = request.query();
                let mark = if query.is_empty() { "" } else { "?" };
                let to = [request.scheme(), "://", host, &location.path, mark, query].concat();
                Decision::Redirect { status: 301, location: to }
            }
            Hit::Location(location) => self.serve(table, request, &uri, server, location, why),
        }
    }

    /// What a location does: its rewrite phase, then its upstream.
    fn serve<'r>(
        &self,
        table: &Table,
        request: &'r Request,
        uri: &Uri<'r>,
        server: &Server,
        location: &Location,
        why: &mut Why<'_>,
    ) -> Decision<'r> {
        let settings = &location.settings;
        let upstream = location.upstream.and_then(|at| self.upstreams.get(at));
        let backend = upstream.map(|upstream| table.backend(upstream.backend));
        let port = backend.map(|backend| backend.port.to_string()).unwrap_or_default();
        let variables = Variables {
            request,
            uri,
            captures: None,
            location: [
                ("namespace", location.origin.as_ref().map_or("", |origin| &origin.namespace)),
                ("ingress_name", location.origin.as_ref().map_or("", |origin| &origin.name)),
                ("service_name", backend.map_or("", |backend| &backend.service)),
                ("service_port", &port),
                ("location_path", &location.ingress_path),
            ],
        };
        if let Some((status, target)) = &settings.redirect {
            why.say(|| {
                location.say(Reason::taken("route.nginx.redirect").with("to", &**target), request.path())
            });
            return Decision::Redirect { status: *status, location: variables.text(target) };
        }
        let mut forward = Forward {
            path: Cow::Borrowed(request.path()),
            query: Cow::Borrowed(request.query()),
            forwarded: true,
            policy: settings.policy,
            ..Forward::default()
        };
        let mut captures = None;
        if let Some(rewrite) = &location.rewrite {
            match rewrite.apply(request, &variables) {
                Rewritten::Not => {}
                Rewritten::Redirect(to) => {
                    why.say(|| Reason::taken("route.nginx.redirect").with("to", &*to));
                    return Decision::Redirect { status: 302, location: to };
                }
                Rewritten::Empty => {
                    why.say(|| Reason::taken("route.nginx.empty"));
                    return Decision::answer(Answer::Error, 500);
                }
                Rewritten::To { path, query } => {
                    why.say(|| {
                        let target = settings.rewrite_target.to_string();
                        let reason =
                            Reason::taken("route.nginx.rewrite").with("target", target).with("to", &*path);
                        location.say(reason, request.path())
                    });
                    captures = rewrite.captures(&uri.path);
                    (forward.path, forward.query) = (Cow::Owned(path), query);
                }
            }
        }
        if !request.https
            && (settings.force_ssl_redirect
                || settings.ssl_redirect && self.has_certificate(request.hostname()))
        {
            let key = if settings.force_ssl_redirect { "route.nginx.force-ssl" } else { "route.nginx.ssl" };
            why.say(|| Reason::taken(key).with("host", &*server.hostname));
            return https_redirect(request, location);
        }
        let Some(upstream) = upstream else {
            why.say(|| Reason::taken("route.default.none"));
            return Decision::not_found();
        };
        let variables = Variables { captures: captures.as_ref(), ..variables };
        if location.rewrite.is_some() && !settings.forwarded_prefix.is_empty() {
            let value = variables.text(&settings.forwarded_prefix);
            forward.changes.push(Change::Set("X-Forwarded-Prefix".into(), value.into()));
        }
        if !settings.upstream_vhost.is_empty() {
            let value = variables.text(&settings.upstream_vhost);
            forward.changes.push(Change::Set("Host".into(), value.into()));
        }
        if !table.serves(upstream.backend)
            && let Some(custom) = location.custom_default.filter(|custom| table.serves(*custom))
        {
            why.say(|| table.say(Reason::note("route.unavailable"), upstream.backend));
            why.say(|| table.say(Reason::taken("route.nginx.custom-default"), custom));
            for (name, value) in [
                ("X-Code", "503"),
                ("X-Namespace", variables.location[0].1),
                ("X-Ingress-Name", variables.location[1].1),
                ("X-Service-Name", variables.location[2].1),
                ("X-Service-Port", variables.location[3].1),
            ] {
                forward.changes.push(Change::Set(name.into(), value.into()));
            }
            forward.shares.push(super::decision::Share::all(custom));
            return Decision::Forward(forward);
        }
        // balancer.lua, `rewrite`: without a balancer for the upstream there is nobody to ask.
        if !table.serves(upstream.backend) {
            why.say(|| table.say(Reason::taken("route.unavailable"), upstream.backend));
            return Decision::unavailable(upstream.backend);
        }
        forward.shares = self.shares(table, upstream, request, why);
        forward.set_cookie = cookie(upstream, server, location, request);
        if let Some(name) = &forward.set_cookie {
            why.say(|| Reason::note("route.nginx.cookie").with("cookie", &**name));
        }
        Decision::Forward(forward)
    }
}

/// lua_ingress.lua, `rewrite`
fn https_redirect<'r>(request: &Request, location: &Location) -> Decision<'r> {
    let settings = &location.settings;
    let host = request.host().split(':').next().unwrap_or_default();
    let target =
        if settings.preserve_trailing_slash { request.target() } else { without_slash(request.target()) };
    let port = if settings.ports_in_redirects { ":443" } else { "" };
    Decision::Redirect { status: 308, location: ["https://", host, port, target].concat() }
}

/// One slash at the end is cut.
fn without_slash(target: &str) -> &str {
    target.strip_suffix('/').unwrap_or(target)
}

/// sticky.lua, `balance`: the cookie is set on the paths of the Ingress that asks for it, unless the client has it.
fn cookie(upstream: &Upstream, server: &Server, location: &Location, request: &Request) -> Option<Str> {
    let affinity = upstream.affinity.as_ref()?;
    let here = upstream
        .cookie_paths
        .iter()
        .any(|(host, path)| *host == server.hostname && **path == *location.ingress_path);
    (here && request.cookie(&affinity.cookie).is_none()).then(|| affinity.cookie.clone())
}
