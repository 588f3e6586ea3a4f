//! What each strategy of a Rollout promises, under load.
#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use common::{INGRESS, SERVICE, open};
use opscape_lab::scene::{Level, RolloutState};
use opscape_lab::{Act, Session};
use opscape_network::telemetry::{Outcome, Point, Subject};
use opscape_sim::Time;

/// Requests per second.
const RATE: f64 = 200.0;
/// The share of requests that version 2 answers with 500.
const ERRORS: f64 = 0.2;

/// A shop as a Rollout behind an nginx Ingress, with `strategy` and more documents.
fn shop(strategy: &str, more: &str) -> String {
    format!(
        "apiVersion: opscape.dev/v1alpha1
kind: Lab
spec:
  images:
  - name: shop:1.0
    readyAfter: 4s
    serve: {{concurrency: 64, time: 10ms}}
  - name: shop:2.0
    readyAfter: 4s
    serve: {{concurrency: 64, time: 10ms, errorRate: {ERRORS}}}
  load:
  - {{name: shoppers, url: 'http://shop.example.com/', rate: {RATE}, at: 20s}}
---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {{name: web}}
spec:
  replicas: 5
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      containers:
      - name: web
        image: shop:1.0
        ports: [{{containerPort: 8080}}]
        readinessProbe: {{httpGet: {{path: /, port: 8080}}, periodSeconds: 1}}
        lifecycle: {{preStop: {{sleep: {{seconds: 5}}}}}}
  strategy:
{strategy}
{SERVICE}---
apiVersion: v1
kind: Service
metadata: {{name: web-next}}
spec:
  selector: {{app: web}}
  ports: [{{port: 80, targetPort: 8080}}]
{INGRESS}{more}"
    )
}

const ROUTED: &str = "    canary:
      stableService: web
      canaryService: web-next
      trafficRouting: {nginx: {stableIngress: shop}}
      steps:";

fn play(session: &mut Session, secs: u64) {
    session.advance(Time::secs(secs), &mut || true);
}

fn act(session: &mut Session, act: Act) {
    if let Err(refused) = session.act(act) {
        panic!("{refused:#?}");
    }
}

fn run(session: &mut Session, line: &str) {
    act(session, Act::Run { line: line.into() });
}

fn update(session: &mut Session, text: &str) {
    act(session, Act::Apply { text: text.replace("image: shop:1.0", "image: shop:2.0").into() });
}

fn seen(session: &Session, subject: &Subject, from: u32, to: u32) -> Point {
    let telemetry = session.model().traffic().telemetry();
    telemetry.series(subject).map_or_else(Point::default, |series| series.between(from, to))
}

/// Requests that pods of a revision got from second `from` to second `to`.
fn version(session: &Session, revision: u32, from: u32, to: u32) -> Point {
    seen(session, &Subject::Version("default".into(), "web".into(), revision), from, to)
}

fn clients(session: &Session, from: u32, to: u32) -> Point {
    seen(session, &Subject::Workload("shoppers".into()), from, to)
}

/// Seconds in which both versions got requests.
fn mixed(session: &Session, from: u32, to: u32) -> Vec<u32> {
    let both =
        |second: &u32| (1..=2).all(|revision| version(session, revision, *second, *second + 1).count > 0);
    (from..to).filter(both).collect()
}

/// Whether `count` of `of` is what a share of `share` gives, within four standard deviations.
fn within_sampling_error(count: u64, of: u64, share: f64) -> bool {
    let (count, of) = (count as f64, of as f64);
    (count - of * share).abs() <= 4.0 * (of * share * (1.0 - share)).sqrt()
}

