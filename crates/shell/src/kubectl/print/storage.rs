//! PersistentVolumes, PersistentVolumeClaims, StorageClasses.

use opscape_manifest::api::meta::MicroTime;
use opscape_manifest::value::Value;

use super::{Printer, age_of, at, list, name, text};

pub(super) fn printer(plural: &str) -> Option<Printer> {
    let (columns, cells): (_, fn(&Value, MicroTime) -> Vec<String>) = match plural {
        "persistentvolumes" => (
            "NAME|CAPACITY|ACCESS MODES|RECLAIM POLICY|STATUS|CLAIM|STORAGECLASS|VOLUMEATTRIBUTESCLASS|REASON|AGE|VOLUMEMODE*",
            volume,
        ),
        "persistentvolumeclaims" => (
            "NAME|STATUS|VOLUME|CAPACITY|ACCESS MODES|STORAGECLASS|VOLUMEATTRIBUTESCLASS|AGE|VOLUMEMODE*",
            claim,
        ),
        "storageclasses" => {
            ("NAME|PROVISIONER|RECLAIMPOLICY|VOLUMEBINDINGMODE|ALLOWVOLUMEEXPANSION|AGE", class)
        }
        _ => return None,
    };
    Some(Printer { columns, cells })
}

fn unset(text: &str) -> String {
    if text.is_empty() { "<unset>".to_owned() } else { text.to_owned() }
}

/// `RWO` of `ReadWriteOnce`.
pub(crate) fn access_mode(mode: &str) -> &'static str {
    match mode {
        "ReadWriteOnce" => "RWO",
        "ReadOnlyMany" => "ROX",
        "ReadWriteMany" => "RWX",
        "ReadWriteOncePod" => "RWOP",
        _ => "",
    }
}

fn modes(modes: &[Value]) -> String {
    modes.iter().filter_map(Value::as_str).map(access_mode).collect::<Vec<_>>().join(",")
}

fn volume(object: &Value, now: MicroTime) -> Vec<String> {
    let claim = at(object, "spec.claimRef")
        .map_or(String::new(), |claim| format!("{}/{}", text(claim, "namespace"), text(claim, "name")));
    let ending = at(object, "metadata.deletionTimestamp").is_some();
    vec![
        name(object),
        text(object, "spec.capacity.storage").to_owned(),
        modes(list(object, "spec.accessModes")),
        text(object, "spec.persistentVolumeReclaimPolicy").to_owned(),
        if ending { "Terminating" } else { text(object, "status.phase") }.to_owned(),
        claim,
        text(object, "spec.storageClassName").to_owned(),
        unset(text(object, "spec.volumeAttributesClassName")),
        text(object, "status.reason").to_owned(),
        age_of(object, now),
        unset(text(object, "spec.volumeMode")),
    ]
}

fn claim(object: &Value, now: MicroTime) -> Vec<String> {
    let ending = at(object, "metadata.deletionTimestamp").is_some();
    let volume = text(object, "spec.volumeName");
    let bound = !volume.is_empty();
    vec![
        name(object),
        if ending { "Terminating" } else { text(object, "status.phase") }.to_owned(),
        volume.to_owned(),
        if bound { text(object, "status.capacity.storage").to_owned() } else { String::new() },
        if bound { modes(list(object, "status.accessModes")) } else { String::new() },
        text(object, "spec.storageClassName").to_owned(),
        unset(text(object, "spec.volumeAttributesClassName")),
        age_of(object, now),
        unset(text(object, "spec.volumeMode")),
    ]
}

fn class(object: &Value, now: MicroTime) -> Vec<String> {
    let mut shown = name(object);
    let default = at(object, "metadata.annotations")
        .and_then(|annotations| annotations.get("storageclass.kubernetes.io/is-default-class"));
    if default.and_then(Value::as_str) == Some("true") {
        shown.push_str(" (default)");
    }
    let or = |text: &str, default: &str| if text.is_empty() { default.to_owned() } else { text.to_owned() };
    let expands = at(object, "allowVolumeExpansion") == Some(&Value::Bool(true));
    vec![
        shown,
        text(object, "provisioner").to_owned(),
        or(text(object, "reclaimPolicy"), "Delete"),
        or(text(object, "volumeBindingMode"), "<unset>"),
        expands.to_string(),
        age_of(object, now),
    ]
}
