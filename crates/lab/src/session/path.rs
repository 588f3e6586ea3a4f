//! The paths that checks use: the part of kubectl's JSONPath without `range` and functions.

use opscape_manifest::print;
use opscape_manifest::value::Value;

/// What a template such as `{.status.conditions[?(@.type=="Ready")].status}` prints for a value: all matches with a space
/// between, as kubectl does. What does not exist prints nothing.
pub fn print(template: &str, value: &Value) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((path, after)) = split_closing(after) else { break };
        let path = path.trim();
        if let Some(literal) = path.strip_prefix('"').and_then(|path| path.strip_suffix('"')) {
            out.push_str(literal);
        } else {
            let texts: Vec<String> = find(path, value).into_iter().map(text).collect();
            out.push_str(&texts.join(" "));
        }
        rest = after;
    }
    if template.contains('{') {
        out.push_str(rest);
        out
    } else {
        find(template, value).into_iter().map(text).collect::<Vec<_>>().join(" ")
    }
}

/// Splits at the brace that closes, not at one in quotes.
fn split_closing(text: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            (None, '}') => return Some((text.get(..at)?, text.get(at + 1..)?)),
            _ => {}
        }
    }
    None
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => print::to_json(other),
    }
}

/// The values at a path.
fn find<'a>(path: &str, value: &'a Value) -> Vec<&'a Value> {
    let mut found = vec![value];
    let mut rest = path.strip_prefix('$').unwrap_or(path);
    while !rest.is_empty() {
        let (step, after) = next_step(rest);
        found = found.into_iter().flat_map(|value| take(&step, value)).collect();
        rest = after;
    }
    found
}

enum Step {
    Key(String),
    All,
    Index(i64),
    Where(String, String, String),
}

fn next_step(path: &str) -> (Step, &str) {
    if let Some(after) = path.strip_prefix('[') {
        let end = closing_bracket(after);
        let inside = after.get(..end).unwrap_or_default().trim();
        return (in_brackets(inside), after.get(end + 1..).unwrap_or_default());
    }
    let path = path.strip_prefix('.').unwrap_or(path);
    let mut key = String::new();
    let mut chars = path.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => key.extend(chars.next().map(|(_, escaped)| escaped)),
            '.' | '[' => return (key_step(key), path.get(at..).unwrap_or_default()),
            _ => key.push(c),
        }
    }
    (key_step(key), "")
}

fn key_step(key: String) -> Step {
    if key == "*" { Step::All } else { Step::Key(key) }
}

fn closing_bracket(text: &str) -> usize {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            (None, ']') => return at,
            _ => {}
        }
    }
    text.len()
}

fn in_brackets(inside: &str) -> Step {
    let unquoted = |text: &str| text.trim().trim_matches(['"', '\'']).to_owned();
    if inside == "*" {
        return Step::All;
    }
    if let Some(condition) = inside.strip_prefix("?(").and_then(|text| text.strip_suffix(')')) {
        for op in ["==", "!="] {
            if let Some((left, right)) = condition.split_once(op) {
                let left = left.trim().trim_start_matches("@.").trim_start_matches('@');
                return Step::Where(left.to_owned(), op.to_owned(), unquoted(right));
            }
        }
        return Step::Where(
            condition.trim().trim_start_matches("@.").to_owned(),
            "!=".to_owned(),
            String::new(),
        );
    }
    match inside.parse() {
        Ok(index) => Step::Index(index),
        Err(_) => Step::Key(unquoted(inside)),
    }
}

fn take<'a>(step: &Step, value: &'a Value) -> Vec<&'a Value> {
    match (step, value) {
        (Step::Key(key), Value::Map(map)) if !key.is_empty() => map.get(key).into_iter().collect(),
        (Step::Key(key), _) if key.is_empty() => vec![value],
        (Step::All, Value::List(items)) => items.iter().collect(),
        (Step::All, Value::Map(map)) => map.values().collect(),
        (Step::Index(index), Value::List(items)) => {
            let index = if *index < 0 { items.len() as i64 + index } else { *index };
            usize::try_from(index).ok().and_then(|index| items.get(index)).into_iter().collect()
        }
        (Step::Where(path, op, wanted), Value::List(items)) => items
            .iter()
            .filter(|item| {
                let is = find(path, item).into_iter().any(|value| text(value) == *wanted);
                is == (op == "==")
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// An object as a value to look into.
pub fn value_of(object: &opscape_manifest::api::Object) -> Value {
    object.to_value()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_print_as_kubectl_does() {
        let value = opscape_manifest::check::check(
            "status: {num: 3, c: [{type: A, status: 'True'}, {type: B, status: 'False'}]}\nmetadata: {labels: {a.b/c: x}}\n",
        )
        .documents[0]
            .value
            .clone();
        for (path, printed) in [
            ("{.status.num}", "3"),
            (".status.num", "3"),
            ("{.status.c[*].type}", "A B"),
            ("{.status.c[1].status}", "False"),
            ("{.status.c[-1].type}", "B"),
            ("{.status.c[?(@.type==\"A\")].status}", "True"),
            ("{.status.c[?(@.type!=\"A\")].status}", "False"),
            ("{.metadata.labels.a\\.b/c}", "x"),
            ("{.metadata.labels['a.b/c']}", "x"),
            ("{.nothing.here}", ""),
            ("n={.status.num};{\" \"}", "n=3; "),
            ("{.status.c[0]}", "{\"status\":\"True\",\"type\":\"A\"}"),
        ] {
            assert_eq!(print(path, &value), printed, "{path}");
        }
    }
}
