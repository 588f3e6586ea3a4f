//! "Why five replicas?": the formula with its numbers, in both languages.
#![expect(clippy::panic, clippy::expect_used, reason = "helpers of tests")]

mod common;

use opscape_lab::{Lang, Session};
use opscape_manifest::api::ObjectKey;
use opscape_sim::Time;

/// A container that idles uses 1m: all of what this one requests, twice the target.
const TEXT: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: "nginx:1.27", resources: {requests: {cpu: 1m}}}]}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 2
  maxReplicas: 5
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}]
"#;

fn rows(session: &Session, kind: &str) -> Vec<(String, String)> {
    let key = ObjectKey { kind: kind.into(), namespace: "default".into(), name: "web".into() };
    let inspection = session.inspect(&key).unwrap_or_else(|| panic!("{key} is not there"));
    inspection.why.rows.iter().map(|row| (row.text.plain(), row.rule.plain())).collect()
}

fn at(lang: Lang, seconds: u64) -> Session {
    let mut session = common::open(TEXT);
    session.set_lang(lang);
    while session.now() < Time::secs(seconds) {
        session.advance(Time::secs(seconds), &mut || true);
    }
    session
}

#[test]
fn an_autoscaler_shows_its_formula() {
    let session = at(Lang::En, 35);
    let row = rows(&session, "HorizontalPodAutoscaler").into_iter().next().expect("a row");
    assert_eq!(row.0, "It wants 4 replicas of deployment/web.");
    assert_eq!(row.1, "cpu 100 % / target 50 % = 2 · ⌈2 × 2 pods⌉ = 4");
    let session = at(Lang::Ko, 35);
    let row = rows(&session, "HorizontalPodAutoscaler").into_iter().next().expect("a row");
    assert_eq!(row.0, "deployment/web의 레플리카를 4개로 두려고 합니다.");
    assert_eq!(row.1, "cpu 100 % / 목표 50 % = 2 · ⌈2 × 파드 2개⌉ = 4");
}

#[test]
fn what_holds_it_back_is_said() {
    let session = at(Lang::En, 50);
    let row = rows(&session, "HorizontalPodAutoscaler").into_iter().next().expect("a row");
    let formula = "cpu 100 % / target 50 % · over all 4 pods 1.5 · ⌈1.5 × 4⌉ = 6";
    assert_eq!(row.1, [formula, " · 1 pod without metrics · at most 5 (maxReplicas)"].concat());
}

#[test]
fn the_size_of_a_deployment_leads_back_to_its_autoscaler() {
    let session = at(Lang::En, 35);
    let rows = rows(&session, "Deployment");
    let scaled = rows.iter().find(|(text, _)| text.starts_with("horizontalpodautoscaler/web"));
    let (text, rule) = scaled.unwrap_or_else(|| panic!("{rows:#?}"));
    assert_eq!(text, "horizontalpodautoscaler/web scaled deployment/web from 2 to 4.");
    assert_eq!(rule, "cpu 100 % / target 50 % = 2 · ⌈2 × 2 pods⌉ = 4");
    assert!(rows.last().is_some_and(|(text, _)| text.starts_with("You applied")), "{rows:#?}");
}
