//! What a job says of its run: commands, variables, artifacts, environment, retry, parallel and the like.

use super::{
    Checker, Entry, MAX_NESTING_LEVEL, flat, is_alphanumeric, is_bool, is_integer, is_nested, is_scalar,
    is_text,
};
use crate::gitlab::Warning;
use crate::gitlab::duration;
use crate::gitlab::value::{Data, Map, Value};

/// The most jobs that `parallel` makes.
pub(in crate::gitlab) const PARALLEL_LIMIT: u64 = 200;
/// The longest timeout: a month.
const MAX_TIMEOUT: u64 = 2_592_000;
const MAX_TAGS: usize = 50;
const REPORTS: [&str; 26] = [
    "junit",
    "codequality",
    "sast",
    "secret_detection",
    "dependency_scanning",
    "container_scanning",
    "dast",
    "performance",
    "browser_performance",
    "load_performance",
    "license_scanning",
    "metrics",
    "lsif",
    "dotenv",
    "terraform",
    "accessibility",
    "coverage_fuzzing",
    "api_fuzzing",
    "cluster_image_scanning",
    "requirements",
    "requirements_v2",
    "coverage_report",
    "cyclonedx",
    "annotations",
    "repository_xray",
    "sarif",
];
/// Why a job may have failed (`Ci::Build.failure_reasons`), and `always`.
const RETRY_WHEN: [&str; 43] = [
    "always",
    "unknown_failure",
    "script_failure",
    "api_failure",
    "stuck_or_timeout_failure",
    "runner_system_failure",
    "missing_dependency_failure",
    "runner_unsupported",
    "stale_schedule",
    "job_execution_timeout",
    "archived_failure",
    "unmet_prerequisites",
    "scheduler_failure",
    "data_integrity_failure",
    "forward_deployment_failure",
    "user_blocked",
    "project_deleted",
    "ci_quota_exceeded",
    "pipeline_loop_detected",
    "no_matching_runner",
    "trace_size_exceeded",
    "builds_disabled",
    "environment_creation_failure",
    "deployment_rejected",
    "failed_outdated_deployment_job",
    "protected_environment_failure",
    "insufficient_bridge_permissions",
    "downstream_bridge_project_not_found",
    "invalid_bridge_trigger",
    "upstream_bridge_project_not_found",
    "insufficient_upstream_permissions",
    "bridge_pipeline_is_child_pipeline",
    "downstream_pipeline_creation_failed",
    "secrets_provider_not_found",
    "reached_max_descendant_pipelines_depth",
    "ip_restriction_failure",
    "reached_max_pipeline_hierarchy_size",
    "duo_workflow_not_allowed",
    "runner_provisioning_timeout",
    "job_router_failure",
    "job_token_expired",
    "image_pull_failure",
    "runner_image_pull_failure",
];

pub(super) fn commands(checker: &mut Checker, entry: &Entry<'_>) {
    if !(is_text(entry.value) || is_nested(entry.value, MAX_NESTING_LEVEL, &is_text)) {
        let message = format!(
            "config should be a string or a nested array of strings up to {MAX_NESTING_LEVEL} levels deep"
        );
        checker.say(entry, &message);
    }
}

pub(super) fn interruptible(checker: &mut Checker, entry: &Entry<'_>) {
    checker.config_boolean(entry);
}

pub(super) fn timeout(checker: &mut Checker, entry: &Entry<'_>) {
    let seconds = entry.value.text().and_then(duration::seconds);
    if seconds.is_none() {
        checker.say(entry, "config should be a duration");
    }
    if seconds.is_none_or(|seconds| seconds > MAX_TIMEOUT) {
        checker.say(entry, "config should not exceed the limit");
    }
}

pub(super) fn tags(checker: &mut Checker, entry: &Entry<'_>) {
    checker.config_strings(entry);
    if entry.value.list().is_some_and(|items| items.len() >= MAX_TAGS) {
        checker.say(entry, &format!("config must be less than the limit of {MAX_TAGS} tags"));
    }
}

pub(super) fn hooks(checker: &mut Checker, entry: &Entry<'_>) {
    if !checker.hash(entry) {
        return;
    }
    checker.allowed_keys(entry, &["pre_get_sources_script"]);
    if let Some(child) = entry.child("pre_get_sources_script") {
        commands(checker, &child);
    }
}

