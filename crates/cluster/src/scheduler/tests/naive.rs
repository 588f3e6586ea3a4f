//! Feasible nodes against a plain implementation that counts everything anew for every node, on random clusters in which pods
//! come and go; and that no node ever takes more than it has.

use std::sync::Arc;

use opscape_manifest::api::meta::{LabelSelector, Str, StrMap, Uid};
use opscape_manifest::api::{Node, Object, Pod, Resource};
use opscape_manifest::value::Value;
use opscape_sim::{Rng, Time};
use proptest::prelude::*;
use serde_json::json;

use crate::Store;
use crate::scheduler::cache::Cache;
use crate::scheduler::classes::Classes;
use crate::scheduler::cycle::{Scratch, choose};
use crate::scheduler::taints;
use crate::scheduler::verdict::Others;

pub(super) fn object<T: Resource>(value: &serde_json::Value) -> Arc<T> {
    let value: Value = serde_json::from_str(&value.to_string()).unwrap();
    let object = opscape_manifest::defaults::applied(&Object::from_value(&value).unwrap());
    T::from_object(&object).unwrap().clone()
}

fn random_node(number: usize, random: &mut Rng) -> Arc<Node> {
    let mut labels = json!({"kubernetes.io/hostname": format!("n{number}")});
    if random.chance(0.8) {
        let zone = ["a", "b", "c"][random.below(3) as usize];
        labels["zone"] = json!(zone);
    }
    if random.chance(0.5) {
        labels["disk"] = json!("ssd");
    }
    let mut spec = json!({});
    if random.chance(0.3) {
        let effect = ["NoSchedule", "NoExecute", "PreferNoSchedule"][random.below(3) as usize];
        spec["taints"] = json!([{"key": "t", "value": "1", "effect": effect}]);
    }
    if random.chance(0.1) {
        spec["unschedulable"] = json!(true);
    }
    let cpu = 1 + random.below(4);
    object(&json!({
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": format!("n{number}"), "labels": labels}, "spec": spec,
        "status": {"allocatable": {"cpu": cpu.to_string(), "memory": "4Gi", "pods": (3 + random.below(6)).to_string()}},
    }))
}

fn random_pod(number: u64, random: &mut Rng) -> Arc<Pod> {
    let app = ["x", "y"][random.below(2) as usize];
    let wanted = ["x", "y"][random.below(2) as usize];
    let selector = json!({"matchLabels": {"app": wanted}});
    let key = ["zone", "kubernetes.io/hostname"][random.below(2) as usize];
    let mut container = json!({"name": "c", "image": "i"});
    if random.chance(0.8) {
        container["resources"] =
            json!({"requests": {"cpu": format!("{}m", 100 * random.below(12)), "memory": "256Mi"}});
    }
    if random.chance(0.1) {
        container["ports"] = json!([{"containerPort": 80, "hostPort": 80}]);
    }
    let mut spec = json!({"containers": [container]});
    if random.chance(0.2) {
        spec["nodeSelector"] = json!({"disk": "ssd"});
    }
    if random.chance(0.3) {
        spec["tolerations"] = json!([{"key": "t", "operator": "Exists"}]);
    }
    if random.chance(0.3) {
        spec["topologySpreadConstraints"] = json!([{
            "maxSkew": 1 + random.below(2), "topologyKey": key, "whenUnsatisfiable": "DoNotSchedule", "labelSelector": selector,
        }]);
    }
    if random.chance(0.3) {
        let term = json!([{"labelSelector": selector, "topologyKey": key}]);
        let side = ["podAffinity", "podAntiAffinity"][random.below(2) as usize];
        let mut affinity = json!({});
        affinity[side] = json!({"requiredDuringSchedulingIgnoredDuringExecution": term});
        spec["affinity"] = affinity;
    }
    let mut pod = object::<Pod>(&json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": format!("p{number}"), "namespace": "default", "labels": {"app": app}}, "spec": spec,
    }));
    Arc::make_mut(&mut pod).metadata.uid = Uid(number + 1);
    pod
}

