//! The AWS Load Balancer Controller (v2.x, pkg/ingress): a group of Ingresses becomes the listeners and rules of one
//! Application Load Balancer, in the order of `group.order`; the first rule whose conditions hold is taken.

mod actions;
mod auth;
mod conditions;
mod health;
mod json;
mod transforms;

use std::sync::Arc;

use opscape_manifest::api::ingress::{HttpIngressPath, IngressServiceBackend, IngressSpec};
use opscape_manifest::api::meta::Str;
use opscape_manifest::order::sort_by;

use super::objects::{Found, Objects, json as parse};
use super::reason::{Origin, Reason, Why};
use super::table::{Builder, Claim, Source, Table};
use super::{Decision, Request};
use actions::{Action, PREFIX, Redirect};
use auth::Auth;
use conditions::{Added, Condition, patterns};
use transforms::Transforms;

/// A load balancer.
#[derive(Debug, Clone)]
pub(super) struct LoadBalancer {
    group: Str,
    listeners: Vec<Listener>,
}

#[derive(Debug, Clone)]
struct Listener {
    port: u16,
    https: bool,
    /// In the order of their priority.
    rules: Vec<Rule>,
    default: Backend,
    default_source: Option<Source>,
}

/// What is done with a request: who may come in, and then an action.
#[derive(Debug, Clone)]
struct Backend {
    auth: Option<Auth>,
    /// There is an `auth-type`, and nobody is asked, because the listener is one of HTTP.
    unasked: bool,
    action: Action,
}

#[derive(Debug, Clone)]
struct Rule {
    conditions: Vec<Condition>,
    backend: Backend,
    transforms: Transforms,
    source: Source,
    path: Str,
    host: Str,
}

pub(super) fn annotation<'i>(ingress: &'i Found<IngressSpec>, name: &str) -> Option<&'i str> {
    ingress.annotation(&[PREFIX, name].concat()).map(str::trim)
}

/// One load balancer for each group; an Ingress without a group is one of its own.
pub(super) fn groups(ingresses: &[&Found<IngressSpec>], builder: &mut Builder<'_>) -> Vec<LoadBalancer> {
    let mut groups: Vec<(Str, Vec<&Found<IngressSpec>>)> = Vec::new();
    for ingress in ingresses {
        let group = group_of(ingress, builder.objects);
        match groups.iter_mut().find(|(known, _)| *known == group) {
            Some((_, members)) => members.push(ingress),
            None => groups.push((group, vec![ingress])),
        }
    }
    groups
        .into_iter()
        .map(|(group, mut members)| {
            // `sortGroupMembers`
            sort_by(&mut members, |a, b| {
                let key = |one: &Found<IngressSpec>| {
                    let order = annotation(one, "group.order").and_then(|order| order.parse::<i64>().ok());
                    (order.unwrap_or(0), [&*one.meta.namespace, "/", &*one.meta.name].concat())
                };
                key(a).cmp(&key(b))
            });
            LoadBalancer::new(group, &members, builder)
        })
        .collect()
}

/// `loadGroupID`: the group of the IngressClassParams, the annotation, or the Ingress itself.
pub(super) fn group_of(ingress: &Found<IngressSpec>, objects: &Objects) -> Str {
    let class = ingress.spec.ingress_class_name.as_ref();
    let class = class.and_then(|name| objects.classes.iter().find(|class| class.meta.name == *name));
    let parameters = class.and_then(|class| class.spec.parameters.as_ref());
    let by_class = parameters.and_then(|parameters| {
        objects.class_groups.iter().find(|(name, _)| *name == parameters.name).map(|(_, group)| group.clone())
    });
    by_class.unwrap_or_else(|| match annotation(ingress, "group.name") {
        Some(name) => name.into(),
        None => [&*ingress.meta.namespace, "/", &*ingress.meta.name].concat().into(),
    })
}

/// `computeIngressListenPorts`: ports, and whether they are of HTTPS.
fn listen_ports(ingress: &Found<IngressSpec>) -> Vec<(u16, bool)> {
    let Some(text) = annotation(ingress, "listen-ports") else {
        let https = annotation(ingress, "certificate-arn").is_some_and(|arn| !arn.is_empty());
        return vec![if https { (443, true) } else { (80, false) }];
    };
    let list = parse(text).unwrap_or_default();
    let entries = list.as_list().unwrap_or_default().iter().filter_map(|entry| entry.as_map());
    entries
        .flatten()
        .filter_map(|(protocol, port)| {
            Some((u16::try_from(port.as_int()?).ok()?, protocol.as_str() == "HTTPS"))
        })
        .collect()
}

