//! Keys of a table.

use std::cmp::Ordering;

use equivalent::{Comparable, Equivalent};
use opscape_manifest::api::meta::{Str, name_order};

/// Namespace and name of an object.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Name {
    /// Empty for cluster-scoped kinds.
    pub namespace: Str,
    /// Its name.
    pub name: Str,
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        NameRef(&self.namespace, &self.name).compare(other)
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A [`Name`] to look up.
pub(super) struct NameRef<'a>(pub &'a str, pub &'a str);

impl NameRef<'_> {
    /// Which of two comes first.
    pub fn order(&self, namespace: &str, name: &str) -> Ordering {
        name_order(self.0, namespace).then_with(|| name_order(self.1, name))
    }
}

impl Equivalent<Name> for NameRef<'_> {
    fn equivalent(&self, key: &Name) -> bool {
        self.0 == &*key.namespace && self.1 == &*key.name
    }
}

impl Comparable<Name> for NameRef<'_> {
    fn compare(&self, key: &Name) -> Ordering {
        self.order(&key.namespace, &key.name)
    }
}
