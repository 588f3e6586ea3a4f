//! Pods on nodes with NoExecute taints: those that do not tolerate them go, at once or when their toleration ends
//! (pkg/controller/tainteviction).

use std::sync::Arc;
use std::time::Duration;

use opscape_manifest::api::core::Taint;
use opscape_manifest::api::meta::{Str, Uid};
use opscape_manifest::api::pod::PodCondition;
use opscape_manifest::api::{Node, Object, ObjectKey, Pod};

use super::{NodeLifecycle, Wake, What, record};
use crate::api::set_condition;
use crate::scheduler::taints::tolerates;
use crate::{Api, Context, DeleteOptions, Event, Message, Subject, words};

/// The NoExecute taints of a node.
pub(super) fn no_execute(node: &Node) -> impl Iterator<Item = &Taint> {
    node.spec.taints.iter().filter(|taint| &*taint.effect == "NoExecute")
}

/// How long a pod stays on a node.
enum Stay {
    Forever,
    Seconds(i64),
    NotAtAll(Str),
}

fn stay(pod: &Pod, node: &Node) -> Stay {
    let mut least: Option<(i64, Str)> = None;
    for taint in no_execute(node) {
        let used = || pod.spec.tolerations.iter().filter(|toleration| tolerates(toleration, taint));
        if used().next().is_none() {
            return Stay::NotAtAll(taint.key.clone());
        }
        for seconds in used().filter_map(|toleration| toleration.toleration_seconds) {
            if seconds <= 0 {
                return Stay::NotAtAll(taint.key.clone());
            }
            if least.as_ref().is_none_or(|(least, _)| seconds < *least) {
                least = Some((seconds, taint.key.clone()));
            }
        }
    }
    match least {
        Some((seconds, _)) => Stay::Seconds(seconds),
        None => Stay::Forever,
    }
}

impl NodeLifecycle {
    /// The NoExecute taints of a node changed.
    pub(super) fn check_pods(&mut self, uid: Uid, api: &mut Api, context: &mut Context<'_>) {
        let Some(node) = api.store().typed_by_uid::<Node>(uid).cloned() else { return };
        let pods: Vec<Arc<Pod>> = api.store().pods_on(&node.metadata.name).cloned().collect();
        let cause = context.cause();
        for pod in pods {
            context.because(cause);
            self.check(&pod, &node, api, context);
        }
    }

    /// A pod came to a node with NoExecute taints.
    pub(super) fn check_pod(&mut self, uid: Uid, api: &mut Api, context: &mut Context<'_>) {
        let Some(pod) = api.store().typed_by_uid::<Pod>(uid).cloned() else { return };
        let Some(node) = api.store().get::<Node>("", &pod.spec.node_name).cloned() else { return };
        self.check(&pod, &node, api, context);
    }

    fn check(&mut self, pod: &Arc<Pod>, node: &Node, api: &mut Api, context: &mut Context<'_>) {
        let uid = pod.metadata.uid;
        if no_execute(node).next().is_none() {
            self.cancel(pod, api, context);
            return;
        }
        match stay(pod, node) {
            Stay::NotAtAll(taint) => {
                self.evictions.remove(&uid);
                self.evict(pod, taint, 0, api, context);
            }
            Stay::Forever => self.cancel(pod, api, context),
            Stay::Seconds(seconds) => {
                let now = context.now();
                let span = Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
                let mut since = now;
                if let Some((begun, ends)) = self.evictions.get(&uid).copied() {
                    // A shorter toleration counts from when the first one began.
                    since = begun;
                    if since + span >= ends {
                        return;
                    }
                    self.cancel(pod, api, context);
                }
                let ends = (since + span).max(now);
                self.evictions.insert(uid, (since, ends));
                context.at(ends, Event::NodeLifecycle(Wake::Evict(uid)));
            }
        }
    }

    fn cancel(&mut self, pod: &Arc<Pod>, api: &mut Api, context: &mut Context<'_>) {
        if self.evictions.remove(&pod.metadata.uid).is_some() {
            let meta = &pod.metadata;
            let message = format!("Cancelling deletion of Pod {}/{}", meta.namespace, meta.name);
            let said = Message::normal("TaintManagerEviction", &message);
            api.tell(&self.evictor, &Object::Pod(pod.clone()), &said, context);
        }
    }

    /// A toleration ends.
    pub(super) fn evict_due(&mut self, uid: Uid, api: &mut Api, context: &mut Context<'_>) {
        let Some((since, ends)) = self.evictions.get(&uid).copied() else { return };
        if ends > context.now() {
            return;
        }
        self.evictions.remove(&uid);
        let Some(pod) = api.store().typed_by_uid::<Pod>(uid).cloned() else { return };
        let taint = api
            .store()
            .get::<Node>("", &pod.spec.node_name)
            .and_then(|node| no_execute(node).next().map(|taint| taint.key.clone()));
        let tolerated = ends.since(since).as_secs() as i64;
        self.evict(&pod, taint.unwrap_or_else(words::empty), tolerated, api, context);
    }

    fn evict(
        &mut self,
        pod: &Arc<Pod>,
        taint: Str,
        tolerated: i64,
        api: &mut Api,
        context: &mut Context<'_>,
    ) {
        let meta = &pod.metadata;
        let subject = Subject::of(&Object::Pod(pod.clone()));
        record(subject, &pod.spec.node_name, What::Evicted { taint, tolerated }, context);
        let message = format!("Marking for deletion Pod {}/{}", meta.namespace, meta.name);
        let said = Message::normal("TaintManagerEviction", &message);
        api.tell(&self.evictor, &Object::Pod(pod.clone()), &said, context);
        let condition = PodCondition {
            kind: "DisruptionTarget".into(),
            status: words::yes(),
            reason: "DeletionByTaintManager".into(),
            message: "Taint manager: deleting due to NoExecute taint".into(),
            last_transition_time: Some(api.timestamp(context.now())),
            observed_generation: meta.generation,
        };
        // Somebody else may have deleted it meanwhile.
        let _ = api.modify::<Pod>(&meta.namespace, &meta.name, context, |pod| {
            set_condition(&mut pod.status.conditions, condition);
        });
        let key =
            ObjectKey { kind: words::pod(), namespace: meta.namespace.clone(), name: meta.name.clone() };
        let _ = api.delete(&key, &DeleteOptions::default(), context);
    }
}
