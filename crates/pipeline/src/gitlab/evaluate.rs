//! Whether rules and policies hold.
//!
//! Source: gitlab `lib/gitlab/ci/build/{rules,policy}`, read, not run.

use super::expression::Expression;
use super::pattern::Pattern;
use super::rules::{Policy, Rule};
use super::variables::Variables;
use super::{Push, Ref, Repository, glob};

/// What conditions are about.
pub(super) struct Conditions<'a> {
    pub repository: &'a Repository,
    pub push: &'a Push,
    /// All that are known, expanded.
    pub variables: &'a Variables,
}

impl Conditions<'_> {
    /// Whether all clauses of a rule hold; a rule without any does.
    pub fn hold(&self, rule: &Rule) -> bool {
        let condition = match (&rule.condition, &rule.expression) {
            (Some(_), Some(expression)) => expression.holds(self.variables),
            (Some(_), None) => false,
            (None, _) => true,
        };
        condition
            && rule.changes.as_ref().is_none_or(|changes| self.changed(&changes.paths))
            && rule.exists.as_ref().is_none_or(|patterns| self.exists(patterns))
    }

    /// Whether one of the changed files fits; that holds if it is not known what was changed.
    fn changed(&self, patterns: &[String]) -> bool {
        let Some(changed) = &self.push.changed else { return true };
        let patterns: Vec<String> =
            patterns.iter().map(|pattern| self.variables.expand_existing(pattern)).collect();
        changed.iter().any(|path| patterns.iter().any(|pattern| glob::fits(pattern, path)))
    }

    fn exists(&self, patterns: &[String]) -> bool {
        patterns.iter().any(|pattern| {
            let pattern = self.variables.expand_existing(pattern);
            self.repository.files.keys().any(|path| glob::fits(&pattern, path))
        })
    }

    /// Whether `only` and `except` let a job in.
    pub fn allow(&self, only: &Policy, except: &Policy) -> bool {
        let only = self.clauses(only);
        let except = self.clauses(except);
        only.into_iter().all(|holds| holds) && !except.into_iter().any(|holds| holds)
    }

    /// Whether each clause of a policy holds.
    fn clauses(&self, policy: &Policy) -> Vec<bool> {
        let mut result = Vec::new();
        if let Some(refs) = &policy.refs {
            result.push(refs.iter().any(|pattern| self.is_ref(pattern)));
        }
        if policy.kubernetes {
            // No environment here has a cluster of GitLab's own.
            result.push(false);
        }
        if let Some(expressions) = &policy.variables {
            let holds = |text: &String| {
                Expression::parse(text).is_some_and(|expression| expression.holds(self.variables))
            };
            result.push(expressions.iter().any(holds));
        }
        if let Some(patterns) = &policy.changes {
            result.push(self.changed(patterns));
        }
        result
    }

    fn is_ref(&self, pattern: &str) -> bool {
        let (pattern, project) = match pattern.split_once('@') {
            Some((pattern, project)) => (pattern, Some(project)),
            None => (pattern, None),
        };
        if project.is_some_and(|project| project != self.push.project) {
            return false;
        }
        let (branch, tag) = match &self.push.reference {
            Ref::Branch(_) => (true, false),
            Ref::Tag(_) => (false, true),
            Ref::MergeRequest { .. } => (false, false),
        };
        if (tag && pattern == "tags") || (branch && pattern == "branches") {
            return true;
        }
        let source = self.push.source.strip_suffix("_event").unwrap_or(&self.push.source);
        let plural = if source == "push" { "pushes".to_owned() } else { format!("{source}s") };
        if pattern == source || pattern == plural {
            return true;
        }
        // Names do not count in pipelines of merge requests.
        (branch || tag)
            && match Pattern::delimited(pattern) {
                Some(regexp) => regexp.is_match(self.push.reference.name()),
                None => pattern == self.push.reference.name(),
            }
    }
}
