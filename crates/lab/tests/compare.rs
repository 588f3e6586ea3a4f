//! The same bad version in three ways: numbers against those computed by hand.
#![expect(clippy::panic, clippy::expect_used, reason = "helpers of tests")]

mod common;

use std::path::Path;

use opscape_lab::compare::{About, Lane, Measures, lanes};
use opscape_lab::{Lang, Session, SessionOptions, WorldOptions};
use opscape_manifest::api::{Deployment, Rollout, Service};
use opscape_sim::Time;

fn text() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../static/compare/bad-version.yaml");
    std::fs::read_to_string(path).expect("the text")
}

fn options() -> SessionOptions {
    let world = WorldOptions { runner: Some(opscape_shell::RUNNER), ..WorldOptions::default() };
    SessionOptions { world, ..SessionOptions::default() }
}

#[test]
fn a_world_has_the_objects_and_steps_of_its_lane_alone() {
    let text = text();
    let names = lanes(&text);
    assert_eq!(names.iter().map(|name| &**name).collect::<Vec<_>>(), ["rolling", "blue-green", "canary"]);
    assert!(Session::check_text(&text).is_empty(), "{:#?}", Session::check_text(&text));
    for (lane, deployments, rollouts, services, steps) in
        [("rolling", 1, 0, 1, 2), ("blue-green", 2, 0, 1, 4), ("canary", 0, 1, 2, 1)]
    {
        let mut options = options();
        options.world.lane = Some(lane.into());
        let session = Session::open(&text, options).expect("a world");
        let store = session.cluster().store();
        assert_eq!(store.list::<Deployment>(None).count(), deployments, "{lane}");
        assert_eq!(store.list::<Rollout>(None).count(), rollouts, "{lane}");
        assert_eq!(
            store.list::<Service>(None).filter(|service| &*service.metadata.name != "kubernetes").count(),
            services,
            "{lane}"
        );
        assert_eq!(session.spec().steps.len(), steps, "{lane}");
        assert!(!session.needs_restart(&text), "{lane}");
    }
    // Without a choice it is the first one.
    let session = Session::open(&text, options()).expect("a world");
    assert_eq!(session.spec().steps.len(), 2);
    assert!(lanes("kind: Service\napiVersion: v1\nmetadata: {name: web}").is_empty());
}

#[test]
fn a_lane_says_what_it_is_in_both_languages() {
    let (en, ko) = (About::of(&text(), "canary", Lang::En), About::of(&text(), "canary", Lang::Ko));
    assert_eq!((&*en.title, &*ko.title), ("Canary", "카나리"));
    assert!(!en.description.is_empty() && !ko.description.is_empty() && en.description != ko.description);
    assert!(en.strategy.starts_with("steps:\n- setWeight: 10\n"), "{}", en.strategy);
    let rolling = About::of(&text(), "rolling", Lang::En).strategy;
    assert_eq!(
        rolling,
        "strategy:\n  type: RollingUpdate\n  rollingUpdate:\n    maxSurge: 25%\n    maxUnavailable: 25%"
    );
}

#[test]
fn three_ways_out_of_a_bad_version_cost_what_one_computes() {
    let mut ways = match Lane::all(&text(), &options()) {
        Ok(ways) => ways,
        Err(diagnostics) => panic!("{diagnostics:#?}"),
    };
    let measures: Vec<Measures> = ways
        .iter_mut()
        .map(|lane| {
            assert!(lane.advance(Time::secs(150), &mut || true));
            lane.measures()
        })
        .collect();
    // The pause of 30 s after the pod of version 2 was ready, then the analysis stops it.
    let stopped: Vec<Vec<u64>> =
        ways.iter().map(|lane| lane.given_up().iter().map(|at| at.0 / 1_000_000).collect()).collect();
    assert!(stopped[0].is_empty() && stopped[1].is_empty(), "{stopped:?}");
    assert!(matches!(stopped[2].as_slice(), [at] if (66..=76).contains(at)), "{stopped:?}");
    let [rolling, switched, canary] = measures.as_slice() else { panic!("{measures:#?}") };
    // One request in five of those that met version 2 fails, within four standard deviations.
    for way in &measures {
        let wanted = way.met_new as f64 * 0.2;
        assert!((way.failed as f64 - wanted).abs() < 4.0 * (wanted * 0.8).sqrt() + 3.0, "{way:?}");
        assert!((way.requests as f64 / 135.0 / 260.0 - 1.0).abs() < 0.02, "{way:?}");
    }
    // From 58 s to 72 s everybody meets version 2, and the second in which the proxy hears of it.
    assert!((switched.met_new as f64 - 14.0 * 260.0).abs() < 260.0, "{switched:?}");
    assert!(switched.back_after.is_some_and(|secs| secs <= 2), "{switched:?}");
    // From 58 s on only version 2 answers, 28 s after green was started.
    assert!(switched.full_after.is_some_and(|secs| (28..=30).contains(&secs)), "{switched:?}");
    // Eight pods from 30 s to 102 s.
    assert!(switched.extra_pod_seconds.abs_diff(8 * 72) <= 16, "{switched:?}");
    // One in ten, for the pause of 30 s and the analysis.
    assert!((canary.met_new as f64 - 0.1 * 31.0 * 260.0).abs() < 120.0, "{canary:?}");
    assert!((30..=35).contains(&canary.at_risk) && canary.full_after.is_none(), "{canary:?}");
    assert!(canary.met_new * 4 < switched.met_new && switched.met_new * 3 < rolling.met_new);
    // All of them for the minute between the rollout and the undo.
    assert!(rolling.met_new > 50 * 260 && rolling.met_new < 85 * 260, "{rolling:?}");
    assert!(rolling.full_after.is_some_and(|secs| secs < 40), "{rolling:?}");
}

