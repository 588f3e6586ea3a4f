//! Volumes of a pod (`ValidateVolumes`).

use super::container::{local_path, no_backsteps};
use super::error::Errors;
use super::field::Field;
use super::resources::amount;
use crate::names;
use crate::value::{Map, Seen};

const TYPES: &[&str] =
    &["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];

/// In the order upstream looks at them.
const SOURCES: &[&str] = &[
    "emptyDir",
    "hostPath",
    "gitRepo",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "secret",
    "nfs",
    "iscsi",
    "glusterfs",
    "flocker",
    "persistentVolumeClaim",
    "rbd",
    "cinder",
    "cephfs",
    "quobyte",
    "downwardAPI",
    "fc",
    "configMap",
    "azureFile",
    "azureDisk",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "scaleIO",
    "storageos",
    "projected",
    "csi",
    "ephemeral",
    "image",
];

/// Checks all volumes; those that are fine come back by name.
pub(super) fn volumes(list: &Field<'_>, errors: &mut Errors) -> Map {
    let mut fine = Map::new();
    let mut seen = Seen::default();
    for volume in list.items() {
        let before = errors.0.len();
        source(&volume, errors);
        let name = volume.child("name");
        if name.text().is_empty() {
            errors.required(&name, "");
        } else {
            errors.each(&name, names::dns1123_label(name.text()));
        }
        if seen.contains(name.text()) {
            errors.duplicate(&name);
        }
        if errors.0.len() == before {
            seen.insert(name.text());
            fine.insert(name.text().to_owned(), volume.value.clone());
        }
    }
    fine
}

fn source(volume: &Field<'_>, errors: &mut Errors) {
    let mut found = 0;
    for name in SOURCES {
        let source = volume.child(name);
        if !source.is_set() {
            continue;
        }
        found += 1;
        if found > 1 {
            errors.forbidden(&source, "may not specify more than 1 volume type");
            continue;
        }
        match *name {
            "emptyDir" => {
                let limit = source.child("sizeLimit");
                if amount(limit.value).is_negative() {
                    errors.forbidden(&limit, "SizeLimit field must be a valid resource quantity");
                }
            }
            "hostPath" => host_path(&source, errors),
            "secret" | "configMap" => {
                let reference = source.child(if *name == "secret" { "secretName" } else { "name" });
                if reference.text().is_empty() {
                    errors.required(&reference, "");
                }
                mode(&source.child("defaultMode"), errors);
                items(&source.child("items"), errors);
            }
            "persistentVolumeClaim" => required_text(&source, &["claimName"], errors),
            "nfs" => {
                required_text(&source, &["server", "path"], errors);
                let path = source.child("path");
                if !path.text().is_empty() && !path.text().starts_with('/') {
                    errors.invalid(&path, "must be an absolute path");
                }
            }
            "csi" => required_text(&source, &["driver"], errors),
            "ephemeral" => {
                let template = source.child("volumeClaimTemplate");
                if template.is_set() {
                    super::storage::claim_spec(&template.child("spec"), errors);
                } else {
                    errors.required(&template, "");
                }
            }
            "downwardAPI" => {
                mode(&source.child("defaultMode"), errors);
                downward(&source.child("items"), errors);
            }
            "projected" => projected(&source, errors),
            _ => {}
        }
    }
    if found == 0 {
        errors.required(volume, "must specify a volume type");
    }
}

fn required_text(field: &Field<'_>, names: &[&'static str], errors: &mut Errors) {
    for name in names {
        let part = field.child(name);
        if part.text().is_empty() {
            errors.required(&part, "");
        }
    }
}

/// `validateHostPathVolumeSource`
pub(super) fn host_path(source: &Field<'_>, errors: &mut Errors) {
    let path = source.child("path");
    if path.text().is_empty() {
        errors.required(&path, "");
        return;
    }
    no_backsteps(&path, errors);
    let kind = source.child("type");
    if kind.is_set() && !TYPES.contains(&kind.text()) {
        errors.not_supported(&kind, TYPES);
    }
}

fn mode(field: &Field<'_>, errors: &mut Errors) {
    if field.int().is_some_and(|mode| !(0..=0o777).contains(&mode)) {
        errors.invalid(field, "must be a number between 0 and 0777 (octal), both inclusive");
    }
}

fn items(list: &Field<'_>, errors: &mut Errors) {
    for item in list.items() {
        required_text(&item, &["key"], errors);
        file_path(&item, errors);
        mode(&item.child("mode"), errors);
    }
}

fn file_path(item: &Field<'_>, errors: &mut Errors) {
    let path = item.child("path");
    if path.text().is_empty() {
        errors.required(&path, "");
        return;
    }
    local_path(&path, errors);
    if path.text().starts_with("..") && !path.text().starts_with("../") {
        errors.invalid(&path, "must not start with '..'");
    }
}

fn downward(list: &Field<'_>, errors: &mut Errors) {
    for item in list.items() {
        file_path(&item, errors);
        let (field, resource) = (item.child("fieldRef"), item.child("resourceFieldRef"));
        if field.is_set() && resource.is_set() {
            errors.invalid_text(
                &item,
                "resource",
                "fieldRef and resourceFieldRef can not be specified simultaneously",
            );
        } else if !field.is_set() && !resource.is_set() {
            errors.required(&item, "one of fieldRef and resourceFieldRef is required");
        }
        mode(&item.child("mode"), errors);
    }
}

fn projected(source: &Field<'_>, errors: &mut Errors) {
    mode(&source.child("defaultMode"), errors);
    for entry in source.child("sources").items() {
        let kinds = [
            "secret",
            "configMap",
            "downwardAPI",
            "serviceAccountToken",
            "clusterTrustBundle",
            "podCertificate",
        ];
        let mut found = 0;
        for kind in kinds {
            let part = entry.child(kind);
            if !part.is_set() {
                continue;
            }
            found += 1;
            if found > 1 {
                errors.forbidden(&part, "may not specify more than 1 volume type");
                continue;
            }
            match kind {
                "secret" | "configMap" => {
                    required_text(&part, &["name"], errors);
                    items(&part.child("items"), errors);
                }
                "downwardAPI" => downward(&part.child("items"), errors),
                "serviceAccountToken" => {
                    let seconds = part.child("expirationSeconds");
                    if seconds.int().is_some_and(|seconds| seconds < 600) {
                        errors.invalid(&seconds, "may not specify a duration less than 10 minutes");
                    }
                    required_text(&part, &["path"], errors);
                }
                _ => {}
            }
        }
        if found == 0 {
            errors.required(&entry, "must specify a volume type");
        }
    }
}