impl LoadBalancer {
    fn new(group: Str, members: &[&Found<IngressSpec>], builder: &mut Builder<'_>) -> LoadBalancer {
        let mut ports: Vec<(u16, bool)> = Vec::new();
        for member in members {
            for port in listen_ports(member) {
                if !ports.contains(&port) {
                    ports.push(port);
                }
            }
        }
        let ssl_port =
            members.iter().find_map(|member| annotation(member, "ssl-redirect")?.parse::<u16>().ok());
        let to_https = ssl_port.filter(|port| ports.contains(&(*port, true))).map(|port| {
            Action::Redirect(Redirect {
                protocol: "HTTPS".into(),
                port: port.to_string().into(),
                ..Redirect::default()
            })
        });
        let listeners = ports.into_iter().map(|(port, https)| {
            let members: Vec<&Found<IngressSpec>> = members
                .iter()
                .copied()
                .filter(|member| listen_ports(member).contains(&(port, https)))
                .collect();
            match &to_https {
                // Its other rules are ignored.
                Some(action) if !https => {
                    let default = action.clone().into();
                    Listener { port, https, rules: Vec::new(), default, default_source: None }
                }
                _ => Listener::new(port, https, &members, builder),
            }
        });
        let listeners = listeners.collect();
        LoadBalancer { group, listeners }
    }

    /// Whether it asks targets whether they are well.
    pub(super) fn is_of(&self, group: &str) -> bool {
        *self.group == *group
    }

    /// From one table into another that is being built.
    fn move_to(&mut self, from: &Table, builder: &mut Builder<'_>) {
        for listener in &mut self.listeners {
            let backends = listener.rules.iter_mut().map(|rule| &mut rule.backend);
            for backend in backends.chain([&mut listener.default]) {
                backend.action.move_to(from, builder);
            }
        }
    }

    pub(super) fn asks_targets(&self) -> bool {
        let actions = |listener: &Listener| {
            let rules = listener.rules.iter().map(|rule| &rule.backend);
            rules.chain([&listener.default]).any(|backend| backend.action.asks_targets())
        };
        self.listeners.iter().any(actions)
    }

    pub(super) fn claim(&self, request: &Request) -> Claim {
        let Some(listener) = self.listener(request) else { return Claim::None };
        let host = |rule: &Rule| {
            rule.conditions.iter().any(|one| matches!(one, Condition::Host(_)) && one.holds(request).is_ok())
        };
        if listener.rules.iter().any(host) {
            return Claim::Host;
        }
        // A listener that only redirects stands for the rules of the others.
        let elsewhere = self.listeners.iter().flat_map(|other| &other.rules).any(host);
        if elsewhere { Claim::Host } else { Claim::Any }
    }

    fn listener(&self, request: &Request) -> Option<&Listener> {
        self.listeners.iter().find(|one| one.port == request.port && one.https == request.https)
    }

    pub(super) fn answer<'r>(&self, table: &Table, request: &'r Request, why: &mut Why<'_>) -> Decision<'r> {
        let Some(listener) = self.listener(request) else {
            why.say(|| Reason::taken("route.alb.no-listener").with("port", request.port.to_string()));
            return Decision::Dropped;
        };
        why.say(|| {
            let reason = Reason::taken("route.alb.listener").with("group", &*self.group);
            reason.with("port", listener.port.to_string())
        });
        let mut taken: Option<&Rule> = None;
        for rule in &listener.rules {
            let against = |one| Condition::holds(one, request).err().map(|key| (one, key));
            match rule.conditions.iter().find_map(against) {
                Some((one, key)) => why.say(|| one.say(rule.say(Reason::passed(key), request))),
                None if taken.is_some() => why.say(|| rule.say(Reason::passed("route.alb.later"), request)),
                None => {
                    why.say(|| rule.say(Reason::taken("route.alb.rule"), request));
                    taken = Some(rule);
                }
            }
            if taken.is_some() && !why.asked() {
                break;
            }
        }
        if let Some(rule) = taken {
            let source = Some(&rule.source);
            let decision = rule.backend.act(table, request, listener.port, source, why);
            return rule.transforms.apply(decision, request, &rule.source, why);
        }
        why.say(|| {
            let reason = Reason::taken("route.alb.default");
            match &listener.default_source {
                Some(source) => source.mark(reason),
                None => reason,
            }
        });
        listener.default.act(table, request, listener.port, listener.default_source.as_ref(), why)
    }
}

