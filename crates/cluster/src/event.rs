//! What is scheduled in virtual time: wake-ups of components.

use opscape_manifest::api::meta::Uid;

use crate::{cluster_autoscaler, kubelet, node_lifecycle, scheduler};

/// A wake-up of a component. Those with an id come from its [`crate::WorkQueue`].
#[derive(Debug, Clone)]
pub enum Event {
    /// The Deployment controller looks at a Deployment.
    Deployment(Uid),
    /// The controller of Argo Rollouts looks at a Rollout.
    Rollout(Uid),
    /// The controller of Argo Rollouts looks at an AnalysisRun.
    AnalysisRun(Uid),
    /// The ReplicaSet controller looks at a ReplicaSet.
    ReplicaSet(Uid),
    /// The EndpointSlice controller looks at a Service.
    EndpointSlice(Uid),
    /// The service controller looks at a Service, for its load balancer.
    LoadBalancer(Uid),
    /// The disruption controller looks at a PodDisruptionBudget.
    Disruption(Uid),
    /// The horizontal pod autoscaler looks at an autoscaler.
    Autoscaler(Uid),
    /// The garbage collector looks at an object.
    Garbage(Uid),
    /// The namespace controller looks at a namespace.
    Namespace(Uid),
    /// Old Events are dropped.
    ExpireEvents,
    /// The scheduler's own.
    Scheduler(scheduler::Wake),
    /// A kubelet's own.
    Kubelet(kubelet::Wake),
    /// The node lifecycle controller's own.
    NodeLifecycle(node_lifecycle::Wake),
    /// The cluster autoscaler's own, and the cloud's.
    ClusterAutoscaler(cluster_autoscaler::Wake),
}
