//! Node groups that grow and shrink: what the cluster autoscaler does, says, and leaves alone.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic)]

#[path = "world/mod.rs"]
#[allow(dead_code, missing_docs, reason = "shared with other tests")]
mod world;

use std::sync::Arc;
use std::time::Duration;

use opscape_cluster::cluster_autoscaler::decision::{Blocking, Stays};
use opscape_cluster::cluster_autoscaler::{
    Expander, Fact, GROUP_LABEL, NodeGroup, NodeVerdict, PodVerdict, Settings,
};
use opscape_cluster::{Cluster, Flags, Latency, Options, Record, Request, WriteOptions};
use opscape_manifest::api::meta::MicroTime;
use opscape_manifest::api::{ConfigMap, Event as Told, Node, Object, ObjectKey, Pod};
use opscape_sim::{Run, Time};
use proptest::prelude::*;
use serde_json::json;
use world::{ByName, World, create, node, object, until};

fn group(name: &str, cpu: &str, min: u32, max: u32) -> NodeGroup {
    let Object::Node(template) = grouped(name, name, cpu) else { unreachable!() };
    NodeGroup {
        name: name.into(),
        min,
        max,
        template,
        zones: Vec::new(),
        boot_time: Duration::from_mins(1),
        price_micro: 100_000,
        priority: 0,
    }
}

/// A node of a group.
fn grouped(name: &str, group: &str, cpu: &str) -> Object {
    let mut object = node(name, cpu, 110);
    let Object::Node(node) = &mut object else { unreachable!() };
    let labels = &mut Arc::make_mut(node).metadata.labels;
    Arc::make_mut(labels).insert(GROUP_LABEL.into(), group.into());
    object
}

fn settings(groups: Vec<NodeGroup>) -> Settings {
    Settings { groups, ..Settings::default() }
}

fn site(seed: u64, settings: Settings, nodes: &[Object]) -> Run<World> {
    let flags = Flags { cluster_autoscaler: Arc::new(settings), ..Flags::default() };
    let cluster = Cluster::new(Options {
        seed,
        epoch: MicroTime(1_795_223_393_613_000),
        images: Arc::new(ByName),
        usage: opscape_cluster::metrics::idle(),
        webhooks: opscape_cluster::webhooks::none(),
        latency: Latency::default(),
        flags,
    });
    Run::new(World { cluster, last: None }, |world, context| {
        world.cluster.start(context);
        for node in nodes {
            world.cluster.create(context, node.clone(), &WriteOptions::default()).unwrap();
        }
    })
}

/// A Deployment whose pods ask for so much cpu.
fn deployment(name: &str, replicas: i32, cpu: &str, pod: &serde_json::Value) -> Object {
    let mut spec = json!({"containers": [{
        "name": "c", "image": "app", "resources": {"requests": {"cpu": cpu}},
    }]});
    for (key, value) in pod.as_object().into_iter().flatten() {
        spec[key] = value.clone();
    }
    object(json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": spec},
        },
    }))
}

fn scale(name: &str, replicas: i32) -> Request {
    let key = ObjectKey { kind: "Deployment".into(), namespace: "default".into(), name: name.into() };
    Request::Scale { key, replicas, resource_version: None, options: WriteOptions::default() }
}

fn nodes(run: &Run<World>) -> Vec<String> {
    run.model().cluster.store().list::<Node>(None).map(|node| node.metadata.name.to_string()).collect()
}

fn pods(run: &Run<World>) -> Vec<Arc<Pod>> {
    run.model().cluster.store().list::<Pod>(None).cloned().collect()
}

fn placed(run: &Run<World>) -> usize {
    pods(run).iter().filter(|pod| !pod.spec.node_name.is_empty()).count()
}

/// What was said about objects of a kind: reason and message.
fn said(run: &Run<World>, kind: &str) -> Vec<(String, String)> {
    let mut told: Vec<&Arc<Told>> = run.model().cluster.store().list::<Told>(None).collect();
    told.sort_by_key(|told| (told.first_timestamp, told.metadata.uid));
    told.into_iter()
        .filter(|told| &*told.involved_object.kind == kind)
        .filter(|told| &*told.source.component == "cluster-autoscaler")
        .map(|told| (told.reason.to_string(), told.message.to_string()))
        .collect()
}

fn facts(run: &Run<World>) -> Vec<Fact> {
    run.journal()
        .since(0)
        .filter_map(|(_, entry)| match &entry.what {
            Record::ClusterAutoscaler(fact) => Some(Fact::clone(fact)),
            _ => None,
        })
        .collect()
}

