//! The resources of the API server, in the order of `kubectl api-resources`.

use opscape_manifest::api::Object;

/// A resource as discovery tells it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Resource {
    pub plural: &'static str,
    /// Short names, separated by commas.
    pub shorts: &'static str,
    pub api_version: &'static str,
    pub namespaced: bool,
    pub kind: &'static str,
}

macro_rules! resources {
    ($($plural:literal $shorts:literal $api_version:literal $namespaced:literal $kind:literal;)*) => {
        /// All resources.
        pub(crate) const RESOURCES: &[Resource] = &[
            $(Resource {
                plural: $plural,
                shorts: $shorts,
                api_version: $api_version,
                namespaced: $namespaced,
                kind: $kind,
            }),*
        ];
    };
}

resources! {
    "bindings" "" "v1" true "Binding";
    "componentstatuses" "cs" "v1" false "ComponentStatus";
    "configmaps" "cm" "v1" true "ConfigMap";
    "endpoints" "ep" "v1" true "Endpoints";
    "events" "ev" "v1" true "Event";
    "limitranges" "limits" "v1" true "LimitRange";
    "namespaces" "ns" "v1" false "Namespace";
    "nodes" "no" "v1" false "Node";
    "persistentvolumeclaims" "pvc" "v1" true "PersistentVolumeClaim";
    "persistentvolumes" "pv" "v1" false "PersistentVolume";
    "pods" "po" "v1" true "Pod";
    "podtemplates" "" "v1" true "PodTemplate";
    "replicationcontrollers" "rc" "v1" true "ReplicationController";
    "resourcequotas" "quota" "v1" true "ResourceQuota";
    "secrets" "" "v1" true "Secret";
    "serviceaccounts" "sa" "v1" true "ServiceAccount";
    "services" "svc" "v1" true "Service";
    "mutatingadmissionpolicies" "" "admissionregistration.k8s.io/v1" false "MutatingAdmissionPolicy";
    "mutatingadmissionpolicybindings" "" "admissionregistration.k8s.io/v1" false "MutatingAdmissionPolicyBinding";
    "mutatingwebhookconfigurations" "" "admissionregistration.k8s.io/v1" false "MutatingWebhookConfiguration";
    "validatingadmissionpolicies" "" "admissionregistration.k8s.io/v1" false "ValidatingAdmissionPolicy";
    "validatingadmissionpolicybindings" "" "admissionregistration.k8s.io/v1" false "ValidatingAdmissionPolicyBinding";
    "validatingwebhookconfigurations" "" "admissionregistration.k8s.io/v1" false "ValidatingWebhookConfiguration";
    "customresourcedefinitions" "crd,crds" "apiextensions.k8s.io/v1" false "CustomResourceDefinition";
    "apiservices" "" "apiregistration.k8s.io/v1" false "APIService";
    "controllerrevisions" "" "apps/v1" true "ControllerRevision";
    "daemonsets" "ds" "apps/v1" true "DaemonSet";
    "deployments" "deploy" "apps/v1" true "Deployment";
    "replicasets" "rs" "apps/v1" true "ReplicaSet";
    "statefulsets" "sts" "apps/v1" true "StatefulSet";
    "analysisruns" "ar" "argoproj.io/v1alpha1" true "AnalysisRun";
    "analysistemplates" "at" "argoproj.io/v1alpha1" true "AnalysisTemplate";
    "clusteranalysistemplates" "cat" "argoproj.io/v1alpha1" false "ClusterAnalysisTemplate";
    "rollouts" "ro" "argoproj.io/v1alpha1" true "Rollout";
    "selfsubjectreviews" "" "authentication.k8s.io/v1" false "SelfSubjectReview";
    "tokenreviews" "" "authentication.k8s.io/v1" false "TokenReview";
    "localsubjectaccessreviews" "" "authorization.k8s.io/v1" true "LocalSubjectAccessReview";
    "selfsubjectaccessreviews" "" "authorization.k8s.io/v1" false "SelfSubjectAccessReview";
    "selfsubjectrulesreviews" "" "authorization.k8s.io/v1" false "SelfSubjectRulesReview";
    "subjectaccessreviews" "" "authorization.k8s.io/v1" false "SubjectAccessReview";
    "horizontalpodautoscalers" "hpa" "autoscaling/v2" true "HorizontalPodAutoscaler";
    "cronjobs" "cj" "batch/v1" true "CronJob";
    "jobs" "" "batch/v1" true "Job";
    "certificatesigningrequests" "csr" "certificates.k8s.io/v1" false "CertificateSigningRequest";
    "leases" "" "coordination.k8s.io/v1" true "Lease";
    "endpointslices" "" "discovery.k8s.io/v1" true "EndpointSlice";
    "events" "ev" "events.k8s.io/v1" true "Event";
    "flowschemas" "" "flowcontrol.apiserver.k8s.io/v1" false "FlowSchema";
    "prioritylevelconfigurations" "" "flowcontrol.apiserver.k8s.io/v1" false "PriorityLevelConfiguration";
    "gatewayclasses" "gc" "gateway.networking.k8s.io/v1" false "GatewayClass";
    "gateways" "gtw" "gateway.networking.k8s.io/v1" true "Gateway";
    "httproutes" "" "gateway.networking.k8s.io/v1" true "HTTPRoute";
    "referencegrants" "refgrant" "gateway.networking.k8s.io/v1" true "ReferenceGrant";
    "nodes" "" "metrics.k8s.io/v1beta1" false "NodeMetrics";
    "pods" "" "metrics.k8s.io/v1beta1" true "PodMetrics";
    "ingressclasses" "" "networking.k8s.io/v1" false "IngressClass";
    "ingresses" "ing" "networking.k8s.io/v1" true "Ingress";
    "ipaddresses" "ip" "networking.k8s.io/v1" false "IPAddress";
    "networkpolicies" "netpol" "networking.k8s.io/v1" true "NetworkPolicy";
    "servicecidrs" "" "networking.k8s.io/v1" false "ServiceCIDR";
    "runtimeclasses" "" "node.k8s.io/v1" false "RuntimeClass";
    "poddisruptionbudgets" "pdb" "policy/v1" true "PodDisruptionBudget";
    "clusterrolebindings" "" "rbac.authorization.k8s.io/v1" false "ClusterRoleBinding";
    "clusterroles" "" "rbac.authorization.k8s.io/v1" false "ClusterRole";
    "rolebindings" "" "rbac.authorization.k8s.io/v1" true "RoleBinding";
    "roles" "" "rbac.authorization.k8s.io/v1" true "Role";
    "deviceclasses" "" "resource.k8s.io/v1" false "DeviceClass";
    "resourceclaims" "" "resource.k8s.io/v1" true "ResourceClaim";
    "resourceclaimtemplates" "" "resource.k8s.io/v1" true "ResourceClaimTemplate";
    "resourceslices" "" "resource.k8s.io/v1" false "ResourceSlice";
    "priorityclasses" "pc" "scheduling.k8s.io/v1" false "PriorityClass";
    "csidrivers" "" "storage.k8s.io/v1" false "CSIDriver";
    "csinodes" "" "storage.k8s.io/v1" false "CSINode";
    "csistoragecapacities" "" "storage.k8s.io/v1" true "CSIStorageCapacity";
    "storageclasses" "sc" "storage.k8s.io/v1" false "StorageClass";
    "volumeattachments" "" "storage.k8s.io/v1" false "VolumeAttachment";
    "volumeattributesclasses" "vac" "storage.k8s.io/v1" false "VolumeAttributesClass";
}

