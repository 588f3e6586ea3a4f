//! The table of classes.

use std::sync::Arc;

use opscape_manifest::api::{Pod, ReplicaSet, Service};

use super::cache::{Cache, counts};
use super::class::Class;
use super::labels::Matcher;
use crate::Store;

/// About how many numbers all classes together may keep, by node.
const NUMBERS_KEPT: usize = 2_000_000;

/// The classes of pods seen lately.
#[derive(Clone, Default)]
pub(super) struct Classes {
    list: Vec<Arc<Class>>,
    /// By the addresses of spec and labels, which the class keeps alive.
    by_address: Vec<((usize, usize), usize)>,
    /// Grows when a Service comes, goes or selects other pods.
    pub services: u64,
    used: u64,
}

fn address(pod: &Pod) -> (usize, usize) {
    (Arc::as_ptr(&pod.spec).addr(), Arc::as_ptr(&pod.metadata.labels).addr())
}

impl Classes {
    /// The class of a pod without a node.
    pub fn of(&mut self, cache: &mut Arc<Cache>, store: &Store, pod: &Pod) -> Option<&mut Class> {
        self.used += 1;
        let at = self.find(pod);
        let built_in = pod.spec.topology_spread_constraints.is_empty();
        let at = match at {
            Some(at)
                if self.list.get(at).is_some_and(|class| !built_in || class.services == self.services) =>
            {
                at
            }
            at => {
                let default = if built_in { default_selector(store, pod) } else { None };
                match at {
                    Some(at) if self.list.get(at).is_some_and(|class| class.default == default) => at,
                    Some(at) => {
                        let class = Class::new(Arc::make_mut(cache), pod, default.as_ref());
                        if let Some(slot) = self.list.get_mut(at) {
                            *slot = Arc::new(class);
                        }
                        self.address(at, pod);
                        at
                    }
                    None => {
                        let class = Class::new(Arc::make_mut(cache), pod, default.as_ref());
                        self.add(class, pod, cache.nodes.len())
                    }
                }
            }
        };
        let (used, services) = (self.used, self.services);
        let class = Arc::make_mut(self.list.get_mut(at)?);
        class.used = used;
        class.services = services;
        if !class.is_counted(cache) {
            let namespace = if class.counts_everywhere() { None } else { Some(class.namespace.clone()) };
            let pods = store.list::<Pod>(namespace.as_deref()).filter(|pod| counts(pod));
            class.recount(cache, pods);
        }
        Some(class)
    }

    fn find(&self, pod: &Pod) -> Option<usize> {
        let wanted = address(pod);
        if let Some((_, at)) = self.by_address.iter().find(|(known, _)| *known == wanted)
            && self.list.get(*at).is_some_and(|class| class.is_of(pod))
        {
            return Some(*at);
        }
        self.list.iter().rposition(|class| class.is_of(pod))
    }

    fn add(&mut self, class: Class, pod: &Pod, nodes: usize) -> usize {
        let most = (NUMBERS_KEPT / nodes.max(1)).clamp(64, 2_000);
        if self.list.len() >= most {
            // Those that were not used for longer than the average go.
            let sum: u64 = self.list.iter().map(|class| class.used).sum();
            let middle = sum / self.list.len().max(1) as u64;
            self.list.retain(|class| class.used > middle);
            self.by_address.clear();
        }
        self.list.push(Arc::new(class));
        let at = self.list.len() - 1;
        self.address(at, pod);
        at
    }

    fn address(&mut self, at: usize, pod: &Pod) {
        self.by_address.retain(|(_, known)| *known != at);
        self.by_address.push((address(pod), at));
    }

    /// A pod came to a node (`sign` 1; after the cache counts it) or left it (`sign` -1; before the cache forgets it).
    pub fn count(&mut self, cache: &Cache, pod: &Pod, node: usize, sign: i64) {
        for class in &mut self.list {
            if class.cares(cache, pod) {
                Arc::make_mut(class).count(cache, pod, node, sign);
            }
        }
    }

    /// Taints changed: counts that depend on them do not hold any longer.
    pub fn taints_changed(&mut self) {
        for class in self.list.iter_mut().filter(|class| class.honors_taints()) {
            Arc::make_mut(class).forget_counts();
        }
    }
}

/// The selector that the built-in spread constraints use (plugins/helper `DefaultSelector`): those of all Services that select
/// the pod, and of its owner, together.
fn default_selector(store: &Store, pod: &Pod) -> Option<Matcher> {
    let mut matcher = Matcher::default();
    let (namespace, labels) = (&pod.metadata.namespace, &pod.metadata.labels);
    for service in store.list::<Service>(Some(namespace)) {
        let selector = &service.spec.selector;
        if !selector.is_empty() && selector.iter().all(|(key, value)| labels.get(key) == Some(value)) {
            for (key, value) in selector {
                matcher.and_equal(key, value);
            }
        }
    }
    if let Some(owner) = pod.metadata.controller() {
        match &*owner.kind {
            "ReplicaSet" => {
                if let Some(set) = store.get::<ReplicaSet>(namespace, &owner.name)
                    && let Some(selector) = &set.spec.selector
                {
                    matcher.and(selector);
                }
            }
            "StatefulSet" => {
                let set = store.object("StatefulSet", namespace, &owner.name);
                if let Some(opscape_manifest::api::Object::Other(set)) = set
                    && let Some(labels) =
                        set.body.get("spec").and_then(|spec| spec.at(&["selector", "matchLabels"]))
                {
                    for (key, value) in labels.as_map().into_iter().flatten() {
                        if let Some(value) = value.as_str() {
                            matcher.and_equal(&key.as_str().into(), &value.into());
                        }
                    }
                }
            }
            _ => {}
        }
    }
    (!matcher.is_empty()).then_some(matcher)
}