fn ready(run: &Run<World>, name: &str) -> Option<bool> {
    let node = run.model().cluster.store().get::<Node>("", name)?;
    Some(node.status.conditions.iter().any(|one| &*one.kind == "Ready" && &*one.status == "True"))
}

#[test]
fn pods_without_a_node_bring_nodes_which_boot_and_take_them() {
    let mut run = site(1, settings(vec![group("pool", "2", 1, 5)]), &[grouped("pool-1", "pool", "2")]);
    run.input(&create(deployment("web", 7, "500m", &json!({}))));
    until(&mut run, Time::secs(5));
    assert_eq!(placed(&run), 4);
    until(&mut run, Time::secs(11));
    // Three pods of 500m: one node of two CPUs.
    let Fact::ScaledUp(fact) = &facts(&run)[0] else { panic!("{:?}", facts(&run)) };
    assert_eq!((fact.from, fact.to, fact.max, fact.pods), (1, 2, 5, 3));
    let triggered = "pod triggered scale-up: [{pool 1->2 (max: 5)}]".to_owned();
    assert_eq!(said(&run, "Pod"), vec![("TriggeredScaleUp".to_owned(), triggered); 3]);
    assert_eq!(
        said(&run, "ConfigMap").iter().map(|(_, message)| message.as_str()).collect::<Vec<_>>(),
        [
            "Scale-up: setting group pool size to 2 instead of 1 (max: 5)",
            "Scale-up: group pool size set to 2 instead of 1 (max: 5)",
        ]
    );
    // The machine boots for a minute; after two thirds of it there is a node, which is not ready.
    until(&mut run, Time::secs(49));
    assert_eq!(nodes(&run), ["pool-1"]);
    until(&mut run, Time::secs(52));
    assert_eq!(ready(&run, "pool-2"), Some(false));
    until(&mut run, Time::secs(69));
    assert_eq!(placed(&run), 4);
    // No more nodes are asked for meanwhile: the pods fit on those that come.
    assert_eq!(facts(&run).len(), 1);
    let waiting = pods(&run).into_iter().find(|pod| pod.spec.node_name.is_empty()).unwrap();
    let verdict = run.model().cluster.pod_verdict(waiting.metadata.uid).unwrap();
    assert_eq!(*verdict, PodVerdict::Fits { group: "pool".into() });
    until(&mut run, Time::secs(80));
    assert_eq!(ready(&run, "pool-2"), Some(true));
    assert_eq!(placed(&run), 7);
}

#[test]
fn a_group_grows_to_its_largest_size_and_says_so() {
    let mut run = site(1, settings(vec![group("pool", "2", 0, 5)]), &[]);
    run.input(&create(deployment("web", 100, "500m", &json!({}))));
    until(&mut run, Time::secs(200));
    assert_eq!(nodes(&run).len(), 5);
    assert_eq!(placed(&run), 20);
    let refused = "pod didn't trigger scale-up: 1 max node group size reached";
    assert!(said(&run, "Pod").iter().any(|(reason, text)| reason == "NotTriggerScaleUp" && text == refused));
    let waiting = pods(&run).into_iter().find(|pod| pod.spec.node_name.is_empty()).unwrap();
    let PodVerdict::Refused(why) = run.model().cluster.pod_verdict(waiting.metadata.uid).unwrap() else {
        panic!()
    };
    assert_eq!(&*why[0].1[0], "max node group size reached");
    let map = run.model().cluster.store().get::<ConfigMap>("kube-system", "cluster-autoscaler-status");
    assert!(map.unwrap().data["status"].contains("cloudProviderTarget: 5"));
}

#[test]
fn a_pod_that_fits_on_no_node_brings_none() {
    let mut tainted = group("gpu", "8", 0, 3);
    Arc::make_mut(&mut tainted.template).spec.taints.push(opscape_manifest::api::core::Taint {
        key: "gpu".into(),
        effect: "NoSchedule".into(),
        ..Default::default()
    });
    let mut run = site(1, settings(vec![group("pool", "2", 0, 3), tainted]), &[]);
    run.input(&create(deployment("web", 1, "4", &json!({}))));
    until(&mut run, Time::secs(60));
    assert!(nodes(&run).is_empty());
    let message = "pod didn't trigger scale-up: 1 Insufficient cpu, 1 node(s) had untolerated taint(s)";
    assert_eq!(said(&run, "Pod"), [("NotTriggerScaleUp".to_owned(), message.to_owned())]);
}

