//! Kinds without a describer of their own (`GenericDescriberFor`): every field, indented.

use opscape_manifest::value::Value;

use super::Page;
use crate::kubectl::print::{at, scalar, text};

pub(super) fn describe(object: &Value, page: &mut Page) -> bool {
    page.pair("Name", text(object, "metadata.name"));
    page.pair("Namespace", text(object, "metadata.namespace"));
    page.labels("Labels", at(object, "metadata.labels"));
    page.annotations("Annotations", at(object, "metadata.annotations"));
    page.pair("API Version", text(object, "apiVersion"));
    page.pair("Kind", text(object, "kind"));
    for (key, value) in object.as_map().into_iter().flatten() {
        if !matches!(key.as_str(), "apiVersion" | "kind" | "metadata") {
            field(key, value, 0, page);
        }
    }
    true
}

/// `minReadySeconds` as `Min Ready Seconds`.
fn title(key: &str) -> String {
    let mut title = String::new();
    for (index, next) in key.chars().enumerate() {
        if index == 0 {
            title.extend(next.to_uppercase());
        } else {
            if next.is_ascii_uppercase() {
                title.push(' ');
            }
            title.push(next);
        }
    }
    title
}

fn field(key: &str, value: &Value, depth: usize, page: &mut Page) {
    let indent = "  ".repeat(depth);
    let title = title(key);
    match value {
        Value::Map(map) => {
            page.line(&format!("{indent}{title}:"));
            for (key, value) in map {
                field(key, value, depth + 1, page);
            }
        }
        Value::List(list) => {
            page.line(&format!("{indent}{title}:"));
            for item in list {
                match item {
                    Value::Map(map) => {
                        for (key, value) in map {
                            field(key, value, depth + 1, page);
                        }
                    }
                    other => page.line(&format!("{indent}  {}", scalar(other))),
                }
            }
        }
        other => page.pair(&format!("{indent}{title}"), &scalar(other)),
    }
}
