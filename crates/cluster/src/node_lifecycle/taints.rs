//! Taints that follow from the conditions of nodes: NoSchedule at once, NoExecute by zone and at a limited rate.

use std::sync::Arc;
use std::time::Duration;

use opscape_manifest::api::core::Taint;
use opscape_manifest::api::meta::{Str, Timestamp};
use opscape_manifest::api::{Node, Object};
use opscape_sim::Time;

use super::health::{condition, is_ready};
use super::{NodeLifecycle, Wake, What, eviction, record, subject_of};
use crate::scheduler::taints::UNSCHEDULABLE;
use crate::{Api, Context, Event};

const NOT_READY: &str = "node.kubernetes.io/not-ready";
const UNREACHABLE: &str = "node.kubernetes.io/unreachable";

/// Condition, the status that is bad, and the taint for it (`nodeConditionToTaintKeyStatusMap`).
const BY_CONDITION: [(&str, &str, &str); 6] = [
    ("Ready", "False", NOT_READY),
    ("Ready", "Unknown", UNREACHABLE),
    ("MemoryPressure", "True", "node.kubernetes.io/memory-pressure"),
    ("DiskPressure", "True", "node.kubernetes.io/disk-pressure"),
    ("PIDPressure", "True", "node.kubernetes.io/pid-pressure"),
    ("NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"),
];

/// The loop that taints looks this often (`nodeEvictionPeriod`).
const LOOK: Duration = Duration::from_millis(100);
/// A zone is partly down when more than two nodes and this share of them are not ready, in hundredths.
const UNHEALTHY_SHARE: u32 = 55;
/// Zones with more nodes go on tainting slowly while they are partly down, smaller ones stop.
const LARGE_ZONE: u32 = 50;

/// The nodes of a zone, and the rate of NoExecute taints there.
#[derive(Clone, Default)]
pub(super) struct Zone {
    pub nodes: u32,
    queue: Vec<Str>,
    /// When the next taint may be set.
    next_at: Time,
    waiting: bool,
    rate: Rate,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Rate {
    /// `--node-eviction-rate`
    #[default]
    Normal,
    /// `--secondary-node-eviction-rate`, a tenth of the normal one.
    Slow,
    /// None.
    Never,
}

impl Zone {
    /// A node is gone.
    pub fn leave(&mut self, node: &str) {
        self.nodes = self.nodes.saturating_sub(1);
        self.queue.retain(|one| &**one != node);
    }
}

/// What tells the zone of a node (`GetZoneKey`).
pub(super) fn zone_of(node: &Node) -> Str {
    let label = |key: &str| node.metadata.label(key).unwrap_or_default();
    let (region, zone) = (label("topology.kubernetes.io/region"), label("topology.kubernetes.io/zone"));
    [region, "/", zone].concat().into()
}

/// Whether a taint key is one for Ready.
pub(super) fn is_of_condition(key: &str) -> bool {
    matches!(key, NOT_READY | UNREACHABLE)
}

/// The key of the NoExecute taint that a node in trouble gets.
pub(super) fn execute_key(node: &Node) -> Str {
    if condition(node, "Ready") == Some("False") { NOT_READY.into() } else { UNREACHABLE.into() }
}

/// The NoSchedule taints that a node should have because of its conditions.
pub(super) fn wanted(node: &Node) -> Vec<&'static str> {
    let bad = BY_CONDITION.iter().filter(|(kind, bad, _)| condition(node, kind) == Some(*bad));
    let mut keys: Vec<&str> = bad.map(|(.., key)| *key).collect();
    if node.spec.unschedulable {
        keys.push(UNSCHEDULABLE);
    }
    keys
}

/// The NoSchedule taints for conditions that it has.
pub(super) fn present(node: &Node) -> Vec<&'static str> {
    let known = BY_CONDITION.iter().map(|(.., key)| *key).chain([UNSCHEDULABLE]);
    let has =
        |key: &str| node.spec.taints.iter().any(|taint| &*taint.key == key && &*taint.effect == "NoSchedule");
    known.filter(|key| has(key)).collect()
}

fn taint(key: &str, effect: &str, now: Timestamp) -> Taint {
    Taint { key: key.into(), effect: effect.into(), time_added: Some(now), ..Taint::default() }
}

/// `doNoScheduleTaintingPass`
pub(super) fn taint_by_conditions(node: &Arc<Node>, api: &mut Api, context: &mut Context<'_>) {
    let (wanted, present) = (wanted(node), present(node));
    if wanted == present {
        return;
    }
    let name = node.metadata.name.clone();
    let effect: Str = "NoSchedule".into();
    for key in wanted.iter().filter(|key| !present.contains(key)) {
        let what = What::Tainted { key: (*key).into(), effect: effect.clone() };
        record(subject_of(node), &name, what, context);
    }
    for key in present.iter().filter(|key| !wanted.contains(key)) {
        let what = What::Untainted { key: (*key).into(), effect: effect.clone() };
        record(subject_of(node), &name, what, context);
    }
    let now = api.timestamp(context.now());
    // A node that is gone has no taints to set.
    let _ = api.modify::<Node>("", &name, context, |node| {
        node.spec.taints.retain(|taint| {
            &*taint.effect != "NoSchedule" || !present.contains(&&*taint.key) || wanted.contains(&&*taint.key)
        });
        for key in wanted.iter().filter(|key| !present.contains(key)) {
            node.spec.taints.push(taint(key, "NoSchedule", now));
        }
    });
}

