//! Merging a strategic merge patch into an object (`mergeMap` and what it calls).

use super::directives::{DELETE_FROM, Merging, ORDER, PATCH, RETAIN, find, lookup, plain};
use crate::order::sort_by;
use crate::schema::Type;
use crate::value::{Map, Value};

/// Applies a patch to an object of a type, as the API server does. What is left of the patch afterwards is what the
/// server shows in its error messages: lists that were ordered by `$setElementOrder` are gone from it.
///
/// # Errors
/// For a patch whose directives or merge keys are wrong.
pub fn strategic(object: &Value, patch: &mut Value, ty: Type) -> Result<Value, String> {
    let (Value::Map(map), Value::Map(patch)) = (object, patch) else {
        return Err("a patch has to be an object".to_owned());
    };
    let mut map = map.clone();
    merge_map(&mut map, patch, Some(ty), true)?;
    Ok(Value::Map(map))
}

/// Merges `patch` into `map`. `apply`: directives act and disappear; otherwise both are patches and they are kept.
pub(super) fn merge_map(map: &mut Map, patch: &mut Map, ty: Option<Type>, apply: bool) -> Result<(), String> {
    match patch.get(PATCH) {
        None => {}
        Some(Value::String(word)) if word == "replace" => {
            patch.remove(PATCH);
            *map = std::mem::take(patch);
            return Ok(());
        }
        Some(Value::String(word)) if word == "delete" => {
            map.clear();
            return Ok(());
        }
        Some(other) => return Err(format!("Unknown patch type found: {}", crate::golang::sprint(other))),
    }
    retain_keys(map, patch, apply)?;
    ordered_lists(map, patch, ty, apply)?;
    let keys: Vec<String> = patch.keys().cloned().collect();
    for key in keys {
        let deletes = plain(&key, DELETE_FROM);
        if deletes.is_some() && !apply {
            if let Some(list) = patch.get(&key) {
                map.insert(key.clone(), list.clone());
            }
            continue;
        }
        let name = deletes.unwrap_or(&key);
        let Some(value) = patch.get_mut(&key) else { continue };
        if value.is_null() {
            map.remove(name);
            if apply {
                continue;
            }
        }
        let Some(before) = map.get_mut(name) else {
            if deletes.is_none() {
                let taken = if apply { without_directives(value).unwrap_or_default() } else { value.clone() };
                map.insert(name.to_owned(), taken);
            }
            continue;
        };
        let field = lookup(ty, name);
        match (before, value) {
            (Value::Map(before), Value::Map(value)) => merge_map(before, value, field.inner, apply)?,
            (Value::List(before), Value::List(list)) => {
                if deletes.is_some() {
                    before.retain(|item| !list.contains(item));
                } else {
                    *before = merge_list(before, list, &field.merging, field.inner, apply)?;
                }
            }
            (before, value) if deletes.is_none() => {
                *before = if apply { without_directives(value).unwrap_or_default() } else { value.clone() };
            }
            _ => {}
        }
    }
    Ok(())
}

fn retain_keys(map: &mut Map, patch: &mut Map, apply: bool) -> Result<(), String> {
    let Some(retained) = patch.remove(RETAIN) else { return Ok(()) };
    if !apply {
        map.entry(RETAIN.to_owned()).or_insert(retained);
        return Ok(());
    }
    let Value::List(list) = &retained else {
        return Err("invalid patch format of retainKeys".to_owned());
    };
    let kept = |key: &String| list.iter().any(|item| item.as_str() == Some(key));
    if patch.iter().any(|(key, value)| !value.is_null() && !key.starts_with('$') && !kept(key)) {
        return Err("invalid patch format of retainKeys".to_owned());
    }
    map.retain(|key, _| kept(key));
    Ok(())
}

