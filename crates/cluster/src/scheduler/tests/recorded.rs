//! Feasible nodes and scores by plugin against recordings of the real scheduler. Each step puts the pod where the real one
//! put it, so that one difference does not lead to others.

use std::collections::BTreeMap;
use std::sync::Arc;

use opscape_manifest::api::meta::Uid;
use opscape_manifest::api::{Node, Object, Pod, Resource};
use opscape_manifest::value::Value;
use opscape_sim::Time;

use crate::Store;
use crate::scheduler::cache::Cache;
use crate::scheduler::classes::Classes;
use crate::scheduler::cycle::{Scratch, choose};
use crate::scheduler::decision::{Answer, Decision};
use crate::scheduler::verdict::Others;

fn object<T: Resource>(value: &Value) -> Arc<T> {
    let object = opscape_manifest::defaults::applied(&Object::from_value(value).unwrap());
    T::from_object(&object).unwrap().clone()
}

fn replay(name: &str) -> usize {
    let path = [env!("CARGO_MANIFEST_DIR"), "/tests/vectors/scores/", name, ".json"].concat();
    let recording: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut cache = Arc::new(Cache::default());
    for node in recording.get("nodes").unwrap().as_list().unwrap() {
        Arc::make_mut(&mut cache).set_node(&object::<Node>(node));
    }
    Arc::make_mut(&mut cache).sort();
    let mut store = Store::default();
    let mut classes = Classes::default();
    let mut scratch = Scratch::default();
    let mut start = 0;
    let mut compared = 0;
    for (number, step) in recording.get("steps").unwrap().as_list().unwrap().iter().enumerate() {
        let mut pod = object::<Pod>(step.get("pod").unwrap());
        Arc::make_mut(&mut pod).metadata.namespace = "default".into();
        Arc::make_mut(&mut pod).metadata.uid = Uid(number as u64 + 1);
        let place = pod.metadata.name.clone();
        if pod.spec.node_name.is_empty() {
            let class = classes.of(&mut cache, &store, &pod).unwrap();
            let nominated = Others { pod: &pod, all: &[] };
            let outcome = choose(&cache, class, &nominated, &mut start, &mut scratch);
            let decision = Decision::of(&cache, class, &outcome, &scratch, Time::ZERO);
            if let Some(feasible) = step.get("feasible").and_then(Value::as_int) {
                assert_eq!(i64::from(decision.feasible), feasible, "{name} {place}: {decision:#?}");
            }
            let node = step.str_at(&["node"]).unwrap();
            if let Some(scores) = step.get("scores").and_then(Value::as_map) {
                let ours: BTreeMap<String, BTreeMap<String, i64>> = decision
                    .verdicts
                    .iter()
                    .filter_map(|verdict| {
                        let Answer::Scored(scores) = &verdict.answer else { return None };
                        let mut parts: BTreeMap<String, i64> =
                            scores.parts().map(|(plugin, score)| (plugin.name().to_owned(), score)).collect();
                        parts.insert("TOTAL".to_owned(), scores.total);
                        Some((verdict.node.to_string(), parts))
                    })
                    .collect();
                let theirs: BTreeMap<String, BTreeMap<String, i64>> = scores
                    .iter()
                    .map(|(node, parts)| {
                        let parts = parts.as_map().unwrap().iter();
                        (
                            node.clone(),
                            parts.map(|(plugin, score)| (plugin.clone(), score.as_int().unwrap())).collect(),
                        )
                    })
                    .collect();
                assert_eq!(ours, theirs, "{name} {place}");
                assert_eq!(decision.chosen.as_deref(), Some(node), "{name} {place}");
                compared += 1;
            } else {
                assert_eq!(decision.chosen.as_deref(), Some(node), "{name} {place}");
            }
            Arc::make_mut(&mut Arc::make_mut(&mut pod).spec).node_name = node.into();
        }
        store.put(Object::Pod(pod.clone()), Time::ZERO, None);
        let index = Arc::make_mut(&mut cache).add_pod(&pod).unwrap();
        classes.count(&cache, &pod, index, 1);
    }
    compared
}

#[test]
fn scores_are_those_of_the_recordings() {
    for (name, compared) in [
        ("sched-hetero", 16),
        ("sched-affinity-preferred", 8),
        ("sched-spread-anyway", 9),
        ("sched-spread-donotschedule", 3),
        ("sched-taints", 7),
        ("sched-antiaffinity", 5),
        ("sched-random-1", 29),
        ("sched-random-2", 37),
        ("sched-random-4", 46),
    ] {
        let real = replay(name);
        assert_eq!(real, compared, "{name}: decisions with scores to compare");
    }
}
