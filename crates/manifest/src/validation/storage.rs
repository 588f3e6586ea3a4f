//! Persistent volumes and claims.

use super::error::Errors;
use super::field::Field;
use super::meta::label_selector;
use super::resources::amount;
use super::volume::host_path;
use crate::golang::quote;
use crate::names;
use crate::quantity::Quantity;

const MODES: &[&str] = &["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

/// `ValidatePersistentVolumeSpec`
pub(super) fn volume(root: &Field<'_>, errors: &mut Errors) {
    let spec = root.child("spec");
    modes(&spec, "", errors);
    let capacity = spec.child("capacity");
    if capacity.is_empty() {
        errors.required(&capacity, "");
    }
    if !capacity.is_empty() && (!capacity.key("storage").is_set() || capacity.len() > 1) {
        errors.not_supported(&capacity, &["storage"]);
    }
    for (_, size) in capacity.entries() {
        positive(&size, errors);
    }
    let reclaim = spec.child("persistentVolumeReclaimPolicy");
    if reclaim.is_set() && !matches!(reclaim.text(), "Delete" | "Recycle" | "Retain") {
        errors.not_supported(&reclaim, &["Delete", "Recycle", "Retain"]);
    }
    let known = [
        "capacity",
        "accessModes",
        "claimRef",
        "persistentVolumeReclaimPolicy",
        "storageClassName",
        "mountOptions",
        "volumeMode",
        "nodeAffinity",
        "volumeAttributesClassName",
    ];
    let sources = spec
        .map()
        .into_iter()
        .flatten()
        .filter(|(key, value)| !value.is_null() && !known.contains(&key.as_str()));
    if sources.count() == 0 {
        errors.required(&spec, "must specify a volume type");
    }
    let path = spec.child("hostPath");
    if path.is_set() {
        host_path(&path, errors);
    }
    volume_mode(&spec, errors);
}

fn modes(spec: &Field<'_>, detail: &str, errors: &mut Errors) {
    let list = spec.child("accessModes");
    if list.is_empty() {
        errors.required(&list, detail);
    }
    for mode in list.items() {
        if !MODES.contains(&mode.text()) {
            errors.not_supported_raw(&list, quote(mode.text()), MODES);
        }
    }
    if list.len() > 1 && list.items().any(|mode| mode.text() == "ReadWriteOncePod") {
        errors.forbidden(&list, "may not use ReadWriteOncePod with other access modes");
    }
}

fn volume_mode(spec: &Field<'_>, errors: &mut Errors) {
    let mode = spec.child("volumeMode");
    if mode.is_set() && !matches!(mode.text(), "Block" | "Filesystem") {
        errors.not_supported(&mode, &["Block", "Filesystem"]);
    }
}

fn positive(field: &Field<'_>, errors: &mut Errors) {
    let size = amount(field.value);
    if size <= Quantity::default() {
        errors.invalid_raw(field, quote(&size.to_string()), "must be greater than zero");
    }
}

/// `ValidatePersistentVolumeClaim`
pub(super) fn claim(root: &Field<'_>, old: Option<&Field<'_>>, errors: &mut Errors) {
    let spec = root.child("spec");
    claim_spec(&spec, errors);
    if let Some(old) = old {
        let before = old.child("spec");
        for name in ["accessModes", "selector", "storageClassName", "volumeMode"] {
            if spec.child(name).is_set() && !spec.child(name).same(&before.child(name)) {
                errors.forbidden(
                    &spec,
                    "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims",
                );
                break;
            }
        }
    }
}

pub(super) fn claim_spec(spec: &Field<'_>, errors: &mut Errors) {
    modes(spec, "at least 1 access mode is required", errors);
    label_selector(&spec.child("selector"), errors);
    let size = spec.at(&["resources", "requests"]).key("storage");
    let shown = spec.child("resources").key("storage").with(size.value);
    if size.is_set() {
        positive(&shown, errors);
    } else {
        errors.required(&shown, "");
    }
    let class = spec.child("storageClassName");
    if !class.text().is_empty() {
        errors.each(&class, names::dns1123_subdomain(class.text()));
    }
    volume_mode(spec, errors);
}
