//! Creating and updating (k8s.io/apiserver/pkg/registry/generic/registry/store.go, rest/create.go, rest/update.go).

use std::sync::Arc;

use opscape_manifest::api::{Namespace, Object, Pod, Resource};
use opscape_manifest::value::Value;

use super::admission::{validate, validate_update};
use super::kinds::is_namespaced;
use super::{Api, Outcome, generation, resource_of_kind};
use crate::status::Cause;
use crate::{Context, Record, Status, words};

/// How to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WriteOptions {
    /// Do everything but store it (`--dry-run=server`).
    pub dry_run: bool,
}

/// Characters of a generated suffix, and how long the prefix may be (names.SimpleNameGenerator).
const SUFFIX: usize = 5;
const LONGEST_PREFIX: usize = 63 - SUFFIX;

impl Api {
    /// Stores a new object for a component.
    ///
    /// # Errors
    /// As the API server: `AlreadyExists`, `Forbidden`, `Invalid`, `NotFound` (its namespace).
    pub fn create(&mut self, object: Object, context: &mut Context<'_>) -> Result<Object, Status> {
        let outcome = self.plan_create(object, context)?;
        Ok(self.commit(outcome, context))
    }

    /// Changes an object for a component, without a resourceVersion: what `change` leaves as it was is not written.
    /// Generations and finalizers are taken care of. No validation: components write what is valid.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn modify<T: Resource>(
        &mut self,
        namespace: &str,
        name: &str,
        context: &mut Context<'_>,
        change: impl FnOnce(&mut T),
    ) -> Result<Arc<T>, Status> {
        let old = self.typed::<T>(namespace, name)?.clone();
        let mut new = T::clone(&old);
        change(&mut new);
        if new == *old {
            return Ok(old);
        }
        let new = T::into_object(Arc::new(new));
        let outcome = finish_update(&T::into_object(old.clone()), new);
        let object = self.commit(outcome, context);
        Ok(T::from_object(&object).cloned().unwrap_or(old))
    }

    /// As [`Api::modify`] for a status that was computed already: one comparison less. Gives it as it was stored.
    pub(crate) fn put_modified<T: Resource>(&mut self, new: T, context: &mut Context<'_>) -> Option<Arc<T>> {
        // Nobody else may hold it: the store would have to copy it before it writes the version.
        let object = self.commit(Outcome::Put(T::into_object(Arc::new(new))), context);
        T::from_object(&object).cloned()
    }

    pub(super) fn plan_create(
        &mut self,
        mut object: Object,
        context: &mut Context<'_>,
    ) -> Result<Outcome, Status> {
        let kind = object.kind_name().to_owned();
        let resource = resource_of_kind(&kind);
        if object.meta().resource_version != 0 {
            return Err(Status::bad_request("resourceVersion should not be set on objects to be created"));
        }
        Self::place(&mut object);
        if object.meta().name.is_empty()
            && let Some(prefix) = object.meta().generate_name.clone()
        {
            let name = self.generate_name(&kind, &prefix, &object.meta().namespace);
            object.meta_mut().name = name.into();
        }
        self.admit_namespace(&object)?;
        let mut value = object.to_value();
        opscape_manifest::defaults::apply(&mut value);
        object = read(&value)?;
        self.admit(&mut object)?;
        generation::clear_status(&mut object);
        validate(&value)?;
        self.ask_webhooks(&object)?;
        let meta = object.meta();
        if self.store.object(&kind, &meta.namespace, &meta.name).is_some() {
            return Err(resource.already_exists(&meta.name));
        }
        self.allocate(&mut object)?;
        let generation = i64::from(generation::has_generation(&object));
        let created = self.timestamp(context.now());
        let uid = self.store.next_uid();
        let meta = object.meta_mut();
        meta.uid = uid;
        meta.generation = generation;
        meta.creation_timestamp = Some(created);
        meta.deletion_timestamp = None;
        meta.deletion_grace_period_seconds = None;
        Ok(Outcome::Put(object))
    }

    /// A pod of a template that was checked when its owner was stored: names and admission only.
    /// `fact` makes the journal entry that is the cause of the pod.
    pub(crate) fn create_pod(
        &mut self,
        mut pod: Pod,
        fact: &dyn Fn(&Pod) -> Record,
        context: &mut Context<'_>,
    ) -> Result<Arc<Pod>, Status> {
        let prefix = pod.metadata.generate_name.clone().unwrap_or_default();
        let namespace = pod.metadata.namespace.clone();
        self.admit_namespace_of("Pod", &namespace, &prefix)?;
        if pod.metadata.name.is_empty() {
            pod.metadata.name = self.generate_name("Pod", &prefix, &namespace).into();
        }
        pod.spec = self.admitted_spec(&pod)?;
        pod.status.qos_class = super::pods::qos_class(&pod.spec);
        super::pods::say_gated(&mut pod);
        pod.metadata.uid = self.store.next_uid();
        pod.metadata.generation = 1;
        pod.metadata.creation_timestamp = Some(self.timestamp(context.now()));
        context.record_as_cause(fact(&pod));
        let object = self.commit(Outcome::Put(Object::Pod(Arc::new(pod))), context);
        Pod::from_object(&object).cloned().ok_or_else(|| resource_of_kind("Pod").not_found(&prefix))
    }

    pub(super) fn plan_update(&mut self, mut new: Object) -> Result<Outcome, Status> {
        Self::place(&mut new);
        let old = self.find(&new.key())?;
        let kind = new.kind_name().to_owned();
        let resource = resource_of_kind(&kind);
        let (was, meta) = (old.meta().clone(), new.meta_mut());
        if meta.resource_version != 0 && meta.resource_version != was.resource_version {
            return Err(resource.conflict(&was.name, Status::STALE));
        }
        if !meta.uid.is_unset() && meta.uid != was.uid {
            let why = format!(
                "Precondition failed: UID in precondition: {}, UID in object meta: {}",
                meta.uid, was.uid
            );
            return Err(resource.conflict(&was.name, &why));
        }
        meta.uid = was.uid;
        meta.resource_version = was.resource_version;
        meta.generation = was.generation;
        meta.creation_timestamp = was.creation_timestamp;
        meta.deletion_timestamp = was.deletion_timestamp;
        meta.deletion_grace_period_seconds = was.deletion_grace_period_seconds;
        if meta.generate_name.is_none() {
            meta.generate_name = was.generate_name;
        }
        generation::keep_status(&old, &mut new);
        Self::keep_addresses(&old, &mut new);
        let mut value = new.to_value();
        opscape_manifest::defaults::apply(&mut value);
        validate_update(&value, &old.to_value())?;
        new = read(&value)?;
        self.ask_webhooks(&new)?;
        self.allocate(&mut new)?;
        share_unchanged(&old, &mut new);
        Ok(finish_update(&old, new))
    }

    pub(super) fn plan_update_status(&self, wanted: &Object) -> Result<Outcome, Status> {
        let mut wanted = wanted.clone();
        Self::place(&mut wanted);
        let old = self.find(&wanted.key())?;
        let version = wanted.meta().resource_version;
        if version != 0 && version != old.meta().resource_version {
            return Err(resource_of_kind(wanted.kind_name()).conflict(&old.meta().name, Status::STALE));
        }
        let mut new = old.clone();
        generation::keep_status(&wanted, &mut new);
        Ok(finish_update(&old, new))
    }

    /// Gives a namespaced object its namespace, and takes it from one that has none.
    fn place(object: &mut Object) {
        let namespaced = is_namespaced(object);
        let meta = object.meta_mut();
        if !namespaced {
            meta.namespace = words::empty();
        } else if meta.namespace.is_empty() {
            meta.namespace = words::default_namespace();
        }
    }

    fn generate_name(&mut self, kind: &str, prefix: &str, namespace: &str) -> String {
        let mut prefix = prefix;
        while prefix.len() > LONGEST_PREFIX {
            let end = prefix.char_indices().next_back().map_or(0, |(at, _)| at);
            prefix = prefix.get(..end).unwrap_or_default();
        }
        let random = if kind == "EndpointSlice" { &mut self.slice_names } else { &mut self.random };
        loop {
            let mut name = String::with_capacity(prefix.len() + SUFFIX);
            name.push_str(prefix);
            name.push_str(&random.suffix(SUFFIX));
            if self.store.object(kind, namespace, &name).is_none() {
                return name;
            }
        }
    }

    fn admit_namespace(&self, object: &Object) -> Result<(), Status> {
        let meta = object.meta();
        self.admit_namespace_of(object.kind_name(), &meta.namespace, &meta.name)
    }

    /// NamespaceLifecycle (k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle).
    fn admit_namespace_of(&self, kind: &str, namespace: &str, name: &str) -> Result<(), Status> {
        if namespace.is_empty() {
            return Ok(());
        }
        let Some(found) = self.store.get::<Namespace>("", namespace) else {
            return Err(resource_of_kind("Namespace").not_found(namespace));
        };
        if found.metadata.deletion_timestamp.is_some() {
            let why = format!(
                "unable to create new content in namespace {namespace} because it is being terminated"
            );
            let mut status = resource_of_kind(kind).forbidden(name, &why);
            if let Some(details) = &mut status.details {
                details.causes.push(Cause {
                    reason: "NamespaceTerminating".into(),
                    message: format!("namespace {namespace} is being terminated"),
                    field: "metadata.namespace".to_owned(),
                });
            }
            return Err(status);
        }
        Ok(())
    }
}

