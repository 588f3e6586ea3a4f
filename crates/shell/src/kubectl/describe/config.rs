//! ConfigMaps, Secrets, ServiceAccounts, namespaces, quotas, limits, claims, budgets, roles, autoscalers.

use opscape_manifest::api::Object;
use opscape_manifest::golang::base64_decode;
use opscape_manifest::value::Value;

use super::{Page, date};
use crate::kubectl::print::{at, list, number, scalar, selector, text};
use crate::kubectl::{Call, Resource};

pub(super) fn config_map(object: &Value, page: &mut Page) -> bool {
    page.head(object);
    page.line("\nData\n====");
    for (key, value) in at(object, "data").and_then(Value::as_map).into_iter().flatten() {
        page.line(&format!("{key}:\n----\n{}\n", value.as_str().unwrap_or("")));
    }
    page.line("\nBinaryData\n====");
    for (key, value) in at(object, "binaryData").and_then(Value::as_map).into_iter().flatten() {
        let bytes = value.as_str().and_then(|text| base64_decode(text).ok()).map_or(0, |bytes| bytes.len());
        page.pair(key, &format!("{bytes} bytes"));
    }
    page.line("");
    true
}

pub(super) fn secret(object: &Value, page: &mut Page) -> bool {
    page.head(object);
    page.line("");
    page.pair("Type", text(object, "type"));
    page.line("\nData\n====");
    for (key, value) in at(object, "data").and_then(Value::as_map).into_iter().flatten() {
        let bytes = value.as_str().and_then(|text| base64_decode(text).ok()).map_or(0, |bytes| bytes.len());
        page.pair(key, &format!("{bytes} bytes"));
    }
    false
}

pub(super) fn service_account(object: &Value, page: &mut Page) -> bool {
    page.head(object);
    let secrets: Vec<String> =
        list(object, "imagePullSecrets").iter().map(|secret| text(secret, "name").to_owned()).collect();
    page.several("Image pull secrets", &secrets);
    true
}

fn others(plural: &str, namespace: &str, call: &Call<'_, '_>) -> Vec<Value> {
    let found = Resource::find(plural).map(|resource| call.list(resource, Some(namespace)));
    found.unwrap_or_default().iter().map(Object::to_value).collect()
}

pub(super) fn namespace(object: &Value, call: &Call<'_, '_>, page: &mut Page) -> bool {
    let name = text(object, "metadata.name");
    page.head(object);
    page.pair("Status", text(object, "status.phase"));
    let conditions = list(object, "status.conditions");
    if !conditions.is_empty() {
        page.line("Conditions:\n  Type\tStatus\tLastTransitionTime\tReason\tMessage");
        page.line("  ----\t------\t------------------\t------\t-------");
        for condition in conditions {
            let part = |field: &str| text(condition, field);
            page.line(&format!(
                "  {}\t{}\t{}\t{}\t{}",
                part("type"),
                part("status"),
                date(part("lastTransitionTime")),
                part("reason"),
                part("message")
            ));
        }
    }
    let quotas = others("resourcequotas", name, call);
    page.line(if quotas.is_empty() { "\nNo resource quota." } else { "\nResource Quotas" });
    for quota in &quotas {
        page.pair("  Name", text(quota, "metadata.name"));
        page.line("  Resource\tUsed\tHard\n  --------\t---\t---");
        quota_rows(quota, "  ", page);
    }
    let limits = others("limitranges", name, call);
    if limits.is_empty() {
        page.line("\nNo LimitRange resource.");
    } else {
        page.line("\nResource Limits");
        page.line(&format!(" {LIMIT_TITLES}\n {LIMIT_RULE}"));
        for limit in &limits {
            limit_rows(limit, " ", page);
        }
    }
    false
}

fn quota_rows(quota: &Value, indent: &str, page: &mut Page) {
    for (resource, hard) in at(quota, "status.hard").and_then(Value::as_map).into_iter().flatten() {
        let used =
            at(quota, "status.used").and_then(|used| used.get(resource)).map_or("0".to_owned(), scalar);
        page.line(&format!("{indent}{resource}\t{used}\t{}", scalar(hard)));
    }
}

pub(super) fn quota(object: &Value, page: &mut Page) -> bool {
    page.pair("Name", text(object, "metadata.name"));
    page.pair("Namespace", text(object, "metadata.namespace"));
    let scopes: Vec<&str> = list(object, "spec.scopes").iter().filter_map(Value::as_str).collect();
    if !scopes.is_empty() {
        page.pair("Scopes", &scopes.join(", "));
    }
    page.line("Resource\tUsed\tHard\n--------\t----\t----");
    quota_rows(object, "", page);
    false
}

const LIMIT_TITLES: &str =
    "Type\tResource\tMin\tMax\tDefault Request\tDefault Limit\tMax Limit/Request Ratio";
const LIMIT_RULE: &str = "----\t--------\t---\t---\t---------------\t-------------\t-----------------------";

fn limit_rows(object: &Value, indent: &str, page: &mut Page) {
    const PARTS: [&str; 5] = ["min", "max", "defaultRequest", "default", "maxLimitRequestRatio"];
    for limit in list(object, "spec.limits") {
        let mut resources: Vec<String> = PARTS
            .iter()
            .filter_map(|part| limit.get(part).and_then(Value::as_map))
            .flat_map(std::collections::BTreeMap::keys)
            .cloned()
            .collect();
        crate::sorted::distinct(&mut resources);
        for resource in &resources {
            let cells: Vec<String> = PARTS
                .iter()
                .map(|part| {
                    limit.get(part).and_then(|amounts| amounts.get(resource)).map_or("-".to_owned(), scalar)
                })
                .collect();
            page.line(&format!("{indent}{}\t{resource}\t{}", text(limit, "type"), cells.join("\t")));
        }
    }
}

