//! The cloud: groups of machines. A machine that is ordered boots, registers its node (not ready yet), and is ready a little
//! later; one that is let go ends, and its node is removed (cloud-controller-manager's node lifecycle controller).

use std::sync::Arc;
use std::time::Duration;

use opscape_manifest::api::core::Taint;
use opscape_manifest::api::meta::{Str, Timestamp};
use opscape_manifest::api::{Node, Object, ObjectKey};
use opscape_manifest::value::{Map, Value};
use opscape_sim::Time;

use super::Wake;
use super::decision::NodeVerdict;
use super::settings::{NodeGroup, Settings};
use crate::{Api, Context, DeleteOptions, Event, Message, Reporter};

/// From the end of a machine to the removal of its node (`--node-monitor-period` of the cloud-controller-manager).
const NODE_GONE_AFTER: Duration = Duration::from_secs(5);

/// A machine of a group.
#[derive(Clone)]
pub(super) struct Machine {
    /// Of the node, too.
    pub name: Str,
    /// The number in its name.
    number: u32,
    /// When it was ordered.
    pub ordered: Time,
    pub life: Life,
    /// Since when it is not needed.
    pub unneeded: Option<Time>,
    /// It was found that its pods fit nowhere else: looked at again then (`UnremovableNodeRecheckTimeout`).
    pub recheck: Option<Time>,
    /// What was found last.
    pub verdict: Option<NodeVerdict>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    /// It boots, or its node has not been ready yet.
    Starting,
    /// Its node has been ready.
    Running,
    /// Its node is marked and emptied since then.
    Leaving(Time),
    /// The cloud ends it.
    Ending,
}

/// The machines of a group.
#[derive(Clone, Default)]
pub(super) struct Machines {
    /// In the order in which they were ordered.
    pub list: Vec<Machine>,
    /// The number of the last one.
    number: u32,
    /// Whether some have names of another form.
    others: bool,
}

impl Machines {
    /// How many the group shall have (`TargetSize`).
    pub fn target(&self) -> u32 {
        self.list.iter().filter(|machine| machine.life != Life::Ending).count() as u32
    }

    /// How many of these are on their way out.
    pub fn leaving(&self) -> u32 {
        self.list.iter().filter(|machine| matches!(machine.life, Life::Leaving(_))).count() as u32
    }
}

/// The cloud.
#[derive(Clone)]
pub(super) struct Provider {
    /// By group of the settings.
    pub groups: Vec<Machines>,
    /// Addresses given away.
    addresses: u32,
    /// What all machines cost per hour, in millionths of a dollar.
    pub price: i64,
    kubelet: Reporter,
    controller: Reporter,
}

impl Provider {
    pub fn new(settings: &Settings) -> Provider {
        Provider {
            groups: vec![Machines::default(); settings.groups.len()],
            addresses: settings.other_nodes,
            price: 0,
            kubelet: Reporter::new("kubelet"),
            controller: Reporter::new("cloud-node-lifecycle-controller"),
        }
    }

    /// The group and the place of a machine.
    pub fn find(&self, name: &str) -> Option<(usize, usize)> {
        // Names end in numbers that grow.
        let number = name.rsplit('-').next().and_then(|number| number.parse::<u32>().ok());
        let is = |machine: &Machine| &*machine.name == name;
        self.groups.iter().enumerate().find_map(|(group, machines)| {
            let at = number.and_then(|number| {
                machines.list.binary_search_by_key(&number, |machine| machine.number).ok()
            });
            let at = at.filter(|at| machines.list.get(*at).is_some_and(is));
            let other = || machines.list.iter().position(is);
            at.or_else(|| if machines.others { other() } else { None }).map(|at| (group, at))
        })
    }

    pub fn machine(&mut self, name: &str) -> Option<&mut Machine> {
        let (group, at) = self.find(name)?;
        self.groups.get_mut(group)?.list.get_mut(at)
    }

    /// What a machine would be called that is ordered after this many others.
    pub fn next_name(&self, at: usize, group: &NodeGroup, offset: u32) -> Str {
        let number = self.groups.get(at).map_or(0, |machines| machines.number);
        group.node_name(number.saturating_add(offset).saturating_add(1))
    }

    /// A node of a group was there before it was ordered here.
    pub fn adopt(&mut self, group: usize, name: &Str, settings: &Settings, now: Time) {
        if let (Some(machines), Some(of)) = (self.groups.get_mut(group), settings.groups.get(group)) {
            machines.number += 1;
            machines.others |= of.node_name(machines.number) != *name;
            machines.list.push(Machine::new(name.clone(), machines.number, now, Life::Running));
            self.addresses += 1;
            self.price += price(settings, group);
        }
    }

    /// Orders a machine (`IncreaseSize`).
    pub fn order(&mut self, at: usize, group: &NodeGroup, api: &Api, context: &mut Context<'_>) {
        let Some(machines) = self.groups.get_mut(at) else { return };
        let name = loop {
            machines.number += 1;
            let name = group.node_name(machines.number);
            if api.store().get::<Node>("", &name).is_none() {
                break name;
            }
        };
        let now = context.now();
        machines.list.push(Machine::new(name.clone(), machines.number, now, Life::Starting));
        self.price += group.price_micro;
        // The kubelet registers its node when two thirds of the time are over; then the network of pods is set up.
        context.after(group.boot_time * 2 / 3, Event::ClusterAutoscaler(Wake::Register(name)));
    }

