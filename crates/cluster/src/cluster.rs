//! The whole control plane.

use std::sync::Arc;

use opscape_manifest::api::meta::{Str, Timestamp, Uid};
use opscape_manifest::api::{Node, Object, Pod};
use opscape_sim::Time;

use crate::analysis::AnalysisRuns;
use crate::autoscaler::{Autoscalers, decision::Decision};
use crate::cluster_autoscaler::{ClusterAutoscaler, NodeVerdict, PodVerdict};
use crate::deployment::Deployments;
use crate::disruption::Disruptions;
use crate::endpoint_slice::{self, EndpointSlices};
use crate::garbage::Garbage;
use crate::kubelet::Kubelets;
use crate::load_balancer::LoadBalancers;
use crate::metrics::{self, PodMetrics, Usage, Used};
use crate::namespaces::Namespaces;
use crate::node_lifecycle::NodeLifecycle;
use crate::replica_set::ReplicaSets;
use crate::rollouts::Rollouts;
use crate::scheduler::Scheduler;
use crate::{Api, Component, Context, Event, Message, Options, Reporter, Status, Store, kubelet, scheduler};

/// A Kubernetes cluster. Cloning it is cheap and makes a second future of the same past.
#[derive(Clone)]
pub struct Cluster {
    pub(crate) api: Api,
    parts: Parts,
}

#[derive(Clone)]
pub(crate) struct Parts {
    deployments: Deployments,
    rollouts: Rollouts,
    analysis_runs: AnalysisRuns,
    replica_sets: ReplicaSets,
    endpoint_slices: EndpointSlices,
    load_balancers: LoadBalancers,
    disruptions: Disruptions,
    autoscalers: Autoscalers,
    garbage: Garbage,
    namespaces: Namespaces,
    scheduler: Scheduler,
    kubelets: Kubelets,
    node_lifecycle: NodeLifecycle,
    cluster_autoscaler: ClusterAutoscaler,
}

impl Cluster {
    /// A cluster with nothing in it; call [`Cluster::start`] first of all.
    pub fn new(options: Options) -> Self {
        let parts = Parts {
            deployments: Deployments::new(&options),
            rollouts: Rollouts::new(&options),
            analysis_runs: AnalysisRuns::new(&options),
            replica_sets: ReplicaSets::new(&options),
            endpoint_slices: EndpointSlices::new(&options),
            load_balancers: LoadBalancers::new(&options),
            disruptions: Disruptions::new(&options),
            autoscalers: Autoscalers::new(&options),
            garbage: Garbage::new(&options),
            namespaces: Namespaces::new(&options),
            scheduler: Scheduler::new(&options),
            kubelets: Kubelets::new(&options),
            node_lifecycle: NodeLifecycle::new(&options),
            cluster_autoscaler: ClusterAutoscaler::new(&options),
        };
        Cluster { api: Api::new(Arc::new(options)), parts }
    }

    /// Makes what is in every cluster from the beginning and starts the components.
    pub fn start(&mut self, context: &mut Context<'_>) {
        self.act(context, |api, parts, context| {
            api.bootstrap(context);
            parts.scheduler.on_start(api, context);
            parts.kubelets.on_start(api, context);
            parts.node_lifecycle.on_start(api, context);
            parts.cluster_autoscaler.on_start(context);
        });
    }

    /// Something that was scheduled is due.
    pub fn handle(&mut self, event: Event, context: &mut Context<'_>) {
        let usage = self.options().usage.clone();
        self.handle_with(event, &*usage, context);
    }

