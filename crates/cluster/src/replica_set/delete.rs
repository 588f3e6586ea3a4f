//! Deleting pods that are too many (`getPodsToDelete`).

use std::collections::BTreeMap;
use std::sync::Arc;

use opscape_manifest::api::meta::Uid;
use opscape_manifest::api::{Object, ObjectKey, Pod, ReplicaSet};

use super::rank::{Rank, is_active};
use crate::record::{PodDeleted, RankReason};
use crate::{Api, Context, DeleteOptions, Message, Record, Reporter, Store, Subject, words};

/// Deletes `count` pods, those first that rank lowest.
pub(super) fn delete(
    reporter: &Reporter,
    replica_set: &Arc<ReplicaSet>,
    related: &[Uid],
    (have, want): (i32, i32),
    count: i32,
    api: &mut Api,
    context: &mut Context<'_>,
) {
    let owner = Object::ReplicaSet(replica_set.clone());
    let count = usize::try_from(count).unwrap_or(0);
    let chosen = choose(replica_set.metadata.uid, related, count, api, context);
    let cause = context.cause();
    for (pod, rank) in chosen {
        context.because(cause);
        let fact = PodDeleted {
            replica_set: Subject::of(&owner),
            pod: Subject::of_resource(&*pod),
            have,
            want,
            rank,
        };
        context.record_as_cause(Record::PodDeleted(Box::new(fact)));
        let key = ObjectKey {
            kind: words::pod(),
            namespace: pod.metadata.namespace.clone(),
            name: pod.metadata.name.clone(),
        };
        if api.delete(&key, &DeleteOptions::default(), context).is_ok() {
            let text = ["Deleted pod: ", &pod.metadata.name].concat();
            api.tell(reporter, &owner, &Message::normal("SuccessfulDelete", &text), context);
        }
    }
}

fn active_pods(store: &Store, owner: Uid) -> impl Iterator<Item = &Arc<Pod>> {
    store
        .owned_by(owner)
        .filter_map(|object| if let Object::Pod(pod) = object { Some(pod) } else { None })
        .filter(move |pod| {
            is_active(pod) && pod.metadata.controller().is_some_and(|controller| controller.uid == owner)
        })
}

/// The pods to delete, each with the criterion that put it before the first one that stays.
fn choose(
    uid: Uid,
    related: &[Uid],
    count: usize,
    api: &Api,
    context: &Context<'_>,
) -> Vec<(Arc<Pod>, RankReason)> {
    let store = api.store();
    let pods: Vec<&Arc<Pod>> = active_pods(store, uid).collect();
    if count >= pods.len() {
        return pods.into_iter().map(|pod| (pod.clone(), RankReason::All)).collect();
    }
    let mut on_node: BTreeMap<&str, u32> = BTreeMap::new();
    for pod in related.iter().flat_map(|related| active_pods(store, *related)) {
        *on_node.entry(&pod.spec.node_name).or_default() += 1;
    }
    let now = api.micro_time(context.now());
    let mut ranks: Vec<(Rank, &Arc<Pod>)> = pods
        .into_iter()
        .map(|pod| {
            let crowd = on_node.get(&*pod.spec.node_name).copied().unwrap_or(0);
            (Rank::of(pod, crowd, now), pod)
        })
        .collect();
    ranks.select_nth_unstable_by(count, |a, b| a.0.compare(&b.0).0);
    let (go, stay) = ranks.split_at_mut(count);
    go.sort_unstable_by(|a, b| a.0.compare(&b.0).0);
    let first_to_stay = stay.first().map(|(rank, _)| rank);
    go.iter()
        .map(|(rank, pod)| {
            let reason = first_to_stay.map_or(RankReason::All, |other| rank.compare(other).1);
            (Arc::clone(pod), reason)
        })
        .collect()
}
