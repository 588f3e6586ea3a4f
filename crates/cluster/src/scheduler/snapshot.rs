//! A copy of what the scheduler knows, to try in it what would be: nodes that do not exist yet, pods elsewhere (as
//! cluster-autoscaler/simulator/clustersnapshot). It asks the scheduler's own filters.

use std::sync::Arc;

use opscape_manifest::api::meta::Uid;
use opscape_manifest::api::{Node, Pod};
use opscape_sim::IdSet;

use super::Scheduler;
use super::cache::{AffinityPod, Cache, counts};
use super::class::{Class, Rejection};
use super::interpod::Terms;
use super::plugin::Reason;
use super::resources::Amounts;
use crate::Store;

/// A number for pods that the filters cannot tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind(usize);

/// The place of a node in a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place(usize);

/// What is on the nodes. A clone is a fork: what is done to it does not change the original.
#[derive(Clone)]
pub(crate) struct Snapshot {
    cache: Arc<Cache>,
    kinds: Vec<Arc<Class>>,
    /// From which node on a kind has to be tried: the earlier ones are too full. None: any node may be free again, because
    /// it depends on other pods.
    first: Vec<Option<usize>>,
    /// Pods that are where the store does not have them.
    placed: Vec<(Arc<Pod>, usize)>,
    moved: IdSet<Uid>,
}

impl Snapshot {
    /// What a scheduler knows.
    pub fn of(scheduler: &Scheduler) -> Snapshot {
        Snapshot {
            cache: scheduler.cache.clone(),
            kinds: Vec::new(),
            first: Vec::new(),
            placed: Vec::new(),
            moved: IdSet::new(),
        }
    }

    /// The kind of a pod without a node.
    pub fn kind(&mut self, store: &Store, pod: &Pod) -> Kind {
        self.find(store, pod, |class| class.is_of(pod))
    }

    /// The kind of a pod that has a node and a controller, if it had none: equal labels and the same controller suffice.
    fn kind_of_placed(&mut self, store: &Store, pod: &Pod) -> Kind {
        let mut free = pod.clone();
        let owner = pod.metadata.controller().map(|owner| owner.uid);
        if !pod.spec.node_name.is_empty() && !self.kinds.iter().any(|class| class.is_alike(owner, pod)) {
            Arc::make_mut(&mut free.spec).node_name = crate::words::empty();
        }
        self.find(store, &free, |class| class.is_alike(owner, pod))
    }

    fn find(&mut self, store: &Store, pod: &Pod, same: impl Fn(&Class) -> bool) -> Kind {
        if let Some(at) = self.kinds.iter().rposition(|class| same(class)) {
            return Kind(at);
        }
        let mut class = Class::new(Arc::make_mut(&mut self.cache), pod, None);
        // What is preferred does not matter here.
        class.spread.soft.clear();
        let namespace = if class.counts_everywhere() { None } else { Some(class.namespace.clone()) };
        let is_there = |pod: &&Arc<Pod>| counts(pod) && !self.moved.contains(&pod.metadata.uid);
        class.recount(&self.cache, store.list::<Pod>(namespace.as_deref()).filter(is_there));
        for (pod, node) in &self.placed {
            if class.cares(&self.cache, pod) {
                class.count(&self.cache, pod, *node, 1);
            }
        }
        let steady = class.spread.hard.is_empty() && !class.interpod.filters();
        self.kinds.push(Arc::new(class));
        self.first.push(steady.then_some(0));
        Kind(self.kinds.len() - 1)
    }

    /// Adds a node without pods.
    pub fn add_node(&mut self, node: &Arc<Node>) -> Place {
        let cache = Arc::make_mut(&mut self.cache);
        cache.set_node(node);
        let index = cache.index.get(&node.metadata.name).copied().unwrap_or(usize::MAX);
        for class in &mut self.kinds {
            Arc::make_mut(class).node_added(&self.cache, index);
        }
        for first in self.first.iter_mut().flatten() {
            *first = (*first).min(index);
        }
        Place(index)
    }

    /// Takes a node away. Only before it is asked for kinds.
    pub fn remove_node(&mut self, name: &str) {
        debug_assert!(self.kinds.is_empty());
        Arc::make_mut(&mut self.cache).remove_node(name);
    }

    /// Where a node is.
    pub fn place_of(&self, name: &str) -> Option<Place> {
        self.cache.index.get(name).map(|index| Place(*index))
    }

    /// Whether a node can take a pod of a kind.
    pub fn fits(&mut self, kind: Kind, place: Place) -> bool {
        self.check(kind, place.0).is_ok()
    }

