//! Nodes that stop, come back, or are deleted.

#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

#[path = "world/mod.rs"]
#[allow(dead_code, missing_docs, reason = "shared with other tests")]
mod world;

use std::sync::Arc;
use std::time::Duration;

use opscape_cluster::{
    Cluster, Context, DeleteOptions, Event, Flags, Latency, Options, Record, Request, WriteOptions,
};
use opscape_manifest::api::meta::MicroTime;
use opscape_manifest::api::{Event as Told, Node, Object, ObjectKey, Pod};
use opscape_sim::{Model, Run, Time};
use serde_json::json;
use world::{ByName, node, object};

#[derive(Clone)]
struct Site(Cluster);

#[derive(Clone)]
enum Input {
    Request(Request),
    Stop(&'static str),
    Start(&'static str),
}

impl Model for Site {
    type Event = Event;
    type Input = Input;
    type Record = Record;

    fn input(&mut self, input: &Input, context: &mut Context<'_>) {
        match input {
            Input::Request(request) => drop(self.0.request(context, request).unwrap()),
            Input::Stop(node) => self.0.stop_node(context, node),
            Input::Start(node) => self.0.start_node(context, node),
        }
    }

    fn handle(&mut self, event: Event, context: &mut Context<'_>) {
        self.0.handle(event, context);
    }

    fn is_visible(_: &Record) -> bool {
        true
    }
}

/// Two nodes, on n1 a pod that tolerates a node's silence for 8 s (the default here) and one that does so for ever.
fn site() -> Run<Site> {
    let flags = Flags {
        node_monitor_grace_period: Duration::from_secs(16),
        unreachable_toleration: 8,
        ..Flags::default()
    };
    let options = Options {
        seed: 1,
        epoch: MicroTime(1_795_223_393_613_000),
        images: Arc::new(ByName),
        usage: opscape_cluster::metrics::idle(),
        webhooks: opscape_cluster::webhooks::none(),
        latency: Latency::default(),
        flags,
    };
    let mut run = Run::new(Site(Cluster::new(options)), |site, context| site.0.start(context));
    let patient =
        json!([{"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute"}]);
    for object in [
        node("n1", "4", 110),
        node("n2", "4", 110),
        pod("short", "n1", &json!([])),
        pod("patient", "n1", &patient),
    ] {
        run.input(&Input::Request(Request::Create(object, WriteOptions::default())));
    }
    run
}

fn pod(name: &str, node: &str, tolerations: &serde_json::Value) -> Object {
    object(json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "default"},
        "spec": {"nodeName": node, "containers": [{"name": "c", "image": "nginx:1"}], "tolerations": tolerations},
    }))
}

fn go(run: &mut Run<Site>, seconds: u64) {
    let until = Time::secs(seconds);
    while run.handle_next(until) {}
    run.wait_until(until);
}

fn taints(run: &Run<Site>) -> Vec<String> {
    let node = run.model().0.store().get::<Node>("", "n1").unwrap();
    node.spec.taints.iter().map(|taint| format!("{}:{}", taint.key, taint.effect)).collect()
}

fn ready(run: &Run<Site>) -> String {
    let node = run.model().0.store().get::<Node>("", "n1").unwrap();
    node.status.conditions.iter().find(|condition| &*condition.kind == "Ready").unwrap().status.to_string()
}

fn get(run: &Run<Site>, name: &str) -> Option<Pod> {
    run.model().0.store().get::<Pod>("default", name).map(|pod| Pod::clone(pod))
}

fn told(run: &Run<Site>, reason: &str) -> Vec<String> {
    let events = run.model().0.store().list::<Told>(None);
    events.filter(|event| &*event.reason == reason).map(|event| event.message.to_string()).collect()
}

#[test]
fn a_silent_node_is_tainted_and_its_pods_leave_when_their_toleration_ends() {
    let mut run = site();
    go(&mut run, 10);
    run.input(&Input::Stop("n1"));
    go(&mut run, 25);
    assert_eq!(ready(&run), "True");
    // Noticed after the grace period of 16 s at one of the looks that come every 5 s.
    go(&mut run, 33);
    assert_eq!(ready(&run), "Unknown");
    assert_eq!(
        taints(&run),
        ["node.kubernetes.io/unreachable:NoSchedule", "node.kubernetes.io/unreachable:NoExecute"]
    );
    assert_eq!(
        told(&run, "NodeNotReady"),
        ["Node n1 status is now: NodeNotReady", "Node is not ready", "Node is not ready"]
    );
    assert!(get(&run, "short").unwrap().metadata.deletion_timestamp.is_none());
    go(&mut run, 42);
    // Marked; it goes only when its kubelet is back.
    assert!(get(&run, "short").unwrap().metadata.deletion_timestamp.is_some());
    assert!(get(&run, "patient").unwrap().metadata.deletion_timestamp.is_none());
    assert_eq!(told(&run, "TaintManagerEviction"), ["Marking for deletion Pod default/short"]);
    run.input(&Input::Start("n1"));
    go(&mut run, 50);
    assert!(get(&run, "short").is_none());
    assert_eq!(ready(&run), "True");
    assert!(taints(&run).is_empty(), "{:?}", taints(&run));
    let patient = get(&run, "patient").unwrap();
    assert!(patient.status.conditions.iter().any(|one| &*one.kind == "Ready" && &*one.status == "True"));
}

#[test]
fn a_node_that_comes_back_in_time_keeps_its_pods() {
    let mut run = site();
    go(&mut run, 10);
    run.input(&Input::Stop("n1"));
    go(&mut run, 33);
    assert_eq!(ready(&run), "Unknown");
    run.input(&Input::Start("n1"));
    go(&mut run, 120);
    assert!(get(&run, "short").unwrap().metadata.deletion_timestamp.is_none());
    assert_eq!(told(&run, "TaintManagerEviction"), ["Cancelling deletion of Pod default/short"]);
}

#[test]
fn pods_of_a_deleted_node_are_collected() {
    let mut run = site();
    go(&mut run, 10);
    let key = ObjectKey { kind: "Node".into(), name: "n1".into(), ..ObjectKey::default() };
    run.input(&Input::Request(Request::Delete(key, DeleteOptions::default())));
    go(&mut run, 40);
    assert!(get(&run, "short").is_some());
    go(&mut run, 90);
    assert!(get(&run, "short").is_none() && get(&run, "patient").is_none());
    assert_eq!(told(&run, "RemovingNode"), ["Node n1 event: Removing Node n1 from Controller"]);
}