impl From<Action> for Backend {
    fn from(action: Action) -> Backend {
        Backend { auth: None, unasked: false, action }
    }
}

impl Backend {
    /// `Build` of enhanced_backend_builder.go, `buildActions`
    fn new(
        ingress: &Found<IngressSpec>,
        service: &IngressServiceBackend,
        https: bool,
        builder: &mut Builder<'_>,
    ) -> Result<Backend, String> {
        let action = Action::new(ingress, service, builder)?;
        let only = action.service(builder);
        let auth = Auth::read(ingress, only.as_deref(), builder)?;
        let unasked = auth.is_some() && !https;
        Ok(Backend { auth: auth.filter(|_| https), unasked, action })
    }

    fn act<'r>(
        &self,
        table: &Table,
        request: &'r Request,
        port: u16,
        source: Option<&Source>,
        why: &mut Why<'_>,
    ) -> Decision<'r> {
        if self.unasked {
            why.say(|| {
                let reason = Reason::note("route.alb.auth.http");
                source.map_or(reason.clone(), |source| source.mark(reason))
            });
        }
        let stopped = self.auth.as_ref().and_then(|auth| auth.stops(request, source, why));
        stopped.unwrap_or_else(|| self.action.act(table, request, port, why))
    }
}

impl Listener {
    /// `buildListenerRules`, `buildListenerDefaultActions`
    fn new(port: u16, https: bool, members: &[&Found<IngressSpec>], builder: &mut Builder<'_>) -> Listener {
        let mut listener = Listener {
            port,
            https,
            rules: Vec::new(),
            default: Action::NotFound.into(),
            default_source: None,
        };
        for member in members {
            let source = |field: String| Source { origin: member.origin.clone(), field: field.into() };
            let default = member.spec.default_backend.as_ref().and_then(|backend| backend.service.as_ref());
            if let (Some(service), None) = (default, &listener.default_source) {
                let source = source("spec.defaultBackend".to_owned());
                match Backend::new(member, service, https, builder) {
                    Ok(backend) => listener.default = backend,
                    Err(said) => refuse(member, &source, said, builder),
                }
                listener.default_source = Some(source);
            }
            for (r, rule) in member.spec.rules.iter().enumerate() {
                let mut paths: Vec<(usize, &HttpIngressPath)> =
                    rule.http.iter().flat_map(|http| &http.paths).enumerate().collect();
                // `sortIngressPaths`: exact ones, then the longest prefix, then the others as they stand.
                sort_by(&mut paths, |(_, a), (_, b)| {
                    let rank = |path: &HttpIngressPath| match &*path.path_type {
                        "Exact" => (0, 0),
                        "Prefix" => (1, usize::MAX - path.path.len()),
                        _ => (2, 0),
                    };
                    rank(a).cmp(&rank(b))
                });
                for (p, path) in paths {
                    let source = source(format!("spec.rules[{r}].http.paths[{p}]"));
                    listener.add(member, &rule.host, path, &source, builder);
                }
            }
        }
        listener
    }

    fn add(
        &mut self,
        ingress: &Found<IngressSpec>,
        host: &Str,
        path: &HttpIngressPath,
        source: &Source,
        builder: &mut Builder<'_>,
    ) {
        let Some(service) = &path.backend.service else { return };
        match self.rule(ingress, host, path, service, source, builder) {
            Ok(Some(rule)) => self.rules.push(rule),
            Ok(None) => {}
            Err(said) => refuse(ingress, source, said, builder),
        }
    }