#[test]
fn pods_that_stay_away_from_each_other_get_a_node_each() {
    let away = json!({"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
        {"labelSelector": {"matchLabels": {"app": "web"}}, "topologyKey": "kubernetes.io/hostname"},
    ]}}});
    let mut run = site(1, settings(vec![group("pool", "4", 0, 10)]), &[]);
    run.input(&create(deployment("web", 4, "100m", &away)));
    until(&mut run, Time::secs(100));
    assert_eq!((nodes(&run).len(), placed(&run)), (4, 4));
}

#[test]
fn pods_that_are_spread_over_hosts_get_as_many_nodes_as_the_skew_asks_for() {
    let spread = json!({"topologySpreadConstraints": [{
        "maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "web"}},
    }]});
    // Two to a node: with a skew of one the third node gets the fifth pod.
    let mut run = site(1, settings(vec![group("pool", "1", 0, 10)]), &[]);
    run.input(&create(deployment("web", 5, "500m", &spread)));
    until(&mut run, Time::secs(200));
    assert_eq!((nodes(&run).len(), placed(&run)), (3, 5));
}

#[test]
fn the_expander_chooses() {
    let run = |expander: Expander| {
        let (mut small, mut large) = (group("small", "2", 0, 9), group("large", "8", 0, 9));
        (small.priority, large.priority) = (1, 2);
        (small.price_micro, large.price_micro) = (50_000, 900_000);
        let settings = Settings { expander, ..settings(vec![small, large]) };
        let mut run = site(1, settings, &[]);
        run.input(&create(deployment("web", 3, "1", &json!({}))));
        until(&mut run, Time::secs(12));
        let Fact::ScaledUp(fact) = &facts(&run)[0] else { panic!() };
        assert_eq!(fact.options.len(), 2);
        (fact.group.to_string(), fact.to)
    };
    assert_eq!(run(Expander::LeastWaste), ("small".to_owned(), 2));
    assert_eq!(run(Expander::LeastNodes), ("large".to_owned(), 1));
    assert_eq!(run(Expander::Priority), ("large".to_owned(), 1));
    assert_eq!(run(Expander::Price), ("small".to_owned(), 2));
}

#[test]
fn nodes_that_are_not_needed_go_after_ten_minutes_and_no_sooner() {
    let mut run = site(1, settings(vec![group("pool", "2", 1, 5)]), &[grouped("pool-1", "pool", "2")]);
    run.input(&create(deployment("web", 12, "500m", &json!({}))));
    until(&mut run, Time::secs(100));
    assert_eq!(nodes(&run).len(), 3);
    run.input(&scale("web", 2));
    until(&mut run, Time::secs(150));
    // Nothing goes for ten minutes after a scale-up, but it is seen that it could.
    let unneeded = |run: &Run<World>| {
        let verdict = |name: &&str| run.model().cluster.node_verdict(name);
        ["pool-1", "pool-2", "pool-3"]
            .iter()
            .filter(|name| matches!(verdict(name), Some(NodeVerdict::Unneeded { .. })))
            .count()
    };
    assert_eq!(unneeded(&run), 2, "{:?}", run.model().cluster.node_verdict("pool-1"));
    until(&mut run, Time::secs(690));
    assert_eq!(nodes(&run).len(), 3);
    until(&mut run, Time::secs(800));
    assert_eq!(nodes(&run).len(), 1);
    assert_eq!(placed(&run), 2);
    let about_nodes = said(&run, "Node");
    assert!(
        about_nodes
            .contains(&("ScaleDown".to_owned(), "marked the node as toBeDeleted/unschedulable".to_owned()))
    );
    assert!(said(&run, "ConfigMap").iter().any(|(reason, _)| reason == "ScaleDownEmpty"));
    // The group is at its smallest.
    let left = nodes(&run).remove(0);
    until(&mut run, Time::secs(2000));
    assert_eq!(run.model().cluster.node_verdict(&left), Some(&NodeVerdict::Stays(Stays::MinSize(1))));
}

