//! Deployments from creation to the end, as a person sees them.

#![allow(dead_code, missing_docs, clippy::indexing_slicing, clippy::unwrap_used)]

mod world;

use opscape_cluster::Latency;
use opscape_manifest::api::{Pod, ReplicaSet};
use opscape_sim::Time;
use serde_json::json;
use world::{create, nodes, until, web};

#[test]
fn a_deployment_makes_its_replica_set_and_pods() {
    let mut run = world::run(1, Latency::default(), &nodes());
    run.input(&create(web(3, "nginx:1", &json!({}))));
    assert_eq!(run.model().last, None);
    until(&mut run, Time::secs(1));
    let store = run.model().cluster.store();
    assert_eq!(store.list::<Pod>(None).count(), 3);
    let set = store.list::<ReplicaSet>(None).next().unwrap();
    assert_eq!(set.status.replicas, 3);
    let web = world::deployment(&run);
    assert_eq!(web.status.replicas, 3);
    assert_eq!(web.metadata.generation, 1);
    assert_eq!(web.metadata.annotation("deployment.kubernetes.io/revision"), Some("1"));
    // From a pod back to what the person asked for.
    let pod = store.list::<Pod>(None).next().unwrap();
    let chain: Vec<&str> = run
        .journal()
        .causes(store.cause_of(pod.metadata.uid).unwrap())
        .filter_map(|(_, entry)| entry.what.subject())
        .map(|subject| &*subject.kind)
        .collect();
    assert!(chain.ends_with(&["ReplicaSet", "Deployment"]), "{chain:?}");
}