    /// As [`Cluster::handle`], where what containers use changes as the owner's world goes on.
    pub fn handle_with(&mut self, event: Event, usage: &dyn Usage, context: &mut Context<'_>) {
        self.act(context, |api, parts, context| match event {
            Event::Deployment(uid) => parts.deployments.handle(uid, api, context),
            Event::Rollout(uid) => parts.rollouts.handle(uid, api, context),
            Event::AnalysisRun(uid) => parts.analysis_runs.handle(uid, usage, api, context),
            Event::ReplicaSet(uid) => parts.replica_sets.handle(uid, api, context),
            Event::EndpointSlice(uid) => parts.endpoint_slices.handle(uid, api, context),
            Event::LoadBalancer(uid) => parts.load_balancers.handle(uid, api, context),
            Event::Disruption(uid) => parts.disruptions.handle(uid, api, context),
            Event::Autoscaler(uid) => parts.autoscalers.handle(uid, usage, api, context),
            Event::Garbage(uid) => parts.garbage.handle(uid, api, context),
            Event::Namespace(uid) => parts.namespaces.handle(uid, api, context),
            Event::Scheduler(wake) => parts.scheduler.handle(wake, api, context),
            Event::Kubelet(wake) => parts.kubelets.handle(wake, api, context),
            Event::NodeLifecycle(wake) => parts.node_lifecycle.handle(wake, api, context),
            Event::ClusterAutoscaler(wake) => {
                let Parts { cluster_autoscaler, scheduler, kubelets, .. } = parts;
                cluster_autoscaler.handle(wake, (scheduler, kubelets), api, context);
            }
            Event::ExpireEvents => api.expire_events(context),
        });
    }

    /// From now on images behave as these say: what runs is asked anew how well it is.
    pub fn set_images(&mut self, context: &mut Context<'_>, images: Arc<dyn crate::Images>) {
        self.act(context, |api, parts, context| {
            api.set_images(images);
            parts.kubelets.images_changed(api, context);
        });
    }

