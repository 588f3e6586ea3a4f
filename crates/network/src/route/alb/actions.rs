//! What a rule does: `enhanced_backend_builder.go` and `model_build_actions.go` of the AWS Load Balancer Controller.

use std::borrow::Cow;
use std::sync::Arc;

use opscape_manifest::api::ingress::{IngressServiceBackend, IngressSpec};
use opscape_manifest::api::meta::Str;
use opscape_manifest::value::Value;

use super::health;
use super::json::{items, member, number, text};
use crate::route::backend::{Lookup, PortKey, State, Wanted};
use crate::route::decision::{Answer, Decision, Forward, HealthCheck, Share};
use crate::route::objects::{Found, json};
use crate::route::reason::{Reason, Why};
use crate::route::table::{Builder, Table};
use crate::route::{BackendId, Request};

/// What a rule does.
#[derive(Debug, Clone)]
pub(super) enum Action {
    /// To target groups by weight.
    Forward { targets: Vec<Target>, sticky: Option<Str> },
    /// To elsewhere.
    Redirect(Redirect),
    /// 404, where a listener has no default of its own.
    NotFound,
    /// An answer on the spot.
    Fixed { status: u16, body: Str },
}

/// A target group.
#[derive(Debug, Clone)]
pub(super) struct Target {
    backend: BackendId,
    weight: u32,
    health: Option<Arc<HealthCheck>>,
}

/// Where a redirect leads. `#{protocol}`, `#{host}`, `#{port}`, `#{path}` and `#{query}` stand for those of the request.
#[derive(Debug, Clone)]
pub(super) struct Redirect {
    pub protocol: Str,
    pub host: Str,
    pub port: Str,
    pub path: Str,
    pub query: Str,
    pub status: u16,
}

impl Default for Redirect {
    fn default() -> Redirect {
        Redirect {
            protocol: "#{protocol}".into(),
            host: "#{host}".into(),
            port: "#{port}".into(),
            path: "/#{path}".into(),
            query: "#{query}".into(),
            status: 301,
        }
    }
}

pub(super) const PREFIX: &str = "alb.ingress.kubernetes.io/";

impl Action {
    /// The action of a backend: its Service, or what an annotation says.
    pub(super) fn new(
        ingress: &Found<IngressSpec>,
        service: &IngressServiceBackend,
        builder: &mut Builder<'_>,
    ) -> Action {
        let sticky = cookie(ingress);
        if &*service.port.name == "use-annotation" {
            let name = [PREFIX, "actions.", &service.name].concat();
            let action = ingress.annotation(&name).and_then(json);
            return action.and_then(|action| Action::read(&action, ingress, sticky, builder)).unwrap_or_else(
                || Action::Fixed { status: 503, body: "Backend action does not exist".into() },
            );
        }
        let port = match service.port.number {
            0 => PortKey::Name(service.port.name.clone()),
            number => PortKey::Number(number),
        };
        let targets = vec![target(ingress, &service.name, port, 1, builder)];
        note_target_type(ingress, &service.name, builder);
        Action::to(targets, sticky, builder)
    }

    /// Whether targets are asked whether they are well.
    pub(super) fn asks_targets(&self) -> bool {
        let Action::Forward { targets, .. } = self else { return false };
        targets.iter().any(|target| target.health.is_some())
    }

    /// A single Service that does not exist is answered for.
    fn to(targets: Vec<Target>, sticky: Option<Str>, builder: &Builder<'_>) -> Action {
        if let [only] = targets.as_slice()
            && builder.known(only.backend).is_some_and(|backend| backend.state == State::NoService)
        {
            return Action::Fixed { status: 503, body: "Backend service does not exist".into() };
        }
        Action::Forward { targets, sticky }
    }

    fn read(
        action: &Value,
        ingress: &Found<IngressSpec>,
        sticky: Option<Str>,
        builder: &mut Builder<'_>,
    ) -> Option<Action> {
        match text(action, "type")? {
            "fixed-response" => {
                let config = member(action, "fixedResponseConfig")?;
                let status =
                    number(member(config, "statusCode")).and_then(|code| u16::try_from(code).ok())?;
                Some(Action::Fixed { status, body: text(config, "messageBody").unwrap_or_default().into() })
            }
            "redirect" => {
                let config = member(action, "redirectConfig")?;
                let part = |name: &str, default: Str| text(config, name).map_or(default, Into::into);
                let usual = Redirect::default();
                let status =
                    text(config, "statusCode").and_then(|code| code.trim_start_matches("HTTP_").parse().ok());
                Some(Action::Redirect(Redirect {
                    protocol: part("protocol", usual.protocol),
                    host: part("host", usual.host),
                    port: member(config, "port")
                        .and_then(Value::as_int)
                        .map_or_else(|| part("port", usual.port), |port| port.to_string().into()),
                    path: part("path", usual.path),
                    query: part("query", usual.query),
                    status: status?,
                }))
            }
            "forward" => {
                let config = member(action, "forwardConfig")?;
                let mut targets = Vec::new();
                for one in items(member(config, "targetGroups")) {
                    let Some(name) = text(one, "serviceName") else { continue };
                    let port = member(one, "servicePort");
                    let port = match number(port) {
                        Some(port) => PortKey::Number(i32::try_from(port).ok()?),
                        None => PortKey::Name(port?.as_str()?.into()),
                    };
                    let weight = number(member(one, "weight"))
                        .and_then(|weight| u32::try_from(weight).ok())
                        .unwrap_or(1);
                    targets.push(target(ingress, name, port, weight, builder));
                }
                let stickiness = member(config, "targetGroupStickinessConfig");
                let own = stickiness.and_then(|config| member(config, "enabled")).and_then(Value::as_bool);
                let sticky = if own == Some(true) { Some("AWSALBTG".into()) } else { sticky };
                Some(Action::to(targets, sticky, builder))
            }
            _ => None,
        }
    }