    /// The kubelet of a machine registers its node.
    pub fn register(&mut self, name: &Str, settings: &Settings, api: &mut Api, context: &mut Context<'_>) {
        let Some((group, at)) = self.find(name) else { return };
        let Some(of) = settings.groups.get(group) else { return };
        let starts = |machine: &Machine| machine.life == Life::Starting;
        if !self.groups.get(group).and_then(|machines| machines.list.get(at)).is_some_and(starts) {
            return;
        }
        let now = api.timestamp(context.now());
        let mut node = dress(&of.template, name, of.zone_of(name), self.addresses, now);
        node.spec.taints.push(Taint {
            key: "node.kubernetes.io/not-ready".into(),
            effect: "NoSchedule".into(),
            time_added: Some(now),
            ..Taint::default()
        });
        for condition in node.status.conditions.iter_mut().filter(|one| &*one.kind == "Ready") {
            condition.status = crate::words::no();
            condition.reason = "KubeletNotReady".into();
            condition.message = NOT_READY.into();
        }
        self.addresses += 1;
        // A person may have made a node of this name meanwhile: then this machine has none.
        if let Ok(node) = api.create(Object::Node(Arc::new(node)), context) {
            self.kubelet.host = name.clone();
            api.tell(&self.kubelet, &node, &Message::normal("Starting", "Starting kubelet."), context);
        }
        context.after(
            of.boot_time.saturating_sub(of.boot_time * 2 / 3),
            Event::ClusterAutoscaler(Wake::Ready(name.clone())),
        );
    }

    /// A kubelet says that its node is ready.
    pub fn ready(&mut self, name: &Str, api: &mut Api, context: &mut Context<'_>) {
        if !self.machine(name).is_some_and(|machine| machine.life == Life::Starting) {
            return;
        }
        let now = api.timestamp(context.now());
        let changed = api.modify::<Node>("", name, context, |node| {
            for condition in &mut node.status.conditions {
                condition.last_heartbeat_time = Some(now);
                if &*condition.kind == "Ready" {
                    condition.status = crate::words::yes();
                    condition.reason = "KubeletReady".into();
                    condition.message = "kubelet is posting ready status".into();
                    condition.last_transition_time = Some(now);
                }
            }
        });
        let Ok(node) = changed else { return };
        self.kubelet.host = name.clone();
        let message = format!("Node {name} status is now: NodeReady");
        api.tell(&self.kubelet, &Object::Node(node), &Message::normal("NodeReady", &message), context);
    }

    /// Lets a machine go (`DeleteNodes`).
    pub fn end(&mut self, name: &Str, context: &mut Context<'_>) {
        if let Some(machine) = self.machine(name) {
            machine.life = Life::Ending;
            machine.verdict = Some(NodeVerdict::Leaves);
            context.after(NODE_GONE_AFTER, Event::ClusterAutoscaler(Wake::Gone(name.clone())));
        }
    }

    /// A machine has ended: its node is removed.
    pub fn gone(&mut self, name: &Str, settings: &Settings, api: &mut Api, context: &mut Context<'_>) {
        self.forget(name, settings);
        let Some(node) = api.store().get::<Node>("", name).cloned() else { return };
        let message = format!("Deleting node {name} because it does not exist in the cloud provider");
        api.tell(&self.controller, &Object::Node(node), &Message::normal("DeletingNode", &message), context);
        let key =
            ObjectKey { kind: crate::words::node(), namespace: crate::words::empty(), name: name.clone() };
        // Somebody may have removed it before.
        let _ = api.delete(&key, &DeleteOptions::default(), context);
    }

    /// A machine is no more.
    pub fn forget(&mut self, name: &str, settings: &Settings) -> Option<(usize, Machine)> {
        let (group, at) = self.find(name)?;
        let machine = self.groups.get_mut(group)?.list.remove(at);
        self.price -= price(settings, group);
        Some((group, machine))
    }
}

fn price(settings: &Settings, group: usize) -> i64 {
    settings.groups.get(group).map_or(0, |group| group.price_micro)
}

impl Machine {
    fn new(name: Str, number: u32, ordered: Time, life: Life) -> Machine {
        Machine { name, number, ordered, life, unneeded: None, recheck: None, verdict: None }
    }
}

const NOT_READY: &str = "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized";

/// A node of a group: the template with a name, a zone and addresses of its own.
pub(super) fn dress(template: &Node, name: &Str, zone: Option<&Str>, number: u32, now: Timestamp) -> Node {
    let mut node = template.clone();
    node.metadata.name = name.clone();
    let labels = Arc::make_mut(&mut node.metadata.labels);
    labels.insert("kubernetes.io/hostname".into(), name.clone());
    if let Some(zone) = zone {
        labels.insert("topology.kubernetes.io/zone".into(), zone.clone());
    }
    node.status.addresses = vec![address("InternalIP", &node_address(number)), address("Hostname", name)];
    for condition in &mut node.status.conditions {
        condition.last_heartbeat_time = Some(now);
        condition.last_transition_time = Some(now);
    }
    node
}

/// The address of the n-th node of a lab, from 0.
pub fn node_address(number: u32) -> String {
    format!("10.0.{}.{}", number / 250, number % 250 + 4)
}

fn address(kind: &str, address: &str) -> Value {
    let mut map = Map::new();
    map.extend(
        [("type", kind), ("address", address)].map(|(key, value)| (key.to_owned(), Value::from(value))),
    );
    Value::Map(map)
}