pub(super) fn id_tokens(checker: &mut Checker, entry: &Entry<'_>) {
    if !checker.hash(entry) {
        return;
    }
    for (key, value) in entry.map().into_iter().flat_map(Map::iter) {
        let token = Entry::new(format!("{}:{}", entry.location, key.name), value);
        if !checker.hash(&token) {
            continue;
        }
        checker.required_keys(&token, &["aud"]);
        checker.allowed_keys(&token, &["aud"]);
        checker.strings_or_string(&token, "aud");
    }
}

/// `variables`; `data`: what one that is a mapping may have, nothing where it may not be a mapping.
pub(super) fn variables(checker: &mut Checker, entry: &Entry<'_>, data: &[&str]) {
    if !checker.hash(entry) {
        return;
    }
    for (key, value) in entry.map().into_iter().flat_map(Map::iter) {
        let variable = Entry::new(format!("{}:{}", entry.location, key.name), value);
        let map = match &value.data {
            Data::Null => continue,
            Data::Map(map) => map,
            _ if is_scalar(value) => continue,
            _ => {
                let message = "variable definition must be either a string or a hash";
                checker.mistakes.push(crate::gitlab::Mistake::new(message, value.place));
                continue;
            }
        };
        if data.is_empty() {
            checker.say(&variable, "config must be a string");
            continue;
        }
        let extra: Vec<_> =
            map.iter().map(|(key, _)| key).filter(|key| !data.contains(&key.name.as_str())).collect();
        if let Some(first) = extra.first() {
            let names: Vec<&str> = extra.iter().map(|key| key.name.as_str()).collect();
            let message = format!("config uses invalid data keys: {}", names.join(", "));
            checker.say_at(&variable, &message, first.place);
        }
        let scalar = |key: &str| map.given(key).filter(|value| !is_scalar(value));
        if let Some(value) = scalar("value") {
            checker.say_at(&variable, "config value must be a scalar", value.place);
        }
        if let Some(value) = map.given("description").filter(|value| !is_alphanumeric(value)) {
            checker.say_at(&variable, "config description must be an alphanumeric string", value.place);
        }
        if let Some(value) = map.given("expand").filter(|value| !is_bool(value)) {
            checker.say_at(&variable, "config expand should be a boolean value", value.place);
        }
        if let Some(options) = map.given("options") {
            match options.list() {
                Some(items) if items.iter().all(is_text) => {
                    let value = map.get("value").map(|value| &value.data);
                    if !items.is_empty() && !items.iter().any(|item| Some(&item.data) == value) {
                        checker.say_at(&variable, "config value must be present in options", options.place);
                    }
                }
                _ => {
                    checker.say_at(&variable, "config options should be an array of strings", options.place);
                }
            }
        }
    }
}

pub(super) fn artifacts(checker: &mut Checker, entry: &Entry<'_>) {
    let before = checker.count();
    if !checker.hash(entry) {
        return;
    }
    checker.allowed_keys(
        entry,
        &[
            "name",
            "untracked",
            "paths",
            "reports",
            "when",
            "expire_in",
            "expose_as",
            "exclude",
            "public",
            "access",
        ],
    );
    checker.exclusive_keys(entry, &["access", "public"]);
    let exposed = entry.get("expose_as").is_some();
    if exposed && entry.get("paths").is_none_or(Value::is_blank) {
        checker.say(entry, "paths can't be blank");
    }
    checker.string(entry, "name");
    checker.boolean(entry, "public");
    checker.boolean(entry, "untracked");
    checker.strings(entry, "paths");
    if exposed {
        let plain = |value: &Value| flat(value).iter().all(|path| !path.to_text().contains('*'));
        checker.attribute(entry, "paths", plain, "can't contain '*' when used with 'expose_as'");
        let named = |value: &Value| {
            let text = value.to_text();
            text.starts_with(|c: char| c.is_alphanumeric() || c == '_')
                && text.chars().all(|c| c.is_alphanumeric() || "_- ".contains(c))
        };
        let message = "can contain only letters, digits, '-', '_' and spaces";
        checker.attribute(entry, "expose_as", named, message);
        let short = |value: &Value| value.to_text().chars().count() <= 100;
        checker.attribute(entry, "expose_as", short, "is too long (maximum is 100 characters)");
    }
    checker.strings(entry, "exclude");
    checker.attribute(entry, "reports", |value| value.map().is_some(), "should be a hash");
    checker.one_of(entry, "when", &["on_success", "on_failure", "always"]);
    let expires = |value: &Value| {
        value.text().is_some_and(|text| text == "never" || duration::seconds(text).is_some() || text == "0")
    };
    checker.attribute(entry, "expire_in", expires, "should be a duration");
    checker.one_of(entry, "access", &["none", "developer", "maintainer", "all"]);
    if checker.count() > before {
        return;
    }
    let Some(reports) = entry.child("reports") else { return };
    checker.allowed_keys(&reports, &REPORTS);
    for report in REPORTS.into_iter().filter(|report| !["coverage_report", "codequality"].contains(report)) {
        checker.strings_or_string(&reports, report);
    }
    if let Some(coverage) = reports.child("coverage_report")
        && checker.hash(&coverage)
    {
        checker.allowed_keys(&coverage, &["coverage_format", "path"]);
        checker.present_string(&coverage, "path");
        let known = |value: &Value| matches!(value.text(), Some("cobertura" | "jacoco"));
        checker.attribute(
            &coverage,
            "coverage_format",
            known,
            "must be one of supported formats: cobertura, jacoco.",
        );
        if coverage.get("coverage_format").is_none() {
            checker.say(&coverage, "coverage format must be one of supported formats: cobertura, jacoco.");
        }
    }
}

