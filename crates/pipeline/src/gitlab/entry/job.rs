//! A job, and a job that triggers another pipeline.

use super::rules::{JOB_RULE_KEYS, policy, rules};
use super::settings::{allow_failure, commands, environment, interruptible, parallel, release, variables};
use super::{Checker, Entry, MAX_NESTING_LEVEL, flat, is_bool, is_nested, is_regexp, is_text};
use crate::gitlab::duration;
use crate::gitlab::entry::root::DEFAULT_KEYS;
use crate::gitlab::value::{Data, Value};

/// What any job may have.
const PROCESSABLE_KEYS: [&str; 13] = [
    "extends",
    "stage",
    "only",
    "except",
    "rules",
    "variables",
    "inherit",
    "allow_failure",
    "when",
    "needs",
    "resource_group",
    "environment",
    "interruptible",
];
/// What a job with a script may have besides; the last three are those of the paid editions.
const JOB_KEYS: [&str; 27] = [
    "tags",
    "script",
    "image",
    "services",
    "start_in",
    "artifacts",
    "cache",
    "dependencies",
    "before_script",
    "after_script",
    "hooks",
    "coverage",
    "retry",
    "parallel",
    "timeout",
    "inputs",
    "release",
    "id_tokens",
    "publish",
    "pages",
    "manual_confirmation",
    "run",
    "only",
    "except",
    "secrets",
    "dast_configuration",
    "identity",
];
const BRIDGE_KEYS: [&str; 3] = ["trigger", "parallel", "inputs"];
const JOB_WHEN: [&str; 5] = ["on_success", "on_failure", "always", "manual", "delayed"];
const BRIDGE_WHEN: [&str; 4] = ["on_success", "on_failure", "always", "manual"];
/// The longest that a delayed job may wait: a week.
pub(super) const MAX_DELAY: u64 = 604_800;
/// The most needs of jobs in other pipelines.
const MAX_CROSS_NEEDS: usize = 5;
/// The most files of a child pipeline.
const MAX_TRIGGER_INCLUDES: usize = 3;

/// Whether a value is a job that runs something.
pub(in crate::gitlab) fn is_job(value: &Value) -> bool {
    value.map().is_some_and(|map| map.has("script") || map.has("run"))
}

/// Whether a value is a job that triggers a pipeline.
pub(super) fn is_bridge(value: &Value) -> bool {
    value.map().is_some_and(|map| map.has("trigger") || map.has("needs"))
}

/// What all jobs have to observe.
fn processable(checker: &mut Checker, entry: &Entry<'_>) {
    checker.exclusive_keys(entry, &["script", "trigger"]);
    checker.exclusive_keys(entry, &["run", "trigger"]);
    let Some(map) = entry.map() else { return };
    if entry.get("rules").is_some() {
        let present: Vec<_> = map
            .iter()
            .filter(|(key, value)| {
                ["only", "except", "start_in"].contains(&key.name.as_str()) && value.data != Data::Null
            })
            .map(|(key, _)| key)
            .collect();
        if let Some(first) = present.first() {
            let names: Vec<&str> = present.iter().map(|key| key.name.as_str()).collect();
            let message = format!("config key may not be used with `rules`: {}", names.join(", "));
            checker.say_at(entry, &message, first.place);
        }
    }
    checker.strings_or_string(entry, "extends");
    let is_rule = |value: &Value| value.map().is_some();
    checker.attribute(
        entry,
        "rules",
        |value| is_nested(value, MAX_NESTING_LEVEL, &is_rule),
        "should be an array containing hashes and arrays of hashes",
    );
    checker.string(entry, "resource_group");
}

