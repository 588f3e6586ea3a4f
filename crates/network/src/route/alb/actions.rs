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
    /// From one table into another that is being built: backends have other places there.
    pub(super) fn move_to(&mut self, from: &Table, builder: &mut Builder<'_>) {
        let Action::Forward { targets, .. } = self else { return };
        for target in targets {
            if let Some(wanted) = from.wanted(target.backend) {
                target.backend = builder.backend(wanted.clone());
            }
        }
    }

    /// The action of a backend: its Service, or what an annotation says. `Err`: what the controller says against it.
    pub(super) fn new(
        ingress: &Found<IngressSpec>,
        service: &IngressServiceBackend,
        builder: &mut Builder<'_>,
    ) -> Result<Action, String> {
        let sticky = cookie(ingress);
        if &*service.port.name == "use-annotation" {
            let name = [PREFIX, "actions.", &service.name].concat();
            let Some(raw) = ingress.annotation(&name) else {
                return Ok(Action::Fixed { status: 503, body: "Backend action does not exist".into() });
            };
            let broken = |why: &str| ["failed to parse json annotation, ", &name, ": ", raw, why].concat();
            let action = json(raw).filter(|value| value.as_map().is_some()).ok_or_else(|| broken(""))?;
            return Action::read(&action, ingress, sticky, builder).map_err(|fault| match fault {
                Fault::Json(why) => broken(&why),
                Fault::Rule(why) => why,
            });
        }
        let port = match service.port.number {
            0 => PortKey::Name(service.port.name.clone()),
            number => PortKey::Number(number),
        };
        let targets = vec![target(ingress, &service.name, port, 1, builder)];
        note_target_type(ingress, &service.name, builder);
        Ok(Action::to(targets, sticky, builder))
    }

    /// The only Service that it leads to.
    pub(super) fn service(&self, builder: &Builder<'_>) -> Option<Str> {
        let Action::Forward { targets, .. } = self else { return None };
        let [only] = targets.as_slice() else { return None };
        let backend = builder.known(only.backend)?;
        (backend.wanted.lookup != Lookup::Outside).then(|| backend.service.clone())
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

    /// `Action.validate` of config_types.go
    fn read(
        action: &Value,
        ingress: &Found<IngressSpec>,
        sticky: Option<Str>,
        builder: &mut Builder<'_>,
    ) -> Result<Action, Fault> {
        match text(action, "type").unwrap_or_default() {
            "fixed-response" => {
                let config = member(action, "fixedResponseConfig").ok_or("missing FixedResponseConfig")?;
                let place = "FixedResponseActionConfig.fixedResponseConfig";
                let status = string(config, place, "statusCode")?.filter(|code| !code.is_empty());
                let status = status.ok_or("invalid FixedResponseConfig: statusCode is required")?;
                // `^(2|4|5)\d\d$` (CreateRule of the API of Elastic Load Balancing)
                let status = status.parse().ok().filter(|code| matches!(code, 200..=299 | 400..=599));
                let status = status.ok_or("statusCode must be 2XX, 4XX or 5XX")?;
                let body = string(config, place, "messageBody")?.unwrap_or_default();
                Ok(Action::Fixed { status, body: body.into() })
            }
            "redirect" => {
                let config = member(action, "redirectConfig").ok_or("missing RedirectConfig")?;
                let part = |name: &str| string(config, "RedirectActionConfig.redirectConfig", name);
                let status = part("statusCode")?.filter(|code| !code.is_empty());
                let status = match status.ok_or("invalid RedirectConfig: statusCode is required")? {
                    "HTTP_301" => 301,
                    "HTTP_302" => 302,
                    _ => return Err("statusCode must be one of HTTP_301, HTTP_302".into()),
                };
                let usual = Redirect::default();
                let part = |name: &str, usual: Str| Ok::<Str, Fault>(part(name)?.map_or(usual, Into::into));
                Ok(Action::Redirect(Redirect {
                    protocol: part("protocol", usual.protocol)?,
                    host: part("host", usual.host)?,
                    port: part("port", usual.port)?,
                    path: part("path", usual.path)?,
                    query: part("query", usual.query)?,
                    status,
                }))
            }
            "forward" => {
                let (arn, config) = (text(action, "targetGroupARN"), member(action, "forwardConfig"));
                let config = match (arn, config) {
                    (Some(arn), None) => {
                        return Ok(Action::to(vec![outside(arn, 1, builder)], sticky, builder));
                    }
                    (None, Some(config)) => config,
                    _ => {
                        return Err(
                            "precisely one of TargetGroupArn and ForwardConfig can be specified".into()
                        );
                    }
                };
                let list = items(member(config, "targetGroups"));
                let mut targets = Vec::new();
                for one in list {
                    targets.push(tuple(one, list.len() > 1, ingress, builder)?);
                }
                let stickiness = member(config, "targetGroupStickinessConfig");
                let own = stickiness.and_then(|config| member(config, "enabled")).and_then(Value::as_bool);
                let sticky = if own == Some(true) { Some("AWSALBTG".into()) } else { sticky };
                Ok(Action::to(targets, sticky, builder))
            }
            other => Err(Fault::Rule(["unknown action type: ", other].concat())),
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

/// What is wrong with an action.
enum Fault {
    /// Its JSON does not fit: what Go says, behind the text.
    Json(String),
    /// It is not allowed.
    Rule(String),
}

impl From<&str> for Fault {
    fn from(text: &str) -> Fault {
        Fault::Rule(text.to_owned())
    }
}

/// A member that has to be a string, as all of AWS's do: `"statusCode": 503` is none.
fn string<'v>(config: &'v Value, place: &str, name: &str) -> Result<Option<&'v str>, Fault> {
    let kind = match member(config, name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => return Ok(Some(text)),
        Some(Value::Int(_) | Value::Float(_)) => "number",
        Some(Value::Bool(_)) => "bool",
        Some(Value::List(_)) => "array",
        Some(Value::Map(_)) => "object",
    };
    let parts =
        [": json: cannot unmarshal ", kind, " into Go struct field ", place, ".", name, " of type string"];
    Err(Fault::Json(parts.concat()))
}

/// `TargetGroupTuple.validate`
fn tuple(
    one: &Value,
    weighted: bool,
    ingress: &Found<IngressSpec>,
    builder: &mut Builder<'_>,
) -> Result<Target, Fault> {
    let invalid = |text: &str| Fault::Rule(["invalid ForwardConfig: ", text].concat());
    let weight = number(member(one, "weight")).and_then(|weight| u32::try_from(weight).ok());
    if weighted && weight.is_none() {
        return Err(invalid("weight must be set when route to multiple target groups"));
    }
    let weight = weight.unwrap_or(1);
    let name = match (text(one, "targetGroupARN"), text(one, "serviceName")) {
        (Some(arn), None) => return Ok(outside(arn, weight, builder)),
        (None, Some(name)) => name,
        _ => {
            let rule = "precisely one of targetGroupARN and serviceName can be specified";
            return Err(invalid(&["invalid TargetGroupTuple: ", rule].concat()));
        }
    };
    let port = member(one, "servicePort");
    let port = match (number(port).and_then(|port| i32::try_from(port).ok()), port.and_then(Value::as_str)) {
        (Some(number), _) => PortKey::Number(number),
        (None, Some(name)) => PortKey::Name(name.into()),
        (None, None) => return Err(invalid("invalid TargetGroupTuple: missing servicePort")),
    };
    note_target_type(ingress, name, builder);
    let target = target(ingress, name, port, weight, builder);
    let missing = builder.known(target.backend).is_some_and(|backend| backend.state == State::NoService);
    if weighted && missing && !builder.objects.assumed {
        // Only a single one is answered for.
        builder.refused.push((ingress.origin.clone(), ["Service \"", name, "\" not found"].concat()));
    }
    Ok(target)
}

/// A target group that somebody made outside of the cluster: it answers, and nobody here knows what.
fn outside(arn: &str, weight: u32, builder: &mut Builder<'_>) -> Target {
    let wanted = Wanted { service: arn.into(), lookup: Lookup::Outside, ..Wanted::nothing() };
    Target { backend: builder.backend(wanted), weight, health: None }
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
        // The grammar is its own.
        let said = "TargetGroup port is empty. When using Instance targets, your service be must of type 'NodePort' or 'LoadBalancer'";
        builder.refused.push((ingress.origin.clone(), said.to_owned()));
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