#[test]
fn pods_of_a_node_that_goes_are_moved() {
    let groups = vec![group("pool", "2", 1, 5)];
    let there = [grouped("pool-1", "pool", "2"), grouped("pool-2", "pool", "2")];
    let mut run = site(1, settings(groups), &there);
    run.input(&create(deployment("web", 2, "500m", &json!({}))));
    until(&mut run, Time::secs(900));
    assert_eq!((nodes(&run).len(), placed(&run)), (1, 2));
    let moved = ("ScaleDown".to_owned(), "deleting pod for node scale down".to_owned());
    assert_eq!(said(&run, "Pod"), [moved]);
    let log = said(&run, "ConfigMap");
    assert!(log.iter().any(|(_, text)| text.contains("utilization: {0.25 0 0 0 cpu 0.25}")), "{log:?}");
    assert!(log.iter().any(|(_, text)| text.ends_with("removed with drain")), "{log:?}");
}

#[test]
fn pods_that_must_not_be_moved_keep_their_node() {
    let bare = json!({"name": "c", "image": "app", "resources": {"requests": {"cpu": "100m"}}});
    let pod = |annotation: Option<&str>, node: &str| {
        let mut pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": format!("on-{node}")},
            "spec": {"nodeName": node, "containers": [bare]},
        });
        if let Some(value) = annotation {
            pod["metadata"]["annotations"] = json!({"cluster-autoscaler.kubernetes.io/safe-to-evict": value});
        }
        create(object(pod))
    };
    let there = [grouped("pool-1", "pool", "2"), grouped("pool-2", "pool", "2"), node("other", "2", 110)];
    let mut run = site(1, settings(vec![group("pool", "2", 0, 5)]), &there);
    run.input(&pod(None, "pool-1"));
    run.input(&pod(Some("true"), "pool-2"));
    until(&mut run, Time::secs(1000));
    assert_eq!(nodes(&run), ["other", "pool-1"]);
    let blocked = Stays::Blocked { pod: "default/on-pool-1".into(), why: Blocking::NotReplicated };
    assert_eq!(run.model().cluster.node_verdict("pool-1"), Some(&NodeVerdict::Stays(blocked)));
}

#[test]
fn local_storage_budgets_and_annotations_keep_a_node() {
    let stays = |pod: serde_json::Value, more: Option<Object>| {
        let there = [grouped("pool-1", "pool", "2"), node("other", "100m", 110)];
        let mut run = site(1, settings(vec![group("pool", "2", 0, 5)]), &there);
        run.input(&create(deployment("web", 1, "200m", &pod)));
        if let Some(object) = more {
            run.input(&create(object));
        }
        until(&mut run, Time::secs(60));
        match run.model().cluster.node_verdict("pool-1") {
            Some(NodeVerdict::Stays(Stays::Blocked { why, .. })) => Some(*why),
            Some(NodeVerdict::Stays(Stays::NoPlace { .. })) => None,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(stays(json!({}), None), None);
    let volume = json!({"volumes": [{"name": "data", "emptyDir": {}}]});
    assert_eq!(stays(volume, None), Some(Blocking::LocalStorageRequested));
    let budget = object(json!({
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "web", "namespace": "default"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}},
    }));
    assert_eq!(stays(json!({}), Some(budget)), Some(Blocking::NotEnoughPdb));
}

#[test]
fn machines_that_do_not_come_in_time_are_given_up_and_another_group_is_asked() {
    let (mut sold_out, mut other) = (group("spot", "2", 0, 5), group("regular", "2", 0, 5));
    sold_out.boot_time = Duration::from_hours(10);
    (sold_out.priority, other.priority) = (9, 1);
    let settings = Settings {
        expander: Expander::Priority,
        max_node_provision_time: Duration::from_mins(5),
        ..settings(vec![sold_out, other])
    };
    let mut run = site(1, settings, &[]);
    run.input(&create(deployment("web", 1, "1", &json!({}))));
    until(&mut run, Time::secs(300));
    assert!(nodes(&run).is_empty());
    until(&mut run, Time::secs(400));
    assert_eq!(nodes(&run), ["regular-1"]);
    let log = said(&run, "ConfigMap");
    assert!(log.iter().any(|(reason, _)| reason == "ScaleUpTimedOut"), "{log:?}");
    assert!(log.iter().any(|(_, text)| text == "Removed unregistered node spot-1"), "{log:?}");
    assert_eq!(placed(&run), 1);
}

#[test]
fn a_machine_that_somebody_takes_away_is_replaced() {
    let there = [grouped("pool-1", "pool", "2"), grouped("pool-2", "pool", "2")];
    let mut run = site(1, settings(vec![group("pool", "2", 2, 5)]), &there);
    until(&mut run, Time::secs(5));
    let key = ObjectKey { kind: "Node".into(), namespace: "".into(), name: "pool-1".into() };
    run.input(&Request::Delete(key, opscape_cluster::DeleteOptions::default()));
    until(&mut run, Time::secs(70));
    assert_eq!(nodes(&run), ["pool-2", "pool-3"]);
}