    /// Why a node cannot take a pod of a kind; empty: it can.
    pub fn reasons(&mut self, kind: Kind, place: Place) -> Vec<Reason> {
        match self.check(kind, place.0) {
            Ok(()) => Vec::new(),
            Err(rejection) => self.kinds.get(kind.0).map_or_else(Vec::new, |class| class.reasons(rejection)),
        }
    }

    fn check(&mut self, kind: Kind, index: usize) -> Result<(), Rejection> {
        let gone = Rejection { plugin: super::Plugin::NodeName, bits: 0, resolvable: false };
        let (Some(class), Some(info)) = (self.kinds.get_mut(kind.0), self.cache.nodes.get(index)) else {
            return Err(gone);
        };
        if !info.present {
            return Err(gone);
        }
        let mut fewest = Vec::new();
        class.spread.fewest(&mut fewest);
        Arc::make_mut(class).filter(&self.cache, index, &fewest)
    }

    /// The first node that can take a pod of a kind, of those that are allowed.
    pub fn first_fit(&mut self, kind: Kind, allowed: impl Fn(Place) -> bool) -> Option<Place> {
        let first = self.first.get(kind.0).copied().flatten();
        let mut skipped = false;
        for index in first.unwrap_or_default()..self.cache.nodes.len() {
            let open = allowed(Place(index));
            if open && self.check(kind, index).is_ok() {
                return Some(Place(index));
            }
            skipped |= !open;
            if !skipped && let Some(Some(first)) = self.first.get_mut(kind.0) {
                *first = index + 1;
            }
        }
        None
    }

    /// Whether what a kind may use depends on nothing but what is free: a node that is too full for it stays so.
    pub fn is_steady(&self, kind: Kind) -> bool {
        self.first.get(kind.0).is_some_and(Option::is_some)
    }

    /// Puts a pod on a node.
    pub fn place(&mut self, pod: &Arc<Pod>, place: Place) {
        self.put(pod, place.0);
        self.moved.insert(pod.metadata.uid);
        self.placed.push((pod.clone(), place.0));
    }

    /// Moves pods away from their node to others that are allowed. If one of them fits nowhere, all stay where they are: that
    /// one is the error.
    pub fn move_all(
        &mut self,
        store: &Store,
        pods: &[Arc<Pod>],
        allowed: impl Fn(Place) -> bool,
    ) -> Result<(), Arc<Pod>> {
        let kinds: Vec<Kind> = pods.iter().map(|pod| self.kind_of_placed(store, pod)).collect();
        for pod in pods {
            self.take_away(pod);
        }
        let before = self.placed.len();
        for (pod, kind) in pods.iter().zip(kinds) {
            if let Some(place) = self.first_fit(kind, &allowed) {
                self.place(pod, place);
                continue;
            }
            for (placed, index) in self.placed.split_off(before) {
                self.moved.remove(&placed.metadata.uid);
                self.remove(&placed, index);
            }
            for pod in pods {
                if let Some(index) = self.cache.index.get(&pod.spec.node_name).copied() {
                    self.put(pod, index);
                }
            }
            return Err(pod.clone());
        }
        Ok(())
    }

    fn put(&mut self, pod: &Pod, index: usize) {
        let cache = Arc::make_mut(&mut self.cache);
        cache.count(index, pod, 1);
        if let Some(terms) = Terms::of(cache, pod) {
            let one = Arc::new(AffinityPod { node: index, terms });
            cache.affinity_pods.insert(pod.metadata.uid, one);
        }
        self.count(pod, index, 1);
    }

    fn take_away(&mut self, pod: &Pod) {
        if let Some(index) = self.cache.index.get(&pod.spec.node_name).copied() {
            self.remove(pod, index);
        }
    }

    fn remove(&mut self, pod: &Pod, index: usize) {
        self.count(pod, index, -1);
        let cache = Arc::make_mut(&mut self.cache);
        cache.count(index, pod, -1);
        cache.affinity_pods.remove(&pod.metadata.uid);
        for first in self.first.iter_mut().flatten() {
            *first = (*first).min(index);
        }
    }

    fn count(&mut self, pod: &Pod, index: usize, sign: i64) {
        for class in &mut self.kinds {
            if class.cares(&self.cache, pod) || self.cache.affinity_pods.contains_key(&pod.metadata.uid) {
                Arc::make_mut(class).count(&self.cache, pod, index, sign);
            }
        }
    }

    /// What a pod of a kind asks for.
    pub fn request(&self, kind: Kind) -> Amounts {
        self.kinds.get(kind.0).map(|class| class.request.plain).unwrap_or_default()
    }

    /// What the pods of a node ask for, and what it has.
    pub fn usage(&self, place: Place) -> (Amounts, Amounts) {
        let info = self.cache.nodes.get(place.0);
        info.map(|info| (info.requested, info.allocatable)).unwrap_or_default()
    }
}