/// What stands below all jobs.
fn processable_children(checker: &mut Checker, entry: &Entry<'_>) {
    if let Some(stage) = entry.child("stage")
        && !is_text(stage.value)
    {
        checker.say(&stage, "config should be a string");
    }
    for key in ["only", "except"] {
        if let Some(child) = entry.child(key) {
            policy(checker, &child);
        }
    }
    if let Some(child) = entry.child("rules") {
        let when = ["on_success", "on_failure", "always", "never", "manual", "delayed"];
        rules(checker, &child, &when, &JOB_RULE_KEYS);
    }
    if let Some(child) = entry.child("variables") {
        variables(checker, &child, &["value", "expand"]);
    }
    if let Some(child) = entry.child("inherit") {
        inherit(checker, &child);
    }
    if let Some(child) = entry.child("environment") {
        environment(checker, &child);
    }
}

/// A job; `incomplete`: an absent file has a part of it.
pub(super) fn job(checker: &mut Checker, entry: &Entry<'_>, name: &str, incomplete: bool) {
    let before = checker.count();
    processable(checker, entry);
    let keys: Vec<&str> = JOB_KEYS.into_iter().chain(PROCESSABLE_KEYS).collect();
    checker.allowed_keys(entry, &keys);
    for key in ["script", "before_script", "after_script"] {
        checker.exclusive_keys(entry, &[key, "run"]);
    }
    let Some(map) = entry.map() else { return };
    if !incomplete && !map.has("run") && map.get("script").is_none_or(Value::is_blank) {
        let place = map.key("script").map_or(entry.value.place, |key| key.place);
        checker.say_at(entry, "script can't be blank", place);
    }
    checker.one_of(entry, "when", &JOB_WHEN);
    checker.strings(entry, "dependencies");
    let fits = |value: &Value| value.map().is_some() || is_bool(value);
    checker.attribute(entry, "allow_failure", fits, "should be a hash or a boolean value");
    checker.string(entry, "manual_confirmation");
    let steps =
        |value: &Value| value.list().is_some_and(|items| items.iter().all(|item| item.map().is_some()));
    checker.attribute(entry, "run", steps, "must be a valid json schema");
    start_in(checker, entry);
    let pages = entry.get("pages");
    let is_pages = pages.is_some_and(|pages| !pages.is_blank())
        || (name == "pages" && pages.and_then(Value::truth) != Some(false));
    if let Some(publish) = entry.get("publish").filter(|_| !is_pages) {
        checker.say_at(entry, "publish can only be used within a `pages` job", publish.place);
    }
    if checker.count() > before {
        return;
    }
    let needs_at = checker.count();
    processable_children(checker, entry);
    checker.shared(entry);
    for (key, check) in [
        ("script", commands as fn(&mut Checker, &Entry<'_>)),
        ("release", release),
        ("allow_failure", allow_failure),
    ] {
        if let Some(child) = entry.child(key) {
            check(checker, &child);
        }
    }
    if let Some(child) = entry.child("coverage")
        && !is_regexp(child.value)
    {
        checker.say(&child, "config must be a regular expression with re2 syntax");
    }
    if let Some(child) = entry.child("parallel") {
        parallel(checker, &child, true);
    }
    if let Some(child) = entry.child("pages")
        && !(is_bool(child.value) || child.value.map().is_some())
    {
        checker.say(&child, "config should be a hash or a boolean value");
    }
    if let Some(child) = entry.child("publish")
        && !is_text(child.value)
    {
        checker.say(&child, "config should be a string");
    }
    if let Some(child) = entry.child("needs") {
        needs(checker, &child, &["job", "cross_dependency"]);
    }
    if checker.count() == needs_at {
        dependencies_are_needed(checker, entry);
    }
}

fn start_in(checker: &mut Checker, entry: &Entry<'_>) {
    let delayed = entry.get("when").and_then(Value::text) == Some("delayed");
    let given = entry.get("start_in");
    let place = given.or_else(|| entry.get("when")).map_or(entry.value.place, |value| value.place);
    if delayed {
        let seconds = given.and_then(Value::text).and_then(duration::seconds);
        if seconds.is_none() {
            checker.say_at(entry, "start in should be a duration", place);
        }
        if seconds.is_none_or(|seconds| seconds > MAX_DELAY) {
            checker.say_at(entry, "start in should not exceed the limit", place);
        }
    }
    if given.is_some_and(|value| !value.is_blank()) && (entry.get("rules").is_some() || !delayed) {
        checker.say_at(entry, "start in must be blank", place);
    }
}

/// `dependencies` have to be among `needs`, if there are any.
fn dependencies_are_needed(checker: &mut Checker, entry: &Entry<'_>) {
    let (Some(dependencies), Some(needs)) = (entry.get("dependencies"), entry.get("needs")) else { return };
    let needs = flat(needs);
    if needs.is_empty() || dependencies.is_blank() {
        return;
    }
    let names: Vec<String> = needs
        .iter()
        .filter_map(|need| match &need.data {
            Data::Text(name) => Some(name.clone()),
            Data::Map(map) if !map.has("pipeline") && !map.has("project") => {
                map.given("job").map(Value::to_text)
            }
            _ => None,
        })
        .collect();
    if names.is_empty() {
        let message = "needs corresponding to dependencies must be from the same pipeline";
        checker.say_at(entry, message, dependencies.place);
        return;
    }
    let missing: Vec<String> =
        flat(dependencies).iter().map(|name| name.to_text()).filter(|name| !names.contains(name)).collect();
    if !missing.is_empty() {
        let message = format!("dependencies the {} should be part of needs", missing.join(", "));
        checker.say_at(entry, &message, dependencies.place);
    }
}

pub(super) fn bridge(checker: &mut Checker, entry: &Entry<'_>) {
    let before = checker.count();
    processable(checker, entry);
    let keys: Vec<&str> = BRIDGE_KEYS.into_iter().chain(PROCESSABLE_KEYS).collect();
    checker.allowed_keys(entry, &keys);
    checker.one_of(entry, "when", &BRIDGE_WHEN);
    checker.boolean(entry, "allow_failure");
    if checker.count() > before {
        return;
    }
    let is_bridge_need = |need: &&Value| {
        need.map().is_some_and(|map| map.has("pipeline") && !map.has("job") && !map.has("project"))
    };
    let bridges =
        entry.get("needs").map_or(0, |needs| flat(needs).iter().filter(|need| is_bridge_need(need)).count());
    if entry.get("trigger").is_none() && bridges == 0 {
        checker.say(entry, "config should contain either a trigger or a needs:pipeline");
    }
    if bridges > 1 {
        checker.say(entry, "config should contain at most one bridge need");
    }
    processable_children(checker, entry);
    if let Some(child) = entry.child("interruptible") {
        interruptible(checker, &child);
    }
    if let Some(child) = entry.child("trigger") {
        trigger(checker, &child);
    }
    if let Some(child) = entry.child("needs") {
        needs(checker, &child, &["job", "bridge"]);
    }
    if let Some(child) = entry.child("parallel") {
        parallel(checker, &child, false);
    }
}

fn trigger(checker: &mut Checker, entry: &Entry<'_>) {
    let Some(map) = entry.map() else {
        if !is_text(entry.value) {
            checker.say(entry, "has to be either a string or a hash");
        } else if entry.value.is_blank() {
            checker.say(entry, "config can't be blank");
        }
        return;
    };
    if map.is_empty() {
        checker.say(entry, "config can't be blank");
    }
    if map.has("include") {
        checker.allowed_keys(entry, &["strategy", "include", "forward", "inputs"]);
        if let Some(include) = entry.child("include")
            && include.value.list().is_some_and(|items| items.len() > MAX_TRIGGER_INCLUDES)
        {
            checker.say(&include, &format!("config is too long (maximum is {MAX_TRIGGER_INCLUDES})"));
        }
    } else {
        checker.allowed_keys(entry, &["project", "branch", "strategy", "forward", "inputs"]);
        checker.present_string(entry, "project");
        checker.string(entry, "branch");
    }
    checker.attribute(
        entry,
        "strategy",
        |value| matches!(value.text(), Some("depend" | "mirror")),
        "should be depend or mirror",
    );
    if let Some(forward) = entry.child("forward")
        && checker.hash(&forward)
    {
        checker.allowed_keys(&forward, &["yaml_variables", "pipeline_variables"]);
        checker.boolean(&forward, "yaml_variables");
        checker.boolean(&forward, "pipeline_variables");
    }
}

fn inherit(checker: &mut Checker, entry: &Entry<'_>) {
    let before = checker.count();
    if checker.hash(entry) {
        checker.allowed_keys(entry, &["default", "variables"]);
    }
    if checker.count() > before {
        return;
    }
    for key in ["default", "variables"] {
        let Some(child) = entry.child(key).filter(|child| !is_bool(child.value)) else { continue };
        let Some(items) = child.value.list() else {
            checker.say(&child, "should be a bool or array of strings");
            continue;
        };
        checker.config_strings(&child);
        let unknown: Vec<String> =
            items.iter().map(Value::to_text).filter(|name| !DEFAULT_KEYS.contains(&name.as_str())).collect();
        if key == "default" && !unknown.is_empty() {
            checker.say(&child, &format!("config contains unknown values: {}", unknown.join(", ")));
        }
    }
}

/// `needs`; what kinds of it may stand here.
pub(super) fn needs(checker: &mut Checker, entry: &Entry<'_>, allowed: &[&str]) {
    match &entry.value.data {
        Data::Map(map) if map.is_empty() => {
            checker.say(entry, "config can not be an empty hash");
            return;
        }
        Data::List(_) | Data::Map(_) => {}
        _ => {
            checker.say(entry, "config can only be a hash or an array");
            return;
        }
    }
    let mut extra: Vec<&str> = Vec::new();
    let mut crossing = 0;
    let at = checker.count();
    for value in flat(entry.value) {
        let need = Entry::new(format!("{}:need", entry.location), value);
        let Some(kind) = need_kind(value) else {
            checker.say(&need, "has an unsupported type");
            continue;
        };
        if !allowed.contains(&kind) && !extra.contains(&kind) {
            extra.push(kind);
        }
        crossing += usize::from(kind == "cross_dependency");
        one_need(checker, &need, kind);
    }
    if crossing > MAX_CROSS_NEEDS {
        checker.say(entry, &format!("config must be less than or equal to {MAX_CROSS_NEEDS}"));
    }
    if !extra.is_empty() && checker.count() == at {
        checker.say(entry, &format!("config uses invalid types: {}", extra.join(", ")));
    }
}

/// What kind of need a value is.
fn need_kind(value: &Value) -> Option<&'static str> {
    let map = match &value.data {
        Data::Text(_) => return Some("job"),
        Data::Map(map) => map,
        _ => return None,
    };
    let has = |key: &str| map.has(key);
    if has("job") && !has("project") && !has("pipeline") {
        Some("job")
    } else if has("job") && (has("project") || has("pipeline")) {
        Some("cross_dependency")
    } else if has("pipeline") {
        Some("bridge")
    } else {
        None
    }
}

fn one_need(checker: &mut Checker, need: &Entry<'_>, kind: &str) {
    let Some(map) = need.map() else {
        if need.value.is_blank() {
            checker.say(need, "config can't be blank");
        }
        return;
    };
    let keys: &[&str] = match kind {
        "job" => &["job", "artifacts", "optional", "parallel"],
        "bridge" => &["pipeline", "optional"],
        _ if map.has("project") => &["project", "ref", "job", "artifacts", "parallel"],
        _ => &["pipeline", "job", "artifacts", "parallel"],
    };
    checker.allowed_keys(need, keys);
    for key in ["job", "pipeline", "project"] {
        if map.has(key) && keys.contains(&key) {
            checker.present_string(need, key);
        }
    }
    if map.has("project") {
        checker.present_string(need, "ref");
    }
    checker.boolean(need, "artifacts");
    checker.boolean(need, "optional");
    if let Some(child) = need.child("parallel") {
        parallel(checker, &child, false);
    }
}
