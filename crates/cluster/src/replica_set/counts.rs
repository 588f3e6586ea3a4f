//! How many pods of a ReplicaSet there are, kept up to date with each change.

use imbl::OrdSet;
use opscape_manifest::api::meta::{StrMap, Timestamp, Uid};
use opscape_manifest::api::{Pod, ReplicaSet};

use super::rank::{is_active, is_ready, is_terminating, ready_since};
use crate::Store;

/// The pods that a ReplicaSet controls.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Neither finished nor being deleted.
    pub(super) active: i32,
    /// Active, with all labels of the template.
    pub(super) fully_labeled: i32,
    /// Active and ready.
    pub(super) ready: i32,
    /// Active, and ready for minReadySeconds at the last [`Counts::settle`].
    pub(super) available: i32,
    /// Being deleted, and not finished.
    pub(super) terminating: i32,
    /// Ready, and not available yet, in order of the time since when.
    waiting: OrdSet<(Timestamp, Uid)>,
}

impl Counts {
    /// Counts from scratch.
    pub(super) fn of(replica_set: &ReplicaSet, store: &Store) -> Counts {
        let mut counts = Counts::default();
        let uid = replica_set.metadata.uid;
        for object in store.owned_by(uid) {
            if let opscape_manifest::api::Object::Pod(pod) = object
                && pod.metadata.controller().is_some_and(|owner| owner.uid == uid)
            {
                counts.add(pod, replica_set, 1);
            }
        }
        counts
    }

    /// Adds a pod (`sign` 1) or takes it away (-1).
    pub(super) fn add(&mut self, pod: &Pod, replica_set: &ReplicaSet, sign: i32) {
        if is_terminating(pod) {
            self.terminating += sign;
        }
        if !is_active(pod) {
            return;
        }
        self.active += sign;
        if has_all(&pod.metadata.labels, &replica_set.spec.template.metadata.labels) {
            self.fully_labeled += sign;
        }
        if !is_ready(pod) {
            return;
        }
        self.ready += sign;
        if replica_set.spec.min_ready_seconds == 0 {
            self.available += sign;
            return;
        }
        let key = (ready_since(pod).unwrap_or_default(), pod.metadata.uid);
        if sign > 0 {
            self.waiting.insert(key);
        } else if self.waiting.remove(&key).is_none() {
            self.available -= 1;
        }
    }

    /// Pods that have been ready for `min_ready` seconds become available.
    pub(super) fn settle(&mut self, min_ready: i64, now: Timestamp) {
        while self.waiting.get_min().is_some_and(|(since, _)| since.0 + min_ready <= now.0) {
            self.waiting.remove_min();
            self.available += 1;
        }
    }

    /// When the next pod becomes available if nothing happens.
    pub(super) fn next_available(&self, min_ready: i64) -> Option<Timestamp> {
        self.waiting.get_min().map(|(since, _)| Timestamp(since.0 + min_ready))
    }
}

fn has_all(labels: &StrMap, wanted: &StrMap) -> bool {
    std::sync::Arc::ptr_eq(labels, wanted)
        || wanted.iter().all(|(key, value)| labels.get(key).is_some_and(|own| own == value))
}
