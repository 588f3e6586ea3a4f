//! What a cluster is made with: seed, clock, images, delays, flags.

use std::sync::Arc;
use std::time::Duration;

use opscape_manifest::api::meta::MicroTime;

use crate::images::Images;
use crate::metrics::Usage;
use crate::webhooks::Webhooks;

/// What a cluster is made with. Nothing of it changes while the cluster runs, but what its images find around them
/// ([`crate::Cluster::set_images`]).
#[derive(Clone)]
pub struct Options {
    /// Of all random streams: generated names, choices among equals.
    pub seed: u64,
    /// The UTC instant at which virtual time begins.
    pub epoch: MicroTime,
    /// How images behave when run.
    pub images: Arc<dyn Images>,
    /// What containers use, unless [`crate::Cluster::handle_with`] is told otherwise.
    pub usage: Arc<dyn Usage>,
    /// Who else is asked about what is written.
    pub webhooks: Arc<dyn Webhooks>,
    /// How long the components take.
    pub latency: Latency,
    /// Command-line flags of the real components.
    pub flags: Flags,
}

/// Delays between a change and what a component does about it: watch, work queue and API calls in one. Zero is allowed
/// everywhere; more makes the interleavings of components look as they do in a real cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Latency {
    /// The Deployment controller.
    pub deployment: Duration,
    /// The controller of Argo Rollouts.
    pub rollout: Duration,
    /// The ReplicaSet controller.
    pub replica_set: Duration,
    /// The EndpointSlice controller.
    pub endpoint_slice: Duration,
    /// The service controller, which has load balancers made.
    pub service: Duration,
    /// The disruption controller.
    pub disruption: Duration,
    /// The horizontal pod autoscaler, for one look at an autoscaler.
    pub autoscaler: Duration,
    /// The garbage collector.
    pub garbage_collector: Duration,
    /// The namespace controller.
    pub namespace: Duration,
    /// The scheduler, from a pod that can be scheduled to its binding.
    pub scheduler: Duration,
    /// A kubelet, from a change of its pod to what it does about it.
    pub kubelet: Duration,
    /// The node lifecycle controller and the taint eviction controller.
    pub node_lifecycle: Duration,
}

impl Default for Latency {
    fn default() -> Self {
        Latency {
            deployment: Duration::from_millis(4),
            rollout: Duration::from_millis(6),
            replica_set: Duration::from_millis(5),
            endpoint_slice: Duration::from_millis(4),
            service: Duration::from_millis(8),
            disruption: Duration::from_millis(7),
            autoscaler: Duration::from_millis(9),
            garbage_collector: Duration::from_millis(6),
            namespace: Duration::from_millis(6),
            scheduler: Duration::from_millis(3),
            kubelet: Duration::from_millis(5),
            node_lifecycle: Duration::from_millis(5),
        }
    }
}

impl Latency {
    /// No delay anywhere.
    pub const ZERO: Latency = Latency {
        deployment: Duration::ZERO,
        rollout: Duration::ZERO,
        replica_set: Duration::ZERO,
        endpoint_slice: Duration::ZERO,
        service: Duration::ZERO,
        disruption: Duration::ZERO,
        autoscaler: Duration::ZERO,
        garbage_collector: Duration::ZERO,
        namespace: Duration::ZERO,
        scheduler: Duration::ZERO,
        kubelet: Duration::ZERO,
        node_lifecycle: Duration::ZERO,
    };
}

/// Flags of kube-apiserver, kube-controller-manager and kubelet that change what happens. The defaults are those of v1.36.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flags {
    /// `--default-not-ready-toleration-seconds`, 300.
    pub not_ready_toleration: i64,
    /// `--default-unreachable-toleration-seconds`, 300.
    pub unreachable_toleration: i64,
    /// `--node-monitor-period`, 5 s.
    pub node_monitor_period: Duration,
    /// `--node-monitor-grace-period`, 50 s.
    pub node_monitor_grace_period: Duration,
    /// How often a kubelet renews its node's lease, 10 s.
    pub lease_renew_interval: Duration,
    /// `--node-eviction-rate`, nodes per second, 0.1.
    pub node_eviction_rate_milli: u32,
    /// `--service-cluster-ip-range`: network address and prefix length, 10.96.0.0/16.
    pub service_range: ([u8; 4], u8),
    /// `--event-ttl`: how long Events are kept, 1 h.
    pub event_ttl: Duration,
    /// Events kept at most; then the oldest go. The real API server has no such limit: this keeps a cluster of 150,000 pods
    /// within a browser's memory.
    pub events_kept: usize,
    /// Replicas a ReplicaSet may create or delete in one sync (`BurstReplicas`), 500.
    pub burst_replicas: i32,
    /// `--horizontal-pod-autoscaler-sync-period`, 15 s.
    pub autoscaler_sync_period: Duration,
    /// `--metric-resolution` of metrics-server, 15 s.
    pub metric_resolution: Duration,
    /// How the kubelets act.
    pub kubelet: crate::kubelet::Style,
    /// What load balancers get their addresses of; none: nobody makes any.
    pub load_balancers: Option<Arc<crate::load_balancer::Pool>>,
    /// Those of the cluster autoscaler, with the cloud's node groups.
    pub cluster_autoscaler: Arc<crate::cluster_autoscaler::Settings>,
}

impl Default for Flags {
    fn default() -> Self {
        Flags {
            not_ready_toleration: 300,
            unreachable_toleration: 300,
            node_monitor_period: Duration::from_secs(5),
            node_monitor_grace_period: Duration::from_secs(50),
            lease_renew_interval: Duration::from_secs(10),
            node_eviction_rate_milli: 100,
            service_range: ([10, 96, 0, 0], 16),
            event_ttl: Duration::from_hours(1),
            events_kept: 20_000,
            burst_replicas: 500,
            autoscaler_sync_period: Duration::from_secs(15),
            metric_resolution: Duration::from_secs(15),
            kubelet: crate::kubelet::Style::default(),
            load_balancers: None,
            cluster_autoscaler: Arc::default(),
        }
    }
}
