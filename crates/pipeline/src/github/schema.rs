//! The table of what may stand where in a workflow.
//!
//! `schema.txt` is made from `workflow-v1.0.min.json` of actions/languageservices (`@actions/workflow-parser` 0.3.61, MIT),
//! without its descriptions. A line is `name [contexts] = kind ...`: `mapping key!:type *keytype:valuetype` (`!`: required,
//! `*`: any other key), `sequence item`, `one-of types`, `allowed words`, `string` (`!`: not empty, `=word`: that word),
//! `boolean`, `number`, `null`.

use std::collections::BTreeMap;
use std::sync::OnceLock;

/// What may stand at a place.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Definition {
    /// Contexts and functions that expressions may use here.
    pub contexts: Vec<&'static str>,
    /// What it is.
    pub shape: Shape,
}

/// What a definition allows.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    Null,
    Boolean,
    Number,
    /// A text: any, one that is not empty, or exactly this one.
    String(Text),
    /// Items of a type.
    Sequence(&'static str),
    /// Known keys in order, and the types of other keys and their values.
    Mapping(Vec<Property>, Option<(&'static str, &'static str)>),
    /// One of several types.
    OneOf(Vec<&'static str>),
    /// One of several words.
    Allowed(Vec<Shape>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Text {
    Any,
    NotEmpty,
    Constant(&'static str),
}

/// A known key of a mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Property {
    pub name: &'static str,
    pub kind: &'static str,
    pub required: bool,
}

/// All definitions by name.
pub(super) struct Schema(BTreeMap<&'static str, Definition>);

impl Schema {
    /// A definition by its name.
    pub(super) fn get(&self, name: &str) -> Option<&Definition> {
        self.0.get(name)
    }

    /// What scalars a definition allows, types within types included.
    pub(super) fn scalars(&'static self, shape: &'static Shape) -> Vec<&'static Shape> {
        match shape {
            Shape::OneOf(names) => {
                let definitions = names.iter().filter_map(|name| self.get(name));
                definitions.flat_map(|definition| self.scalars(&definition.shape)).collect()
            }
            Shape::Allowed(words) => words.iter().collect(),
            Shape::Sequence(_) | Shape::Mapping(..) => Vec::new(),
            scalar => vec![scalar],
        }
    }

    /// The definition itself and what it is one of, one level deep.
    pub(super) fn alternatives(&'static self, shape: &'static Shape) -> Vec<&'static Shape> {
        match shape {
            Shape::OneOf(names) => {
                names.iter().filter_map(|name| self.get(name)).map(|definition| &definition.shape).collect()
            }
            other => vec![other],
        }
    }
}

/// The schema of workflows.
pub(super) fn workflow() -> &'static Schema {
    static SCHEMA: OnceLock<Schema> = OnceLock::new();
    SCHEMA.get_or_init(|| read(include_str!("schema.txt")))
}

fn read(text: &'static str) -> Schema {
    let mut definitions = BTreeMap::new();
    let plain = |shape| Definition { contexts: Vec::new(), shape };
    definitions.insert("null", plain(Shape::Null));
    definitions.insert("boolean", plain(Shape::Boolean));
    definitions.insert("number", plain(Shape::Number));
    definitions.insert("string", plain(Shape::String(Text::Any)));
    definitions.insert("sequence", plain(Shape::Sequence("any")));
    definitions.insert("mapping", plain(Shape::Mapping(Vec::new(), Some(("string", "any")))));
    let any = vec!["null", "boolean", "number", "string", "sequence", "mapping"];
    definitions.insert("any", plain(Shape::OneOf(any)));
    for line in text.lines() {
        let Some((head, body)) = line.split_once(" = ") else { continue };
        let (name, contexts) = head.split_once(" [").unwrap_or((head, ""));
        let contexts = contexts.trim_end_matches(']').split_whitespace().collect();
        definitions.insert(name, Definition { contexts, shape: shape(body) });
    }
    Schema(definitions)
}

fn shape(body: &'static str) -> Shape {
    let mut words = body.split_whitespace();
    let kind = words.next().unwrap_or_default();
    match kind {
        "null" => Shape::Null,
        "boolean" => Shape::Boolean,
        "number" => Shape::Number,
        "sequence" => Shape::Sequence(words.next().unwrap_or("any")),
        "one-of" => Shape::OneOf(words.collect()),
        "allowed" => Shape::Allowed(words.map(|word| Shape::String(Text::Constant(word))).collect()),
        "mapping" => {
            let (mut properties, mut loose) = (Vec::new(), None);
            for (key, kind) in words.filter_map(|word| word.split_once(':')) {
                if let Some(key) = key.strip_prefix('*') {
                    loose = Some((key, kind));
                } else {
                    let name = key.trim_end_matches('!');
                    properties.push(Property { name, kind, required: name.len() < key.len() });
                }
            }
            Shape::Mapping(properties, loose)
        }
        _ => Shape::String(match words.next() {
            Some("!") => Text::NotEmpty,
            Some(word) => word.strip_prefix('=').map_or(Text::Any, Text::Constant),
            None => Text::Any,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_that_is_named_is_defined() {
        let schema = workflow();
        for (name, definition) in &schema.0 {
            let named: Vec<&str> = match &definition.shape {
                Shape::Sequence(item) => vec![item],
                Shape::OneOf(names) => names.clone(),
                Shape::Mapping(properties, loose) => {
                    let kinds = properties.iter().map(|property| property.kind);
                    kinds.chain(loose.iter().flat_map(|(key, value)| [*key, *value])).collect()
                }
                _ => Vec::new(),
            };
            for kind in named {
                assert!(schema.get(kind).is_some(), "{kind} in {name}");
            }
        }
        assert!(schema.get("workflow-root-strict").is_some());
    }

    #[test]
    fn a_line_says_what_may_stand_there() {
        let schema = workflow();
        let Some(Definition { shape: Shape::Mapping(properties, None), .. }) =
            schema.get("concurrency-mapping")
        else {
            panic!()
        };
        let first = properties.first();
        assert_eq!(first, Some(&Property { name: "group", kind: "non-empty-string", required: true }));
        let queue = schema.get("concurrency-queue").map(|definition| schema.scalars(&definition.shape));
        let words = ["single", "max"].map(|word| Shape::String(Text::Constant(word)));
        assert_eq!(queue, Some(words.iter().collect()));
        assert_eq!(schema.get("job-if").map(|definition| definition.contexts.len()), Some(8));
    }
}
