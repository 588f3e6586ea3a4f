//! Every recording is played and scored against what its test.toml expects.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use opscape_referee::{play, score};
use serde_json::Value as Json;

fn recordings(what: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings").join(what)
}

fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// What a test.toml says.
struct Expected {
    minimum: f64,
    known_failure: Option<String>,
}

fn expected(folder: &Path) -> Expected {
    let path = folder.join("test.toml");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let members: BTreeMap<&str, &str> = text
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .map(|line| line.split_once('=').unwrap_or_else(|| panic!("{}: {line}", path.display())))
        .map(|(key, value)| (key.trim(), value.trim()))
        .collect();
    for key in members.keys() {
        assert!(matches!(*key, "minimum" | "known_failure"), "{}: unknown key {key}", path.display());
    }
    let minimum = members.get("minimum").and_then(|minimum| minimum.parse().ok());
    Expected {
        minimum: minimum.unwrap_or_else(|| panic!("{}: no minimum", path.display())),
        known_failure: members.get("known_failure").map(|reason| reason.trim_matches('"').to_owned()),
    }
}

#[test]
fn every_scenario_scores_as_expected() {
    let real = recordings("kubernetes");
    let sim = scratch("kubernetes");
    let failures = play::play_all(&real, &sim, &[]).unwrap();
    let mut wrong: Vec<String> =
        failures.into_iter().map(|(name, error)| format!("{name}: {error}")).collect();
    for (name, result) in score::compare_all(&real, &sim).unwrap() {
        let expected = expected(&real.join(&name));
        let (total, why) = match &result {
            Ok(comparison) => (comparison.total, score::explain(comparison, 8)),
            Err(error) => (0.0, error.clone()),
        };
        match (total >= expected.minimum, expected.known_failure) {
            (false, None) => {
                wrong.push(format!("{name} scores {total:.4}, expected is {}:\n{why}", expected.minimum));
            }
            (true, Some(reason)) => wrong.push(format!(
                "{name} scores {total:.4} now; take this out of its test.toml: known_failure = \"{reason}\""
            )),
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The scorer finds no difference between a recording and itself, and finds those that are made.
#[test]
fn a_recording_is_like_itself_and_not_like_another() {
    let real = recordings("kubernetes");
    let names = ["roll-3-s25pct-u25pct-mrs0", "sched-random-1", "golden-kubectl", "nodefail-short"];
    for name in names {
        let itself = score::Comparison::of(&real.join(name), &real.join(name)).unwrap();
        assert!((itself.total - 1.0).abs() < 1e-9, "{name} against itself: {}", score::explain(&itself, 10));
        for other in names.iter().filter(|other| **other != name) {
            let comparison = score::Comparison::of(&real.join(name), &real.join(other)).unwrap();
            assert!(comparison.total < 0.7, "{name} against {other}: {}", comparison.total);
            assert!(!comparison.differences.is_empty());
        }
    }
}

#[test]
fn single_commands_are_answered_to_the_letter() {
    let path = recordings("validation/cases.json");
    let cases: Vec<Json> = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let answers = play::play_cases(&path).unwrap();
    let (_, results) = score::compare_validation(&cases, &answers).unwrap();
    let listed = std::fs::read_to_string(recordings("validation/exact.txt")).unwrap();
    let listed: BTreeSet<&str> = listed.lines().filter(|line| !line.is_empty()).collect();
    let mut wrong = Vec::new();
    for result in &results {
        let name = result.name.as_str();
        match (result.exact, listed.contains(name)) {
            (false, true) => {
                wrong.push(format!(
                    "{name} expected\n    {}\n  got\n    {}",
                    result.want.trim(),
                    result.got.trim()
                ));
            }
            (true, false) => wrong.push(format!("{name} is exact now; add it to exact.txt")),
            _ => {}
        }
    }
    let known: BTreeSet<&str> = results.iter().map(|result| result.name.as_str()).collect();
    wrong
        .extend(listed.difference(&known).map(|name| format!("{name} is listed, but there is no such case")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn requests_go_where_they_should() {
    let known = std::fs::read_to_string(recordings("routing/known_failures.txt")).unwrap();
    let known: BTreeMap<&str, &str> = known
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split_once(" = ").unwrap_or_else(|| panic!("{line}: no reason")))
        .collect();
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for path in play::families(&recordings("routing")).unwrap() {
        let cases: Vec<Json> = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let played: Vec<Json> = cases.iter().map(play::play_case).collect();
        for result in score::compare_routing(&cases, &played) {
            let right = (result.score - 1.0).abs() < 1e-9;
            match (right, known.get(result.name.as_str())) {
                (false, None) => wrong.push(format!("{}: {}", result.name, result.differences.join("; "))),
                (true, Some(_)) => {
                    wrong.push(format!("{} is right now; take it out of the list", result.name));
                }
                _ => {}
            }
            seen.insert(result.name);
        }
    }
    assert!(seen.len() > 400, "{} requests", seen.len());
    wrong.extend(
        known.keys().filter(|name| !seen.contains(**name)).map(|name| format!("{name}: no such request")),
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
