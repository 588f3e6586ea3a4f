//! Namespaces, ConfigMaps, Secrets, ServiceAccounts, quotas, limits, roles.

use opscape_manifest::api::meta::MicroTime;
use opscape_manifest::value::{Map, Value};

use super::{Printer, age_of, at, list, name, scalar, text};

pub(super) fn printer(plural: &str) -> Option<Printer> {
    let (columns, cells): (_, fn(&Value, MicroTime) -> Vec<String>) = match plural {
        "namespaces" => ("NAME|STATUS|AGE", |object, now| {
            vec![name(object), text(object, "status.phase").to_owned(), age_of(object, now)]
        }),
        "configmaps" => ("NAME|DATA|AGE", |object, now| {
            let count = size(object, "data") + size(object, "binaryData");
            vec![name(object), count.to_string(), age_of(object, now)]
        }),
        "secrets" => ("NAME|TYPE|DATA|AGE", |object, now| {
            let kind = text(object, "type").to_owned();
            vec![name(object), kind, size(object, "data").to_string(), age_of(object, now)]
        }),
        "serviceaccounts" => ("NAME|AGE", |object, now| vec![name(object), age_of(object, now)]),
        "resourcequotas" => ("NAME|REQUEST|LIMIT|AGE", quota),
        "limitranges" | "roles" | "clusterroles" => ("NAME|CREATED AT", |object, _| {
            vec![name(object), text(object, "metadata.creationTimestamp").to_owned()]
        }),
        "rolebindings" | "clusterrolebindings" => ("NAME|ROLE|AGE|USERS*|GROUPS*|SERVICEACCOUNTS*", binding),
        "leases" => ("NAME|HOLDER|AGE", |object, now| {
            vec![name(object), text(object, "spec.holderIdentity").to_owned(), age_of(object, now)]
        }),
        _ => return None,
    };
    Some(Printer { columns, cells })
}

fn size(object: &Value, field: &str) -> usize {
    at(object, field).and_then(Value::as_map).map_or(0, Map::len)
}

fn quota(object: &Value, now: MicroTime) -> Vec<String> {
    let (mut requests, mut limits) = (Vec::new(), Vec::new());
    for (resource, hard) in at(object, "status.hard").and_then(Value::as_map).into_iter().flatten() {
        let used = at(object, "status.used").and_then(|used| used.get(resource));
        let part = format!("{resource}: {}/{}", used.map_or("0".to_owned(), scalar), scalar(hard));
        if resource.starts_with("limits") { limits.push(part) } else { requests.push(part) }
    }
    vec![name(object), requests.join(", "), limits.join(", "), age_of(object, now)]
}

fn binding(object: &Value, now: MicroTime) -> Vec<String> {
    let subjects = |kind: &str| {
        let names: Vec<String> = list(object, "subjects")
            .iter()
            .filter(|subject| text(subject, "kind") == kind)
            .map(|subject| match kind {
                "ServiceAccount" => format!("{}/{}", text(subject, "namespace"), text(subject, "name")),
                _ => text(subject, "name").to_owned(),
            })
            .collect();
        names.join(", ")
    };
    let role = format!("{}/{}", text(object, "roleRef.kind"), text(object, "roleRef.name"));
    vec![
        name(object),
        role,
        age_of(object, now),
        subjects("User"),
        subjects("Group"),
        subjects("ServiceAccount"),
    ]
}
