//! What a runner starts a job with: images, services, caches.

use super::settings::{commands, variables};
use super::{Checker, Entry, flat, is_text, is_texts};
use crate::gitlab::value::{Data, Value};

const IMAGE_KEYS: [&str; 6] = ["name", "entrypoint", "ports", "pull_policy", "docker", "kubernetes"];
const SERVICE_KEYS: [&str; 3] = ["command", "alias", "variables"];
/// The most caches of a job.
const MAX_CACHES: usize = 4;
/// The most files that make a cache's key.
const MAX_KEY_FILES: usize = 2;
const MAX_FALLBACK_KEYS: usize = 5;

fn imageable(checker: &mut Checker, entry: &Entry<'_>, keys: &[&str]) {
    let before = checker.count();
    match &entry.value.data {
        Data::Text(name) => {
            if name.trim().is_empty() {
                checker.say(entry, "name can't be blank");
            }
            return;
        }
        Data::Map(map) => {
            if let Some(key) = map.key("ports") {
                checker.say_at(entry, "config contains disallowed keys: ports", key.place);
            }
        }
        _ => {
            checker.say(entry, "config should be a hash or a string");
            checker.say(entry, "name can't be blank");
            return;
        }
    }
    checker.allowed_keys(entry, keys);
    checker.present_string(entry, "name");
    checker.strings(entry, "entrypoint");
    for key in ["docker", "kubernetes"] {
        checker.attribute(entry, key, |value| value.map().is_some(), "must be a valid json schema");
    }
    if checker.count() > before {
        return;
    }
    if let Some(policy) = entry.child("pull_policy") {
        let known = |value: &&Value| matches!(value.text(), Some("always" | "never" | "if-not-present"));
        if !(is_text(policy.value) || is_texts(policy.value)) || policy.value.is_blank() {
            checker.say(&policy, "config should be an array of strings or a string");
        } else if let Some(unknown) = flat(policy.value).into_iter().find(|value| !known(value)) {
            checker.say(&policy, &format!("config contains unknown values: {}", unknown.to_text()));
        }
    }
}

pub(super) fn image(checker: &mut Checker, entry: &Entry<'_>) {
    imageable(checker, entry, &IMAGE_KEYS);
}

pub(super) fn services(checker: &mut Checker, entry: &Entry<'_>) {
    if entry.value.list().is_none() {
        checker.say(entry, "config should be an array");
        return;
    }
    let keys: Vec<&str> = IMAGE_KEYS.into_iter().chain(SERVICE_KEYS).collect();
    for value in flat(entry.value) {
        let service = Entry::new(format!("{}:service", entry.location), value);
        imageable(checker, &service, &keys);
        checker.string(&service, "alias");
        if let Some(child) = service.child("command") {
            commands(checker, &child);
        }
        if let Some(child) = service.child("variables") {
            variables(checker, &child, &[]);
        }
    }
}

pub(super) fn caches(checker: &mut Checker, entry: &Entry<'_>) {
    match &entry.value.data {
        Data::List(items) if items.len() > MAX_CACHES => {
            checker.say(entry, &format!("config no more than {MAX_CACHES} caches can be created"));
            return;
        }
        Data::List(_) | Data::Map(_) => {}
        _ => {
            checker.say(entry, "config can only be a hash or an array");
            return;
        }
    }
    for value in flat(entry.value) {
        cache(checker, &Entry::new(format!("{}:cache", entry.location), value));
    }
}

fn cache(checker: &mut Checker, entry: &Entry<'_>) {
    let before = checker.count();
    if !checker.hash(entry) {
        return;
    }
    let keys = ["key", "untracked", "paths", "when", "policy", "unprotect", "fallback_keys"];
    checker.allowed_keys(entry, &keys);
    checker.string(entry, "policy");
    // The expression is not anchored: a variable, or anything with one of the words in it.
    let policy =
        |value: &Value| value.is_blank() || value.to_text().contains("pu") || value.to_text().contains('$');
    checker.attribute(entry, "policy", policy, "should be a variable or one of: pull-push, push, pull");
    checker.one_of(entry, "when", &["on_success", "on_failure", "always"]);
    let few = |value: &Value| value.list().is_none_or(|items| items.len() <= MAX_FALLBACK_KEYS);
    let message = format!("has to many entries (maximum {MAX_FALLBACK_KEYS})");
    checker.attribute(entry, "fallback_keys", few, &message);
    if checker.count() > before {
        return;
    }
    if let Some(child) = entry.child("key") {
        key(checker, &child);
    }
    for name in ["untracked", "unprotect"] {
        if let Some(child) = entry.child(name) {
            checker.config_boolean(&child);
        }
    }
    for name in ["paths", "fallback_keys"] {
        if let Some(child) = entry.child(name) {
            checker.config_strings(&child);
        }
    }
}

fn key(checker: &mut Checker, entry: &Entry<'_>) {
    match &entry.value.data {
        Data::Text(text) => {
            let path = text.replace("%2F", "/").replace("%2f", "/").replace("%2E", ".").replace("%2e", ".");
            if path.contains('/') {
                checker.say(entry, "config cannot contain the \"/\" character");
            } else if path == "." || path == ".." {
                checker.say(entry, "config cannot be \".\" or \"..\"");
            }
        }
        Data::Map(_) => {
            let before = checker.count();
            checker.allowed_keys(entry, &["files", "files_commits", "prefix"]);
            if entry.get("files_commits").is_none() {
                checker.required_keys(entry, &["files"]);
            }
            if checker.count() > before {
                return;
            }
            for name in ["files", "files_commits"] {
                let Some(child) = entry.child(name) else { continue };
                checker.config_strings(&child);
                match child.value.list().map_or(1, <[Value]>::len) {
                    0 => checker.say(&child, "config requires at least 1 item"),
                    count if count > MAX_KEY_FILES => {
                        let message = format!("config has too many items (maximum is {MAX_KEY_FILES})");
                        checker.say(&child, &message);
                    }
                    _ => {}
                }
            }
            if let Some(child) = entry.child("prefix")
                && !is_text(child.value)
            {
                checker.say(&child, "config should be a string or symbol");
            }
        }
        _ => checker.say(entry, "should be a hash, a string or a symbol"),
    }
}