    /// The rule of a path; `None`: it would lead to itself.
    fn rule(
        &self,
        ingress: &Found<IngressSpec>,
        host: &Str,
        path: &HttpIngressPath,
        service: &IngressServiceBackend,
        source: &Source,
        builder: &mut Builder<'_>,
    ) -> Result<Option<Rule>, String> {
        let by_name = |what: &str| {
            let name = [PREFIX, what, ".", &service.name].concat();
            let Some(raw) = ingress.annotation(&name) else { return Ok(None) };
            let value = parse(raw).filter(|value| value.as_list().is_some());
            value.map(Some).ok_or_else(|| ["failed to parse json annotation, ", &name, ": ", raw].concat())
        };
        let mut added = Added::default();
        if !host.is_empty() {
            added.hosts.push(host.clone());
        }
        let by_regex = annotation(ingress, "use-regex-path-match") == Some("true");
        if by_regex && !matches!(&*path.path_type, "Exact" | "Prefix") {
            added.expressions(true, vec![path.path.get(1..).unwrap_or_default().into()])?;
        } else if !path.path.is_empty() {
            added.paths.extend(patterns(&path.path, &path.path_type)?);
        }
        if let Some(more) = by_name("conditions")? {
            added.read(&more)?;
        }
        let transforms =
            by_name("transforms")?.map_or(Ok(Transforms::default()), |one| Transforms::read(&one))?;
        let backend = Backend::new(ingress, service, self.https, builder)?;
        if let Action::Redirect(redirect) = &backend.action
            && redirect.loops(self.port, self.https, &added.hosts, &added.paths)
        {
            return Ok(None);
        }
        Ok(Some(Rule {
            conditions: added.conditions(),
            backend,
            transforms,
            source: source.clone(),
            path: path.path.clone(),
            host: host.clone(),
        }))
    }
}

/// The controller changes nothing of a group while it refuses one of it. Here the rule is left out, and that is said.
fn refuse(ingress: &Found<IngressSpec>, source: &Source, said: String, builder: &mut Builder<'_>) {
    let note = source.mark(Reason::note("route.alb.refused").with("message", &said));
    if !builder.notes.contains(&note) {
        builder.notes.push(note);
    }
    builder.refused.push((ingress.origin.clone(), said));
}

/// The load balancers of groups of which something is refused stay as they were before, where there was one.
pub(super) fn keep_refused(
    balancers: &mut [LoadBalancer],
    ingresses: &[&Found<IngressSpec>],
    before: &Table,
    builder: &mut Builder<'_>,
) {
    let group = |origin: &Arc<Origin>, objects: &Objects| {
        ingresses.iter().find(|one| one.origin == *origin).map(|one| group_of(one, objects))
    };
    let refused: Vec<(Str, Arc<Origin>, String)> = builder
        .refused
        .iter()
        .filter_map(|(origin, said)| Some((group(origin, builder.objects)?, origin.clone(), said.clone())))
        .collect();
    for balancer in balancers {
        let Some((_, origin, said)) = refused.iter().find(|(group, ..)| *group == balancer.group) else {
            continue;
        };
        let Some(mut kept) = before.balancer(&balancer.group).cloned() else { continue };
        kept.move_to(before, builder);
        // Nothing is left out of it.
        let objects = builder.objects;
        builder.notes.retain(|note| {
            let own = || note.at.as_ref().and_then(|(origin, _)| group(origin, objects));
            note.key != "route.alb.refused" || own().as_ref() != Some(&kept.group)
        });
        let note = Reason::note("route.alb.kept").with("message", said).with("from", origin.to_string());
        builder.notes.push(note.at(origin, "spec"));
        *balancer = kept;
    }
}

/// The groups that the controller refuses, with its words (`FailedBuildModel`), each for the first thing it finds.
pub(super) fn refusals(objects: &Objects, ingresses: &[&Found<IngressSpec>]) -> Vec<(Str, String)> {
    let mut builder = Builder::new(objects);
    groups(ingresses, &mut builder);
    let mut refused: Vec<(Str, String)> = Vec::new();
    for (origin, said) in builder.refused {
        let Some(ingress) = ingresses.iter().find(|one| one.origin == origin) else { continue };
        let group = group_of(ingress, objects);
        if !refused.iter().any(|(known, _)| *known == group) {
            let name = [&*origin.namespace, "/", &*origin.name].concat();
            refused.push((group, ["ingress: ", &name, ": ", &said].concat()));
        }
    }
    refused
}

impl Rule {
    fn say(&self, reason: Reason, request: &Request) -> Reason {
        let server = if self.host.is_empty() { "*" } else { &*self.host };
        self.source.mark(
            reason
                .with("path", request.path())
                .with("location", &*self.path)
                .with("host", request.hostname())
                .with("server", server)
                .with("method", &*request.method),
        )
    }
}
