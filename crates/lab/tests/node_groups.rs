//! Node groups of a Lab document: they grow and shrink, and why is said in both languages.
#![expect(clippy::panic, clippy::expect_used, reason = "helpers of tests")]

mod common;

use opscape_lab::{Lang, Session};
use opscape_manifest::api::{Node, ObjectKey, Pod};
use opscape_sim::Time;

const LAB: &str = r#"
apiVersion: opscape.dev/v1alpha1
kind: Lab
metadata: {name: groups}
spec:
  nodes:
  - {name: base, cpu: 1, memory: 2Gi}
  - {name: pool, min: 0, max: 5, instanceType: m5.large, cpu: 2, memory: 8Gi, price: 0.096, bootTime: 30s, zones: [a, b]}
  clusterAutoscaler: {scaleDownUnneededTime: 1m, scaleDownDelayAfterAdd: 2m}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 100
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: "nginx:1.27", resources: {requests: {cpu: 250m, memory: 64Mi}}}]}
"#;

fn at(lang: Lang, seconds: u64) -> Session {
    let mut session = common::open(LAB);
    session.set_lang(lang);
    go(&mut session, seconds);
    session
}

fn go(session: &mut Session, seconds: u64) {
    while session.now() < Time::secs(seconds) {
        session.advance(Time::secs(seconds), &mut || true);
    }
}

fn rows(session: &Session, kind: &str, namespace: &str, name: &str) -> Vec<(String, String)> {
    let key = ObjectKey { kind: kind.into(), namespace: namespace.into(), name: name.into() };
    let inspection = session.inspect(&key).unwrap_or_else(|| panic!("{key} is not there"));
    inspection.why.rows.iter().map(|row| (row.text.plain(), row.rule.plain())).collect()
}

fn waiting(session: &Session) -> String {
    let pods = session.model().cluster().store().list::<Pod>(None);
    let waiting = pods.filter(|pod| pod.spec.node_name.is_empty()).last();
    waiting.expect("a pod that waits").metadata.name.to_string()
}

#[test]
fn a_hundred_replicas_bring_five_nodes_and_no_more() {
    let session = at(Lang::En, 120);
    let store = session.model().cluster().store();
    let nodes: Vec<(String, Option<&str>)> = store
        .list::<Node>(None)
        .map(|node| (node.metadata.name.to_string(), node.metadata.label("topology.kubernetes.io/zone")))
        .collect();
    let zones = ["a", "b", "a", "b", "a"].map(Some);
    let pool = (1..).zip(zones).map(|(number, zone)| (format!("pool-{number}"), zone));
    let wanted: Vec<_> = [("base".to_owned(), None)].into_iter().chain(pool).collect();
    assert_eq!(nodes, wanted);
    assert_eq!(store.list::<Pod>(None).filter(|pod| !pod.spec.node_name.is_empty()).count(), 44);
    let pool = store.get::<Node>("", "pool-3").expect("the third");
    assert_eq!(pool.metadata.label("node.kubernetes.io/instance-type"), Some("m5.large"));
    assert_eq!(pool.metadata.annotation("opscape.dev/price-per-hour"), Some("0.096"));
    let rows = rows(&session, "Pod", "default", &waiting(&session));
    assert_eq!(rows[0].1, "no node group can help: pool: max node group size reached");
}

#[test]
fn a_node_that_was_added_leads_back_to_the_pods_that_had_none() {
    let session = at(Lang::En, 45);
    let rows = rows(&session, "Node", "", "pool-1");
    let grown = rows.iter().find(|(text, _)| text.contains("grew")).unwrap_or_else(|| panic!("{rows:#?}"));
    assert_eq!(grown.0, "The cluster autoscaler grew node group pool from 0 to 5.");
    assert_eq!(grown.1, "40 pods without a node fit on 5 new nodes · at most 5");
    assert!(rows.last().is_some_and(|(text, _)| text.starts_with("You applied")), "{rows:#?}");
    let session = at(Lang::Ko, 45);
    let rows = self::rows(&session, "Node", "", "pool-1");
    assert!(
        rows.iter()
            .any(|(text, _)| text == "클러스터 오토스케일러가 노드 그룹 pool을 0개에서 5개로 늘렸습니다."),
        "{rows:#?}"
    );
}

#[test]
fn a_node_says_why_it_stays_and_goes_when_it_is_not_needed() {
    let mut session = at(Lang::En, 100);
    let rule = |session: &Session, node: &str| rows(session, "Node", "", node).remove(0).1;
    assert_eq!(rule(&session, "pool-1"), "stays: 100 % of its cpu requested, threshold 50 %");
    let scale = opscape_lab::Act::Scale {
        workload: ObjectKey { kind: "Deployment".into(), namespace: "default".into(), name: "web".into() },
        replicas: 5,
    };
    session.act(scale).expect("nothing stands against it");
    go(&mut session, 125);
    let nodes = ["pool-1", "pool-2", "pool-3", "pool-4", "pool-5"];
    let unneeded: Vec<&str> =
        nodes.into_iter().filter(|node| rule(&session, node).starts_with("not needed since")).collect();
    assert!(unneeded.len() >= 3, "{unneeded:?} {:?}", nodes.map(|node| rule(&session, node)));
    go(&mut session, 400);
    let left = session.model().cluster().store().list::<Node>(None).count();
    assert!(left <= 3, "{left}");
    let pods = session.model().cluster().store().list::<Pod>(None);
    assert_eq!(pods.filter(|pod| !pod.spec.node_name.is_empty()).count(), 5);
}

#[test]
fn nodes_cost_what_the_lab_says_from_their_order_to_their_end() {
    let mut session = at(Lang::En, 9);
    assert!(session.model().cost().is_nothing() && session.scene(None).cost.is_none());
    // Five machines are ordered at 10 s: each costs 0.096 dollars per hour from then on.
    go(&mut session, 46);
    let cost = *session.model().cost();
    assert_eq!(cost.per_hour, 480_000);
    assert!((cost.up_to(Time::secs(46)) - 480_000.0 * 36.0 / 3600.0).abs() < 1e-6);
    let scene = session.scene(None);
    assert_eq!(scene.cost, Some(cost));
    let node = scene.nodes.iter().find(|node| &*node.name == "pool-2").expect("a node of the group");
    assert_eq!((&*node.group, node.price), ("pool", 96_000));
    let key = ObjectKey { kind: "Deployment".into(), namespace: "default".into(), name: "web".into() };
    session.act(opscape_lab::Act::Scale { workload: key, replicas: 0 }).expect("nothing stands against it");
    go(&mut session, 400);
    assert_eq!(session.model().cost().per_hour, 0);
    let total = session.model().cost().up_to(session.now());
    // Back in time it is what it was.
    session.seek(Time::secs(46));
    assert_eq!(*session.model().cost(), cost);
    go(&mut session, 400);
    assert_eq!(session.model().cost().up_to(session.now()).to_bits(), total.to_bits());
}

#[test]
fn a_node_of_its_own_costs_until_it_is_removed() {
    let text = "apiVersion: opscape.dev/v1alpha1\nkind: Lab\nmetadata: {name: plain}\nspec: {nodes: [{name: a, price: 1.5}, {name: b, price: 500m}]}\n";
    let mut session = common::open(text);
    assert_eq!(session.model().cost().per_hour, 2_000_000);
    go(&mut session, 10);
    session.act(opscape_lab::Act::RemoveNode { node: "a".into() }).expect("nothing stands against it");
    assert_eq!(session.model().cost().per_hour, 500_000);
}