    /// Does it.
    pub(super) fn act<'r>(
        &self,
        table: &Table,
        request: &'r Request,
        port: u16,
        why: &mut Why<'_>,
    ) -> Decision<'r> {
        match self {
            Action::NotFound => Decision::not_found(),
            Action::Fixed { status, body } => {
                why.say(|| {
                    let reason = Reason::taken("route.alb.fixed").with("status", status.to_string());
                    reason.with("body", &**body)
                });
                Decision::Answer { kind: Answer::Fixed, status: *status, body: body.clone(), backend: None }
            }
            Action::Redirect(redirect) => {
                let location = redirect.location(request, port);
                why.say(|| Reason::taken("route.alb.redirect").with("to", &*location));
                Decision::Redirect { status: redirect.status, location }
            }
            Action::Forward { targets, sticky } => forward(table, request, targets, sticky.as_ref(), why),
        }
    }
}

fn forward<'r>(
    table: &Table,
    request: &'r Request,
    targets: &[Target],
    sticky: Option<&Str>,
    why: &mut Why<'_>,
) -> Decision<'r> {
    let drawn = || targets.iter().filter(|target| target.weight > 0);
    for target in drawn() {
        let serves = table.serves(target.backend);
        let key = if serves { "route.backend" } else { "route.unavailable" };
        why.say(|| table.say(Reason::taken(key), target.backend));
        if let Some(health) = target.health.as_ref().filter(|_| serves) {
            why.say(|| {
                let note = Reason::note("route.alb.health").with("path", &*health.path);
                table.say(note.with("seconds", health.interval.to_string()), target.backend)
            });
        }
    }
    if let Some(target) = drawn().next()
        && drawn().all(|target| !table.serves(target.backend))
    {
        return Decision::unavailable(target.backend);
    }
    let share = |target: &Target| Share {
        weight: target.weight,
        health: target.health.clone(),
        ..Share::all(target.backend)
    };
    let shares: Vec<Share> = drawn().map(share).collect();
    if shares.is_empty() {
        return Decision::answer(Answer::Unavailable, 503);
    }
    Decision::Forward(Forward {
        shares,
        path: Cow::Borrowed(request.path()),
        query: Cow::Borrowed(request.query()),
        forwarded: true,
        set_cookie: sticky.filter(|name| request.cookie(name).is_none()).cloned(),
        ..Forward::default()
    })
}

fn target(
    ingress: &Found<IngressSpec>,
    service: &str,
    port: PortKey,
    weight: u32,
    builder: &mut Builder<'_>,
) -> Target {
    let backend = builder.backend(Wanted {
        namespace: ingress.meta.namespace.clone(),
        service: service.into(),
        port,
        lookup: Lookup::Plain,
    });
    Target { backend, weight, health: health::check(ingress, service, builder) }
}

/// Targets are node ports by default (`target-type: instance`); the controller refuses a Service that has none. Here it is
/// served all the same, and that is said.
fn note_target_type(ingress: &Found<IngressSpec>, service: &str, builder: &mut Builder<'_>) {
    let name = [PREFIX, "target-type"].concat();
    let Some(found) = builder.objects.service(&ingress.meta.namespace, service) else { return };
    let kind = found.metadata.annotation(&name).or_else(|| ingress.annotation(&name)).unwrap_or("instance");
    let node_port = matches!(&*found.spec.kind, "NodePort" | "LoadBalancer");
    let note = Reason::note("route.alb.instance").with("service", service);
    let note = note.with("from", ingress.origin.to_string()).at(&ingress.origin, "metadata.annotations");
    if kind == "instance" && !node_port && !builder.notes.contains(&note) {
        builder.notes.push(note);
    }
}

/// `target-group-attributes: stickiness.enabled=true`
fn cookie(ingress: &Found<IngressSpec>) -> Option<Str> {
    let attributes = ingress.annotation(&[PREFIX, "target-group-attributes"].concat())?;
    let value = |name: &str| {
        let mut pairs = attributes.split(',').filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(known, _)| *known == name).map(|(_, value)| value.trim())
    };
    if value("stickiness.enabled") != Some("true") {
        return None;
    }
    // The cookie of an application is the application's to set.
    (value("stickiness.type") != Some("app_cookie")).then(|| "AWSALB".into())
}

impl Redirect {
    fn location(&self, request: &Request, port: u16) -> String {
        let fill = |template: &str| {
            template
                .replace("#{protocol}", request.scheme())
                .replace("#{host}", request.hostname())
                .replace("#{port}", &port.to_string())
                .replace("#{path}", request.path().trim_start_matches('/'))
                .replace("#{query}", request.query())
        };
        let query = fill(&self.query);
        let mark = if query.is_empty() { "" } else { "?" };
        let protocol = fill(&self.protocol).to_ascii_lowercase();
        [&protocol, "://", &fill(&self.host), ":", &fill(&self.port), &fill(&self.path), mark, &query]
            .concat()
    }

    /// `isInfiniteRedirectRule`: it leads to where it came from.
    pub(super) fn loops(&self, port: u16, https: bool, hosts: &[Str], paths: &[Str]) -> bool {
        let protocol = if https { "HTTPS" } else { "HTTP" };
        (&*self.host == "#{host}" || hosts.contains(&self.host))
            && (&*self.path == "/#{path}" || paths.contains(&self.path))
            && (&*self.port == "#{port}" || *self.port == *port.to_string())
            && (&*self.protocol == "#{protocol}" || &*self.protocol == protocol)
            && &*self.query == "#{query}"
    }
}
