//! What the scheduler knows of the nodes: kept up to date with every change, so that a decision reads and never counts.

use std::collections::BTreeMap;
use std::sync::Arc;

use opscape_manifest::api::meta::{Str, StrMap, Uid};
use opscape_manifest::api::pod::Phase;
use opscape_manifest::api::{Namespace, Node, Pod};
use opscape_sim::IdMap;

use super::interpod::Terms;
use super::kinds::Changes;
use super::resources::{Amounts, HostPort, Request, allocatable, host_ports};

/// The label of a node that names it.
pub(super) const HOSTNAME: &str = "kubernetes.io/hostname";
/// The label of a node that names its zone.
pub(super) const ZONE: &str = "topology.kubernetes.io/zone";
const REGION: &str = "topology.kubernetes.io/region";

/// A node and what the pods on it use (`framework.NodeInfo`).
#[derive(Clone)]
pub(super) struct NodeInfo {
    pub node: Arc<Node>,
    /// Whether it exists; a place in the table outlives its node.
    pub present: bool,
    /// Grows when labels, taints or `unschedulable` change.
    pub epoch: u32,
    pub allocatable: Amounts,
    pub allowed_pods: i64,
    pub other_allocatable: Vec<(Str, i64)>,
    pub requested: Amounts,
    pub non_zero: Amounts,
    pub other_requested: Vec<(Str, i64)>,
    pub pods: i64,
    pub ports: Vec<HostPort>,
}

impl NodeInfo {
    pub fn new(node: &Arc<Node>, epoch: u32) -> NodeInfo {
        let (allocatable, allowed_pods, other_allocatable) = allocatable(&node.status.allocatable);
        NodeInfo {
            node: node.clone(),
            present: true,
            epoch,
            allocatable,
            allowed_pods,
            other_allocatable,
            requested: Amounts::default(),
            non_zero: Amounts::default(),
            other_requested: Vec::new(),
            pods: 0,
            ports: Vec::new(),
        }
    }

    /// Adds what a pod uses (`sign` 1) or takes it away (`sign` -1).
    pub fn count(&mut self, pod: &Pod, sign: i64) {
        let request = Request::of(&pod.spec);
        for (sum, amount) in [(&mut self.requested, &request.plain), (&mut self.non_zero, &request.non_zero)]
        {
            sum.cpu = sum.cpu.saturating_add(sign * amount.cpu);
            sum.memory = sum.memory.saturating_add(sign * amount.memory);
            sum.storage = sum.storage.saturating_add(sign * amount.storage);
        }
        for (name, amount) in &request.others {
            match self.other_requested.iter_mut().find(|(known, _)| known == name) {
                Some((_, sum)) => *sum = sum.saturating_add(sign * amount),
                None => self.other_requested.push((name.clone(), sign * amount)),
            }
        }
        self.pods += sign;
        for port in host_ports(pod) {
            if sign > 0 {
                self.ports.push(port);
            } else if let Some(at) = self.ports.iter().position(|taken| *taken == port) {
                self.ports.swap_remove(at);
            }
        }
    }
}

/// The values of one node label: what counts as the same place.
#[derive(Clone)]
pub(super) struct Topology {
    pub key: Str,
    /// By node: the number of its value, or [`NOWHERE`].
    pub place: Vec<u32>,
    values: BTreeMap<Str, usize>,
}

/// A node without the label.
pub(super) const NOWHERE: u32 = u32::MAX;

impl Topology {
    /// How many values there are, or were.
    pub fn places(&self) -> usize {
        self.values.len()
    }

    fn set(&mut self, index: usize, node: &Node, present: bool) {
        let value = node.metadata.labels.get(&self.key).filter(|_| present);
        let place = match value {
            None => NOWHERE,
            Some(value) => {
                if let Some(place) = self.values.get(value) {
                    *place as u32
                } else {
                    let place = self.values.len();
                    self.values.insert(value.clone(), place);
                    place as u32
                }
            }
        };
        if self.place.len() <= index {
            self.place.resize(index + 1, NOWHERE);
        }
        if let Some(slot) = self.place.get_mut(index) {
            *slot = place;
        }
    }
}

/// A bound pod that has terms of affinity to other pods.
pub(super) struct AffinityPod {
    pub node: usize,
    pub terms: Terms,
}

/// All nodes, and what is on them.
#[derive(Clone, Default)]
pub(super) struct Cache {
    pub nodes: Vec<NodeInfo>,
    /// By node: another number after each change of what a decision reads of it. Apart from the nodes, because each
    /// decision reads hundreds of them.
    marks: Vec<u64>,
    next_mark: u64,
    /// The nodes whose marks changed last.
    pub changes: Changes,
    pub index: BTreeMap<Str, usize>,
    /// In the order in which they are tried: zone by zone in turn (`nodeTree`).
    pub order: Vec<u32>,
    /// By node: its place in that order.
    places: Vec<u32>,
    /// How often they were put into order.
    pub sorted: u64,
    pub topologies: Vec<Topology>,
    /// Grows when what is counted by place has to be counted again.
    pub epoch: u64,
    pub affinity_pods: IdMap<Uid, Arc<AffinityPod>>,
    /// How many placed pods have a priority.
    priorities: Vec<(i32, u32)>,
    /// Labels of the namespaces.
    pub namespaces: Vec<(Str, StrMap)>,
    /// How many nodes have an image.
    pub images: Vec<Image>,
    unordered: bool,
    next_epoch: u32,
}

