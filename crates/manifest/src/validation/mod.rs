//! What the API server refuses although it could be decoded, to the letter (Kubernetes v1.36:
//! pkg/apis/*/validation, apimachinery `pkg/api/validation`), and what it warns of.
//!
//! All of it works on [`Value`]s with defaults applied, so that it serves kinds with and without a type of their own.

mod affinity;
mod batch;
mod cluster;
mod container;
mod cron;
mod error;
mod field;
mod gateway;
mod meta;
mod network;
mod pod;
mod policy;
mod resources;
mod rollout;
mod service;
mod storage;
mod volume;
mod warnings;
mod workloads;

pub use error::{FieldError, Kind, invalid, invalid_for_kubectl};
pub use meta::namespaced;
pub use rollout::rollout_spec;
pub use warnings::warnings;

use crate::value::Value;
use error::Errors;
use field::{Field, Paths};

/// What is wrong with a new object (with its defaults), in the server's order.
pub fn create(object: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    run(object, None, &mut errors);
    errors.0
}

/// What is wrong with replacing `old` by `new` (both with their defaults), in the server's order.
pub fn update(new: &Value, old: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    run(new, Some(old), &mut errors);
    errors.0
}

fn run(object: &Value, old: Option<&Value>, errors: &mut Errors) {
    let paths = Paths::default();
    let root = Field::root(object, &paths);
    let before = old.map(|old| Field::root(old, &paths));
    let old = before.as_ref();
    let group = object.str_at(&["apiVersion"]).unwrap_or_default();
    let group = group.split_once('/').map_or("", |(group, _)| group);
    let kind = object.str_at(&["kind"]).unwrap_or_default();
    meta::object(&root, old, group, kind, errors);
    match (group, kind) {
        ("", "Pod") => pod::whole(&root, old, errors),
        ("", "Service") => service::whole(&root, old, errors),
        ("", "Node") => cluster::node(&root, old, errors),
        ("", "Namespace") => cluster::namespace(&root, old, errors),
        ("", "ConfigMap") => cluster::config_map(&root, old, errors),
        ("", "Secret") => cluster::secret(&root, old, errors),
        ("", "ResourceQuota") => policy::quota(&root, errors),
        ("", "LimitRange") => policy::limit_range(&root, errors),
        ("", "PersistentVolume") => storage::volume(&root, errors),
        ("", "PersistentVolumeClaim") => storage::claim(&root, old, errors),
        ("", "ReplicationController") => workloads::replication_controller(&root, errors),
        ("apps", "Deployment") => workloads::deployment(&root, old, errors),
        ("apps", "ReplicaSet") => workloads::replica_set(&root, old, errors),
        ("apps", "StatefulSet") => workloads::stateful_set(&root, old, errors),
        ("apps", "DaemonSet") => workloads::daemon_set(&root, old, errors),
        ("batch", "Job") => batch::job(&root, old, errors),
        ("batch", "CronJob") => batch::cron_job(&root, errors),
        ("autoscaling", "HorizontalPodAutoscaler") => policy::autoscaler(&root, errors),
        ("policy", "PodDisruptionBudget") => policy::disruption_budget(&root, errors),
        ("networking.k8s.io", "Ingress") => network::ingress(&root, errors),
        ("networking.k8s.io", "NetworkPolicy") => network::policy(&root, errors),
        ("rbac.authorization.k8s.io", "Role" | "ClusterRole") => network::role(&root, kind, errors),
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => {
            network::role_binding(&root, kind, old, errors);
        }
        ("gateway.networking.k8s.io", "GatewayClass") => gateway::class(&root, errors),
        ("gateway.networking.k8s.io", "Gateway") => gateway::gateway(&root, errors),
        ("gateway.networking.k8s.io", "HTTPRoute") => gateway::http_route(&root, errors),
        ("gateway.networking.k8s.io", "ReferenceGrant") => gateway::reference_grant(&root, errors),
        ("argoproj.io", "Rollout") => rollout::schema(&root, errors),
        ("argoproj.io", "AnalysisTemplate" | "ClusterAnalysisTemplate" | "AnalysisRun") => {
            rollout::analysis_schema(&root, errors);
        }
        ("scheduling.k8s.io", "PriorityClass") => policy::priority_class(&root, old, errors),
        _ => {}
    }
}
