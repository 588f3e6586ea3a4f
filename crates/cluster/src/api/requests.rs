//! What a person does to the cluster: as the components' writes, and written into the journal first, as the cause of all
//! that follows.

use std::sync::Arc;

use opscape_manifest::api::{Object, ObjectKey, Pod};
use opscape_manifest::check::MAX_PODS;

use super::{Api, DeleteOptions, Outcome, WriteOptions, resource_of_kind, set_condition};
use crate::disruption;
use crate::record::{Requested, Verb};
use crate::{Cluster, Context, Record, Status, Subject};

/// Refuses more pods than a lab can hold: what a text may ask for, a command may ask for.
pub(super) fn within_limits(outcome: &Outcome) -> Result<(), Status> {
    let object = outcome.object();
    let replicas = match object {
        Object::Deployment(deployment) => deployment.spec.replicas,
        Object::ReplicaSet(replica_set) => replica_set.spec.replicas,
        Object::Rollout(rollout) => rollout.spec.replicas,
        _ => None,
    };
    if replicas.is_some_and(|replicas| i64::from(replicas) > MAX_PODS) {
        let why = format!("a lab may have at most {MAX_PODS} pods");
        return Err(resource_of_kind(object.kind_name()).forbidden(&object.meta().name, &why));
    }
    Ok(())
}

impl Api {
    fn request(
        &mut self,
        verb: Verb,
        before: Option<Object>,
        outcome: Outcome,
        dry_run: bool,
        context: &mut Context<'_>,
    ) -> Object {
        if dry_run {
            return outcome.object().clone();
        }
        if let Outcome::Same(object) = outcome {
            return object;
        }
        let after = match &outcome {
            Outcome::Remove(_) => None,
            Outcome::Put(object) | Outcome::Same(object) => Some(object.clone()),
        };
        let subject = Subject::of(outcome.object());
        let cause = context.cause();
        context.record_as_cause(Record::Requested(Box::new(Requested { verb, subject, before, after })));
        let object = self.commit(outcome, context);
        context.because(cause);
        object
    }
}

impl Cluster {
    /// Creates an object.
    ///
    /// # Errors
    /// As the API server: `AlreadyExists`, `Forbidden`, `Invalid`, `NotFound` (its namespace).
    pub fn create(
        &mut self,
        context: &mut Context<'_>,
        object: Object,
        options: &WriteOptions,
    ) -> Result<Object, Status> {
        self.act(context, |api, _, context| {
            let outcome = api.plan_create(object, context)?;
            within_limits(&outcome)?;
            Ok(api.request(Verb::Create, None, outcome, options.dry_run, context))
        })
    }

    /// Replaces an object; its status stays. With a resourceVersion, only if nobody wrote it since.
    ///
    /// # Errors
    /// As the API server: `NotFound`, `Conflict`, `Forbidden`, `Invalid`.
    pub fn update(
        &mut self,
        context: &mut Context<'_>,
        object: Object,
        options: &WriteOptions,
    ) -> Result<Object, Status> {
        self.act(context, |api, _, context| {
            let outcome = api.plan_update(object)?;
            within_limits(&outcome)?;
            let before = api.store().by_uid(outcome.object().meta().uid).cloned();
            Ok(api.request(Verb::Update, before, outcome, options.dry_run, context))
        })
    }

    /// Replaces an object's status only (`PUT .../status`), as a component outside of the cluster does.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` if a resourceVersion is given and not the present one.
    pub fn update_status(
        &mut self,
        context: &mut Context<'_>,
        object: &Object,
        options: &WriteOptions,
    ) -> Result<Object, Status> {
        self.act(context, |api, _, context| {
            let outcome = api.plan_update_status(object)?;
            let before = api.store().by_uid(outcome.object().meta().uid).cloned();
            Ok(api.request(Verb::Status, before, outcome, options.dry_run, context))
        })
    }

    /// Changes the number of replicas (the scale subresource of Deployments and ReplicaSets).
    ///
    /// # Errors
    /// `NotFound`, also for kinds that cannot be scaled; `Conflict` if `resource_version` is given and not the present one.
    pub fn scale(
        &mut self,
        context: &mut Context<'_>,
        key: &ObjectKey,
        replicas: i32,
        resource_version: Option<u64>,
        options: &WriteOptions,
    ) -> Result<Object, Status> {
        self.act(context, |api, _, context| {
            let old = api.find(key)?;
            if resource_version.is_some_and(|version| version != old.meta().resource_version) {
                return Err(resource_of_kind(&key.kind).conflict(&key.name, Status::STALE));
            }
            let outcome = api.plan_scale(key, replicas)?;
            within_limits(&outcome)?;
            Ok(api.request(Verb::Scale, Some(old), outcome, options.dry_run, context))
        })
    }

    /// Deletes an object, or asks it to end. Gives its state as the API server answers it.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` if a precondition does not hold.
    pub fn delete(
        &mut self,
        context: &mut Context<'_>,
        key: &ObjectKey,
        options: &DeleteOptions,
    ) -> Result<Object, Status> {
        self.act(context, |api, _, context| {
            let before = api.find(key).ok();
            let outcome = api.plan_delete(key, options, context)?;
            Ok(api.request(Verb::Delete, before, outcome, options.dry_run, context))
        })
    }

    /// Evicts a pod (`POST pods/NAME/eviction`), as `kubectl drain` does.
    ///
    /// # Errors
    /// `NotFound`; `TooManyRequests` if its disruption budget allows none now; an internal error if it has several budgets.
    pub fn evict(
        &mut self,
        context: &mut Context<'_>,
        namespace: &str,
        name: &str,
        options: &DeleteOptions,
    ) -> Result<Object, Status> {
        self.act(context, |api, _, context| {
            let pod = api.typed::<Pod>(namespace, name)?.clone();
            if let Some(condition) = disruption::evict(&pod, options.dry_run, api, context)?
                && !options.dry_run
            {
                api.modify::<Pod>(namespace, name, context, |pod| {
                    set_condition(&mut pod.status.conditions, condition);
                })?;
            }
            let before = Some(Object::Pod(pod));
            let key = ObjectKey { kind: "Pod".into(), namespace: namespace.into(), name: name.into() };
            let outcome = api.plan_delete(&key, options, context)?;
            Ok(api.request(Verb::Evict, before, outcome, options.dry_run, context))
        })
    }

    /// Binds a pod to a node, as a person can who has a scheduler of his own.
    ///
    /// # Errors
    /// `NotFound`, `Conflict`.
    pub fn bind(
        &mut self,
        context: &mut Context<'_>,
        namespace: &str,
        name: &str,
        node: &str,
    ) -> Result<Arc<Pod>, Status> {
        self.act(context, |api, _, context| api.bind(namespace, name, node, context))
    }
}