pub(super) fn allow_failure(checker: &mut Checker, entry: &Entry<'_>) {
    checker.allowed_keys(entry, &["exit_codes"]);
    let fits =
        |value: &Value| is_integer(value) || value.list().is_some_and(|items| items.iter().all(is_integer));
    checker.attribute(entry, "exit_codes", fits, "should be an array of integers or an integer");
}

pub(super) fn retry(checker: &mut Checker, entry: &Entry<'_>) {
    // GitLab names this node without its job.
    let node = Entry::new("retry", entry.value);
    let mut number = |value: &Value, what: &str| {
        let message = match &value.data {
            Data::Integer(number) if *number < 0 => "must be greater than or equal to 0",
            Data::Integer(number) if *number > 2 => "must be less than or equal to 2",
            Data::Integer(_) => return,
            Data::Float(_) => "must be an integer",
            _ => "is not a number",
        };
        checker.say_at(&node, &format!("{what} {message}"), value.place);
    };
    match &entry.value.data {
        Data::Integer(_) => number(entry.value, "config"),
        Data::Map(map) => {
            if let Some(max) = map.given("max") {
                number(max, "max");
            }
            checker.allowed_keys(&node, &["max", "when", "exit_codes"]);
            checker.strings_or_string(&node, "when");
            match map.given("when").map(|when| (&when.data, when.place)) {
                Some((Data::Text(when), place)) if !RETRY_WHEN.contains(&when.as_str()) => {
                    checker.say_at(&node, "when is not included in the list", place);
                }
                Some((Data::List(items), place)) => {
                    let unknown: Vec<String> = items
                        .iter()
                        .map(Value::to_text)
                        .filter(|reason| !RETRY_WHEN.contains(&reason.as_str()))
                        .collect();
                    if !unknown.is_empty() {
                        let message = format!("when contains unknown values: {}", unknown.join(", "));
                        checker.say_at(&node, &message, place);
                    }
                }
                _ => {}
            }
            let fits = |value: &Value| {
                is_integer(value) || value.list().is_some_and(|items| items.iter().all(is_integer))
            };
            checker.attribute(&node, "exit_codes", fits, "should be an array of integers or an integer");
        }
        _ => checker.say(&node, "config has to be either an integer or a hash"),
    }
}

/// `parallel`; whether a number of jobs may be given, too.
pub(super) fn parallel(checker: &mut Checker, entry: &Entry<'_>, numeric: bool) {
    match &entry.value.data {
        Data::Integer(_) | Data::Float(_) if !numeric => {
            checker.say(entry, "config cannot use \"parallel: <number>\".");
        }
        Data::Integer(count) if *count < 1 => {
            checker.say(entry, "config must be greater than or equal to 1");
        }
        Data::Integer(count) if *count as u64 > PARALLEL_LIMIT => {
            checker.say(entry, &format!("config must be less than or equal to {PARALLEL_LIMIT}"));
        }
        Data::Integer(_) => {}
        Data::Float(_) => checker.say(entry, "config must be an integer"),
        Data::Map(_) => {
            let before = checker.count();
            checker.allowed_keys(entry, &["matrix"]);
            checker.required_keys(entry, &["matrix"]);
            if checker.count() == before
                && let Some(child) = entry.child("matrix")
            {
                matrix(checker, &child);
            }
        }
        _ => checker.say(entry, "should be an integer or a hash"),
    }
}

