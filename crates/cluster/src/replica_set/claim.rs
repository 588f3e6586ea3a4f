//! Adopting and releasing pods (pkg/controller/controller_ref_manager.go: `PodControllerRefManager`).

use std::sync::Arc;

use opscape_manifest::api::meta::{LabelSelector, StrMap, Uid};
use opscape_manifest::api::{Object, Pod, ReplicaSet};

use super::rank::is_active;
use super::reference_to;
use crate::record::Adoption;
use crate::{Api, Context, Record, Subject};

/// Adopts pods without controller that the selector matches, and releases own ones that it no longer matches. Says whether
/// anything was written.
pub(super) fn claim_pods(replica_set: &Arc<ReplicaSet>, api: &mut Api, context: &mut Context<'_>) -> bool {
    let meta = &replica_set.metadata;
    let Some(selector) = &replica_set.spec.selector else { return false };
    let store = api.store();
    let released: Vec<Arc<Pod>> = store
        .owned_by(meta.uid)
        .filter_map(|object| if let Object::Pod(pod) = object { Some(pod) } else { None })
        .filter(|pod| {
            pod.metadata.controller().is_some_and(|owner| owner.uid == meta.uid)
                && is_active(pod)
                && !matches(selector, &pod.metadata.labels)
        })
        .cloned()
        .collect();
    let adopted: Vec<Arc<Pod>> = if meta.deletion_timestamp.is_some() {
        Vec::new()
    } else {
        store
            .orphan_pods()
            .filter(|pod| {
                pod.metadata.namespace == meta.namespace
                    && is_active(pod)
                    && matches(selector, &pod.metadata.labels)
            })
            .cloned()
            .collect()
    };
    let any = !released.is_empty() || !adopted.is_empty();
    let cause = context.cause();
    let owner = Subject::of_resource(&**replica_set);
    for pod in released {
        context.because(cause);
        let fact = Adoption { owner: owner.clone(), object: Subject::of_resource(&*pod) };
        context.record_as_cause(Record::Released(Box::new(fact)));
        let mut pod = Pod::clone(&pod);
        pod.metadata.owner_references.retain(|owner| owner.uid != meta.uid);
        api.put_modified(pod, context);
    }
    for pod in adopted {
        context.because(cause);
        let fact = Adoption { owner: owner.clone(), object: Subject::of_resource(&*pod) };
        context.record_as_cause(Record::Adopted(Box::new(fact)));
        let mut pod = Pod::clone(&pod);
        pod.metadata.owner_references.retain(|owner| owner.uid != meta.uid);
        pod.metadata.owner_references.push(reference_to(replica_set));
        api.put_modified(pod, context);
    }
    context.because(cause);
    any
}

/// The ReplicaSets whose selector matches a pod.
pub(super) fn matching(pod: &Pod, api: &Api) -> Vec<Uid> {
    let namespace = &*pod.metadata.namespace;
    let sets = api.store().list::<ReplicaSet>(Some(namespace));
    sets.filter(|set| {
        set.spec.selector.as_ref().is_some_and(|selector| matches(selector, &pod.metadata.labels))
    })
    .map(|set| set.metadata.uid)
    .collect()
}

/// Whether the selector of a pod's ReplicaSet still matches it.
pub(super) fn belongs(pod: &Pod, owner: Uid, api: &Api) -> bool {
    let owner = api.store().typed_by_uid::<ReplicaSet>(owner);
    let selector = owner.and_then(|owner| owner.spec.selector.as_ref());
    selector.is_none_or(|selector| matches(selector, &pod.metadata.labels))
}

/// Whether labels meet a selector; an empty one matches everything.
pub(crate) fn matches(selector: &LabelSelector, labels: &StrMap) -> bool {
    selector.matches(labels)
}