#[test]
fn without_groups_nothing_happens() {
    let mut run = site(1, Settings::default(), &[node("n", "1", 110)]);
    run.input(&create(deployment("web", 3, "1", &json!({}))));
    until(&mut run, Time::secs(3600));
    assert_eq!(nodes(&run).len(), 1);
    let store = run.model().cluster.store();
    assert!(store.get::<ConfigMap>("kube-system", "cluster-autoscaler-status").is_none());
}

#[derive(Debug, Clone)]
enum Act {
    Scale(usize, i32),
    Bare(bool),
    Wait(u64),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        (0..3usize, 0..30i32).prop_map(|(which, replicas)| Act::Scale(which, replicas)),
        any::<bool>().prop_map(Act::Bare),
        (1..900u64).prop_map(Act::Wait),
    ];
    proptest::collection::vec(act, 1..12)
}

/// Plays acts on two groups; at each event sizes are in their limits and no blocking pod has lost its node.
fn play(seed: u64, acts: &[Act]) -> Run<World> {
    let groups = vec![group("small", "2", 1, 4), group("large", "8", 0, 3)];
    let limits = [(1, 4), (0, 3)];
    let there = [grouped("small-1", "small", "2"), node("other", "2", 110)];
    let settings = Settings {
        expander: Expander::Random,
        scale_down_delay_after_add: Duration::from_mins(2),
        ..settings(groups)
    };
    let mut run = site(seed, settings, &there);
    for (at, cpu) in ["300m", "1", "3"].iter().enumerate() {
        run.input(&create(deployment(&format!("d{at}"), 0, cpu, &json!({}))));
    }
    let mut bare: Vec<String> = Vec::new();
    let mut end = Time::ZERO;
    for act in acts {
        match act {
            Act::Scale(which, replicas) => run.input(&scale(&format!("d{which}"), *replicas)),
            Act::Bare(safe) => {
                let name = format!("bare-{}", bare.len());
                bare.push(name.clone());
                run.input(&create(object(json!({
                    "apiVersion": "v1", "kind": "Pod",
                    "metadata": {"name": name, "annotations": {
                        "cluster-autoscaler.kubernetes.io/safe-to-evict": safe.to_string(),
                    }},
                    "spec": {"containers": [{
                        "name": "c", "image": "app", "resources": {"requests": {"cpu": "1500m"}},
                    }]},
                }))));
                if *safe {
                    bare.pop();
                    bare.push(String::new());
                }
            }
            Act::Wait(seconds) => {
                end += Duration::from_secs(*seconds);
                while run.handle_next(end) {
                    let cluster = &run.model().cluster;
                    for (group, (min, max)) in limits.iter().enumerate() {
                        let size = cluster.machines().filter(|(of, _)| *of == group).count();
                        let leaving = cluster
                            .machines()
                            .filter(|(of, name)| {
                                *of == group && cluster.node_verdict(name) == Some(&NodeVerdict::Leaves)
                            })
                            .count();
                        assert!(size - leaving >= *min, "{size} {leaving}");
                        assert!(size - leaving <= *max, "{size} {leaving}");
                    }
                    for name in bare.iter().filter(|name| !name.is_empty()) {
                        assert!(cluster.store().get::<Pod>("default", name).is_some(), "{name} is gone");
                    }
                }
                run.wait_until(end);
            }
        }
    }
    run
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn sizes_stay_in_their_limits_and_no_blocking_pod_loses_its_node(seed in 0..1000u64, acts in acts()) {
        let run = play(seed, &acts);
        let again = play(seed, &acts);
        let told = |run: &Run<World>| -> Vec<String> {
            run.journal().since(0).map(|(_, entry)| format!("{:?}", entry.what)).collect()
        };
        prop_assert_eq!(told(&run), told(&again));
    }
}

#[test]
fn many_kinds_of_pods_fill_several_groups_to_the_last_node() {
    let groups = vec![group("small", "1", 0, 20), group("large", "2", 0, 20), group("huge", "4", 0, 20)];
    let mut run = site(1, settings(groups), &[]);
    for number in 0..20 {
        run.input(&create(deployment(&format!("d{number}"), 20, "900m", &json!({}))));
    }
    until(&mut run, Time::secs(300));
    assert_eq!((nodes(&run).len(), placed(&run)), (60, 20 + 2 * 20 + 4 * 20));
}
