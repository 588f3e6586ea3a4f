//! What kubectl itself says of a document before it asks the server.

use crate::golang::quote;
use crate::schema::{Report, Type, inspect};
use crate::value::Value;

/// Why kubectl does not send a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Its words, behind `error: `.
    pub message: String,
    /// The field it speaks of; empty for the whole document.
    pub path: String,
    /// What sort of refusal it is.
    pub reason: Reason,
    /// The wrong types in `metadata`, if that is the reason.
    pub report: Report,
}

/// The sorts of refusals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// `apiVersion` or `kind` is missing.
    NotAnObject,
    /// A part of `metadata` has a wrong type.
    Metadata,
    /// The server does not have the kind.
    UnknownKind,
}

/// Looks at a document read from `source` (`STDIN` or a file's path) as kubectl does before sending it: it answers
/// with the type of the object, or with the refusal.
///
/// # Errors
/// The [`Refusal`].
pub fn accept(value: &Value, source: &str) -> Result<Type, Refusal> {
    let text = |key: &str| value.str_at(&[key]).unwrap_or_default();
    let (version, kind) = (text("apiVersion"), text("kind"));
    let missing: Vec<&str> = [("apiVersion", version), ("kind", kind)]
        .into_iter()
        .filter(|(_, text)| text.is_empty())
        .map(|(name, _)| name)
        .collect();
    if let Some(first) = missing.first() {
        let words = if let [one] = missing.as_slice() {
            format!("{one} not set")
        } else {
            "[apiVersion not set, kind not set]".to_owned()
        };
        let message = format!(
            "error validating {}: error validating data: {words}; if you choose to ignore these errors, turn validation off with --validate=false",
            quote(source)
        );
        return Err(Refusal {
            message,
            path: (*first).to_owned(),
            reason: Reason::NotAnObject,
            report: Report::default(),
        });
    }
    let partial = Type::named("PartialObject").map(|ty| inspect(value, ty)).unwrap_or_default();
    if let Some(finding) = partial.wrong.first() {
        let message = format!("unable to decode {}: {}", quote(source), finding.message);
        let path = finding.path.clone();
        let report = Report { unknown: Vec::new(), wrong: partial.wrong };
        return Err(Refusal { message, path, reason: Reason::Metadata, report });
    }
    Type::of(version, kind).ok_or_else(|| {
        let message = format!(
            "resource mapping not found for name: {} namespace: {} from {}: no matches for kind {} in version {}\nensure CRDs are installed first",
            quote(value.str_at(&["metadata", "name"]).unwrap_or_default()),
            quote(value.str_at(&["metadata", "namespace"]).unwrap_or_default()),
            quote(source),
            quote(kind),
            quote(version)
        );
        Refusal { message, path: "apiVersion".to_owned(), reason: Reason::UnknownKind, report: Report::default() }
    })
}
