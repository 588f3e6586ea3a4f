//! What was read of a workflow against what the official parser said of it. A case scores the share of its checks that hold,
//! and nothing if it is valid to only one of the two. Where GitHub itself is known to differ from the parser (`official`),
//! GitHub counts.

#![allow(clippy::indexing_slicing, reason = "a member that is not there is null")]

use serde_json::{Map, Value as Json};

/// How one workflow or configuration went.
#[derive(Debug, Clone, Default)]
pub struct WorkflowResult {
    /// How many checks there were.
    pub checks: usize,
    /// Those that did not hold, with what was wanted and what there is.
    pub differences: Vec<String>,
    /// Whether it is valid to only one of the two.
    pub lost: bool,
}

impl WorkflowResult {
    /// 0 to 1.
    pub fn score(&self) -> f64 {
        if self.lost {
            return 0.0;
        }
        1.0 - self.differences.len() as f64 / self.checks.max(1) as f64
    }

    pub(super) fn check(&mut self, what: &str, holds: bool, want: &Json, got: &Json) {
        self.checks += 1;
        if !holds {
            self.differences.push(format!("{what}: want {want}, got {got}"));
        }
    }

    pub(super) fn same(&mut self, what: &str, want: &Json, got: &Json) {
        self.check(what, normal(want) == normal(got), want, got);
    }
}

/// Whether a case is valid for the system itself (`official`), or else for the referee; checks that what was played agrees. None:
/// nothing more is to be compared, because nobody is sure or the two do not agree.
pub(super) fn validity<'a>(
    result: &mut WorkflowResult,
    expected: &'a Json,
    played: &Json,
) -> Option<&'a Json> {
    let official = &expected["official"];
    if official["source"].as_str().is_some_and(|source| source.contains("unsure")) {
        return None;
    }
    let wanted = if official["valid"].is_null() { &expected["valid"] } else { &official["valid"] };
    result.same("valid", wanted, &played["valid"]);
    result.lost = !result.differences.is_empty();
    (!result.lost).then_some(wanted)
}

/// Compares a case (`expected.json`) with what was played of it.
pub fn compare_workflow(expected: &Json, played: &Json) -> WorkflowResult {
    let mut result = WorkflowResult::default();
    let Some(wanted) = validity(&mut result, expected, played) else { return result };
    if wanted == &Json::Bool(true) {
        jobs(&mut result, expected, played);
        matrices(&mut result, expected, played);
        for (at, run) in list(&expected["scenarios"]["runs"]).iter().enumerate() {
            let got = &played["scenarios"]["runs"][at]["results"];
            result.same(&format!("results when {}", run["forcedOutcomes"]), &run["results"], got);
        }
    } else {
        errors(&mut result, expected, played);
    }
    result
}

fn list(value: &Json) -> &[Json] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn errors(result: &mut WorkflowResult, expected: &Json, played: &Json) {
    let got = list(&played["errors"]);
    if let Some(message) = expected["official"]["message"].as_str() {
        let told =
            got.iter().any(|error| error["message"].as_str().is_some_and(|text| text.contains(message)));
        result.check("message", told, &message.into(), &played["errors"]);
        return;
    }
    let wanted = list(&expected["errors"]);
    // Other words for what is no YAML are as good.
    for error in wanted {
        let worded = error["phase"] != "yaml";
        let told = got.iter().any(|got| {
            got["line"] == error["line"]
                && (!worded || (got["message"] == error["message"] && got["column"] == error["column"]))
        });
        result.check("error", told, error, &played["errors"]);
    }
    if expected["valid"] == Json::Bool(false) {
        let (want, got) = (wanted.len(), got.len());
        result.check("number of errors", got <= want + 1, &want.into(), &got.into());
    }
}

