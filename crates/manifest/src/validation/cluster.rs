//! Nodes, namespaces and configuration.

use super::affinity::taint_effect;
use super::error::{Errors, IMMUTABLE};
use super::field::Field;
use super::meta::label_name;
use super::resources;
use crate::golang::{base64_decode, quote};
use crate::names;
use crate::value::Seen;

const DATA_MAX: usize = 1024 * 1024;
const FROZEN: &str = "field is immutable when `immutable` is set";

pub(super) fn node(root: &Field<'_>, old: Option<&Field<'_>>, errors: &mut Errors) {
    let spec = root.child("spec");
    // Upstream names the place metadata.taints.
    let taints = root.at(&["metadata", "taints"]).with(spec.child("taints").value);
    let mut seen = Seen::default();
    for taint in taints.items() {
        let (key, value, effect) = (taint.child("key"), taint.child("value"), taint.child("effect"));
        label_name(&key, errors);
        let messages = names::label_value(value.text());
        if !messages.is_empty() {
            errors.invalid_text(&value, value.text(), messages.join(";"));
        }
        taint_effect(&effect, errors);
        if !seen.insert(&[effect.text(), " ", key.text()].concat()) {
            let shown = format!(
                "{{\"Key\":{},\"Value\":{},\"Effect\":{},\"TimeAdded\":null}}",
                quote(key.text()),
                quote(value.text()),
                quote(effect.text())
            );
            errors.duplicate_raw(&taint, shown, "taints must be unique by key and effect pair");
        }
    }
    for list in ["capacity", "allocatable"] {
        let list = root.at(&["status", list]);
        for (resource, amount) in list.entries() {
            let field = list.named(resource).with(amount.value);
            resources::quantity(&field, resource, errors);
        }
    }
    if let Some(old) = old {
        let (provider, before) = (spec.child("providerID"), old.at(&["spec", "providerID"]));
        if !before.text().is_empty() && before.text() != provider.text() {
            errors.forbidden(&provider, "node updates may not change providerID except from \"\" to valid");
        }
        let (ranges, before) = (spec.child("podCIDRs"), old.at(&["spec", "podCIDRs"]));
        if !before.is_empty() && !ranges.same(&before) {
            errors.forbidden(&ranges, "node updates may not change podCIDR except from \"\" to valid");
        }
    }
}

pub(super) fn namespace(root: &Field<'_>, old: Option<&Field<'_>>, errors: &mut Errors) {
    if old.is_some() {
        return;
    }
    let list = root.at(&["spec", "finalizers"]);
    for finalizer in list.items() {
        let field = list.with(finalizer.value);
        errors.each(&field, names::qualified_name(finalizer.text()));
        let standard = matches!(finalizer.text(), "kubernetes" | "orphan" | "foregroundDeletion");
        if !finalizer.text().contains('/') && !standard {
            errors.invalid(&field, "name is neither a standard finalizer name nor is it fully qualified");
        }
    }
}

pub(super) fn config_map(root: &Field<'_>, old: Option<&Field<'_>>, errors: &mut Errors) {
    if let Some(old) = old {
        frozen(root, old, &["data", "binaryData"], errors);
    }
    let (data, binary) = (root.child("data"), root.child("binaryData"));
    let mut size = 0;
    for (key, value) in data.entries() {
        keys(&value, key, errors);
        if binary.key(key).is_set() {
            errors.invalid_text(&value, key, "duplicate of key present in binaryData");
        }
        size += value.text().len();
    }
    for (key, value) in binary.entries() {
        keys(&value, key, errors);
        size += value.text().len() / 4 * 3;
    }
    if size > DATA_MAX {
        // How Go prints the path of the whole object.
        errors.too_long(&root.key(""), DATA_MAX);
    }
}

fn keys(field: &Field<'_>, key: &str, errors: &mut Errors) {
    for message in names::config_map_key(key) {
        errors.invalid_text(field, key, message);
    }
}

fn frozen(root: &Field<'_>, old: &Field<'_>, fields: &[&'static str], errors: &mut Errors) {
    if !old.child("immutable").is_true() {
        return;
    }
    let immutable = root.child("immutable");
    if !immutable.is_true() {
        errors.forbidden(&immutable, FROZEN);
    }
    for name in fields {
        let field = root.child(name);
        if !field.same(&old.child(name)) {
            errors.forbidden(&field, FROZEN);
        }
    }
}

pub(super) fn secret(root: &Field<'_>, old: Option<&Field<'_>>, errors: &mut Errors) {
    let kind = root.child("type");
    if let Some(old) = old {
        if kind.text() != old.child("type").text() {
            errors.invalid(&kind, IMMUTABLE);
        }
        frozen(root, old, &["data"], errors);
    }
    let data = root.child("data");
    let mut size = 0;
    for (key, value) in data.entries() {
        keys(&value, key, errors);
        size += base64_decode(value.text()).map_or(0, |bytes| bytes.len());
    }
    if size > DATA_MAX {
        errors.too_long(&data, DATA_MAX);
    }
    let mut need = |names: &[&str]| {
        for name in names {
            let field = data.key(name);
            if !field.is_set() {
                errors.required(&field, "");
            }
        }
    };
    match kind.text() {
        "kubernetes.io/tls" => need(&["tls.crt", "tls.key"]),
        "kubernetes.io/ssh-auth" => need(&["ssh-privatekey"]),
        "kubernetes.io/dockercfg" => need(&[".dockercfg"]),
        "kubernetes.io/dockerconfigjson" => need(&[".dockerconfigjson"]),
        "kubernetes.io/basic-auth" if !data.key("username").is_set() && !data.key("password").is_set() => {
            need(&["username", "password"]);
        }
        "kubernetes.io/service-account-token" => {
            let name = root.at(&["metadata", "annotations"]).key("kubernetes.io/service-account.name");
            if name.text().is_empty() {
                errors.required(&name, "");
            }
        }
        _ => {}
    }
}
