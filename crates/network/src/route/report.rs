//! A decision as plain data, for programs: the keys that `opscape route --output json` prints.

use opscape_manifest::value::{Map, Value};

use super::service::Connection;
use super::{BackendId, Decision, Endpoint, Endpoints, Forward, Request, Table};

fn text(map: &mut Map, key: &str, value: &str) {
    map.insert(key.to_owned(), value.into());
}

fn number(map: &mut Map, key: &str, value: u16) {
    map.insert(key.to_owned(), Value::Int(i64::from(value)));
}

fn addresses(endpoints: &[Endpoint]) -> Value {
    let address = |one: &Endpoint| Value::String(format!("{}:{}", one.address, one.port));
    Value::List(endpoints.iter().map(address).collect())
}

/// A decision as plain data.
pub fn decision(table: &Table, request: &Request, decision: &Decision<'_>) -> Value {
    let mut map = Map::new();
    text(&mut map, "decision", decision.word());
    if let Some(status) = decision.status() {
        number(&mut map, "status", status);
    }
    match decision {
        Decision::Forward(forward) => self::forward(table, request, forward, &mut map),
        Decision::Redirect { location, .. } => text(&mut map, "location", location),
        Decision::Answer { body, backend, .. } => {
            if !body.is_empty() {
                text(&mut map, "body", body);
            }
            if let Some(backend) = backend {
                self::backend(table, *backend, &mut map);
            }
        }
        Decision::Dropped => {}
    }
    Value::Map(map)
}

/// A decision in a few words: `shop/api:80 /items`, `shop/a:80 90%, shop/b:80 10% /`, `308 https://shop.example.com/`, `404`.
pub fn line(table: &Table, decision: &Decision<'_>) -> String {
    let status = decision.status().map(|status| status.to_string()).unwrap_or_default();
    match decision {
        Decision::Forward(forward) => {
            let query = if forward.query.is_empty() { "" } else { "?" };
            [&targets(table, forward), " ", &forward.path, query, &forward.query].concat()
        }
        Decision::Redirect { location, .. } => [&status, " ", location].concat(),
        Decision::Answer { .. } => status,
        Decision::Dropped => decision.word().to_owned(),
    }
}

/// Who gets a request, with shares if it is drawn: `shop/a:80 90%, shop/b:80 10%`.
pub fn targets(table: &Table, forward: &Forward<'_>) -> String {
    let total = forward.shares.iter().map(|share| u64::from(share.weight)).sum::<u64>().max(1);
    let mut out = String::new();
    for share in &forward.shares {
        if !out.is_empty() {
            out.push_str(", ");
        }
        match share.backend.map(|id| table.backend(id)) {
            Some(backend) => {
                let port = backend.port.to_string();
                if backend.namespace.is_empty() {
                    // A target group outside of the cluster.
                    out.push_str(&backend.service);
                } else {
                    out = [&out, &*backend.namespace, "/", &*backend.service, ":", &port].concat();
                }
                if let Some(node) = &share.node {
                    out = [&out, " (", node, ")"].concat();
                }
            }
            None => out.push_str("500"),
        }
        if forward.shares.len() > 1 {
            let tenths = (u64::from(share.weight) * 1_000 + total / 2) / total;
            out = [&out, " ", &(tenths / 10).to_string()].concat();
            if !tenths.is_multiple_of(10) {
                out = [&out, ".", &(tenths % 10).to_string()].concat();
            }
            out.push('%');
        }
    }
    out
}

fn backend(table: &Table, id: BackendId, map: &mut Map) {
    let backend = table.backend(id);
    text(map, "service", &backend.service);
    text(map, "namespace", &backend.namespace);
    number(map, "port", backend.port);
    if let Some(port) = backend.target_port {
        number(map, "target_port", port);
    }
    if let Endpoints::Known(list) = &backend.endpoints {
        map.insert("endpoints".to_owned(), addresses(list));
    }
}

fn forward(table: &Table, request: &Request, forward: &Forward<'_>, map: &mut Map) {
    number(map, "status", 200);
    text(map, "path", &forward.path);
    text(map, "query", &forward.query);
    let only = if let [share] = forward.shares.as_slice() { Some(share) } else { None };
    if let Some(id) = only.and_then(|share| share.backend) {
        backend(table, id, map);
    } else {
        let total: u32 = forward.shares.iter().map(|share| share.weight).sum();
        let mut weights = Map::new();
        for share in &forward.shares {
            let name = share.backend.map_or("error_500", |id| &*table.backend(id).service);
            let percent = f64::from(share.weight) * 100.0 / f64::from(total.max(1));
            let sum = weights.entry(name.to_owned()).or_insert(Value::Float(0.0));
            if let Value::Float(sum) = sum {
                *sum += percent;
            }
        }
        map.insert("weights".to_owned(), Value::Map(weights));
    }
    let headers =
        forward.headers(request, only).into_iter().map(|(name, value)| (name, Value::String(value)));
    map.insert("headers".to_owned(), Value::Map(headers.collect()));
    let mirrors = forward.mirrors.iter().map(|mirror| (&*table.backend(mirror.backend).service).into());
    map.insert("mirror".to_owned(), Value::List(mirrors.collect()));
    let cookie = forward.set_cookie.as_ref().map_or(Value::Null, |name| (&**name).into());
    map.insert("set_cookie".to_owned(), cookie);
}

/// Who may get a connection to a Service, as plain data.
pub fn connection(service: &str, connection: &Connection) -> Value {
    let mut map = Map::new();
    let serves = connection.assumed || !connection.endpoints.is_empty();
    text(&mut map, "decision", if serves { "route" } else { "dropped" });
    text(&mut map, "service", service);
    number(&mut map, "port", connection.port);
    if let Some(port) = connection.target_port {
        number(&mut map, "target_port", port);
    }
    map.insert("endpoints".to_owned(), addresses(&connection.endpoints));
    map.insert("sticky".to_owned(), if connection.sticky { "ClientIP".into() } else { Value::Null });
    Value::Map(map)
}
