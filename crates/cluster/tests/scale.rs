//! Many pods on many nodes: everything gets a place, no node takes more than it has. `SCALE=150000 cargo test --release
//! --test scale -- --nocapture` says how fast.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a measurement, not a part of the simulation"
)]

#[path = "world/mod.rs"]
#[allow(dead_code, missing_docs, reason = "shared with other tests")]
mod world;

use std::collections::BTreeMap;

use opscape_cluster::Latency;
use opscape_manifest::api::Pod;
use opscape_sim::Time;
use serde_json::json;
use world::{create, node, until, web};

#[test]
fn all_pods_get_a_place_and_no_node_is_overfull() {
    let pods: usize = std::env::var("SCALE").ok().and_then(|text| text.parse().ok()).unwrap_or(1_500);
    let nodes: Vec<_> =
        (0..pods.div_ceil(30)).map(|number| node(&format!("node-{number:04}"), "8", 110)).collect();
    let begun = std::time::Instant::now();
    let mut run = world::run(1, Latency::default(), &nodes);
    run.input(&create(web(pods as i32, "nginx:1", &json!({}))));
    assert_eq!(run.model().last, None);
    until(&mut run, Time::secs(300));
    let store = run.model().cluster.store();
    let mut by_node: BTreeMap<&str, usize> = BTreeMap::new();
    let mut ready = 0;
    for pod in store.list::<Pod>(None) {
        *by_node.entry(&pod.spec.node_name).or_default() += 1;
        ready += usize::from(pod.status.container_statuses.first().is_some_and(|status| status.ready));
    }
    println!(
        "{pods} pods on {} nodes: {:.2?}, {} events, {} journal entries",
        nodes.len(),
        begun.elapsed(),
        run.handled(),
        run.journal().len()
    );
    assert_eq!(ready, pods);
    assert!(by_node.values().all(|count| *count <= 110));
}
