//! The same requests through an Ingress and through an HTTPRoute, side by side: for those who move from one to the other.

use opscape_manifest::api::{Object, ObjectKey};
use opscape_network::route::{Objects, Request, Table, report};

use super::{Beside, BesideRow};
use crate::scene::{EntryCard, entries};
use crate::world::LabModel;

/// What routes are made of.
const KINDS: [&str; 10] = [
    "Ingress",
    "IngressClass",
    "Gateway",
    "GatewayClass",
    "HTTPRoute",
    "ReferenceGrant",
    "Secret",
    "Namespace",
    "Service",
    "EndpointSlice",
];
/// Requests at most.
const MOST: usize = 8;

/// An Ingress beside the HTTPRoute, or an HTTPRoute beside the Ingress, that leads to one of the same Services. The requests are
/// those of the lab's load for one of the two hosts, then those that the rules are for.
pub(super) fn beside(model: &LabModel, key: &ObjectKey) -> Option<Beside> {
    let cards = entries(model);
    let is_own = |card: &&EntryCard| {
        *card.kind == *key.kind && card.name == key.name && card.namespace == key.namespace
    };
    let own = cards.iter().find(is_own)?;
    let services = |card: &EntryCard| -> Vec<String> {
        let all = card.routes.iter().flat_map(|row| &row.backends);
        all.map(|backend| [&*backend.namespace, "/", &backend.service].concat()).collect()
    };
    let wanted = services(own);
    let other = cards.iter().find(|card| {
        card.kind != own.kind
            && card.canary.is_none()
            && services(card).iter().any(|service| wanted.contains(service))
    })?;
    let (host, other_host) = (host_of(own)?, host_of(other)?);
    let rows = paths(model, &cards, [host, other_host]);
    let store = model.cluster().store();
    // Each alone: where both claim a host, one of them answers for both.
    let alone = |without: &str| {
        let kinds = KINDS.iter().filter(|kind| **kind != without);
        let objects = kinds.flat_map(|kind| store.objects(kind, None));
        Table::compile(&Objects::of_cluster(objects.collect::<Vec<Object>>()))
    };
    let (own_table, other_table) = (alone(other.kind), alone(own.kind));
    let namespace = [&*own.namespace, "/"].concat();
    let answer = |table: &Table, host: &str, path: &str| {
        let request = Request::new("GET", &["http://", host, path].concat(), Vec::new()).ok()?;
        Some(report::line(table, &table.answer(&request)).replace(&namespace, ""))
    };
    let rows = rows.into_iter().filter_map(|path| {
        let (one, two) = (answer(&own_table, host, &path)?, answer(&other_table, other_host, &path)?);
        Some(BesideRow { path, one, two })
    });
    let key_of = |card: &EntryCard| ObjectKey {
        kind: card.kind.into(),
        namespace: card.namespace.clone(),
        name: card.name.clone(),
    };
    let rows: Vec<BesideRow> = rows.collect();
    // The Ingress always stands at the left.
    let (left, right) = if own.kind == "Ingress" { (own, other) } else { (other, own) };
    let turned = own.kind != "Ingress";
    let turn = |row: BesideRow| BesideRow { path: row.path, one: row.two, two: row.one };
    let rows: Vec<BesideRow> = if turned { rows.into_iter().map(turn).collect() } else { rows };
    let heads = [left, right].map(|card| (key_of(card), host_of(card).unwrap_or_default().to_owned()));
    let [one, two] = heads;
    Some(Beside { one, two, rows })
}

/// The first host of an entry that is no wildcard.
fn host_of(card: &EntryCard) -> Option<&str> {
    let hosts = card.routes.iter().flat_map(|row| row.host.split(", "));
    hosts.into_iter().find(|host| !host.is_empty() && !host.starts_with('*'))
}

fn paths(model: &LabModel, cards: &[EntryCard], hosts: [&str; 2]) -> Vec<String> {
    let mut paths: Vec<String> = Vec::new();
    let mut add = |path: &str| {
        if paths.len() < MOST && path.starts_with('/') && !paths.iter().any(|known| known == path) {
            paths.push(path.to_owned());
        }
    };
    let loads = &model.spec().load;
    let urls =
        loads.iter().flat_map(|load| load.url.iter().chain(load.requests.iter().map(|call| &call.url)));
    for url in urls {
        if let Ok(request) = Request::new("GET", url, Vec::new())
            && hosts.contains(&request.hostname())
        {
            add(request.target());
        }
    }
    for row in cards.iter().flat_map(|card| &card.routes) {
        let is_theirs = row.host.split(", ").any(|host| hosts.contains(&host));
        // An expression stands for many paths; what is before it is one of them.
        let literal = row.path.split(['(', '[', '*', '.', '$', '^', '\\']).next().unwrap_or_default();
        if is_theirs && !literal.is_empty() {
            add(literal);
        }
    }
    paths
}
