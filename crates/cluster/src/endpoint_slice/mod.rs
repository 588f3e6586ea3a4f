//! The EndpointSlice controller (pkg/controller/endpointslice, staging/src/k8s.io/endpointslice/reconciler.go): for each
//! Service the addresses of the pods that it selects, in slices of up to 100.
//!
//! Upstream looks at all pods of a Service whenever one of them changed. Here a sync looks at the pods that changed: the rest
//! would come out as it is. The slices that result are the same.

mod endpoint;
mod legacy;
mod memberships;
mod reconcile;
mod slices;

use std::time::Duration;

use opscape_manifest::api::meta::Uid;
use opscape_manifest::api::{EndpointSlice, Object, Pod, Resource, Service};
use opscape_sim::IdMap;

use crate::{Api, Change, Component, Context, Event, Op, Options, Weight, WorkQueue};
pub(crate) use legacy::{endpoints, named as endpoints_of};
use memberships::{Memberships, selects};
use slices::Slices;

/// The EndpointSlice controller.
#[derive(Clone)]
pub(crate) struct EndpointSlices {
    queue: WorkQueue,
    latency: Duration,
    memberships: Memberships,
    services: IdMap<Uid, Slices>,
}

impl EndpointSlices {
    pub(crate) fn new(options: &Options) -> Self {
        EndpointSlices {
            queue: WorkQueue::new(Event::EndpointSlice),
            latency: options.latency.endpoint_slice,
            memberships: Memberships::default(),
            services: IdMap::new(),
        }
    }

    fn on_service(&mut self, change: &Change, service: &Service, context: &mut Context<'_>) {
        let uid = service.metadata.uid;
        let old = change.old.as_ref().and_then(Service::from_object);
        if change.op == Op::Deleted {
            // Its slices go as its dependents.
            self.memberships.remove(service);
            self.services.remove(&uid);
            return;
        }
        if let Some(old) = old {
            let same = old.spec == service.spec
                && old.metadata.labels == service.metadata.labels
                && old.metadata.deletion_timestamp == service.metadata.deletion_timestamp;
            if same {
                return;
            }
            self.memberships.remove(old);
        }
        self.memberships.insert(service);
        self.services.or_default(uid).all = true;
        self.queue.add(uid, Weight::Spec, self.latency, context);
    }

    fn on_pod(&mut self, change: &Change, pod: &Pod, api: &Api, context: &mut Context<'_>) {
        let old = change.old.as_ref().and_then(Pod::from_object);
        let gone = change.op == Op::Deleted;
        let (endpoint_changed, labels_changed) = match old {
            Some(old) if !gone => endpoint::changed(old, pod),
            _ => (true, false),
        };
        let timed = old.is_none_or(|old| endpoint::trigger_time(old) != endpoint::trigger_time(pod));
        if !endpoint_changed && !labels_changed && !timed {
            return;
        }
        let weight = if gone || old.is_none() { Weight::Life } else { Weight::Status };
        let namespace = &pod.metadata.namespace;
        let mut services = self.memberships.candidates(namespace, &pod.metadata.labels);
        if labels_changed && let Some(old) = old {
            services.extend(self.memberships.candidates(namespace, &old.metadata.labels));
        }
        for uid in services {
            let Some(service) = api.store().typed_by_uid::<Service>(uid) else { continue };
            let now = selects(service, pod);
            let before = labels_changed && old.is_some_and(|old| selects(service, old));
            if !now && !before {
                continue;
            }
            let slices = self.services.or_default(uid);
            slices.touched.insert(pod.metadata.uid);
            // A pod without an address is of no interest yet.
            let shown = endpoint::belongs(pod) || slices.placed.contains_key(&pod.metadata.uid);
            if shown && (endpoint_changed || now != before) {
                self.queue.add(uid, weight, self.latency, context);
            }
        }
    }

    /// Someone else wrote to a slice, or deleted one.
    fn on_slice(&mut self, change: &Change, slice: &EndpointSlice, api: &Api, context: &mut Context<'_>) {
        if !endpoint::is_managed(slice) {
            return;
        }
        let owner = slice.metadata.controller().map(|owner| owner.uid);
        let Some(owner) = owner.filter(|owner| api.store().typed_by_uid::<Service>(*owner).is_some()) else {
            return;
        };
        let slices = self.services.or_default(owner);
        let own = match change.op {
            Op::Deleted => !slices.has(slice.metadata.uid),
            _ => slices.version(slice.metadata.uid) == Some(change.version),
        };
        if !own {
            slices.all = true;
            self.queue.add(owner, Weight::Status, self.latency, context);
        }
    }
}

impl Component for EndpointSlices {
    type Wake = Uid;

    fn on_change(&mut self, change: &Change, api: &Api, context: &mut Context<'_>) {
        match &change.object {
            Object::Pod(pod) => self.on_pod(change, pod, api, context),
            Object::Service(service) => self.on_service(change, service, context),
            Object::EndpointSlice(slice) => self.on_slice(change, slice, api, context),
            _ => {}
        }
    }

    fn handle(&mut self, uid: Uid, api: &mut Api, context: &mut Context<'_>) {
        if !self.queue.take(uid, context) {
            return;
        }
        let Some(service) = api.store().typed_by_uid::<Service>(uid).cloned() else {
            self.queue.forget(uid);
            return;
        };
        // Those without a selector get their endpoints from someone else, those of type ExternalName none.
        if &*service.spec.kind == "ExternalName" || service.spec.selector.is_empty() {
            return;
        }
        let slices = self.services.or_default(uid);
        if slices.reconcile(&service, api, context) {
            self.queue.forget(uid);
        } else {
            self.queue.add_rate_limited(uid, context);
        }
    }
}
