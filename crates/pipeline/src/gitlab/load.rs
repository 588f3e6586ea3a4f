//! From a text to one mapping: documents, header, inputs put in.
//!
//! Source: gitlab `lib/gitlab/ci/config/yaml/{loader,result}.rb`, `lib/gitlab/config/loader/multi_doc_yaml.rb`, read, not
//! run. Messages of a text that is no YAML are the parser's own, not libyaml's.

use opscape_manifest::diagnostic::Span;

use super::inputs;
use super::value::{Data, Map, Place, Value, from_node};
use super::variables::Variables;
use super::{Mistake, Warning};
use crate::yaml;

/// The most documents of a text: a header and a configuration.
const MAX_DOCUMENTS: usize = 2;

/// A text that was read.
pub(super) struct Loaded {
    /// The configuration.
    pub config: Map,
    /// Where it stands.
    pub place: Place,
}

/// Reads a text and puts the inputs in.
pub(super) fn load(
    text: &str,
    file: usize,
    given: &Map,
    variables: &Variables,
    warnings: &mut Vec<Warning>,
) -> Result<Loaded, Mistake> {
    let documents = yaml::parse(text, yaml::START).map_err(|broken| {
        let place = Place { file, span: Span::at(broken.position) };
        let message = match &broken.alias {
            Some(name) => format!("Unknown alias: {name}"),
            None => format!(
                "(<unknown>): {} at line {} column {}",
                broken.message, broken.position.line, broken.position.column
            ),
        };
        Mistake::new(message, place)
    })?;
    let mut values = Vec::new();
    for document in &documents {
        let value = from_node(document, file)?;
        repeated(document, file, warnings);
        if value.data != Data::Null {
            values.push(value);
        }
    }
    let start = Place { file, span: Span::at(yaml::START) };
    if values.len() > MAX_DOCUMENTS {
        let place = values.get(MAX_DOCUMENTS).map_or(start, |value| value.place);
        return Err(Mistake::new("The parsed YAML has too many documents", place));
    }
    let mut values = values.into_iter();
    let Some(first) = values.next() else {
        return Ok(Loaded { config: Map::default(), place: start });
    };
    let second = values.next();
    let header = match (&first.data, &second) {
        (Data::Map(map), Some(_)) if map.has("spec") => Some(map.clone()),
        _ => None,
    };
    let content = match (&header, second) {
        (Some(_), Some(second)) => second,
        _ => first,
    };
    let place = content.place;
    let Data::Map(mut config) = content.data else {
        return Err(Mistake::new("Invalid configuration format", place));
    };
    match header {
        Some(header) => inputs::interpolate(&header, given, &mut config, variables)?,
        None if given.is_empty() => {}
        None => {
            let place = given.iter().next().map_or(place, |(key, _)| key.place);
            return Err(Mistake::new("unknown input arguments", place));
        }
    }
    Ok(Loaded { config, place })
}

/// Warns of keys that stand twice in a mapping: Psych takes the last one and says nothing.
fn repeated(node: &yaml::Node, file: usize, warnings: &mut Vec<Warning>) {
    match &node.content {
        yaml::Content::Map(entries) => {
            for (at, (key, value)) in entries.iter().enumerate() {
                let name = key.text();
                let before = entries.get(..at).unwrap_or(&[]);
                if name.is_some_and(|name| name != "<<")
                    && before.iter().any(|(other, _)| other.text() == name)
                {
                    warnings.push(Warning {
                        message: format!(
                            "duplicated key `{}`: the last one counts",
                            name.unwrap_or_default()
                        ),
                        place: Place { file, span: key.span },
                    });
                }
                repeated(value, file, warnings);
            }
        }
        yaml::Content::List(items) => {
            for item in items {
                repeated(item, file, warnings);
            }
        }
        yaml::Content::Scalar(..) => {}
    }
}

/// A text that no text has.
pub(super) fn made_text(text: impl Into<String>, place: Place) -> Value {
    Value::new(Data::Text(text.into()), place)
}
