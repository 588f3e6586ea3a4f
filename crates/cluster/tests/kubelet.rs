//! What becomes of pods on their nodes.

#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

#[path = "world/mod.rs"]
#[allow(dead_code, missing_docs, reason = "shared with other tests")]
mod world;

use opscape_cluster::{Latency, Request, WriteOptions};
use opscape_manifest::api::pod::Phase;
use opscape_manifest::api::{Object, Pod};
use opscape_sim::{Run, Time};
use serde_json::json;
use world::{World, nodes, object, run};

fn pod(name: &str, image: &str) -> Object {
    object(json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"containers": [{"name": "c", "image": image}]},
    }))
}

fn create(run: &mut Run<World>, object: Object) {
    run.input(&Request::Create(object, WriteOptions::default()));
    assert!(run.model().last.is_none(), "{:?}", run.model().last);
}

fn go(run: &mut Run<World>, seconds: u64) {
    let until = Time::secs(seconds);
    while run.handle_next(until) {}
    run.wait_until(until);
}

fn get(run: &Run<World>, name: &str) -> Option<Pod> {
    run.model().cluster.store().get::<Pod>("default", name).map(|pod| Pod::clone(pod))
}

fn waiting(pod: &Pod) -> String {
    let status = &pod.status.container_statuses[0];
    status.state.waiting.as_ref().map(|waiting| waiting.reason.to_string()).unwrap_or_default()
}

fn condition(pod: &Pod, kind: &str) -> String {
    let found = pod.status.conditions.iter().find(|condition| &*condition.kind == kind).unwrap();
    format!("{}:{}", found.status, found.reason)
}

#[test]
fn a_pod_is_created_runs_and_is_ready() {
    let mut run = run(1, Latency::default(), &nodes());
    create(&mut run, pod("a", "nginx:1"));
    go(&mut run, 1);
    let a = get(&run, "a").unwrap();
    assert_eq!(waiting(&a), "ContainerCreating");
    assert_eq!(a.status.phase, Phase::Pending);
    assert_eq!(condition(&a, "PodReadyToStartContainers"), "False:");
    assert_eq!(condition(&a, "Ready"), "False:ContainersNotReady");
    go(&mut run, 3);
    let a = get(&run, "a").unwrap();
    assert_eq!(a.status.phase, Phase::Running);
    assert_eq!(condition(&a, "Ready"), "True:");
    assert!(a.status.pod_ip.starts_with("10.244."), "{}", a.status.pod_ip);
    let order: Vec<&str> = a.status.conditions.iter().map(|condition| &*condition.kind).collect();
    assert_eq!(
        order,
        ["PodScheduled", "PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady"]
    );
}

#[test]
fn a_crashing_container_is_restarted_at_once_and_then_waits_longer_each_time() {
    let mut run = run(1, Latency::default(), &nodes());
    create(&mut run, pod("a", "crash"));
    // Runs from 2 s to 7 s, from 10 s to 15 s, then waits 10 s.
    go(&mut run, 11);
    let a = get(&run, "a").unwrap();
    assert_eq!(a.status.container_statuses[0].restart_count, 1);
    assert!(a.status.container_statuses[0].state.running.is_some());
    go(&mut run, 20);
    let a = get(&run, "a").unwrap();
    assert_eq!(waiting(&a), "CrashLoopBackOff");
    assert_eq!(a.status.phase, Phase::Running);
    let message = &a.status.container_statuses[0].state.waiting.as_ref().unwrap().message;
    assert!(message.starts_with("back-off 10s restarting failed container=c pod=a_default("), "{message}");
    assert_eq!(a.status.container_statuses[0].last_state.terminated.as_ref().unwrap().exit_code, 1);
}

#[test]
fn a_bad_image_waits_between_pulls() {
    let mut run = run(1, Latency::default(), &nodes());
    create(&mut run, pod("a", "nginx:bad"));
    go(&mut run, 3);
    assert_eq!(waiting(&get(&run, "a").unwrap()), "ErrImagePull");
    go(&mut run, 20);
    let a = get(&run, "a").unwrap();
    assert_eq!(waiting(&a), "ImagePullBackOff");
    assert_eq!(a.status.phase, Phase::Pending);
}

#[test]
fn a_deleted_pod_stops_gracefully_and_goes() {
    let mut run = run(1, Latency::default(), &nodes());
    create(&mut run, pod("a", "nginx:1"));
    go(&mut run, 5);
    let key = opscape_manifest::api::ObjectKey {
        kind: "Pod".into(),
        namespace: "default".into(),
        name: "a".into(),
    };
    run.input(&Request::Delete(key, opscape_cluster::DeleteOptions::default()));
    while run.handle_next(Time::millis(5900)) {}
    assert_eq!(condition(&get(&run, "a").unwrap(), "Ready"), "True:");
    go(&mut run, 7);
    assert!(get(&run, "a").is_none());
}

#[test]
fn init_containers_run_one_after_the_other() {
    let mut run = run(1, Latency::default(), &nodes());
    // An init container that ends well after 5 s would do; `crash` ends badly, so the pod never gets further.
    create(
        &mut run,
        object(json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "default"},
            "spec": {
                "initContainers": [{"name": "i", "image": "crash"}],
                "containers": [{"name": "c", "image": "nginx:1"}],
            },
        })),
    );
    go(&mut run, 30);
    let a = get(&run, "a").unwrap();
    assert_eq!(a.status.phase, Phase::Pending);
    assert_eq!(waiting(&a), "PodInitializing");
    assert_eq!(condition(&a, "Initialized"), "False:ContainersNotInitialized");
    assert!(a.status.init_container_statuses[0].restart_count >= 1);
}
