//! The same bad version in three ways: numbers against those computed by hand.
#![expect(clippy::expect_used, reason = "helpers of tests")]

use std::path::Path;

use opscape_lab::compare::{Lane, Measures, lanes, text_of};
use opscape_lab::{Session, SessionOptions, WorldOptions};
use opscape_sim::Time;

fn text() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../static/compare/bad-version.yaml");
    std::fs::read_to_string(path).expect("the text")
}

#[test]
fn a_text_is_taken_apart_into_lanes() {
    let text = text();
    assert_eq!(lanes(&text), ["rolling", "blue-green", "canary"]);
    for (lane, others) in [("rolling", ["kind: Rollout", "name: green"]), ("canary", ["kind: Deployment"; 2])]
    {
        let own = text_of(&text, lane);
        assert!(others.iter().all(|other| !own.contains(other)), "{own}");
        assert!(Session::check_text(&own).is_empty(), "{:#?}", Session::check_text(&own));
    }
    assert_eq!(lanes("kind: Service\napiVersion: v1\nmetadata: {name: web}"), [""; 0]);
}

#[test]
fn three_ways_out_of_a_bad_version_cost_what_one_computes() {
    let world = WorldOptions { runner: Some(opscape_shell::run_line), ..WorldOptions::default() };
    let options = SessionOptions { world, ..SessionOptions::default() };
    let mut ways = match Lane::all(&text(), &options) {
        Ok(ways) => ways,
        Err(diagnostics) => panic!("{diagnostics:#?}"),
    };
    let measures: Vec<Measures> = ways
        .iter_mut()
        .map(|lane| {
            lane.advance(Time::secs(150));
            lane.measures()
        })
        .collect();
    let [rolling, switched, canary] = measures.as_slice() else { panic!("{measures:#?}") };
    println!("{measures:#?}");
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
