//! Why a request went where it went: step by step, as data that is said in the reader's language.

use std::fmt;
use std::sync::Arc;

use opscape_manifest::api::meta::Str;

/// One step of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The key of its text.
    pub key: &'static str,
    /// What stands in the places of its text.
    pub values: Vec<(&'static str, String)>,
    /// The object, and the field of it, that says so.
    pub at: Option<(Arc<Origin>, String)>,
    /// What it means for the decision.
    pub verdict: Verdict,
}

/// What a step means for the decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It was taken.
    Taken,
    /// It was looked at and passed over.
    Passed,
    /// Something to know.
    Note,
}

/// The object that a rule comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Origin {
    /// As `Ingress`.
    pub kind: Str,
    /// Its namespace.
    pub namespace: Str,
    /// Its name.
    pub name: Str,
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.kind)?;
        for part in [&self.namespace, &self.name].into_iter().filter(|part| !part.is_empty()) {
            out.write_str(if part == &self.namespace { " " } else { "/" })?;
            out.write_str(part)?;
        }
        Ok(())
    }
}

impl Reason {
    /// A step that was taken.
    pub fn taken(key: &'static str) -> Reason {
        Reason { key, values: Vec::new(), at: None, verdict: Verdict::Taken }
    }

    /// A step that was passed over.
    pub fn passed(key: &'static str) -> Reason {
        Reason { verdict: Verdict::Passed, ..Reason::taken(key) }
    }

    /// Something to know.
    pub fn note(key: &'static str) -> Reason {
        Reason { verdict: Verdict::Note, ..Reason::taken(key) }
    }

    /// Fills a place of its text.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl AsRef<str>) -> Reason {
        self.put(name, value.as_ref());
        self
    }

    // Reasons are made in many places; this keeps each of them small.
    #[inline(never)]
    fn put(&mut self, name: &'static str, value: &str) {
        self.values.push((name, value.to_owned()));
    }

    /// Says which field of which object says so.
    #[must_use]
    pub fn at(mut self, origin: &Arc<Origin>, field: impl AsRef<str>) -> Reason {
        self.place(origin, field.as_ref());
        self
    }

    #[inline(never)]
    fn place(&mut self, origin: &Arc<Origin>, field: &str) {
        self.at = Some((origin.clone(), field.to_owned()));
    }
}

/// Collects reasons, if somebody wants them.
pub(super) struct Why<'a>(Option<&'a mut Vec<Reason>>);

impl<'a> Why<'a> {
    /// Into a list.
    pub(super) fn into(list: &'a mut Vec<Reason>) -> Why<'a> {
        Why(Some(list))
    }

    /// Nobody asks.
    pub(super) fn nobody() -> Why<'a> {
        Why(None)
    }

    /// Whether somebody asks.
    pub(super) fn asked(&self) -> bool {
        self.0.is_some()
    }

    /// Adds a reason, which is made only if it is wanted.
    pub(super) fn say(&mut self, make: impl FnOnce() -> Reason) {
        if let Some(list) = &mut self.0 {
            list.push(make());
        }
    }
}
