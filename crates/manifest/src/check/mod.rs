//! A whole text checked: what the editor does on every key stroke, and what a run starts from.

mod characters;
mod findings;
mod pasted;

use std::sync::Arc;

pub use findings::MAX_PODS;

use crate::api::Object;
use crate::defaults;
use crate::diagnostic::{Diagnostic, Position, Severity, Span};
use crate::text::{self, File, MAX_BYTES, MAX_DOCUMENTS, Source};
use crate::tree::{self, Content, Limits, Node, Place};
use crate::value::Value;

/// What a document is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A Kubernetes object: it has an `apiVersion` and a `kind`.
    Object,
    /// The `Lab` document.
    Lab,
    /// A `kind: File` document: something that is not YAML, by its path.
    File,
    /// A workflow of GitHub Actions or GitLab CI, known by its path or its shape; or an action (`action.yml`).
    Workflow,
    /// Nothing that is known.
    Unknown,
}

/// One document of a text.
#[derive(Clone, Debug)]
pub struct Document {
    /// The named file it is in.
    pub file: Option<Arc<str>>,
    /// What it is for.
    pub role: Role,
    /// Its content as JSON, as written: without defaults.
    pub value: Value,
    /// The same with places.
    pub root: Node,
}

impl Document {
    /// Its `apiVersion`, or nothing.
    pub fn api_version(&self) -> &str {
        self.value.str_at(&["apiVersion"]).unwrap_or_default()
    }

    /// Its `kind`, or nothing.
    pub fn kind(&self) -> &str {
        self.value.str_at(&["kind"]).unwrap_or_default()
    }

    /// Its `metadata.name`, or nothing.
    pub fn name(&self) -> &str {
        self.value.str_at(&["metadata", "name"]).unwrap_or_default()
    }

    /// The typed object with its defaults, if it is an object and fits its type.
    pub fn object(&self) -> Option<Object> {
        if self.role != Role::Object {
            return None;
        }
        let mut value = self.value.clone();
        defaults::apply(&mut value);
        Object::from_value(&value).ok()
    }

    /// Where a field stands, e.g. `spec.template.spec.containers[0].resources.limits`.
    pub fn locate(&self, path: &str) -> Place {
        self.root.locate(path)
    }
}

/// A checked text.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// The named files (and the unnamed part before the first).
    pub files: Vec<File>,
    /// All documents that could be read, in order; lists are taken apart.
    pub documents: Vec<Document>,
    /// What is wrong, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
}

impl Checked {
    /// The typed objects in order, with defaults.
    pub fn objects(&self) -> Vec<Object> {
        self.documents.iter().filter_map(Document::object).collect()
    }

    /// Whether the real system would refuse a part of it.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// The document at a byte offset, and the path of the innermost field there.
    pub fn at(&self, offset: u32) -> Option<(usize, String)> {
        let (index, document) =
            self.documents.iter().enumerate().find(|(_, document)| document.root.span.contains(offset))?;
        Some((index, document.root.path_at(offset)))
    }
}

/// Checks a text of any size; never panics. Texts over [`MAX_BYTES`] are refused whole.
pub fn check(text: &str) -> Checked {
    let mut checked = Checked::default();
    if text.len() > MAX_BYTES {
        let start = Span::at(Position { line: 1, column: 1, offset: 0 });
        checked.diagnostics.push(
            Diagnostic::error(
                format!("the text has {} bytes; at most {MAX_BYTES} are read", text.len()),
                start,
            )
            .with_hint("hint.too-large", &[]),
        );
        return checked;
    }
    checked.files = text::files(text);
    let sources = text::split(text);
    for source in &sources {
        read(source, &mut checked);
    }
    if sources.len() == MAX_DOCUMENTS
        && let Some(last) = sources.last()
    {
        let message = format!("only the first {MAX_DOCUMENTS} documents are read");
        checked
            .diagnostics
            .push(Diagnostic::error(message, Span::at(last.start)).with_hint("hint.too-large", &[]));
    }
    let found = findings::all(&checked, text);
    checked.diagnostics.extend(found);
    crate::order::sort_by(&mut checked.diagnostics, |a, b| a.span.cmp(&b.span));
    checked
}

