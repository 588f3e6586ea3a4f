//! What was made of a configuration of GitLab CI against what `gitlab-ci-local` said of it. A case scores the share of its
//! checks that hold, and nothing if it is valid to only one of the two. Where GitLab itself is known to differ
//! (`official`), GitLab counts; what neither is known to say (`knownLimit`, "unsure") is left out.

#![allow(clippy::indexing_slicing, reason = "a member that is not there is null")]

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::workflows::{WorkflowResult, validity};

/// Compares a case (`expected.json`) with what was played of it.
pub fn compare_pipeline(expected: &Json, played: &Json) -> WorkflowResult {
    let mut result = WorkflowResult::default();
    let official = &expected["official"];
    let Some(wanted) = validity(&mut result, expected, played) else { return result };
    if wanted == &Json::Bool(false) {
        if let Some(message) = official["error"].as_str() {
            let told = played["error"].as_str().is_some_and(|error| error.contains(message));
            result.check("error", told, &message.into(), &played["error"]);
        }
        return result;
    }
    let jobs = list(&expected["jobs"]);
    if official["pipelineCreated"] == Json::Bool(false) {
        result.same("created", &Json::Bool(false), &played["pipeline"]["created"]);
        return result;
    }
    if expected["valid"] == Json::Bool(false) || jobs.is_empty() {
        return result;
    }
    let got: BTreeSet<&str> = list(&played["jobs"]).iter().filter_map(|job| job["name"].as_str()).collect();
    if official["activeOnMainBranch"].is_array() {
        let names = list(&official["activeOnMainBranch"]).iter().filter_map(Json::as_str).collect();
        same_names(&mut result, &names, &got);
        return result;
    }
    let wanted: Vec<&Json> = jobs.iter().filter(|job| job["when"] != "never").collect();
    same_names(&mut result, &wanted.iter().map(|job| name(job)).collect(), &got);
    let limits: Vec<&str> = list(&expected["knownLimit"]["jobs"]).iter().filter_map(Json::as_str).collect();
    let known = |job: &Json| !limits.contains(&job["name"].as_str().unwrap_or_default());
    for want in wanted.into_iter().filter(|job| known(job)) {
        job(&mut result, want, played, official);
    }
    if official["runResults"].is_null() {
        for (job, want) in expected["run"]["results"].as_object().into_iter().flatten() {
            let named = jobs.iter().find(|other| other["name"] == **job).map_or(job.as_str(), name);
            let status = &played["run"]["results"][named]["status"];
            let holds = match want["status"].as_str() {
                Some("not_run") => {
                    matches!(status.as_str(), Some("not_run" | "skipped" | "manual" | "created"))
                }
                _ => *status == want["status"],
            };
            if !limits.contains(&job.as_str()) {
                result.check(&format!("{job} result"), holds, &want["status"], status);
            }
        }
    }
    result
}

fn list(value: &Json) -> &[Json] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A job's name as GitLab has it.
fn name(job: &Json) -> &str {
    job["gitlabName"].as_str().or_else(|| job["name"].as_str()).unwrap_or_default()
}

fn same_names(result: &mut WorkflowResult, want: &BTreeSet<&str>, got: &BTreeSet<&str>) {
    let json = |names: &BTreeSet<&str>| names.iter().copied().collect::<Json>();
    result.check("jobs", want == got, &json(want), &json(got));
}

fn job(result: &mut WorkflowResult, want: &Json, played: &Json, official: &Json) {
    let key = name(want);
    let got = list(&played["jobs"]).iter().find(|job| job["name"] == key).unwrap_or(&Json::Null);
    result.same(&format!("{key}.stage"), &want["stage"], &got["stage"]);
    let when = |job: &Json| job["when"].as_str().unwrap_or("on_success").to_owned();
    result.same(&format!("{key}.when"), &when(want).into(), &when(got).into());
    if want["needs"].is_array() {
        let needs = |job: &Json| {
            let mut needs: Vec<(String, bool)> = list(&job["needs"])
                .iter()
                .map(|need| {
                    (
                        need["job"].as_str().unwrap_or_default().to_owned(),
                        need["optional"] == Json::Bool(true),
                    )
                })
                .collect();
            needs.sort();
            needs
        };
        result.check(&format!("{key}.needs"), needs(want) == needs(got), &want["needs"], &got["needs"]);
    } else {
        result.check(&format!("{key} has no needs"), got["needs"].is_null(), &Json::Null, &got["needs"]);
    }
    let said = &official["allowFailure"][want["name"].as_str().unwrap_or_default()];
    let allowed = match said {
        Json::Null if want["when"] == "manual" => &Json::Null,
        Json::Null => &want["allow_failure"],
        said => said,
    };
    if allowed.is_boolean() {
        result.same(&format!("{key}.allow_failure"), allowed, &got["allow_failure"]);
    }
}