/// An image on nodes.
#[derive(Clone)]
pub(super) struct Image {
    pub name: Str,
    pub size: i64,
    /// By node: whether it has the image.
    pub on: Vec<bool>,
    /// How many nodes have it.
    pub count: usize,
}

impl Image {
    fn set(&mut self, node: usize, there: bool) {
        if self.on.len() <= node {
            self.on.resize(node + 1, false);
        }
        if let Some(on) = self.on.get_mut(node)
            && std::mem::replace(on, there) != there
        {
            self.count = if there { self.count + 1 } else { self.count - 1 };
        }
    }
}

/// Whether a pod takes part in what the scheduler counts: bound and not at its end.
pub(super) fn counts(pod: &Pod) -> bool {
    !pod.spec.node_name.is_empty() && !matches!(pod.status.phase, Phase::Succeeded | Phase::Failed)
}

impl Cache {
    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Another number after each change of a node, of its labels, taints, size or pods.
    pub fn mark(&self, index: usize) -> u64 {
        self.marks.get(index).copied().unwrap_or_default()
    }

    fn changed(&mut self, index: usize) {
        self.next_mark += 1;
        if self.marks.len() <= index {
            self.marks.resize(index + 1, 0);
        }
        if let Some(mark) = self.marks.get_mut(index) {
            *mark = self.next_mark;
        }
        self.changes.add(index);
    }

    /// The mark of the last change.
    pub fn last_mark(&self) -> u64 {
        self.next_mark
    }

    /// Where a node is in the order in which they are tried.
    pub fn place_in_order(&self, index: usize) -> Option<usize> {
        self.places.get(index).filter(|place| **place != NOWHERE).map(|place| *place as usize)
    }

    /// A node is new or has changed. True: its pods are to be added anew.
    pub fn set_node(&mut self, node: &Arc<Node>) -> bool {
        self.next_epoch += 1;
        let epoch = self.next_epoch;
        let Some(&index) = self.index.get(&node.metadata.name) else {
            let index = self.nodes.iter().position(|info| !info.present).unwrap_or(self.nodes.len());
            let info = NodeInfo::new(node, epoch);
            match self.nodes.get_mut(index) {
                Some(slot) => *slot = info,
                None => self.nodes.push(info),
            }
            self.index.insert(node.metadata.name.clone(), index);
            self.changed(index);
            self.place(index);
            self.set_images(index, None, Some(node));
            self.unordered = true;
            self.epoch += 1;
            return true;
        };
        let Some(info) = self.nodes.get_mut(index) else { return false };
        let old = std::mem::replace(&mut info.node, node.clone());
        if old.status.allocatable != node.status.allocatable {
            (info.allocatable, info.allowed_pods, info.other_allocatable) =
                allocatable(&node.status.allocatable);
        }
        let labels = old.metadata.labels != node.metadata.labels;
        if labels || old.spec.taints != node.spec.taints || old.spec.unschedulable != node.spec.unschedulable
        {
            info.epoch = epoch;
        }
        self.changed(index);
        if labels {
            self.unordered = true;
            self.epoch += 1;
            self.place(index);
        }
        self.set_images(index, Some(&old), Some(node));
        false
    }

    /// A node is gone.
    pub fn remove_node(&mut self, name: &str) {
        let Some(index) = self.index.remove(name) else { return };
        let Some(info) = self.nodes.get_mut(index) else { return };
        info.present = false;
        let node = info.node.clone();
        self.changed(index);
        self.place(index);
        self.set_images(index, Some(&node), None);
        self.affinity_pods = self
            .affinity_pods
            .iter()
            .filter(|(_, one)| one.node != index)
            .map(|(uid, one)| (uid, one.clone()))
            .collect();
        self.unordered = true;
        self.epoch += 1;
    }

    /// Adds what a pod uses to a node (`sign` 1) or takes it away (`sign` -1).
    pub fn count(&mut self, index: usize, pod: &Pod, sign: i64) {
        if let Some(info) = self.nodes.get_mut(index) {
            info.count(pod, sign);
            self.changed(index);
        }
    }

    /// A pod is on its node.
    pub fn add_pod(&mut self, pod: &Arc<Pod>) -> Option<usize> {
        let index = *self.index.get(&pod.spec.node_name)?;
        self.count(index, pod, 1);
        let priority = pod.spec.priority.unwrap_or_default();
        match self.priorities.iter_mut().find(|(known, _)| *known == priority) {
            Some((_, count)) => *count += 1,
            None => self.priorities.push((priority, 1)),
        }
        if let Some(terms) = Terms::of(self, pod) {
            let one = AffinityPod { node: index, terms };
            self.affinity_pods.insert(pod.metadata.uid, Arc::new(one));
        }
        Some(index)
    }

