//! The configuration as a whole: global keywords, `default`, `workflow`, and which keys are jobs.

use super::job::{bridge, is_bridge, is_job, job};
use super::rules::{WORKFLOW_KEYS, auto_cancel, rules};
use super::runner::{caches, image, services};
use super::settings::{
    artifacts, commands, hooks, id_tokens, interruptible, retry, tags, timeout, variables,
};
use super::{Checker, Entry, MAX_NESTING_LEVEL, Open, is_nested, is_text};
use crate::gitlab::value::{Data, Map, Place, Value};
use crate::gitlab::{Mistake, Warning};

/// Keys of the configuration that no job can have for its name.
const RESERVED: [&str; 8] =
    ["include", "before_script", "image", "services", "after_script", "variables", "stages", "cache"];
/// Keys that are keywords unless they look like a job.
const KEYWORDS: [&str; 2] = ["default", "workflow"];
/// What `default` may have.
pub(super) const DEFAULT_KEYS: [&str; 12] = [
    "before_script",
    "after_script",
    "hooks",
    "cache",
    "image",
    "services",
    "interruptible",
    "timeout",
    "retry",
    "tags",
    "artifacts",
    "id_tokens",
];
/// What `default` takes over from the configuration.
pub(in crate::gitlab) const GLOBAL_DEFAULTS: [&str; 5] =
    ["before_script", "after_script", "cache", "image", "services"];

/// Looks at a whole configuration.
pub(in crate::gitlab) fn check(config: &Map, place: Place, open: &Open) -> (Vec<Mistake>, Vec<Warning>) {
    let mut checker = Checker { open: open.clone(), ..Checker::default() };
    checker.root(config, place);
    (checker.mistakes, checker.warnings)
}

/// Whether a key of the configuration is meant to be a job.
pub(super) fn names_job(name: &str, value: &Value) -> bool {
    if RESERVED.contains(&name) {
        return false;
    }
    !KEYWORDS.contains(&name) || name.starts_with('.') || is_job(value) || is_bridge(value)
}

