//! The garbage collector (pkg/controller/garbagecollector): deletes what has no owner any more, and carries out foreground
//! and orphaning deletion.

use std::time::Duration;

use opscape_manifest::api::Object;
use opscape_manifest::api::meta::{OwnerReference, Uid};

use crate::api::{FOREGROUND, ORPHAN};
use crate::record::Collected;
use crate::{
    Api, Change, Component, Context, DeleteOptions, Event, Op, Options, Propagation, Record, Subject, Weight,
    WorkQueue,
};

/// The garbage collector.
#[derive(Clone)]
pub(crate) struct Garbage {
    queue: WorkQueue,
    latency: Duration,
}

impl Garbage {
    pub(crate) fn new(options: &Options) -> Self {
        Garbage { queue: WorkQueue::new(Event::Garbage), latency: options.latency.garbage_collector }
    }

    fn add(&mut self, uid: Uid, context: &mut Context<'_>) {
        self.queue.add(uid, Weight::Life, self.latency, context);
    }

    /// `attemptToDeleteItem`
    fn look_at(&mut self, object: &Object, api: &mut Api, context: &mut Context<'_>) {
        if is_deleting(object) {
            if has_finalizer(object, ORPHAN) {
                orphan_dependents(object, api, context);
            } else if has_finalizer(object, FOREGROUND) {
                self.delete_dependents(object, api, context);
            }
            return;
        }
        let owners = &object.meta().owner_references;
        let (mut solid, mut gone, mut waiting) = (0, Vec::new(), Vec::new());
        for owner in owners {
            match api.store().by_uid(owner.uid) {
                None => gone.push(owner.clone()),
                Some(found) if is_deleting(found) && has_finalizer(found, FOREGROUND) => {
                    waiting.push(owner.clone());
                }
                Some(_) => solid += 1,
            }
        }
        let Some(first) = gone.first().or(waiting.first()).cloned() else { return };
        let fact = Collected {
            object: Subject::of(object),
            owner: owner_subject(object, &first),
            deleted: solid == 0,
        };
        context.record_as_cause(Record::Collected(Box::new(fact)));
        if solid > 0 {
            let drop: Vec<Uid> = gone.iter().chain(&waiting).map(|owner| owner.uid).collect();
            remove_owners(object, &drop, api, context);
            return;
        }
        // Its own dependents go first if its owner waits for it.
        let has_dependents = api.store().count_owned_by(object.meta().uid) > 0;
        let propagation = if has_finalizer(object, ORPHAN) {
            Propagation::Orphan
        } else if has_finalizer(object, FOREGROUND) || !waiting.is_empty() && has_dependents {
            Propagation::Foreground
        } else {
            Propagation::Background
        };
        let options = DeleteOptions { propagation, uid: Some(object.meta().uid), ..DeleteOptions::default() };
        // What is gone already needs no deletion.
        let _ = api.delete(&object.key(), &options, context);
    }

    /// An object in foreground deletion goes once nothing that blocks it is left.
    fn delete_dependents(&mut self, object: &Object, api: &mut Api, context: &mut Context<'_>) {
        let uid = object.meta().uid;
        let mut blocked = false;
        let mut dependents = Vec::new();
        for dependent in api.store().owned_by(uid) {
            let mut references = dependent.meta().owner_references.iter();
            blocked |= references.any(|owner| owner.uid == uid && owner.block_owner_deletion == Some(true));
            if !is_deleting(dependent) {
                dependents.push(dependent.meta().uid);
            }
        }
        for dependent in dependents {
            self.add(dependent, context);
        }
        if !blocked {
            remove_finalizer(object, FOREGROUND, api, context);
        }
    }
}

impl Component for Garbage {
    type Wake = Uid;

    fn on_change(&mut self, change: &Change, api: &Api, context: &mut Context<'_>) {
        let meta = change.object.meta();
        if change.op == Op::Deleted {
            if api.store().count_owned_by(meta.uid) > 0 {
                let dependents: Vec<Uid> =
                    api.store().owned_by(meta.uid).map(|dependent| dependent.meta().uid).collect();
                for dependent in dependents {
                    self.add(dependent, context);
                }
            }
            // An owner may wait for this one.
            for owner in &meta.owner_references {
                let waits = api
                    .store()
                    .by_uid(owner.uid)
                    .is_some_and(|owner| is_deleting(owner) && has_finalizer(owner, FOREGROUND));
                if waits {
                    self.add(owner.uid, context);
                }
            }
            return;
        }
        let ending = meta.deletion_timestamp.is_some()
            && (has_finalizer(&change.object, FOREGROUND) || has_finalizer(&change.object, ORPHAN));
        let ownerless = (change.op == Op::Added
            || change.old.as_ref().is_some_and(|old| old.meta().owner_references != meta.owner_references))
            && meta.owner_references.iter().any(|owner| api.store().by_uid(owner.uid).is_none());
        if ending || ownerless {
            self.add(meta.uid, context);
        }
    }

    fn handle(&mut self, uid: Uid, api: &mut Api, context: &mut Context<'_>) {
        if self.queue.take(uid, context)
            && let Some(object) = api.store().by_uid(uid).cloned()
        {
            self.look_at(&object, api, context);
        }
    }
}

fn is_deleting(object: &Object) -> bool {
    object.meta().deletion_timestamp.is_some()
}

fn has_finalizer(object: &Object, finalizer: &str) -> bool {
    object.meta().finalizers.iter().any(|name| &**name == finalizer)
}

fn owner_subject(object: &Object, owner: &OwnerReference) -> Subject {
    Subject {
        kind: owner.kind.clone(),
        namespace: object.meta().namespace.clone(),
        name: owner.name.clone(),
        uid: owner.uid,
    }
}

/// `orphanDependents`: they stay, without this owner.
fn orphan_dependents(object: &Object, api: &mut Api, context: &mut Context<'_>) {
    let uid = object.meta().uid;
    let dependents: Vec<Object> = api.store().owned_by(uid).cloned().collect();
    let cause = context.cause();
    for dependent in dependents {
        context.because(cause);
        let fact = Collected { object: Subject::of(&dependent), owner: Subject::of(object), deleted: false };
        context.record_as_cause(Record::Collected(Box::new(fact)));
        remove_owners(&dependent, &[uid], api, context);
    }
    context.because(cause);
    remove_finalizer(object, ORPHAN, api, context);
}

fn remove_owners(object: &Object, owners: &[Uid], api: &mut Api, context: &mut Context<'_>) {
    let mut new = object.clone();
    new.meta_mut().owner_references.retain(|owner| !owners.contains(&owner.uid));
    api.replace(object, new, context);
}

fn remove_finalizer(object: &Object, finalizer: &str, api: &mut Api, context: &mut Context<'_>) {
    let Some(current) = api.store().by_uid(object.meta().uid).cloned() else { return };
    let mut new = current.clone();
    new.meta_mut().finalizers.retain(|name| &**name != finalizer);
    api.replace(&current, new, context);
}
