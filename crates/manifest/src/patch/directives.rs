//! The directives of strategic merge patches and how lists are merged (apimachinery `pkg/util/strategicpatch`,
//! `patchStrategy` and `patchMergeKey` tags of k8s.io/api).

use crate::schema::{Holds, Type};
use crate::value::Value;

pub(super) const PATCH: &str = "$patch";
pub(super) const RETAIN: &str = "$retainKeys";
pub(super) const ORDER: &str = "$setElementOrder/";
pub(super) const DELETE_FROM: &str = "$deleteFromPrimitiveList/";

/// (type, field, merge key): lists that are merged by the key, or as sets where it is empty.
const LISTS: &[(&str, &str, &str)] = &[
    ("PodSpec", "containers", "name"),
    ("PodSpec", "initContainers", "name"),
    ("PodSpec", "ephemeralContainers", "name"),
    ("PodSpec", "volumes", "name"),
    ("PodSpec", "imagePullSecrets", "name"),
    ("PodSpec", "hostAliases", "ip"),
    ("PodSpec", "topologySpreadConstraints", "topologyKey"),
    ("PodSpec", "schedulingGates", "name"),
    ("PodSpec", "resourceClaims", "name"),
    ("Container", "ports", "containerPort"),
    ("Container", "env", "name"),
    ("Container", "volumeMounts", "mountPath"),
    ("Container", "volumeDevices", "devicePath"),
    ("EphemeralContainer", "ports", "containerPort"),
    ("EphemeralContainer", "env", "name"),
    ("EphemeralContainer", "volumeMounts", "mountPath"),
    ("EphemeralContainer", "volumeDevices", "devicePath"),
    ("ServiceSpec", "ports", "port"),
    ("ServiceAccount", "secrets", "name"),
    ("PodStatus", "podIPs", "ip"),
    ("PodStatus", "hostIPs", "ip"),
    ("NodeSpec", "podCIDRs", ""),
    ("NodeStatus", "addresses", "type"),
    ("ObjectMeta", "ownerReferences", "uid"),
    ("ObjectMeta", "finalizers", ""),
];

/// How a list is merged.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Merging {
    /// The patch's list replaces the other.
    Replace,
    /// Items of the same key are merged.
    ByKey(&'static str),
    /// The texts are joined without repeats.
    Set,
}

/// How a field is merged, and the type of what it holds.
pub(super) struct Lookup {
    pub(super) merging: Merging,
    pub(super) inner: Option<Type>,
    /// Whether the patch names the keys that stay (`patchStrategy: retainKeys`).
    pub(super) retain: bool,
}

pub(super) fn lookup(ty: Option<Type>, field: &str) -> Lookup {
    let found = ty.and_then(|ty| ty.field(field));
    let name = ty.map_or("", |ty| ty.name);
    let inner = found
        .filter(|field| !matches!(field.holds, Holds::Map(_)))
        .and_then(|f| Type::named(f.holds.type_name()));
    let condition = field == "conditions" && name.ends_with("Status");
    let merging = if condition {
        Merging::ByKey("type")
    } else {
        match LISTS.iter().find(|(ty, name_of, _)| *ty == name && *name_of == field) {
            Some((_, _, "")) => Merging::Set,
            Some((_, _, key)) => Merging::ByKey(key),
            None => Merging::Replace,
        }
    };
    let retain =
        matches!((name, field), ("DeploymentSpec", "strategy") | ("PodSpec", "volumes" | "resourceClaims"));
    Lookup { merging, inner, retain }
}

/// The field a directive's key speaks of.
pub(super) fn plain<'a>(key: &'a str, prefix: &str) -> Option<&'a str> {
    key.strip_prefix(prefix)
}

/// Where the item of a merge key's value stands in a list.
pub(super) fn find(list: &[Value], key: &str, value: Option<&Value>) -> Option<usize> {
    let value = value?;
    list.iter().position(|item| item.get(key) == Some(value))
}

/// The text that merge keys and scalars are sorted by (`fmt.Sprintf("%v")`).
pub(super) fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "<nil>".to_owned(), crate::golang::sprint)
}
