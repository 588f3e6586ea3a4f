//! Keys of a table.

use std::cmp::Ordering;

use equivalent::{Comparable, Equivalent};
use opscape_manifest::api::meta::Str;

/// Namespace and name of an object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Name {
    /// Empty for cluster-scoped kinds.
    pub namespace: Str,
    /// Its name.
    pub name: Str,
}

/// A [`Name`] to look up.
pub(super) struct NameRef<'a>(pub &'a str, pub &'a str);

impl Equivalent<Name> for NameRef<'_> {
    fn equivalent(&self, key: &Name) -> bool {
        self.0 == &*key.namespace && self.1 == &*key.name
    }
}

impl Comparable<Name> for NameRef<'_> {
    fn compare(&self, key: &Name) -> Ordering {
        self.0.cmp(&key.namespace).then_with(|| self.1.cmp(&key.name))
    }
}