/// The resources of the category `all`.
pub(crate) const ALL: &[&str] = &[
    "pods",
    "replicationcontrollers",
    "services",
    "daemonsets",
    "deployments",
    "replicasets",
    "statefulsets",
    "horizontalpodautoscalers",
    "cronjobs",
    "jobs",
];

impl Resource {
    /// The API group; empty for the core group.
    pub fn group(&self) -> &'static str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }

    /// The version in its group.
    pub fn version(&self) -> &'static str {
        self.api_version.split_once('/').map_or(self.api_version, |(_, version)| version)
    }

    /// `deployment`, `networkpolicy`.
    pub fn singular(&self) -> String {
        self.kind.to_ascii_lowercase()
    }

    /// `deployment.apps`, `pod`: the kind with its group, as commands print it before a name.
    pub fn qualified_kind(&self) -> String {
        qualified(&self.singular(), self.group())
    }

    /// `deployments.apps`, `pods`.
    pub fn qualified(&self) -> String {
        qualified(self.plural, self.group())
    }

    /// The resource of a word as `deploy`, `deployment`, `Deployments`, `deployments.apps`, `deployments.v1.apps`.
    pub fn find(word: &str) -> Option<&'static Resource> {
        let word = word.to_ascii_lowercase();
        let (name, group) = word.split_once('.').unwrap_or((&word, ""));
        let group = match group.split_once('.') {
            Some((version, group)) if is_version(version) => group,
            _ if is_version(group) => "",
            _ => group,
        };
        let named = |resource: &&Resource| {
            resource.plural == name
                || resource.kind.eq_ignore_ascii_case(name)
                || resource.shorts.split(',').any(|short| !short.is_empty() && short == name)
        };
        RESOURCES
            .iter()
            .filter(named)
            .find(|resource| group.is_empty() || resource.group().starts_with(group))
    }

    /// The resource of an `apiVersion` and `kind`.
    pub fn of(api_version: &str, kind: &str) -> Option<&'static Resource> {
        let exact = |resource: &&Resource| resource.kind == kind && resource.api_version == api_version;
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        let served = |resource: &&Resource| {
            resource.kind == kind && resource.group() == group && OTHER_VERSIONS.contains(&api_version)
        };
        RESOURCES.iter().find(exact).or_else(|| RESOURCES.iter().find(served))
    }

    /// The resource of an object.
    pub fn of_object(object: &Object) -> Option<&'static Resource> {
        Self::of(object.api_version(), object.kind_name())
    }
}