impl NodeLifecycle {
    /// A node in trouble waits for its NoExecute taint.
    pub(super) fn queue_taint(&mut self, node: &Node, context: &mut Context<'_>) {
        let key = zone_of(node);
        let zone = self.zones.entry(key.clone()).or_default();
        if !zone.queue.contains(&node.metadata.name) {
            zone.queue.push(node.metadata.name.clone());
        }
        if !zone.waiting && zone.rate != Rate::Never {
            zone.waiting = true;
            let at = (context.now() + LOOK).max(zone.next_at);
            context.at(at, Event::NodeLifecycle(Wake::Taint(key)));
        }
    }

    /// The next node of a zone gets its NoExecute taint (`doNoExecuteTaintingPass`).
    pub(super) fn taint_next(&mut self, key: &Str, api: &mut Api, context: &mut Context<'_>) {
        let rate = api.options().flags.node_eviction_rate_milli.max(1);
        let Some(zone) = self.zones.get_mut(key) else { return };
        zone.waiting = false;
        if zone.rate == Rate::Never || zone.queue.is_empty() {
            return;
        }
        let name = zone.queue.remove(0);
        let per_node = Duration::from_millis(1_000_000 / u64::from(rate));
        zone.next_at = context.now() + if zone.rate == Rate::Slow { per_node * 10 } else { per_node };
        if !zone.queue.is_empty() {
            zone.waiting = true;
            context.at(zone.next_at, Event::NodeLifecycle(Wake::Taint(key.clone())));
        }
        let Some(node) = api.store().get::<Node>("", &name).cloned().filter(|node| !is_ready(node)) else {
            return;
        };
        let wanted = execute_key(&node);
        let what = What::Tainted { key: wanted.clone(), effect: "NoExecute".into() };
        record(subject_of(&node), &name, what, context);
        let now = api.timestamp(context.now());
        let _ = api.modify::<Node>("", &name, context, |node| {
            node.spec.taints.retain(|taint| &*taint.effect != "NoExecute" || !is_of_condition(&taint.key));
            node.spec.taints.push(taint(&wanted, "NoExecute", now));
        });
    }

    /// A node is well again (`markNodeAsReachable`).
    pub(super) fn untaint(&mut self, node: &Arc<Node>, api: &mut Api, context: &mut Context<'_>) {
        let name = node.metadata.name.clone();
        if let Some(zone) = self.zones.get_mut(&zone_of(node)) {
            zone.queue.retain(|one| *one != name);
        }
        let keys: Vec<Str> = eviction::no_execute(node)
            .filter(|taint| is_of_condition(&taint.key))
            .map(|taint| taint.key.clone())
            .collect();
        if keys.is_empty() {
            return;
        }
        for key in keys {
            let what = What::Untainted { key, effect: "NoExecute".into() };
            record(subject_of(node), &name, what, context);
        }
        let _ = api.modify::<Node>("", &name, context, |node| {
            node.spec.taints.retain(|taint| &*taint.effect != "NoExecute" || !is_of_condition(&taint.key));
        });
    }

    /// How fast each zone taints depends on how much of it is down (`handleDisruption`).
    pub(super) fn disruption(&mut self, api: &mut Api, context: &mut Context<'_>) {
        let mut down: std::collections::BTreeMap<Str, u32> = std::collections::BTreeMap::new();
        let suspects: Vec<Arc<Node>> =
            self.suspects.iter().filter_map(|name| api.store().get::<Node>("", name)).cloned().collect();
        for node in suspects.iter().filter(|node| !is_ready(node)) {
            *down.entry(zone_of(node)).or_default() += 1;
        }
        let in_use = self.zones.iter().filter(|(_, zone)| zone.nodes > 0);
        let all_down = !down.is_empty()
            && in_use.clone().all(|(key, zone)| down.get(key).is_some_and(|down| *down >= zone.nodes));
        if all_down && !self.disrupted {
            // Not a single node is well: more likely the control plane is cut off than that all nodes are down.
            for node in &suspects {
                self.untaint(node, api, context);
            }
        }
        self.disrupted = all_down;
        let mut awake = Vec::new();
        for (key, zone) in &mut self.zones {
            let bad = down.get(key).copied().unwrap_or_default();
            zone.rate = if all_down {
                Rate::Never
            } else if bad < zone.nodes && bad > 2 && bad * 100 >= zone.nodes * UNHEALTHY_SHARE {
                if zone.nodes > LARGE_ZONE { Rate::Slow } else { Rate::Never }
            } else {
                Rate::Normal
            };
            if zone.rate != Rate::Never && !zone.waiting && !zone.queue.is_empty() {
                zone.waiting = true;
                awake.push((zone.next_at.max(context.now() + LOOK), key.clone()));
            }
        }
        for (at, key) in awake {
            context.at(at, Event::NodeLifecycle(Wake::Taint(key)));
        }
    }

    /// A node that just came is told about.
    pub(super) fn register(&mut self, node: &Arc<Node>, api: &mut Api, context: &mut Context<'_>) {
        let name = &node.metadata.name;
        let message = format!("Node {name} event: Registered Node {name} in Controller");
        self.tell_node(&Object::Node(node.clone()), "RegisteredNode", &message, api, context);
    }
}