/// The end of every update: the generation grows if the spec changed; nothing is written if nothing changed; an object that
/// waits for its last finalizer goes when that is gone.
pub(super) fn finish_update(old: &Object, mut new: Object) -> Outcome {
    if generation::spec_changed(old, &new) && generation::has_generation(&new) {
        new.meta_mut().generation = old.meta().generation + 1;
    }
    let meta = new.meta();
    let finished = meta.deletion_timestamp.is_some()
        && meta.finalizers.is_empty()
        && !old.meta().finalizers.is_empty()
        && meta.deletion_grace_period_seconds.is_none_or(|grace| grace == 0);
    if finished {
        Outcome::Remove(new)
    } else if *old == new {
        Outcome::Same(new)
    } else {
        Outcome::Put(new)
    }
}

/// The object of a document with its defaults.
fn read(value: &Value) -> Result<Object, Status> {
    Object::from_value(value).map_err(|error| Status::bad_request(error.0))
}

/// Templates and specs that are equal to what they were keep being shared.
fn share_unchanged(old: &Object, new: &mut Object) {
    match (old, new) {
        (Object::Deployment(old), Object::Deployment(new)) if old.spec.template == new.spec.template => {
            Arc::make_mut(new).spec.template = old.spec.template.clone();
        }
        (Object::ReplicaSet(old), Object::ReplicaSet(new)) if old.spec.template == new.spec.template => {
            Arc::make_mut(new).spec.template = old.spec.template.clone();
        }
        (Object::Rollout(old), Object::Rollout(new)) if old.spec.template == new.spec.template => {
            Arc::make_mut(new).spec.template = old.spec.template.clone();
        }
        (Object::Pod(old), Object::Pod(new)) if old.spec == new.spec => {
            Arc::make_mut(new).spec = old.spec.clone();
        }
        _ => {}
    }
}