fn selects(selector: Option<&LabelSelector>, labels: &StrMap) -> bool {
    selector.is_some_and(|selector| {
        selector.match_labels.iter().all(|(key, value)| labels.get(key) == Some(value))
    })
}

fn used(pods: &[Arc<Pod>], node: &Node, resource: &str) -> i64 {
    let on_node = pods.iter().filter(|pod| pod.spec.node_name == node.metadata.name);
    on_node.map(|pod| asked(pod, resource)).sum()
}

fn asked(pod: &Pod, resource: &str) -> i64 {
    let request = |list: &opscape_manifest::api::pod::ResourceList| {
        list.get(resource).map_or(0, opscape_manifest::quantity::Quantity::milli_value)
    };
    pod.spec.containers.iter().map(|container| request(&container.resources.requests)).sum()
}

fn near_terms(pod: &Pod, away: bool) -> impl Iterator<Item = &opscape_manifest::api::pod::PodAffinityTerm> {
    let affinity = pod.spec.affinity.as_ref();
    let side = affinity.and_then(|affinity| {
        if away { affinity.pod_anti_affinity.as_ref() } else { affinity.pod_affinity.as_ref() }
    });
    side.into_iter().flat_map(|side| &side.required_during_scheduling_ignored_during_execution)
}

/// Whether a node can take a pod, straight from the documentation.
fn fits(pod: &Pod, node: &Node, nodes: &[Arc<Node>], pods: &[Arc<Pod>]) -> bool {
    let label = |name: &Str, key: &str| -> Option<Str> {
        let node = nodes.iter().find(|node| node.metadata.name == *name)?;
        node.metadata.labels.get(key).cloned()
    };
    let own = |key: &str| node.metadata.labels.get(key).cloned();
    let selected = |node: &Node| {
        pod.spec.node_selector.iter().all(|(key, value)| node.metadata.labels.get(key) == Some(value))
    };
    if node.spec.unschedulable || taints::untolerated(&pod.spec.tolerations, node) || !selected(node) {
        return false;
    }
    let on_node: Vec<_> = pods.iter().filter(|other| other.spec.node_name == node.metadata.name).collect();
    let port = |pod: &Pod| pod.spec.containers.iter().any(|container| !container.ports.is_empty());
    if port(pod) && on_node.iter().any(|other| port(other)) {
        return false;
    }
    let has = |resource: &str| {
        node.status.allocatable.get(resource).map_or(0, opscape_manifest::quantity::Quantity::milli_value)
    };
    if on_node.len() as i64 * 1000 + 1000 > has("pods") {
        return false;
    }
    for resource in ["cpu", "memory"] {
        if asked(pod, resource) > 0 && used(pods, node, resource) + asked(pod, resource) > has(resource) {
            return false;
        }
    }
    for constraint in &pod.spec.topology_spread_constraints {
        let key = &constraint.topology_key;
        let Some(place) = own(key) else { return false };
        let count = |place: &Str| {
            let there = pods.iter().filter(|other| {
                let node = nodes.iter().find(|node| node.metadata.name == other.spec.node_name).unwrap();
                selected(node)
                    && node.metadata.labels.get(key) == Some(place)
                    && selects(constraint.label_selector.as_ref(), &other.metadata.labels)
            });
            there.count() as i64
        };
        let places =
            nodes.iter().filter(|node| selected(node)).filter_map(|node| node.metadata.labels.get(key));
        let fewest = places.map(count).min().unwrap_or(0);
        let itself = i64::from(selects(constraint.label_selector.as_ref(), &pod.metadata.labels));
        if count(&place) + itself - fewest > i64::from(constraint.max_skew) {
            return false;
        }
    }
    for term in near_terms(pod, false) {
        let Some(place) = own(&term.topology_key) else { return false };
        let matching =
            || pods.iter().filter(|other| selects(term.label_selector.as_ref(), &other.metadata.labels));
        let there =
            matching().any(|other| label(&other.spec.node_name, &term.topology_key).as_ref() == Some(&place));
        let somewhere = matching().any(|other| label(&other.spec.node_name, &term.topology_key).is_some());
        let itself = selects(term.label_selector.as_ref(), &pod.metadata.labels);
        if !(there || !somewhere && itself) {
            return false;
        }
    }
    let together =
        |other: &Pod, key: &str| own(key).is_some() && label(&other.spec.node_name, key) == own(key);
    let hated = near_terms(pod, true).any(|term| {
        pods.iter().any(|other| {
            selects(term.label_selector.as_ref(), &other.metadata.labels)
                && together(other, &term.topology_key)
        })
    });
    let hating = pods.iter().any(|other| {
        near_terms(other, true).any(|term| {
            selects(term.label_selector.as_ref(), &pod.metadata.labels) && together(other, &term.topology_key)
        })
    });
    !hated && !hating
}