fn matrix(checker: &mut Checker, entry: &Entry<'_>) {
    let items = match entry.value.list() {
        Some(items) if items.iter().all(|item| item.map().is_some()) => items,
        _ => {
            checker.say(entry, "config should be an array of hashes");
            return;
        }
    };
    let before = checker.count();
    let mut total: u64 = 0;
    for item in items {
        let Some(map) = item.map() else { continue };
        let variables = Entry::new(format!("{}:variables", entry.location), item);
        let mut jobs: u64 = 1;
        let mut fits = true;
        for (_, value) in map.iter() {
            match &value.data {
                Data::List(values) => {
                    fits &= !values.is_empty() && flat(value).into_iter().all(is_alphanumeric);
                    jobs = jobs.saturating_mul(flat(value).len() as u64);
                }
                _ => fits &= is_alphanumeric(value) && !value.is_blank(),
            }
        }
        if !fits {
            checker.say(&variables, "config should be a hash of key value pairs, value can be an array");
        }
        if map.is_empty() {
            checker.say(&variables, "config requires at least 1 items");
        }
        total = total.saturating_add(jobs);
    }
    if checker.count() == before && total > PARALLEL_LIMIT {
        checker.say(entry, &format!("config generates too many jobs (maximum is {PARALLEL_LIMIT})"));
    }
}

pub(super) fn environment(checker: &mut Checker, entry: &Entry<'_>) {
    const NAMES: &str = "can contain only letters, digits, '-', '_', '/', '$', '{', '}', '.', and spaces, but it cannot start or end with '/'";
    let name = match &entry.value.data {
        Data::Text(_) => Some(entry.value),
        Data::Map(map) => map.given("name"),
        _ => {
            checker.say(entry, "config should be a hash or a string");
            return;
        }
    };
    match name {
        None => checker.say(entry, "name can't be blank"),
        Some(name) if name.is_blank() => checker.say(entry, "name can't be blank"),
        Some(name) => {
            let fits = name.text().is_some_and(|text| {
                text.chars().all(|c| c.is_alphanumeric() || "-_/${}. ".contains(c))
                    && !text.starts_with('/')
                    && !text.ends_with('/')
            });
            if !fits {
                checker.say_at(entry, &format!("name {NAMES}"), name.place);
            } else if !name.to_text().is_ascii() {
                // GitLab's expression has no letters but those of ASCII; the runner that was recorded takes any.
                let message =
                    format!("{} name {NAMES}: gitlab.com knows only ASCII letters here", entry.location);
                checker.warnings.push(Warning { message, place: name.place });
            }
        }
    }
    if entry.map().is_none() {
        return;
    }
    checker.allowed_keys(
        entry,
        &["name", "url", "action", "on_stop", "auto_stop_in", "kubernetes", "deployment_tier"],
    );
    checker.string(entry, "url");
    let short = |value: &Value| value.to_text().chars().count() <= 255;
    checker.attribute(entry, "url", short, "is too long (maximum is 255 characters)");
    let action =
        |value: &Value| matches!(value.text(), Some("start" | "stop" | "prepare" | "verify" | "access"));
    checker.attribute(entry, "action", action, "should be start, stop, prepare, verify, or access");
    for key in ["deployment_tier", "on_stop", "auto_stop_in"] {
        checker.string(entry, key);
    }
    checker.attribute(entry, "kubernetes", |value| value.map().is_some(), "should be a hash");
    if let Some(kubernetes) = entry.child("kubernetes") {
        checker.allowed_keys(
            &kubernetes,
            &["namespace", "agent", "flux_resource_path", "managed_resources", "dashboard"],
        );
        for key in ["namespace", "agent", "flux_resource_path"] {
            checker.string(&kubernetes, key);
        }
    }
}

pub(super) fn release(checker: &mut Checker, entry: &Entry<'_>) {
    if !checker.hash(entry) {
        return;
    }
    checker.allowed_keys(
        entry,
        &["tag_name", "tag_message", "name", "description", "ref", "released_at", "milestones", "assets"],
    );
    checker.present_string(entry, "tag_name");
    checker.present_string(entry, "description");
    checker.string(entry, "tag_message");
    checker.strings_or_string(entry, "milestones");
    let Some(assets) = entry.child("assets") else { return };
    if !checker.hash(&assets) {
        return;
    }
    checker.allowed_keys(&assets, &["links"]);
    let links = assets.child("links");
    let Some(links) = links else { return };
    if !links.value.list().is_some_and(|items| items.iter().all(|item| item.map().is_some())) {
        checker.say(&links, "config should be an array of hashes");
        return;
    }
    for value in flat(links.value) {
        let link = Entry::new(format!("{}:link", links.location), value);
        checker.allowed_keys(&link, &["name", "url", "filepath", "link_type"]);
        checker.present_string(&link, "name");
        checker.present_string(&link, "url");
        checker.string(&link, "filepath");
    }
}
