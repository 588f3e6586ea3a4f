//! Requests in the logs of those who answered them, and of the controller that let them in.
#![expect(clippy::panic, clippy::expect_used, reason = "helpers of tests")]

mod common;

use common::{lab, open};
use opscape_lab::Session;
use opscape_lab::logs::LogQuery;
use opscape_manifest::api::Pod;
use opscape_network::telemetry::{Point, Subject};
use opscape_sim::Time;

const CONTROLLER: &str = "---
apiVersion: apps/v1
kind: Deployment
metadata: {name: controller}
spec:
  replicas: 2
  selector: {matchLabels: {app: controller}}
  template:
    metadata: {labels: {app: controller}}
    spec:
      containers:
      - {name: controller, image: 'registry.k8s.io/ingress-nginx/controller:v1.12.1'}
";

fn go(session: &mut Session, seconds: u64) {
    while session.now() < Time::secs(seconds) {
        session.advance(Time::secs(seconds), &mut || true);
    }
}

fn pods(session: &Session, app: &str) -> Vec<(String, String, String)> {
    let pods = session.cluster().store().list::<Pod>(None);
    let pods = pods.filter(|pod| pod.metadata.label("app").is_some_and(|label| *label == *app));
    pods.map(|pod| {
        let meta = &pod.metadata;
        (meta.namespace.to_string(), meta.name.to_string(), pod.status.pod_ip.to_string())
    })
    .collect()
}

/// The lines of all pods of an app that tell of requests of the seconds from one to another.
fn lines(session: &Session, app: &str, from: u64, to: u64) -> Vec<String> {
    let epoch = session.cluster().options().epoch.0;
    let mut all = Vec::new();
    for (namespace, pod, _) in pods(session, app) {
        let query = LogQuery { namespace: &namespace, pod: &pod, ..LogQuery::default() };
        let log = session.logs(query).unwrap_or_else(|status| panic!("{status:?}"));
        let within = |at: i64| (from as i64..to as i64).contains(&((at - epoch) / 1_000_000));
        all.extend(log.lines.into_iter().filter(|line| within(line.at.0)).map(|line| line.text));
    }
    all.retain(|line| line.contains("GET /") && !line.contains("kube-probe"));
    all
}

fn measured(session: &Session, subject: &Subject, from: u32, to: u32) -> Point {
    let series = session.model().traffic().telemetry().series(subject);
    series.expect("it is measured").between(from, to)
}

#[test]
fn each_request_is_a_line_of_who_answered_and_of_who_let_it_in() {
    let mut session = open(&lab("ingress-routing"));
    go(&mut session, 16);
    let entry = Subject::Entry("Ingress".into(), "default".into(), "shop".into());
    let service = Subject::Service("default".into(), "web".into());
    let access = lines(&session, "controller", 8, 15);
    assert_eq!(access.len() as u64, measured(&session, &entry, 8, 15).count);
    let answered = lines(&session, "web", 8, 15);
    assert_eq!(answered.len() as u64, measured(&session, &service, 8, 15).count);
    let addresses: Vec<String> =
        pods(&session, "web").into_iter().map(|(_, _, ip)| format!(" {ip}:8080 ")).collect();
    for line in &access {
        assert!(line.contains("[default-web-80] [] "), "{line}");
        assert!(addresses.iter().any(|address| line.contains(address)), "{line}");
    }
    let items = access.iter().filter(|line| line.contains("\"GET /api/items HTTP/1.1\" 200 47 ")).count();
    assert!(items > access.len() / 8 && items < access.len() / 2, "{items} of {}", access.len());
    // Going back gives the same lines.
    go(&mut session, 40);
    session.seek(Time::secs(16));
    assert_eq!(lines(&session, "controller", 8, 15), access);
}

#[test]
fn a_controller_says_which_pods_it_tried() {
    let mut session = open(&(lab("rollout-errors") + CONTROLLER));
    go(&mut session, 38);
    let failed: Vec<String> =
        lines(&session, "controller", 35, 38).into_iter().filter(|line| line.contains("\" 502 ")).collect();
    assert!(failed.len() > 100, "{}", failed.len());
    for line in &failed {
        assert!(line.contains(" 0, 0, 0 0.000, 0.000, 0.000 502, 502, 502 "), "{line}");
        assert_eq!(line.matches(":8080").count(), 3, "{line}");
    }
    // Each of the two has its own clients; phones come through the Gateway, not here.
    let all = lines(&session, "controller", 20, 28);
    let entry = Subject::Entry("Ingress".into(), "default".into(), "shop".into());
    assert_eq!(all.len() as u64, measured(&session, &entry, 20, 28).count);
    assert!(lines(&session, "web", 35, 38).is_empty(), "who does not listen logs nothing");
}

#[test]
fn a_backend_logs_the_path_that_it_gets() {
    let mut session = open(&lab("ingress-to-gateway"));
    go(&mut session, 12);
    let api = lines(&session, "api", 8, 12);
    assert!(api.len() > 30 && api.iter().all(|line| line.contains(" GET /items 200 ")), "{:?}", api.first());
    let all = session.logs(LogQuery {
        namespace: "default",
        pod: &pods(&session, "api")[0].1,
        ..LogQuery::default()
    });
    let next = all.expect("a log").next;
    assert!(next.is_some_and(|next| next <= Time::secs(13)), "kubectl logs -f goes on");
}
