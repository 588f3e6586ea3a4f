//! The API server: what a write becomes before it is stored (names, defaults, admission, validation, generations), deletion,
//! and the errors it answers with.

mod admission;
mod bootstrap;
mod delete;
mod generation;
mod kinds;
mod pods;
mod requests;
mod scale;
mod service;
mod write;

use std::sync::Arc;

use opscape_manifest::api::meta::{MicroTime, Timestamp, Uid};
use opscape_manifest::api::{Event as Told, Namespace, Object, ObjectKey, Pod, Resource};
use opscape_sim::{Rng, Time};

pub use delete::{DeleteOptions, Propagation};
pub(crate) use delete::{FOREGROUND, ORPHAN};
pub use kinds::kind_called;
use kinds::resource_of_kind;
pub(crate) use kinds::{is_served, resource_name};
pub(crate) use pods::set_condition;
pub use scale::Scale;
pub use write::WriteOptions;

use crate::recorder::Recorders;
use crate::{Change, Context, Options, Status, Store};

/// The API server with its store. Components write through it.
#[derive(Clone)]
pub struct Api {
    store: Store,
    options: Arc<Options>,
    /// Generated names and addresses.
    random: Rng,
    /// Names of EndpointSlices: a Service does not change the names of pods.
    slice_names: Rng,
    shared: pods::Shared,
    pub(crate) recorders: Recorders,
    /// Written, and not told to the components yet.
    fresh: Vec<Change>,
}

/// What a request will do to the store, once it is admitted.
enum Outcome {
    Put(Object),
    Remove(Object),
    /// Nothing changes; the object is as it was.
    Same(Object),
}

impl Outcome {
    fn object(&self) -> &Object {
        match self {
            Outcome::Put(object) | Outcome::Remove(object) | Outcome::Same(object) => object,
        }
    }
}

impl Api {
    pub(crate) fn new(options: Arc<Options>) -> Self {
        let random = Rng::stream(options.seed, "names");
        let slice_names = Rng::stream(options.seed, "slice names");
        Api {
            store: Store::default(),
            options,
            random,
            slice_names,
            shared: pods::Shared::default(),
            recorders: Recorders::default(),
            fresh: Vec::new(),
        }
    }

    /// All objects.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// What the cluster was made with.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// From now on images behave as these say.
    pub(crate) fn set_images(&mut self, images: Arc<dyn crate::Images>) {
        Arc::make_mut(&mut self.options).images = images;
    }

    /// The present instant as the cluster's clock shows it, in whole seconds.
    pub fn timestamp(&self, now: Time) -> Timestamp {
        Timestamp(self.micro_time(now).0.div_euclid(1_000_000))
    }

    /// The present instant as the cluster's clock shows it, in microseconds.
    pub fn micro_time(&self, now: Time) -> MicroTime {
        MicroTime(self.options.epoch.0.saturating_add_unsigned(now.0))
    }

    /// The instant of virtual time at which the cluster's clock shows this; zero if that was before the beginning.
    pub fn time_of(&self, timestamp: Timestamp) -> Time {
        let micros = timestamp.0.saturating_mul(1_000_000).saturating_sub(self.options.epoch.0);
        Time(u64::try_from(micros).unwrap_or(0))
    }

    pub(crate) fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.fresh)
    }

    /// Stores an Event; it is not admitted, defaulted or validated. `None`: its namespace is going or gone.
    pub(crate) fn put_event(&mut self, mut told: Told, context: &mut Context<'_>) -> Option<Uid> {
        if told.metadata.uid.is_unset() {
            let namespace = self.store.get::<Namespace>("", &told.metadata.namespace)?;
            if namespace.metadata.deletion_timestamp.is_some() {
                return None;
            }
            told.metadata.uid = self.store.next_uid();
            told.metadata.creation_timestamp = Some(self.timestamp(context.now()));
        }
        let uid = told.metadata.uid;
        self.commit(Outcome::Put(Object::Event(Arc::new(told))), context);
        Some(uid)
    }

    /// Removes an Event. Nobody says anything of an Event, so that there is nothing to forget.
    pub(crate) fn drop_event(&mut self, told: &Object, context: &mut Context<'_>) {
        if let Some(change) = self.store.remove(told, context.now(), context.cause()) {
            self.fresh.push(change);
        }
    }

    /// Writes an object of any kind for a component, as [`Api::modify`] does.
    pub(crate) fn replace(&mut self, old: &Object, new: Object, context: &mut Context<'_>) -> Object {
        let outcome = write::finish_update(old, new);
        self.commit(outcome, context)
    }

    /// Writes the status of an object, if it is still there.
    pub(crate) fn publish(&mut self, object: &Object, context: &mut Context<'_>) {
        if let Ok(outcome) = self.plan_update_status(object) {
            self.commit(outcome, context);
        }
    }

    /// Nothing is left in a namespace: its finalizer goes, and the namespace with it.
    pub(crate) fn finalize_namespace(&mut self, namespace: &Arc<Namespace>, context: &mut Context<'_>) {
        let mut namespace = Namespace::clone(namespace);
        namespace.spec.finalizers.retain(|name| &**name != "kubernetes");
        let gone = namespace.spec.finalizers.is_empty() && namespace.metadata.finalizers.is_empty();
        let object = Object::Namespace(Arc::new(namespace));
        self.commit(if gone { Outcome::Remove(object) } else { Outcome::Put(object) }, context);
    }

    /// A pod.
    ///
    /// # Errors
    /// `NotFound`.
    pub(crate) fn pod(&self, namespace: &str, name: &str) -> Result<Arc<Pod>, Status> {
        self.typed::<Pod>(namespace, name).cloned()
    }

    fn find(&self, key: &ObjectKey) -> Result<Object, Status> {
        let found = self.store.object(&key.kind, &key.namespace, &key.name);
        found.ok_or_else(|| resource_of_kind(&key.kind).not_found(&key.name))
    }

    fn typed<T: Resource>(&self, namespace: &str, name: &str) -> Result<&Arc<T>, Status> {
        let found = self.store.get::<T>(namespace, name);
        found.ok_or_else(|| resource_of_kind(T::KIND.name()).not_found(name))
    }

    fn commit(&mut self, outcome: Outcome, context: &mut Context<'_>) -> Object {
        match outcome {
            Outcome::Same(object) => object,
            Outcome::Put(object) => {
                let change = self.store.put(object, context.now(), context.cause());
                let object = change.object.clone();
                self.fresh.push(change);
                object
            }
            Outcome::Remove(object) => {
                self.recorders.forget(object.meta().uid);
                if let Some(change) = self.store.remove(&object, context.now(), context.cause()) {
                    self.fresh.push(change);
                }
                object
            }
        }
    }
}
