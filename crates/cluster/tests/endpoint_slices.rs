//! The EndpointSlices of a Service hold the pods that it selects, in slices that are as full as upstream's.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

#[path = "world/mod.rs"]
#[allow(dead_code, missing_docs, reason = "shared with other tests")]
mod world;

use std::collections::BTreeMap;
use std::sync::Arc;

use opscape_cluster::{DeleteOptions, Latency};
use opscape_manifest::api::discovery::Endpoint;
use opscape_manifest::api::meta::Uid;
use opscape_manifest::api::{EndpointSlice, Object, Pod, Service};
use opscape_sim::{Run, Time};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use world::{World, changed, create, delete, node, nodes, set_image, until, update, web};

fn service(spec: &Json) -> Object {
    let mut whole = json!({"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]});
    for (key, value) in spec.as_object().into_iter().flatten() {
        whole[key] = value.clone();
    }
    world::object(json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": whole}))
}

fn slices(run: &Run<World>) -> Vec<Arc<EndpointSlice>> {
    let all = run.model().cluster.store().list::<EndpointSlice>(Some("default"));
    all.filter(|slice| slice.metadata.label("kubernetes.io/service-name") == Some("web")).cloned().collect()
}

/// What the slices say of each pod: ready, serving, terminating.
fn shown(run: &Run<World>) -> BTreeMap<Uid, (bool, bool, bool)> {
    let mut found = BTreeMap::new();
    for slice in slices(run) {
        assert!(slice.endpoints.len() <= 100);
        for endpoint in &slice.endpoints {
            let known = found.insert(endpoint.target_ref.as_ref().unwrap().uid, conditions(endpoint));
            assert_eq!(known, None, "a pod is in one slice only");
        }
    }
    found
}

fn conditions(endpoint: &Endpoint) -> (bool, bool, bool) {
    let conditions = &endpoint.conditions;
    (conditions.ready.unwrap(), conditions.serving.unwrap(), conditions.terminating.unwrap())
}

/// What the slices should say, from the pods themselves.
fn expected(run: &Run<World>) -> BTreeMap<Uid, (bool, bool, bool)> {
    let store = run.model().cluster.store();
    let Some(service) = store.get::<Service>("default", "web") else { return BTreeMap::new() };
    let selects = |pod: &&Arc<Pod>| {
        let selector = &service.spec.selector;
        selector.iter().all(|(key, value)| pod.metadata.label(key) == Some(&**value))
    };
    let all = store.list::<Pod>(Some("default")).filter(selects);
    all.filter(|pod| !pod.status.pod_ip.is_empty() && format!("{:?}", pod.status.phase) == "Running")
        .map(|pod| {
            let ready =
                pod.status.conditions.iter().any(|found| &*found.kind == "Ready" && &*found.status == "True");
            let ends = pod.metadata.deletion_timestamp.is_some();
            (pod.metadata.uid, (ready && !ends || service.spec.publish_not_ready_addresses, ready, ends))
        })
        .collect()
}

#[test]
fn a_slice_follows_its_pods() {
    let mut run = world::run(1, Latency::default(), &nodes());
    run.input(&create(service(&json!({}))));
    until(&mut run, Time::secs(1));
    let [placeholder] = slices(&run).try_into().unwrap();
    assert!(placeholder.endpoints.is_empty() && placeholder.ports.is_empty());
    assert_eq!(placeholder.metadata.generation, 1);
    run.input(&create(web(3, "nginx:1", &json!({}))));
    until(&mut run, Time::secs(5));
    let [slice] = slices(&run).try_into().unwrap();
    assert_eq!(slice.metadata.name, placeholder.metadata.name, "the slice is used again");
    assert_eq!((slice.endpoints.len(), slice.ports[0].port), (3, Some(8080)));
    assert_eq!(shown(&run), expected(&run));
    run.input(&changed(&run, |deployment| deployment.spec.replicas = Some(0)));
    until(&mut run, Time::millis(5_500));
    assert!(shown(&run).values().all(|conditions| *conditions == (false, true, true)));
    until(&mut run, Time::secs(8));
    let [slice] = slices(&run).try_into().unwrap();
    assert_eq!(slice.metadata.name, placeholder.metadata.name);
    assert!(slice.endpoints.is_empty() && slice.ports.is_empty());
    run.input(&delete("Service", "web", DeleteOptions::default()));
    until(&mut run, Time::secs(9));
    assert!(slices(&run).is_empty());
}

#[test]
fn slices_have_a_hundred_endpoints_at_most_and_are_filled_up() {
    let many: Vec<_> = (0..5).map(|number| node(&format!("node-{number}"), "64", 110)).collect();
    let mut run = world::run(1, Latency::default(), &many);
    run.input(&create(web(250, "nginx:1", &json!({}))));
    until(&mut run, Time::secs(10));
    run.input(&create(service(&json!({}))));
    until(&mut run, Time::secs(11));
    let mut lens: Vec<usize> = slices(&run).iter().map(|slice| slice.endpoints.len()).collect();
    lens.sort_unstable();
    assert_eq!(lens, [50, 100, 100]);
    // Thirty more fit into the slice that has room.
    run.input(&changed(&run, |deployment| deployment.spec.replicas = Some(280)));
    until(&mut run, Time::secs(20));
    assert_eq!(slices(&run).len(), 3);
    assert_eq!(shown(&run), expected(&run));
}

#[test]
fn pods_with_other_ports_have_slices_of_their_own() {
    let mut run = world::run(1, Latency::default(), &nodes());
    run.input(&create(service(&json!({"ports": [{"name": "http", "port": 80, "targetPort": "http"}]}))));
    for (name, port) in [("a", 8080), ("b", 9090), ("c", 9090)] {
        run.input(&create(world::object(json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": "web"}},
            "spec": {"containers": [{"name": "c", "image": "nginx:1",
                "ports": [{"name": "http", "containerPort": port}]}]},
        }))));
    }
    until(&mut run, Time::secs(5));
    let mut found: Vec<_> =
        slices(&run).iter().map(|slice| (slice.ports[0].port.unwrap(), slice.endpoints.len())).collect();
    found.sort_unstable();
    assert_eq!(found, [(8080, 1), (9090, 2)]);
}

#[test]
fn what_a_service_says_is_in_its_slices() {
    let mut run = world::run(1, Latency::default(), &nodes());
    run.input(&create(service(&json!({"clusterIP": "None", "publishNotReadyAddresses": true}))));
    run.input(&create(web(2, "never:1", &json!({}))));
    until(&mut run, Time::secs(5));
    let [slice] = slices(&run).try_into().unwrap();
    assert_eq!(slice.metadata.label("service.kubernetes.io/headless"), Some(""));
    assert!(shown(&run).values().all(|conditions| *conditions == (true, false, false)));
    let service = run.model().cluster.store().get::<Service>("default", "web").unwrap();
    let mut service = Service::clone(service);
    service.metadata.resource_version = 0;
    service.metadata.set_label("team", "shop");
    service.spec.publish_not_ready_addresses = false;
    run.input(&update(Object::Service(Arc::new(service))));
    until(&mut run, Time::secs(6));
    let [slice] = slices(&run).try_into().unwrap();
    assert_eq!(slice.metadata.label("team"), Some("shop"));
    assert!(shown(&run).values().all(|conditions| *conditions == (false, false, false)));
}

#[test]
fn a_slice_that_somebody_deletes_comes_back() {
    let mut run = world::run(1, Latency::default(), &nodes());
    run.input(&create(service(&json!({}))));
    run.input(&create(web(3, "nginx:1", &json!({}))));
    until(&mut run, Time::secs(5));
    let [slice] = slices(&run).try_into().unwrap();
    run.input(&delete("EndpointSlice", &slice.metadata.name, DeleteOptions::default()));
    until(&mut run, Time::secs(6));
    assert_eq!(slices(&run).len(), 1);
    assert_eq!(shown(&run), expected(&run));
    // And one that somebody changes is set right.
    let mut slice = EndpointSlice::clone(&slices(&run)[0]);
    slice.metadata.resource_version = 0;
    slice.endpoints.truncate(1);
    run.input(&update(Object::EndpointSlice(Arc::new(slice))));
    until(&mut run, Time::secs(7));
    assert_eq!(shown(&run), expected(&run));
}

/// What happens in a run.
#[derive(Debug, Clone)]
enum Act {
    Scale(i32),
    Image(&'static str),
    DeletePod(usize),
    Relabel(usize, bool),
    Publish(bool),
}

fn acts() -> impl Strategy<Value = Vec<(u64, Act)>> {
    let act = prop_oneof![
        (0i32..160).prop_map(Act::Scale),
        prop::sample::select(vec!["nginx:1", "nginx:2", "never:3", "slow:4", "crash:5"]).prop_map(Act::Image),
        (0usize..200).prop_map(Act::DeletePod),
        (0usize..200, any::<bool>()).prop_map(|(pod, on)| Act::Relabel(pod, on)),
        any::<bool>().prop_map(Act::Publish),
    ];
    prop::collection::vec((0u64..9_000, act), 1..14)
}

fn act(run: &mut Run<World>, act: &Act) {
    let store = run.model().cluster.store();
    let pods: Vec<Arc<Pod>> = store.list::<Pod>(Some("default")).cloned().collect();
    let request = match act {
        Act::Scale(replicas) => changed(run, |deployment| deployment.spec.replicas = Some(*replicas)),
        Act::Image(image) => set_image(run, image),
        Act::DeletePod(at) => {
            let Some(pod) = pods.get(at % pods.len().max(1)) else { return };
            delete("Pod", &pod.metadata.name, DeleteOptions::default())
        }
        Act::Relabel(at, on) => {
            let Some(pod) = pods.get(at % pods.len().max(1)) else { return };
            let mut pod = Pod::clone(pod);
            pod.metadata.resource_version = 0;
            pod.metadata.set_label("app", if *on { "web" } else { "other" });
            update(Object::Pod(Arc::new(pod)))
        }
        Act::Publish(on) => {
            let mut service = Service::clone(store.get::<Service>("default", "web").unwrap());
            service.metadata.resource_version = 0;
            service.spec.publish_not_ready_addresses = *on;
            update(Object::Service(Arc::new(service)))
        }
    };
    run.input(&request);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever happens: once the controller has looked, the slices say what the pods are.
    #[test]
    fn slices_say_what_the_pods_are(acts in acts(), first in 0i32..140, early in any::<bool>()) {
        let many: Vec<_> = (0..4).map(|number| node(&format!("node-{number}"), "64", 110)).collect();
        let mut run = world::run(1, Latency::default(), &many);
        if early {
            run.input(&create(service(&json!({}))));
        }
        run.input(&create(web(first, "nginx:1", &json!({}))));
        if !early {
            until(&mut run, Time::millis(2_500));
            run.input(&create(service(&json!({}))));
        }
        let begin = run.now().0 / 1000;
        let mut acts = acts;
        acts.sort_by_key(|(at, _)| *at);
        for (at, what) in &acts {
            until(&mut run, Time::millis(begin + at));
            act(&mut run, what);
            // No pod is in two slices, and no slice is too large, at any time.
            shown(&run);
        }
        let now = run.now();
        until(&mut run, Time(now.0 + 120_000_000));
        // Pods that crash go on for ever; look where nothing happens for the controller's latency.
        let mut quiet = false;
        for _ in 0..2_000 {
            let version = run.model().cluster.store().version();
            let now = run.now();
            until(&mut run, Time(now.0 + 20_000));
            if run.model().cluster.store().version() == version {
                quiet = true;
                break;
            }
        }
        prop_assert!(quiet);
        prop_assert_eq!(shown(&run), expected(&run));
        prop_assert!(!slices(&run).is_empty());
    }
}
