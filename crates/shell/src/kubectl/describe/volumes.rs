//! Volumes of pods and templates.

use opscape_manifest::value::Value;

use super::Page;
use crate::kubectl::print::{at, list, scalar, text};

fn optional(source: &Value) -> &'static str {
    if source.get("optional").and_then(Value::as_bool) == Some(true) { "true" } else { "false" }
}

pub(super) fn volumes(all: &[Value], indent: &str, page: &mut Page) {
    if all.is_empty() {
        return page.pair(&format!("{indent}Volumes"), "<none>");
    }
    page.line(&format!("{indent}Volumes:"));
    let extra = if indent.is_empty() { "" } else { " " };
    for volume in all {
        page.line(&format!("  {extra}{}:", text(volume, "name")));
        let source = |kind: &str| volume.get(kind);
        let mut pair = |name: &str, value: &str| page.pair(&format!("    {name}"), value);
        if let Some(path) = source("hostPath") {
            pair("Type", "HostPath (bare host directory volume)");
            pair("Path", text(path, "path"));
            pair("HostPathType", text(path, "type"));
        } else if let Some(empty) = source("emptyDir") {
            pair("Type", "EmptyDir (a temporary directory that shares a pod's lifetime)");
            pair("Medium", text(empty, "medium"));
            pair("SizeLimit", &empty.get("sizeLimit").map_or("<unset>".to_owned(), scalar));
        } else if let Some(secret) = source("secret") {
            pair("Type", "Secret (a volume populated by a Secret)");
            pair("SecretName", text(secret, "secretName"));
            pair("Optional", optional(secret));
        } else if let Some(map) = source("configMap") {
            pair("Type", "ConfigMap (a volume populated by a ConfigMap)");
            pair("Name", text(map, "name"));
            pair("Optional", optional(map));
        } else if let Some(claim) = source("persistentVolumeClaim") {
            pair(
                "Type",
                "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)",
            );
            pair("ClaimName", text(claim, "claimName"));
            let read_only = claim.get("readOnly").and_then(Value::as_bool) == Some(true);
            pair("ReadOnly", if read_only { "true" } else { "false" });
        } else if source("projected").is_some() {
            pair("Type", "Projected (a volume that contains injected data from multiple sources)");
            for part in list(volume, "projected.sources") {
                projected(part, &mut pair);
            }
        } else if source("downwardAPI").is_some() {
            pair("Type", "DownwardAPI (a volume populated by information about the pod)");
            page.line("    Items:");
            for item in list(volume, "downwardAPI.items") {
                page.line(&format!("      {} -> {}", text(item, "fieldRef.fieldPath"), text(item, "path")));
            }
        } else {
            page.line("  <unknown>");
        }
    }
}

fn projected(part: &Value, pair: &mut dyn FnMut(&str, &str)) {
    if let Some(secret) = part.get("secret") {
        pair("SecretName", text(secret, "name"));
        pair("Optional", optional(secret));
    } else if part.get("downwardAPI").is_some() {
        pair("DownwardAPI", "true");
    } else if let Some(map) = part.get("configMap") {
        pair("ConfigMapName", text(map, "name"));
        pair("Optional", optional(map));
    } else if let Some(token) = part.get("serviceAccountToken") {
        pair("TokenExpirationSeconds", &at(token, "expirationSeconds").map_or("3600".to_owned(), scalar));
    }
}