/// Versions that are served beside the preferred one of their group.
const OTHER_VERSIONS: &[&str] = &["autoscaling/v1", "gateway.networking.k8s.io/v1beta1"];

fn is_version(text: &str) -> bool {
    text.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// `name.group`, or only the name in the core group.
pub(crate) fn qualified(name: &str, group: &str) -> String {
    if group.is_empty() { name.to_owned() } else { format!("{name}.{group}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_have_many_names() {
        for name in
            ["deploy", "deployment", "deployments", "Deployment", "deployments.apps", "deploy.v1.apps"]
        {
            assert_eq!(Resource::find(name).unwrap().plural, "deployments", "{name}");
        }
        assert_eq!(Resource::find("po").unwrap().qualified_kind(), "pod");
        assert_eq!(Resource::find("netpol").unwrap().qualified_kind(), "networkpolicy.networking.k8s.io");
        assert_eq!(Resource::find("events").unwrap().api_version, "v1");
        assert_eq!(Resource::find("events.events.k8s.io").unwrap().api_version, "events.k8s.io/v1");
        assert_eq!(Resource::find("crd").unwrap().plural, "customresourcedefinitions");
        assert!(Resource::find("foos").is_none());
        assert!(Resource::find("deploy.batch").is_none());
        assert!(Resource::of("extensions/v1beta1", "Deployment").is_none());
        assert_eq!(
            Resource::of("autoscaling/v1", "HorizontalPodAutoscaler").unwrap().plural,
            "horizontalpodautoscalers"
        );
    }
}