fn read(source: &Source<'_>, checked: &mut Checked) {
    let yaml = source.file.as_deref().is_none_or(|name| {
        let end = name.rsplit_once('.').map_or("", |(_, end)| end);
        matches!(end, "yaml" | "yml" | "json")
    });
    if !yaml {
        return;
    }
    let parsed = tree::parse(source.text, source.start, Limits::default());
    let index = checked.documents.len();
    for mut diagnostic in parsed.diagnostics {
        explain(source, &mut diagnostic);
        diagnostic.file.clone_from(&source.file);
        diagnostic.document = index;
        checked.diagnostics.push(diagnostic);
    }
    let Some(root) = parsed.root else { return };
    for root in flatten(root) {
        let value = root.to_value();
        let role = role(source.file.as_deref(), &value);
        let document = Document { file: source.file.clone(), role, value, root };
        checked.documents.push(document);
    }
}

/// Says better what is wrong with what is no YAML, or no object: it may be something else altogether.
fn explain(source: &Source<'_>, diagnostic: &mut Diagnostic) {
    if diagnostic.severity != Severity::Error {
        return;
    }
    match pasted::of_text(source.text) {
        Some(hint) => *diagnostic = diagnostic.clone().with_hint(hint, &[]),
        None => characters::explain(source, diagnostic),
    }
}

/// The items of a `List` (or `PodList`, ...), each a document of its own, as kubectl takes them apart.
fn flatten(root: Node) -> Vec<Node> {
    let is_list = root.get("kind").and_then(Node::as_str).is_some_and(|kind| kind.ends_with("List"));
    if is_list && let Some(Content::List(items)) = root.get("items").map(|items| &items.content) {
        return items.iter().cloned().flat_map(flatten).collect();
    }
    vec![root]
}

fn role(file: Option<&str>, value: &Value) -> Role {
    let Some(map) = value.as_map() else { return Role::Unknown };
    let path = file.unwrap_or_default();
    if path.starts_with(".github/workflows/") || path.ends_with(".gitlab-ci.yml") {
        return Role::Workflow;
    }
    match (map.get("apiVersion").and_then(Value::as_str), map.get("kind").and_then(Value::as_str)) {
        (Some(version), Some("Lab")) if version.starts_with("opscape.dev/") => return Role::Lab,
        (version, Some("File")) if version.is_none_or(|version| version.starts_with("opscape.dev/")) => {
            return Role::File;
        }
        (Some(_), _) | (_, Some(_)) => return Role::Object,
        (None, None) => {}
    }
    // `on:` is the boolean key of YAML 1.1. GitLab's jobs are maps with a script.
    let github = map.contains_key("jobs") && (map.contains_key("true") || map.contains_key("on"));
    let gitlab = map.contains_key("stages") || map.values().any(|job| job.get("script").is_some());
    let action = ["action.yml", "action.yaml"].iter().any(|name| path.rsplit('/').next() == Some(name));
    let action = action && map.contains_key("runs");
    if github || gitlab || action { Role::Workflow } else { Role::Unknown }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: c, image: nginx}]}\n\
        --- # .github/workflows/ci.yml\non: push\njobs: {}\n--- # Dockerfile\nFROM nginx: 1\n  x: [\n--- # more.yaml\n\
        apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: b}\n- kind: File\n  path: x\n";

    #[test]
    fn documents_have_roles_and_places() {
        let checked = check(TEXT);
        let roles: Vec<_> = checked.documents.iter().map(|d| (d.role, d.name().to_owned())).collect();
        assert_eq!(
            roles,
            [
                (Role::Object, "a".to_owned()),
                (Role::Workflow, String::new()),
                (Role::Object, "b".to_owned()),
                (Role::File, String::new())
            ]
        );
        assert_eq!(checked.files.len(), 4);
        assert_eq!(checked.objects().len(), 2);
        let image = checked.documents[0].locate("spec.containers[0].image").value;
        assert_eq!(checked.at(image.start.offset), Some((0, "spec.containers[0].image".to_owned())));
    }

    #[test]
    fn a_broken_document_leaves_the_others() {
        let checked = check("a: b: c\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n");
        assert!(checked.has_errors());
        assert_eq!(checked.objects().len(), 1);
    }

    #[test]
    fn huge_texts_are_refused_at_once() {
        let checked = check(&"#".repeat(MAX_BYTES + 1));
        assert_eq!(checked.diagnostics.len(), 1);
    }
}
