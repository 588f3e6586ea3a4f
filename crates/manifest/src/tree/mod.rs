//! YAML text to nodes with the place of every key and value, read as kubectl reads it (YAML 1.1 words, Go's
//! numbers, merge keys) and refused in its words.

mod places;
mod read;
mod scalar;
mod wording;

pub use places::Places;
pub use read::{Limits, Parsed, parse};
pub use scalar::{is_plain_text, resolve};

use crate::diagnostic::Span;
use crate::value::{Map, Value};

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it stands; for an alias, where the alias stands.
    pub span: Span,
    /// What it is.
    pub content: Content,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// A scalar, never a list or a map.
    Scalar(Value),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping in the order of the text.
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key as JSON has it: `on:` is `true`.
    pub key: String,
    /// Where the key stands.
    pub key_span: Span,
    /// The value.
    pub value: Node,
}

impl Node {
    /// The value without places. Of repeated keys the last counts, as for kubectl.
    pub fn to_value(&self) -> Value {
        match &self.content {
            Content::Scalar(value) => value.clone(),
            Content::List(items) => Value::List(items.iter().map(Node::to_value).collect()),
            Content::Map(entries) => Value::Map(
                entries.iter().map(|entry| (entry.key.clone(), entry.value.to_value())).collect::<Map>(),
            ),
        }
    }

    /// The entry of a key of a mapping; the last one if it is repeated.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        let Content::Map(entries) = &self.content else { return None };
        entries.iter().rev().find(|entry| entry.key == key)
    }

    /// The value of a key of a mapping.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The text, if it is a scalar text.
    pub fn as_str(&self) -> Option<&str> {
        if let Content::Scalar(Value::String(text)) = &self.content { Some(text) } else { None }
    }

    /// The place of a field by its path (`spec.containers[0].image`, `data[tls.crt]`): the value and its key. Where
    /// the path leads further than the text, the nearest field above answers.
    pub fn locate(&self, path: &str) -> Place {
        let mut place = Place { key: None, value: self.span, exact: true };
        let mut node = self;
        for step in steps(path) {
            let next = match (&node.content, step) {
                (Content::List(items), Step::Index(text)) => {
                    text.parse().ok().and_then(|i: usize| items.get(i)).map(|item| (None, item))
                }
                (Content::Map(_), Step::Index(text) | Step::Key(text)) => {
                    node.entry(text).map(|entry| (Some(entry.key_span), &entry.value))
                }
                _ => None,
            };
            let Some((key, value)) = next else {
                place.exact = false;
                return place;
            };
            place = Place { key, value: value.span, exact: true };
            node = value;
        }
        place
    }

    /// The node at a path, as [`Node::locate`] takes it.
    pub fn descend(&self, path: &str) -> Option<&Node> {
        steps(path).try_fold(self, |node, step| match (&node.content, step) {
            (Content::List(items), Step::Index(text)) => items.get(text.parse::<usize>().ok()?),
            (Content::Map(_), Step::Index(text) | Step::Key(text)) => node.get(text),
            _ => None,
        })
    }

    /// The path of the innermost field at a byte offset, as [`Node::locate`] takes it.
    pub fn path_at(&self, offset: u32) -> String {
        let mut path = String::new();
        let mut node = self;
        loop {
            let next = match &node.content {
                Content::Scalar(_) => None,
                Content::List(items) => items
                    .iter()
                    .enumerate()
                    .find(|(_, item)| item.span.contains(offset))
                    .map(|(i, item)| (format!("[{i}]"), item)),
                Content::Map(entries) => entries
                    .iter()
                    .find(|entry| entry.key_span.contains(offset) || entry.value.span.contains(offset))
                    .map(|entry| (child_path(&path, &entry.key), &entry.value)),
            };
            let Some((step, value)) = next else { return path };
            if step.starts_with('[') {
                path.push_str(&step);
            } else {
                path = step;
            }
            node = value;
        }
    }
}

/// The path of a key below a path. Keys with dots or brackets are put in brackets, as the API server does for maps.
pub fn child_path(path: &str, key: &str) -> String {
    if key.contains(['.', '[', ']', '/']) {
        return format!("{path}[{key}]");
    }
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// Where a field stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its key; `None` for items of lists and the document itself.
    pub key: Option<Span>,
    /// Its value.
    pub value: Span,
    /// False if the field is not in the text and this is the nearest one above it.
    pub exact: bool,
}

impl Place {
    /// What to underline: the value if the field is there, else the key of the nearest field above.
    pub fn best(&self) -> Span {
        match self.key {
            Some(key) if !self.exact || self.value.start.line != self.value.end.line => key,
            _ if self.value.start.line != self.value.end.line => Span::at(self.value.start),
            _ => self.value,
        }
    }
}

enum Step<'a> {
    Key(&'a str),
    Index(&'a str),
}

fn steps(path: &str) -> impl Iterator<Item = Step<'_>> {
    let mut rest = path;
    std::iter::from_fn(move || {
        rest = rest.strip_prefix('.').unwrap_or(rest);
        if let Some(inner) = rest.strip_prefix('[') {
            let end = inner.find(']')?;
            let (text, tail) = inner.split_at_checked(end)?;
            rest = tail.get(1..).unwrap_or("");
            return Some(Step::Index(text));
        }
        if rest.is_empty() {
            return None;
        }
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (text, tail) = rest.split_at_checked(end)?;
        rest = tail;
        Some(Step::Key(text))
    })
}
