//! Changing an object by a patch: JSON merge patch, JSON patch, strategic merge patch, and the three-way patch of
//! `kubectl apply`.

mod apply;
mod diff;
mod directives;
mod json;
mod strategic;

pub use apply::{LAST_APPLIED, last_applied, modified, three_way};
pub use json::json_patch;
pub use strategic::strategic;

use crate::value::{Map, Value};

/// JSON merge patch (RFC 7386): `null` removes, maps are merged, everything else is replaced.
#[must_use]
pub fn merge(target: &Value, patch: &Value) -> Value {
    let Value::Map(patch) = patch else { return patch.clone() };
    let mut out = target.as_map().cloned().unwrap_or_default();
    for (key, value) in patch {
        if value.is_null() {
            out.remove(key);
        } else {
            let merged = merge(out.get(key).unwrap_or(&Value::Null), value);
            out.insert(key.clone(), merged);
        }
    }
    Value::Map(out)
}

/// The JSON merge patch that turns `from` into `to`.
#[must_use]
pub fn merge_diff(from: &Value, to: &Value) -> Value {
    let (Value::Map(from), Value::Map(to)) = (from, to) else { return to.clone() };
    let mut patch = Map::new();
    for (key, value) in to {
        match from.get(key) {
            Some(before) if before == value => {}
            Some(before @ Value::Map(_)) if value.as_map().is_some() => {
                patch.insert(key.clone(), merge_diff(before, value));
            }
            _ => {
                patch.insert(key.clone(), value.clone());
            }
        }
    }
    for key in from.keys().filter(|key| !to.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    Value::Map(patch)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(super) fn value(json: &str) -> Value {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn merge_patches() {
        let target = value(r#"{"a":1,"b":{"c":1,"d":2},"e":[1]}"#);
        let patch = value(r#"{"a":null,"b":{"c":3,"x":null},"e":[2],"f":{"g":null}}"#);
        assert_eq!(merge(&target, &patch), value(r#"{"b":{"c":3,"d":2},"e":[2],"f":{}}"#));
    }

    fn tree() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![any::<bool>().prop_map(Value::Bool), (0..5_i64).prop_map(Value::Int)];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::List),
                prop::collection::btree_map("[a-d]", inner, 0..4).prop_map(Value::Map),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_diff_leads_from_one_to_the_other(a in tree(), b in tree()) {
            prop_assert_eq!(merge(&a, &merge_diff(&a, &b)), b);
        }
    }
}
