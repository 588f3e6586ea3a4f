//! What a watcher of the namespace sees, in the format of the recordings.

use std::collections::BTreeMap;

use opscape_cluster::{Change, Op};
use opscape_sim::Time;
use serde_json::{Map, Value as Json, json};

use super::compact::{compact, difference};

/// Writes changes down as a recorder does that starts watching at some instant.
pub struct Recorder {
    namespace: String,
    /// When the recorder starts.
    zero: Time,
    views: BTreeMap<(String, String), Map<String, Json>>,
    lines: Vec<Json>,
}

/// Kinds outside namespaces that are recorded.
const CLUSTER_KINDS: [&str; 2] = ["Node", "PersistentVolume"];
/// Kinds that the recordings leave out.
const LEFT_OUT: [&str; 6] = ["ConfigMap", "Secret", "ServiceAccount", "Namespace", "Lease", "Endpoints"];

impl Recorder {
    /// A recorder of a namespace, started at `zero`.
    pub fn new(namespace: &str, zero: Time) -> Self {
        Recorder { namespace: namespace.to_owned(), zero, views: BTreeMap::new(), lines: Vec::new() }
    }

    /// Whether objects of this kind and namespace are written down.
    fn watches(&self, change: &Change) -> bool {
        let kind = change.object.kind_name();
        let namespace = &*change.object.meta().namespace;
        if LEFT_OUT.contains(&kind) {
            return false;
        }
        if namespace.is_empty() {
            return CLUSTER_KINDS.contains(&kind);
        }
        // Events on nodes are in the default namespace.
        namespace == self.namespace
            || kind == "Event"
                && namespace == "default"
                && change.object.to_value().str_at(&["involvedObject", "kind"]) == Some("Node")
    }

    /// Writes a change down.
    pub fn see(&mut self, change: &Change) {
        if !self.watches(change) {
            return;
        }
        let kind = change.object.kind_name().to_owned();
        let name = change.object.meta().name.to_string();
        let key = (kind.clone(), name.clone());
        let (body, view) = match change.op {
            Op::Deleted => (self.views.remove(&key).map(|_| ("DELETED", None)), None),
            Op::Added | Op::Modified => {
                let object = serde_json::to_value(change.object.to_value()).unwrap_or_default();
                let view = compact(&kind, &object);
                let body = match self.views.get(&key) {
                    None if change.at < self.zero => Some(("EXISTING", Some(("o", view.clone())))),
                    None => Some(("ADDED", Some(("o", view.clone())))),
                    Some(before) => {
                        let changed = difference(before, &view);
                        (!changed.is_empty()).then_some(("MODIFIED", Some(("d", changed))))
                    }
                };
                (body, Some(view))
            }
        };
        if let Some(view) = view {
            self.views.insert(key.clone(), view);
        }
        let Some((op, body)) = body else { return };
        if change.at < self.zero {
            self.forget_past(&key, &kind, &name, change.version);
            return;
        }
        let at = seconds(change.at, self.zero);
        let mut line = json!({ "t": at, "rv": change.version, "op": op, "kind": kind, "name": name });
        if let (Some(line), Some((member, content))) = (line.as_object_mut(), body) {
            line.insert(member.to_owned(), Json::Object(content));
        }
        self.lines.push(line);
    }

    /// What happened before the recorder started is one line for each object that is left.
    fn forget_past(&mut self, key: &(String, String), kind: &str, name: &str, version: u64) {
        self.lines
            .retain(|line| line.get("kind") != Some(&json!(kind)) || line.get("name") != Some(&json!(name)));
        if let Some(view) = self.views.get(key) {
            self.lines.push(
                json!({ "t": 0.0, "rv": version, "op": "EXISTING", "kind": kind, "name": name, "o": view }),
            );
        }
    }

    /// The trace, a line a change.
    pub fn text(&self) -> String {
        let mut out: Vec<String> = self.lines.iter().map(Json::to_string).collect();
        out.push(String::new());
        out.join("\n")
    }
}

/// Seconds since the recorder started, to the millisecond.
pub fn seconds(at: Time, zero: Time) -> f64 {
    let micros = at.0 as f64 - zero.0 as f64;
    (micros / 1e3).round() / 1e3
}
