//! Values as text, to the letter as kubectl and the API server print them.

mod yaml;

pub use yaml::to_yaml;

use crate::golang::{float, push_json_string};
use crate::value::Value;

/// Compact JSON with sorted keys and Go's escapes (`\u003c`), as in `last-applied-configuration` and messages.
pub fn to_json(value: &Value) -> String {
    let mut out = String::new();
    json(&mut out, value, None);
    out
}

/// JSON indented by four, as `kubectl -o json`, without a newline at the end.
pub fn to_json_pretty(value: &Value) -> String {
    let mut out = String::new();
    json(&mut out, value, Some(0));
    out
}

fn json(out: &mut String, value: &Value, depth: Option<usize>) {
    let line = |out: &mut String, depth: Option<usize>| {
        if let Some(depth) = depth {
            out.push('\n');
            out.extend(std::iter::repeat_n("    ", depth));
        }
    };
    let inner = depth.map(|depth| depth + 1);
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Int(value) => out.push_str(&value.to_string()),
        Value::Float(value) => out.push_str(&float(*value)),
        Value::String(text) => push_json_string(out, text, true),
        Value::List(items) if items.is_empty() => out.push_str("[]"),
        Value::List(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                line(out, inner);
                json(out, item, inner);
            }
            line(out, depth);
            out.push(']');
        }
        Value::Map(map) if map.is_empty() => out.push_str("{}"),
        Value::Map(map) => {
            out.push('{');
            for (i, (key, item)) in map.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                line(out, inner);
                push_json_string(out, key, true);
                out.push_str(if depth.is_some() { ": " } else { ":" });
                json(out, item, inner);
            }
            line(out, depth);
            out.push('}');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_as_go_writes_it() {
        let value: Value = serde_json::from_str(r#"{"b":[1,{"c":"<a>\n"}],"a":{},"d":[]}"#).unwrap();
        assert_eq!(to_json(&value), r#"{"a":{},"b":[1,{"c":"\u003ca\u003e\n"}],"d":[]}"#);
        assert_eq!(
            to_json_pretty(&value),
            "{\n    \"a\": {},\n    \"b\": [\n        1,\n        {\n            \"c\": \"\\u003ca\\u003e\\n\"\n        }\n    ],\n    \"d\": []\n}"
        );
    }
}