#[test]
fn each_second_is_measured_wherever_a_budget_ends() {
    let lanes = || Lane::all(&text(), &options()).unwrap_or_default();
    for (mut at_once, mut in_bits) in lanes().into_iter().zip(lanes()) {
        let end = Time::secs(80);
        assert!(at_once.advance(end, &mut || true));
        while !in_bits.advance(end, &mut || false) {}
        assert_eq!(at_once.seconds(), in_bits.seconds());
    }
}

#[test]
fn lanes_go_back_and_on_and_measure_each_second_once() {
    let lane = || {
        let mut options = options();
        options.world.lane = Some("blue-green".into());
        Lane::open(About::default(), &text(), options).expect("a lane")
    };
    let (mut straight, mut winding) = (lane(), lane());
    straight.advance(Time::secs(90), &mut || true);
    for to in [Time::millis(70_400), Time::secs(12), Time::millis(33_300), Time::secs(90)] {
        winding.seek_start(to);
        // A budget that is soon used up: it goes on where it was.
        let mut left = 7;
        while !winding.advance(to, &mut || {
            left = if left == 0 { 7 } else { left - 1 };
            left > 0
        }) {}
        assert_eq!(winding.now(), to);
    }
    assert_eq!(straight.seconds(), winding.seconds());
    assert_eq!(straight.measures(), winding.measures());
    // What comes of it does not hang on what is looked at.
    winding.seek_start(Time::secs(40));
    winding.advance(Time::secs(40), &mut || true);
    assert_eq!(straight.measures(), winding.measures());
}

#[test]
fn a_future_that_was_left_is_a_lane_like_any_other() {
    let mut options = options();
    options.world.lane = Some("rolling".into());
    let mut session = Session::open(&text(), options).expect("a world");
    session.seek(Time::secs(90));
    session.seek(Time::secs(45));
    let undo = opscape_lab::Act::Run { line: "kubectl rollout undo deployment/web".into() };
    session.act(undo).expect("is done");
    session.seek(Time::secs(90));
    let left = session.of_branch(0).expect("a branch");
    let measured = |session: Session| {
        let mut lane = Lane::of(About::default(), session);
        lane.advance(Time::secs(90), &mut || true);
        lane.measures()
    };
    let (here, left) = (measured(session), measured(left));
    // Up to 45 s both are the same; 45 s of all users later, one of them has gone back.
    assert!(here.back_after.is_some_and(|secs| secs < 25) && left.back_after.is_none(), "{here:?} {left:?}");
    assert!(left.met_new > here.met_new + 20 * 260, "{here:?} {left:?}");
}

