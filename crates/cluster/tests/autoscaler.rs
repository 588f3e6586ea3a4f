//! The horizontal pod autoscaler: its formula against an independently written one, and what it does in a cluster.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

#[path = "world/mod.rs"]
#[allow(dead_code, missing_docs, reason = "shared with other tests")]
mod world;

use std::sync::Arc;

use opscape_cluster::autoscaler::decision::{Rule, Why};
use opscape_cluster::autoscaler::replicas::{
    Groups, Tolerance, by_average, by_share, by_utilization, by_value,
};
use opscape_cluster::metrics::{Usage, Used, Window};
use opscape_cluster::{Latency, Store};
use opscape_manifest::api::autoscaling::{CrossVersionObjectReference, MetricIdentifier};
use opscape_manifest::api::{Event, HorizontalPodAutoscaler, Object, Pod};
use opscape_sim::{Run, Time};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use world::{World, create, deployment, nodes, run_with, until, web};

/// A ratio as whole numbers: what is used, and the target.
#[derive(Clone, Copy)]
struct Ratio(i128, i128);

impl Ratio {
    /// Whether it is within 1 + up and 1 - down (in thousandths); both answers where it is on the bound itself: there
    /// upstream's floating point decides.
    fn near_one(self, (up, down): (i128, i128)) -> Vec<bool> {
        let (upper, lower) = (self.1 * (1000 + up), self.1 * (1000 - down));
        let scaled = self.0 * 1000;
        if scaled == upper || scaled == lower {
            vec![true, false]
        } else {
            vec![lower < scaled && scaled < upper]
        }
    }

    fn side(self) -> i128 {
        (self.0 - self.1).signum()
    }

    /// ceil(ratio * pods), which floating point may make one more if it is a whole number.
    fn times(self, pods: i128) -> Vec<i128> {
        let product = self.0 * pods;
        let whole = (product + self.1 - 1) / self.1;
        if product % self.1 == 0 { vec![whole, whole + 1] } else { vec![whole] }
    }
}

/// The algorithm of kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale ("Algorithm details"), with whole
/// numbers: ceil(currentReplicas * currentMetricValue / desiredMetricValue), where pods without metrics count as using
/// nothing on the way up and all they may on the way down, pods that are not ready as using nothing on the way up, and
/// nothing is done within the tolerance or if that turns the direction. `percent`: the target is a share of what the
/// pods request. Gives the right answers; none: there is no metric.
fn documented(
    current: i128,
    target: i128,
    tolerance: (i128, i128),
    pods: &Groups,
    percent: bool,
) -> Option<Vec<i128>> {
    let ratio = |used: &[i128], requested: &[i128]| {
        let (used_sum, requested_sum) = (used.iter().sum::<i128>(), requested.iter().sum::<i128>());
        let value = if percent { used_sum * 100 / requested_sum } else { used_sum / used.len() as i128 };
        Ratio(value, target)
    };
    let mut used: Vec<i128> = pods.ready.iter().map(|(used, _)| i128::from(*used)).collect();
    let mut requested: Vec<i128> = pods.ready.iter().map(|(_, requested)| i128::from(*requested)).collect();
    if used.is_empty() {
        return None;
    }
    let first = ratio(&used, &requested);
    for request in pods.missing.iter().map(|request| i128::from(*request)) {
        used.push(match first.side() {
            1 => 0,
            -1 if percent => request * target.max(100) / 100,
            -1 => target,
            _ => continue,
        });
        requested.push(request);
    }
    if first.side() == 1 {
        used.extend(pods.unready.iter().map(|_| 0));
        requested.extend(pods.unready.iter().map(|request| i128::from(*request)));
    }
    let all = ratio(&used, &requested);
    let mut right = Vec::new();
    for near in all.near_one(tolerance) {
        for wanted in all.times(used.len() as i128) {
            let assumed = used.len() > pods.ready.len();
            let turned = all.side() * first.side() < 0
                || assumed && (all.side() < 0 && wanted > current || all.side() > 0 && wanted < current);
            right.push(if near || turned { current } else { wanted });
        }
    }
    Some(right)
}

