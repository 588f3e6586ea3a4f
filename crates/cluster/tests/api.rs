//! What the API server answers.

#![allow(dead_code, missing_docs, clippy::indexing_slicing, clippy::unwrap_used)]

mod world;

use std::sync::Arc;

use opscape_cluster::{DeleteOptions, Latency, Request, Status, WriteOptions};
use opscape_manifest::api::{Deployment, Object, Pod, Service};
use opscape_sim::{Run, Time};
use serde_json::json;
use world::{World, changed, create, delete, object, update, web};

fn empty() -> Run<World> {
    world::run(1, Latency::default(), &[])
}

fn refusal(run: &mut Run<World>, request: &Request) -> Status {
    run.input(request);
    run.model().last.clone().unwrap()
}

fn service(name: &str, spec: &serde_json::Value) -> Object {
    object(json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}))
}

#[test]
fn names_are_taken_once_and_namespaces_have_to_be_there() {
    let mut run = empty();
    run.input(&create(web(1, "nginx", &json!({}))));
    let twice = refusal(&mut run, &create(web(1, "nginx", &json!({}))));
    assert_eq!((twice.code, twice.reason), (409, "AlreadyExists"));
    assert_eq!(twice.message, "deployments.apps \"web\" already exists");
    let mut elsewhere = web(1, "nginx", &json!({}));
    elsewhere.meta_mut().namespace = "nowhere".into();
    let status = refusal(&mut run, &create(elsewhere));
    assert_eq!((status.code, status.message.as_str()), (404, "namespaces \"nowhere\" not found"));
    let gone = refusal(&mut run, &delete("Pod", "none", DeleteOptions::default()));
    assert_eq!((gone.code, gone.message.as_str()), (404, "pods \"none\" not found"));
}

#[test]
fn lost_races_are_conflicts() {
    let mut run = empty();
    run.input(&create(web(1, "nginx", &json!({}))));
    let first = world::deployment(&run);
    run.input(&changed(&run, |web| web.spec.replicas = Some(2)));
    let status = refusal(&mut run, &update(Object::Deployment(first)));
    assert_eq!((status.code, status.reason), (409, "Conflict"));
    assert_eq!(
        status.message,
        "Operation cannot be fulfilled on deployments.apps \"web\": the object has been modified; please apply your changes to the latest version and try again"
    );
}

#[test]
fn generations_follow_the_spec_and_nothing_is_written_for_nothing() {
    let mut run = empty();
    run.input(&create(web(1, "nginx", &json!({}))));
    let version = |run: &Run<World>| world::deployment(run).metadata.resource_version;
    let before = version(&run);
    run.input(&changed(&run, |_| {}));
    assert_eq!(version(&run), before);
    run.input(&changed(&run, |web| {
        web.metadata.set_label("tier", "front");
    }));
    assert_eq!(world::deployment(&run).metadata.generation, 1);
    assert!(version(&run) > before);
    run.input(&changed(&run, |web| web.spec.replicas = Some(0)));
    assert_eq!(world::deployment(&run).metadata.generation, 2);
    // A status that comes with an update is not taken over.
    run.input(&changed(&run, |web| web.status.replicas = 7));
    assert_eq!(world::deployment(&run).status.replicas, 0);
}

#[test]
fn validation_answers_in_the_servers_words() {
    let mut run = empty();
    let status = refusal(&mut run, &create(web(-1, "nginx", &json!({}))));
    assert_eq!((status.code, status.reason), (422, "Invalid"));
    assert_eq!(
        status.message,
        "Deployment.apps \"web\" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0"
    );
    assert_eq!(status.details.unwrap().causes[0].field, "spec.replicas");
    run.input(&create(web(1, "nginx", &json!({}))));
    let request = changed(&run, |web| {
        web.spec.selector.as_mut().unwrap().match_labels.insert("x".into(), "y".into());
    });
    assert!(refusal(&mut run, &request).message.contains("field is immutable"));
}

#[test]
fn a_dry_run_changes_nothing() {
    let mut run = empty();
    let version = run.model().cluster.store().version();
    run.input(&Request::Create(web(1, "nginx", &json!({})), WriteOptions { dry_run: true }));
    assert_eq!(run.model().last, None);
    assert!(run.model().cluster.store().get::<Deployment>("default", "web").is_none());
    assert_eq!(run.model().cluster.store().version(), version);
}