#[test]
fn blue_green_moves_all_requests_at_one_instant_and_back() {
    let text = shop(
        "    blueGreen: {activeService: web, previewService: web-next, autoPromotionEnabled: false, scaleDownDelaySeconds: 60}",
        "",
    );
    let mut session = open(&text);
    play(&mut session, 40);
    update(&mut session, &text);
    play(&mut session, 70);
    assert_eq!(version(&session, 2, 0, 70).count, 0, "nobody meets the preview");
    run(&mut session, "kubectl argo rollouts promote web");
    play(&mut session, 90);
    // The proxy learns of the switch within its own delay; all of it falls into one or two seconds.
    let switch = mixed(&session, 60, 90);
    assert!(switch.len() <= 2 && switch.iter().all(|second| (70..75).contains(second)), "{switch:?}");
    assert_eq!(version(&session, 1, 75, 90).count, 0);
    let bad = version(&session, 2, 75, 90);
    assert!((bad.count as f64 / 15.0 / RATE - 1.0).abs() < 0.1, "{}", bad.count);
    run(&mut session, "kubectl argo rollouts undo web");
    play(&mut session, 110);
    // The old pods still run: back takes no start of a pod. They are revision 3 now.
    assert_eq!(version(&session, 2, 93, 110).count, 0);
    let all = clients(&session, 95, 110);
    assert_eq!(all.errors(), 0);
    assert!((all.count as f64 / 15.0 / RATE - 1.0).abs() < 0.1, "{}", all.count);
}

#[test]
fn a_canary_gets_its_weight_of_the_requests_and_abort_returns_to_stable() {
    let text = shop(
        &format!(
            "{ROUTED}\n      - setWeight: 10\n      - pause: {{}}\n      - setWeight: 40\n      - pause: {{}}"
        ),
        "",
    );
    let mut session = open(&text);
    play(&mut session, 40);
    update(&mut session, &text);
    play(&mut session, 120);
    for (from, to, weight) in [(60, 120, 0.1), (140, 200, 0.4)] {
        play(&mut session, u64::from(to));
        let (old, new) = (version(&session, 1, from, to).count, version(&session, 2, from, to).count);
        assert!(within_sampling_error(new, old + new, weight), "{new} of {} at {weight}", old + new);
        run(&mut session, "kubectl argo rollouts promote web");
        // At 200 s: aborted right after.
    }
    run(&mut session, "kubectl argo rollouts abort web");
    play(&mut session, 230);
    let (old, new) = (version(&session, 1, 205, 230).count, version(&session, 2, 205, 230).count);
    assert!(new == 0 && (old as f64 / 25.0 / RATE - 1.0).abs() < 0.1, "{old} and {new}");
    assert_eq!(clients(&session, 205, 230).errors(), 0);
    let scene = session.scene(Some(Level::Near));
    assert_eq!(scene.rollouts.first().map(|strip| strip.state), Some(RolloutState::Aborted));
}

#[test]
fn the_harm_of_a_bad_version_is_what_weight_and_time_say() {
    let template = "---
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: errors}
spec:
  metrics:
  - name: error-rate
    interval: 10s
    count: 3
    successCondition: result[0] < 0.05
    provider:
      prometheus:
        address: http://prometheus:9090
        query: |
          sum(rate(http_requests_total{service=\"web-next\", code=~\"5..\"}[30s])) /
          sum(rate(http_requests_total{service=\"web-next\"}[30s]))
";
    let steps = "\n      - setWeight: 20\n      - pause: {duration: 40s}\n      - analysis: {templates: [{templateName: errors}]}";
    let text = shop(&format!("{ROUTED}{steps}"), template);
    let mut session = open(&text);
    play(&mut session, 40);
    update(&mut session, &text);
    play(&mut session, 160);
    // From the first to the last second in which the canary got requests: the pause, and what the analysis took.
    let met: Vec<u32> =
        (40..160).filter(|second| version(&session, 2, *second, second + 1).count > 0).collect();
    let (Some(first), Some(last)) = (met.first(), met.last()) else { panic!("nobody met the canary") };
    let secs = f64::from(last + 1 - first);
    assert!((40.0..=46.0).contains(&secs), "{secs} s: 40 s of pause, one measurement, and the reloads");
    let harm = RATE * 0.2 * ERRORS * secs;
    let failed = clients(&session, 20, 160).of(Outcome::Status(500)) as f64;
    assert!((failed - harm).abs() < 4.0 * harm.sqrt() + RATE * 0.2 * ERRORS * 2.0, "{failed} of {harm}");
    assert_eq!(clients(&session, last + 2, 160).errors(), 0);
}
