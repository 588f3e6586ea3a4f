//! What the ways of replacing a version that need no controller of their own promise, under load: numbers computed by hand.
#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use common::{INGRESS, SERVICE, open};
use opscape_lab::{Act, Session};
use opscape_network::telemetry::{Outcome, Point, Subject};
use opscape_sim::Time;

/// Requests per second.
const RATE: f64 = 200.0;
/// The share of requests that version 2 answers with 500.
const ERRORS: f64 = 0.2;

fn lab() -> String {
    format!(
        "apiVersion: opscape.dev/v1alpha1
kind: Lab
spec:
  images:
  - {{name: shop:1.0, pullTime: 1s, startTime: 500ms, readyAfter: 4s, shutdownTime: 1s, serve: {{concurrency: 64, time: 10ms}}}}
  - {{name: shop:2.0, pullTime: 1s, startTime: 500ms, readyAfter: 4s, shutdownTime: 1s, serve: {{concurrency: 64, time: 10ms, errorRate: {ERRORS}}}}}
  load:
  - {{name: shoppers, url: 'http://shop.example.com/', rate: {RATE}, at: 20s}}
"
    )
}

/// A Deployment whose pods have the labels `app: web` and `version`.
fn deployment(name: &str, replicas: u32, version: &str, more: &str) -> String {
    format!(
        "---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: web, version: {name}}}}}
{more}  template:
    metadata: {{labels: {{app: web, version: {name}}}}}
    spec:
      containers:
      - name: web
        image: shop:{version}
        ports: [{{containerPort: 8080}}]
        readinessProbe: {{httpGet: {{path: /, port: 8080}}, periodSeconds: 1}}
        lifecycle: {{preStop: {{sleep: {{seconds: 5}}}}}}
"
    )
}

fn service(name: &str, version: &str) -> String {
    format!(
        "---
apiVersion: v1
kind: Service
metadata: {{name: {name}}}
spec: {{selector: {{app: web, version: {version}}}, ports: [{{port: 80, targetPort: 8080}}]}}
"
    )
}

fn play(session: &mut Session, secs: u64) {
    session.advance(Time::secs(secs), &mut || true);
}

fn run(session: &mut Session, line: &str) {
    if let Err(refused) = session.act(Act::Run { line: line.into() }) {
        panic!("{refused:#?}");
    }
}

fn apply(session: &mut Session, text: &str) {
    if let Err(refused) = session.act(Act::Apply { text: text.into() }) {
        panic!("{refused:#?}");
    }
}

fn seen(session: &Session, subject: &Subject, from: u32, to: u32) -> Point {
    let telemetry = session.model().traffic().telemetry();
    telemetry.series(subject).map_or_else(Point::default, |series| series.between(from, to))
}

fn version(session: &Session, name: &str, revision: u32, from: u32, to: u32) -> Point {
    seen(session, &Subject::Version("default".into(), name.into(), revision), from, to)
}

fn clients(session: &Session, from: u32, to: u32) -> Point {
    seen(session, &Subject::Workload("shoppers".into()), from, to)
}

/// Whether `count` of `of` is what a share of `share` gives, within four standard deviations.
fn within_sampling_error(count: u64, of: u64, share: f64) -> bool {
    let (count, of) = (count as f64, of as f64);
    (count - of * share).abs() <= 4.0 * (of * share * (1.0 - share)).sqrt()
}

#[test]
fn a_canary_by_replicas_gets_the_share_of_its_pods() {
    let both = |stable, canary| {
        [lab(), deployment("stable", stable, "1.0", ""), deployment("canary", canary, "2.0", "")].concat()
            + SERVICE
            + INGRESS
    };
    let mut session = open(&both(9, 1));
    play(&mut session, 80);
    // One of ten pods behind the one Service.
    let (old, new) =
        (version(&session, "stable", 1, 30, 80).count, version(&session, "canary", 1, 30, 80).count);
    assert!(within_sampling_error(new, old + new, 0.1), "{new} of {}", old + new);
    // And one in five of its requests fails: 200/s x 0.1 x 0.2 x 50 s = 200.
    let failed = clients(&session, 30, 80).of(Outcome::Status(500));
    assert!(within_sampling_error(failed, old + new, 0.1 * ERRORS), "{failed}");
    // Finer than a pod it cannot be: 5 % of 10 pods takes 20.
    run(&mut session, "kubectl scale deployment/canary --replicas=3");
    play(&mut session, 150);
    let (old, new) =
        (version(&session, "stable", 1, 100, 150).count, version(&session, "canary", 1, 100, 150).count);
    assert!(within_sampling_error(new, old + new, 3.0 / 12.0), "{new} of {}", old + new);
    // Back is a scale to 0: the pods go on answering for the news to spread, then nobody meets them.
    run(&mut session, "kubectl scale deployment/canary --replicas=0");
    play(&mut session, 190);
    assert_eq!(version(&session, "canary", 1, 160, 190).count, 0);
    assert_eq!(clients(&session, 160, 190).errors(), 0);
}

/// Both versions with a Service each, behind a Gateway with these weights.
fn routed(stable: u32, canary: u32) -> String {
    [
        lab(),
        deployment("stable", 4, "1.0", ""),
        deployment("canary", 2, "2.0", ""),
        service("web", "stable"),
        service("web-canary", "canary"),
        format!(
            "---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {{name: eg}}
spec: {{controllerName: gateway.envoyproxy.io/gatewayclass-controller}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: public}}
spec:
  gatewayClassName: eg
  listeners: [{{name: http, protocol: HTTP, port: 80}}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: shop}}
spec:
  parentRefs: [{{name: public}}]
  hostnames: [shop.example.com]
  rules:
  - backendRefs:
    - {{name: web, port: 80, weight: {stable}}}
    - {{name: web-canary, port: 80, weight: {canary}}}
"
        ),
    ]
    .concat()
}

