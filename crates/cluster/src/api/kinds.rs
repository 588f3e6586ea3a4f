//! Kinds without a type of their own: their resource, group and scope, as `kubectl api-resources` lists them.

use opscape_manifest::api::{Kind, Object};

use crate::status::ResourceName;

/// Kind, resource, apiVersion, whether its objects live in a namespace.
const OTHERS: &[(&str, &str, &str, bool)] = &[
    ("ServiceAccount", "serviceaccounts", "v1", true),
    ("Endpoints", "endpoints", "v1", true),
    ("LimitRange", "limitranges", "v1", true),
    ("ResourceQuota", "resourcequotas", "v1", true),
    ("PersistentVolume", "persistentvolumes", "v1", false),
    ("PersistentVolumeClaim", "persistentvolumeclaims", "v1", true),
    ("PodTemplate", "podtemplates", "v1", true),
    ("ReplicationController", "replicationcontrollers", "v1", true),
    ("StatefulSet", "statefulsets", "apps/v1", true),
    ("DaemonSet", "daemonsets", "apps/v1", true),
    ("ControllerRevision", "controllerrevisions", "apps/v1", true),
    ("Job", "jobs", "batch/v1", true),
    ("CronJob", "cronjobs", "batch/v1", true),
    ("PodDisruptionBudget", "poddisruptionbudgets", "policy/v1", true),
    ("Ingress", "ingresses", "networking.k8s.io/v1", true),
    ("IngressClass", "ingressclasses", "networking.k8s.io/v1", false),
    ("NetworkPolicy", "networkpolicies", "networking.k8s.io/v1", true),
    ("GatewayClass", "gatewayclasses", "gateway.networking.k8s.io/v1", false),
    ("Gateway", "gateways", "gateway.networking.k8s.io/v1", true),
    ("HTTPRoute", "httproutes", "gateway.networking.k8s.io/v1", true),
    ("ReferenceGrant", "referencegrants", "gateway.networking.k8s.io/v1", true),
    ("ClusterAnalysisTemplate", "clusteranalysistemplates", "argoproj.io/v1alpha1", false),
    ("Role", "roles", "rbac.authorization.k8s.io/v1", true),
    ("RoleBinding", "rolebindings", "rbac.authorization.k8s.io/v1", true),
    ("ClusterRole", "clusterroles", "rbac.authorization.k8s.io/v1", false),
    ("ClusterRoleBinding", "clusterrolebindings", "rbac.authorization.k8s.io/v1", false),
    ("PriorityClass", "priorityclasses", "scheduling.k8s.io/v1", false),
    ("StorageClass", "storageclasses", "storage.k8s.io/v1", false),
    ("CSIDriver", "csidrivers", "storage.k8s.io/v1", false),
    ("CSINode", "csinodes", "storage.k8s.io/v1", false),
    ("VolumeAttachment", "volumeattachments", "storage.k8s.io/v1", false),
    ("RuntimeClass", "runtimeclasses", "node.k8s.io/v1", false),
    ("Lease", "leases", "coordination.k8s.io/v1", true),
    ("CustomResourceDefinition", "customresourcedefinitions", "apiextensions.k8s.io/v1", false),
    ("APIService", "apiservices", "apiregistration.k8s.io/v1", false),
    (
        "ValidatingWebhookConfiguration",
        "validatingwebhookconfigurations",
        "admissionregistration.k8s.io/v1",
        false,
    ),
    (
        "MutatingWebhookConfiguration",
        "mutatingwebhookconfigurations",
        "admissionregistration.k8s.io/v1",
        false,
    ),
    ("ValidatingAdmissionPolicy", "validatingadmissionpolicies", "admissionregistration.k8s.io/v1", false),
    (
        "ValidatingAdmissionPolicyBinding",
        "validatingadmissionpolicybindings",
        "admissionregistration.k8s.io/v1",
        false,
    ),
    ("FlowSchema", "flowschemas", "flowcontrol.apiserver.k8s.io/v1", false),
    ("PriorityLevelConfiguration", "prioritylevelconfigurations", "flowcontrol.apiserver.k8s.io/v1", false),
];

/// How a kind stands in messages.
pub(super) fn resource_of_kind(kind: &str) -> ResourceName<'_> {
    if let Some(known) = Kind::ALL.iter().find(|known| known.name() == kind) {
        return ResourceName { plural: known.plural(), api_version: known.api_version() };
    }
    match OTHERS.iter().find(|(name, ..)| *name == kind) {
        Some((_, plural, api_version, _)) => ResourceName { plural, api_version },
        None => ResourceName { plural: kind, api_version: "" },
    }
}

/// A kind by how a person calls it, and whether its objects live in a namespace: `pods`, `pod`, `po`, `ingresses`, `Ingress`.
pub fn kind_called(name: &str) -> Option<(&'static str, bool)> {
    let is = |kind: &str, plural: &str| plural.eq_ignore_ascii_case(name) || kind.eq_ignore_ascii_case(name);
    let short = |kind: &Kind| kind.short_names().split(',').any(|short| !short.is_empty() && short == name);
    let known = Kind::ALL.iter().find(|kind| is(kind.name(), kind.plural()) || short(kind));
    let other = || OTHERS.iter().find(|(kind, plural, ..)| is(kind, plural));
    match known {
        Some(kind) => Some((kind.name(), kind.namespaced())),
        None => other().map(|(kind, .., namespaced)| (*kind, *namespaced)),
    }
}

/// Whether a group has a kind.
pub(crate) fn is_served(kind: &str, group: &str) -> bool {
    let api_version = resource_of_kind(kind).api_version;
    !api_version.is_empty() && api_version.split_once('/').map_or("", |(group, _)| group) == group
}

/// Whether an object lives in a namespace.
pub(super) fn is_namespaced(object: &Object) -> bool {
    match object.kind() {
        Kind::Other => {
            OTHERS.iter().find(|(name, ..)| *name == object.kind_name()).is_none_or(|(.., scoped)| *scoped)
        }
        kind => kind.namespaced(),
    }
}

/// An object's resource with its group, as `pods.` or `deployments.apps`: how the namespace controller names what is left.
pub(crate) fn resource_name(object: &Object) -> String {
    let name = resource_of_kind(object.kind_name());
    let group = name.api_version.split_once('/').map_or("", |(group, _)| group);
    [name.plural, ".", group].concat()
}
