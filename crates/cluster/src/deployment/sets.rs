//! The ReplicaSets of a Deployment: which is the new one, revisions, annotations, hashes
//! (pkg/controller/deployment/util/deployment_util.go).

use std::sync::Arc;

use opscape_manifest::api::ReplicaSet;
use opscape_manifest::api::apps::{Deployment, DeploymentSpec};
use opscape_manifest::api::meta::{ObjectMeta, Str};
use opscape_manifest::api::pod::PodTemplateSpec;
use opscape_manifest::value::Value;

use super::rollout::{Limits, Size};

pub(super) const REVISION: &str = "deployment.kubernetes.io/revision";
pub(super) const REVISION_HISTORY: &str = "deployment.kubernetes.io/revision-history";
pub(super) const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
pub(super) const MAX: &str = "deployment.kubernetes.io/max-replicas";
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// The label that tells the pods of one template from those of others.
pub(super) const HASH: &str = "pod-template-hash";
/// Longest revision history kept, in characters.
const LONGEST_HISTORY: usize = 2000;

type Set = Arc<ReplicaSet>;

pub(super) fn replicas(set: &ReplicaSet) -> i32 {
    set.spec.replicas.unwrap_or(1)
}

pub(super) fn size(set: &ReplicaSet) -> Size {
    Size { spec: replicas(set), available: set.status.available_replicas, max_replicas: annotated(set, MAX) }
}

/// A number in an annotation.
pub(super) fn annotated(set: &ReplicaSet, key: &str) -> Option<i32> {
    set.metadata.annotation(key)?.parse().ok()
}

/// The revision of a ReplicaSet; 0 if it has none.
pub(super) fn revision(meta: &ObjectMeta) -> i64 {
    meta.annotation(REVISION).and_then(|text| text.parse().ok()).unwrap_or(0)
}

pub(super) fn max_revision(sets: &[Set]) -> i64 {
    sets.iter().map(|set| revision(&set.metadata)).max().unwrap_or(0).max(0)
}

/// Oldest first (`ReplicaSetsByCreationTimestamp`).
pub(super) fn sort_by_age(sets: &mut [Set]) {
    sets.sort_by(|a, b| {
        let age = a.metadata.creation_timestamp.cmp(&b.metadata.creation_timestamp);
        age.then_with(|| a.metadata.name.cmp(&b.metadata.name))
    });
}

/// The ReplicaSet of the Deployment's template, the oldest if there are several (`FindNewReplicaSet`).
pub(super) fn find_new<'a>(deployment: &Deployment, by_age: &'a [Set]) -> Option<&'a Set> {
    by_age.iter().find(|set| equal_but_for_hash(&set.spec.template, &deployment.spec.template))
}

/// `EqualIgnoreHash`
pub(super) fn equal_but_for_hash(a: &PodTemplateSpec, b: &PodTemplateSpec) -> bool {
    same_but_for(HASH, a, b)
}

/// Whether two templates are the same, whatever the value of a label.
pub(crate) fn same_but_for(label: &str, a: &PodTemplateSpec, b: &PodTemplateSpec) -> bool {
    let labels = |template: &PodTemplateSpec| {
        let mut labels = (*template.metadata.labels).clone();
        labels.remove(label);
        labels
    };
    (Arc::ptr_eq(&a.spec, &b.spec) || a.spec == b.spec)
        && a.metadata.annotations == b.metadata.annotations
        && a.metadata.finalizers == b.metadata.finalizers
        && labels(a) == labels(b)
}

/// Takes over the Deployment's annotations, and the revision; notes the one before in the history. Says whether anything
/// changed (`SetNewReplicaSetAnnotations`).
pub(super) fn annotate_new(
    deployment: &Deployment,
    meta: &mut ObjectMeta,
    new_revision: i64,
    exists: bool,
) -> bool {
    let mut changed = false;
    for (key, value) in deployment.metadata.annotations.iter() {
        let skipped = matches!(&**key, LAST_APPLIED | REVISION | REVISION_HISTORY | DESIRED | MAX)
            || &**key == super::rollback::ROLLBACK;
        if !skipped {
            changed |= meta.set_annotation(key, value);
        }
    }
    let before: Option<Str> = meta.annotations.get(REVISION).cloned();
    let mut revised = false;
    if before.as_deref().and_then(|text| text.parse().ok()).unwrap_or(0) < new_revision {
        revised = meta.set_annotation(REVISION, &new_revision.to_string());
        changed |= revised;
    }
    if revised && let Some(before) = before {
        let history = match meta.annotation(REVISION_HISTORY) {
            None | Some("") => before.to_string(),
            Some(history) => shortened(&[history, ",", &before].concat(), before.len()),
        };
        meta.set_annotation(REVISION_HISTORY, &history);
    }
    if !exists {
        changed |= annotate_sizes(&deployment.spec, meta);
    }
    changed
}

/// The oldest revisions are dropped from a history that is too long.
fn shortened(history: &str, newest: usize) -> String {
    let mut rest = history;
    while rest.len() > LONGEST_HISTORY && rest.len() > newest {
        match rest.split_once(',') {
            Some((_, tail)) => rest = tail,
            None => break,
        }
    }
    rest.to_owned()
}

/// Notes the Deployment's size and its largest size, by which scaling is told from rolling out (`SetReplicasAnnotations`).
pub(super) fn annotate_sizes(spec: &DeploymentSpec, meta: &mut ObjectMeta) -> bool {
    let limits = Limits::of(spec);
    let desired = meta.set_annotation(DESIRED, &limits.replicas.to_string());
    meta.set_annotation(MAX, &limits.max_total().to_string()) || desired
}

/// `rand.SafeEncodeString`: letters and digits that make no words.
const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// The hash of a template, as it stands in names and labels (`ComputeHash`). Upstream hashes Go's memory layout; this hashes
/// the fields: another text, as stable.
pub(crate) fn hash(template: &PodTemplateSpec, collisions: Option<i32>) -> String {
    let mut fnv = Fnv(0x811C_9DC5);
    fnv.value(&opscape_manifest::codec::to_value(template));
    if let Some(collisions) = collisions {
        fnv.bytes(&collisions.to_le_bytes());
    }
    safe(fnv.0)
}

/// The same of any value.
pub(crate) fn hash_of_value(value: &Value) -> String {
    let mut fnv = Fnv(0x811C_9DC5);
    fnv.value(value);
    safe(fnv.0)
}

fn safe(hash: u32) -> String {
    let digits = hash.to_string();
    digits
        .bytes()
        .map(|digit| ALPHABET.get(digit as usize % 27).map_or('b', |byte| char::from(*byte)))
        .collect()
}

struct Fnv(u32);

impl Fnv {
    fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
        }
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.bytes(&[0]),
            Value::Bool(bool) => self.bytes(&[1, u8::from(*bool)]),
            Value::Int(int) => {
                self.bytes(&[2]);
                self.bytes(&int.to_le_bytes());
            }
            Value::Float(float) => {
                self.bytes(&[3]);
                self.bytes(&float.to_bits().to_le_bytes());
            }
            Value::String(text) => {
                self.bytes(&[4]);
                self.bytes(text.as_bytes());
            }
            Value::List(list) => {
                self.bytes(&[5]);
                for item in list {
                    self.value(item);
                }
                self.bytes(&[6]);
            }
            Value::Map(map) => {
                self.bytes(&[7]);
                for (key, item) in map {
                    self.bytes(key.as_bytes());
                    self.value(item);
                }
                self.bytes(&[8]);
            }
        }
    }
}
