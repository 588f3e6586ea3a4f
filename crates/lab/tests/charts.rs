//! Charts say what telemetry measured, as far as the future is known.
#![expect(clippy::panic, clippy::expect_used, clippy::indexing_slicing, reason = "helpers of tests")]

mod common;

use common::{lab, open, play, solution};
use opscape_lab::charts::{Charts, Group, Look, Panel};
use opscape_lab::{Act, Session};
use opscape_manifest::api::ObjectKey;
use opscape_network::telemetry::Subject;
use opscape_sim::Time;

fn charts(session: &Session, id: &str, from: u64, until: u64) -> Charts {
    session.charts((Some(id), None), Time::secs(from), Time::secs(until), 1_200)
}

fn panel<'c>(charts: &'c Charts, title: &str) -> &'c Panel {
    charts.panels.iter().find(|panel| panel.title == title).unwrap_or_else(|| panic!("{title}: {charts:?}"))
}

/// The sum of rates times the width of the bins: how many there were.
fn counted(panel: &Panel, line: usize) -> f64 {
    let step = panel.times[1] - panel.times[0];
    panel.lines[line].values.iter().flatten().sum::<f64>() * step
}

fn hpa() -> Session {
    let text = lab("hpa");
    let mut session = open(&text);
    for (at, act) in solution("hpa", &text) {
        while session.now() < at {
            session.advance(at, &mut || true);
        }
        assert!(session.act(act).is_ok());
    }
    let end = Time::secs(150);
    while session.now() < end {
        session.advance(end, &mut || true);
    }
    session
}

#[test]
fn rates_errors_and_durations_are_those_that_were_measured() {
    let session = hpa();
    for id in [
        "ingress/default/shop",
        "service/default/web",
        "load//hey",
        "version/default/web/1",
        "workload/default/web",
    ] {
        for (from, until) in [(0, 200), (60, 130), (0, 4_000)] {
            let charts = charts(&session, id, from, until);
            let rate = panel(&charts, "charts.rate");
            assert!(
                (counted(rate, 0) / 20_000.0 - 1.0).abs() < 0.001,
                "{id} {from} {until}: {}",
                counted(rate, 0)
            );
            assert_eq!(rate.times.len(), rate.lines[0].values.len());
            assert!(rate.times.iter().all(|time| *time >= from as f64 && *time <= 151.0));
        }
    }
    let charts = charts(&session, "service/default/web", 0, 200);
    let duration = panel(&charts, "charts.duration");
    let at = duration.at(100.0).expect("a bin");
    let point =
        session.model().traffic().telemetry().series(&Subject::Service("default".into(), "web".into()));
    let exact = point.expect("measured").between(99, 100).durations.quantile(0.99) / 1e3;
    let p99 = duration.lines[2].values[at].expect("measured");
    assert!((p99 - exact).abs() < 1e-9, "{p99} {exact} at {}", duration.times[at]);
    assert!(duration.lines[0].values[0].is_none(), "nobody asked at first");
    assert_eq!(panel(&charts, "charts.errors").lines[0].values.iter().flatten().sum::<f64>() as u64, 0);
}

#[test]
fn an_autoscaler_has_its_metric_against_the_target_and_its_replicas() {
    let session = hpa();
    let charts = charts(&session, "autoscaler/default/web", 0, 200);
    let metric = panel(&charts, "charts.metric");
    assert!(
        metric.stepped && metric.lines[1].values.iter().flatten().all(|target| (target - 30.0).abs() < 1e-9)
    );
    assert!(metric.lines[0].values.iter().flatten().copied().fold(0.0, f64::max) > 150.0, "{metric:?}");
    let replicas = panel(&charts, "charts.replicas");
    let (there, wanted) = (&replicas.lines[0].values, &replicas.lines[1].values);
    let now = replicas.at(150.0).expect("a step");
    assert_eq!((there[now], wanted[now]), (Some(5.0), Some(5.0)));
    let before = replicas.at(60.0).expect("a step");
    assert_eq!((there[before], wanted[before]), (Some(1.0), Some(1.0)));
    let last = *replicas.times.last().expect("a step");
    assert!((last - 150.0).abs() < 1e-9, "what holds is drawn as far as it is known");
}

#[test]
fn nodes_and_pods_show_their_cpu() {
    let session = hpa();
    let all = session.charts((None, None), Time::ZERO, Time::secs(200), 1_200);
    assert_eq!(all.choices[all.chosen.expect("something")].group, Group::Entry);
    let pods: Vec<&str> =
        all.choices.iter().filter(|choice| choice.group == Group::Pod).map(|choice| &*choice.id).collect();
    assert_eq!(pods.len(), 5);
    let cpu = charts(&session, pods[0], 0, 200);
    let cpu = panel(&cpu, "charts.cpu");
    let names: Vec<&str> = cpu.lines.iter().map(|line| &*line.name).collect();
    assert_eq!(names, ["used", "requested", "limit"]);
    let most = cpu.lines[0].values.iter().flatten().copied().fold(0.0, f64::max);
    assert!(most > 250.0 && most <= 510.0, "{most}m of 500m");
    let used: f64 = ["node-a", "node-b", "node-c"]
        .iter()
        .map(|node| {
            counted(panel(&charts(&session, &format!("node//{node}"), 0, 200), "charts.utilisation"), 0)
        })
        .sum();
    // 20,000 requests of 4 ms are 80 CPU seconds, 2,000 per cent seconds of a node with four.
    assert!((used / 2_000.0 - 1.0).abs() < 0.05, "{used}");
}

#[test]
fn the_known_future_stays_after_going_back_and_goes_with_another_one() {
    let mut session = hpa();
    let before = charts(&session, "ingress/default/shop", 0, 200);
    session.seek(Time::secs(80));
    assert!(charts(&session, "ingress/default/shop", 0, 200) == before);
    assert!(session.act(Act::StopNode { node: "node-a".into() }).is_ok());
    let other = charts(&session, "ingress/default/shop", 0, 200);
    assert!(other.known_until == Time::secs(80) && counted(panel(&other, "charts.rate"), 0) < 10_000.0);
}

#[test]
fn versions_are_compared_in_their_colours_and_failures_by_kind() {
    let text = lab("rollout-errors");
    let session = play(&text, &solution("rollout-errors", &text));
    let versions = charts(&session, "workload/default/web", 0, 180);
    let rate = panel(&versions, "charts.rate");
    let looks: Vec<Look> = rate.lines.iter().map(|line| line.look).collect();
    assert_eq!(looks, [Look::Revision(1), Look::Revision(2), Look::Revision(3)]);
    let at = |seconds: f64| {
        let at = rate.at(seconds).expect("a bin");
        rate.lines.iter().map(|line| line.values[at] > Some(0.0)).collect::<Vec<bool>>()
    };
    assert_eq!(
        (at(25.0), at(55.0), at(170.0)),
        (vec![true, false, false], vec![false, true, false], vec![false, false, true])
    );
    let named = |id: &str| -> Vec<String> {
        let charts = charts(&session, id, 0, 180);
        panel(&charts, "charts.errors").lines.iter().map(|line| line.name.clone()).collect()
    };
    assert_eq!(named("ingress/default/shop"), ["502"]);
    assert_eq!(named("httproute/default/mobile"), ["503"]);
    assert_eq!(named("service/default/web"), ["refused"]);
    let selected = ObjectKey { kind: "Deployment".into(), namespace: "default".into(), name: "web".into() };
    let selected = session.charts((None, Some(&selected)), Time::ZERO, Time::secs(180), 800);
    assert_eq!(selected.choices[selected.chosen.expect("chosen")].id, "workload/default/web");
}