#[test]
fn the_built_in_comparisons_compare() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../static/compare");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).expect("a text");
        assert!(Session::check_text(&text).is_empty(), "{name}: {:#?}", Session::check_text(&text));
        let spec = Session::open(&text, options()).expect("a world").spec().clone();
        let texts = [spec.title.clone(), spec.description.clone()]
            .into_iter()
            .chain(spec.lanes.iter().flat_map(|lane| [lane.title.clone(), lane.description.clone()]))
            .chain(spec.steps.iter().map(|step| step.title.clone()));
        for text in texts.map(|text| text.expect("a text")) {
            assert!(!text.en.is_empty() && !text.ko.is_empty(), "{name}: {text:?}");
        }
        let mut ways = Lane::all(&text, &options()).expect("lanes");
        assert!((3..=4).contains(&ways.len()), "{name}");
        let bad = name.starts_with("bad") || name.ends_with("bad");
        for way in &mut ways {
            way.advance(Time::secs(150), &mut || true);
            let measures = way.measures();
            let said = || format!("{name}, {}: {measures:#?}", way.about.title);
            assert!(measures.met_new > 500, "{}", said());
            if way.about.title == "Recreate" {
                // Nobody serves from the deletion to the first new pod: 5 s to stop, 8 s to start. With a bad version twice.
                let gaps = if bad { 2.0 } else { 1.0 };
                let wanted = gaps * 13.0 * 260.0 + if bad { measures.met_new as f64 * 0.2 } else { 0.0 };
                assert!((measures.failed as f64 / wanted - 1.0).abs() < 0.25, "{}", said());
            } else if bad {
                // One in five of those that meet it, no others; and all are brought back.
                let wanted = measures.met_new as f64 * 0.2;
                let off = (measures.failed as f64 - wanted).abs();
                assert!(off < 4.0 * (wanted * 0.8).sqrt() + 3.0, "{}", said());
                assert!(measures.back_after.is_some_and(|secs| secs <= 30), "{}", said());
            } else {
                assert_eq!(measures.failed, 0, "{}", said());
                assert!(measures.full_after.is_some_and(|secs| secs <= 115), "{}", said());
            }
        }
        names.push(name);
    }
    names.sort();
    assert_eq!(
        names,
        [
            "bad-version",
            "blue-green-bad",
            "blue-green-good",
            "canary-bad",
            "canary-good",
            "good-version",
            "rolling-bad",
            "rolling-good"
        ]
    );
}

/// Ten clients who ask again and again, five addresses, and strangers; a change of the configuration alone.
const CONFIGURED: &str = "apiVersion: opscape.dev/v1alpha1
kind: Lab
metadata: {name: users}
spec:
  seed: 3
  until: 60s
  images: [{name: 'shop/web:1', readyAfter: 1s, serve: {concurrency: 32, time: 20ms, distribution: constant}}]
  load:
  LOAD
  steps:
  - at: 30s
    actions: [{run: kubectl set env deployment/web MODE=new}]
  - at: 45s
    actions: [{run: kubectl rollout undo deployment/web}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  strategy: {type: Recreate}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: 'shop/web:1', ports: [{containerPort: 8080}]}]}
";

fn configured(load: &str) -> Measures {
    let text = [&CONFIGURED.replace("LOAD", load), common::SERVICE, common::INGRESS].concat();
    let mut lane = Lane::open(About::default(), &text, options()).expect("a lane");
    lane.advance(Time::secs(60), &mut || true);
    let (old, new) = lane.versions();
    assert_eq!(old, ["web:1"]);
    // The same image: told apart by the hash of its template.
    assert!(new.len() == 1 && new.iter().all(|name| name.starts_with("web:1 (")), "{new:?}");
    let measures = lane.measures();
    // It came within 30 and 35 s, and had gone by 52 s: the pods of before are the old version again.
    assert!((8..=17).contains(&measures.at_risk), "{measures:?}");
    assert!(measures.back_after.is_some_and(|secs| (1..=7).contains(&secs)), "{measures:?}");
    measures
}

#[test]
fn who_comes_again_is_one_user_and_a_new_configuration_is_a_new_version() {
    // Each asks about once a second, for ten seconds and more.
    let closed =
        configured("- {name: staff, at: 10s, clients: 10, thinkTime: 1s, url: 'http://shop.example.com/'}");
    assert!(closed.met_new > 80, "{closed:?}");
    assert_eq!(closed.users_new, 10, "{closed:?}");
    let known =
        configured("- {name: machines, at: 10s, rate: 20, addresses: 5, url: 'http://shop.example.com/'}");
    assert!(known.met_new > 150, "{known:?}");
    assert_eq!(known.users_new, 5, "{known:?}");
    // Nobody knows who they are: each is somebody else.
    let open = configured("- {name: shoppers, at: 10s, rate: 20, url: 'http://shop.example.com/'}");
    assert!(open.met_new > 150 && open.users_new == open.met_new, "{open:?}");
}
