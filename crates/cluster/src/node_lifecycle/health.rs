//! Which nodes are in trouble (node_lifecycle_controller.go `monitorNodeHealth`).

use std::sync::Arc;
use std::time::Duration;

use opscape_manifest::api::core::NodeCondition;
use opscape_manifest::api::meta::Str;
use opscape_manifest::api::{Node, Object, Pod};
use opscape_sim::Time;

use super::{NodeLifecycle, PHASE, What, eviction, next_tick, record, subject_of, taints};
use crate::{Api, Context, Message, words};

/// The conditions that become Unknown when a node is silent.
const CONDITIONS: [&str; 4] = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

/// The status of a node's condition.
pub(super) fn condition<'a>(node: &'a Node, kind: &str) -> Option<&'a str> {
    node.status
        .conditions
        .iter()
        .find(|condition| &*condition.kind == kind)
        .map(|condition| &*condition.status)
}

/// Whether a node says it is ready; a node that says nothing about it is taken at its word.
pub(super) fn is_ready(node: &Node) -> bool {
    condition(node, "Ready").is_none_or(|status| status == "True")
}

/// Whether a node has to be looked at.
pub(super) fn is_troubled(node: &Node) -> bool {
    !is_ready(node) || eviction::no_execute(node).any(|taint| taints::is_of_condition(&taint.key))
}

impl NodeLifecycle {
    /// The periodic look at the nodes in trouble.
    pub(super) fn monitor(&mut self, api: &mut Api, context: &mut Context<'_>) {
        self.ticking = false;
        let cause = context.cause();
        for gone in std::mem::take(&mut self.gone) {
            let name = gone.meta().name.clone();
            let message = format!("Node {name} event: Removing Node {name} from Controller");
            self.tell_node(&gone, "RemovingNode", &message, api, context);
        }
        let suspects: Vec<Str> = self.suspects.iter().cloned().collect();
        for name in suspects {
            context.because(
                api.store().get::<Node>("", &name).and_then(|node| api.store().cause_of(node.metadata.uid)),
            );
            self.look_at(&name, api, context);
        }
        context.because(cause);
        self.disruption(api, context);
        if !self.suspects.is_empty() {
            self.tick_later(api, context);
        }
    }

    fn look_at(&mut self, name: &Str, api: &mut Api, context: &mut Context<'_>) {
        let Some(node) = api.store().get::<Node>("", name).cloned() else {
            self.suspects.remove(name);
            return;
        };
        if let Some(since) = self.silent_since(name, api, context.now()) {
            let grace = api.options().flags.node_monitor_grace_period;
            if context.now() >= since + grace && condition(&node, "Ready") != Some("Unknown") {
                let cut_off = self.away.get(name).and_then(|(_, cause)| *cause);
                let before = context.because(cut_off);
                self.silent(&node, since, grace, api, context);
                context.because(before);
                return;
            }
        }
        let tainted = eviction::no_execute(&node).any(|taint| taints::is_of_condition(&taint.key));
        if !is_ready(&node) {
            let wanted = taints::execute_key(&node);
            if eviction::no_execute(&node).any(|taint| taint.key == wanted) {
                return;
            }
            self.queue_taint(&node, context);
        } else if tainted {
            self.untaint(&node, api, context);
        } else if !self.away.contains_key(name) {
            self.suspects.remove(name);
        }
    }

    /// When the last renewal of a node's lease was noticed, if the node is away.
    fn silent_since(&self, name: &Str, api: &Api, _now: Time) -> Option<Time> {
        let (away, _) = *self.away.get(name)?;
        let flags = &api.options().flags;
        let interval = (flags.lease_renew_interval.as_micros() as u64).max(1);
        // Renewals come in the middle of each interval.
        let half = interval / 2;
        let renewed = Time((away.0.saturating_sub(half) / interval) * interval + half.min(away.0));
        let period = flags.node_monitor_period;
        Some(next_tick(renewed - Duration::from_micros(1), period).max(Time::ZERO + PHASE))
    }

    /// A node did not report for too long: nothing is known of it any more.
    fn silent(
        &mut self,
        node: &Arc<Node>,
        since: Time,
        grace: Duration,
        api: &mut Api,
        context: &mut Context<'_>,
    ) {
        let name = node.metadata.name.clone();
        record(subject_of(node), &name, What::Silent { since, grace }, context);
        let was_ready = condition(node, "Ready") == Some("True");
        let now = api.timestamp(context.now());
        let changed = api.modify::<Node>("", &name, context, |node| {
            for kind in CONDITIONS {
                let found = node.status.conditions.iter_mut().find(|condition| &*condition.kind == kind);
                match found {
                    Some(condition) if &*condition.status != "Unknown" => {
                        condition.status = words::unknown();
                        condition.reason = "NodeStatusUnknown".into();
                        condition.message = "Kubelet stopped posting node status.".into();
                        condition.last_transition_time = Some(now);
                    }
                    Some(_) => {}
                    None => node.status.conditions.push(NodeCondition {
                        kind: kind.into(),
                        status: words::unknown(),
                        last_heartbeat_time: node.metadata.creation_timestamp,
                        last_transition_time: Some(now),
                        reason: "NodeStatusNeverUpdated".into(),
                        message: "Kubelet never posted node status.".into(),
                    }),
                }
            }
        });
        let Ok(node) = changed else { return };
        if was_ready {
            let message = format!("Node {name} status is now: NodeNotReady");
            self.tell_node(&Object::Node(node.clone()), "NodeNotReady", &message, api, context);
            self.mark_pods_not_ready(&name, api, context);
        }
        self.queue_taint(&node, context);
    }

    /// `MarkPodsNotReady`: Services must not send requests there any longer.
    fn mark_pods_not_ready(&mut self, node: &Str, api: &mut Api, context: &mut Context<'_>) {
        let pods: Vec<Arc<Pod>> = api.store().pods_on(node).cloned().collect();
        let now = api.timestamp(context.now());
        for pod in pods {
            let ready = pod
                .status
                .conditions
                .iter()
                .any(|condition| condition.kind == words::ready() && condition.status == words::yes());
            if !ready {
                continue;
            }
            let meta = &pod.metadata;
            let marked = api.modify::<Pod>(&meta.namespace, &meta.name, context, |pod| {
                for condition in &mut pod.status.conditions {
                    if condition.kind == words::ready() {
                        condition.status = words::no();
                        condition.last_transition_time = Some(now);
                    }
                }
            });
            if marked.is_ok() {
                let said = Message::warning("NodeNotReady", "Node is not ready");
                api.tell(&self.reporter, &Object::Pod(pod), &said, context);
            }
        }
    }
}
