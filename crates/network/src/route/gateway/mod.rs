//! The Gateway API: listeners, the HTTPRoutes attached to them, and what their rules do (gateway-api v1.5, apis/v1 and
//! its conformance tests). A request matches one listener, the most precise one; then the rules of all its routes
//! compete.

mod attach;
mod filters;
mod matches;
mod status;

use std::borrow::Cow;
use std::sync::Arc;

use opscape_manifest::api::gateway::{GatewaySpec, HttpRouteMatch, HttpRouteSpec, Listener};
use opscape_manifest::api::meta::Str;
use opscape_manifest::order::sort_by;

use super::decision::{Answer, Change, Forward, Policy};
use super::objects::{Found, by_age};
use super::reason::{Reason, Why};
use super::table::{Builder, Claim, Source, Table};
use super::{Decision, Request};
use attach::{allows, common_hosts, covers, granted, names, precision};
use filters::{Action, location, modified};
use matches::Match;
pub use status::statuses;

/// All listeners of all Gateways.
#[derive(Debug, Clone)]
pub(super) struct Gateways {
    listeners: Vec<Entry>,
}

/// A listener and what is attached to it.
#[derive(Debug, Clone)]
struct Entry {
    port: u16,
    https: bool,
    /// In lower case; empty: any.
    hostname: Str,
    source: Source,
    /// Whether Envoy listens.
    envoy: bool,
    /// In order of precedence, but for the host.
    rules: Vec<Rule>,
}

/// A match of a rule of a route.
#[derive(Debug, Clone)]
struct Rule {
    hosts: Vec<Str>,
    matches: Match,
    action: Arc<Action>,
    source: Source,
}

impl Gateways {
    pub(super) fn new(builder: &mut Builder<'_>) -> Gateways {
        let objects = builder.objects;
        let mut routes: Vec<&Found<HttpRouteSpec>> = objects.routes.iter().collect();
        // Oldest first, then by "{namespace}/{name}".
        sort_by(&mut routes, |a, b| {
            let name =
                |route: &Found<HttpRouteSpec>| [&*route.meta.namespace, "/", &*route.meta.name].concat();
            by_age(&a.meta, &b.meta).then_with(|| name(a).cmp(&name(b)))
        });
        // The actions of each rule, made once.
        let actions: Vec<Vec<Arc<Action>>> = routes
            .iter()
            .map(|route| {
                let rules = route.spec.rules.iter();
                rules.map(|rule| Arc::new(Action::new(rule, &route.meta.namespace, builder))).collect()
            })
            .collect();
        let mut attached = vec![false; routes.len()];
        let mut listeners = Vec::new();
        for gateway in &objects.gateways {
            let class = &gateway.spec.gateway_class_name;
            let known = objects.gateway_classes.iter().find(|known| known.name == *class);
            if !objects.gateway_classes.is_empty() && known.is_none() {
                let note = Reason::note("route.gateway.class").with("class", &**class);
                builder.notes.push(
                    note.with("from", gateway.origin.to_string())
                        .at(&gateway.origin, "spec.gatewayClassName"),
                );
                continue;
            }
            for (l, listener) in gateway.spec.listeners.iter().enumerate() {
                let field = format!("spec.listeners[{l}]");
                let Some(mut entry) = entry(builder, gateway, listener, field) else { continue };
                entry.envoy = known.is_none_or(|known| is_envoy(&known.controller));
                for ((route, actions), attached) in routes.iter().zip(&actions).zip(&mut attached) {
                    if !route.spec.parent_refs.iter().any(|parent| names(parent, route, gateway, listener))
                        || !allows(objects, listener, gateway, route)
                    {
                        continue;
                    }
                    let hosts = common_hosts(&listener.hostname, &route.spec.hostnames);
                    if !hosts.is_empty() {
                        *attached = true;
                        entry.attach(route, actions, &hosts);
                    }
                }
                sort_by(&mut entry.rules, |a, b| a.matches.precedence(&b.matches));
                listeners.push(entry);
            }
        }
        for (route, _) in routes.iter().zip(attached).filter(|(_, attached)| !attached) {
            let note = Reason::note("route.gateway.not-attached").with("from", route.origin.to_string());
            builder.notes.push(note.at(&route.origin, "spec.parentRefs"));
        }
        Gateways { listeners }
    }

    fn on_port(&self, request: &Request) -> impl Iterator<Item = &Entry> {
        self.listeners.iter().filter(|entry| entry.port == request.port && entry.https == request.https)
    }

