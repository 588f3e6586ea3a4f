//! How many pods a budget expects, and how many of them it wants healthy (`getExpectedPodCount`, `getExpectedScale`).

use std::sync::Arc;

use opscape_manifest::api::meta::{IntOrString, Uid};
use opscape_manifest::api::{Deployment, Object, Pod, ReplicaSet};
use opscape_manifest::intorpercent::scaled_percent;

use super::Budget;
use crate::Store;
use crate::api::resource_name;

/// What a budget expects.
#[derive(Debug, Default)]
pub(super) struct Expected {
    pub count: i64,
    /// How many of them it wants healthy.
    pub desired: i64,
    /// Whether some of its pods have no controller and could not be counted.
    pub unmanaged: bool,
}

pub(super) fn expected(budget: &Budget, pods: &[Arc<Pod>], store: &Store) -> Result<Expected, String> {
    match (&budget.max_unavailable, &budget.min_available) {
        (Some(most), _) => {
            let (count, unmanaged) = scale(pods, store)?;
            let desired = (count - scaled(most, count)).max(0);
            Ok(Expected { count, desired, unmanaged })
        }
        (None, Some(IntOrString::Int(least))) => {
            Ok(Expected { count: pods.len() as i64, desired: i64::from(*least), unmanaged: false })
        }
        (None, Some(least)) => {
            let (count, unmanaged) = scale(pods, store)?;
            Ok(Expected { count, desired: scaled(least, count), unmanaged })
        }
        (None, None) => Ok(Expected::default()),
    }
}

/// Percentages round up.
fn scaled(value: &IntOrString, count: i64) -> i64 {
    match value {
        IntOrString::Int(number) => i64::from(*number),
        IntOrString::String(text) => scaled_percent(text, count, true).unwrap_or_default(),
    }
}

/// The sum of the sizes that the pods' controllers want, and whether a pod has none.
fn scale(pods: &[Arc<Pod>], store: &Store) -> Result<(i64, bool), String> {
    let mut known: Vec<(Uid, i64)> = Vec::new();
    let mut unmanaged = false;
    let mut last: Option<Uid> = None;
    for pod in pods {
        let Some(owner) = pod.metadata.controller() else {
            unmanaged = true;
            continue;
        };
        if last == Some(owner.uid) {
            continue;
        }
        last = Some(owner.uid);
        let (uid, size) = controller(owner.uid, store)
            .ok_or_else(|| format!("found no controllers for pod {:?}", &*pod.metadata.name))??;
        if !known.iter().any(|(one, _)| *one == uid) {
            known.push((uid, size));
        }
    }
    Ok((known.iter().map(|(_, size)| size).sum(), unmanaged))
}

/// What controls a pod in the end, and its size: a Deployment behind a ReplicaSet, the ReplicaSet itself, or another kind that
/// has a scale.
fn controller(uid: Uid, store: &Store) -> Option<Result<(Uid, i64), String>> {
    match store.by_uid(uid)? {
        Object::ReplicaSet(set) => {
            let owner = set.metadata.controller().filter(|owner| &*owner.kind == "Deployment");
            let Some(owner) = owner else { return Some(Ok(of_set(set))) };
            let deployment = store.typed_by_uid::<Deployment>(owner.uid)?;
            Some(Ok((owner.uid, i64::from(deployment.spec.replicas.unwrap_or(1)))))
        }
        Object::Other(other) if matches!(&*other.kind, "StatefulSet" | "ReplicationController") => {
            let replicas = other.body.get("spec").and_then(|spec| spec.get("replicas")?.as_int());
            Some(Ok((uid, replicas.unwrap_or(1))))
        }
        object => Some(Err([&*resource_name(object), " does not implement the scale subresource"].concat())),
    }
}

fn of_set(set: &ReplicaSet) -> (Uid, i64) {
    (set.metadata.uid, i64::from(set.spec.replicas.unwrap_or(1)))
}