/// `mergePatchIntoOriginal`: lists that come with an order.
fn ordered_lists(map: &mut Map, patch: &mut Map, ty: Option<Type>, apply: bool) -> Result<(), String> {
    let keys: Vec<String> = patch.keys().filter(|key| key.starts_with(ORDER)).cloned().collect();
    for key in keys {
        let Some(order) = patch.remove(&key) else { continue };
        let Some(name) = plain(&key, ORDER) else { continue };
        let Value::List(order_list) = &order else {
            return Err("invalid patch format of setElementOrder list".to_owned());
        };
        if !apply {
            map.entry(key.clone()).or_insert_with(|| order.clone());
        }
        let field = lookup(ty, name);
        let before = map.get(name).and_then(Value::as_list).map(<[Value]>::to_vec);
        let merged = match (before.clone(), patch.get_mut(name)) {
            (None, None) => continue,
            (Some(before), None) => before,
            (None, Some(Value::List(list))) => {
                if apply {
                    list.iter().filter_map(without_directives).collect()
                } else {
                    list.clone()
                }
            }
            (Some(before), Some(Value::List(list))) => {
                merge_list(&before, list, &field.merging, field.inner, apply)?
            }
            (_, Some(_)) => return Err(format!("expected a list for {name}")),
        };
        let key_name = if let Merging::ByKey(key) = field.merging { key } else { "" };
        let sorted = in_order(merged, order_list, &before.unwrap_or_default(), key_name)?;
        map.insert(name.to_owned(), Value::List(sorted));
        patch.remove(name);
    }
    Ok(())
}

fn merge_list(
    before: &[Value],
    patch: &mut [Value],
    merging: &Merging,
    inner: Option<Type>,
    apply: bool,
) -> Result<Vec<Value>, String> {
    match merging {
        Merging::Replace => Ok(patch.to_vec()),
        Merging::Set => {
            let mut merged = before.to_vec();
            for item in patch.iter() {
                if !merged.contains(item) {
                    merged.push(item.clone());
                }
            }
            in_order(merged, patch, before, "")
        }
        Merging::ByKey(key) => {
            let mut list = before.to_vec();
            let mut replace = false;
            for item in patch.iter() {
                match item.str_at(&[PATCH]) {
                    None => {}
                    Some("delete") => {
                        let Some(value) = item.get(key) else { return Err(no_key(item, key)) };
                        if apply {
                            list.retain(|item| item.get(key) != Some(value));
                        }
                    }
                    Some("replace") => replace = true,
                    Some("merge") => {
                        return Err("merging lists cannot yet be specified in the patch".to_owned());
                    }
                    Some(word) => return Err(format!("Unknown patch type found: {word}")),
                }
            }
            let special = |item: &Value| item.get(PATCH).is_some();
            if replace {
                return Ok(patch.iter().filter(|item| !special(item)).cloned().collect());
            }
            let server = list.clone();
            for item in patch.iter_mut() {
                if special(item) {
                    if !apply {
                        list.push(item.clone());
                    }
                    continue;
                }
                let Some(value) = item.get(key).cloned() else { return Err(no_key(item, key)) };
                match find(&list, key, Some(&value)).and_then(|at| list.get_mut(at)) {
                    Some(Value::Map(found)) => {
                        if let Value::Map(item) = item {
                            merge_map(found, item, inner, apply)?;
                        }
                    }
                    _ => list.push(if apply {
                        without_directives(item).unwrap_or_default()
                    } else {
                        item.clone()
                    }),
                }
            }
            in_order(list, patch, &server, key)
        }
    }
}

fn no_key(item: &Value, key: &str) -> String {
    format!("map: {} does not contain declared merge key: {key}", crate::golang::sprint(item))
}

/// Splits a list into the items of the patch, in the patch's order, and the server's own, and weaves them together
/// so that the server's order is kept where it says something (`normalizeElementOrder`).
fn in_order(list: Vec<Value>, order: &[Value], server: &[Value], key: &str) -> Result<Vec<Value>, String> {
    let place = |list: &[Value], item: &Value| {
        if key.is_empty() {
            list.iter().position(|other| other == item)
        } else {
            find(list, key, item.get(key))
        }
    };
    let (mut mine, mut theirs, mut deletions) = (Vec::new(), Vec::new(), Vec::new());
    for item in list {
        if item.get(PATCH).is_some() {
            deletions.push(item);
            continue;
        }
        if !key.is_empty() && item.get(key).is_none() {
            return Err(no_key(&item, key));
        }
        match place(order, &item) {
            Some(at) => mine.push((at, item)),
            None => theirs.push((place(server, &item).unwrap_or(usize::MAX), item)),
        }
    }
    for list in [&mut mine, &mut theirs] {
        sort_by(list, |(a, _), (b, _)| a.cmp(b));
    }
    let mut out = Vec::with_capacity(mine.len() + theirs.len());
    let (mut mine, mut theirs) = (mine.into_iter().peekable(), theirs.into_iter().peekable());
    loop {
        let first = match (theirs.peek(), mine.peek()) {
            (Some((left, _)), Some((_, right))) => {
                *left != usize::MAX && place(server, right).is_some_and(|right| *left < right)
            }
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (None, None) => break,
        };
        let next = if first { theirs.next() } else { mine.next() };
        out.extend(next.map(|(_, item)| item));
    }
    out.extend(deletions);
    Ok(out)
}