    /// The listener of a request: the most precise host name.
    fn listener(&self, request: &Request) -> Option<&Entry> {
        let fits = self.on_port(request).filter(|entry| covers(&entry.hostname, request.hostname()));
        let mut best: Option<&Entry> = None;
        for entry in fits {
            if best.is_none_or(|best| precision(&entry.hostname) > precision(&best.hostname)) {
                best = Some(entry);
            }
        }
        best
    }

    pub(super) fn claim(&self, request: &Request) -> Claim {
        let Some(listener) = self.listener(request) else {
            return if self.on_port(request).next().is_some() { Claim::Any } else { Claim::None };
        };
        let host = request.hostname();
        let named = listener.rules.iter().flat_map(|rule| &rule.hosts).filter(|known| covers(known, host));
        named.map(|known| precision(known)).max().map_or(Claim::Any, |best| match best {
            (true, _) => Claim::Host,
            (false, 0) => Claim::Any,
            _ => Claim::Wildcard,
        })
    }

    pub(super) fn answer<'r>(&self, table: &Table, request: &'r Request, why: &mut Why<'_>) -> Decision<'r> {
        let host = request.hostname();
        let Some(listener) = self.listener(request) else {
            let heard = self.on_port(request).next().is_some();
            let key = if heard { "route.gateway.no-host" } else { "route.gateway.no-listener" };
            why.say(|| Reason::taken(key).with("host", host).with("port", request.port.to_string()));
            return if heard { Decision::not_found() } else { Decision::Dropped };
        };
        for other in self.on_port(request).filter(|other| !std::ptr::eq(*other, listener)) {
            why.say(|| other.say(Reason::passed("route.gateway.other-listener"), host));
        }
        why.say(|| listener.say(Reason::taken("route.gateway.listener"), host));
        let Some(rule) = listener.find(request, why) else {
            why.say(|| Reason::taken("route.path.none").with("path", request.path()));
            return Decision::not_found();
        };
        rule.act(table, request, listener, why)
    }
}

/// Whether a controller's data plane is Envoy, as most are (Envoy Gateway, Istio, Contour, Cilium, kgateway, ...).
fn is_envoy(controller: &str) -> bool {
    !["nginx", "traefik", "k8s.aws"].iter().any(|other| controller.contains(other))
}

/// A listener that can be used, or a note why not.
fn entry(
    builder: &mut Builder<'_>,
    gateway: &Found<GatewaySpec>,
    listener: &Listener,
    field: String,
) -> Option<Entry> {
    let source = Source { origin: gateway.origin.clone(), field: field.into() };
    let https = &*listener.protocol == "HTTPS";
    if !https && &*listener.protocol != "HTTP" {
        return None;
    }
    // All listeners of a port must have the same protocol, else none of them is used (`ProtocolConflict`).
    if gateway.spec.listeners.iter().any(|one| one.port == listener.port && one.protocol != listener.protocol)
    {
        let note = Reason::note("route.gateway.conflict").with("port", listener.port.to_string());
        builder.notes.push(source.mark(note));
        return None;
    }
    if https {
        let references = listener.tls.iter().flat_map(|tls| &tls.certificate_refs);
        let missing = references.into_iter().find(|reference| {
            let own = &gateway.meta.namespace;
            let namespace = reference.namespace.as_ref().unwrap_or(own);
            let allowed = namespace == own
                || granted(builder.objects, "Gateway", own, "Secret", namespace, &reference.name);
            let there = builder.objects.secrets.contains(&(namespace.clone(), reference.name.clone()));
            !allowed || !there
        });
        if let Some(missing) = missing {
            let note = Reason::note("route.gateway.certificate").with("secret", &*missing.name);
            builder.notes.push(source.mark(note));
            return None;
        }
    }
    Some(Entry {
        port: super::backend::port_number(listener.port),
        https,
        hostname: listener.hostname.to_ascii_lowercase().into(),
        source,
        envoy: true,
        rules: Vec::new(),
    })
}

impl Entry {
    fn attach(&mut self, route: &Found<HttpRouteSpec>, actions: &[Arc<Action>], hosts: &[Str]) {
        let all = [HttpRouteMatch::default()];
        for (r, (rule, action)) in route.spec.rules.iter().zip(actions).enumerate() {
            let list: &[HttpRouteMatch] = if rule.matches.is_empty() { &all } else { &rule.matches };
            for one in list {
                self.rules.push(Rule {
                    hosts: hosts.to_vec(),
                    matches: Match::new(one),
                    action: action.clone(),
                    source: Source { origin: route.origin.clone(), field: format!("spec.rules[{r}]").into() },
                });
            }
        }
    }

