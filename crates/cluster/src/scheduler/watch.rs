//! What the scheduler makes of changes (pkg/scheduler/eventhandlers.go).

use std::sync::Arc;

use opscape_manifest::api::meta::Uid;
use opscape_manifest::api::pod::Phase;
use opscape_manifest::api::{Node, Object, Pod, Resource, Service};

use super::cache::counts;
use super::hints::News;
use super::interpod::Terms;
use super::queue::Queued;
use super::{SCHEDULER_NAME, Scheduler};
use crate::{Api, Change, Context, Op};

impl Scheduler {
    pub(super) fn watch(&mut self, change: &Change, api: &Api, context: &mut Context<'_>) {
        match &change.object {
            Object::Pod(pod) => {
                let old = change.old.as_ref().and_then(Pod::from_object);
                let new = Some(pod).filter(|_| change.op != Op::Deleted);
                self.watch_pod(old, new, api, context);
            }
            Object::Node(node) => {
                let old = change.old.as_ref().and_then(Node::from_object);
                self.watch_node(change.op, old, node, api, context);
            }
            Object::Namespace(namespace) if change.op != Op::Deleted => {
                let labels = &namespace.metadata.labels;
                if self.cache.labels_of(&namespace.metadata.name) != Some(labels) {
                    Arc::make_mut(&mut self.cache).set_namespace(namespace);
                }
            }
            Object::Service(service) => {
                let old = change.old.as_ref().and_then(Service::from_object);
                if old.map(|old| &old.spec.selector) != Some(&service.spec.selector)
                    || change.op != Op::Modified
                {
                    self.classes.services += 1;
                }
            }
            _ => {}
        }
    }

    fn watch_node(
        &mut self,
        op: Op,
        old: Option<&Arc<Node>>,
        node: &Arc<Node>,
        api: &Api,
        context: &mut Context<'_>,
    ) {
        if op == Op::Deleted {
            Arc::make_mut(&mut self.cache).remove_node(&node.metadata.name);
            self.tell_waiting(&News::NodeGone(node), api, context);
            return;
        }
        let cache = Arc::make_mut(&mut self.cache);
        if cache.set_node(node) {
            for pod in api.store().pods_on(&node.metadata.name).filter(|pod| counts(pod)) {
                cache.add_pod(pod);
            }
            self.tell_waiting(&News::NodeAdded(node), api, context);
        } else if let Some(old) = old {
            if old.spec.taints != node.spec.taints {
                self.classes.taints_changed();
            }
            self.tell_waiting(&News::NodeChanged { old, new: node }, api, context);
        }
    }

    fn watch_pod(
        &mut self,
        old: Option<&Arc<Pod>>,
        new: Option<&Arc<Pod>>,
        api: &Api,
        context: &mut Context<'_>,
    ) {
        let was = old.filter(|pod| counts(pod));
        let is = new.filter(|pod| counts(pod));
        match (was, is) {
            (Some(was), Some(is)) => {
                let labels = !Arc::ptr_eq(&was.metadata.labels, &is.metadata.labels)
                    && was.metadata.labels != is.metadata.labels;
                let deletion =
                    was.metadata.deletion_timestamp.is_some() != is.metadata.deletion_timestamp.is_some();
                let spec = !Arc::ptr_eq(&was.spec, &is.spec) && was.spec != is.spec;
                if labels || deletion || spec {
                    self.take_away(was);
                    self.place(is);
                    if labels {
                        self.tell_waiting(&News::PodRelabelled { old: was, new: is }, api, context);
                    }
                }
            }
            (None, Some(is)) => {
                self.place(is);
                self.tell_waiting(&News::PodPlaced(is), api, context);
            }
            (Some(was), None) => {
                let terms = self.take_away(was);
                self.tell_waiting(&News::PodGone(was, terms), api, context);
            }
            (None, None) => {}
        }
        self.watch_nominated(old, new);
        if let Some(pod) = new.filter(|pod| is_pending(pod)) {
            self.watch_pending(old, pod, context);
        } else {
            if let Some(old) = old.filter(|pod| is_pending(pod)) {
                self.queue.remove(old.metadata.uid);
            }
            if let (Some(old), None) = (old, new) {
                self.decisions.remove(&old.metadata.uid);
            }
        }
    }