fn jobs(result: &mut WorkflowResult, expected: &Json, played: &Json) {
    let (wanted, got) = (list(&expected["jobs"]), list(&played["jobs"]));
    let ids = |jobs: &[Json]| jobs.iter().map(|job| job["id"].clone()).collect::<Json>();
    if wanted.is_empty() {
        return;
    }
    result.same("jobs", &ids(wanted), &ids(got));
    for want in wanted {
        let id = want["id"].as_str().unwrap_or_default();
        let job = got.iter().find(|job| job["id"] == want["id"]).unwrap_or(&Json::Null);
        let lower = |needs: &Json| {
            list(needs).iter().map(|need| need.as_str().unwrap_or_default().to_lowercase()).collect::<Json>()
        };
        result.same(&format!("{id}.needs"), &lower(&want["needs"]), &lower(&job["needs"]));
        for key in [
            "name",
            "if",
            "runsOn",
            "matrix",
            "failFast",
            "maxParallel",
            "uses",
            "environment",
            "concurrency",
            "container",
            "services",
            "env",
            "outputs",
            "with",
            "inheritSecrets",
        ] {
            if !want[key].is_null() {
                result.same(&format!("{id}.{key}"), &want[key], &job[key]);
            }
        }
        if want["steps"].is_array() {
            let steps = |job: &Json| list(&job["steps"]).iter().map(step).collect::<Json>();
            result.same(&format!("{id}.steps"), &steps(want), &steps(job));
        }
    }
}

fn step(step: &Json) -> Json {
    let members = ["id", "uses", "run", "if"]
        .iter()
        .filter_map(|key| Some(((*key).to_owned(), step.get(*key)?.clone())));
    Json::Object(members.collect())
}

fn matrices(result: &mut WorkflowResult, expected: &Json, played: &Json) {
    for (job, want) in expected["matrixExpansion"].as_object().into_iter().flatten() {
        let got = &played["matrixExpansion"][job];
        result.same(&format!("{job} combinations"), &want["combinations"], &got["combinations"]);
        if want["displayNames"].is_object() {
            let names = (&want["displayNames"]["names"], &got["displayNames"]["names"]);
            result.same(&format!("{job} names"), names.0, names.1);
        }
    }
}

/// An expression counts by its text without regard to the number of blanks, a number by its value; nothing is as good as
/// not there.
fn normal(value: &Json) -> Json {
    match value {
        Json::Object(members) => {
            if let Some(text) = members.get("$expr") {
                let words: Vec<&str> = text.as_str().unwrap_or_default().split_whitespace().collect();
                return Json::from(words.join(" "));
            }
            let members = members.iter().filter(|(_, value)| !value.is_null());
            Json::Object(members.map(|(key, value)| (key.clone(), normal(value))).collect::<Map<_, _>>())
        }
        Json::Array(items) => items.iter().map(normal).collect(),
        Json::Number(number) => number.as_f64().map_or(Json::Null, Json::from),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_wrong_verdict_is_worth_nothing() {
        let result = compare_workflow(&json!({ "valid": true, "errors": [] }), &json!({ "valid": false }));
        assert!(result.lost && result.score() == 0.0);
    }

    #[test]
    fn what_github_is_known_to_do_counts_more_than_the_parser() {
        let expected =
            json!({ "valid": true, "errors": [], "official": { "valid": false, "message": "twice" } });
        let played = json!({ "valid": false, "errors": [{ "message": "it is there twice" }] });
        assert!(compare_workflow(&expected, &played).differences.is_empty());
    }

    #[test]
    fn an_error_counts_by_its_words_and_its_place() {
        let expected = |line: u32| json!({ "valid": false, "errors": [{ "message": "no", "line": line, "column": 3, "phase": "parse" }] });
        let played = json!({ "valid": false, "errors": [{ "message": "no", "line": 4, "column": 3 }] });
        assert!(compare_workflow(&expected(4), &played).differences.is_empty());
        assert_eq!(compare_workflow(&expected(5), &played).differences.len(), 1);
    }

    #[test]
    fn a_job_counts_by_what_it_does() {
        let expected = json!({ "valid": true, "jobs": [{ "id": "a", "needs": ["B"], "runsOn": { "$expr": "matrix.os " },
            "steps": [{ "id": "__run", "run": "x", "name": "y" }] }] });
        let job = |run: &str| {
            json!({ "valid": true, "jobs": [{ "id": "a", "needs": ["b"], "runsOn": { "$expr": "matrix.os" },
            "steps": [{ "id": "__run", "run": run }] }] })
        };
        assert!(compare_workflow(&expected, &job("x")).differences.is_empty());
        let wrong = compare_workflow(&expected, &job("z"));
        assert_eq!((wrong.differences.len(), wrong.checks), (1, 5));
    }
}
