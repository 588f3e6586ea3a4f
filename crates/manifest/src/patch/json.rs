//! JSON patch (RFC 6902), with the errors of evanphx/json-patch, which the API server uses.

use crate::value::Value;

/// Applies a list of operations.
///
/// # Errors
/// The first operation that does not apply, in the library's words.
pub fn json_patch(object: &Value, patch: &Value) -> Result<Value, String> {
    let Value::List(operations) = patch else {
        return Err("json: cannot unmarshal object into Go value of type jsonpatch.Patch".to_owned());
    };
    let mut out = object.clone();
    for operation in operations {
        let word = |key: &str| operation.str_at(&[key]).unwrap_or_default();
        let (name, path, from) = (word("op"), word("path"), word("from"));
        let value = || operation.get("value").cloned().unwrap_or_default();
        match name {
            "add" => {
                add(&mut out, path, value()).map_err(|e| format!("add operation does not apply: {e}"))?;
            }
            "remove" => {
                remove(&mut out, path).map_err(|e| format!("remove operation does not apply: {e}"))?;
            }
            "replace" => {
                let slot = get_mut(&mut out, path).ok_or_else(|| {
                    format!("replace operation does not apply: doc is missing key: {path}: missing value")
                })?;
                *slot = value();
            }
            "move" => {
                let moved =
                    remove(&mut out, from).map_err(|e| format!("move operation does not apply: {e}"))?;
                add(&mut out, path, moved).map_err(|e| format!("move operation does not apply: {e}"))?;
            }
            "copy" => {
                let copied = get(&out, from).cloned().ok_or_else(|| {
                    format!("copy operation does not apply: doc is missing key: {from}: missing value")
                })?;
                add(&mut out, path, copied).map_err(|e| format!("copy operation does not apply: {e}"))?;
            }
            "test" => {
                let same = get(&out, path)
                    .map_or(operation.get("value").is_none_or(Value::is_null), |found| *found == value());
                if !same {
                    return Err(format!("testing value {path} failed: test failed"));
                }
            }
            _ => return Err(format!("Unexpected kind: {name}")),
        }
    }
    Ok(out)
}

fn tokens(path: &str) -> Vec<String> {
    path.split('/').skip(1).map(|token| token.replace("~1", "/").replace("~0", "~")).collect()
}

fn step<'a>(value: &'a Value, token: &str) -> Option<&'a Value> {
    match value {
        Value::Map(map) => map.get(token),
        Value::List(list) => list.get(token.parse::<usize>().ok()?),
        _ => None,
    }
}

fn step_mut<'a>(value: &'a mut Value, token: &str) -> Option<&'a mut Value> {
    match value {
        Value::Map(map) => map.get_mut(token),
        Value::List(list) => list.get_mut(token.parse::<usize>().ok()?),
        _ => None,
    }
}

fn get<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    tokens(path).iter().try_fold(value, |value, token| step(value, token))
}

fn get_mut<'a>(value: &'a mut Value, path: &str) -> Option<&'a mut Value> {
    tokens(path).iter().try_fold(value, |value, token| step_mut(value, token))
}

/// The container of the last step and the step.
fn parent<'a>(value: &'a mut Value, path: &str) -> Result<(&'a mut Value, String), String> {
    let mut tokens = tokens(path);
    let last = tokens.pop().unwrap_or_default();
    tokens
        .iter()
        .try_fold(value, |value, token| step_mut(value, token))
        .map(|parent| (parent, last))
        .ok_or_else(|| format!("doc is missing path: {}: missing value", crate::golang::quote(path)))
}

fn add(value: &mut Value, path: &str, new: Value) -> Result<(), String> {
    if path.is_empty() {
        *value = new;
        return Ok(());
    }
    let (parent, last) = parent(value, path)?;
    match parent {
        Value::Map(map) => {
            map.insert(last, new);
            Ok(())
        }
        Value::List(list) => {
            let at = if last == "-" { list.len() } else { index(&last)? };
            if at > list.len() {
                return Err(format!(
                    "error in add for path: '{path}': Unable to access invalid index: {at}: invalid index referenced"
                ));
            }
            list.insert(at, new);
            Ok(())
        }
        _ => Err(format!("doc is missing path: {}: missing value", crate::golang::quote(path))),
    }
}

fn index(token: &str) -> Result<usize, String> {
    token.parse().map_err(|_| {
        format!(
            "value was not a proper array index: '{token}': strconv.Atoi: parsing {}: invalid syntax",
            crate::golang::quote(token)
        )
    })
}

fn remove(value: &mut Value, path: &str) -> Result<Value, String> {
    let (parent, last) = parent(value, path)?;
    match parent {
        Value::Map(map) => map.remove(&last).ok_or_else(|| {
            format!(
                "error in remove for path: '{path}': unable to remove nonexistent key: {last}: missing value"
            )
        }),
        Value::List(list) => {
            let at = index(&last)?;
            if at >= list.len() {
                return Err(format!(
                    "error in remove for path: '{path}': Unable to access invalid index: {at}: invalid index referenced"
                ));
            }
            Ok(list.remove(at))
        }
        _ => Err(format!("doc is missing path: {}: missing value", crate::golang::quote(path))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::value;
    use super::*;

    #[test]
    fn operations() {
        let object = value(r#"{"a":{"b":[1,2]},"c~/d":1}"#);
        let patch = value(
            r#"[{"op":"test","path":"/a/b/0","value":1},{"op":"add","path":"/a/b/-","value":3},
            {"op":"remove","path":"/a/b/0"},{"op":"replace","path":"/c~0~1d","value":2},
            {"op":"copy","from":"/a/b/0","path":"/e"},{"op":"move","from":"/e","path":"/f"}]"#,
        );
        assert_eq!(json_patch(&object, &patch), Ok(value(r#"{"a":{"b":[2,3]},"c~/d":2,"f":2}"#)));
        for (patch, error) in [
            (r#"[{"op":"test","path":"/a","value":1}]"#, "testing value /a failed: test failed"),
            (
                r#"[{"op":"replace","path":"/x","value":1}]"#,
                "replace operation does not apply: doc is missing key: /x: missing value",
            ),
            (
                r#"[{"op":"add","path":"/x/y","value":1}]"#,
                "add operation does not apply: doc is missing path: \"/x/y\": missing value",
            ),
        ] {
            assert_eq!(json_patch(&object, &value(patch)), Err(error.to_owned()));
        }
    }
}
