//! The kinds of the Kubernetes API that Opscape knows the fields of.

use k8s_openapi::Resource;
use k8s_openapi::api::{
    apps::v1 as apps, autoscaling::v1 as autoscaling_v1, autoscaling::v2 as autoscaling, batch::v1 as batch,
    coordination::v1 as coordination, core::v1 as core, discovery::v1 as discovery,
    networking::v1 as networking, policy::v1 as policy, rbac::v1 as rbac, scheduling::v1 as scheduling,
    storage::v1 as storage,
};
use schemars::{JsonSchema, SchemaGenerator};

/// A kind and the name of its schema.
pub struct Root {
    pub group_version: String,
    pub kind: &'static str,
    pub schema: String,
}

fn root<K: Resource + JsonSchema>(generator: &mut SchemaGenerator) -> Root {
    let _ = generator.subschema_for::<K>();
    Root { group_version: K::API_VERSION.to_owned(), kind: K::KIND, schema: K::schema_name().into_owned() }
}

macro_rules! roots {
    ($generator:ident: $($kind:ty),+ $(,)?) => { vec![$(root::<$kind>($generator)),+] };
}

/// Enters every kind's schema into `generator`. Where two groups have a type of the same name, the group listed
/// first keeps the plain name.
pub fn register(generator: &mut SchemaGenerator) -> Vec<Root> {
    roots!(generator:
        core::Pod,
        core::Service,
        core::ConfigMap,
        core::Secret,
        core::Namespace,
        core::Node,
        core::ServiceAccount,
        core::PersistentVolumeClaim,
        core::PersistentVolume,
        core::Endpoints,
        core::Event,
        core::LimitRange,
        core::ResourceQuota,
        core::ReplicationController,
        core::PodTemplate,
        apps::Deployment,
        apps::ReplicaSet,
        apps::StatefulSet,
        apps::DaemonSet,
        apps::ControllerRevision,
        batch::Job,
        batch::CronJob,
        autoscaling::HorizontalPodAutoscaler,
        autoscaling_v1::HorizontalPodAutoscaler,
        autoscaling_v1::Scale,
        policy::PodDisruptionBudget,
        networking::Ingress,
        networking::IngressClass,
        networking::NetworkPolicy,
        discovery::EndpointSlice,
        rbac::Role,
        rbac::RoleBinding,
        rbac::ClusterRole,
        rbac::ClusterRoleBinding,
        scheduling::PriorityClass,
        storage::StorageClass,
        coordination::Lease,
    )
}
