//! The expressions of GitHub Actions that the official evaluator answered, the workflows that the official parser read, and
//! configurations of GitLab CI.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use opscape_referee::play::{folders, play_expressions, play_gitlab, play_workflow};
use opscape_referee::score::{WorkflowResult, compare_pipeline, compare_workflow};
use serde_json::Value as Json;

const CASES: &str = include_str!("../recordings/ci/github-expressions/cases.json");

/// Where we do as the runner does, and the recorded package does not.
const KNOWN: &[(&str, &str)] = &[
    ("e056", "the package takes only the first '' of a literal for a quote"),
    ("e434", "the package finds no key named like a member of JavaScript's objects"),
];

#[test]
fn expressions_have_the_value_or_the_message_that_the_official_evaluator_gives() {
    let recorded: Json = serde_json::from_str(CASES).unwrap();
    let answers = play_expressions(CASES).unwrap();
    let (recorded, answers) = (recorded["cases"].as_array().unwrap(), answers["cases"].as_array().unwrap());
    assert_eq!(recorded.len(), answers.len());
    let mut wrong = Vec::new();
    for (case, answer) in recorded.iter().zip(answers) {
        // Nobody knows what the runner does with these.
        if case["divergence"].is_object() && case["divergence"]["documented"].is_null() {
            continue;
        }
        assert_eq!(case["id"], answer["id"]);
        let same = if case["error"].is_object() {
            answer["error"].is_object()
                && (!case["error"]["cause"].is_null()
                    || case["error"]["message"] == answer["error"]["message"])
                && (case["error"]["pos"].is_null() || case["error"]["pos"] == answer["error"]["pos"])
        } else {
            let number = |value: &Json| value.as_f64();
            let (want, got) = (&case["result"], &answer["result"]);
            let value = match (number(&want["value"]), number(&got["value"])) {
                (Some(want), Some(got)) => want.total_cmp(&got).is_eq(),
                _ => alike(&want["value"], &got["value"]),
            };
            value && ["kind", "string", "truthy"].iter().all(|key| want[key] == got[key])
        };
        let known = KNOWN.iter().find(|(id, _)| case["id"] == *id);
        match (same, known) {
            (false, None) => {
                wrong.push(format!("{}: {}\n  want {case}\n  got {answer}", case["id"], case["expr"]));
            }
            (true, Some((id, reason))) => {
                wrong.push(format!("{id} is as recorded now; take it out: {reason}"));
            }
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Equal, numbers by value.
fn alike(one: &Json, two: &Json) -> bool {
    match (one, two) {
        (Json::Number(one), Json::Number(two)) => one.as_f64() == two.as_f64(),
        (Json::Array(one), Json::Array(two)) => {
            one.len() == two.len() && one.iter().zip(two).all(|(one, two)| alike(one, two))
        }
        (Json::Object(one), Json::Object(two)) => {
            one.len() == two.len()
                && one.iter().all(|(key, one)| two.get(key).is_some_and(|two| alike(one, two)))
        }
        _ => one == two,
    }
}

/// Plays all cases of a family: none may differ.
fn agrees(family: &str, play: impl Fn(&Path) -> Json, compare: impl Fn(&Json, &Json) -> WorkflowResult) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings/ci").join(family);
    let cases = folders(&root).unwrap();
    assert!(cases.len() > 80);
    let mut wrong = Vec::new();
    for (name, folder) in cases {
        let expected = std::fs::read_to_string(folder.join("expected.json")).unwrap();
        let expected: Json = serde_json::from_str(&expected).unwrap();
        let result = compare(&expected, &play(&folder));
        if !result.differences.is_empty() {
            wrong.push(format!("{name} {:.2}: {}", result.score(), result.differences.join("\n  ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn configurations_of_gitlab_become_the_jobs_that_were_recorded_and_run_so() {
    agrees("gitlab", |folder| play_gitlab(folder).unwrap(), compare_pipeline);
}

#[test]
fn workflows_are_read_as_the_official_parser_reads_them() {
    agrees("github", |folder| play_workflow(folder).unwrap(), compare_workflow);
}

#[test]
fn damaged_workflows_get_the_errors_of_the_official_parser() {
    let cases: Json = serde_json::from_str(include_str!("../recordings/ci/github-damaged.json")).unwrap();
    let cases = cases.as_array().unwrap();
    assert!(cases.len() > 400);
    let mut wrong = Vec::new();
    for case in cases {
        let workflow = opscape_pipeline::github::read("workflow.yml", case["text"].as_str().unwrap(), None);
        let told = workflow.problems.iter().map(|problem| {
            let place = problem.place.map(|place| place.start);
            let number = |number: Option<u32>| number.map_or(Json::Null, Json::from);
            (
                Json::from(problem.message.as_str()),
                number(place.map(|at| at.line)),
                number(place.map(|at| at.column)),
            )
        });
        let errors = case["errors"].as_array().unwrap().iter();
        let wanted =
            errors.map(|error| (error["message"].clone(), error["line"].clone(), error["column"].clone()));
        // Which of several comes first does not matter.
        let sorted = |mut errors: Vec<(Json, Json, Json)>| {
            errors.sort_by_key(|error| format!("{error:?}"));
            errors
        };
        let (told, wanted) = (sorted(told.collect()), sorted(wanted.collect()));
        if told != wanted {
            wrong.push(format!("{}\nwant {wanted:?}\ngot  {told:?}\n", case["text"].as_str().unwrap()));
        }
    }
    assert!(wrong.is_empty(), "{} of {}\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