fn groups() -> impl Strategy<Value = Groups> {
    let request = || 1i64..1_000;
    let ready = prop::collection::vec((0i64..2_000, request()), 0..12);
    let rest = || prop::collection::vec(request(), 0..5);
    (ready, rest(), rest(), 0usize..3).prop_map(|(ready, unready, missing, ignored)| Groups {
        ready,
        unready,
        missing,
        ignored,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn a_metric_asks_for_what_the_documented_formula_says(
        pods in groups(),
        current in 1i32..20,
        target in 1i32..200,
        tolerance in (0i128..500, 0i128..400),
        percent in any::<bool>(),
    ) {
        let floats = Tolerance { up: tolerance.0 as f64 / 1000.0, down: tolerance.1 as f64 / 1000.0 };
        let got = if percent {
            by_utilization(current, target, floats, &pods)
        } else {
            by_average(current, i64::from(target), floats, &pods)
        };
        match (got, documented(i128::from(current), i128::from(target), tolerance, &pods, percent)) {
            (Err(message), None) => prop_assert!(message.starts_with("did not receive metrics")),
            (Ok(got), Some(right)) => {
                prop_assert!(right.contains(&i128::from(got.replicas)), "{got:?}, the formula says {right:?}");
            }
            (got, want) => prop_assert!(false, "{got:?}, the formula says {want:?}"),
        }
    }

    #[test]
    fn a_value_asks_for_what_the_documented_formula_says(
        current in 1i32..50, ready in 0usize..50, usage in 0i64..100_000, target in 1i64..5_000,
    ) {
        let value = by_value(current, target, Tolerance::default(), usage, ready);
        let share = by_share(current, target, Tolerance::default(), usage);
        let (current, usage, target) = (i128::from(current), i128::from(usage), i128::from(target));
        let right = |ratio: Ratio, wanted: Vec<i128>| -> Vec<i128> {
            let near = ratio.near_one((100, 100)).into_iter();
            near.flat_map(|near| if near { vec![current] } else { wanted.clone() }).collect()
        };
        let ratio = Ratio(usage, target);
        let values = right(ratio, ratio.times(ready as i128));
        prop_assert!(values.contains(&i128::from(value.replicas)), "{value:?}, the formula says {values:?}");
        let shares = right(Ratio(usage, target * current), ratio.times(1));
        prop_assert!(shares.contains(&i128::from(share.replicas)), "{share:?}, the formula says {shares:?}");
    }
}

/// What containers use is told by the number behind the last dash of the image; `none`: nothing is known.
struct ByImage;

impl Usage for ByImage {
    fn container(&self, pod: &Pod, container: &str, _window: &Window, _store: &Store) -> Option<Used> {
        let image = &pod.spec.containers.iter().find(|found| &*found.name == container)?.image;
        let milli: u64 = image.rsplit('-').next()?.parse().ok()?;
        Some(Used { nano_cpu: milli * 1_000_000, memory: milli << 20 })
    }

    fn has_custom_metrics(&self) -> bool {
        true
    }

    fn of_pod(&self, _pod: &Pod, metric: &MetricIdentifier, _now: Time) -> Option<i64> {
        (&*metric.name == "requests").then_some(30_000)
    }

    fn of_object(
        &self,
        _namespace: &str,
        object: &CrossVersionObjectReference,
        metric: &MetricIdentifier,
        _now: Time,
    ) -> Option<i64> {
        (&*metric.name == "hits" && &*object.name == "door").then_some(5_500)
    }
}

/// A Deployment `web` with a container that requests 100m and an autoscaler with this spec.
fn scaled(replicas: i32, image: &str, spec: &Json) -> Run<World> {
    let mut run = run_with(1, Latency::default(), &nodes(), Arc::new(ByImage));
    let container =
        json!({"name": "c", "image": image, "resources": {"requests": {"cpu": "100m", "memory": "100Mi"}}});
    let template = json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}});
    run.input(&create(web(replicas, image, &json!({"template": template}))));
    run.input(&create(autoscaler("web", spec)));
    assert_eq!(run.model().last, None);
    run
}

fn autoscaler(name: &str, spec: &Json) -> Object {
    let mut whole = json!({
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        "maxReplicas": 10,
    });
    for (key, value) in spec.as_object().into_iter().flatten() {
        whole[key] = value.clone();
    }
    world::object(json!({
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name}, "spec": whole,
    }))
}

fn status(run: &Run<World>) -> Arc<HorizontalPodAutoscaler> {
    run.model().cluster.store().get::<HorizontalPodAutoscaler>("default", "web").unwrap().clone()
}

fn condition(run: &Run<World>, kind: &str) -> (String, String) {
    let found = status(run);
    let condition = found.status.conditions.iter().find(|condition| &*condition.kind == kind).unwrap();
    (condition.reason.to_string(), condition.message.to_string())
}

fn wants(run: &Run<World>) -> i32 {
    deployment(run).spec.replicas.unwrap()
}

fn told(run: &Run<World>, reason: &str) -> Vec<String> {
    let events = run.model().cluster.store().list::<Event>(None);
    events.filter(|event| &*event.reason == reason).map(|event| event.message.to_string()).collect()
}

fn resource(target: &Json) -> Json {
    json!([{"type": "Resource", "resource": {"name": "cpu", "target": target}}])
}

#[test]
fn the_numbers_of_a_decision_can_be_read() {
    let target = json!({"type": "Utilization", "averageUtilization": 50});
    let mut run = scaled(4, "app-80", &json!({"metrics": resource(&target)}));
    until(&mut run, Time::secs(35));
    assert_eq!(wants(&run), 7, "ceil(4 * 80 / 50)");
    let decision = run.model().cluster.autoscaler_decision(status(&run).metadata.uid).unwrap();
    assert_eq!((decision.current, decision.desired), (4, 7));
    let proposal = *decision.metrics[0].outcome.as_ref().unwrap();
    assert_eq!((proposal.percent, proposal.usage, proposal.pods), (80, 80, 4));
    assert_eq!(proposal.rule, Rule::Ratio);
    assert!(matches!(decision.why, Why::Metrics { most: 0, wanted: 7, .. }));
    assert_eq!(
        told(&run, "SuccessfulRescale"),
        ["New size: 7; reason: cpu resource utilization (percentage of request) above target"]
    );
}

