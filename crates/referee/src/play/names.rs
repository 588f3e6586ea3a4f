//! Commands of a recording name objects with random names; here they are found by owner and order of creation.

use std::collections::BTreeMap;
use std::path::Path;

use opscape_cluster::{Change, Op};
use serde_json::Value as Json;

use crate::recording::read_json_lines;

/// Which object of ours stands for one of the recording.
#[derive(Default)]
pub struct Translation {
    /// Random name in the recording -> place.
    recorded: BTreeMap<String, String>,
    ours: Places,
    /// Place -> our name.
    names: BTreeMap<String, String>,
}

/// Gives each object with an owner a place that does not depend on random names: `Deployment/web/1/2`, the second pod of the
/// first ReplicaSet.
#[derive(Default)]
struct Places {
    of: BTreeMap<(String, String), String>,
    counts: BTreeMap<String, usize>,
}

impl Places {
    fn place(&mut self, kind: &str, name: &str, owner: &str) -> Option<String> {
        let (owner_kind, owner_name) = owner.split_once('/')?;
        let key = (kind.to_owned(), name.to_owned());
        if self.of.contains_key(&key) {
            return None;
        }
        let owner_key = (owner_kind.to_owned(), owner_name.to_owned());
        let owner = self.of.get(&owner_key).cloned().unwrap_or_else(|| owner.to_owned());
        let count = self.counts.entry(owner.clone()).or_default();
        *count += 1;
        let place = format!("{owner}/{count}");
        self.of.insert(key, place.clone());
        Some(place)
    }
}

impl Translation {
    /// Reads which object of a recording is which. A folder without a trace has no random names to know.
    pub fn of(folder: &Path) -> Result<Self, String> {
        let mut places = Places::default();
        let mut recorded = BTreeMap::new();
        for line in read_json_lines(&folder.join("trace.jsonl"))? {
            let member = |key: &str| line.get(key).and_then(Json::as_str).unwrap_or_default();
            let owner = line.get("o").and_then(|object| object.get("owner")).and_then(Json::as_str);
            if let Some(owner) = owner.filter(|_| member("op") == "ADDED")
                && let Some(place) = places.place(member("kind"), member("name"), owner)
            {
                recorded.insert(member("name").to_owned(), place);
            }
        }
        Ok(Translation { recorded, ..Translation::default() })
    }

    /// Notes an object of ours.
    pub fn see(&mut self, change: &Change, namespace: &str) {
        let meta = change.object.meta();
        if change.op != Op::Added || &*meta.namespace != namespace {
            return;
        }
        let Some(owner) = meta.controller() else { return };
        let owner = format!("{}/{}", owner.kind, owner.name);
        if let Some(place) = self.ours.place(change.object.kind_name(), &meta.name, &owner) {
            self.names.insert(place, meta.name.to_string());
        }
    }

    /// A command line with our names in it.
    pub fn translate(&self, line: &str) -> String {
        let part_of_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
        let mut out = String::with_capacity(line.len());
        let mut rest = line;
        while let Some(start) = rest.find(part_of_name) {
            let (before, from) = rest.split_at(start);
            let (word, after) = from.split_at(from.find(|c| !part_of_name(c)).unwrap_or(from.len()));
            let ours = self.recorded.get(word).and_then(|place| self.names.get(place));
            out.push_str(before);
            out.push_str(ours.map_or(word, String::as_str));
            rest = after;
        }
        out + rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_name_is_found_by_owner_and_order() {
        let mut translation = Translation::default();
        let mut real = Places::default();
        for (kind, name, owner) in [
            ("ReplicaSet", "web-abc", "Deployment/web"),
            ("Pod", "web-abc-22222", "ReplicaSet/web-abc"),
            ("Pod", "web-abc-44444", "ReplicaSet/web-abc"),
        ] {
            translation.recorded.insert(name.to_owned(), real.place(kind, name, owner).unwrap());
        }
        for (kind, name, owner) in [
            ("ReplicaSet", "web-xyz", "Deployment/web"),
            ("Pod", "web-xyz-55555", "ReplicaSet/web-xyz"),
            ("Pod", "web-xyz-66666", "ReplicaSet/web-xyz"),
        ] {
            let place = translation.ours.place(kind, name, owner).unwrap();
            translation.names.insert(place, name.to_owned());
        }
        assert_eq!(
            translation.translate("kubectl delete pod/web-abc-44444 web"),
            "kubectl delete pod/web-xyz-66666 web"
        );
        assert_eq!(translation.translate("kubectl get rs web-abc"), "kubectl get rs web-xyz");
    }
}
