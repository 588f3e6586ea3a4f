//! What a configuration has to look like, with GitLab's words where it does not.
//!
//! Source: gitlab `lib/gitlab/ci/config/entry` and `lib/gitlab/config/entry` (nodes and validators), read, not run. As
//! there, what stands below a node is looked at only once the node itself is right, and messages are in lower case.

mod job;
mod root;
mod rules;
mod runner;
mod settings;

use std::collections::BTreeSet;

use super::pattern::Pattern;
use super::value::{Data, Map, Place, Value};
use super::{Mistake, Warning};

pub(super) use job::is_job;
pub(super) use root::{GLOBAL_DEFAULTS, check};

/// How deep lists of commands and rules may lie in each other.
const MAX_NESTING_LEVEL: usize = 10;

/// A node: a value and what it is called in messages.
struct Entry<'a> {
    location: String,
    value: &'a Value,
}

impl<'a> Entry<'a> {
    fn new(location: impl Into<String>, value: &'a Value) -> Self {
        Entry { location: location.into(), value }
    }

    /// The node of a key, if something is there.
    fn child(&self, key: &str) -> Option<Entry<'a>> {
        let value = self.value.map()?.given(key)?;
        Some(Entry::new(format!("{}:{key}", self.location), value))
    }

    /// A value of a key, if something is there.
    fn get(&self, key: &str) -> Option<&'a Value> {
        self.value.map()?.given(key)
    }

    fn map(&self) -> Option<&'a Map> {
        self.value.map()
    }
}

/// Collects what is wrong.
#[derive(Default)]
pub(super) struct Checker {
    pub mistakes: Vec<Mistake>,
    pub warnings: Vec<Warning>,
    pub open: Open,
}

/// What is not known because an included file is absent.
#[derive(Clone, Debug, Default)]
pub(super) struct Open {
    /// Some file is: what it may bring is not missed.
    pub lenient: bool,
    /// Entries that would take over something from it.
    pub incomplete: BTreeSet<String>,
}

impl Open {
    /// Whether a key of the configuration is a job that is not hidden.
    pub fn is_visible(&self, name: &str, value: &Value) -> bool {
        root::names_job(name, value) && !name.starts_with('.') && self.is_some_job(name, value)
    }

    /// Whether a value is a job; an incomplete one may become one.
    fn is_some_job(&self, name: &str, value: &Value) -> bool {
        is_job(value) || job::is_bridge(value) || (self.incomplete.contains(name) && value.map().is_some())
    }
}

impl Checker {
    fn count(&self) -> usize {
        self.mistakes.len()
    }

    /// Says what is wrong with a node.
    fn say(&mut self, entry: &Entry<'_>, message: &str) {
        self.say_at(entry, message, entry.value.place);
    }

    fn say_at(&mut self, entry: &Entry<'_>, message: &str, place: Place) {
        self.mistakes.push(Mistake::new(format!("{} {message}", entry.location).to_lowercase(), place));
    }

    /// A node has to be a mapping.
    fn hash(&mut self, entry: &Entry<'_>) -> bool {
        let is = entry.map().is_some();
        if !is {
            self.say(entry, "config should be a hash");
        }
        is
    }

    fn allowed_keys(&mut self, entry: &Entry<'_>, allowed: &[&str]) {
        let Some(map) = entry.map() else { return };
        let unknown: Vec<_> =
            map.iter().map(|(key, _)| key).filter(|key| !allowed.contains(&key.name.as_str())).collect();
        if let Some(first) = unknown.first() {
            let names: Vec<&str> = unknown.iter().map(|key| key.name.as_str()).collect();
            let message = format!("config contains unknown keys: {}", names.join(", "));
            self.say_at(entry, &message, first.place);
        }
    }

    fn required_keys(&mut self, entry: &Entry<'_>, required: &[&str]) {
        let Some(map) = entry.map() else { return };
        let missing: Vec<&str> = required.iter().copied().filter(|key| !map.has(key)).collect();
        if !missing.is_empty() {
            self.say(entry, &format!("config missing required keys: {}", missing.join(", ")));
        }
    }