#[test]
fn a_tolerance_of_its_own_is_obeyed() {
    let target = json!({"type": "Utilization", "averageUtilization": 50});
    for (tolerance, want) in [("0.2", 4), ("0.1", 5), ("0", 5)] {
        let rules = json!({"scaleUp": {"tolerance": tolerance}});
        let mut run = scaled(4, "app-58", &json!({"metrics": resource(&target), "behavior": rules}));
        until(&mut run, Time::secs(60));
        assert_eq!(wants(&run), want, "tolerance {tolerance}");
    }
}

#[test]
fn every_kind_of_metric_counts() {
    let container = json!([{"type": "ContainerResource", "containerResource": {"name": "memory", "container": "c",
        "target": {"type": "AverageValue", "averageValue": "40Mi"}}}]);
    let pods = json!([{"type": "Pods", "pods": {"metric": {"name": "requests"},
        "target": {"type": "AverageValue", "averageValue": "20"}}}]);
    let of_object = |target: Json| {
        let door = json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "name": "door"});
        json!([{"type": "Object", "object": {"metric": {"name": "hits"}, "describedObject": door, "target": target}}])
    };
    let value = of_object(json!({"type": "Value", "value": "4"}));
    let average = of_object(json!({"type": "AverageValue", "averageValue": "2"}));
    // metrics-server knows a pod after two scrapes; the adapter knows it at once.
    for (metrics, at) in [(container, 35), (pods, 20), (value, 20), (average, 20)] {
        let mut run = scaled(2, "app-50", &json!({"metrics": metrics}));
        until(&mut run, Time::secs(at));
        assert_eq!(wants(&run), 3, "{metrics}: {:?}", condition(&run, "ScalingActive"));
    }
    let outside = json!([{"type": "External", "external": {"metric": {"name": "queue"},
        "target": {"type": "AverageValue", "averageValue": "1"}}}]);
    let mut run = scaled(2, "app-50", &json!({"metrics": outside}));
    until(&mut run, Time::secs(50));
    let (reason, message) = condition(&run, "ScalingActive");
    assert_eq!(reason, "FailedGetExternalMetric");
    assert_eq!(
        message,
        "the HPA was unable to compute the replica count: unable to get external metric default/queue/nil: unable to fetch metrics from external metrics API: the server could not find the requested resource (get queue.external.metrics.k8s.io)"
    );
    assert_eq!(wants(&run), 2);
}

#[test]
fn bounds_and_zero_need_no_metrics() {
    let mut run = scaled(1, "app-none", &json!({"minReplicas": 3}));
    until(&mut run, Time::secs(20));
    assert_eq!(wants(&run), 3);
    let reason = "New size: 3; reason: Current number of replicas below Spec.MinReplicas";
    assert_eq!(told(&run, "SuccessfulRescale"), [reason]);

    let mut run = scaled(12, "app-none", &json!({}));
    until(&mut run, Time::secs(20));
    assert_eq!(wants(&run), 10);

    let mut run = scaled(0, "app-90", &json!({}));
    until(&mut run, Time::secs(60));
    assert_eq!(wants(&run), 0);
    assert_eq!(condition(&run, "ScalingActive").0, "ScalingDisabled");
}

#[test]
fn an_autoscaler_asks_for_no_more_pods_than_a_lab_can_hold() {
    let mut run = scaled(1, "app-none", &json!({"minReplicas": 2_000_000_000, "maxReplicas": 2_000_000_000}));
    until(&mut run, Time::secs(40));
    assert_eq!(wants(&run), 1);
    let (reason, message) = condition(&run, "AbleToScale");
    assert_eq!(reason, "FailedUpdateScale");
    assert!(message.contains("a lab may have at most"), "{message}");
    assert_eq!(told(&run, "FailedRescale").len(), 1);
}

#[test]
fn two_autoscalers_of_the_same_pods_do_nothing() {
    let mut run = scaled(2, "app-90", &json!({}));
    run.input(&create(autoscaler("other", &json!({}))));
    until(&mut run, Time::secs(80));
    let (reason, message) = condition(&run, "ScalingActive");
    assert_eq!(reason, "AmbiguousSelector");
    let want = "pods by selector app=web are controlled by multiple HPAs: [{other default} {web default}]";
    assert_eq!(message, want);
}

#[test]
fn a_pod_that_is_not_ready_is_no_reason_to_grow_more() {
    // Two pods at 100 % of a target of 50 %: four are wanted. The two new ones are never ready and use nothing.
    let target = json!({"type": "Utilization", "averageUtilization": 50});
    let mut run = scaled(2, "app-100", &json!({"metrics": resource(&target)}));
    until(&mut run, Time::secs(33));
    assert_eq!(wants(&run), 4);
    until(&mut run, Time::secs(48));
    assert_eq!(wants(&run), 4, "the new pods have no metrics of a whole window yet");
    until(&mut run, Time::secs(65));
    assert_eq!(wants(&run), 8);
}
