//! What differs between two documents, field by field.

use opscape_manifest::value::{Map, Value};

/// A field that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldChange {
    /// As `spec.template.spec.containers[0].image`; indexes are those of the later document.
    pub path: String,
    /// Before; none: it was not there.
    pub before: Option<Value>,
    /// After; none: it is no longer there.
    pub after: Option<Value>,
}

impl FieldChange {
    /// The last field name of the path, as `image`.
    pub fn field(&self) -> &str {
        let last = self.path.rsplit('.').next().unwrap_or(&self.path);
        last.split('[').next().unwrap_or(last)
    }
}

/// Differences found at most: enough to say what was done.
const MOST: usize = 64;

/// The fields that differ, in order of their paths. Neither `status` nor what the API server keeps for itself counts.
pub fn differences(before: &Value, after: &Value) -> Vec<FieldChange> {
    let mut found = Vec::new();
    let empty = Map::new();
    let (before, after) = (before.as_map().unwrap_or(&empty), after.as_map().unwrap_or(&empty));
    compare_maps("", before, after, &mut found);
    found
}

fn is_kept_by_the_server(path: &str) -> bool {
    const KEPT: &[&str] = &[
        "status",
        "metadata.uid",
        "metadata.resourceVersion",
        "metadata.generation",
        "metadata.creationTimestamp",
        "metadata.deletionTimestamp",
        "metadata.deletionGracePeriodSeconds",
        "metadata.managedFields",
        "metadata.annotations.kubectl.kubernetes.io/last-applied-configuration",
        "metadata.annotations.deployment.kubernetes.io/revision",
    ];
    KEPT.contains(&path)
}

fn compare_maps(path: &str, before: &Map, after: &Map, found: &mut Vec<FieldChange>) {
    let gone = before.keys().filter(|key| !after.contains_key(*key));
    for key in after.keys().chain(gone) {
        let inner = if path.is_empty() { key.clone() } else { [path, ".", key].concat() };
        compare(inner, before.get(key), after.get(key), found);
    }
}

fn compare(path: String, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<FieldChange>) {
    if before == after || found.len() >= MOST || is_kept_by_the_server(&path) {
        return;
    }
    match (before, after) {
        (Some(Value::Map(before)), Some(Value::Map(after))) => compare_maps(&path, before, after, found),
        (Some(Value::List(before)), Some(Value::List(after))) if comparable(before, after) => {
            for (index, item) in after.iter().enumerate() {
                let old = match name(item) {
                    Some(named) => before.iter().find(|old| name(old) == Some(named)),
                    None => before.get(index),
                };
                compare(format!("{path}[{index}]"), old, Some(item), found);
            }
        }
        _ => found.push(FieldChange { path, before: before.cloned(), after: after.cloned() }),
    }
}

/// Lists whose items can be told apart: by name, or because there are as many.
fn comparable(before: &[Value], after: &[Value]) -> bool {
    let named = |items: &[Value]| items.iter().all(|item| name(item).is_some());
    let same_names = |(old, new): (&Value, &Value)| name(old) == name(new);
    before.len() == after.len() && (!named(after) || before.iter().zip(after).all(same_names))
}

fn name(item: &Value) -> Option<&str> {
    item.get("name").and_then(Value::as_str)
}

/// A value in a sentence: texts as they are, numbers and truth values as written, anything larger as `{...}` or `[...]`.
pub fn short(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "∅".to_owned(),
        Some(Value::Bool(value)) => value.to_string(),
        Some(Value::Int(value)) => value.to_string(),
        Some(Value::Float(value)) => value.to_string(),
        Some(Value::String(text)) if text.chars().count() <= 48 => text.clone(),
        Some(Value::String(text)) => {
            let mut cut: String = text.chars().take(47).collect();
            cut.push('…');
            cut
        }
        Some(Value::List(_)) => "[…]".to_owned(),
        Some(Value::Map(_)) => "{…}".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(yaml: &str) -> Value {
        let checked = opscape_manifest::check::check(yaml);
        checked.documents[0].value.clone()
    }

    #[test]
    fn fields_are_named_by_their_path() {
        let before = value(
            "spec: {replicas: 3, c: [{name: a, image: web:1}, {name: b, image: x}], gone: 1}\nstatus: 1\n",
        );
        let after = value(
            "spec: {replicas: 5, c: [{name: a, image: web:2}, {name: b, image: x}], new: [1]}\nstatus: 2\n",
        );
        let found: Vec<_> = differences(&before, &after)
            .into_iter()
            .map(|change| (change.path.clone(), short(change.before.as_ref()), short(change.after.as_ref())))
            .collect();
        let expected = [
            ("spec.c[0].image", "web:1", "web:2"),
            ("spec.new", "∅", "[…]"),
            ("spec.replicas", "3", "5"),
            ("spec.gone", "1", "∅"),
        ];
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for ((path, before, after), expected) in found.iter().zip(expected) {
            assert_eq!((path.as_str(), before.as_str(), after.as_str()), expected);
        }
    }
}