    fn exclusive_keys(&mut self, entry: &Entry<'_>, keys: &[&str]) {
        let Some(map) = entry.map() else { return };
        let present: Vec<_> =
            map.iter().map(|(key, _)| key).filter(|key| keys.contains(&key.name.as_str())).collect();
        if let [_, second, ..] = present.as_slice() {
            let names: Vec<&str> = present.iter().map(|key| key.name.as_str()).collect();
            let message = format!("config these keys cannot be used together: {}", names.join(", "));
            self.say_at(entry, &message, second.place);
        }
    }

    /// What a key of a node has to be, if it is there.
    fn attribute(&mut self, entry: &Entry<'_>, key: &str, fits: impl Fn(&Value) -> bool, message: &str) {
        if let Some(value) = entry.get(key)
            && !fits(value)
        {
            self.say_at(entry, &format!("{} {message}", key.replace('_', " ")), value.place);
        }
    }

    fn string(&mut self, entry: &Entry<'_>, key: &str) {
        self.attribute(entry, key, is_text, "should be a string");
    }

    fn boolean(&mut self, entry: &Entry<'_>, key: &str) {
        self.attribute(entry, key, is_bool, "should be a boolean value");
    }

    fn strings(&mut self, entry: &Entry<'_>, key: &str) {
        self.attribute(entry, key, is_texts, "should be an array of strings");
    }

    fn strings_or_string(&mut self, entry: &Entry<'_>, key: &str) {
        let fits = |value: &Value| is_text(value) || is_texts(value);
        self.attribute(entry, key, fits, "should be an array of strings or a string");
    }

    /// A key whose text has to be one of some words.
    fn one_of(&mut self, entry: &Entry<'_>, key: &str, words: &[&str]) {
        self.string(entry, key);
        let message = format!("should be one of: {}", words.join(", "));
        self.attribute(entry, key, |value| words.contains(&value.to_text().as_str()), &message);
    }

    /// A key that has to be a text with something in it.
    fn present_string(&mut self, entry: &Entry<'_>, key: &str) {
        match entry.get(key) {
            Some(value) if !is_text(value) => self.string(entry, key),
            Some(value) if !value.is_blank() => {}
            _ => self.say(entry, &format!("{} can't be blank", key.replace('_', " "))),
        }
    }

    /// A node that has to be a list of texts.
    fn config_strings(&mut self, entry: &Entry<'_>) {
        if !is_texts(entry.value) {
            self.say(entry, "config should be an array of strings");
        }
    }

    fn config_boolean(&mut self, entry: &Entry<'_>) {
        if !is_bool(entry.value) {
            self.say(entry, "config should be a boolean value");
        }
    }
}

fn is_text(value: &Value) -> bool {
    value.text().is_some()
}

fn is_bool(value: &Value) -> bool {
    value.truth().is_some()
}

fn is_integer(value: &Value) -> bool {
    value.integer().is_some()
}

fn is_texts(value: &Value) -> bool {
    value.list().is_some_and(|items| items.iter().all(is_text))
}

/// Texts and whole numbers, which GitLab calls alphanumeric.
fn is_alphanumeric(value: &Value) -> bool {
    is_text(value) || is_integer(value)
}

fn is_scalar(value: &Value) -> bool {
    matches!(value.data, Data::Text(_) | Data::Integer(_) | Data::Float(_) | Data::Bool(_))
}

/// A list whose items are right, or lists of such, down to a level.
fn is_nested(value: &Value, levels: usize, fits: &dyn Fn(&Value) -> bool) -> bool {
    let Some(items) = value.list() else { return false };
    levels > 0 && items.iter().all(|item| fits(item) || is_nested(item, levels - 1, fits))
}

/// `/.../` with an expression that RE2 reads.
fn is_regexp(value: &Value) -> bool {
    value.text().is_some_and(|text| Pattern::delimited(text).is_some())
}

/// The items of a list, those of lists in it included; what is no list is one item.
pub(super) fn flat(value: &Value) -> Vec<&Value> {
    match &value.data {
        Data::List(items) => items.iter().flat_map(flat).collect(),
        _ => vec![value],
    }
}