    fn watch_pending(&mut self, old: Option<&Arc<Pod>>, pod: &Arc<Pod>, context: &mut Context<'_>) {
        let uid = pod.metadata.uid;
        let changed = old.is_some_and(|old| {
            !Arc::ptr_eq(&old.spec, &pod.spec) && old.spec != pod.spec
                || old.metadata.labels != pod.metadata.labels
        });
        if !self.queue.contains(uid) {
            let gated = !pod.spec.scheduling_gates.is_empty();
            self.queue.add(uid, queued(pod, context), gated);
        } else if changed {
            let gated = !pod.spec.scheduling_gates.is_empty();
            let was_gated = old.is_some_and(|old| !old.spec.scheduling_gates.is_empty());
            if gated || was_gated {
                self.queue.add(uid, queued(pod, context), gated);
            } else {
                self.queue.requeue(uid, context.now(), context.cause());
            }
        }
    }

    fn watch_nominated(&mut self, old: Option<&Arc<Pod>>, new: Option<&Arc<Pod>>) {
        let nominated = |pod: Option<&Arc<Pod>>| {
            let pod = pod
                .filter(|pod| pod.spec.node_name.is_empty() && !pod.status.nominated_node_name.is_empty())?;
            Some((pod.status.nominated_node_name.clone(), pod.clone()))
        };
        let (was, is) = (nominated(old), nominated(new));
        if was.is_none() && is.is_none() {
            return;
        }
        if let Some((_, pod)) = was {
            self.nominated.retain(|(_, other)| other.metadata.uid != pod.metadata.uid);
        }
        self.nominated.extend(is);
    }

    fn place(&mut self, pod: &Arc<Pod>) {
        if let Some(node) = Arc::make_mut(&mut self.cache).add_pod(pod) {
            self.classes.count(&self.cache, pod, node, 1);
        }
    }

    fn take_away(&mut self, pod: &Pod) -> Option<Terms> {
        let node = *self.cache.index.get(&pod.spec.node_name)?;
        self.classes.count(&self.cache, pod, node, -1);
        let terms = self.cache.affinity_pods.get(&pod.metadata.uid).map(|one| one.terms.clone());
        Arc::make_mut(&mut self.cache).remove_pod(pod);
        terms
    }

    /// Those who wait are asked whether this helps.
    fn tell_waiting(&mut self, news: &News<'_>, api: &Api, context: &mut Context<'_>) {
        if !self.queue.has_waiting() {
            return;
        }
        let listeners = news.listeners();
        if listeners == 0 {
            return;
        }
        let waiting: Vec<(Uid, u16)> = self.queue.waiting_for(listeners);
        for (uid, plugins) in waiting {
            let Some(pod) = api.store().typed_by_uid::<Pod>(uid) else { continue };
            let Some(class) = self.classes.of(&mut self.cache, api.store(), pod) else { continue };
            if news.helps(plugins, &self.cache, class, pod) {
                self.queue.requeue(uid, context.now(), context.cause());
            }
        }
    }
}

fn queued(pod: &Pod, context: &Context<'_>) -> Queued {
    let meta = &pod.metadata;
    let priority = pod.spec.priority.unwrap_or_default();
    Queued::new(meta.namespace.clone(), meta.name.clone(), priority, context.now(), context.cause())
}

/// Whether it is this scheduler's to find a node for.
fn is_pending(pod: &Pod) -> bool {
    pod.spec.node_name.is_empty()
        && matches!(&*pod.spec.scheduler_name, "" | SCHEDULER_NAME)
        && pod.metadata.deletion_timestamp.is_none()
        && !matches!(pod.status.phase, Phase::Succeeded | Phase::Failed)
}
