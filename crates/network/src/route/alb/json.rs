//! Members of JSON as Go reads them: whatever their case.

use opscape_manifest::value::Value;

pub(super) fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    let map = value.as_map()?;
    map.get(name)
        .or_else(|| map.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

pub(super) fn text<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    member(value, name)?.as_str()
}

pub(super) fn items(list: Option<&Value>) -> &[Value] {
    list.and_then(Value::as_list).unwrap_or_default()
}

/// A number, or a text that holds one.
pub(super) fn number(value: Option<&Value>) -> Option<i64> {
    match value? {
        Value::String(text) => text.parse().ok(),
        value => value.as_int(),
    }
}
