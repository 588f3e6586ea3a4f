//! Requests that NetworkPolicies drop: they are not refused, whoever sends them waits.
#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use opscape_network::telemetry::{Outcome, Subject};
use opscape_sim::Time;

const SHOP: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: "nginx:1.27", ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: opscape.dev/v1alpha1
kind: Lab
metadata: {name: policies}
spec:
  load:
  - {name: outside, url: "http://shop.example.com/", rate: 20, arrivals: constant, at: 10s}
  - {name: friend, url: "http://web/", rate: 20, arrivals: constant, at: 10s, fromNamespace: default, fromLabels: {app: client}, timeout: 2s}
  - {name: stranger, url: "http://web/", rate: 20, arrivals: constant, at: 10s, fromNamespace: default, timeout: 2s}
"#;

const DENY: &str = "
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress: [{from: [{podSelector: {matchLabels: {app: client}}}PEERS]}]
";

/// Whether all requests of a workload ended in this way, and some did.
fn all_end(text: &str, load: &str, outcome: Outcome) -> bool {
    let mut session = common::open(text);
    while session.now() < Time::secs(45) {
        session.advance(Time::secs(45), &mut || true);
    }
    let telemetry = session.model().traffic().telemetry();
    let series = telemetry.series(&Subject::Workload(load.into())).expect("it sends");
    let point = series.between(0, 45);
    let as_said =
        if outcome == Outcome::Status(200) { point.count - point.errors() } else { point.of(outcome) };
    point.count > 0 && as_said == point.count
}

#[test]
fn only_those_come_in_whom_a_rule_names() {
    let limited = [SHOP, common::INGRESS, &DENY.replace("PEERS", "")].concat();
    assert!(all_end(&limited, "friend", Outcome::Status(200)));
    assert!(all_end(&limited, "stranger", Outcome::TimedOut));
    // The controller of ingress-nginx is a pod of another namespace: it tries three times for five seconds.
    assert!(all_end(&limited, "outside", Outcome::Status(504)));
    let peer = ", {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ingress-nginx}}}";
    assert!(all_end(
        &[SHOP, common::INGRESS, &DENY.replace("PEERS", peer)].concat(),
        "outside",
        Outcome::Status(200)
    ));
    assert!(all_end(&[SHOP, common::INGRESS].concat(), "stranger", Outcome::Status(200)));
}

#[test]
fn one_request_says_which_policy_drops_it() {
    let mut session = common::open(&[SHOP, common::INGRESS, &DENY.replace("PEERS", "")].concat());
    while session.now() < Time::secs(12) {
        session.advance(Time::secs(12), &mut || true);
    }
    let sent = session.ask("GET", "http://shop.example.com/", &[]).expect("it is sent");
    let dropped = sent.steps.iter().find(|step| step.text.plain().contains("NetworkPolicy default/web"));
    let dropped = dropped.unwrap_or_else(|| panic!("{:#?}", sent.steps));
    assert!(dropped.text.plain().ends_with("no rule lets this connection in: it is dropped."));
    assert!(dropped.line.is_some());
}