    fn say(&self, reason: Reason, host: &str) -> Reason {
        let shown = if self.hostname.is_empty() { "*" } else { &*self.hostname };
        self.source.mark(reason.with("host", host).with("server", shown))
    }

    /// The rule that takes a request: the most precise host name, then the order of precedence.
    fn find(&self, request: &Request, why: &mut Why<'_>) -> Option<&Rule> {
        let host = request.hostname();
        let mut best: Option<(&Rule, (bool, usize))> = None;
        for rule in &self.rules {
            let fits = rule.hosts.iter().filter(|known| covers(known, host));
            let Some(precise) = fits.map(|known| precision(known)).max() else {
                why.say(|| rule.say(Reason::passed("route.host.not"), request));
                continue;
            };
            match rule.matches.holds(request) {
                Err(key) => why.say(|| rule.say(Reason::passed(key), request)),
                Ok(()) if best.is_none_or(|(_, known)| precise > known) => {
                    if let Some((before, _)) = best {
                        why.say(|| before.say(Reason::passed("route.gateway.host-first"), request));
                    }
                    best = Some((rule, precise));
                }
                Ok(()) => why.say(|| rule.say(Reason::passed("route.gateway.later"), request)),
            }
        }
        let (rule, _) = best?;
        why.say(|| rule.say(Reason::taken("route.gateway.rule"), request));
        Some(rule)
    }
}

impl Rule {
    fn say(&self, reason: Reason, request: &Request) -> Reason {
        let hosts =
            self.hosts.iter().map(|host| if host.is_empty() { "*" } else { host }).collect::<Vec<_>>();
        self.source.mark(
            reason
                .with("path", request.path())
                .with("location", self.matches.path_text())
                .with("host", request.hostname())
                .with("server", hosts.join(", "))
                .with("method", &*request.method),
        )
    }

    fn act<'r>(
        &self,
        table: &Table,
        request: &'r Request,
        listener: &Entry,
        why: &mut Why<'_>,
    ) -> Decision<'r> {
        let action = &self.action;
        if let Some(kind) = &action.unknown_filter {
            why.say(|| self.source.mark(Reason::taken("route.gateway.filter").with("kind", &**kind)));
            return Decision::answer(Answer::Error, 500);
        }
        if let Some(redirect) = &action.redirect {
            let to = location(redirect, &self.matches.path, request, listener.port);
            why.say(|| self.source.mark(Reason::taken("route.gateway.redirect").with("to", &*to)));
            let status = redirect.status_code.and_then(|code| u16::try_from(code).ok()).unwrap_or(302);
            return Decision::Redirect { status, location: to };
        }
        let rewrite = action.rewrite.as_ref();
        let path =
            modified(rewrite.and_then(|rewrite| rewrite.path.as_ref()), &self.matches.path, request.path());
        if path != request.path() {
            let to = path.to_string();
            why.say(|| {
                self.source
                    .mark(Reason::taken("route.gateway.rewrite").with("path", request.path()).with("to", to))
            });
        }
        let mut changes = action.changes.clone();
        if let Some(host) = rewrite.and_then(|rewrite| rewrite.hostname.as_ref()) {
            changes.push(Change::Set("Host".into(), host.clone()));
        }
        for target in &action.targets {
            match target.backend {
                Ok(id) if table.serves(id) => why.say(|| table.say(Reason::taken("route.backend"), id)),
                Ok(id) => why.say(|| table.say(Reason::taken("route.unavailable"), id)),
                Err(key) => why.say(|| self.source.mark(Reason::taken(key).with("service", &*target.name))),
            }
        }
        if action.targets.iter().all(|target| target.backend.is_err()) {
            if action.targets.is_empty() {
                why.say(|| self.source.mark(Reason::taken("route.gateway.no-backend")));
            }
            return Decision::answer(Answer::Error, 500);
        }
        if let [target] = action.targets.as_slice()
            && let Ok(id) = target.backend
            && !table.serves(id)
        {
            return Decision::unavailable(id);
        }
        for mirror in &action.mirrors {
            why.say(|| table.say(Reason::note("route.gateway.mirror"), mirror.backend));
        }
        Decision::Forward(Forward {
            shares: action.shares(),
            path,
            query: Cow::Borrowed(request.query()),
            changes,
            mirrors: action.mirrors.clone(),
            policy: Policy { envoy: listener.envoy, ..action.policy },
            ..Forward::default()
        })
    }
}