    /// The process of a pod's first container ends by itself, and so does each that takes its place.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn end_process(
        &mut self,
        context: &mut Context<'_>,
        namespace: &str,
        name: &str,
        code: i32,
    ) -> Result<Object, Status> {
        self.act(context, |api, parts, context| {
            let pod = api.pod(namespace, name)?;
            parts.kubelets.end_process(pod.metadata.uid, code, context);
            Ok(Object::Pod(pod))
        })
    }

    /// A node goes away: its kubelet stops to report, and its pods stop where they are.
    pub fn stop_node(&mut self, context: &mut Context<'_>, node: &str) {
        self.set_away(context, node, true);
    }

    /// A node that was stopped comes back.
    pub fn start_node(&mut self, context: &mut Context<'_>, node: &str) {
        self.set_away(context, node, false);
    }

    /// Whether a node was stopped and is not back.
    pub fn is_node_stopped(&self, node: &str) -> bool {
        self.parts.kubelets.is_away(node)
    }

    fn set_away(&mut self, context: &mut Context<'_>, node: &str, away: bool) {
        self.act(context, |api, parts, context| {
            let Some(name) = api.store().get::<Node>("", node).map(|node| node.metadata.name.clone()) else {
                return;
            };
            parts.kubelets.set_away(&name, away, api, context);
            parts.node_lifecycle.set_away(&name, away, api, context);
        });
    }

    /// When the kubelet of a pod goes on with it: the end of a pull, of a start, of a back-off, of its containers. None:
    /// it runs, or no kubelet has it.
    pub fn gets_on_at(&self, pod: Uid) -> Option<Time> {
        self.parts.kubelets.gets_on_at(pod)
    }

    /// The process of a pod's container; none: it does not run.
    pub fn process(&self, pod: Uid, container: &str) -> Option<kubelet::Process> {
        self.parts.kubelets.process(pod, container, self.api.store())
    }

    /// The scheduler's latest decision about a pod that exists: every node's verdict, or the best ones and counts.
    pub fn decision(&self, pod: Uid) -> Option<&Arc<scheduler::Decision>> {
        self.parts.scheduler.decision(pod)
    }

    /// The `v1` Endpoints of all Services that have a selector: made from their EndpointSlices, and not stored.
    pub fn endpoints(&self, namespace: Option<&str>) -> Vec<Object> {
        endpoint_slice::endpoints(self.store(), namespace)
    }

    /// The `v1` Endpoints of one Service that has a selector.
    pub fn endpoints_of(&self, namespace: &str, name: &str) -> Option<Object> {
        endpoint_slice::endpoints_of(self.store(), namespace, name)
    }

    /// What an autoscaler decided when it looked last, with the numbers.
    pub fn autoscaler_decision(&self, autoscaler: Uid) -> Option<&Arc<Decision>> {
        self.parts.autoscalers.decision(autoscaler)
    }

    /// What the cluster autoscaler found last about a pod that has no node; none: it did not look at it.
    pub fn pod_verdict(&self, pod: Uid) -> Option<&PodVerdict> {
        self.parts.cluster_autoscaler.pod_verdict(pod)
    }

    /// What the cluster autoscaler found last about a node of a group; none: it is in none, or was not looked at.
    pub fn node_verdict(&self, node: &str) -> Option<&NodeVerdict> {
        self.parts.cluster_autoscaler.node_verdict(node)
    }

    /// The machines that the cloud has in node groups, with nodes or not yet: group, and name.
    pub fn machines(&self) -> impl Iterator<Item = (usize, &Str)> {
        self.parts.cluster_autoscaler.machines()
    }

    /// What the cloud's machines in node groups cost per hour, in millionths of a dollar.
    pub fn cloud_price(&self) -> i64 {
        self.parts.cluster_autoscaler.price()
    }

    /// What metrics.k8s.io says of a pod at an instant; none: it has no metrics (yet).
    pub fn pod_metrics(&self, pod: &Pod, usage: &dyn Usage, now: Time) -> Option<PodMetrics> {
        metrics::of_pod(pod, usage, now, &self.api)
    }

    /// What metrics.k8s.io says of a node at an instant; none: it has no metrics (yet).
    pub fn node_metrics(&self, node: &Node, usage: &dyn Usage, now: Time) -> Option<Used> {
        metrics::of_node(node, usage, now, &self.api)
    }

    /// All objects.
    pub fn store(&self) -> &Store {
        self.api.store()
    }

    /// What it was made with.
    pub fn options(&self) -> &Options {
        self.api.options()
    }

    /// An instant as the API's objects give it.
    pub fn timestamp(&self, now: Time) -> Timestamp {
        self.api.timestamp(now)
    }

    /// Writes the status of an object for a controller that is no component of the cluster; what is as it was is not written.
    /// An object that has gone meanwhile needs none.
    pub fn publish(&mut self, context: &mut Context<'_>, object: &Object) {
        self.act(context, |api, _, context| api.publish(object, context));
    }

    /// Tells people something for a controller that is no component of the cluster, as an Event.
    pub fn tell(
        &mut self,
        context: &mut Context<'_>,
        reporter: &Reporter,
        regarding: &Object,
        said: &Message<'_>,
    ) {
        self.act(context, |api, _, context| api.tell(reporter, regarding, said, context));
    }

    /// Does something, then tells every component what was written.
    pub(crate) fn act<R>(
        &mut self,
        context: &mut Context<'_>,
        work: impl FnOnce(&mut Api, &mut Parts, &mut Context<'_>) -> R,
    ) -> R {
        let result = work(&mut self.api, &mut self.parts, context);
        for change in self.api.take_changes() {
            let before = context.because(change.cause);
            self.parts.deployments.on_change(&change, &self.api, context);
            self.parts.rollouts.on_change(&change, &self.api, context);
            self.parts.analysis_runs.on_change(&change, context);
            self.parts.replica_sets.on_change(&change, &self.api, context);
            self.parts.endpoint_slices.on_change(&change, &self.api, context);
            self.parts.load_balancers.on_change(&change, &self.api, context);
            self.parts.disruptions.on_change(&change, context);
            self.parts.autoscalers.on_change(&change, context);
            self.parts.garbage.on_change(&change, &self.api, context);
            self.parts.namespaces.on_change(&change, &self.api, context);
            self.parts.scheduler.on_change(&change, &self.api, context);
            self.parts.kubelets.on_change(&change, &self.api, context);
            self.parts.node_lifecycle.on_change(&change, &self.api, context);
            self.parts.cluster_autoscaler.on_change(&change, context);
            context.because(before);
        }
        result
    }
}