#[test]
fn weights_of_an_http_route_are_the_shares_of_requests_whatever_the_pods() {
    let mut session = open(&routed(95, 5));
    // 5 % -> 25 % -> 50 % -> 100 %, 60 s each; weights are relative: 1 to 1 is a half.
    let mut end = 90;
    play(&mut session, u64::from(end));
    for (weights, share) in [((95, 5), 0.05), ((75, 25), 0.25), ((1, 1), 0.5), ((0, 1), 1.0)] {
        if share > 0.05 {
            apply(&mut session, &routed(weights.0, weights.1));
            end += 60;
            play(&mut session, u64::from(end));
        }
        let from = end - 50;
        let new = version(&session, "canary", 1, from, end).count;
        let all = new + version(&session, "stable", 1, from, end).count;
        assert!((all as f64 / 50.0 / RATE - 1.0).abs() < 0.05, "{all}");
        assert!(within_sampling_error(new, all, share), "{new} of {all} at {share}");
        let failed = clients(&session, from, end).of(Outcome::Status(500));
        assert!(within_sampling_error(failed, all, share * ERRORS), "{failed} of {all} at {share}");
    }
    apply(&mut session, &routed(1, 0));
    play(&mut session, u64::from(end) + 30);
    assert_eq!(version(&session, "canary", 1, end + 3, end + 30).count, 0);
    assert_eq!(clients(&session, end + 3, end + 30).errors(), 0);
}

#[test]
fn an_ingress_that_names_the_other_service_moves_all_requests_at_once_and_back() {
    let text = |backend: &str| {
        [
            lab(),
            deployment("blue", 4, "1.0", ""),
            deployment("green", 4, "2.0", ""),
            service("web", "blue"),
            service("web-green", "green"),
            INGRESS.replace("service: {name: web,", &format!("service: {{name: {backend},")),
        ]
        .concat()
    };
    let mut session = open(&text("web"));
    play(&mut session, 50);
    assert_eq!(version(&session, "green", 1, 20, 50).count, 0, "nobody meets green before");
    apply(&mut session, &text("web-green"));
    play(&mut session, 70);
    apply(&mut session, &text("web"));
    play(&mut session, 100);
    // nginx is loaded anew once, a second or two after each change; the change itself is one instant.
    let met: Vec<u32> =
        (50..100).filter(|second| version(&session, "green", 1, *second, second + 1).count > 0).collect();
    let both: Vec<u32> = met
        .iter()
        .copied()
        .filter(|second| version(&session, "blue", 1, *second, second + 1).count > 0)
        .collect();
    assert!(both.len() <= 4, "{both:?}");
    assert!(met.first().is_some_and(|first| (50..=53).contains(first)), "{met:?}");
    assert!(met.last().is_some_and(|last| (70..=73).contains(last)), "{met:?}");
    // 20 s of all users, a fifth of whom see an error.
    let harm = RATE * 20.0 * ERRORS;
    let failed = clients(&session, 20, 100).of(Outcome::Status(500)) as f64;
    assert!((failed - harm).abs() < 4.0 * harm.sqrt() + 2.0 * RATE * ERRORS, "{failed} of {harm}");
    assert_eq!(clients(&session, 75, 100).errors(), 0);
}

#[test]
fn recreate_never_runs_both_and_is_down_for_as_long_as_a_pod_takes_to_start() {
    let text = |version| {
        let more = "  strategy: {type: Recreate}\n";
        [lab(), deployment("web", 4, version, more)].concat() + SERVICE + INGRESS
    };
    let mut session = open(&text("1.0"));
    play(&mut session, 50);
    apply(&mut session, &text("2.0"));
    play(&mut session, 100);
    let met = |revision: u32, second: u32| version(&session, "web", revision, second, second + 1).count > 0;
    assert_eq!((20..100).filter(|second| met(1, *second) && met(2, *second)).count(), 0);
    // No second before the old ones have gone (5 s of preStop and 1 s to end) does the first new one start; it takes 1 s to
    // pull, 0.5 s to start, 4 s until it listens, and up to 1 s until its probe is asked. Until then nobody answers: the old
    // ones have left the endpoints at once, and nginx has heard of it within its 3 s at most.
    let down: Vec<u32> = (45..100).filter(|second| !met(1, *second) && !met(2, *second)).collect();
    let (Some(first), Some(last)) = (down.first().copied(), down.last().copied()) else {
        panic!("never down")
    };
    assert_eq!(down.len() as u32, last + 1 - first, "once: {down:?}");
    assert!((50..=53).contains(&first), "{down:?}");
    assert!((10..=14).contains(&down.len()), "{down:?}");
    let failed = clients(&session, first, last + 1);
    assert_eq!(failed.of(Outcome::Status(503)), failed.errors(), "{failed:?}");
    assert!((failed.errors() as f64 / down.len() as f64 / RATE - 1.0).abs() < 0.1, "{failed:?}");
    // The same for going back: nothing is kept running for it.
    run(&mut session, "kubectl rollout undo deployment/web");
    play(&mut session, 140);
    assert!(clients(&session, 100, 140).of(Outcome::Status(503)) as f64 > 9.0 * RATE);
    assert_eq!(clients(&session, 120, 140).errors(), 0);
}
