//! Deployments from creation to the end, as a person sees them.

#![allow(dead_code, missing_docs, clippy::indexing_slicing, clippy::unwrap_used)]

mod world;

use opscape_cluster::{DeleteOptions, Latency, Propagation, Record};
use opscape_manifest::api::{Deployment, Event, Namespace, Object, Pod, ReplicaSet};
use opscape_sim::{Run, Time};
use serde_json::json;
use world::{World, changed, create, delete, key, nodes, set_image, until, update, web};

fn started(replicas: i32, image: &str, spec: &serde_json::Value) -> Run<World> {
    let mut run = world::run(1, Latency::default(), &nodes());
    run.input(&create(web(replicas, image, spec)));
    assert_eq!(run.model().last, None);
    until(&mut run, Time::secs(10));
    run
}

fn pods(run: &Run<World>) -> Vec<std::sync::Arc<Pod>> {
    run.model().cluster.store().list::<Pod>(Some("default")).cloned().collect()
}

fn sets(run: &Run<World>) -> Vec<std::sync::Arc<ReplicaSet>> {
    run.model().cluster.store().list::<ReplicaSet>(None).cloned().collect()
}

fn condition(web: &Deployment, kind: &str) -> (String, String) {
    let condition = web.status.conditions.iter().find(|condition| &*condition.kind == kind).unwrap();
    (condition.status.to_string(), condition.reason.to_string())
}

fn told(run: &Run<World>, reason: &str) -> Vec<String> {
    let events = run.model().cluster.store().list::<Event>(None);
    let mut told: Vec<_> = events.filter(|event| &*event.reason == reason).collect();
    told.sort_by_key(|event| event.metadata.uid);
    told.into_iter().map(|event| event.message.to_string()).collect()
}

#[test]
fn a_deployment_makes_its_replica_set_and_pods() {
    let run = started(3, "nginx:1", &json!({}));
    assert_eq!(pods(&run).len(), 3);
    let set = &sets(&run)[0];
    assert_eq!((set.status.replicas, set.status.available_replicas), (3, 3));
    let web = world::deployment(&run);
    assert_eq!((web.status.replicas, web.status.available_replicas), (3, 3));
    assert_eq!(web.metadata.generation, 1);
    assert_eq!(web.metadata.annotation("deployment.kubernetes.io/revision"), Some("1"));
    assert_eq!(condition(&web, "Progressing"), ("True".into(), "NewReplicaSetAvailable".into()));
    // From a pod back to what the person asked for.
    let store = run.model().cluster.store();
    let chain: Vec<&str> = run
        .journal()
        .causes(store.cause_of(pods(&run)[0].metadata.uid).unwrap())
        .filter_map(|(_, entry)| entry.what.subject())
        .map(|subject| &*subject.kind)
        .collect();
    assert!(chain.ends_with(&["ReplicaSet", "Deployment"]), "{chain:?}");
}

#[test]
fn a_rolling_update_goes_step_by_step() {
    let mut run = started(3, "nginx:1", &json!({}));
    run.input(&set_image(&run, "nginx:2"));
    until(&mut run, Time::secs(30));
    let name = |image: &str| {
        let of = |set: &&std::sync::Arc<ReplicaSet>| &*set.spec.template.spec.containers[0].image == image;
        sets(&run).iter().find(of).unwrap().metadata.name.to_string()
    };
    let (old, new) = (name("nginx:1"), name("nginx:2"));
    let wanted = [
        format!("Scaled up replica set {old} from 0 to 3"),
        format!("Scaled up replica set {new} from 0 to 1"),
        format!("Scaled down replica set {old} from 3 to 2"),
        format!("Scaled up replica set {new} from 1 to 2"),
        format!("Scaled down replica set {old} from 2 to 1"),
        format!("Scaled up replica set {new} from 2 to 3"),
        format!("Scaled down replica set {old} from 1 to 0"),
    ];
    assert_eq!(told(&run, "ScalingReplicaSet"), wanted);
    let web = world::deployment(&run);
    assert_eq!(web.metadata.annotation("deployment.kubernetes.io/revision"), Some("2"));
    let rules: Vec<_> = run
        .journal()
        .iter()
        .filter_map(
            |(_, entry)| if let Record::ScaledReplicaSet(fact) = &entry.what { Some(fact) } else { None },
        )
        .map(|fact| (fact.from, fact.to))
        .collect();
    assert_eq!(rules, [(3, 2), (1, 2), (2, 1), (2, 3), (1, 0)]);
}

#[test]
fn a_bad_image_runs_into_the_deadline_and_a_good_one_recovers() {
    let mut run = started(4, "nginx:1", &json!({"progressDeadlineSeconds": 30}));
    run.input(&set_image(&run, "bad:1"));
    until(&mut run, Time::secs(35));
    assert_eq!(condition(&world::deployment(&run), "Progressing").1, "ReplicaSetUpdated");
    until(&mut run, Time::secs(50));
    let web = world::deployment(&run);
    assert_eq!(condition(&web, "Progressing"), ("False".into(), "ProgressDeadlineExceeded".into()));
    assert_eq!(web.status.available_replicas, 3);
    run.input(&set_image(&run, "nginx:3"));
    until(&mut run, Time::secs(80));
    let web = world::deployment(&run);
    assert_eq!(condition(&web, "Progressing"), ("True".into(), "NewReplicaSetAvailable".into()));
    assert_eq!((web.status.available_replicas, web.status.updated_replicas), (4, 4));
}

