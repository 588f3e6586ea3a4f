//! What Services and Ingresses make of who asks: session affinity, and limits of the rate.
#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use opscape_lab::Session;
use opscape_manifest::api::Pod;
use opscape_network::telemetry::{Outcome, Point, Subject};
use opscape_sim::Time;

const SHOP: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 4
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: "nginx:1.27", ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}], AFFINITY}
---
apiVersion: opscape.dev/v1alpha1
kind: Lab
metadata: {name: clients}
spec:
  load: [{name: clients, at: 15s, LOAD}]
"#;

fn play(affinity: &str, annotations: &str, load: &str) -> Session {
    let shop = SHOP.replace("AFFINITY", affinity).replace("LOAD", load);
    let named = format!("{{name: shop, annotations: {{{annotations}}}}}");
    let text = [shop, common::INGRESS.replace("{name: shop}", &named)].concat();
    let mut session = common::open(&text);
    while session.now() < Time::secs(45) {
        session.advance(Time::secs(45), &mut || true);
    }
    session
}

fn seen(session: &Session, subject: &Subject) -> Option<Point> {
    Some(session.model().traffic().telemetry().series(subject)?.between(0, 45))
}

/// How many pods had requests.
fn pods(session: &Session) -> usize {
    let pods = session.model().cluster().store().list::<Pod>(None);
    pods.filter(|pod| seen(session, &Subject::Pod(pod.metadata.uid)).is_some_and(|point| point.count > 0))
        .count()
}

#[test]
fn a_service_keeps_a_client_if_it_is_told_to() {
    let one = r#"url: "http://web/", fromNamespace: default, clients: 1, thinkTime: 100ms"#;
    assert_eq!(pods(&play("sessionAffinity: None", "", one)), 4);
    assert_eq!(pods(&play("sessionAffinity: ClientIP", "", one)), 1);
    let many = r#"url: "http://web/", fromNamespace: default, clients: 40, thinkTime: 100ms"#;
    assert_eq!(pods(&play("sessionAffinity: ClientIP", "", many)), 4);
    // Away for longer than the time-out: another one.
    let brief = "sessionAffinity: ClientIP, sessionAffinityConfig: {clientIP: {timeoutSeconds: 1}}";
    let seldom = r#"url: "http://web/", fromNamespace: default, clients: 1, thinkTime: 2s"#;
    assert!(pods(&play(brief, "", seldom)) > 1);
}

#[test]
fn a_cookie_keeps_a_browser_at_its_pod() {
    let one = r#"url: "http://shop.example.com/", clients: 1, thinkTime: 100ms"#;
    assert_eq!(pods(&play("", "", one)), 4);
    let cookie = r#"nginx.ingress.kubernetes.io/affinity: "cookie""#;
    assert_eq!(pods(&play("", cookie, one)), 1);
}

#[test]
fn an_ingress_limits_how_fast_an_address_may_ask() {
    let limit = r#"nginx.ingress.kubernetes.io/limit-rps: "5""#;
    let clients = |annotations, load| {
        let session = play("", annotations, load);
        seen(&session, &Subject::Workload("clients".into())).unwrap_or_else(|| panic!("{load}"))
    };
    let crawler = r#"url: "http://shop.example.com/", rate: 50, arrivals: constant, addresses: 1"#;
    assert_eq!(clients("", crawler).errors(), 0);
    let point = clients(limit, crawler);
    // 26 at once, then five per second for thirty seconds.
    let fine = point.count - point.of(Outcome::Status(503));
    assert!((170..182).contains(&fine), "{fine} of {}", point.count);
    let people = r#"url: "http://shop.example.com/", rate: 50, arrivals: constant"#;
    assert_eq!(clients(limit, people).errors(), 0);
}