    /// A pod is no longer on its node.
    pub fn remove_pod(&mut self, pod: &Pod) -> Option<usize> {
        let index = *self.index.get(&pod.spec.node_name)?;
        self.count(index, pod, -1);
        let priority = pod.spec.priority.unwrap_or_default();
        if let Some((_, count)) = self.priorities.iter_mut().find(|(known, _)| *known == priority) {
            *count = count.saturating_sub(1);
        }
        self.affinity_pods.remove(&pod.metadata.uid);
        Some(index)
    }

    /// Whether a placed pod may have a lower priority than this. After a node was removed this may be true for too long.
    pub fn has_lower_priority(&self, priority: i32) -> bool {
        self.priorities.iter().any(|(lower, count)| *lower < priority && *count > 0)
    }

    /// A namespace is new or has changed.
    pub fn set_namespace(&mut self, namespace: &Namespace) {
        let (name, labels) = (&namespace.metadata.name, &namespace.metadata.labels);
        match self.namespaces.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) if known == labels => {}
            Some((_, known)) => {
                known.clone_from(labels);
                self.epoch += 1;
            }
            None => self.namespaces.push((name.clone(), labels.clone())),
        }
    }

    /// The labels of a namespace.
    pub fn labels_of(&self, namespace: &str) -> Option<&StrMap> {
        self.namespaces.iter().find(|(known, _)| &**known == namespace).map(|(_, labels)| labels)
    }

    /// The number of the topology of a node label.
    pub fn topology(&mut self, key: &Str) -> usize {
        if let Some(at) = self.topologies.iter().position(|topology| topology.key == *key) {
            return at;
        }
        let mut topology = Topology { key: key.clone(), place: Vec::new(), values: BTreeMap::new() };
        for (index, info) in self.nodes.iter().enumerate() {
            topology.set(index, &info.node, info.present);
        }
        self.topologies.push(topology);
        self.topologies.len() - 1
    }

    /// The value's number of a node in a topology.
    pub fn place_of(&self, topology: usize, node: usize) -> u32 {
        let topology = self.topologies.get(topology);
        topology.and_then(|topology| topology.place.get(node)).copied().unwrap_or(NOWHERE)
    }

    fn place(&mut self, index: usize) {
        let Some(info) = self.nodes.get(index) else { return };
        for topology in &mut self.topologies {
            topology.set(index, &info.node, info.present);
        }
    }

    fn set_images(&mut self, index: usize, old: Option<&Node>, new: Option<&Node>) {
        if old.map(|node| &node.status.images) == new.map(|node| &node.status.images) {
            return;
        }
        for (name, _) in old.into_iter().flat_map(image_names) {
            if let Some(image) = self.images.iter_mut().find(|image| &*image.name == name) {
                image.set(index, false);
            }
        }
        self.images.retain(|image| image.count > 0);
        for (name, size) in new.into_iter().flat_map(image_names) {
            if let Some(image) = self.images.iter_mut().find(|image| &*image.name == name) {
                image.size = size;
                image.set(index, true);
            } else {
                let mut image = Image { name: name.into(), size, on: Vec::new(), count: 0 };
                image.set(index, true);
                self.images.push(image);
            }
        }
    }

    /// Puts the nodes into the order in which they are tried.
    pub fn sort(&mut self) {
        if !std::mem::take(&mut self.unordered) {
            return;
        }
        let mut zones: Vec<(Zone<'_>, Vec<u32>)> = Vec::new();
        for (index, info) in self.nodes.iter().enumerate().filter(|(_, info)| info.present) {
            let (region, zone) = (info.node.metadata.label(REGION), info.node.metadata.label(ZONE));
            let zone = match (region, zone) {
                (None, None) => None,
                _ => Some((region.unwrap_or_default(), zone.unwrap_or_default())),
            };
            match zones.iter_mut().find(|(known, _)| *known == zone) {
                Some((_, nodes)) => nodes.push(index as u32),
                None => zones.push((zone, vec![index as u32])),
            }
        }
        let longest = zones.iter().map(|(_, nodes)| nodes.len()).max().unwrap_or_default();
        let order = (0..longest).flat_map(|turn| zones.iter().filter_map(move |(_, nodes)| nodes.get(turn)));
        self.order = order.copied().collect();
        self.sorted += 1;
        self.places.clear();
        self.places.resize(self.nodes.len(), NOWHERE);
        for (place, index) in (0..).zip(&self.order) {
            if let Some(slot) = self.places.get_mut(*index as usize) {
                *slot = place;
            }
        }
    }
}

/// Region and zone of a node, if it has either.
type Zone<'a> = Option<(&'a str, &'a str)>;

/// Names and sizes of `status.images`.
fn image_names(node: &Node) -> impl Iterator<Item = (&str, i64)> {
    node.status.images.iter().flat_map(|image| {
        let size =
            image.get("sizeBytes").and_then(opscape_manifest::value::Value::as_int).unwrap_or_default();
        let names = image.get("names").and_then(opscape_manifest::value::Value::as_list).unwrap_or_default();
        names.iter().filter_map(move |name| Some((name.as_str()?, size)))
    })
}
