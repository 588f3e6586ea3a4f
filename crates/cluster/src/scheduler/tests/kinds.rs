//! Decisions by kinds of nodes against those that look at each node, on random large clusters in which pods come and go and
//! nodes change.

use std::sync::Arc;

use opscape_manifest::api::meta::Uid;
use opscape_manifest::api::{Node, Pod};
use opscape_sim::{Rng, Time};
use proptest::prelude::*;
use serde_json::json;

use super::naive::{Placed, object};
use crate::scheduler::cycle::{Scratch, choose, choose_one_by_one};
use crate::scheduler::decision::Decision;
use crate::scheduler::verdict::Others;

fn random_node(number: usize, random: &mut Rng) -> Arc<Node> {
    let mut labels = json!({"kubernetes.io/hostname": format!("n{number}")});
    if random.chance(0.9) {
        labels["topology.kubernetes.io/zone"] = json!(["a", "b", "c"][random.below(3) as usize]);
    }
    if random.chance(0.5) {
        labels["disk"] = json!("ssd");
    }
    let mut spec = json!({});
    if random.chance(0.1) {
        let effect = ["NoSchedule", "PreferNoSchedule"][random.below(2) as usize];
        spec["taints"] = json!([{"key": "t", "value": "1", "effect": effect}]);
    }
    if random.chance(0.03) {
        spec["unschedulable"] = json!(true);
    }
    let images = match random.below(3) {
        0 => json!([{"names": ["i:latest"], "sizeBytes": 600_000_000}]),
        1 => {
            json!([{"names": ["j:1"], "sizeBytes": 90_000_000}, {"names": ["i:latest"], "sizeBytes": 600_000_000}])
        }
        _ => json!([]),
    };
    object(&json!({
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": format!("n{number}"), "labels": labels}, "spec": spec,
        "status": {
            "allocatable": {"cpu": (1 + random.below(2)).to_string(), "memory": "4Gi", "pods": (2 + random.below(3)).to_string()},
            "images": images,
        },
    }))
}

/// A pod of one of a few sorts, so that classes are met again.
fn pod(number: u64, sort: u64) -> Arc<Pod> {
    let requests = json!({"requests": {"cpu": "100m", "memory": "256Mi"}});
    let mut spec = json!({"containers": [{"name": "c", "image": "i", "resources": requests}]});
    let selector = json!({"matchLabels": {"app": format!("a{sort}")}});
    let prefers = |key: &str| json!({"maxSkew": 1, "topologyKey": key, "whenUnsatisfiable": "ScheduleAnyway", "labelSelector": selector});
    match sort {
        0 => {}
        1 => {
            spec["topologySpreadConstraints"] =
                json!([prefers("kubernetes.io/hostname"), prefers("topology.kubernetes.io/zone")]);
        }
        2 => {
            let term = json!({"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd"]}]});
            spec["affinity"] = json!({"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 7, "preference": term}]}});
        }
        3 => {
            spec["containers"] = json!([{"name": "c", "image": "i"}, {"name": "d", "image": "j:1"}]);
            spec["tolerations"] = json!([{"key": "t", "operator": "Exists"}]);
        }
        _ => spec["topologySpreadConstraints"] = json!([prefers("disk")]),
    }
    let mut pod = object::<Pod>(&json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": format!("p{number}"), "namespace": "default", "labels": {"app": format!("a{sort}")}}, "spec": spec,
    }));
    Arc::make_mut(&mut pod).metadata.uid = Uid(number + 1);
    pod
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn one_node_of_each_kind_is_as_good_as_all(seed in any::<u64>()) {
        let mut random = Rng::stream(seed, "test");
        let count = 101 + random.below(120) as usize;
        let mut all = Placed::default();
        for number in 0..count {
            Arc::make_mut(&mut all.cache).set_node(&random_node(number, &mut random));
        }
        let mut scratch = Scratch::default();
        let mut start = 0;
        for number in 0..300 {
            if random.chance(0.1) {
                // Only what a kubelet reports and what people do to a node; its pods stay.
                let changed = random_node(random.below(count as u64) as usize, &mut random);
                let taints = all.cache.nodes[all.cache.index[&changed.metadata.name]].node.spec.taints != changed.spec.taints;
                Arc::make_mut(&mut all.cache).set_node(&changed);
                if taints {
                    all.classes.taints_changed();
                }
            }
            if random.chance(0.2) && !all.pods.is_empty() {
                all.take_away_one(&mut random);
                continue;
            }
            Arc::make_mut(&mut all.cache).sort();
            let pod = pod(number, random.below(5));
            let class = all.classes.of(&mut all.cache, &all.store, &pod).unwrap();
            let nominated = Others { pod: &pod, all: &[] };
            let (mut other, mut other_start, mut plain) = (class.clone(), start, Scratch::default());
            let expected = choose_one_by_one(&all.cache, &mut other, &nominated, &mut other_start, &mut plain);
            let expected = Decision::of(&all.cache, &other, &expected, &plain, Time::ZERO);
            let outcome = choose(&all.cache, class, &nominated, &mut start, &mut scratch);
            prop_assert!(scratch.feasible.len() < plain.feasible.len().max(2), "it was by kind");
            let decision = Decision::of(&all.cache, class, &outcome, &scratch, Time::ZERO);
            prop_assert_eq!((&decision, start), (&expected, other_start), "pod {} of seed {}", number, seed);
            if let Some(index) = outcome.chosen {
                all.bind(pod, index);
            }
        }
    }
}