#[test]
fn old_revisions_beyond_the_limit_go() {
    let mut run = started(1, "nginx:0", &json!({"revisionHistoryLimit": 2}));
    for n in 1..=5 {
        run.input(&set_image(&run, &format!("nginx:{n}")));
        let until_then = run.now() + std::time::Duration::from_secs(20);
        until(&mut run, until_then);
    }
    let revisions: Vec<String> = sets(&run)
        .iter()
        .map(|set| set.metadata.annotation("deployment.kubernetes.io/revision").unwrap().to_string())
        .collect();
    assert_eq!(revisions.len(), 3);
    assert!(["4", "5", "6"].iter().all(|revision| revisions.iter().any(|own| own == revision)));
}

#[test]
fn a_pod_whose_label_changes_is_released_and_replaced() {
    let mut run = started(3, "nginx:1", &json!({}));
    let mut pod = Pod::clone(&pods(&run)[0]);
    pod.metadata.set_label("app", "debug");
    run.input(&update(Object::Pod(std::sync::Arc::new(pod.clone()))));
    assert_eq!(run.model().last, None);
    until(&mut run, Time::secs(20));
    assert_eq!(pods(&run).len(), 4);
    let released = |pods: &[std::sync::Arc<Pod>]| {
        pods.iter()
            .find(|other| other.metadata.uid == pod.metadata.uid)
            .unwrap()
            .metadata
            .controller()
            .is_none()
    };
    assert!(released(&pods(&run)));
    // The label comes back: it is adopted, and one goes.
    let mut pod = Pod::clone(run.model().cluster.store().get("default", &pod.metadata.name).unwrap());
    pod.metadata.set_label("app", "web");
    run.input(&update(Object::Pod(std::sync::Arc::new(pod))));
    until(&mut run, Time::secs(40));
    assert_eq!(pods(&run).len(), 3);
    assert!(run.journal().iter().any(|(_, entry)| matches!(entry.what, Record::Adopted(_))));
}

#[test]
fn deleting_cascades_as_asked() {
    let options = |propagation| DeleteOptions { propagation, ..DeleteOptions::default() };
    let mut run = started(2, "nginx:1", &json!({}));
    run.input(&delete("Deployment", "web", options(Propagation::Orphan)));
    until(&mut run, Time::secs(15));
    assert_eq!((sets(&run).len(), pods(&run).len()), (1, 2));
    assert!(sets(&run)[0].metadata.owner_references.is_empty());
    // A new one adopts what is there.
    run.input(&create(web(2, "nginx:1", &json!({}))));
    until(&mut run, Time::secs(20));
    assert_eq!((sets(&run).len(), pods(&run).len()), (1, 2));
    assert_eq!(sets(&run)[0].metadata.controller().unwrap().uid, world::deployment(&run).metadata.uid);
    // In the foreground the Deployment goes last.
    run.input(&delete("Deployment", "web", options(Propagation::Foreground)));
    let soon = run.now() + std::time::Duration::from_millis(500);
    until(&mut run, soon);
    assert!(world::deployment(&run).metadata.deletion_timestamp.is_some());
    assert!(pods(&run).iter().all(|pod| pod.metadata.deletion_timestamp.is_some()));
    until(&mut run, Time::secs(30));
    let store = run.model().cluster.store();
    assert!(store.get::<Deployment>("default", "web").is_none());
    assert_eq!((sets(&run).len(), pods(&run).len()), (0, 0));
}

#[test]
fn a_namespace_goes_after_its_content() {
    let mut run = world::run(1, Latency::default(), &nodes());
    let meta = json!({"name": "shop"});
    run.input(&create(world::object(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": meta}))));
    let mut web = web(2, "nginx:1", &json!({}));
    web.meta_mut().namespace = "shop".into();
    run.input(&create(web.clone()));
    until(&mut run, Time::secs(5));
    let mut shop = key("Namespace", "shop");
    shop.namespace = "".into();
    run.input(&opscape_cluster::Request::Delete(shop, DeleteOptions::default()));
    web.meta_mut().name = "late".into();
    run.input(&create(web));
    let refused = run.model().last.clone().unwrap();
    assert_eq!((refused.code, refused.reason), (403, "Forbidden"));
    assert_eq!(
        refused.message,
        "deployments.apps \"late\" is forbidden: unable to create new content in namespace shop because it is being terminated"
    );
    until(&mut run, Time::secs(12));
    let store = run.model().cluster.store();
    assert_eq!(&*store.get::<Namespace>("", "shop").unwrap().status.phase, "Terminating");
    until(&mut run, Time::secs(30));
    let store = run.model().cluster.store();
    assert!(store.get::<Namespace>("", "shop").is_none());
    assert_eq!(store.list::<Pod>(Some("shop")).count(), 0);
    assert!(told(&run, "FailedCreate").is_empty());
}

#[test]
fn a_pause_holds_the_rollout_and_not_the_size() {
    let mut run = started(4, "nginx:1", &json!({}));
    run.input(&changed(&run, |web| web.spec.paused = true));
    run.input(&set_image(&run, "nginx:2"));
    run.input(&changed(&run, |web| web.spec.replicas = Some(6)));
    until(&mut run, Time::secs(20));
    let web = world::deployment(&run);
    assert_eq!(condition(&web, "Progressing"), ("Unknown".into(), "DeploymentPaused".into()));
    assert_eq!((sets(&run).len(), web.status.available_replicas, web.status.updated_replicas), (1, 6, 0));
    run.input(&changed(&run, |web| web.spec.paused = false));
    until(&mut run, Time::secs(60));
    assert_eq!(world::deployment(&run).status.updated_replicas, 6);
}