/// A value taken over from a patch, without its directives; `None` for an item that is to be deleted.
fn without_directives(value: &Value) -> Option<Value> {
    match value {
        Value::Map(map) => {
            if map.get(PATCH).is_some_and(|word| word.as_str() == Some("delete")) {
                return None;
            }
            let kept = map
                .iter()
                .filter(|(key, value)| !key.starts_with('$') && !value.is_null())
                .filter_map(|(key, value)| Some((key.clone(), without_directives(value)?)))
                .collect();
            Some(Value::Map(kept))
        }
        Value::List(list) => Some(Value::List(list.iter().filter_map(without_directives).collect())),
        other => Some(other.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::value;
    use super::*;

    fn deployment(object: &str, patch: &str) -> Result<Value, String> {
        strategic(&value(object), &mut value(patch), Type::of("apps/v1", "Deployment").unwrap())
    }

    fn containers(list: &str) -> String {
        format!(r#"{{"spec":{{"template":{{"spec":{{"containers":{list}}}}}}}}}"#)
    }

    #[test]
    fn lists_are_merged_by_their_keys() {
        let object = containers(
            r#"[{"name":"a","image":"x","env":[{"name":"E","value":"1"}]},{"name":"b","image":"y"}]"#,
        );
        let patch = containers(r#"[{"name":"a","image":"z","env":[{"name":"F","value":"2"}]}]"#);
        let want = containers(
            r#"[{"name":"a","image":"z","env":[{"name":"F","value":"2"},{"name":"E","value":"1"}]},{"name":"b","image":"y"}]"#,
        );
        assert_eq!(deployment(&object, &patch).unwrap(), value(&want));
    }

    #[test]
    fn directives_delete_replace_and_order() {
        let object = containers(r#"[{"name":"a"},{"name":"b"},{"name":"c"}]"#);
        let patch = containers(r#"[{"name":"b","$patch":"delete"}]"#);
        assert_eq!(
            deployment(&object, &patch).unwrap(),
            value(&containers(r#"[{"name":"a"},{"name":"c"}]"#))
        );
        let patch = containers(r#"[{"$patch":"replace"},{"name":"z"}]"#);
        assert_eq!(deployment(&object, &patch).unwrap(), value(&containers(r#"[{"name":"z"}]"#)));
        let patch = r#"{"spec":{"template":{"spec":{"$setElementOrder/containers":[{"name":"d"},{"name":"a"}],"containers":[{"name":"d"}]}}}}"#;
        let want = containers(r#"[{"name":"d"},{"name":"a"},{"name":"b"},{"name":"c"}]"#);
        assert_eq!(deployment(&object, patch).unwrap(), value(&want));
    }

    #[test]
    fn strategy_keeps_only_the_keys_named() {
        let object = r#"{"spec":{"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1}}}}"#;
        let patch = r#"{"spec":{"strategy":{"$retainKeys":["type"],"type":"Recreate"}}}"#;
        assert_eq!(deployment(object, patch).unwrap(), value(r#"{"spec":{"strategy":{"type":"Recreate"}}}"#));
    }

    #[test]
    fn sets_of_texts() {
        let object = r#"{"metadata":{"finalizers":["a/x","b/x"]}}"#;
        let patch = r#"{"metadata":{"$deleteFromPrimitiveList/finalizers":["a/x"],"finalizers":["c/x"]}}"#;
        assert_eq!(deployment(object, patch).unwrap(), value(r#"{"metadata":{"finalizers":["c/x","b/x"]}}"#));
    }

    #[test]
    fn a_missing_merge_key_is_an_error() {
        let error =
            deployment(&containers(r#"[{"name":"a"}]"#), &containers(r#"[{"image":"x"}]"#)).unwrap_err();
        assert_eq!(error, "map: map[image:x] does not contain declared merge key: name");
    }
}
