//! Trying one pod: the decision becomes a binding, or a condition that says why not.

use std::sync::Arc;

use opscape_manifest::api::meta::{Str, Uid};
use opscape_manifest::api::pod::PodCondition;
use opscape_manifest::api::{Object, Pod};

use super::cache::NodeInfo;
use super::cycle::{self, Nominated};
use super::decision::Decision;
use super::plugin::unavailable;
use super::preemption::Preemption;
use super::queue::Queued;
use super::{Fact, Scheduler, Wake};
use crate::api::set_condition;
use crate::{Api, Context, Event, Message, Record, Subject, words};

/// Pods with nominated nodes, as one pod sees them.
pub(super) struct Others<'a> {
    pub pod: &'a Pod,
    pub all: &'a [(Str, Arc<Pod>)],
}

impl Nominated for Others<'_> {
    fn with_nominated(&self, info: &NodeInfo) -> Option<NodeInfo> {
        if self.all.is_empty() {
            return None;
        }
        let priority = self.pod.spec.priority.unwrap_or_default();
        let mut later: Option<NodeInfo> = None;
        for (_, pod) in self.all.iter().filter(|(node, _)| *node == info.node.metadata.name) {
            let other = pod.metadata.uid != self.pod.metadata.uid;
            if other && pod.spec.priority.unwrap_or_default() >= priority {
                later.get_or_insert_with(|| info.clone()).count(pod, 1);
            }
        }
        later
    }

    fn own(&self) -> Option<&str> {
        Some(&*self.pod.status.nominated_node_name).filter(|name| !name.is_empty())
    }

    fn none(&self) -> bool {
        self.all.is_empty() && self.own().is_none()
    }
}

impl Scheduler {
    /// Tries a pod. False: no node can take it.
    pub(super) fn try_pod(
        &mut self,
        uid: Uid,
        queued: &Queued,
        api: &mut Api,
        context: &mut Context<'_>,
    ) -> bool {
        let Some(pod) = api.store().typed_by_uid::<Pod>(uid).cloned() else {
            self.queue.remove(uid);
            return true;
        };
        Arc::make_mut(&mut self.cache).sort();
        let now = context.now();
        let Some(class) = self.classes.of(&mut self.cache, api.store(), &pod) else { return true };
        let nominated = Others { pod: &pod, all: &self.nominated };
        let (start, scratch) = (&mut self.start, &mut self.scratch);
        let outcome = cycle::choose(&self.cache, class, &nominated, start, scratch);
        let mut decision = Decision::of(&self.cache, class, &outcome, scratch, now);
        let subject = Subject {
            kind: words::pod(),
            namespace: queued.namespace.clone(),
            name: queued.name.clone(),
            uid,
        };
        if let Some(node) = decision.chosen.clone() {
            let decision = Arc::new(decision);
            self.decisions.insert(uid, decision.clone());
            let fact = Fact::Scheduled { pod: Box::new(subject), node: node.clone(), decision };
            context.record_as_cause(Record::Scheduler(Box::new(fact)));
            self.queue.remove(uid);
            let chosen = outcome.chosen.and_then(|index| self.cache.nodes.get(index as usize));
            let identity = chosen.map_or_else(Uid::default, |info| info.node.metadata.uid);
            if api.bind_to_node(pod.clone(), (identity, &node), context).is_ok() {
                let message =
                    ["Successfully assigned ", &queued.namespace, "/", &queued.name, " to ", &node].concat();
                let said = Message::normal("Scheduled", &message);
                api.tell_series(&self.reporter, &Object::Pod(pod), "Binding", &said, context);
            }
            return true;
        }
        let refused_by = decision.refused.iter().fold(0, |bits, (plugin, ..)| bits | plugin.bit());
        let mut preemption = Preemption::default();
        let message = if self.cache.order.is_empty() {
            "no nodes available to schedule pods".to_owned()
        } else {
            let counts = decision.refused.iter().map(|(_, reason, count)| (reason, *count as usize));
            let mut message = unavailable(self.cache.order.len(), counts);
            preemption = self.preempt(&pod, api, context);
            if preemption.node.is_none() {
                message.push_str(" no new claims to deallocate, preemption: ");
                message.push_str(&preemption.message);
            }
            message
        };
        decision.message = message.as_str().into();
        let decision = Arc::new(decision);
        self.decisions.insert(uid, decision.clone());
        let nominated = preemption.node.clone();
        let fact =
            Fact::Unschedulable { pod: Box::new(subject.clone()), decision: decision.clone(), nominated };
        context.record_as_cause(Record::Scheduler(Box::new(fact)));
        let said = Message::warning("FailedScheduling", &message);
        api.tell_series(&self.reporter, &Object::Pod(pod.clone()), "Scheduling", &said, context);
        if let Some(at) = self.queue.refuse(uid, refused_by, now) {
            context.at(at, Event::Scheduler(Wake::Retry(uid)));
        }
        let condition = PodCondition {
            kind: words::pod_scheduled(),
            status: words::no(),
            reason: words::unschedulable(),
            message: decision.message.clone(),
            last_transition_time: Some(api.timestamp(now)),
            observed_generation: pod.metadata.generation,
        };
        let nominated = preemption
            .node
            .clone()
            .or_else(|| preemption.keep.then(|| pod.status.nominated_node_name.clone()));
        // The pod may have been deleted meanwhile; then there is nobody to tell.
        let _ = api.modify::<Pod>(&queued.namespace, &queued.name, context, |pod| {
            set_condition(&mut pod.status.conditions, condition);
            pod.status.nominated_node_name = nominated.unwrap_or_else(words::empty);
        });
        self.evict(&pod, &subject, &preemption, api, context);
        false
    }
}
