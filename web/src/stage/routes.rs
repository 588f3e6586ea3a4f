//! Rules in words: what one takes and where it leads, seen while it is pointed at; and all requests as a table for those who
//! do not see the picture.

use opscape_lab::scene::{EntryCard, Flow, Place, RouteBackend, RouteRow};
use opscape_lab::words::rate;
use opscape_manifest::api::ObjectKey;
use yew::prelude::*;

use super::flows::is_inside;
use super::front::{object_of, percent};
use crate::session::{View, millis};

/// The entry and the rule that a thing on the stage stands for.
fn find<'a>(view: &'a View, key: &ObjectKey) -> Option<(&'a EntryCard, &'a RouteRow)> {
    let (object, field) = object_of(key);
    let same = |card: &&EntryCard| {
        *card.kind == *object.kind && card.name == object.name && card.namespace == object.namespace
    };
    let card = view.scene.entries.iter().find(same)?;
    let row = match field {
        Some(field) => card.routes.iter().find(|row| *row.field == *field)?,
        None => card.routes.first()?,
    };
    Some((card, row))
}

/// A URL that a thing on the stage answers to.
pub fn url_of(view: &View, key: &ObjectKey) -> Option<String> {
    if &*key.kind == "Service" {
        let card = view
            .scene
            .services
            .iter()
            .find(|card| card.name == key.name && card.namespace == key.namespace)?;
        let port = card.ports.first().and_then(|port| port.split([' ', '/']).next()).unwrap_or("80");
        let port = if port == "80" { String::new() } else { [":", port].concat() };
        return Some(["http://", &card.name, ".", &card.namespace, &port, "/"].concat());
    }
    let (_, row) = find(view, key)?;
    let host = row.host.split(',').next().unwrap_or_default().replace('*', "a");
    let host = if host.is_empty() { "localhost" } else { &host };
    // A pattern is no path.
    let path = if row.path.contains(['(', '[', '*', '\\']) { "/" } else { &row.path };
    Some(["http://", host, if path.starts_with('/') { "" } else { "/" }, path].concat())
}

/// A URL to begin with: of the first rule, else of the first Service.
pub fn first_url(view: &View) -> Option<String> {
    let entry =
        view.scene.entries.iter().find(|card| !card.routes.is_empty() && card.canary.is_none()).map(|card| {
            ObjectKey { kind: card.kind.into(), namespace: card.namespace.clone(), name: card.name.clone() }
        });
    let service = view.scene.services.first().map(|card| ObjectKey {
        kind: "Service".into(),
        namespace: card.namespace.clone(),
        name: card.name.clone(),
    });
    url_of(view, &entry.or(service)?)
}

/// What a rule takes.
fn takes(view: &View, row: &RouteRow) -> String {
    if row.path_type.is_empty() {
        return view.word("ui.route.all").to_owned();
    }
    let mut out = [&*row.path_type, " ", &row.path].concat();
    for condition in &row.conditions {
        out.push_str(", ");
        out.push_str(condition);
    }
    out
}

/// Where a rule leads.
fn leads(view: &View, row: &RouteRow, backend: &RouteBackend) -> String {
    let weights: u32 = row.backends.iter().filter_map(|backend| backend.weight).sum();
    let mut out = ["Service ", &backend.service, ":", &backend.port, ", "].concat();
    match backend.ready {
        Some(ready) => out.push_str(&view.say("ui.endpoints", &[("n", &ready.to_string())])),
        None => out.push_str(view.word("ui.route.no-service")),
    }
    if let Some(weight) = backend.weight {
        let share = percent(weight as f32, weights as f32);
        out.push_str(", ");
        out.push_str(&view.say("ui.route.share", &[("share", &share)]));
    }
    out
}

fn host<'a>(view: &View, row: &'a RouteRow) -> &'a str {
    if row.host.is_empty() { view.word("ui.route.any-host") } else { &row.host }
}

/// A rule in one sentence.
pub fn label(view: &View, row: &RouteRow, flows: &str) -> String {
    let mut out = [host(view, row), ", ", &takes(view, row)].concat();
    for backend in &row.backends {
        out.push_str(", ");
        out.push_str(&leads(view, row, backend));
    }
    if !flows.is_empty() {
        out.push_str(", ");
        out.push_str(flows);
    }
    out
}

/// How high the card of a rule may be, in pixels.
pub const CARD: f64 = 150.0;