/// Looks at one node.
type Check = fn(&mut Checker, &Entry<'_>);

impl Checker {
    fn root(&mut self, config: &Map, place: Place) {
        for (key, value) in config.iter() {
            let entry = Entry::new(key.name.clone(), value);
            if value.data == Data::Null || names_job(&key.name, value) {
                continue;
            }
            match key.name.as_str() {
                "default" => self.default_entry(&entry, config),
                "before_script" | "after_script" => commands(self, &entry),
                "image" => image(self, &entry),
                "services" => services(self, &entry),
                "variables" => variables(self, &entry, &["value", "description", "expand", "options"]),
                "stages" => self.stages(&entry),
                "cache" => caches(self, &entry),
                "workflow" => self.workflow(&entry),
                _ => {}
            }
        }
        self.jobs(config, place);
    }

    fn stages(&mut self, entry: &Entry<'_>) {
        if !is_nested(entry.value, MAX_NESTING_LEVEL, &is_text) {
            let message = format!(
                "config should be an array of strings or a nested array of strings up to {MAX_NESTING_LEVEL} levels deep"
            );
            self.say(entry, &message);
        }
    }

    fn default_entry(&mut self, entry: &Entry<'_>, config: &Map) {
        let before = self.count();
        if !self.hash(entry) {
            return;
        }
        self.allowed_keys(entry, &DEFAULT_KEYS);
        if self.count() > before {
            return;
        }
        for key in GLOBAL_DEFAULTS {
            if let (Some(value), true) = (entry.get(key), config.given(key).is_some()) {
                let message = format!("{key} is defined in top-level and `default:` entry");
                self.mistakes.push(Mistake::new(message, value.place));
            }
        }
        self.shared(entry);
    }

    /// What both `default` and a job may have.
    pub(super) fn shared(&mut self, entry: &Entry<'_>) {
        let checks: [(&str, Check); 12] = [
            ("before_script", commands),
            ("after_script", commands),
            ("hooks", hooks),
            ("cache", caches),
            ("image", image),
            ("services", services),
            ("interruptible", interruptible),
            ("timeout", timeout),
            ("retry", retry),
            ("tags", tags),
            ("artifacts", artifacts),
            ("id_tokens", id_tokens),
        ];
        for (key, check) in checks {
            if let Some(child) = entry.child(key) {
                check(self, &child);
            }
        }
    }

    fn workflow(&mut self, entry: &Entry<'_>) {
        let before = self.count();
        if !self.hash(entry) {
            return;
        }
        self.allowed_keys(entry, &["rules", "name", "auto_cancel"]);
        if let Some(name) = entry.get("name")
            && name.to_text().chars().count() > 255
        {
            self.say_at(entry, "name is too long (maximum is 255 characters)", name.place);
        }
        if self.count() > before {
            return;
        }
        if let Some(child) = entry.child("rules") {
            rules(self, &child, &["always", "never"], &WORKFLOW_KEYS);
        }
        if let Some(child) = entry.child("auto_cancel") {
            auto_cancel(self, &child);
        }
    }

    fn jobs(&mut self, config: &Map, place: Place) {
        let before = self.count();
        let mut visible = false;
        let jobs: Vec<_> = config.iter().filter(|(key, value)| names_job(&key.name, value)).collect();
        for (key, value) in &jobs {
            let hidden = key.name.starts_with('.');
            let fits = self.open.is_some_job(&key.name, value);
            visible |= fits && !hidden;
            if !hidden && !fits {
                let message = format!(
                    "jobs {} config should implement the script:, run:, or trigger: keyword",
                    key.name.to_lowercase()
                );
                if self.open.lenient {
                    self.warnings.push(Warning { message, place: key.place });
                } else {
                    self.mistakes.push(Mistake::new(message, key.place));
                }
            }
        }
        if !visible && !self.open.lenient {
            self.mistakes.push(Mistake::new("jobs config should contain at least one visible job", place));
        }
        if self.count() > before {
            return;
        }
        let workflow_rules =
            config.given("workflow").and_then(Value::map).is_some_and(|map| map.has("rules"));
        for (key, value) in jobs {
            let entry = Entry::new(format!("jobs:{}", key.name), value);
            if key.name.starts_with('.') {
                if value.is_blank() {
                    self.say_at(&entry, "config can't be blank", key.place);
                }
                continue;
            }
            if !key.is_text {
                self.say_at(&entry, "name should be a symbol", key.place);
            }
            if key.name.chars().count() > 255 {
                self.say_at(&entry, "name is too long (maximum is 255 characters)", key.place);
            }
            if key.name.trim().is_empty() {
                self.say_at(&entry, "name can't be blank", key.place);
            }
            let incomplete = self.open.incomplete.contains(&key.name);
            let triggers = value.map().is_some_and(|map| map.has("trigger"));
            if is_job(value) || (incomplete && !triggers) {
                job(self, &entry, &key.name, incomplete);
            } else if is_bridge(value) {
                bridge(self, &entry);
            }
            self.warn_of_two_pipelines(&entry, workflow_rules);
        }
    }

    fn warn_of_two_pipelines(&mut self, entry: &Entry<'_>, workflow_rules: bool) {
        let Some(rules) = entry.get("rules").filter(|_| !workflow_rules) else { return };
        let last = super::flat(rules).pop();
        if let Some(map) = last.and_then(Value::map)
            && map.len() == 1
            && map.given("when").is_some_and(|when| when.text() != Some("never"))
        {
            let message = format!(
                "{} may allow multiple pipelines to run for a single action due to `rules:when` clause with no \
                 `workflow:rules` - read more: https://docs.gitlab.com/ee/ci/jobs/job_troubleshooting.html#job-may-allow-multiple-pipelines-to-run-for-a-single-action-warning",
                entry.location
            );
            self.warnings.push(Warning { message, place: rules.place });
        }
    }
}
