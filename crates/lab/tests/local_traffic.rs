//! `externalTrafficPolicy: Local` under load: at a node's own address, and through a load balancer.
#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use opscape_manifest::api::Pod;
use opscape_network::telemetry::{Outcome, Subject};
use opscape_sim::Time;

const WEB: &str = r#"
apiVersion: opscape.dev/v1alpha1
kind: Lab
metadata: {name: local}
spec:
  nodes: [{name: one}, {name: two}, {name: three}]
  loadBalancers: {addresses: [198.51.100.10], createTime: 1s}
  images: [{name: web, readyAfter: 1s}]
  load: [{name: visitors, at: 20s, rate: 50, timeout: 2s, arrivals: constant, url: "http://URL/"}]
---
apiVersion: v1
kind: Pod
metadata: {name: a1, labels: {app: web}}
spec: {nodeName: one, containers: [{name: c, image: web, ports: [{containerPort: 8080}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: a2, labels: {app: web}}
spec: {nodeName: one, containers: [{name: c, image: web, ports: [{containerPort: 8080}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: b, labels: {app: web}}
spec: {nodeName: two, containers: [{name: c, image: web, ports: [{containerPort: 8080}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  type: LoadBalancer
  externalTrafficPolicy: POLICY
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080, nodePort: 30080}]
"#;

/// Of all requests in a minute, in parts of a hundred: those of each pod, and those that timed out.
fn play(url: &str, policy: &str) -> ([u64; 3], u64) {
    let mut session = common::open(&WEB.replace("URL", url).replace("POLICY", policy));
    let end = Time::secs(80);
    while session.now() < end {
        session.advance(end, &mut || true);
    }
    let store = session.model().cluster().store();
    let telemetry = session.model().traffic().telemetry();
    let counts = ["a1", "a2", "b"].map(|name| {
        let pod = store.get::<Pod>("default", name).expect("it is there");
        let series = telemetry.series(&Subject::Pod(pod.metadata.uid));
        series.map_or(0, |series| series.between(20, 78).count)
    });
    let all = telemetry.series(&Subject::Workload("visitors".into())).expect("they came").between(20, 78);
    let lost = all.of(Outcome::TimedOut);
    let total = counts.iter().sum::<u64>() + lost;
    assert!(total > 2_000, "{total}");
    let percent = |count: u64| (count * 100 + total / 2) / total;
    (counts.map(percent), percent(lost))
}

#[test]
fn a_node_port_leads_to_the_pods_of_the_node_alone() {
    let (pods, lost) = play("one:30080", "Local");
    assert_eq!((pods[2], lost), (0, 0));
    assert!((40..=60).contains(&pods[0]), "{pods:?}");
    assert_eq!(play("two:30080", "Local"), ([0, 0, 100], 0));
    // Nobody is there, and no other node is asked.
    assert_eq!(play("three:30080", "Local"), ([0, 0, 0], 100));
    let (pods, lost) = play("three:30080", "Cluster");
    assert!(pods.iter().all(|share| (25..=42).contains(share)) && lost == 0, "{pods:?} {lost}");
}

#[test]
fn a_load_balancer_shares_evenly_among_nodes_and_not_among_pods() {
    let (pods, lost) = play("198.51.100.10", "Local");
    assert!((45..=55).contains(&pods[2]) && lost == 0, "{pods:?} {lost}");
    assert!((19..=31).contains(&pods[0]) && (19..=31).contains(&pods[1]), "{pods:?}");
    let (pods, _) = play("198.51.100.10", "Cluster");
    assert!(pods.iter().all(|share| (25..=42).contains(share)), "{pods:?}");
}