/// Where the card of a rule stands: its upper left corner, or its lower left one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct At {
    pub x: f64,
    pub y: f64,
    pub above: bool,
}

/// What a rule matches, where the pointer or the focus is.
pub fn card(view: &View, key: &ObjectKey, at: At) -> Html {
    let Some((card, row)) = find(view, key).filter(|_| object_of(key).1.is_some()) else {
        return Html::default();
    };
    let place = Place::Rule(card.kind.into(), card.namespace.clone(), card.name.clone(), row.field.clone());
    let flows = view.scene.traffic.iter().flat_map(|traffic| &traffic.flows);
    let flow = flows.filter(|flow| flow.to == place).max_by(|a, b| a.rates.rate.total_cmp(&b.rates.rate));
    html! {
        <div class={classes!("route-card", at.above.then_some("above"))} role="tooltip" style={format!("left:{}px;top:{}px", at.x as i32, at.y as i32)}>
            <b class="mono">{ host(view, row).to_owned() }</b>
            <dl>
                <dt>{ view.word("ui.route.matches") }</dt><dd class="mono">{ takes(view, row) }</dd>
                <dt>{ view.word("ui.route.leads") }</dt>
                <dd>{ for row.backends.iter().map(|backend| html! {
                    <div class={(backend.ready.unwrap_or(0) == 0).then_some("bad")}>{ leads(view, row, backend) }</div>
                }) }</dd>
                if let Some(flow) = flow {
                    <>
                        <dt>{ view.word("ui.flow.table") }</dt>
                        <dd>{ words(view, flow) }</dd>
                    </>
                }
            </dl>
        </div>
    }
}

fn words(view: &View, flow: &Flow) -> Html {
    let rates = &flow.rates;
    let p50 = std::time::Duration::from_secs_f32((rates.p50 / 1e3).max(0.0));
    html! {
        <>
            { rate(view.lang, rates.rate) }{ " · p50 " }{ millis(view.lang, p50) }
            if rates.errors > 0.0 { <>{ " · " }<b class="bad">{ view.say("ui.flow.fails-plain", &[("share", &percent(rates.errors, rates.rate))]) }</b></> }
        </>
    }
}

/// Who sends to whom, how much, and how it ends.
pub fn table(view: &View) -> Html {
    let Some(traffic) = view.scene.traffic.as_ref().filter(|traffic| !traffic.flows.is_empty()) else {
        return Html::default();
    };
    let name = |place: &Place| match place {
        Place::Workload { name, .. } | Place::Node(name) => name.to_string(),
        Place::Entry(kind, _, name) => [kind, " ", name].concat(),
        Place::Rule(kind, namespace, name, field) => {
            let key = ObjectKey {
                kind: [kind, "#", field].concat().into(),
                namespace: namespace.clone(),
                name: name.clone(),
            };
            let row = find(view, &key).map(|(_, row)| [host(view, row), " ", &takes(view, row)].concat());
            [kind, " ", name, " ", &row.unwrap_or_default()].concat()
        }
        Place::Service(_, name) => ["Service ", name].concat(),
        Place::Version { workload, revision, .. } => format!("{workload} v{revision}"),
    };
    let row = |flow: &Flow| {
        let from = if is_inside(&view.scene, flow) {
            [view.word("ui.flow.inside"), ": ", &name(&flow.from)].concat()
        } else {
            name(&flow.from)
        };
        let p50 = std::time::Duration::from_secs_f32((flow.rates.p50 / 1e3).max(0.0));
        html! {
            <tr>
                <td>{ from }</td><td>{ name(&flow.to) }</td>
                <td>{ rate(view.lang, flow.rates.rate) }</td><td>{ rate(view.lang, flow.rates.errors) }</td>
                <td>{ millis(view.lang, p50) }</td>
            </tr>
        }
    };
    let heads = ["ui.flow.from", "ui.flow.to", "ui.flow.rate", "ui.flow.errors", "ui.flow.latency"];
    html! {
        <table class="spoken requests">
            <caption>{ view.word("ui.flow.table") }</caption>
            <thead><tr>{ for heads.map(|key| html! { <th scope="col">{ view.word(key) }</th> }) }</tr></thead>
            <tbody>{ for traffic.flows.iter().filter(|flow| flow.rates.rate > 0.0).map(row) }</tbody>
        </table>
    }
}
