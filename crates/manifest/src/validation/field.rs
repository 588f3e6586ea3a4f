//! A value together with its path, as the checks walk down.
//!
//! Paths are kept as steps in one list and written out only where there is an error: walking costs no texts.

use std::cell::RefCell;

use crate::value::{Map, Value};

static NULL: Value = Value::Null;

/// One step of a path.
enum Step {
    /// A field: `.name`
    Name(&'static str),
    /// A field whose name is data: `.name`
    Named(String),
    /// An item: `[3]`
    Index(usize),
    /// An entry of a map whose keys are data: `[key]`
    Key(String),
}

/// The steps of all paths of one object, each with the step before it.
#[derive(Default)]
pub(super) struct Paths(RefCell<Vec<(usize, Step)>>);

impl Paths {
    fn add(&self, before: usize, step: Step) -> usize {
        let mut steps = self.0.borrow_mut();
        steps.push((before, step));
        steps.len()
    }

    fn show(&self, mut at: usize) -> String {
        let steps = self.0.borrow();
        let mut chain = Vec::new();
        while let Some((before, step)) = at.checked_sub(1).and_then(|at| steps.get(at)) {
            chain.push(step);
            at = *before;
        }
        let mut out = String::new();
        for step in chain.into_iter().rev() {
            let (name, open, close) = match step {
                Step::Name(name) => (*name, ".", ""),
                Step::Named(name) => (name.as_str(), ".", ""),
                Step::Key(key) => (key.as_str(), "[", "]"),
                Step::Index(index) => {
                    out.push('[');
                    out.push_str(&index.to_string());
                    out.push(']');
                    continue;
                }
            };
            if !(out.is_empty() && open == ".") {
                out.push_str(open);
            }
            out.push_str(name);
            out.push_str(close);
        }
        out
    }
}

/// A field: its value (`Null` if absent) and its path as messages have it.
#[derive(Clone, Copy)]
pub(super) struct Field<'a> {
    pub(super) value: &'a Value,
    /// 0: the object itself, else one more than its place in the steps.
    at: usize,
    paths: &'a Paths,
}

impl<'a> Field<'a> {
    pub(super) fn root(value: &'a Value, paths: &'a Paths) -> Self {
        Self { value, at: 0, paths }
    }

    /// The path as messages have it.
    pub(super) fn path(&self) -> String {
        self.paths.show(self.at)
    }

    fn step(&self, value: &'a Value, step: Step) -> Field<'a> {
        Field { value, at: self.paths.add(self.at, step), paths: self.paths }
    }

    /// The same path with another value.
    pub(super) fn with(&self, value: &'a Value) -> Field<'a> {
        Field { value, ..*self }
    }

    /// A field of this one.
    pub(super) fn child(&self, name: &'static str) -> Field<'a> {
        self.step(self.value.get(name).unwrap_or(&NULL), Step::Name(name))
    }

    /// A field of this one whose name is data.
    pub(super) fn named(&self, name: &str) -> Field<'a> {
        self.step(self.value.get(name).unwrap_or(&NULL), Step::Named(name.to_owned()))
    }

    /// A field at several steps down.
    pub(super) fn at(&self, names: &[&'static str]) -> Field<'a> {
        names.iter().fold(*self, |field, name| field.child(name))
    }

    /// An entry of a map whose keys are data.
    pub(super) fn key(&self, key: &str) -> Field<'a> {
        self.step(self.value.get(key).unwrap_or(&NULL), Step::Key(key.to_owned()))
    }

    /// The items of a list. (A list of its own keeps the loops over it small.)
    pub(super) fn items(&self) -> std::vec::IntoIter<Field<'a>> {
        let mut out = Vec::new();
        for (i, value) in self.value.as_list().unwrap_or_default().iter().enumerate() {
            out.push(self.step(value, Step::Index(i)));
        }
        out.into_iter()
    }

    /// The entries of a map whose keys are data, with their keys.
    pub(super) fn entries(&self) -> std::vec::IntoIter<(&'a str, Field<'a>)> {
        let mut out = Vec::new();
        for (key, value) in self.map().into_iter().flatten() {
            out.push((key.as_str(), self.step(value, Step::Key(key.clone()))));
        }
        out.into_iter()
    }

    pub(super) fn map(&self) -> Option<&'a Map> {
        self.value.as_map()
    }

    /// The text, or nothing.
    pub(super) fn text(&self) -> &'a str {
        self.value.as_str().unwrap_or_default()
    }

    pub(super) fn int(&self) -> Option<i64> {
        self.value.as_int()
    }

    pub(super) fn is_true(&self) -> bool {
        self.value.as_bool() == Some(true)
    }

    /// Whether it is there and not `null`.
    pub(super) fn is_set(&self) -> bool {
        !self.value.is_null()
    }

    /// How many items or entries.
    pub(super) fn len(&self) -> usize {
        match self.value {
            Value::List(list) => list.len(),
            Value::Map(map) => map.len(),
            _ => 0,
        }
    }

    /// Whether there are no items or entries.
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Equal as Go sees it: nothing and an empty list or map are the same.
    pub(super) fn same(&self, other: &Field<'_>) -> bool {
        same(self.value, other.value)
    }
}

/// Semantic equality: absent, `null`, empty lists and maps are alike at any depth.
pub(super) fn same(a: &Value, b: &Value) -> bool {
    let nothing = |value: &Value| match value {
        Value::Null => true,
        Value::List(list) => list.is_empty(),
        _ => false,
    };
    match (a, b) {
        (Value::Map(a), Value::Map(b)) => {
            a.iter().all(|(key, value)| same(value, b.get(key).unwrap_or(&NULL)))
                && b.iter().all(|(key, value)| a.contains_key(key) || same(value, &NULL))
        }
        (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        _ => a == b || (nothing(a) && nothing(b)),
    }
}