pub(super) fn limits(object: &Value, page: &mut Page) -> bool {
    page.pair("Name", text(object, "metadata.name"));
    page.pair("Namespace", text(object, "metadata.namespace"));
    page.line(&format!("{LIMIT_TITLES}\n{LIMIT_RULE}"));
    limit_rows(object, "", page);
    false
}

pub(super) fn claim(object: &Value, call: &Call<'_, '_>, page: &mut Page) -> bool {
    let name = text(object, "metadata.name");
    let namespace = text(object, "metadata.namespace");
    page.pair("Name", name);
    page.pair("Namespace", namespace);
    page.pair("StorageClass", text(object, "spec.storageClassName"));
    let ending = text(object, "metadata.deletionTimestamp");
    if ending.is_empty() {
        page.pair("Status", text(object, "status.phase"));
    } else {
        let lasts = crate::kubectl::print::since(ending, call.scope.utc());
        page.pair("Status", &format!("Terminating (lasts {lasts})"));
    }
    let volume = text(object, "spec.volumeName");
    page.pair("Volume", volume);
    page.labels("Labels", at(object, "metadata.labels"));
    page.annotations("Annotations", at(object, "metadata.annotations"));
    let finalizers: Vec<&str> =
        list(object, "metadata.finalizers").iter().filter_map(Value::as_str).collect();
    page.pair("Finalizers", &format!("[{}]", finalizers.join(" ")));
    let (mut capacity, mut modes) = (String::new(), String::new());
    if !volume.is_empty() {
        capacity = at(object, "status.capacity.storage").map(scalar).unwrap_or_default();
        let all = list(object, "status.accessModes").iter().filter_map(Value::as_str);
        modes = all.map(crate::kubectl::print::access_mode).collect::<Vec<_>>().join(",");
    }
    page.pair("Capacity", &capacity);
    page.pair("Access Modes", &modes);
    if !text(object, "spec.volumeMode").is_empty() {
        page.pair("VolumeMode", text(object, "spec.volumeMode"));
    }
    let users: Vec<String> = others("pods", namespace, call)
        .iter()
        .filter(|pod| {
            list(pod, "spec.volumes")
                .iter()
                .any(|volume| text(volume, "persistentVolumeClaim.claimName") == name)
        })
        .map(|pod| text(pod, "metadata.name").to_owned())
        .collect();
    page.several("Used By", &users);
    true
}

pub(super) fn budget(object: &Value, page: &mut Page) -> bool {
    page.pair("Name", text(object, "metadata.name"));
    page.pair("Namespace", text(object, "metadata.namespace"));
    for (field, title) in [("minAvailable", "Min available"), ("maxUnavailable", "Max unavailable")] {
        if let Some(amount) = at(object, &format!("spec.{field}")) {
            page.pair(title, &scalar(amount));
        }
    }
    let selected = at(object, "spec.selector");
    page.pair("Selector", &selected.map_or("<unset>".to_owned(), |found| selector(Some(found))));
    page.line("Status:");
    for (field, title) in [
        ("disruptionsAllowed", "Allowed disruptions"),
        ("currentHealthy", "Current"),
        ("desiredHealthy", "Desired"),
        ("expectedPods", "Total"),
    ] {
        page.pair(&format!("    {title}"), &number(object, &format!("status.{field}")).to_string());
    }
    true
}

pub(super) fn role(object: &Value, page: &mut Page) -> bool {
    page.pair("Name", text(object, "metadata.name"));
    page.labels("Labels", at(object, "metadata.labels"));
    page.annotations("Annotations", at(object, "metadata.annotations"));
    page.line("PolicyRule:\n  Resources\tNon-Resource URLs\tResource Names\tVerbs");
    page.line("  ---------\t-----------------\t--------------\t-----");
    let words = |rule: &Value, field: &str| {
        let all: Vec<&str> = list(rule, field).iter().filter_map(Value::as_str).collect();
        format!("[{}]", all.join(" "))
    };
    let mut rows = Vec::new();
    for rule in list(object, "rules") {
        let (urls, names, verbs) =
            (words(rule, "nonResourceURLs"), words(rule, "resourceNames"), words(rule, "verbs"));
        let resources = list(rule, "resources");
        if resources.is_empty() {
            rows.push(format!("  \t{urls}\t{names}\t{verbs}"));
        }
        for resource in resources.iter().filter_map(Value::as_str) {
            for group in list(rule, "apiGroups").iter().filter_map(Value::as_str) {
                let name = crate::kubectl::resources::qualified(resource, group);
                rows.push(format!("  {name}\t{urls}\t{names}\t{verbs}"));
            }
        }
    }
    crate::sorted::texts(&mut rows);
    for row in &rows {
        page.line(row);
    }
    false
}

pub(super) fn binding(object: &Value, page: &mut Page) -> bool {
    page.pair("Name", text(object, "metadata.name"));
    page.labels("Labels", at(object, "metadata.labels"));
    page.annotations("Annotations", at(object, "metadata.annotations"));
    page.line("Role:");
    page.pair("  Kind", text(object, "roleRef.kind"));
    page.pair("  Name", text(object, "roleRef.name"));
    page.line("Subjects:\n  Kind\tName\tNamespace\n  ----\t----\t---------");
    for subject in list(object, "subjects") {
        let part = |field: &str| text(subject, field);
        page.line(&format!("  {}\t{}\t{}", part("kind"), part("name"), part("namespace")));
    }
    false
}