/// What the scheduler knows, and the pods that are on nodes.
#[derive(Default)]
pub(super) struct Placed {
    pub cache: Arc<Cache>,
    pub store: Store,
    pub classes: Classes,
    pub pods: Vec<Arc<Pod>>,
}

impl Placed {
    /// A pod comes to the node with this number.
    pub fn bind(&mut self, mut pod: Arc<Pod>, node: u32) {
        let name = self.cache.nodes[node as usize].node.metadata.name.clone();
        Arc::make_mut(&mut Arc::make_mut(&mut pod).spec).node_name = name;
        self.store.put(Object::Pod(pod.clone()), Time::ZERO, None);
        let at = Arc::make_mut(&mut self.cache).add_pod(&pod).unwrap();
        self.classes.count(&self.cache, &pod, at, 1);
        self.pods.push(pod);
    }

    /// Any of the pods goes.
    pub fn take_away_one(&mut self, random: &mut Rng) {
        let gone = self.pods.swap_remove(random.below(self.pods.len() as u64) as usize);
        let node = self.cache.index[&gone.spec.node_name];
        self.classes.count(&self.cache, &gone, node, -1);
        Arc::make_mut(&mut self.cache).remove_pod(&gone);
        self.store.remove(&Object::Pod(gone), Time::ZERO, None);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn filters_agree_with_a_plain_implementation(seed in any::<u64>()) {
        let mut random = Rng::stream(seed, "test");
        let nodes: Vec<Arc<Node>> = (0..3 + random.below(5) as usize).map(|number| random_node(number, &mut random)).collect();
        let mut all = Placed::default();
        for node in &nodes {
            Arc::make_mut(&mut all.cache).set_node(node);
        }
        Arc::make_mut(&mut all.cache).sort();
        let mut scratch = Scratch::default();
        let mut start = 0;
        for number in 0..40 {
            if random.chance(0.2) && !all.pods.is_empty() {
                all.take_away_one(&mut random);
                continue;
            }
            let pod = random_pod(number, &mut random);
            let class = all.classes.of(&mut all.cache, &all.store, &pod).unwrap();
            let nominated = Others { pod: &pod, all: &[] };
            let outcome = choose(&all.cache, class, &nominated, &mut start, &mut scratch);
            let mut feasible: Vec<&str> =
                scratch.feasible.iter().map(|index| &*all.cache.nodes[*index as usize].node.metadata.name).collect();
            feasible.sort_unstable();
            let expected: Vec<&str> =
                nodes.iter().filter(|node| fits(&pod, node, &nodes, &all.pods)).map(|node| &*node.metadata.name).collect();
            prop_assert_eq!(feasible, expected, "pod {} of seed {}", number, seed);
            if let Some(index) = outcome.chosen {
                all.bind(pod, index);
            }
        }
        for node in &nodes {
            for resource in ["cpu", "memory"] {
                let has = node.status.allocatable[resource].milli_value();
                prop_assert!(used(&all.pods, node, resource) <= has);
            }
        }
    }
}
