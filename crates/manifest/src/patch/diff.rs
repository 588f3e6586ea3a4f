//! The difference of two objects as a strategic merge patch (`diffMaps` and what it calls).

use super::directives::{DELETE_FROM, Merging, ORDER, PATCH, RETAIN, find, lookup, shown};
use crate::order::sort_by;
use crate::schema::Type;
use crate::value::{Map, Value};

/// Which differences count.
#[derive(Clone, Copy)]
pub(super) struct Options {
    pub(super) changes: bool,
    pub(super) deletions: bool,
}

/// The patch from `old` to `new`; empty if there is nothing to do. `retain`: it names the keys that stay.
pub(super) fn maps(old: &Map, new: &Map, ty: Option<Type>, options: Options, retain: bool) -> Map {
    let mut patch = Map::new();
    for (key, value) in new {
        let Some(before) = old.get(key) else {
            if options.changes {
                patch.insert(key.clone(), value.clone());
            }
            continue;
        };
        match (before, value) {
            (Value::Map(before), Value::Map(value)) => {
                let field = lookup(ty, key);
                let inner = maps(before, value, field.inner, options, field.retain);
                if !inner.is_empty() {
                    patch.insert(key.clone(), Value::Map(inner));
                }
            }
            (Value::List(before), Value::List(list)) => lists(key, before, list, ty, options, &mut patch),
            _ if options.changes && before != value => {
                patch.insert(key.clone(), value.clone());
            }
            _ => {}
        }
    }
    if options.deletions {
        for key in old.keys().filter(|key| !new.contains_key(*key)) {
            patch.insert(key.clone(), Value::Null);
        }
    }
    let cleared = old.keys().any(|key| !new.contains_key(key));
    let keys: Vec<Value> =
        new.iter().filter(|(_, value)| !value.is_null()).map(|(key, _)| key.as_str().into()).collect();
    if retain && !keys.is_empty() && (!patch.is_empty() || cleared) {
        patch.insert(RETAIN.to_owned(), Value::List(keys));
    }
    patch
}

fn lists(key: &str, old: &[Value], new: &[Value], ty: Option<Type>, options: Options, patch: &mut Map) {
    let field = lookup(ty, key);
    let mut put = |prefix: &str, list: Vec<Value>| {
        if !list.is_empty() {
            patch.insert(format!("{prefix}{key}"), Value::List(list));
        }
    };
    match field.merging {
        Merging::Replace => {
            if options.changes && old != new {
                patch.insert(key.to_owned(), Value::List(new.to_vec()));
            }
        }
        _ if old.is_empty() => {
            if options.changes {
                put("", new.to_vec());
            }
        }
        Merging::ByKey(merge_key) => {
            let (mut list, deletions) = of_maps(old, new, merge_key, field.inner, options, field.retain);
            let same_order = old.len() == new.len()
                && old.iter().zip(new).all(|(a, b)| a.get(merge_key) == b.get(merge_key));
            let place = |item: &Value| find(new, merge_key, item.get(merge_key)).unwrap_or(usize::MAX);
            sort_by(&mut list, |a, b| place(a).cmp(&place(b)));
            list.extend(deletions);
            let ordered = (options.changes && (!list.is_empty() || !same_order))
                || (options.deletions && !list.is_empty());
            if ordered {
                let order = new.iter().filter_map(|item| {
                    let value = item.get(merge_key)?.clone();
                    Some(Value::Map(Map::from([(merge_key.to_owned(), value)])))
                });
                put(ORDER, order.collect());
            }
            put("", list);
        }
        Merging::Set => {
            let gone: Vec<Value> = old.iter().filter(|item| !new.contains(item)).cloned().collect();
            let added: Vec<Value> = new.iter().filter(|item| !old.contains(item)).cloned().collect();
            if (options.deletions && !gone.is_empty()) || (options.changes && old != new) {
                put(ORDER, new.to_vec());
            }
            if options.changes {
                put("", added);
            }
            if options.deletions {
                put(DELETE_FROM, gone);
            }
        }
    }
}

/// Sorted by the merge key; items of equal keys come out in reverse, as Go's sort leaves them.
fn sorted<'a>(list: &'a [Value], key: &str) -> Vec<(String, &'a Value)> {
    let mut items: Vec<(String, &Value)> =
        list.iter().rev().map(|item| (shown(item.get(key)), item)).collect();
    sort_by(&mut items, |a, b| a.0.cmp(&b.0));
    items
}

/// `diffListsOfMaps`: (additions and changes, deletions)
fn of_maps(
    old: &[Value],
    new: &[Value],
    key: &str,
    inner: Option<Type>,
    options: Options,
    retain: bool,
) -> (Vec<Value>, Vec<Value>) {
    let (old, new) = (sorted(old, key), sorted(new, key));
    let (mut i, mut j) = (0, 0);
    let (mut list, mut deletions) = (Vec::new(), Vec::new());
    loop {
        let order = match (old.get(i), new.get(j)) {
            (None, None) => return (list, deletions),
            (Some((a, _)), Some((b, _))) => a.cmp(b),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
        };
        match (order, old.get(i), new.get(j)) {
            (std::cmp::Ordering::Equal, Some((_, Value::Map(before))), Some((_, Value::Map(after)))) => {
                let mut item = maps(before, after, inner, options, retain);
                if !item.is_empty() {
                    item.insert(key.to_owned(), after.get(key).cloned().unwrap_or_default());
                    list.push(Value::Map(item));
                }
                i += 1;
                j += 1;
            }
            (std::cmp::Ordering::Less, Some((_, before)), _) => {
                if options.deletions {
                    let value = before.get(key).cloned().unwrap_or_default();
                    let item = Map::from([(key.to_owned(), value), (PATCH.to_owned(), "delete".into())]);
                    deletions.push(Value::Map(item));
                }
                i += 1;
            }
            (_, _, Some((_, after))) => {
                if options.changes {
                    list.push((*after).clone());
                }
                j += 1;
            }
            _ => return (list, deletions),
        }
    }
}
