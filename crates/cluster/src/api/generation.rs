//! When `metadata.generation` grows, and what a plain update may not touch: each kind's strategy in pkg/registry.

use std::sync::Arc;

use opscape_manifest::api::Object;
use opscape_manifest::api::analysis::AnalysisRunStatus;
use opscape_manifest::api::apps::{DeploymentStatus, ReplicaSetStatus};
use opscape_manifest::api::autoscaling::HorizontalPodAutoscalerStatus;
use opscape_manifest::api::pod::PodStatus;
use opscape_manifest::api::rollout::RolloutStatus;

/// Whether the change from `old` to `new` is one of what is wanted.
pub(super) fn spec_changed(old: &Object, new: &Object) -> bool {
    match (old, new) {
        // Changed annotations count for Deployments (pkg/registry/apps/deployment/strategy.go).
        (Object::Deployment(old), Object::Deployment(new)) => {
            old.spec != new.spec || old.metadata.annotations != new.metadata.annotations
        }
        (Object::ReplicaSet(old), Object::ReplicaSet(new)) => old.spec != new.spec,
        (Object::Rollout(old), Object::Rollout(new)) => old.spec != new.spec,
        // These have no status apart: all of them counts but their metadata.
        (Object::AnalysisRun(old), Object::AnalysisRun(new)) => {
            old.spec != new.spec || old.status != new.status
        }
        (Object::AnalysisTemplate(old), Object::AnalysisTemplate(new)) => old.spec != new.spec,
        // All of a slice counts (pkg/registry/discovery/endpointslice/strategy.go).
        (Object::EndpointSlice(old), Object::EndpointSlice(new)) => old != new,
        (Object::Pod(old), Object::Pod(new)) => !Arc::ptr_eq(&old.spec, &new.spec) && old.spec != new.spec,
        (Object::Other(old), Object::Other(new)) => old.body.get("spec") != new.body.get("spec"),
        _ => false,
    }
}

/// Whether objects of this kind have a generation at all.
pub(super) fn has_generation(object: &Object) -> bool {
    match object {
        Object::Deployment(_)
        | Object::ReplicaSet(_)
        | Object::Pod(_)
        | Object::EndpointSlice(_)
        | Object::Rollout(_)
        | Object::AnalysisRun(_)
        | Object::AnalysisTemplate(_) => true,
        Object::Other(other) => other.body.contains_key("spec") && WITH_GENERATION.contains(&&*other.kind),
        _ => false,
    }
}

const WITH_GENERATION: &[&str] = &[
    "StatefulSet",
    "DaemonSet",
    "Job",
    "CronJob",
    "Ingress",
    "NetworkPolicy",
    "PodDisruptionBudget",
    "ReplicationController",
    "GatewayClass",
    "Gateway",
    "HTTPRoute",
    "ClusterAnalysisTemplate",
];

/// Takes over the status of `old`: a plain update does not change it.
pub(super) fn keep_status(old: &Object, new: &mut Object) {
    match (old, new) {
        (Object::Deployment(old), Object::Deployment(new)) if old.status != new.status => {
            Arc::make_mut(new).status = old.status.clone();
        }
        (Object::ReplicaSet(old), Object::ReplicaSet(new)) if old.status != new.status => {
            Arc::make_mut(new).status = old.status.clone();
        }
        (Object::Rollout(old), Object::Rollout(new)) if old.status != new.status => {
            Arc::make_mut(new).status = old.status.clone();
        }
        (Object::Pod(old), Object::Pod(new)) if old.status != new.status => {
            Arc::make_mut(new).status = old.status.clone();
        }
        (Object::Node(old), Object::Node(new)) if old.status != new.status => {
            Arc::make_mut(new).status = old.status.clone();
        }
        (Object::Namespace(old), Object::Namespace(new)) if old.status != new.status => {
            Arc::make_mut(new).status = old.status.clone();
        }
        (Object::Service(old), Object::Service(new)) if old.status != new.status => {
            Arc::make_mut(new).status = old.status.clone();
        }
        (Object::HorizontalPodAutoscaler(old), Object::HorizontalPodAutoscaler(new))
            if old.status != new.status =>
        {
            Arc::make_mut(new).status = old.status.clone();
        }
        (Object::Other(old), Object::Other(new)) if has_generation(&Object::Other(old.clone())) => {
            let status = old.body.get("status");
            if new.body.get("status") != status {
                let body = &mut Arc::make_mut(new).body;
                match status {
                    Some(status) => drop(body.insert("status".to_owned(), status.clone())),
                    None => drop(body.remove("status")),
                }
            }
        }
        _ => {}
    }
}

/// The status of an object that is being created.
pub(super) fn clear_status(object: &mut Object) {
    match object {
        Object::Deployment(deployment) => Arc::make_mut(deployment).status = DeploymentStatus::default(),
        Object::ReplicaSet(replica_set) => Arc::make_mut(replica_set).status = ReplicaSetStatus::default(),
        Object::Rollout(rollout) => Arc::make_mut(rollout).status = RolloutStatus::default(),
        Object::AnalysisRun(run) => Arc::make_mut(run).status = AnalysisRunStatus::default(),
        Object::Pod(pod) => {
            let pod = Arc::make_mut(pod);
            pod.status = PodStatus::default();
            pod.status.qos_class = super::pods::qos_class(&pod.spec);
            super::pods::say_gated(pod);
        }
        Object::Namespace(namespace) => Arc::make_mut(namespace).status.phase = "Active".into(),
        Object::HorizontalPodAutoscaler(autoscaler) => {
            Arc::make_mut(autoscaler).status = HorizontalPodAutoscalerStatus::default();
        }
        Object::Other(other) if other.body.contains_key("status") => {
            Arc::make_mut(other).body.remove("status");
        }
        _ => {}
    }
}
