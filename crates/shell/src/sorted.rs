//! Sorting, in the few forms that are used: each type and closure that is sorted costs code to download.

use opscape_manifest::order::sort_by;
use opscape_manifest::value::Value;

/// Texts in order.
pub(crate) fn texts(list: &mut Vec<String>) {
    sort_by(list, Ord::cmp);
}

/// Texts in order, each once.
pub(crate) fn distinct(list: &mut Vec<String>) {
    texts(list);
    list.dedup();
}

/// Values in the order of a text of theirs.
pub(crate) fn values(list: &mut Vec<Value>, key: &dyn Fn(&Value) -> String) {
    values_by(list, &|a, b| key(a).cmp(&key(b)));
}

/// Values in an order.
pub(crate) fn values_by(list: &mut Vec<Value>, compare: &dyn Fn(&Value, &Value) -> std::cmp::Ordering) {
    sort_by(list, compare);
}