#[test]
fn services_get_addresses_of_their_own_and_keep_them() {
    let mut run = empty();
    let ports = json!([{"port": 80}]);
    for n in 0..20 {
        run.input(&create(service(&format!("s{n}"), &json!({"ports": ports}))));
        assert_eq!(run.model().last, None);
    }
    let store = run.model().cluster.store();
    let mut addresses: Vec<_> = store.list::<Service>(None).map(|s| s.spec.cluster_ip.clone()).collect();
    assert!(addresses.iter().all(|address| address.starts_with("10.96.")));
    addresses.sort();
    addresses.dedup();
    assert_eq!(addresses.len(), 21);
    let before = store.get::<Service>("default", "s0").unwrap().clone();
    let mut again = service("s0", &json!({"ports": [{"port": 81}]}));
    again.meta_mut().resource_version = before.metadata.resource_version;
    run.input(&update(again));
    assert_eq!(run.model().last, None);
    let after = run.model().cluster.store().get::<Service>("default", "s0").unwrap();
    assert_eq!(after.spec.cluster_ip, before.spec.cluster_ip);
    assert_eq!(after.spec.ports[0].port, 81);
    let taken = service("s99", &json!({"ports": ports, "clusterIP": &*before.spec.cluster_ip}));
    assert!(refusal(&mut run, &create(taken)).message.contains("provided IP is already allocated"));
}

#[test]
fn admission_gives_pods_what_they_need() {
    let mut run = empty();
    let spec = json!({"containers": [{"name": "c", "image": "nginx"}]});
    run.input(&create(object(
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "p-"}, "spec": spec}),
    )));
    let pod: Arc<Pod> = run.model().cluster.store().list::<Pod>(None).next().unwrap().clone();
    assert!(pod.metadata.name.starts_with("p-") && pod.metadata.name.len() == 7);
    assert_eq!(pod.spec.tolerations.len(), 2);
    assert_eq!((&*pod.spec.service_account_name, pod.spec.priority), ("default", Some(0)));
    assert_eq!((pod.spec.volumes.len(), pod.spec.containers[0].volume_mounts.len()), (1, 1));
    assert_eq!(&*pod.status.qos_class, "BestEffort");
    // Not bound: it goes at once.
    run.input(&delete("Pod", &pod.metadata.name, DeleteOptions::default()));
    until_now(&mut run);
    assert_eq!(run.model().cluster.store().list::<Pod>(None).count(), 0);
    let unknown = json!({"containers": [{"name": "c", "image": "nginx"}], "priorityClassName": "none"});
    let pod = object(json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "q"}, "spec": unknown}));
    let status = refusal(&mut run, &create(pod));
    assert_eq!(status.message, "pods \"q\" is forbidden: no PriorityClass with name none was found");
}

fn until_now(run: &mut Run<World>) {
    let now = run.now() + std::time::Duration::from_millis(1);
    world::until(run, now);
}

#[test]
fn watchers_see_every_change_once_and_in_order() {
    let mut run = world::run(1, Latency::default(), &world::nodes());
    let before = run.model().cluster.store().version();
    run.input(&create(web(2, "nginx", &json!({}))));
    world::until(&mut run, Time::secs(5));
    let store = run.model().cluster.store();
    let versions: Vec<u64> = store.changes_since(before).map(|change| change.version).collect();
    assert_eq!(versions, (before + 1..=store.version()).collect::<Vec<_>>());
    assert_eq!(store.changes_since(store.version()).count(), 0);
}

