//! `rules`, `only`, `except` and `auto_cancel`.

use super::job::{MAX_DELAY, needs};
use super::settings::variables;
use super::{Checker, Entry, flat, is_regexp, is_text, is_texts};
use crate::gitlab::duration;
use crate::gitlab::expression::Expression;
use crate::gitlab::pattern;
use crate::gitlab::value::{Data, Value};

pub(super) const JOB_RULE_KEYS: [&str; 9] =
    ["if", "changes", "exists", "when", "start_in", "allow_failure", "variables", "needs", "interruptible"];
pub(super) const WORKFLOW_KEYS: [&str; 9] =
    ["if", "changes", "exists", "when", "start_in", "allow_failure", "variables", "needs", "auto_cancel"];
/// The most patterns of `changes` or `exists`.
const MAX_PATTERNS: usize = 50;

pub(super) fn rules(checker: &mut Checker, entry: &Entry<'_>, when: &[&str], keys: &[&str]) {
    if entry.value.list().is_none() {
        checker.say(entry, "config should be an array");
        return;
    }
    if entry.value.is_blank() {
        checker.say(entry, "config can't be blank");
        return;
    }
    for value in flat(entry.value) {
        rule(checker, &Entry::new(format!("{}:rule", entry.location), value), when, keys);
    }
}

fn rule(checker: &mut Checker, entry: &Entry<'_>, when: &[&str], keys: &[&str]) {
    let before = checker.count();
    if !checker.hash(entry) {
        return;
    }
    if entry.value.is_blank() {
        checker.say(entry, "config can't be blank");
    }
    let start_in = entry.get("start_in");
    if entry.get("when").and_then(Value::text) == Some("delayed") {
        let place = start_in.map_or(entry.value.place, |value| value.place);
        let seconds = start_in.and_then(Value::text).and_then(duration::seconds);
        if start_in.is_none_or(Value::is_blank) {
            checker.say_at(entry, "start in can't be blank", place);
        }
        if seconds.is_none() {
            checker.say_at(entry, "start in should be a duration", place);
        }
        if seconds.is_none_or(|seconds| seconds > MAX_DELAY) {
            checker.say_at(entry, "start in should not exceed the limit", place);
        }
    } else if let Some(key) = entry.map().and_then(|map| map.key("start_in")) {
        checker.say_at(entry, "config contains disallowed keys: start_in", key.place);
    }
    let reads = |value: &Value| value.text().is_some_and(|text| Expression::parse(text).is_some());
    checker.attribute(entry, "if", reads, "invalid expression syntax");
    checker.boolean(entry, "allow_failure");
    checker.boolean(entry, "interruptible");
    if let Some(value) = entry.get("when")
        && !when.contains(&value.to_text().as_str())
    {
        checker.say_at(entry, &format!("when unknown value: {}", value.to_text()), value.place);
    }
    checker.allowed_keys(entry, keys);
    if checker.count() > before {
        return;
    }
    if let Some(child) = entry.child("changes") {
        changes(checker, &child);
    }
    if let Some(child) = entry.child("exists") {
        exists(checker, &child);
    }
    if let Some(child) = entry.child("variables") {
        variables(checker, &child, &[]);
    }
    if let Some(child) = entry.child("needs") {
        needs(checker, &child, &["job"]);
    }
    if let Some(child) = entry.child("auto_cancel") {
        auto_cancel(checker, &child);
    }
}

/// A list of patterns, neither too long nor of anything but texts.
fn patterns(checker: &mut Checker, entry: &Entry<'_>, value: &Value, what: &str) {
    if !is_texts(value) {
        checker.say_at(entry, &format!("{what} should be an array of strings"), value.place);
    }
    if value.list().is_some_and(|items| items.len() > MAX_PATTERNS) {
        let message = format!("{what} has too many entries (maximum {MAX_PATTERNS})");
        checker.say_at(entry, &message, value.place);
    }
}

fn changes(checker: &mut Checker, entry: &Entry<'_>) {
    match &entry.value.data {
        Data::List(_) => patterns(checker, entry, entry.value, "config"),
        Data::Map(_) => {
            checker.allowed_keys(entry, &["paths", "compare_to"]);
            checker.required_keys(entry, &["paths"]);
            if let Some(paths) = entry.get("paths") {
                patterns(checker, entry, paths, "paths");
            }
            checker.string(entry, "compare_to");
        }
        _ => checker.say(entry, "should be an array or a hash"),
    }
}

fn exists(checker: &mut Checker, entry: &Entry<'_>) {
    match &entry.value.data {
        Data::Text(_) => {}
        Data::List(_) => patterns(checker, entry, entry.value, "config"),
        Data::Map(map) => {
            checker.allowed_keys(entry, &["paths", "project", "ref"]);
            checker.required_keys(entry, &["paths"]);
            if map.given("ref").is_some() {
                checker.required_keys(entry, &["project"]);
            }
            if let Some(paths) = entry.get("paths") {
                patterns(checker, entry, paths, "paths");
            }
            checker.string(entry, "project");
            checker.string(entry, "ref");
        }
        _ => checker.say(entry, "should be a string, an array of strings, or a hash"),
    }
}

/// `only` and `except`.
pub(super) fn policy(checker: &mut Checker, entry: &Entry<'_>) {
    const REFS: &str = "should be an array of strings or regular expressions using re2 syntax";
    let refs = |value: &Value| {
        value.list().is_some_and(|items| {
            items.iter().all(|item| {
                let looks = item.text().is_some_and(|text| pattern::split(text).is_some());
                is_text(item) && (!looks || is_regexp(item))
            })
        })
    };
    match &entry.value.data {
        Data::List(_) => {
            if !refs(entry.value) {
                checker.say(entry, &format!("config {REFS}"));
            }
        }
        Data::Map(map) => {
            if map.is_empty() {
                checker.say(entry, "config can't be blank");
            }
            checker.allowed_keys(entry, &["refs", "kubernetes", "variables", "changes"]);
            checker.attribute(entry, "refs", refs, REFS);
            if let Some(value) = entry.get("kubernetes")
                && value.to_text() != "active"
            {
                checker.say_at(entry, &format!("kubernetes unknown value: {}", value.to_text()), value.place);
            }
            checker.strings(entry, "variables");
            checker.strings(entry, "changes");
            for value in entry.get("variables").and_then(Value::list).unwrap_or(&[]) {
                if value.text().is_some_and(|text| Expression::parse(text).is_none()) {
                    checker.say_at(entry, "variables invalid expression syntax", value.place);
                }
            }
        }
        _ => checker.say(entry, "has to be either an array of conditions or a hash"),
    }
}

pub(super) fn auto_cancel(checker: &mut Checker, entry: &Entry<'_>) {
    if !checker.hash(entry) {
        return;
    }
    checker.allowed_keys(entry, &["on_new_commit", "on_job_failure"]);
    for (key, words) in [
        ("on_new_commit", &["conservative", "interruptible", "none"][..]),
        ("on_job_failure", &["none", "all"][..]),
    ] {
        let message = format!("must be one of: {}", words.join(", "));
        checker.attribute(
            entry,
            key,
            |value| value.text().is_some_and(|text| words.contains(&text)),
            &message,
        );
    }
}