#[test]
fn a_node_port_belongs_to_one_service() {
    let service = |name: &str, kind: &str, node_port: i64| {
        let value = json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "default"},
            "spec": {"type": kind, "selector": {"app": name}, "ports": [{"port": 80, "nodePort": node_port}]},
        });
        Object::from_value(&serde_json::from_value(value).unwrap()).unwrap()
    };
    let mut run = empty();
    run.input(&create(service("a", "NodePort", 30_080)));
    let status = refusal(&mut run, &create(service("b", "NodePort", 30_080)));
    assert_eq!(
        status.message,
        "Service \"b\" is invalid: spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated"
    );
    run.input(&create(service("b", "ClusterIP", 0)));
    run.input(&update(service("b", "NodePort", 0)));
    let port = |name: &str| {
        let store = run.model().cluster.store();
        let found = store.get::<Service>("default", name).unwrap();
        found.spec.ports[0].node_port
    };
    assert_eq!(port("a"), 30_080);
    assert!((30_086..=32_767).contains(&port("b")), "{}", port("b"));
}

fn stored(run: &Run<World>, name: &str) -> Service {
    Service::clone(run.model().cluster.store().get::<Service>("default", name).unwrap())
}

#[test]
fn services_have_addresses_and_ports_that_no_other_has() {
    let mut run = empty();
    let ports = |node_port: i32| json!({"type": "NodePort", "ports": [{"port": 80, "nodePort": node_port}]});
    let address = |ip: &str| json!({"clusterIP": ip, "ports": [{"port": 80}]});
    run.input(&create(service("a", &ports(30_080))));
    run.input(&create(service("b", &address("10.96.0.50"))));
    assert_eq!(run.model().last, None);
    assert_eq!(
        refusal(&mut run, &create(service("c", &ports(30_080)))).message,
        "Service \"c\" is invalid: spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated"
    );
    assert_eq!(
        refusal(&mut run, &create(service("c", &address("10.96.0.50")))).message,
        "Service \"c\" is invalid: spec.clusterIPs: Invalid value: [\"10.96.0.50\"]: failed to allocate IP 10.96.0.50: provided IP is already allocated"
    );
    assert_eq!(
        refusal(&mut run, &create(service("c", &address("192.168.0.1")))).message,
        "Service \"c\" is invalid: spec.clusterIPs: Invalid value: [\"192.168.0.1\"]: failed to allocate IP 192.168.0.1: the provided network does not match the current range"
    );
}

#[test]
fn a_service_that_changes_its_type_gets_and_loses_what_that_needs() {
    let mut run = empty();
    run.input(&create(service("a", &json!({"ports": [{"port": 80}]}))));
    let change = |run: &mut Run<World>, change: &dyn Fn(&mut Service)| {
        let mut service = stored(run, "a");
        change(&mut service);
        run.input(&update(Object::Service(Arc::new(service))));
        assert_eq!(run.model().last, None);
        stored(run, "a")
    };
    let first = stored(&run, "a");
    let port = |service: &Service| service.spec.ports[0].node_port;
    let balanced = change(&mut run, &|service| service.spec.kind = "LoadBalancer".into());
    assert!((30_000..=32_767).contains(&port(&balanced)));
    assert_eq!(balanced.spec.cluster_ip, first.spec.cluster_ip);
    let local = change(&mut run, &|service| service.spec.external_traffic_policy = "Local".into());
    assert!((30_000..=32_767).contains(&local.spec.health_check_node_port));
    assert_eq!(port(&local), port(&balanced));
    let inside = change(&mut run, &|service| service.spec.kind = "ClusterIP".into());
    assert_eq!((port(&inside), inside.spec.health_check_node_port), (0, 0));
    assert_eq!(&*inside.spec.external_traffic_policy, "");
    assert_eq!(inside.spec.allocate_load_balancer_node_ports, None);
    let outside = change(&mut run, &|service| {
        service.spec.kind = "ExternalName".into();
        service.spec.external_name = "example.org".into();
    });
    assert_eq!((&*outside.spec.cluster_ip, outside.spec.ip_families.len()), ("", 0));
}

#[test]
fn protocols_of_one_port_share_its_node_port() {
    let mut run = empty();
    let ports = json!([{"name": "udp", "port": 53, "protocol": "UDP"}, {"name": "tcp", "port": 53}, {"name": "m", "port": 80}]);
    run.input(&create(service("dns", &json!({"type": "NodePort", "ports": ports}))));
    let given: Vec<i32> = stored(&run, "dns").spec.ports.iter().map(|port| port.node_port).collect();
    assert_eq!(given[0], given[1]);
    assert_ne!(given[0], given[2]);
}
